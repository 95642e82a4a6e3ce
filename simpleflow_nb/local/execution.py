"""SWF's rules for one workflow execution: the events that each call appends to its history.

The history is the only state: all else here can be rebuilt from it (:func:`rebuilt`). Nothing in this file knows time, threads
or disks; the service passes the time in, and publishes :attr:`LocalExecution.effects` once they are durable.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..replay.protocol.events import ExecutionIds, HistoryEvent

Effect = tuple[Any, ...]

NEVER = "NONE"

#: Kinds of what an execution has for others: a child to start, a signal, a request to cancel, its end, its next run.
CHILD, SIGNAL, CANCEL, END, CONTINUE = "child", "signal", "cancel", "end", "continue"
_CANCEL_REQUESTED = "WorkflowExecutionCancelRequested"


class AttributeNames(dict[str, str]):
    """The key of the attributes of each event type, computed once."""

    def __missing__(self, kind: str) -> str:
        name = self[kind] = f"{kind[0].lower()}{kind[1:]}EventAttributes"
        return name


ATTRIBUTES = AttributeNames()

CLOSE_STATUS = {
    "WorkflowExecutionCompleted": "COMPLETED",
    "WorkflowExecutionFailed": "FAILED",
    "WorkflowExecutionCanceled": "CANCELED",
    "WorkflowExecutionTerminated": "TERMINATED",
    "WorkflowExecutionContinuedAsNew": "CONTINUED_AS_NEW",
    "WorkflowExecutionTimedOut": "TIMED_OUT",
}


_CHILD_GONE = {
    "StartChildWorkflowExecutionFailed",
    "ChildWorkflowExecutionCompleted",
    "ChildWorkflowExecutionFailed",
    "ChildWorkflowExecutionTimedOut",
    "ChildWorkflowExecutionCanceled",
    "ChildWorkflowExecutionTerminated",
}
_NEWS = {  # of and from other executions
    "WorkflowExecutionSignaled",
    "ExternalWorkflowExecutionSignaled",
    "ExternalWorkflowExecutionCancelRequested",
    "SignalExternalWorkflowExecutionFailed",
    "RequestCancelExternalWorkflowExecutionFailed",
}


class OpenActivity:
    """An activity task that has not ended."""

    __slots__ = ("activity_id", "cancel_requested_event", "details", "last_beat", "scheduled", "started")

    def __init__(self, scheduled: int, activity_id: str) -> None:
        self.scheduled, self.activity_id = scheduled, activity_id
        self.started = 0
        self.cancel_requested_event = 0
        self.last_beat = 0.0
        self.details: str | None = None


class OpenDecision:
    """The decision task that is scheduled or started."""

    __slots__ = ("scheduled", "started", "task_list")

    def __init__(self, scheduled: int, task_list: str) -> None:
        self.scheduled, self.started, self.task_list = scheduled, 0, task_list


class OpenChild:
    """A child that was initiated and has not ended, in its parent."""

    __slots__ = ("started", "workflow_id")

    def __init__(self, workflow_id: str) -> None:
        self.workflow_id, self.started = workflow_id, 0


class LocalExecution:
    """A workflow execution of the local service.

    ``effects`` must become visible once the events are durable: ``("decision", scheduled event id)``,
    ``("activity", scheduled event id)``, ``("deadline", moment, kind, key)``.

    ``outgoing`` must be delivered to other executions before the events are written, in the same transaction:
    ``(CHILD, initiated event id)``, likewise ``SIGNAL`` and ``CANCEL``, ``(END, the children that were open)``,
    ``(CONTINUE, attributes of the next run, its run id)``.
    """

    __slots__ = (
        "activities",
        "cancel_requested",
        "children",
        "close_status",
        "closed_at",
        "context",
        "context_at",
        "decision",
        "domain",
        "effects",
        "events",
        "last_started",
        "number",
        "open_ids",
        "outgoing",
        "previous",
        "run_id",
        "sticky",
        "timers",
        "unseen",
        "workflow_id",
    )

    def __init__(self, number: int, domain: str, workflow_id: str, run_id: str) -> None:
        self.number, self.domain, self.workflow_id, self.run_id = number, domain, workflow_id, run_id
        self.events: list[HistoryEvent] = []
        self.effects: list[Effect] = []
        self.outgoing: list[Effect] = []
        self.activities: dict[int, OpenActivity] = {}
        self.open_ids: dict[str, int] = {}
        self.timers: dict[str, tuple[int, float]] = {}  # timer id -> (TimerStarted event, moment it fires)
        self.children: dict[int, OpenChild] = {}  # by the event that initiated each
        self.decision: OpenDecision | None = None
        self.unseen = False  # events have come since the open decision task was started
        self.previous = 0  # DecisionTaskStarted of the last decision task that was started and completed
        self.last_started = 0  # of the last one that was started, completed or not
        self.sticky: tuple[str, str] | None = None
        self.context: str | None = None
        self.context_at = 0.0
        self.cancel_requested = False
        self.close_status: str | None = None
        self.closed_at = 0.0

    # ---- facts of the start ------------------------------------------------------------------------------------------------

    @property
    def started_attributes(self) -> dict[str, Any]:
        attributes: Any = self.events[0]["workflowExecutionStartedEventAttributes"]
        found: dict[str, Any] = attributes
        return found

    @property
    def ids(self) -> ExecutionIds:
        """``workflowId`` and ``runId``, as events have them."""
        return {"workflowId": self.workflow_id, "runId": self.run_id}

    @property
    def started_at(self) -> float:
        moment: float = self.events[0]["eventTimestamp"]
        return moment

    # ---- events --------------------------------------------------------------------------------------------------------------

    def add(self, now: float, kind: str, attributes: dict[str, Any]) -> int:
        events = self.events
        event_id = len(events) + 1
        event: Any = {"eventId": event_id, "eventTimestamp": now, "eventType": kind, ATTRIBUTES[kind]: attributes}
        events.append(event)
        if kind == _CANCEL_REQUESTED:
            self.cancel_requested = True
        return event_id

    def start(self, now: float, attributes: dict[str, Any]) -> None:
        self.add(now, "WorkflowExecutionStarted", attributes)
        timeout = attributes.get("executionStartToCloseTimeout", NEVER)
        if timeout != NEVER:
            self.effects.append(("deadline", now + int(timeout), "run", 0))
        self.want_decision(now)

    def want_decision(self, now: float) -> None:
        """Schedule a decision task; while one is started, remember to schedule the next when it ends."""
        decision = self.decision
        if decision is None:
            started = self.started_attributes
            task_list, timeout = started["taskList"]["name"], started.get("taskStartToCloseTimeout", NEVER)
            if self.sticky is not None:
                task_list, wait = self.sticky
            attributes = {"taskList": {"name": task_list}, "startToCloseTimeout": timeout}
            if self.sticky is not None and wait != NEVER:
                attributes["scheduleToStartTimeout"] = wait
            if "taskPriority" in started:
                attributes["taskPriority"] = started["taskPriority"]
            event_id = self.add(now, "DecisionTaskScheduled", attributes)
            self.decision = OpenDecision(event_id, task_list)
            self.effects.append(("decision", event_id))
            if self.sticky is not None and wait != NEVER:
                self.effects.append(("deadline", now + int(wait), "decision not started", event_id))
        elif decision.started:
            self.unseen = True

    def start_decision(self, now: float, identity: str | None) -> int:
        decision = self.decision
        assert decision is not None
        attributes: dict[str, Any] = {"scheduledEventId": decision.scheduled}
        if identity:
            attributes["identity"] = identity
        event_id = decision.started = self.last_started = self.add(now, "DecisionTaskStarted", attributes)
        timeout = self.started_attributes.get("taskStartToCloseTimeout", NEVER)
        if timeout != NEVER:
            self.effects.append(("deadline", now + int(timeout), "decision", event_id))
        return event_id

    def time_out_decision(self, now: float, timeout_type: str = "START_TO_CLOSE") -> None:
        """End the decision task without a decision; the next one goes to the execution's own list again."""
        decision = self.decision
        assert decision is not None
        self.add(
            now,
            "DecisionTaskTimedOut",
            {"scheduledEventId": decision.scheduled, "startedEventId": decision.started, "timeoutType": timeout_type},
        )
        self.decision, self.unseen, self.sticky = None, False, None
        self.want_decision(now)

    def start_activity(self, now: float, scheduled: int, identity: str | None) -> int:
        activity = self.activities[scheduled]
        attributes: dict[str, Any] = {"scheduledEventId": scheduled}
        if identity:
            attributes["identity"] = identity
        activity.started = self.add(now, "ActivityTaskStarted", attributes)
        activity.last_beat = now
        asked: Any = self.events[scheduled - 1]["activityTaskScheduledEventAttributes"]
        for name, kind in (("startToCloseTimeout", "START_TO_CLOSE"), ("heartbeatTimeout", "HEARTBEAT")):
            timeout = asked.get(name, NEVER)
            if timeout != NEVER and timeout != "0":
                self.effects.append(("deadline", now + int(timeout), kind, scheduled))
        return activity.started

    def end_activity(self, now: float, scheduled: int, how: str, attributes: dict[str, Any], quiet: bool = False) -> None:
        """End a task. ``how`` is Completed, Failed, Canceled or TimedOut; with ``quiet`` the caller schedules the decision."""
        activity = self.activities.pop(scheduled)
        del self.open_ids[activity.activity_id]
        ids = {"scheduledEventId": scheduled, "startedEventId": activity.started}
        self.add(now, "ActivityTask" + how, ids | attributes)
        if not quiet:
            self.want_decision(now)

    def time_out_activity(self, now: float, scheduled: int, timeout_type: str, details: str | None = None) -> None:
        kept = details if details is not None else self.activities[scheduled].details
        attributes = {"timeoutType": timeout_type} | ({"details": kept} if kept is not None else {})
        self.end_activity(now, scheduled, "TimedOut", attributes)

    def fire_timer(self, now: float, timer_id: str) -> None:
        started, _ = self.timers.pop(timer_id)
        self.add(now, "TimerFired", {"timerId": timer_id, "startedEventId": started})
        self.want_decision(now)

    def signal(self, now: float, name: str, text: str | None, source: LocalExecution | None = None, initiated: int = 0) -> None:
        """Record a signal; of the execution that sent it, if one did, ``initiated`` is the event that says so."""
        attributes: dict[str, Any] = {"signalName": name} | ({"input": text} if text is not None else {})
        if source is not None:
            attributes |= {"externalWorkflowExecution": source.ids, "externalInitiatedEventId": initiated}
        self.add(now, "WorkflowExecutionSignaled", attributes)
        self.want_decision(now)

    def request_cancel(
        self, now: float, source: LocalExecution | None = None, initiated: int = 0, cause: str | None = None
    ) -> None:
        """Record a request to cancel; ``cause`` is given if it was not decided by the ``source``."""
        attributes: dict[str, Any] = {} if cause is None else {"cause": cause}
        if source is not None:
            attributes |= {"externalWorkflowExecution": source.ids, "externalInitiatedEventId": initiated}
        self.add(now, "WorkflowExecutionCancelRequested", attributes)
        self.want_decision(now)

    # ---- answers of other executions -----------------------------------------------------------------------------------------

    def reached(self, now: float, kind: str, initiated: int, target: ExecutionIds) -> None:
        """Record that a signal or a request to cancel has reached another execution."""
        self.add(now, kind, {"workflowExecution": target, "initiatedEventId": initiated})
        self.want_decision(now)

    def refused(self, now: float, kind: str, initiated: int, attributes: dict[str, Any]) -> None:
        """Record that a decision failed after it was initiated."""
        event: Any = self.events[initiated - 1]
        done = event[ATTRIBUTES[event["eventType"]]]["decisionTaskCompletedEventId"]
        self.add(now, kind + "Failed", {**attributes, "decisionTaskCompletedEventId": done})
        self.children.pop(initiated, None)
        self.want_decision(now)

    def child_started(self, now: float, initiated: int, child: LocalExecution) -> None:
        attributes = {"workflowExecution": child.ids, "workflowType": child.started_attributes["workflowType"]}
        event_id = self.add(now, "ChildWorkflowExecutionStarted", {**attributes, "initiatedEventId": initiated})
        self.children[initiated].started = event_id
        self.want_decision(now)

    def child_ended(self, now: float, initiated: int, child: LocalExecution, how: str, attributes: dict[str, Any]) -> None:
        """Record the end of a child. ``how`` is Completed, Failed, TimedOut, Canceled or Terminated."""
        ids = {"initiatedEventId": initiated, "startedEventId": self.children.pop(initiated).started}
        workflow_type = child.started_attributes["workflowType"]
        body = {"workflowExecution": child.ids, "workflowType": workflow_type, **ids, **attributes}
        self.add(now, "ChildWorkflowExecution" + how, body)
        self.want_decision(now)

    # ---- the end -------------------------------------------------------------------------------------------------------------

    def close(self, now: float, kind: str, attributes: dict[str, Any]) -> None:
        """Append the last event; open tasks and timers end with it. Children go on: see ``outgoing``."""
        self.add(now, kind, attributes)
        self.close_status, self.closed_at = CLOSE_STATUS[kind], now
        self.outgoing.append((END, list(self.children.items())))
        self.children.clear()
        self.decision, self.unseen = None, False
        self.activities.clear()
        self.open_ids.clear()
        self.timers.clear()

    def terminate(self, now: float, reason: str | None, details: str | None, policy: str, cause: str) -> None:
        attributes = {"childPolicy": policy, "cause": cause}
        attributes |= {k: v for k, v in (("reason", reason), ("details", details)) if v is not None}
        self.close(now, "WorkflowExecutionTerminated", attributes)


def rebuilt(execution: LocalExecution, events: list[Any]) -> LocalExecution:
    """Rebuild the open tasks, timers and children of an execution from its history alone.

    It has nothing outgoing: that was delivered in the transaction that wrote its events.
    """
    execution.events = events
    activities, open_ids, timers, children = execution.activities, execution.open_ids, execution.timers, execution.children
    decision: OpenDecision | None = None
    seen = False
    for event in events:
        kind = event["eventType"]
        a = event[ATTRIBUTES[kind]]
        if kind == "ActivityTaskScheduled":
            activities[event["eventId"]] = OpenActivity(event["eventId"], a["activityId"])
            open_ids[a["activityId"]] = event["eventId"]
        elif kind == "ActivityTaskStarted":
            activity = activities[a["scheduledEventId"]]
            activity.started, activity.last_beat = event["eventId"], event["eventTimestamp"]
        elif kind in ("ActivityTaskCompleted", "ActivityTaskFailed", "ActivityTaskTimedOut", "ActivityTaskCanceled"):
            del open_ids[activities.pop(a["scheduledEventId"]).activity_id]
            seen = True
        elif kind == "ActivityTaskCancelRequested":
            activities[open_ids[a["activityId"]]].cancel_requested_event = event["eventId"]
        elif kind == "TimerStarted":
            timers[a["timerId"]] = (event["eventId"], event["eventTimestamp"] + int(a["startToFireTimeout"]))
        elif kind == "TimerFired" or kind == "TimerCanceled":
            del timers[a["timerId"]]
            seen = seen or kind == "TimerFired"
        elif kind == "DecisionTaskScheduled":
            decision = OpenDecision(event["eventId"], a["taskList"]["name"])
        elif kind == "DecisionTaskStarted":
            assert decision is not None
            decision.started, execution.last_started, seen = event["eventId"], event["eventId"], False
        elif kind == "DecisionTaskCompleted":
            decision, execution.previous = None, a["startedEventId"]
            execution.sticky = (a["taskList"]["name"], a["taskListScheduleToStartTimeout"]) if "taskList" in a else None
            if "executionContext" in a:
                execution.context, execution.context_at = a["executionContext"] or None, event["eventTimestamp"]
        elif kind == "DecisionTaskTimedOut":
            decision, execution.sticky = None, None
        elif kind == "StartChildWorkflowExecutionInitiated":
            children[event["eventId"]] = OpenChild(a["workflowId"])
        elif kind == "ChildWorkflowExecutionStarted":
            children[a["initiatedEventId"]].started, seen = event["eventId"], True
        elif kind in _CHILD_GONE:
            children.pop(a["initiatedEventId"], None)  # one that failed before it was initiated is not among them
            seen = True
        elif kind in _NEWS or kind == _CANCEL_REQUESTED:
            seen = True
            execution.cancel_requested = execution.cancel_requested or kind == _CANCEL_REQUESTED
        elif kind in CLOSE_STATUS:
            execution.close_status, execution.closed_at = CLOSE_STATUS[kind], event["eventTimestamp"]
            activities.clear()
            open_ids.clear()
            timers.clear()
            children.clear()
            decision = None
    execution.decision = decision
    execution.unseen = bool(decision and decision.started and seen)
    return execution
