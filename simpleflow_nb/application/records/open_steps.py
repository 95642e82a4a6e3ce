"""The steps of a run as far as its tasks tell: which items run, which wait, and how the others have ended.

What became of items that were not started follows from the ends of those that were: the graph of the steps is unfolded once
more, as the decider does. Of a slice that is open the same is done with the history of its execution.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import payload
from .item_rows import ItemRow
from .told_items import ItemTask, ToldItems

if TYPE_CHECKING:
    from deciders.notebook_runs.given_slice import GivenSlice
    from deciders.notebook_runs.notebook_run import NotebookRun
    from deciders.steps.outcomes import Outcome
    from deciders.tasks.results import ReportResult
    from deciders.values.artefact_key import ArtefactKey
    from deciders.values.item import Item
    from deciders.values.item_state import ItemState
    from deciders.values.label_state import LabelState
    from workers.runs.item_executions import Events, Read, SliceTask


class OpenSteps:
    """The steps of a run, or with ``part`` those of a slice, from what it was started with and what is told of its items."""

    def __init__(self, arguments: Mapping[str, Any], told: ToldItems, *, part: GivenSlice | None = None) -> None:
        from deciders.notebook_runs.item_tasks import ItemTasks
        from deciders.notebook_runs.slices import FAN_CHUNK, Cuts

        self.run = _run_of(arguments)
        self.known: dict[Item, ItemTask] = {one.item: one for one in told.tasks}
        cuts = Cuts(self.run.graph, arguments.get("fan_chunk") or FAN_CHUNK)
        delegate = cuts.delegates if part is None else None
        self.tasks = ItemTasks(self.run, share=lambda value: value, part=part, delegate=delegate)
        self._inside: dict[Item, OpenSteps] = {}  # of items in slices that are open, their slice
        self._unfold(told)

    @classmethod
    def of_history(
        cls, arguments: Mapping[str, Any], events: Events, load: payload.Load, read: Read | None = None
    ) -> OpenSteps:
        """Read the steps of a run from its whole history, and from those of its slices that are open: see `ToldItems`.

        Raises:
            PayloadError: an argument or a result of a task is not to be had here.
        """
        told = ToldItems.of_history(events, load, read)
        found = cls(arguments, told)
        for one in told.slices:
            if one.events is not None:
                items = found.tasks.unfold().items_of(one.part).values()
                found._inside |= dict.fromkeys(chain.from_iterable(items), cls._of_slice(one, load))
        return found

    @classmethod
    def _of_slice(cls, one: SliceTask, load: payload.Load) -> OpenSteps:
        """Read the steps of a slice that is open."""
        from deciders.items_workflow import arguments_of_slice
        from deciders.notebook_runs.given_slice import GivenSlice

        part = GivenSlice.of_json(one.given["part"])
        arguments = arguments_of_slice(one.given["given"], one.given.get("max_parallel") or {})
        return cls(arguments, ToldItems.of_history(one.events or (), load), part=part)

    @property
    def labels(self) -> dict[str, LabelState]:
        """The states of its labels, in the order of its specification."""
        return {notebook.label: self._label_state(notebook.label) for notebook in self.run.specification.notebooks}

    def items(self) -> list[ItemRow]:
        """Return the items that are known so far, in the order of labels and indexes.

        A label whose items are not known yet has none; one that ended before they were known is its item 0.
        """
        return [row for notebook in self.run.asked_for for row in self._rows(notebook.label)]

    def standing_reports(self) -> Iterator[tuple[ArtefactKey, ReportResult]]:
        """Yield the reports of kept items that are not made again, as far as these are known, those of slices among them."""
        from deciders.notebook_runs.item_reports import ItemReports
        from deciders.values.artefact_key import ArtefactKey

        reports = {id(steps): ItemReports(steps.tasks) for steps in (self, *self._inside.values())}
        found = dict(self.tasks.work.standing)
        for notebook in self.run.asked_for if self.run.only is None else ():
            for item in self._items(notebook.label) if notebook.output else ():
                steps = self._inside.get(item, self)
                if item in steps.tasks.work.results and item not in steps.tasks.work.began:
                    found |= {one.key: one.standing for one in reports[id(steps)].of(item) if one.standing is not None}
        for (item, format), made in found.items():
            yield ArtefactKey(item.label, format, item.index), made

    def _unfold(self, told: ToldItems) -> None:
        """Tell the graph what has happened to the items, in the order of the history."""
        from deciders.steps.outcomes import UnfoldingError

        unfolding = self.tasks.unfold()
        unfolding.begin()
        happened: list[tuple[int, Callable[[], object]]] = []
        for task in self.known.values():
            if task.ended is not None:
                happened.append((task.order, lambda one=task: unfolding.ended(one.item, self._outcome(one))))  # type: ignore[misc]
        for one in told.slices:
            happened.append((one.began, lambda one=one: unfolding.slice_started(one.part)))  # type: ignore[misc]
            if one.ended is not None:
                happened.append((one.ended, lambda one=one: self._end_slice(one)))  # type: ignore[misc]
        for number, label, root in told.stops:
            happened.append((number, lambda label=label, root=root: unfolding.stop(label, root)))  # type: ignore[misc]
        if told.cancelled is not None:
            happened.append((told.cancelled, unfolding.cancel))
        for _, happens in sorted(happened, key=lambda pair: pair[0]):
            try:
                happens()
            except UnfoldingError:
                # What it was decided by then is not to be had here. Its own state is that of its task anyway.
                continue

    def _outcome(self, one: ItemTask) -> Outcome:
        from deciders.notebook_runs.outcomes_of_items import outcome_of_result
        from deciders.steps.outcomes import Outcome
        from deciders.tasks.results import NotebookResult
        from deciders.values.item_state import GOOD

        work = self.tasks.work
        if one.state not in GOOD:
            work.began[one.item] = None
            work.errors[one.item] = one.cause or str(one.state)
            return Outcome(one.state)
        result = NotebookResult.of_json(one.result)
        work.results[one.item] = result
        if not result.is_taken:
            work.began[one.item] = None
        return outcome_of_result(result, self.run.graph.wanted[one.item.label], one.state)

    def _end_slice(self, one: SliceTask) -> None:
        from deciders.notebook_runs.slices import ENDED, give_up, take_in
        from deciders.values.item_state import ItemState

        if one.result is not None:
            take_in(self.tasks, one.part, one.result)
        else:
            give_up(self.tasks, one.part, ItemState.FAILED, ENDED.format(one.why))

    # ---- labels ------------------------------------------------------------------------------------------------------------

    def _label_state(self, label: str) -> LabelState:
        from deciders.values.item_state import FINAL, ItemState
        from deciders.values.label_state import LabelState

        if label not in self.run.graph.steps:
            return LabelState.NOT_RUN
        states = [self._state(item) for item in self._items(label)]
        if states and not self.tasks.is_fanned(label):
            found = states[0]
        elif all(state in FINAL for state in states):
            found = self.tasks.unfold().state(label)
        else:
            found = ItemState.PENDING if all(state is ItemState.PENDING for state in states) else ItemState.RUNNING
        if found is ItemState.SKIPPED and self._has_failure_behind(label):
            return LabelState.NOT_RUN
        return LabelState.read(str(found))

    def _has_failure_behind(self, label: str) -> bool:
        from deciders.values.item import Item

        causes = [self.tasks.unfold().cause(item) for item in self._items(label) or [Item(label)]]
        return any(cause is not None and cause.is_failure for cause in causes)

    def _items(self, label: str) -> list[Item]:
        from deciders.values.item import Item

        return [Item(label, index) for index in range(self.tasks.unfold().length(label) or 0)]

    def _state(self, item: Item) -> ItemState:
        from deciders.values.item_state import ItemState

        if (inside := self._inside.get(item)) is not None:
            return inside._state(item)
        if item in self.known:
            return self.known[item].state
        state = self.tasks.unfold().item_state(item)
        return ItemState.PENDING if state is ItemState.RUNNING else state  # its task is not scheduled yet

    # ---- items -------------------------------------------------------------------------------------------------------------

    def _rows(self, label: str) -> Iterator[ItemRow]:
        from deciders.values.item import Item
        from deciders.values.item_state import FINAL
        from deciders.values.label_state import LabelState

        unfolding = self.tasks.unfold()
        items = self._items(label)
        is_whole = unfolding.length(label) is None and unfolding.state(label) in FINAL
        if not items and (is_whole or not self.tasks.is_fanned(label)):
            cause = unfolding.cause(Item(label))
            state = LabelState.read(str(unfolding.state(label)))
            yield _with_cause(ItemRow(label=label, index=0, state=state), str(cause) if cause is not None else None)
        for item in items:
            yield self._inside.get(item, self)._row(item)

    def _row(self, item: Item) -> ItemRow:
        from deciders.values.item_state import BAD
        from deciders.values.label_state import LabelState
        from deciders.values.light import Light
        from workers.artefacts import read_record

        work, known, state = self.tasks.work, self.known.get(item), self._state(item)
        row = ItemRow(label=item.label, index=item.index or 0, slug=self.tasks.folder(item), state=LabelState.read(str(state)))
        said = work.errors.get(item)
        cause = self.tasks.unfold().cause(item) if said is None else None
        row = _with_cause(row, said if cause is None else str(cause))
        if (result := work.results.get(item)) is not None and item not in work.began:
            return dataclasses.replace(row, light=result.light, folder=str(Path(result.path).parent))
        if item in work.began:
            light = result.light if result is not None else Light.of_work(failed=state in BAD)
            row = dataclasses.replace(row, light=light, folder=str(self.folder(item)))
        if known is None:
            return row
        left = read_record(self.folder(item) / "run.json") if row.state == LabelState.RUNNING else {}
        return dataclasses.replace(
            row,
            attempt=left.get("attempt") or known.attempt,
            started=_moment(known.began),
            ended=_moment(known.ended),
            folder=str(self.folder(item)) if known.began is not None else None,
            note=f"tried again after: {known.cause}" if known.is_tried_again else progress_in(left) or known.note,
        )

    def folder(self, item: Item) -> Path:
        """Return the folder of an item, whether it is there yet or not."""
        from workers.artefacts import Artefacts

        of_run = self.run.folder
        return Artefacts(Path(of_run.outputs)).notebook_folder(
            of_run.workflow, of_run.instance, item.label, self.tasks.folder(item)
        )


def progress_in(record: Mapping[str, Any]) -> str | None:
    """Return ``cell 3 of 8: Totals`` of the ``run.json`` of a notebook that is under way; None of any other."""
    from deciders.values.label_state import AttemptState

    if record.get("status") != AttemptState.RUNNING:
        return None
    now = record.get("progress") or {}
    text = f"cell {now['cell']} of {now['cells']}" if now else "begun"
    return text + (f": {now['heading']}" if now.get("heading") else "")


def _with_cause(row: ItemRow, said: str | None) -> ItemRow:
    from deciders.values.label_state import LabelState

    if said is None:
        return row
    is_bad = row.state in (LabelState.FAILED, LabelState.TIMED_OUT, LabelState.CANCELLED)
    return dataclasses.replace(row, error=said) if is_bad else dataclasses.replace(row, reason=said)


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None


#: Arguments of a run that say what its steps are given.
_ARGUMENTS = (
    "workflow",
    "instance",
    "identity",
    "parameters",
    "inputs_dir",
    "outputs",
    "kept",
    "kept_items",
    "kept_reports",
    "kept_item_reports",
    "sources",
    "only",
    "missing_dates",
    "sharing",
    "forced",
)


def _run_of(arguments: Mapping[str, Any]) -> NotebookRun:
    """Return the run that was started so, as `deciders.notebook_workflow` reads it."""
    from deciders.notebook_runs.notebook_run import NotebookRun

    given = {name: arguments[name] for name in _ARGUMENTS if name in arguments}
    return NotebookRun.of_arguments(run_id="", **given)
