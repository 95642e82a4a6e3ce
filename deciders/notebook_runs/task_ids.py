"""Ids of the tasks of items, by which `workflow.tasks` shows them: ``notebook-day-3``, ``report-day-3-pdf``.

They do not depend on what else the run has, nor on the order in which things end. The index stands behind a hyphen, since the
number of an attempt stands behind a point (``notebook-day-3.2``).
"""

from __future__ import annotations

import re

from ..path_parts import LONGEST_PART_BYTES, cut_part
from ..values.item import Item

#: What a service refuses in an id (https://docs.aws.amazon.com/amazonswf/latest/apireference/API_ScheduleActivityTaskDecisionAttributes.html),
#: and the sign that stands for it.
_REFUSED = re.compile("[\x00-\x1f\x7f-\x9f/:|%\ud800-\udfff]")


def notebook_id(item: Item, look: int = 0) -> str:
    """Return the id of the task that executes an item; ``look`` counts the further tasks of a shared one, which look again."""
    return f"notebook-{_named(item)}-look-{look}" if look else f"notebook-{_named(item)}"


def report_id(item: Item, output_format: str) -> str:
    """Return the id of the task that makes a report of an item."""
    return f"report-{_named(item)}-{output_format}"


def _named(item: Item) -> str:
    label = _REFUSED.sub(lambda found: f"%{ord(found[0]):02X}", item.label)
    return f"{cut_part(label, LONGEST_PART_BYTES)}-{item.index or 0}"
