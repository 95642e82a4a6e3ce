"""Items of a run by what people call them: ``LABEL:INDEX``, or ``LABEL`` for all of a label."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...exceptions import DefinitionError
from .item_rows import ItemRow, recorded_items
from .open_labels import open_items

if TYPE_CHECKING:
    from deciders.specification import Specification
    from deciders.values.item import Item

    from ..places import Place
    from .run_rows import RunRow


@dataclass(frozen=True)
class NamedItems:
    """The items of one run.

    Args:
        subject: the run, or its workflow, as the beginning of a sentence.
        labels: those of its workflow.
        fans: labels with lists of items.
        rows: its items, as far as they are known.
    """

    subject: str
    labels: Collection[str]
    fans: Collection[str]
    rows: Sequence[ItemRow]

    def meant(self, text: str) -> tuple[Item, list[ItemRow]]:
        """Return what ``text`` names, and its items in their order: of a label without a list none.

        Raises:
            DefinitionError: there is no such label or item; one sentence that says what there is.
        """
        from deciders.problems import did_you_mean
        from deciders.values.item import Item

        item = Item.parse(text)
        if item.label not in self.labels:
            head = text.rpartition(":")[0]
            is_odd = head in self.labels
            hint = f"; an item is LABEL:INDEX, such as {head}:0" if is_odd else did_you_mean(item.label, self.labels)
            raise DefinitionError(f"{self.subject} has no notebook {text!r}{hint}")
        rows = [row for row in self.rows if row.label == item.label and row.slug is not None]
        if item.index is None:
            return item, rows
        found = [row for row in rows if row.index == item.index]
        if not found:
            raise DefinitionError(f"{self.subject} has no item {text}: {self._what_there_is(item.label, rows)}")
        return item, found

    def _what_there_is(self, label: str, rows: Sequence[ItemRow]) -> str:
        if rows:
            last = max(row.index for row in rows)
            return f"{label!r} has items 0 to {last}" if last else f"{label!r} has item 0 alone"
        if label not in self.fans:
            return f"{label!r} has no list of items"
        for whole in [row for row in self.rows if row.label == label and row.cause is not None]:
            return f"{label!r} ended before it had any: {whole.cause}"
        return f"{label!r} has none"


def items_of_run(specification: Specification, outputs: Path, row: RunRow, place: Place) -> NamedItems:
    """Return the items of a run of a workflow file, of an open one as far as they are known.

    Raises:
        RecordsError: the records cannot be read.
        PayloadError: what an open run was started with is not to be had here.
    """
    from deciders.values.artefact_key import ArtefactKey

    steps = specification.workflow(row.workflow).graph.steps
    fans = {label for label, step in steps.items() if step.is_fan}
    rows = open_items(row, place, outputs) if row.is_running and fans else recorded_items(outputs, row.run_id, steps)
    ended = [name for name in row.labels if not ArtefactKey.parse(name).is_report]
    fans |= {one.label for one in rows if one.slug is not None or one.is_empty_fan}
    return NamedItems(row.workflow, list(dict.fromkeys([*steps, *ended])), fans, rows)
