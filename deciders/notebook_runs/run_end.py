"""The end of a run: what its record, its result and its failure say of its labels, their items and their reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..steps.outcomes import CauseKind
from ..tasks.results import FileResult
from ..values.artefact_key import ArtefactKey
from ..values.item import Item
from ..values.item_state import BAD, ItemState
from ..values.label_state import LabelState
from ..values.light import Light
from ..values.run_error import LabelError, RunError
from ..values.run_state import RunState
from .item_tasks import ItemTasks

NOT_ASKED_FOR = "not asked for"  #: why the other labels of a partial run were not run
MOST_NOTES = 3  #: of the warnings of a notebook or a report, in the record of the run; all are in its run.json
_MOST_NOTED_ITEMS = 20  #: of a label, in the record of the run


@dataclass
class RunEnd:
    """A run in which nothing runs any more."""

    tasks: ItemTasks

    def __post_init__(self) -> None:
        self.run, self.unfolding, self.work = self.tasks.run, self.tasks.unfold(), self.tasks.work
        self.outcome = self.unfolding.run_outcome()
        self._unreported = [
            (ArtefactKey(item.label, format, item.index).file_name, why) for (item, format), why in self.work.unreported.items()
        ]
        self.labels = {label: self._label_state(label) for label in self._in_order()}

    # ---- the run as a whole ------------------------------------------------------------------------------------------------

    @property
    def state(self) -> RunState:
        """The state to be recorded."""
        state = self.outcome.state
        is_partial = self.run.only is not None and state in (RunState.SUCCEEDED, RunState.SKIPPED)
        return RunState.PARTIAL if is_partial else state

    @property
    def light(self) -> Light:
        """The worst light of what was made; red if the run has not ended well."""
        if self.outcome.light is Light.RED:
            return Light.RED
        own = Light.of_work(failed=False, warned=bool(self._unreported))
        return Light.worst([own, self.outcome.light, *(result.light for _, result in self.results())])

    @property
    def error(self) -> str | None:
        """Every failed label with its cause, and the labels that were not run: a service may cut off the end of a long text."""
        failed = [self._label_error(label) for label in (*self.outcome.failed, *self.outcome.went_on_without)]
        failed += [LabelError(name, cause) for name, cause in self._unreported]
        if not failed:
            return None
        not_run = [label for label, state in self.labels.items() if state is LabelState.NOT_RUN and self._was_asked_for(label)]
        return str(RunError.of(failed, not_run))

    @property
    def details(self) -> str | None:
        """The details of the first failure that has any: its traceback."""
        failed = [item for item in self.work.details if item.label in self.outcome.failed]
        failed.sort(key=lambda item: (self.run.graph.place[item.label], item.index or 0))
        return self.work.details[failed[0]] if failed else None

    @property
    def artefacts(self) -> dict[str, str]:
        """Paths of the executed notebooks of labels without a list of items, and of all reports; those of items are found by
        their records."""
        return {str(key): result.path for key, result in self.results() if key.is_report or key.index is None}

    @property
    def cached(self) -> list[str]:
        """The labels, items and reports that were kept."""
        kept = [self.tasks.named(item) for item in self.work.results if item not in self.work.began]
        return [str(item) for item in kept] + [
            ArtefactKey(item.label, format, item.index).file_name for item, format in self.work.standing
        ]

    def results(self) -> Iterator[tuple[ArtefactKey, FileResult]]:
        """Yield what was made and kept: kept notebooks first, then those that ran, then reports."""
        results = self.work.results
        for is_run in (False, True):
            for label in self._in_order():
                for item in self._items(label):
                    if item in results and (item in self.work.began) is is_run:
                        named = self.tasks.named(item)
                        yield ArtefactKey(named.label, None, named.index), results[item]
        for (item, format), result in self.work.standing.items():
            yield ArtefactKey(item.label, format, item.index), result
        for (item, format), result in self.work.reports.items():
            yield ArtefactKey(item.label, format, item.index), result

    # ---- labels ------------------------------------------------------------------------------------------------------------

    @property
    def ends(self) -> dict[str, LabelState]:
        """The states of the labels, and of the reports that were kept or failed; those that were made have none."""
        kept = {_report_key(item, format): LabelState.CACHED for item, format in self.work.standing}
        failed = {_report_key(item, format): LabelState.FAILED for item, format in self.work.unreported}
        return self.labels | kept | failed

    @property
    def notes(self) -> dict[str, list[str]]:
        """By label, item or report: why it is orange or was skipped, and where the notebook ended itself."""
        notes: dict[str, list[str]] = {}
        noted: dict[str, int] = {}
        for key, result in self.results():
            said = [*result.remarks, *result.warnings[:MOST_NOTES]]
            noted[key.label] = noted.get(key.label, 0) + bool(said)
            if said and noted[key.label] <= _MOST_NOTED_ITEMS:
                notes[str(key)] = said
        for item, why in self.work.errors.items():
            if self.unfolding.item_state(item) is ItemState.SKIPPED:
                notes[str(self.tasks.named(item))] = [why]
        for label in self.outcome.went_on_without:
            notes[label] = [f"the run went on without it: {self._label_error(label).text}"]
        for name, cause in self._unreported:
            notes[str(ArtefactKey.of_file_name(name))] = [cause]
        return notes

    @property
    def causes(self) -> dict[str, str]:
        """By label why it failed or was not run, for the records of labels without a list of items."""
        causes: dict[str, str] = {}
        for label, state in self.labels.items():
            if not self._was_asked_for(label):
                causes[label] = NOT_ASKED_FOR
            elif not self._items(label) or not self.tasks.is_fanned(label):
                cause = self.unfolding.cause(Item(label) if not self._items(label) else Item(label, 0))
                said = self.work.errors.get(Item(label, 0)) or (str(cause) if cause is not None else None)
                if said is not None and state not in (LabelState.SUCCEEDED, LabelState.CACHED):
                    causes[label] = said
        return causes

    @property
    def items(self) -> list[dict[str, Any]]:
        """Every item of each fan, and what was taken over from other runs, as the run saw it end, for the records.

        A fan without items is one entry, of ``items: 0``.
        """
        found = []
        for label in self._in_order():
            if self._was_asked_for(label):
                is_fan = self.tasks.is_fanned(label)
                if is_fan and self.unfolding.length(label) == 0:
                    found.append(_end_without_items(label, self.unfolding.state(label)))
                found += [self._item_end(item) for item in self._items(label) if is_fan or self._is_taken(item)]
        return found

    def _is_taken(self, item: Item) -> bool:
        result = self.work.results.get(item)
        return result is not None and result.is_taken

    def _item_end(self, item: Item) -> dict[str, Any]:
        state, cause = self.unfolding.item_state(item), self.unfolding.cause(item)
        end: dict[str, Any] = {
            "label": item.label,
            "index": self.tasks.named(item).index,
            "folder": self.tasks.folder(item),
            "state": str(state),
        }
        if state is ItemState.CACHED:
            end["path"] = self.work.results[item].path
        elif item not in self.work.began:
            end["began"] = False
        said = self.work.errors.get(item) or (str(cause) if cause is not None else None)
        return end if said is None else {**end, "said": said}

    def _label_state(self, label: str) -> LabelState:
        if not self._was_asked_for(label):
            return LabelState.NOT_RUN
        state = self.unfolding.state(label)
        if state is ItemState.SKIPPED and self._has_failure_behind(label):
            return LabelState.NOT_RUN
        return LabelState.read(str(state))

    def _has_failure_behind(self, label: str) -> bool:
        causes = [self.unfolding.cause(item) for item in self._items(label) or [Item(label)]]
        return any(cause is not None and cause.is_failure for cause in causes)

    def _label_error(self, label: str) -> LabelError:
        """The failure of a label: that of its lowest index, and how many more items failed."""
        bad = [item for item in self._items(label) if self.unfolding.item_state(item) in BAD and self._is_own(item)]
        if not bad:
            return LabelError(label, str(self.unfolding.cause(Item(label))))
        first, more = bad[0], len(bad) - 1
        said = self.work.errors.get(first) or str(self.unfolding.cause(first))
        if not self.tasks.is_fanned(label):
            return LabelError(label, said)
        others = f" (and {more:,} more item{'s' if more > 1 else ''} of {label!r})" if more else ""
        return LabelError(str(first), f"{said}{others}")

    def _is_own(self, item: Item) -> bool:
        cause = self.unfolding.cause(item)
        return cause is not None and cause.kind is CauseKind.FAILURE

    def _items(self, label: str) -> list[Item]:
        return [Item(label, index) for index in range(self.unfolding.length(label) or 0)] if self._was_asked_for(label) else []

    def _was_asked_for(self, label: str) -> bool:
        return label in self.run.graph.steps

    def _in_order(self) -> list[str]:
        return [notebook.label for notebook in self.run.specification.notebooks]


def _end_without_items(label: str, state: ItemState) -> dict[str, Any]:
    """Return the end of a fan whose list is empty; workers that know of no such entry take it for a label that did not run."""
    return {"label": label, "index": None, "folder": None, "state": str(state), "began": False, "items": 0}


def _report_key(item: Item, format: str) -> str:
    return str(ArtefactKey(item.label, format, item.index))
