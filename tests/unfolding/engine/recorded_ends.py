"""What a run records, and what its items were given, beside what the oracle says of them."""

from __future__ import annotations

from typing import Any, Protocol

from deciders.notebook_runs.slugs import folder_name
from deciders.specification import WorkflowSpecification
from deciders.specification.parameter_values import (
    FailureValue,
    FileValue,
    GivenValue,
    ParameterValue,
    PlainName,
    ScrapValue,
    read_value,
)
from deciders.steps.outcomes import Outcome
from deciders.steps.unfolding import Unfolding
from deciders.values.item import Item
from deciders.values.item_state import ItemState
from deciders.values.label_state import LabelState
from deciders.values.run_error import RunError

from ..comparison import EndOfRun, compare_with, end_of_run, first_failure, stopped_items
from ..oracle import BADLY, WELL, End, Oracle
from ..random_graphs import PARAMETERS
from .planned_ends import path_of
from .walked_histories import outcome_of


class EndedRun(Protocol):
    """A run that is over: the machine that was told of its ends, and what its items and its record were given."""

    machine: Unfolding
    outcomes: dict[Item, Outcome]
    results: dict[Item, dict[str, Any]]
    given: dict[Item, dict[str, Any]]
    record: dict[str, Any] | None


class RecordedEnds:
    """The oracle of a run that is over, told of the outcomes that its history has.

    Args:
        cached: results of the items that were kept of a former run.
    """

    def __init__(
        self, walked: EndedRun, workflow: WorkflowSpecification, cached: dict[Item, dict[str, Any]] | None = None
    ) -> None:
        self.walked, self.workflow, self.cached = walked, workflow, cached or {}
        self._results = self.cached | walked.results
        wanted = workflow.graph.wanted
        kept = {item: outcome_of(one, wanted[item.label], ItemState.CACHED) for item, one in self.cached.items()}
        told = kept | walked.outcomes
        self.oracle = Oracle(
            workflow.graph, PARAMETERS, lambda label, index: told[Item(label, index)], stopped_items(walked.machine)
        )

    def check(self) -> None:
        """Check everything.

        Raises:
            AssertionError: something is not as the oracle says.
        """
        compare_with(self.walked.machine, self.oracle, self._was_kept)
        assert self.walked.record is not None, "nothing was recorded"
        self._check_record(self.walked.record, end_of_run(self.oracle, self._was_kept))
        started = {
            Item(label, index)
            for label in self.oracle.steps
            for index, end in enumerate(self._ends(label))
            if end.given is not None and not self._was_kept(label, index)
        }
        assert set(self.walked.given) == started
        for item in started:
            self._check_given(item, self.walked.given[item])

    def _was_kept(self, label: str, index: int) -> bool:
        return Item(label, index) in self.cached

    def _ends(self, label: str) -> list[End]:
        ends = self.oracle.ends[label]
        return [] if isinstance(ends, End) else list(ends.values())

    def _is_fan(self, label: str) -> bool:
        return bool(self.oracle.families(label))

    # ---- the record --------------------------------------------------------------------------------------------------------

    def _check_record(self, record: dict[str, Any], end: EndOfRun) -> None:
        assert (record["state"], record["light"]) == (str(end.state), str(end.light))
        labels = {label: self._label_state(label) for label in self.oracle.steps}
        assert record["labels"] == {label: str(state) for label, state in labels.items()}
        assert record.get("items", []) == self._items(record)
        good = {
            label: path_of(Item(label, 0))
            for label in self.oracle.steps
            if not self._is_fan(label) and [one.state for one in self._ends(label)] in (["succeeded"], ["cached"])
        }
        assert record["artefacts"] == good
        self._check_error(record["error"], end, [label for label, state in labels.items() if state is LabelState.NOT_RUN])

    def _label_state(self, label: str) -> LabelState:
        state, ends = self.oracle.state(label), self.oracle.ends[label]
        those = [ends] if isinstance(ends, End) else ends.values()
        if state == "skipped" and any(one.was_not_run for one in those):
            return LabelState.NOT_RUN
        return LabelState.read(state)

    def _items(self, record: dict[str, Any]) -> list[dict[str, Any]]:
        """The items of all fans as they must be recorded; sentences are those of the record, where there must be one."""
        said = {(one["label"], one["index"]): one["said"] for one in record.get("items", ()) if "said" in one}
        found = []
        for label in filter(self._is_fan, self.oracle.steps):
            if self.oracle.ends[label] == {}:
                empty = {"index": None, "folder": None, "state": "succeeded", "began": False, "items": 0}
                found.append({"label": label, **empty})
            for index, end in enumerate(self._ends(label)):
                item = Item(label, index)
                one: dict[str, Any] = {
                    "label": label,
                    "index": index,
                    "folder": folder_name(index, self.walked.machine.axes(item)),
                    "state": end.state,
                }
                if end.state == "cached":
                    one["path"] = path_of(item)
                elif item not in self.walked.given:
                    one["began"] = False
                if end.state not in WELL:
                    one["said"] = said[label, index]
                    assert item not in self.walked.given or self._is_said_by(item, end, one["said"])
                found.append(one)
        return found

    def _is_said_by(self, item: Item, end: End, said: str) -> bool:
        return {
            "failed": said == f"{item} fails as planned",
            "skipped": said == f"{item} has nothing to do",
        }.get(end.state, bool(said))

    def _check_error(self, error: str | None, end: EndOfRun, not_run: list[str]) -> None:
        named = []
        for label in (*end.failed, *end.went_on_without):
            item, _, _ = first_failure(self.oracle, label)
            named.append(str(item if item.index is not None else label))
        if not named:
            assert error is None
            return
        assert error
        found = RunError.parse(error)
        assert (list(found.failed), list(found.not_run)) == (named, not_run)

    # ---- what items are given ----------------------------------------------------------------------------------------------

    def _check_given(self, item: Item, given: dict[str, Any]) -> None:
        [notebook] = [one for one in self.workflow.notebooks if one.label == item.label]
        assert item.index is not None
        end = self._ends(item.label)[item.index]
        wanted: dict[str, dict[str, Any]] = {"parameters": {}, "upstream": {}, "files": {}, "failures": {}}
        for name, form in notebook.parameters.items():
            where, value = self._value(read_value(form, self.oracle.steps), item, end)
            wanted[where][name] = value
        assert {key: given.get(key, {}) for key in wanted} == wanted, item
        assert given.get("index") == (item.index if self._is_fan(item.label) else None)
        folder = folder_name(item.index, self.walked.machine.axes(item)) if self._is_fan(item.label) else None
        assert given.get("item_folder") == folder

    def _value(self, wanted: ParameterValue, item: Item, end: End) -> tuple[str, Any]:
        """The place among the arguments of a task, and what stands there."""
        if isinstance(wanted, GivenValue):
            return "parameters", wanted.value
        if isinstance(wanted, FailureValue):
            return "failures", self._failures(wanted.label, item)
        if isinstance(wanted, PlainName) and wanted.name in end.row:
            value = end.row[wanted.name]
            is_made = isinstance(value, str) and ":" in value
            return ("upstream", _made(value)) if is_made else ("parameters", value)
        if isinstance(wanted, PlainName) and wanted.name in PARAMETERS:
            return "parameters", PARAMETERS[wanted.name]
        label = wanted.name if isinstance(wanted, PlainName) else wanted.label
        assert end.given is not None
        taken = end.given[label]
        if isinstance(wanted, ScrapValue):
            return "parameters", self._scraps(taken, wanted.name)
        if taken is None:
            return "parameters", None
        if isinstance(wanted, FileValue):
            return "files", {"label": label, "path": wanted.path, "made": _made(taken)}
        return "upstream", _made(taken)

    def _scraps(self, taken: Any, name: str) -> Any:
        if isinstance(taken, list):
            return [self._scraps(one, name) for one in taken]
        if taken is None:
            return None
        return self._results[Item.parse(taken)]["scraps"][name]

    def _failures(self, label: str, item: Item) -> list[tuple[str, int | None, str]] | list[dict[str, Any]]:
        """The items of a label that ended badly; for a member of its family the one that is meant."""
        ends = self.oracle.ends[label]
        step = self.oracle.steps[item.label]
        bad: list[tuple[int | None, str]] = []
        if isinstance(ends, End):
            bad = [(None, ends.state)] if ends.state in BADLY else []
        else:
            depth = self.oracle._depth(step, label) if self._is_fan(label) else 0
            mine = self.oracle.ends[item.label]
            assert isinstance(mine, dict)
            key = list(mine)[item.index or 0]
            bad = [
                (index, end.state)
                for index, (at, end) in enumerate(ends.items())
                if end.state in BADLY and (not depth or at == key[:depth])
            ]
        given = self.walked.given[item]["failures"]
        [told] = [one for name, one in given.items() if name == f"from_{label}"]
        assert [(one["label"], one["index"], one["state"]) for one in told] == [(label, index, state) for index, state in bad]
        assert all(one["error"] for one in told)
        return list(told)


def _made(taken: Any) -> Any:
    """The results that a task is given for what has been made."""
    if isinstance(taken, list):
        return [None if one is None else _made(one) for one in taken]
    return {"path": f"/out/{taken}"}
