"""What must hold of the updates that the operator has asked a run for, and of their answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simpleflow_nb import payload
from simpleflow_nb.exceptions import UpdateFailed, UpdateRefused, UpdateUnanswered
from simpleflow_nb.processes.followed_request import FollowedRequest
from simpleflow_nb.replay.calls import commands

from ..service.manual_client import Event, attributes
from ..service.related_histories import Id
from .fleet import Fleet
from .operators import Request
from .plans import Plan

CLOSING = ("CompleteWorkflow", "FailWorkflow", "CancelWorkflow", "ContinueAsNewWorkflow")
_MAY_WAIT = ("work", "wait for")


class Requests:
    """The requests that have arrived at one run, by id, and its answers, with the ids of their events.

    Attributes:
        decisions: the events DecisionTaskCompleted of the decisions that the code has made: not those that parked the run.
    """

    def __init__(self, fleet: Fleet, execution: Id, events: list[Event]) -> None:
        self.fleet, self.name, self.events = fleet, execution[0], events
        self.arrived: dict[str, int] = {}
        self.answers: list[tuple[str, int, Any]] = []
        for event in events:
            a = attributes(event)
            if event["eventType"] == "WorkflowExecutionSignaled" and a["signalName"].startswith(commands.UPDATE):
                body = payload.decode(a["input"], fleet.payloads.load)
                if isinstance(body, dict) and body["id"] in fleet.operator.requests:
                    self.arrived.setdefault(body["id"], event["eventId"])
            elif event["eventType"] == "MarkerRecorded" and a["markerName"].startswith(commands.ANSWER):
                answer = payload.decode(a["details"], fleet.payloads.load)
                self.answers.append((a["markerName"].removeprefix(commands.ANSWER), event["eventId"], answer))
        self.decisions = [
            event
            for event, after in zip(events, [*events[1:], events[-1]], strict=True)
            if event["eventType"] == "DecisionTaskCompleted" and not is_park(after)
        ]

    def check(self, plan: Plan) -> None:
        """Check all rules.

        Raises:
            AssertionError: one does not hold.
        """
        self._each_request_has_one_answer_at_most()
        self._what_does_not_wait_is_answered_by_the_decision_that_sees_it()
        self._answers_are_those_of_a_run_that_does_one_after_the_other(plan)
        self._whoever_asks_is_told_the_answer()

    def _each_request_has_one_answer_at_most(self) -> None:
        """A request is answered at most once however often it has arrived, after it has, and nothing else is answered."""
        answered = [id for id, _, _ in self.answers]
        assert len(answered) == len(set(answered)), f"{self.name}: answered twice, of {answered}"
        for id, at, _ in self.answers:
            assert self.arrived.get(id, at) < at, f"{self.name}: {id} is answered at event {at}, and had not arrived"

    def _what_does_not_wait_is_answered_by_the_decision_that_sees_it(self) -> None:
        """A request is answered by the first decision that sees it if it does not wait, unless that decision ends the run.

        So every request that has no answer was open when the run ended.
        """
        answered = {id: attributes(self.events[at - 1])["decisionTaskCompletedEventId"] for id, at, _ in self.answers}
        ends = min((event["eventId"] for event in self.events if event["eventType"].startswith(CLOSING)), default=0)
        for id, arrived in self.arrived.items():
            if self.fleet.operator.requests[id].kind in _MAY_WAIT and id not in answered:
                continue
            seen_by = next((done for done in self.decisions if attributes(done)["startedEventId"] > arrived), None)
            if seen_by is None or (ends and ends < arrived) or self._is_last(seen_by):
                continue
            assert id in answered, f"{self.name}: {id} of event {arrived} has no answer, and the run went on"
            kind = self.fleet.operator.requests[id].kind
            if kind not in _MAY_WAIT:
                assert answered[id] == seen_by["eventId"], f"{self.name}: {id} is answered by event {answered[id]}, too late"

    def _is_last(self, done: Event) -> bool:
        """Tell whether a decision has ended the run, or wanted to, or was too long for one response."""
        of_it = [one for one in self.events if attributes(one).get("decisionTaskCompletedEventId") == done["eventId"]]
        timers = [attributes(one)["timerId"] for one in of_it if one["eventType"] == "TimerStarted"]
        is_closing = any(one["eventType"].startswith(("WorkflowExecution", *CLOSING)) for one in of_it)
        return is_closing or any(timer.startswith(commands.WAKE) for timer in timers)

    def _answers_are_those_of_a_run_that_does_one_after_the_other(self, plan: Plan) -> None:
        """The level counts up by one for each request that was accepted, and those at its limit were refused, and say so."""
        level = 0
        for id, at, answer in self.answers:
            request = self.fleet.operator.requests[id]
            if request.kind == "add":
                is_full = level >= plan["limit"]
                level += not is_full
                wanted = {"refused": _error("ValueError", f"full at {level}")} if is_full else {"result": level}
                assert answer == wanted, f"{self.name}, event {at}: {answer} instead of {wanted}"
            else:
                is_right = _RIGHT[request.kind](self, request, answer, plan)
                assert is_right, f"{self.name}, event {at}: {request.kind} is answered with {str(answer)[:300]}"
                assert request.kind != "wait for" or answer["result"] == level

    def is_worked(self, request: Request, answer: Any, plan: Plan) -> bool:
        """Tell whether an answer is the effect of an activity of the run, or the failure of one."""
        if "failed" in answer:
            return answer["failed"]["error_type"] in ("TaskFailed", "TimeoutError", "TaskCanceled")
        results = [attributes(event)["result"] for event in self.events if event["eventType"] == "ActivityTaskCompleted"]
        is_quiet = request.arguments["args"][0]["name"] == "quiet" or plan["verdict"] == "ignore"
        return payload.encode(answer["result"]) in results or (is_quiet and answer == {"result": None})

    def _whoever_asks_is_told_the_answer(self) -> None:
        """The history tells whoever waits for an answer what it is, or that the run has ended without one."""
        answers = {id: answer for id, _, answer in self.answers}
        for id in self.arrived:
            followed = FollowedRequest(id)
            followed.take(self.events)
            told: Any
            try:
                told = {"result": followed.result(self.name, self.fleet.payloads.load)}
            except UpdateRefused:
                told = "refused"
            except UpdateFailed:
                told = "failed"
            except UpdateUnanswered:
                told = None
            answer = answers.get(id)
            assert told == answer or told in (answer or ()), f"{self.name}: {id} is told {told}, and was answered {answer}"


def is_park(event: Event) -> bool:
    """Tell whether an event is the marker of a run that could not be decided."""
    return event["eventType"] == "MarkerRecorded" and attributes(event)["markerName"].startswith(commands.PARK)


def _error(kind: str, message: str) -> dict[str, str]:
    return {"error_type": kind, "message": message}


def _is_refused(kind: str) -> Callable[[Requests, Request, Any, Plan], bool]:
    return lambda run, request, answer, plan: answer.get("refused", {}).get("error_type") == kind


_RIGHT: dict[str, Callable[[Requests, Request, Any, Plan], bool]] = {
    "work": Requests.is_worked,
    "leave": lambda run, request, answer, plan: answer == {"result": "left"},
    "wait for": lambda run, request, answer, plan: answer["result"] >= request.arguments["args"][0],
    "long": lambda run, request, answer, plan: (
        answer == {"result": [len(request.arguments["args"][0]), "x" * request.arguments["args"][1]]}
    ),
    "broken": lambda run, request, answer, plan: answer == {"failed": _error("PlannedFailure", "as planned")},
    "again": lambda run, request, answer, plan: answer == {"result": "no more"} and not plan["more"],
    "unknown": _is_refused("DefinitionError"),
    "wrong arguments": _is_refused("DefinitionError"),
    "lost arguments": _is_refused("PayloadMissing"),
}
