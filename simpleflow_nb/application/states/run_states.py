"""The executions of a local run as a person wants to see them: what each label does, how each run ended."""

from __future__ import annotations

import json
import re
import time
from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import payload
from ...constants import ITEMS_TYPE, NOTEBOOK_TYPE
from ...inspection.task_rows import epoch
from ...local.service import DOMAIN
from ...local.watching import KnownExecution, Watching
from ...replay.protocol.events import HistoryEvent
from .shown_labels import ShownLabel, executions_for_items, label_states
from .shown_states import ShownEnd

if TYPE_CHECKING:
    from deciders.tasks.results import RunResult
    from workers.runs.item_executions import SliceTask

    from ...swf_service import ExecutionInfo

_HOME = str(Path(__file__).resolve().parents[2]) + "/"
#: Number of ended runs of each end that are kept whole: a resident sensor sees a run for each new date, for years.
KEPT_ENDS = 40
#: looking takes at most this share of the time
_LOOK_SHARE = 20


@dataclass
class ShownRun:
    """One execution."""

    title: str
    workflow_id: str
    run_id: str
    started: float
    labels: list[ShownLabel] = field(default_factory=list)
    status: str | None = None  #: SWF's close status; None while it is open
    reason: str | None = None
    details: str | None = None
    result: Any = None
    end: ShownEnd = ShownEnd.OPEN
    reports: list[str] = field(default_factory=list)  #: paths; of one that has failed, those of the labels that are done
    ended: float | None = None
    arguments: dict[str, Any] = field(default_factory=dict)  #: what it was started with, by name
    own_labels: Sequence[ShownLabel] = ()  #: those that its own history tells of
    slices: Sequence[SliceTask] = ()  #: of one that has closed: those that its fans were cut into

    @property
    def is_warned_of(self) -> bool:
        """Tell whether one of its labels has a warning; a report that could not be made is no more than that."""
        return any(label.warnings for label in self.labels)

    def take_end(self, events: Sequence[HistoryEvent]) -> None:
        """Note what the last event of its history says."""
        end = last_attributes(events)
        self.reason, self.details, self.result = end.get("reason"), end.get("details"), end.get("result")

    def close(self, status: str, load: payload.Load) -> None:
        """Note how it ended. Its result is loaded here, once: the payload may be removed while the run is still told of."""
        self.status = status
        result = payload.decode(self.result, load) if status == "COMPLETED" and self.result else None
        if status != "COMPLETED":
            self.end = ShownEnd.CANCELLED if status == "CANCELED" else ShownEnd.FAILED
            self.reports = [label.made.path for label in self.labels if label.is_report and label.made is not None]
        else:
            found = _run_result(result)
            self.end = ShownEnd.SKIPPED if found is not None and found.was_skipped else ShownEnd.SUCCEEDED
            self.reports = found.reports if found is not None else []


@dataclass
class EarlierRuns:
    """Counts of the runs that ended so long ago that they are not kept."""

    ends: Counter[ShownEnd] = field(default_factory=Counter)  #: how many ended in which way
    warned: int = 0  #: how many of those that succeeded have warnings
    reports: int = 0

    def add(self, state: ShownRun) -> None:
        self.ends[state.end] += 1
        self.warned += state.end == ShownEnd.SUCCEEDED and state.is_warned_of
        self.reports += len(state.reports)


class Watch:
    """The executions of some types, or of some workflow ids, that were open when it was made or were started since.

    The last :data:`KEPT_ENDS` of each end are kept, the others are counted in ``earlier``.

    Args:
        load: reads the payloads that are kept outside the histories.
        workflow_ids: look at the executions of these ids alone; of these types alone if there are types as well.
    """

    def __init__(
        self,
        service: Watching,
        types: Iterable[str] = (),
        *,
        load: payload.Load | None = None,
        workflow_ids: Collection[str] | None = None,
    ) -> None:
        self.service, self.types, self.workflow_ids = service, set(types), workflow_ids
        self.load = load or (lambda digest: "null")
        self.runs: dict[int, ShownRun] = {}
        self.earlier = EarlierRuns()
        self._ended: dict[ShownEnd, deque[int]] = {}  # by their end, those that are kept
        self._position = service.position
        self._newest = service.newest_number
        self._open = {one.number: one for one in service.open_executions(DOMAIN) if self._is_wanted(one)}
        self._events: dict[int, list[HistoryEvent]] = {}  # of open executions, as far as they were read
        self._children: dict[str, dict[str, list[ShownLabel]]] = {}  # by run id: labels of those that carry out its items
        self._next_look = 0.0

    def look(self) -> list[ShownRun]:
        """Return the executions about which there is something new, in the order in which they were started."""
        begun = time.monotonic()
        news = sorted(self._news().items())
        parents = {parent for _, one in news if (parent := self._read_child(one)) is not None}
        changed = [self._read(one) for _, one in news if not _carries_items_out(one)]
        told = {run.run_id for run in changed}
        for run in self.runs.values():
            if run.run_id in parents and run.run_id not in told and run.status is None:
                self._with_children(run)
                changed.append(run)
        self._next_look = begun + _LOOK_SHARE * (time.monotonic() - begun)
        return changed

    def is_rested(self) -> bool:
        """Tell whether it is time to look again: long histories take a while to read."""
        return time.monotonic() >= self._next_look

    def states(self) -> list[ShownRun]:
        """Return the executions that are kept, as they were at the last look, in the order in which they were started."""
        return [self.runs[number] for number in sorted(self.runs)]

    def unread(self) -> set[str]:
        """Run ids of those that are open or have ended since the last look: their histories are still needed here."""
        newer = [one for one in self.service.changes(self._position).executions if self._is_new(one)]
        return {one.run_id for one in (*self._open.values(), *newer)}

    def look_again(self) -> ShownRun:
        """Return the last execution that was started, as it is now."""
        self.look()
        return self.states()[-1]

    def _is_wanted(self, one: KnownExecution) -> bool:
        if one.domain != DOMAIN:
            return False
        if self.workflow_ids is None:
            return one.type_name in self.types or (_carries_items_out(one) and NOTEBOOK_TYPE in self.types)
        if _carries_items_out(one):
            return one.info["parent"]["workflowId"] in self.workflow_ids
        return one.workflow_id in self.workflow_ids and (not self.types or one.type_name in self.types)

    def _is_new(self, one: KnownExecution) -> bool:
        """Tell whether an execution is one of those to look at; not if it had closed before, or its end was read."""
        return self._is_wanted(one) and (one.number in self._open or one.number > self._newest)

    def _news(self) -> dict[int, KnownExecution]:
        changes = self.service.changes(self._position)
        news = {one.number: one for one in changes.executions if self._is_new(one)}
        news |= {number: one for number, one in self._open.items() if number not in self._events and number not in news}
        self._position = changes.position
        self._newest = max([self._newest, *(one.number for one in changes.executions)])
        return news

    def _read_child(self, one: KnownExecution) -> str | None:
        """Read the items that an execution carries out, and return the run id of the run that it belongs to; None if it is
        itself a run."""
        if not _carries_items_out(one):
            return None
        parent = str(one.info["parent"]["runId"])
        self._open[one.number] = one
        events = self._events.setdefault(one.number, [])
        events += self.service.events(one.workflow_id, one.run_id, since=len(events))
        _, labels = label_states(events, self.load, one.notes)
        self._children.setdefault(parent, {})[one.run_id] = [label for label in labels if label.is_shown]
        if one.close_status is not None:
            del self._open[one.number], self._events[one.number]
        return parent

    def _with_children(self, run: ShownRun) -> None:
        """Show the items that other executions carry out as their histories have them: the run knows only how they ended."""
        labels = {id(label): label for label in run.own_labels}
        shared = {label.name: id(label) for label in run.own_labels if label.is_shown}
        for of_child in self._children.get(run.run_id, {}).values():
            for label in of_child:
                labels[shared.get(label.name, id(label))] = label
        run.labels = list(labels.values())

    def _read(self, one: KnownExecution) -> ShownRun:
        number = one.number
        self._open[number] = one
        events = self._events.setdefault(number, [])
        events += self.service.events(one.workflow_id, one.run_id, since=len(events))
        state = ShownRun(_title(one.info), one.workflow_id, one.run_id, one.started)
        seen = self._children.get(one.run_id, {})
        state.arguments, state.own_labels = label_states(events, self.load, one.notes, without=seen)
        self._with_children(state)
        if one.close_status is not None:
            state.ended = one.closed_at
            state.slices = _slices(events, self.load)
            state.take_end(events)
            state.close(one.close_status, self.load)
            del self._open[number], self._events[number]
            self._children.pop(one.run_id, None)
        self.runs[number] = state
        if one.close_status is not None:
            self._forget_others(number, state)
        return state

    def _forget_others(self, number: int, state: ShownRun) -> None:
        """Forget the oldest of those that ended as this one did, if that makes one too many."""
        kept = self._ended.setdefault(state.end, deque())
        kept.append(number)
        if len(kept) > KEPT_ENDS:
            self.earlier.add(self.runs.pop(kept.popleft()))


def _carries_items_out(one: KnownExecution) -> bool:
    """Tell whether an execution carries out items of a run."""
    return one.type_name == ITEMS_TYPE and bool(one.info.get("parent"))


def _slices(events: Sequence[HistoryEvent], load: payload.Load) -> list[SliceTask]:
    """Return the slices of a run that has closed."""
    if not (executions := executions_for_items(events)):
        return []
    from workers.runs.item_executions import slice_tasks

    return slice_tasks(executions, load)


def _run_result(value: Any) -> RunResult | None:
    """Read the result of a run of notebooks; None for that of any other execution."""
    if not isinstance(value, dict) or "state" not in value:
        return None  # which spares the engine's own commands the import
    from deciders.tasks.results import RunResult

    try:
        return RunResult.of_json(value)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def status_word(status: str) -> str:
    """SWF's close status in a person's words."""
    return {"CANCELED": "cancelled", "TIMED_OUT": "timed out", "CONTINUED_AS_NEW": "continued as new"}.get(
        status, status.lower()
    )


def shown_seconds(seconds: float) -> str:
    """Return ``1.5 s`` below a minute, ``0:01:30`` from then on."""
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))


def shown_run(info: ExecutionInfo, events: Sequence[HistoryEvent], load: payload.Load) -> ShownRun:
    """Return an execution as its whole history has it; items that other executions carry out are shown by how they ended.

    Raises:
        PayloadError: its result is not to be had here.
    """
    execution = info["execution"]
    state = ShownRun(_title(info), execution["workflowId"], execution["runId"], epoch(info["startTimestamp"]))
    state.arguments, state.own_labels = label_states(events, load)
    state.labels = list(state.own_labels)
    if info["executionStatus"] == "CLOSED":
        state.ended = epoch(info["closeTimestamp"])
        state.take_end(events)
        state.close(info["closeStatus"], load)
    return state


def _title(info: Mapping[str, Any]) -> str:
    """Return NAME/INSTANCE of a notebook run, as its folder is called; else the workflow id."""
    workflow_id: str = info["execution"]["workflowId"]
    tags = info.get("tagList") or []
    if info["workflowType"]["name"] == NOTEBOOK_TYPE and len(tags) > 1:
        from deciders.runs.run_tags import RunTags

        return RunTags.of_execution(tags, workflow_id).title
    return workflow_id


def last_attributes(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the attributes of the last event of a closed execution."""
    found: dict[str, Any] = next(value for key, value in events[-1].items() if key.endswith("EventAttributes"))
    return found


def traceback_of(details: str | None) -> str:
    """Return the traceback of the user's code in the details of a failure, without our frames; empty when there is none.

    Where all frames are ours, all are kept: it is our bug.
    """
    try:
        body = json.loads(details or "null")
    except ValueError:
        body = {"traceback": details}
    lines = body.get("traceback") or "" if isinstance(body, dict) else ""
    text = "".join(lines) if isinstance(lines, list) else str(lines)
    if "Traceback (most recent call last)" not in text:
        return ""
    head, *frames = re.split(r"^(?=  File \")", text, flags=re.MULTILINE)
    if not frames:
        return text
    last, end = re.match(r"((?:    .*\n|  File .*\n)*)((?:.|\n)*)", frames[-1]).groups()  # type: ignore[union-attr]
    theirs = [frame for frame in [*frames[:-1], last] if not frame.startswith(f'  File "{_HOME}')]
    return head + "".join(theirs) + end if theirs else text
