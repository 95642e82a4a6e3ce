"""Play a workflow against SWF's rules, and compare every way of deciding it.

Each decision task is decided three times: by an execution that was kept since the last one, by one that replays the whole
history, read back from JSON, and now and then by one that was left behind for a while. They must give the same decisions,
whole dicts compared; and the run rebuilt from its JSON must be the run.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simpleflow_nb.constants import MAX_OPEN_CHILD_COUNT
from simpleflow_nb.exceptions import StaleCache
from simpleflow_nb.local.deciding import Surroundings, failure
from simpleflow_nb.local.decisions import UNLIMITED, Quotas, attributes_of, complete_decision
from simpleflow_nb.local.execution import ATTRIBUTES, CANCEL, CHILD, SIGNAL, LocalExecution, rebuilt
from simpleflow_nb.program import program
from simpleflow_nb.replay import Execution
from simpleflow_nb.replay.calls import commands
from simpleflow_nb.workflow import Workflow

from .parallel_programs import check_groups

Event = dict[str, Any]
Decision = dict[str, Any]

RUN_ID = "run-1"

CLOSING = frozenset(
    f"{how}WorkflowExecution" for how in ("Complete", "Fail", "Cancel", "ContinueAsNew")
)  #: types of the decisions that end a run


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a decider is configured with."""

    decisions: int = 100  #: in one response
    open_activities: int = 1_000


def reloaded(value: Any) -> Any:
    """What comes back when it goes through JSON, as every history does."""
    return json.loads(json.dumps(value))


def execution_of(workflow_class: type[Workflow], limits: Limits, run_id: str = RUN_ID, **more: Any) -> Execution:
    return Execution(
        program(workflow_class),
        run_id=run_id,
        workflow_id="played",
        open_activity_limit=limits.open_activities,
        decision_limit=limits.decisions,
        **more,
    )


def attributes(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = event[ATTRIBUTES[event["eventType"]]]
    return found


def state_of(run: LocalExecution) -> dict[str, Any]:
    """All that can be known of a run from its history, in a form that can be compared."""
    decision = run.decision
    return {
        "activities": {n: (a.scheduled, a.activity_id, a.started, a.cancel_requested_event) for n, a in run.activities.items()},
        "open_ids": run.open_ids,
        "timers": run.timers,
        "children": {n: (child.workflow_id, child.started) for n, child in run.children.items()},
        "cancel_requested": run.cancel_requested,
        "decision": decision and (decision.scheduled, decision.started, decision.task_list),
        "unseen": run.unseen,
        "previous": run.previous,
        "last_started": run.last_started,
        "context": run.context,
        "context_at": run.context_at,
        "close_status": run.close_status,
        "closed_at": run.closed_at,
    }


Refusal = Callable[[dict[str, Any]], str | None]  #: attributes of a decision -> the cause for which it fails


class Refusing(Surroundings):
    """Surroundings that refuse decisions for the causes that a test gives, by the type of the decision."""

    def __init__(self, refuse: Refusal | None, others: dict[str, Refusal]) -> None:
        self._refusals = others if refuse is None else {**others, "ScheduleActivityTask": refuse}

    def refusal(self, kind: str, attributes: dict[str, Any]) -> str | None:
        refuse = self._refusals.get(kind)
        return None if refuse is None else refuse(attributes)


@dataclass
class OtherExecution:
    """A child of the run, or what the run has for another execution, that the service has not carried out yet."""

    initiated: int  #: id of the event that says so
    workflow_id: str
    child: LocalExecution | None = None  #: once it has started


class DecisionChecker:
    """One run, the executions that decide it, and the service that carries the decisions out.

    Use it as a context manager: suspended code must be unwound in the end.
    """

    def __init__(
        self,
        workflow_class: type[Workflow],
        *,
        limits: Limits = Limits(),
        run_id: str = RUN_ID,
        text: str | None = None,
        quotas: Quotas = UNLIMITED,
        refuse: Refusal | None = None,
        refuse_others: dict[str, Refusal] | None = None,
        started: dict[str, Any] | None = None,
        load: Callable[[str], str] | None = None,
    ) -> None:
        self.workflow_class, self.limits, self.quotas, self.refuse = workflow_class, limits, quotas, refuse
        self.refuse_others = {} if refuse_others is None else refuse_others
        self.load = load
        self.children: dict[str, OtherExecution] = {}  # by workflow id, those that have not ended
        self.sent: dict[int, str] = {}  # signals and requests to cancel on their way: initiated event -> type of its decision
        self.stats: Counter[str] = Counter()
        self.most_open = limits.open_activities  # of all limits that this run was decided with
        self.clock = 1000.0
        self.run = LocalExecution(1, "local", "played", run_id)
        self.executions: list[Execution] = []
        self.cached: Any = None  # the Execution kept since the last decision, None before the first
        self.lagging: Execution | None = None
        body: dict[str, Any] = {"taskList": {"name": "decisions"}, "workflowType": {"name": "played", "version": "1"}}
        self.run.start(self.clock, {**(body if text is None else {**body, "input": text}), **(started or {})})

    def __enter__(self) -> DecisionChecker:
        return self

    def __exit__(self, *error: object) -> None:
        self.evict()

    # ---- executions -------------------------------------------------------------------------------------------------

    def new(self) -> Execution:
        execution = execution_of(self.workflow_class, self.limits, self.run.run_id, load=self.load)
        self.executions.append(execution)
        return execution

    def kill(self, execution: Execution | None) -> None:
        if execution is None:
            return
        self.executions.remove(execution)
        queued = list(execution.queue)
        assert execution.kill(), "code that does not swallow its end can be unwound"
        assert list(execution.queue) == queued, "code that is unwound decides nothing"

    def evict(self) -> None:
        """Forget all that is cached, as a decider that ends does."""
        self.cached = self.lagging = None
        for execution in list(self.executions):
            self.kill(execution)

    def deploy(self, workflow_class: type[Workflow], limits: Limits | None = None) -> None:
        """New code, or new limits, while the run is open."""
        self.evict()
        self.workflow_class, self.limits = workflow_class, limits or self.limits
        self.most_open = max(self.most_open, self.limits.open_activities)

    # ---- deciding ---------------------------------------------------------------------------------------------------

    def start_decision(self) -> None:
        self.run.start_decision(self.clock, None)

    def decisions(self, *, with_lagging: bool = False, overlap: int = 0) -> list[Decision]:
        """What the open decision task decides, by every way there is."""
        self.check_rebuilt()
        events = self.run.events
        assert events[-1]["eventType"] == "DecisionTaskStarted"
        cold = self.new()
        truth = cold.advance(reloaded(events))
        self.stats["decided"] += 1
        if self.cached is None:
            self.cached = cold
        else:
            known = self.cached.next_id - 1
            has_future = self.cached.cancellation_future is not None
            is_cancelled = self.cached.finished is None and not has_future and self.asks_to_cancel(events[known:])
            try:
                got = self.cached.advance(events[max(0, known - overlap) :])
            except StaleCache:
                self.stats["stale"] += 1
                self.kill(self.cached)
                self.cached = cold
            else:
                self.stats["cached"] += 1
                assert got == truth, ("cached is not cold", got, truth)
                if is_cancelled:
                    assert self.cached.finished.type == "CancelWorkflowExecution", "a request to cancel wins"
        if with_lagging:
            if self.lagging is None:
                self.lagging = self.new()
            try:
                again = self.lagging.advance(reloaded(events[max(0, self.lagging.next_id - 1 - overlap) :]))
            except StaleCache:
                self.kill(self.lagging)
                self.lagging = None
            else:
                self.stats["left behind"] += 1
                assert again == truth, ("left behind is not cold", again, truth)
        if cold is not self.cached:
            self.check_alike(self.cached, cold)
            self.kill(cold)
        self.check_laws(truth)
        return truth

    def respond(self, decisions: list[Decision], **more: Any) -> None:
        complete_decision(
            self.run,
            self.clock,
            reloaded(decisions),
            quotas=self.quotas,
            surroundings=Refusing(self.refuse, self.refuse_others),
            new_run_id=lambda: "next-run",
            **more,
        )
        self.take_outgoing()
        assert len(self.run.activities) <= self.most_open, "more open than the limit allows"

    def decide(self) -> list[Decision]:
        """One whole decision task."""
        self.start_decision()
        decisions = self.decisions()
        self.respond(decisions)
        return decisions

    def park(self) -> None:
        """Answer as a decider that cannot decide: a marker, first, and a timer to try again."""
        n = 1 + sum(
            event["eventType"] == "TimerStarted" and attributes(event)["timerId"].startswith(commands.PARK)
            for event in self.run.events
        )
        name = f"{commands.PARK}{n}"
        self.respond([commands.marker(name, "boom"), commands.timer(name, 1)], context="parked")

    def time_out_decision(self) -> None:
        self.run.time_out_decision(self.clock)

    # ---- the world --------------------------------------------------------------------------------------------------

    def scheduled(self, activity_id: str) -> int:
        return self.run.open_ids[activity_id]

    def begin(self, activity_id: str) -> None:
        self.run.start_activity(self.clock, self.scheduled(activity_id), None)

    def end(self, activity_id: str, how: str, **body: Any) -> None:
        scheduled = self.scheduled(activity_id)
        if not self.run.activities[scheduled].started:
            self.begin(activity_id)
        self.clock += 1
        self.run.end_activity(self.clock, scheduled, how, body)

    def complete(self, activity_id: str, value: Any = None) -> None:
        self.end(activity_id, "Completed", **({} if value is None else {"result": json.dumps(value)}))

    def fail(self, activity_id: str, reason: str = "ValueError: no") -> None:
        self.end(activity_id, "Failed", reason=reason)

    def lose_worker(self, activity_id: str) -> None:
        self.end(activity_id, "TimedOut", timeoutType="HEARTBEAT")

    def fire(self, timer_id: str) -> None:
        self.clock += 1
        self.run.fire_timer(self.clock, timer_id)

    def signal(self, name: str, value: Any = None) -> None:
        self.run.signal(self.clock, name, json.dumps(value))

    def request_cancel(self) -> None:
        self.run.request_cancel(self.clock)

    # ---- other executions: each of their answers comes when the test says so -----------------------------------------

    def take_outgoing(self) -> None:
        """Note what the last response has for other executions."""
        outgoing, self.run.outgoing = self.run.outgoing, []
        for kind, initiated, *_ in outgoing:
            if kind == CHILD:
                workflow_id = attributes(self.run.events[initiated - 1])["workflowId"]
                assert workflow_id not in self.children, f"{workflow_id} is open already"
                self.children[workflow_id] = OtherExecution(initiated, workflow_id)
            elif kind in (SIGNAL, CANCEL):
                self.sent[initiated] = self.run.events[initiated - 1]["eventType"].removesuffix("Initiated")

    def start_child(self, workflow_id: str) -> None:
        self.clock += 1
        other = self.children[workflow_id]
        asked = attributes(self.run.events[other.initiated - 1])
        other.child = LocalExecution(2, "local", workflow_id, f"run of {workflow_id}")
        other.child.start(self.clock, {key: asked[key] for key in ("workflowType", "taskList")})
        self.run.child_started(self.clock, other.initiated, other.child)

    def refuse_child(self, workflow_id: str, cause: str) -> None:
        """Refuse a child that was initiated."""
        other = self.children.pop(workflow_id)
        asked = attributes(self.run.events[other.initiated - 1])
        kind = "StartChildWorkflowExecution"
        self.run.refused(self.clock, kind, other.initiated, failure(kind, asked, cause, other.initiated))

    def end_child(self, workflow_id: str, how: str = "Completed", **body: Any) -> None:
        """End a child, which starts now if it has not. ``how`` is Completed, Failed, TimedOut, Canceled or Terminated."""
        if self.children[workflow_id].child is None:
            self.start_child(workflow_id)
        other = self.children.pop(workflow_id)
        assert other.child is not None
        self.clock += 1
        self.run.child_ended(self.clock, other.initiated, other.child, how, body)

    def complete_child(self, workflow_id: str, value: Any = None) -> None:
        self.end_child(workflow_id, **({} if value is None else {"result": json.dumps(value)}))

    def deliver(self, initiated: int, cause: str | None = None) -> None:
        """Carry a signal or a request to cancel to its execution, or refuse it for a cause."""
        kind = self.sent.pop(initiated)
        asked = attributes(self.run.events[initiated - 1])
        if cause is not None:
            self.run.refused(self.clock, kind, initiated, failure(kind, asked, cause, initiated))
            return
        is_signal = kind == "SignalExternalWorkflowExecution"
        reached = "ExternalWorkflowExecutionSignaled" if is_signal else "ExternalWorkflowExecutionCancelRequested"
        target = {"workflowId": asked["workflowId"], "runId": asked.get("runId") or "the open one"}
        self.run.reached(self.clock, reached, initiated, target)

    def deliver_all(self) -> None:
        for initiated in list(self.sent):
            self.deliver(initiated)

    # ---- what must always hold --------------------------------------------------------------------------------------

    def check_rebuilt(self) -> None:
        again = rebuilt(LocalExecution(1, "local", "played", self.run.run_id), reloaded(self.run.events))
        assert state_of(again) == state_of(self.run)

    def asks_to_cancel(self, news: list[Event]) -> bool:
        """Whether these events end the run as cancelled, by the rules of random programs; False for other workflows."""
        played = getattr(self.workflow_class, "played", {"refuses_cancel": 1})
        return not played["refuses_cancel"] and any(e["eventType"] == "WorkflowExecutionCancelRequested" for e in news)

    def check_alike(self, one: Execution, other: Execution) -> None:
        """What user code and listings can see of two executions of the run."""
        for name in _SEEN:
            assert getattr(one, name) == getattr(other, name), name
        assert {f.id: f.state for f in one.tasks.values()} == {f.id: f.state for f in other.tasks.values()}
        assert [child.run_id for child in one.started_children] == [child.run_id for child in other.started_children]
        assert [(s.name, [_name(f) for f in s.waits_for]) for s in one.strands] == [
            (s.name, [_name(f) for f in s.waits_for]) for s in other.strands
        ]
        assert (one.finished and one.finished.type) == (other.finished and other.finished.type)
        assert seen_by(one) == seen_by(other)

    def check_laws(self, decisions: list[Decision]) -> None:
        execution = self.cached
        assert execution is not None
        kinds = [one["decisionType"] for one in decisions]
        closing = [kind for kind in kinds if kind in CLOSING]
        assert len(closing) <= 1
        assert not closing or closing[0] == kinds[-1], "what closes the run stands last"
        ours = [one for one in decisions if engine_marker(one)]
        assert ours == decisions[: len(ours)], "the engine's markers stand first"
        assert len(decisions) <= max(self.limits.decisions, len(ours) + 1)
        wakes = [one for one in decisions if attributes_of(one).get("timerId", "").startswith(commands.WAKE)]
        sent = len(decisions) - len(ours) - len(wakes)
        left = len(execution.queue) - sent
        assert [int(attributes_of(one)["control"]) for one in wakes] == ([left] if left else [])
        interpreter = interpreter_of(execution)
        if interpreter is not None:
            check_groups(interpreter.futures)
        if execution.finished is not None:
            assert closing or left or execution.close_waits, "run() is over and nothing closes the execution"
        else:
            self.check_alive(execution)

    def check_alive(self, execution: Execution) -> None:
        """Nothing that could go on is forgotten."""
        assert not execution.due
        assert not execution.refused or execution.backoff_is_open
        assert not execution.roused, "a strand that could go on waits"
        assert not execution.ready_children or execution.is_paced or execution.open_children >= MAX_OPEN_CHILD_COUNT
        assert not execution.is_paced or execution.pace_is_open or execution.open_children >= MAX_OPEN_CHILD_COUNT
        if execution.ready:
            assert execution.open >= execution.open_limit

    def check_end(self) -> None:
        """Every result that the code was given is the one that history has for that very task."""
        execution = self.new()
        events = reloaded(self.run.events)
        try:
            execution.advance(events)
        except StaleCache:
            pass  # the history was left without an open decision task
        results: dict[str, tuple[str, str | None]] = {}
        ids: dict[int, str] = {}
        for event in events:
            kind, a = event["eventType"], attributes(event)
            if kind == "ActivityTaskScheduled":
                ids[event["eventId"]] = a["activityId"]
            elif kind == "StartChildWorkflowExecutionInitiated":
                ids[event["eventId"]] = a["workflowId"]
            elif kind.startswith("ChildWorkflowExecution") and kind != "ChildWorkflowExecutionStarted":
                results[ids[a["initiatedEventId"]]] = kind[22:], a.get("result")
            elif kind.startswith("ActivityTask") and kind[12:] in ("Completed", "Failed", "TimedOut", "Canceled"):
                results[ids[a["scheduledEventId"]]] = kind[12:], a.get("result")
            assert a.get("cause") not in ("ACTIVITY_ID_ALREADY_IN_USE", "TIMER_ID_ALREADY_IN_USE"), event
        for future in execution.tasks.values():
            if future.type not in ("ScheduleActivityTask", "StartChildWorkflowExecution"):
                continue
            how, text = results.get(future.key, ("", None))
            if future.state == "FINISHED" and future.error is None:
                value = execution.decoded(future)
                assert how == "Completed", future
                assert value == (json.loads(text) if text else None), future
            elif how == "Completed":
                raise AssertionError(f"{future} has a result in history")
        self.kill(execution)


_SEEN = (
    *("next_id", "now", "open", "open_limit", "patches", "counters", "log_lines", "split", "wakes", "backoffs"),
    *("open_children", "is_paced", "pace_is_open", "pace_streak", "paces", "allowance", "cancel_order", "completed", "failed"),
)


def interpreter_of(execution: Execution) -> Any:
    """The interpreter of a random program, None if it has not begun, or for other workflows."""
    return getattr(getattr(execution.program, "workflow", None), "interpreter", None)


def seen_by(execution: Execution) -> Any:
    """What the code of a random program has seen so far."""
    interpreter = interpreter_of(execution)
    if interpreter is None:
        return None
    return interpreter.accumulator, [(future.id, future.state) for future in interpreter.futures]


def _name(waited: Any) -> str:
    """What a strand waits for, in a form that can be compared between executions."""
    return getattr(waited, "id", type(waited).__name__)


def engine_marker(decision: Decision) -> bool:
    name: str = attributes_of(decision).get("markerName", "") if decision["decisionType"] == "RecordMarker" else ""
    return name in (commands.ENGINE, commands.MISSING, commands.FORWARDED) or name.startswith(commands.PATCH)
