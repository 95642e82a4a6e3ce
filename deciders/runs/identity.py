"""The identity of an instance, and the names made from it.

The identity is AutoFlow's, so that a database of runs made by AutoFlow still says which dates are done.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from hashlib import md5
from typing import Any

_CHARACTERS = 32  #: of an identity
_SHORT_CHARACTERS = 8  #: of it, in the names that people read
_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})_", re.ASCII)

#: SWF: a workflow id has at most 256 characters.
LONGEST_WORKFLOW_ID = 256


def identity(parameters: Mapping[str, Any]) -> str:
    """Return the MD5, in hex, of the parameters as JSON with sorted keys, including ``reference_date`` and ``date_ranges`` if
    the run has a date.

    Values without a JSON form are written with ``str``: a date and its ISO text are the same parameter, 1 and "1" are not.
    The order of keys does not matter.
    """
    return identity_of_text(json.dumps(dict(parameters), sort_keys=True, default=str))


def identity_of_text(text: str) -> str:
    """Return the identity, for callers that already have the JSON text."""
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def instance_name(reference_date: date | str | None, identity: str) -> str:
    """Name the folder of a run's files: ``2016-01-01_f9aae0a4``, without a date ``f9aae0a4``."""
    short = identity[:_SHORT_CHARACTERS]
    return short if reference_date is None else f"{reference_date}_{short}"


def date_in_instance(name: str) -> str:
    """Return the reference date in an `instance_name`, as ISO text; empty if it has none."""
    found = _DATED.match(name)
    return found[1] if found else ""


def workflow_id(workflow_name: str, day_or_instance: date | str, identity: str) -> str:
    """Make the id ``<workflow>-<reference date>-<identity>``, under which a service refuses a second open run of the instance.

    A run without a date has its instance there in place of the date.

    Raises:
        ValueError: SWF would refuse the id: over 256 characters, a ``/``, ``:``, ``|``, control character, or blank before it.
            A workflow name that the specification accepts never does that.
    """
    made = f"{workflow_name}-{day_or_instance}-{identity}"
    if len(made) > LONGEST_WORKFLOW_ID:
        raise ValueError(f"workflow id {made[:60]!r}... has {len(made)} characters, more than {LONGEST_WORKFLOW_ID}")
    if any(character in "/:|" or ord(character) < 32 or 127 <= ord(character) < 160 for character in made):
        raise ValueError(f"workflow id {made!r} holds one of / : | or a control character")
    if made[0].isspace():
        raise ValueError(f"workflow id {made!r} begins with a blank")
    return made


def identity_of_run(workflow_id: str) -> str:
    """Return the identity of the run with this `workflow_id`: its last 32 characters, whatever they are."""
    return workflow_id[-_CHARACTERS:]
