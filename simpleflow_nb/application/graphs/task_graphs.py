"""The graph of the tasks of a run of a Python workflow, from its history.

What a task needs is known to the code alone. A history tells which tasks had ended when the code scheduled others: that is
drawn.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ... import payload
from ...exceptions import PayloadError
from ...inspection.executions import history
from ...inspection.task_rows import split_id
from ..places import Place
from ..wording.runs import items_text
from .workflow_graph import Edge, Node, WorkflowGraph

if TYPE_CHECKING:
    from deciders.values.label_state import LabelState

_NOTE = "an arrow leads from what had ended to what the code scheduled then; what a task needs is known to the code alone"
_SCHEDULED = {
    "ActivityTaskScheduled": ("activityTaskScheduledEventAttributes", "activityId", "activityType"),
    "StartChildWorkflowExecutionInitiated": (
        "startChildWorkflowExecutionInitiatedEventAttributes",
        "workflowId",
        "workflowType",
    ),
}
#: what an event says of the task that it belongs to, in the words of `LabelState`
_CHANGES = {
    "ActivityTaskStarted": "running",
    "ActivityTaskCompleted": "done",
    "ActivityTaskFailed": "failed",
    "ActivityTaskTimedOut": "timed out",
    "ActivityTaskCanceled": "cancelled",
    "ChildWorkflowExecutionStarted": "running",
    "ChildWorkflowExecutionCompleted": "done",
    "ChildWorkflowExecutionFailed": "failed",
    "ChildWorkflowExecutionTimedOut": "timed out",
    "ChildWorkflowExecutionCanceled": "cancelled",
    "ChildWorkflowExecutionTerminated": "failed",
    "StartChildWorkflowExecutionFailed": "failed",
}
_UNDER_WAY = ("waiting", "running")
#: of notebooks that workflow classes submit; the other tasks of that module keep the books of the run, unasked by its code
_NOTEBOOKS, _BOOKKEEPING = "workers.python_notebooks.execute_notebook", "workers.python_notebooks."


@dataclass
class _Task:
    id: str
    name: str
    decision: int  #: number of the event of the decision that scheduled it first
    state: str = "waiting"


@dataclass
class _Group:
    """Tasks of one type that were scheduled after the same."""

    name: str
    before: frozenset[int]
    tasks: list[_Task] = field(default_factory=list)


def graph_of_tasks(place: Place, execution: Mapping[str, str]) -> WorkflowGraph:
    """Return the tasks and children of an execution. Those of one type that the code scheduled after the same are one node."""
    from deciders.values.label_state import LabelState

    events = history(place.service, place.domain, execution)
    groups = _groups(events, place.payloads.load)
    nodes, edges = list[Node](), list[Edge]()
    for number, group in enumerate(groups):
        states = Counter(LabelState.read(task.state) for task in group.tasks)
        is_several = len(group.tasks) > 1
        state = _state_of(states)
        nodes.append(
            Node(str(number), group.name, (), state, None, items_text(states, "task") if is_several else "", is_several)
        )
        edges += [Edge(str(before), str(number)) for before in sorted(group.before)]
    return WorkflowGraph(execution["workflowId"], nodes, edges, [_NOTE] if edges else [])


def _state_of(states: Counter[LabelState]) -> LabelState:
    from deciders.values.label_state import LabelState

    if states[LabelState.RUNNING] or (states[LabelState.PENDING] and len(states) > 1):
        return LabelState.RUNNING
    for state in (LabelState.FAILED, LabelState.TIMED_OUT, LabelState.CANCELLED, LabelState.PENDING):
        if states[state]:
            return state
    return LabelState.SUCCEEDED


def _groups(events: Sequence[Mapping[str, Any]], load: payload.Load) -> list[_Group]:
    """Return the tasks in groups, in the order in which the first of each was scheduled."""
    labels = _labels(events, load)
    groups: list[_Group] = []
    known: dict[tuple[str, frozenset[int]], int] = {}
    group_of: dict[str, int] = {}
    for task, ended in _scheduled(events):
        if task.name == _NOTEBOOKS:
            task.name = labels.get(task.id, task.name)
        elif task.name.startswith(_BOOKKEEPING):
            continue
        before = frozenset(group_of[id] for id in ended if id in group_of)
        number = known.setdefault((task.name, before), len(groups))
        if number == len(groups):
            groups.append(_Group(task.name, before))
        groups[number].tasks.append(task)
        group_of[task.id] = number
    return groups


def _labels(events: Sequence[Mapping[str, Any]], load: payload.Load) -> dict[str, str]:
    """Return the labels of notebooks by the ids of their tasks, without the numbers that uses of one label are told apart by.

    One whose arguments are kept elsewhere, and are not to be had here, has none.
    """
    given: dict[str, str] = {}
    for event in events:
        attributes = event.get("activityTaskScheduledEventAttributes")
        if attributes is None or attributes["activityType"]["name"] != _NOTEBOOKS:
            continue
        try:
            given[split_id(attributes["activityId"])[0]] = payload.decode(attributes["input"], load)["kwargs"]["label"]
        except PayloadError:
            continue
    used = set(given.values())
    plain = {id: re.sub(r"-\d+$", "", label) for id, label in given.items()}
    return {id: plain[id] if plain[id] in used else label for id, label in given.items()}


def _scheduled(events: Sequence[Mapping[str, Any]]) -> Iterator[tuple[_Task, Sequence[str]]]:
    """Yield each task, with the ids of those whose ends the decision that scheduled it was the first to see."""
    tasks: dict[str, _Task] = {}
    by_event: dict[int, _Task] = {}
    seen_until = _decisions(events)
    ends: list[tuple[int, str]] = []
    ended_for: dict[str, tuple[int, int]] = {}
    for event in events:
        kind, number = event["eventType"], event["eventId"]
        attributes: Mapping[str, Any] = next((value for key, value in event.items() if key.endswith("EventAttributes")), {})
        if kind in _SCHEDULED:
            _, id_key, type_key = _SCHEDULED[kind]
            id = split_id(attributes[id_key])[0] if kind == "ActivityTaskScheduled" else attributes[id_key]
            decision = attributes["decisionTaskCompletedEventId"]
            task = tasks.setdefault(id, _Task(id, attributes[type_key]["name"], decision))
            task.state = "waiting"
            by_event[number] = task
            ended_for.setdefault(id, seen_until[decision])
        elif kind in _CHANGES:
            event_id = attributes.get("scheduledEventId") or attributes.get("initiatedEventId")
            if (changed := by_event.get(event_id or 0)) is not None:
                changed.state = _CHANGES[kind]
                if changed.state not in _UNDER_WAY:
                    ends.append((number, changed.id))
    numbers = [number for number, _ in ends]
    for id, task in tasks.items():
        first, last = ended_for[id]
        seen = ends[bisect_right(numbers, first) : bisect_right(numbers, last)]
        yield task, [other for _, other in seen if other != id]


def _decisions(events: Sequence[Mapping[str, Any]]) -> dict[int, tuple[int, int]]:
    """Return, by the event of each decision, the last event that the one before has seen, and the last that it has seen."""
    found: dict[int, tuple[int, int]] = {}
    before = 0
    for event in events:
        if event["eventType"] == "DecisionTaskCompleted":
            started = event["decisionTaskCompletedEventAttributes"]["startedEventId"]
            found[event["eventId"]] = (before, started)
            before = started
    return found
