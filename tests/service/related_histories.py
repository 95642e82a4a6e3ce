"""Rules that hold between the histories of one service: what one says of another, that one says too."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .conformance import history_problems
from .manual_client import Event, attributes
from .relating import CHILD_ENDS

Id = tuple[str, str]  # workflow id and run id
Histories = dict[Id, list[Event]]

_APPLIED = "CHILD_POLICY_APPLIED"
_OPEN = ("WorkflowExecutionStarted", "WorkflowExecutionSignaled", "WorkflowExecutionCancelRequested")


def check_related(histories: Histories, *, are_shapes_checked: bool = True) -> None:
    """Check what histories say of each other, and each by itself against SWF's model, which takes most of the time."""
    if are_shapes_checked:
        for events in histories.values():
            assert history_problems(events) == []
    check_children(histories)
    check_messages(histories, "Signal", "WorkflowExecutionSignaled", "ExternalWorkflowExecutionSignaled")
    check_messages(histories, "RequestCancel", "WorkflowExecutionCancelRequested", "ExternalWorkflowExecutionCancelRequested")
    check_policies(histories)


def check_children(histories: Histories) -> None:
    """Each start and each end of a child is in both histories, once, unless the parent had closed before."""
    starts: Counter[tuple[Id, int]] = Counter()
    for execution, events in histories.items():
        started = attributes(events[0])
        if "parentWorkflowExecution" not in started:
            continue
        parent, initiated = id_of(started["parentWorkflowExecution"]), started["parentInitiatedEventId"]
        of_parent = histories[parent]
        of_child = [event for event in of_parent if attributes(event).get("initiatedEventId") == initiated]
        asked = of_parent[initiated - 1]
        assert asked["eventType"] == "StartChildWorkflowExecutionInitiated"
        assert attributes(asked)["workflowId"] == execution[0]
        kinds = Counter(event["eventType"] for event in of_child)
        assert kinds["ChildWorkflowExecutionStarted"] == (not is_closed_with(of_parent, attributes(asked)))
        if "continuedExecutionRunId" not in started:
            starts[parent, initiated] += 1
            assert [id_of(attributes(event)["workflowExecution"]) for event in of_child[:1]] in ([execution], [])
        _check_end(execution, events, of_parent, [event for event in of_child if event["eventType"] in CHILD_ENDS])
    assert set(starts.values()) <= {1}
    _check_starts(histories, starts)


def _check_starts(histories: Histories, starts: Counter[tuple[Id, int]]) -> None:
    """A child that its parent says to have started is there."""
    for execution, events in histories.items():
        for event in events:
            if event["eventType"] == "ChildWorkflowExecutionStarted":
                assert starts[execution, attributes(event)["initiatedEventId"]] == 1
            elif event["eventType"] == "StartChildWorkflowExecutionFailed" and attributes(event)["initiatedEventId"]:
                assert starts[execution, attributes(event)["initiatedEventId"]] == 0


def _check_end(child: Id, events: list[Event], parent: list[Event], told: list[Event]) -> None:
    """The parent is told of the end of a child, if it is open then; of what comes at one moment, either may be first."""
    assert len(told) <= 1
    last = events[-1]["eventType"].removeprefix("WorkflowExecution")
    is_end = f"ChildWorkflowExecution{last}" in CHILD_ENDS
    for event in told:
        if id_of(attributes(event)["workflowExecution"]) == child:
            assert is_end
            assert event["eventType"] == f"ChildWorkflowExecution{last}"
    if is_end and (not is_closed(parent) or events[-1]["eventTimestamp"] < parent[-1]["eventTimestamp"]):
        assert [id_of(attributes(event)["workflowExecution"]) for event in told] == [child]


def check_messages(histories: Histories, kind: str, arrival: str, answer: str) -> None:
    """Everything sent is answered in the history of its sender, and arrived exactly once if the answer says so."""
    answered: Counter[tuple[Id, int, Id]] = Counter()
    arrived: Counter[tuple[Id, int, Id]] = Counter()
    for execution, events in histories.items():
        replies = _replies(events)
        for event in events:
            a = attributes(event)
            if event["eventType"] == f"{kind}ExternalWorkflowExecutionInitiated" and not is_closed_with(events, a):
                found = replies.get(event["eventId"])
                assert found in ([answer], [f"{kind}ExternalWorkflowExecutionFailed"])
            if event["eventType"] == answer:
                answered[execution, a["initiatedEventId"], id_of(a["workflowExecution"])] += 1
            if event["eventType"] == arrival and a.get("externalInitiatedEventId"):
                sender = id_of(a["externalWorkflowExecution"])
                sent = histories[sender][a["externalInitiatedEventId"] - 1]
                assert sent["eventType"] == f"{kind}ExternalWorkflowExecutionInitiated"
                arrived[sender, a["externalInitiatedEventId"], execution] += 1
    assert set(arrived.values()) <= {1}
    silent = {message for message in arrived if is_closed_with(histories[message[0]], _sent(histories, message))}
    assert answered == Counter({message: 1 for message in arrived if message not in silent})


def _replies(events: list[Event]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for event in events:
        initiated = attributes(event).get("initiatedEventId")
        if initiated:
            found.setdefault(initiated, []).append(event["eventType"])
    return found


def check_policies(histories: Histories) -> None:
    """The child policy of an execution that was terminated, or timed out, was applied to the children that were open, once."""
    runs_of: dict[tuple[Id, int], list[list[Event]]] = {}
    for events in histories.values():
        started = attributes(events[0])
        if "parentWorkflowExecution" in started:
            key = id_of(started["parentWorkflowExecution"]), started["parentInitiatedEventId"]
            runs_of.setdefault(key, []).append(events)
    for (parent, initiated), runs in runs_of.items():
        events = histories[parent]
        applied = [event for run in runs for event in run if attributes(event).get("cause") == _APPLIED]
        kind, policy = events[-1]["eventType"], attributes(events[-1]).get("childPolicy")
        of_child = {event["eventType"] for event in events if attributes(event).get("initiatedEventId") == initiated}
        if kind not in ("WorkflowExecutionTerminated", "WorkflowExecutionTimedOut") or of_child & CHILD_ENDS:
            assert applied == []
            continue
        wanted = {
            "TERMINATE": ["WorkflowExecutionTerminated"],
            "REQUEST_CANCEL": ["WorkflowExecutionCancelRequested"],
            "ABANDON": [],
        }[str(policy)]
        assert [event["eventType"] for event in applied] == wanted
        if policy == "TERMINATE":
            assert runs[-1][-1] is applied[0]
        for event in applied:
            assert event["eventTimestamp"] == events[-1]["eventTimestamp"]


def is_closed(events: list[Event]) -> bool:
    kind: str = events[-1]["eventType"]
    return kind.startswith("WorkflowExecution") and kind not in _OPEN


def is_closed_with(events: list[Event], sent: dict[str, Any]) -> bool:
    """Tell whether the response that sent something also closed the sender, which then gets no answer."""
    closing = attributes(events[-1]) if is_closed(events) else {}
    return bool(closing.get("decisionTaskCompletedEventId") == sent["decisionTaskCompletedEventId"])


def id_of(ids: dict[str, str]) -> Id:
    return ids["workflowId"], ids["runId"]


def _sent(histories: Histories, message: tuple[Id, int, Id]) -> dict[str, Any]:
    return attributes(histories[message[0]][message[1] - 1])
