"""Effects of executions on each other: children and parents, signals and requests to cancel, the next run.

One call may change several executions. All of them change under one hold of the lock, before :meth:`.store.Store.commit` has
collected what to write, so they are written in one transaction and become visible together: no crash can part them.

https://docs.aws.amazon.com/amazonswf/latest/developerguide/swf-dev-adv-child-workflows.html
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable
from typing import Any

from .deciding import failure
from .execution import ATTRIBUTES, CANCEL, CHILD, CONTINUE, END, SIGNAL, LocalExecution, OpenChild
from .store import Store

_TERMINATE, _REQUEST_CANCEL = "TERMINATE", "REQUEST_CANCEL"
_APPLIED = "CHILD_POLICY_APPLIED"

#: Last event of a child -> the end of the parent's event about it, and the members that it repeats.
_ENDS = {
    "WorkflowExecutionCompleted": ("Completed", ("result",)),
    "WorkflowExecutionFailed": ("Failed", ("reason", "details")),
    "WorkflowExecutionTimedOut": ("TimedOut", ("timeoutType",)),
    "WorkflowExecutionCanceled": ("Canceled", ("details",)),
    "WorkflowExecutionTerminated": ("Terminated", ()),
}
#: Members of the event that initiates a child, which the event of its start repeats.
_STARTED = (
    "workflowType",
    "input",
    "executionStartToCloseTimeout",
    "taskList",
    "taskPriority",
    "taskStartToCloseTimeout",
    "childPolicy",
    "tagList",
    "lambdaRole",
)


class Relations(Store):
    """Delivery of what executions have for others."""

    def settle(self, execution: LocalExecution) -> None:
        """End an execution that is too long, deliver what it has for others, and so on with those that this changes."""
        waiting = deque([execution])
        while waiting:
            one = waiting.popleft()
            self.dirty[one.number] = one
            if len(one.events) > self.quotas.history_events and one.close_status is None:
                policy = one.started_attributes.get("childPolicy", _TERMINATE)
                one.terminate(self.clock.timestamp(), None, None, policy, "EVENT_LIMIT_EXCEEDED")
            outgoing, one.outgoing = one.outgoing, []
            for kind, *parts in outgoing:
                waiting.extend(_DELIVERIES[kind](self, one, _last_moment(one), *parts))

    # ---- decisions of the source: each returns the executions that have changed ---------------------------------------------

    def _start_child(self, parent: LocalExecution, now: float, initiated: int) -> list[LocalExecution]:
        """Start a child; a parent that has closed by now is not told."""
        asked = _initiated(parent, initiated)
        if asked["workflowId"] in self.domains[parent.domain].open_by_id:
            return self._refuse(parent, now, "StartChildWorkflowExecution", initiated, "WORKFLOW_ALREADY_RUNNING")
        attributes = {name: asked[name] for name in _STARTED if name in asked}
        attributes |= {"parentWorkflowExecution": parent.ids, "parentInitiatedEventId": initiated}
        child = self.add_execution(parent.domain, asked["workflowId"], uuid.uuid4().hex, attributes, now)
        if parent.close_status is None:
            parent.child_started(now, initiated, child)
        return [parent, child]

    def _signal(self, source: LocalExecution, now: float, initiated: int) -> list[LocalExecution]:
        asked = _initiated(source, initiated)
        target = self._target(source, asked)
        if target is None:
            kind = "SignalExternalWorkflowExecution"
            return self._refuse(source, now, kind, initiated, "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION")
        target.signal(now, asked["signalName"], asked.get("input"), source, initiated)
        if source.close_status is None:
            source.reached(now, "ExternalWorkflowExecutionSignaled", initiated, target.ids)
        return [source, target]

    def _request_cancel(self, source: LocalExecution, now: float, initiated: int) -> list[LocalExecution]:
        target = self._target(source, _initiated(source, initiated))
        if target is None:
            kind = "RequestCancelExternalWorkflowExecution"
            return self._refuse(source, now, kind, initiated, "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION")
        target.request_cancel(now, source, initiated)
        if source.close_status is None:
            source.reached(now, "ExternalWorkflowExecutionCancelRequested", initiated, target.ids)
        return [source, target]

    def _target(self, source: LocalExecution, asked: dict[str, Any]) -> LocalExecution | None:
        """Return the open execution of the same domain that is meant; without a run id, whichever is open."""
        found = self.domains[source.domain].open_by_id.get(asked["workflowId"])
        if found is None or found.close_status is not None:  # the response that sends it may have closed its own target
            return None
        return found if asked.get("runId") in (None, "", found.run_id) else None

    def _refuse(self, source: LocalExecution, now: float, kind: str, initiated: int, cause: str) -> list[LocalExecution]:
        if source.close_status is None:
            source.refused(now, kind, initiated, failure(kind, _initiated(source, initiated), cause, initiated))
        return [source]

    # ---- ends ----------------------------------------------------------------------------------------------------------------

    def _end(self, execution: LocalExecution, now: float, children: list[tuple[int, OpenChild]]) -> list[LocalExecution]:
        """Free the workflow id, tell the parent, and apply the child policy after a termination or a timeout."""
        self.forget_open(execution)
        last = execution.events[-1]
        kind = last["eventType"]
        attributes: Any = last[ATTRIBUTES[kind]]  # type: ignore[literal-required]
        changed = self._tell_parent(execution, now, kind, attributes)
        if kind in ("WorkflowExecutionTerminated", "WorkflowExecutionTimedOut"):
            for initiated, child in children:
                changed += self._apply_policy(execution, now, initiated, child, attributes["childPolicy"])
        return changed

    def _tell_parent(self, child: LocalExecution, now: float, kind: str, attributes: dict[str, Any]) -> list[LocalExecution]:
        """Tell the parent of the end of its child. A child that goes on in another run has not ended."""
        started = child.started_attributes
        ids, initiated = started.get("parentWorkflowExecution"), started.get("parentInitiatedEventId", 0)
        if not ids or kind not in _ENDS:
            return []
        parent = self.domains[child.domain].open_by_id.get(ids["workflowId"])
        if parent is None or parent.run_id != ids["runId"] or initiated not in parent.children:
            return []
        how, names = _ENDS[kind]
        parent.child_ended(now, initiated, child, how, {name: attributes[name] for name in names if name in attributes})
        return [parent]

    def _apply_policy(
        self, parent: LocalExecution, now: float, initiated: int, child: OpenChild, policy: str
    ) -> list[LocalExecution]:
        """Terminate a child, or request that it be cancelled; its run may be a later one than the parent started."""
        found = self.domains[parent.domain].open_by_id.get(child.workflow_id)
        if found is None:
            return []
        started = found.started_attributes
        if started.get("parentWorkflowExecution") != parent.ids or started.get("parentInitiatedEventId", 0) != initiated:
            return []  # an execution that took the id of a child which was never started
        if policy == _TERMINATE:
            found.terminate(now, None, None, started["childPolicy"], _APPLIED)
        elif policy == _REQUEST_CANCEL:
            found.request_cancel(now, parent, cause=_APPLIED)
        return [found]

    def _continue(self, former: LocalExecution, now: float, attributes: dict[str, Any], run_id: str) -> list[LocalExecution]:
        """Start the next run. The next run of a child is the same child to its parent."""
        started = former.started_attributes
        attributes = {**attributes, "continuedExecutionRunId": former.run_id}
        attributes["parentInitiatedEventId"] = started.get("parentInitiatedEventId", 0)
        if "parentWorkflowExecution" in started:
            attributes["parentWorkflowExecution"] = started["parentWorkflowExecution"]
        return [self.add_execution(former.domain, former.workflow_id, run_id, attributes, now)]


_DELIVERIES: dict[str, Callable[..., list[LocalExecution]]] = {
    CHILD: Relations._start_child,
    SIGNAL: Relations._signal,
    CANCEL: Relations._request_cancel,
    END: Relations._end,
    CONTINUE: Relations._continue,
}


def _initiated(source: LocalExecution, initiated: int) -> dict[str, Any]:
    """Return the attributes of the event in which a decision was initiated."""
    event: Any = source.events[initiated - 1]
    found: dict[str, Any] = event[ATTRIBUTES[event["eventType"]]]
    return found


def _last_moment(execution: LocalExecution) -> float:
    return execution.events[-1]["eventTimestamp"]
