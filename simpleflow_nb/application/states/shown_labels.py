"""The labels of an execution as a person wants to see them: its notebooks, reports and activities, and how far they are."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ... import payload
from ...constants import ITEMS_TYPE
from ...inspection.executions import arguments_in
from ...inspection.task_rows import TaskRow, task_rows
from ...tracebacks import split_reason
from .shown_states import ShownState

if TYPE_CHECKING:
    from deciders.notebook_runs.work import Work
    from deciders.tasks.arguments import NotebookTask
    from deciders.tasks.results import FileResult
    from deciders.values.item import Item
    from workers.runs.item_executions import ItemExecution

_BODIES = "workers.activities."
_OF_CLASSES = "workers.python_notebooks."  #: those of notebooks that workflow classes submit
#: Class names of exceptions of ours that say nothing more than their sentences.
_PLAIN_ERRORS = frozenset(
    {
        "NotebookFailed",
        "NotebookRefused",
        "ScrapMissing",
        "ReportError",
        "ReportStopped",
        "SourceError",
        "SourceUnreachable",
        "RecordsError",
        "OutputsError",
        "WorkflowTaken",
    }
)
ELSEWHERE = "another run carries it out"  #: of a shared item
_SKIPPED = "NotebookSkipped"  #: of `deciders.activities`, which the engine's commands do without
#: SWF's ActivityTaskTimeoutType, for those who do not know it
_TIMEOUTS = {
    "HEARTBEAT": "the process that carried it out was killed or lost",
    "START_TO_CLOSE": "it took longer than it may",
    "SCHEDULE_TO_START": "no worker took it in time",
    "SCHEDULE_TO_CLOSE": "it was not done in time",
}


@dataclass
class ShownLabel:
    """A notebook, a report or an activity of a run."""

    name: str
    state: ShownState
    attempt: int = 1
    note: str = ""  #: what it does just now, its first warning, or why it failed
    cause: str = ""  #: why it failed, in full
    began: float | None = None  #: epoch seconds
    ended: float | None = None
    is_shown: bool = True  #: bookkeeping tasks of the application are not news
    is_report: bool = False
    fan: str | None = None  #: the label whose item it is, or whose item's report; None without a list of items
    items: int | None = None  #: how many items that label has
    order: int = 0  #: number of the event with which it ended
    is_of_slice: bool = False  #: a slice of its fan carries it out
    is_shared: bool = False  #: its task says no more than what other runs have made of it
    result: dict[str, Any] = field(default_factory=dict)  #: of a notebook or a report: its path, light and warnings

    @property
    def made(self) -> FileResult | None:
        """The executed notebook or the report; None while it is not made, and of other activities."""
        from deciders.tasks.results import NotebookResult, ReportResult

        if not self.result.get("path"):
            return None
        return (ReportResult if self.is_report else NotebookResult).of_json(self.result)

    @property
    def ended_in_cell(self) -> int | None:
        """Cell in which the notebook ended itself, before its last one."""
        from deciders.tasks.results import NotebookResult

        made = self.made
        return made.ended_in_cell if isinstance(made, NotebookResult) else None

    @property
    def warnings(self) -> list[str]:
        """Warnings of the label, if its run has succeeded."""
        if self.state == ShownState.FAILED and self.is_shown:
            return [self.cause]
        return list(self.made.warnings) if self.made is not None else []

    @property
    def seconds(self) -> float:
        """Time in seconds that it has run so far, or ran; 0 before it begins."""
        return (self.ended or time.time()) - self.began if self.began else 0.0


def label_states(
    events: Iterable[Mapping[str, Any]],
    load: payload.Load,
    notes: Mapping[int, str | None] | None = None,
    *,
    without: Collection[str] = (),
) -> tuple[dict[str, Any], list[ShownLabel]]:
    """Return the arguments of an execution, by name, and its labels: those that were kept first, then as they were scheduled.
    What other executions have carried out for it is among them as soon as it has heard of their ends.

    ``notes`` are what the heartbeats of its tasks have said last, by the number of the event that scheduled each. Slices
    ``without`` whose items to return are given by their run ids.
    """
    events, notes = list(events), notes or {}
    arguments = arguments_in(events, load)
    kept = [
        ShownLabel(name, ShownState.CACHED, result=result, is_report=given == "kept_reports")
        for given in ("kept", "kept_reports")
        for name, result in (arguments.get(given) or {}).items()
    ]
    latest: dict[str, TaskRow] = {row.id: row for row in task_rows(events)}
    own = [(row.scheduled_event_id, _label(row, notes.get(row.scheduled_event_id), load)) for row in latest.values()]
    of_slices = list[ShownLabel]()
    shared = set[str]()
    for one in executions_for_items(events):
        if (task := one.task(load)) is not None:
            shared.add(task.name)
            own.append((one.initiated_event_id, _shared_label(one, task, load)))
        elif one.state == "completed" and one.run_id not in without:
            of_slices += _slice_labels(one, load)
    return arguments, [*kept, *_last_of(own, shared), *of_slices]


def executions_for_items(events: Iterable[Mapping[str, Any]]) -> list[ItemExecution]:
    """Return the executions that carry out items of a run, from its history."""
    kind = "startChildWorkflowExecutionInitiatedEventAttributes"
    if not any(kind in event and event[kind]["workflowType"]["name"] == ITEMS_TYPE for event in events):
        return []  # which spares the engine's own commands the import
    from workers.runs.item_executions import item_executions

    return item_executions(events)


def _last_of(own: Sequence[tuple[int, ShownLabel]], shared: Collection[str]) -> Iterator[ShownLabel]:
    """Yield the labels, of each shared item the last alone: asking what there is of it was a task, too."""
    last = {label.name: number for number, label in sorted(own, key=lambda pair: pair[0])}
    names = {*shared, *(label.name for _, label in own if label.is_shared)}
    for number, label in own:
        if label.name not in names or last[label.name] == number:
            yield label


def _shared_label(one: ItemExecution, task: NotebookTask, load: payload.Load) -> ShownLabel:
    """Return a shared item as the history of its run has it while an execution of its own carries it out, or has."""
    shown = ShownLabel(task.name, ShownState.RUNNING, began=one.began, fan=task.label if task.index is not None else None)
    shown.items = task.items
    if (end := one.shared_end(load)) is None:
        if one.state == "scheduled":
            shown.state = ShownState.WAITING
        shown.note = ELSEWHERE if one.is_refused else ""
        return shown
    shown.state, shown.ended, shown.order = ShownState.of_item(end.state), one.ended, one.ended_event_id or 0
    shown.result = dict(end.result or {})
    _say_why(shown, end.said)
    return shown


def _slice_labels(one: ItemExecution, load: payload.Load) -> Iterator[ShownLabel]:
    """Yield the items of a slice that has ended which were executed there, and their reports."""
    from deciders.notebook_runs.work import Work
    from deciders.steps.slice_json import read_ends
    from deciders.values.artefact_key import ArtefactKey
    from deciders.values.item import Item

    part, result, work = one.slice(load), payload.decode(one.result, load), Work()
    if part is None:
        return
    work.add(result["work"])
    for label, told in result["ends"].items():
        ends = read_ends(told)
        first = part.first * (len(ends) // max(1, len(part.rows)))
        for item, end in ((Item(label, first + place), end) for place, end in enumerate(ends)):
            if item in work.began:
                shown = ShownLabel(str(item), ShownState.of_item(end.state), fan=label, is_of_slice=True)
                if (made := work.results.get(item)) is not None:
                    shown.result = made.as_json()
                _say_why(shown, work.errors.get(item))
                yield shown
    for (item, format), state in _reports_of(work).items():
        name = ArtefactKey(item.label, format, item.index).file_name
        shown = ShownLabel(name, state, is_report=True, fan=item.label, is_of_slice=True)
        if (report := work.reports.get((item, format)) or work.standing.get((item, format))) is not None:
            shown.result = report.as_json()
        _say_why(shown, work.unreported.get((item, format)))
        yield shown


def _reports_of(work: Work) -> dict[tuple[Item, str], ShownState]:
    return {
        **dict.fromkeys(work.standing, ShownState.CACHED),
        **dict.fromkeys(work.reports, ShownState.DONE),
        **dict.fromkeys(work.unreported, ShownState.FAILED),
    }


def _say_why(shown: ShownLabel, said: str | None) -> None:
    """Note why a label has failed or was skipped, or what there is to say of one that is done."""
    if said is not None:
        shown.note = plain_cause(said)
        shown.cause = shown.note if shown.state == ShownState.FAILED else ""
    elif (made := shown.made) is not None:
        shown.note = next(iter((*made.warnings, *made.remarks)), "")


def _label(row: TaskRow, note: str | None, load: payload.Load) -> ShownLabel:
    shown = ShownLabel(
        row.id.removeprefix("activity-"), ShownState.of_task(row.state), row.attempt, began=row.started, ended=row.ended
    )
    shown.order = row.ended_event_id or 0
    if row.name.startswith(_BODIES):
        function = row.name.removeprefix(_BODIES)
        shown.is_shown = function in ("execute_notebook", "convert_report")
        if shown.is_shown:
            from deciders.tasks.arguments import NotebookTask, ReportTask

            given = _decoded(row.input, load).get("kwargs", {})
            shown.is_report = function == "convert_report"
            if given:  # else what it was started with is not to be had here
                task = (ReportTask if shown.is_report else NotebookTask).of_json(given)
                shown.name, shown.fan = task.name, task.label if task.index is not None else None
                shown.items = task.items if isinstance(task, NotebookTask) else None
            shown.result = _decoded(row.result, load)
            if given and not shown.is_report:
                _follow_shared(shown, task)
    elif row.name.startswith(_OF_CLASSES):
        shown.is_shown = row.name == f"{_OF_CLASSES}execute_notebook"
        shown.name = str(_decoded(row.input, load).get("kwargs", {}).get("label", shown.name))
        shown.result = _decoded(row.result, load)
        if (reason := shown.result.get("skipped_for")) is not None:
            shown.state, shown.note = ShownState.SKIPPED, str(reason)
            return shown
    if shown.state == ShownState.FAILED and split_reason(row.reason)[0] == _SKIPPED:
        shown.state, shown.note = ShownState.SKIPPED, str(_decoded(row.details, load).get("message") or "")
    elif shown.state == ShownState.FAILED:
        shown.note = plain_cause(row.reason or "")
        message = _decoded(row.details, load).get("message")
        shown.cause = plain_cause(str(message)) if message and shown.is_shown and row.name.startswith(_BODIES) else shown.note
    elif shown.state == ShownState.RUNNING:
        shown.note = note or ""
    elif (made := shown.made) is not None:
        shown.note = next(iter((*made.warnings, *made.remarks)), "")
        if (run := shown.result.get("taken_from")) is not None:
            shown.note = shown.note or f"same as {run}"
    return shown


def _follow_shared(shown: ShownLabel, task: Any) -> None:
    """Show a shared item as what has become of it, if its task has asked what there is of it, or has taken that over."""
    from deciders.tasks.results import NotebookResult, SharedWork

    if task.shared is None:
        return
    if SharedWork.of_json(shown.result) is not None:
        shown.state, shown.ended, shown.result = ShownState.RUNNING, None, {}
        shown.is_shared = True
    elif task.shared.looks and shown.state in (ShownState.WAITING, ShownState.RUNNING):
        shown.state, shown.began, shown.is_shared = ShownState.RUNNING, None, True
    elif shown.state == ShownState.DONE and isinstance(made := shown.made, NotebookResult) and made.is_taken:
        shown.state, shown.is_shared = ShownState.CACHED, True
    if shown.state == ShownState.RUNNING and task.shared.looks:
        shown.note = ELSEWHERE


def _decoded(text: str | None, load: payload.Load) -> dict[str, Any]:
    value = payload.decode(text, load) if text else None
    return value if isinstance(value, dict) else {}


def plain_cause(reason: str) -> str:
    """Return a reason without the class name of an exception of ours, which says nothing more than its sentence."""
    if reason in _TIMEOUTS:
        return _TIMEOUTS[reason]
    error_type, message = split_reason(reason)
    return message if error_type in _PLAIN_ERRORS else reason
