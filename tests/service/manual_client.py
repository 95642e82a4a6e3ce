"""A client of the service driven by hand: what a decider, a worker and an operator do, one call at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simpleflow_nb.local.clock import VirtualClock
from simpleflow_nb.local.service import DOMAIN, LocalService

from .conformance import Conforming, history_problems

Event = dict[str, Any]
Decision = dict[str, Any]

FLOW = {"name": "flow", "version": "1"}
TASK = {"name": "task", "version": "1"}
_PATIENCE_SECONDS = 300


class StillClock(VirtualClock):
    """A clock that stands still until it is moved, however long the test takes."""

    def __init__(self, start: float | None = None) -> None:
        super().__init__(start)
        self._moment = float(int(super().now()))  # in whole seconds: events round to milliseconds

    def now(self) -> float:
        return self._moment

    def jump_to(self, moment: float) -> None:
        self._moment = max(self._moment, moment)


class ManualClient:
    """A client of one domain of a service in which time passes only when :meth:`pass_time` is called."""

    def __init__(self, service: LocalService | None = None, **options: Any) -> None:
        if service is None:
            options.setdefault("poll_seconds", 0)
            service = LocalService(clock=StillClock(), **options)
        self.local = service
        self.swf: Any = Conforming(service)
        if ("flow", "1") not in service.home.types["workflow"]:
            self.swf.register_workflow_type(
                domain=DOMAIN,
                **FLOW,
                defaultTaskList={"name": "flows"},
                defaultTaskStartToCloseTimeout="60",
                defaultExecutionStartToCloseTimeout="86400",
                defaultChildPolicy="TERMINATE",
            )
            self.swf.register_activity_type(domain=DOMAIN, **TASK)

    def close(self) -> None:
        self.local.close()

    # ---- people --------------------------------------------------------------------------------------------------------------

    def start(self, workflow_id: str = "run", **options: Any) -> str:
        answer = self.swf.start_workflow_execution(
            **{"domain": DOMAIN, "workflowId": workflow_id, "workflowType": FLOW, **options}
        )
        run_id: str = answer["runId"]
        return run_id

    def signal(self, name: str, workflow_id: str = "run", **options: Any) -> None:
        self.swf.signal_workflow_execution(domain=DOMAIN, workflowId=workflow_id, signalName=name, **options)

    def terminate(self, workflow_id: str = "run", **options: Any) -> None:
        self.swf.terminate_workflow_execution(domain=DOMAIN, workflowId=workflow_id, **options)

    def describe(self, run_id: str, workflow_id: str = "run") -> dict[str, Any]:
        answer: dict[str, Any] = self.swf.describe_workflow_execution(
            domain=DOMAIN, execution={"workflowId": workflow_id, "runId": run_id}
        )
        return answer

    def events(self, workflow_id: str = "run", run_id: str | None = None) -> list[Event]:
        """The whole history, held against the service model."""
        number = self.local.numbers[workflow_id, run_id] if run_id else self.local.home.latest_by_id[workflow_id]
        execution = self.local.infos[number]["execution"]
        found: list[Event] = []
        request: dict[str, Any] = {"domain": DOMAIN, "execution": execution}
        while True:
            page = self.swf.get_workflow_execution_history(**request)
            found += page["events"]
            if "nextPageToken" not in page:
                break
            request["nextPageToken"] = page["nextPageToken"]
        assert history_problems(found) == []
        return found

    def types(self, workflow_id: str = "run", run_id: str | None = None) -> list[str]:
        return [event["eventType"] for event in self.events(workflow_id, run_id)]

    def last(self, workflow_id: str = "run", run_id: str | None = None) -> dict[str, Any]:
        """The attributes of the last event."""
        return attributes(self.events(workflow_id, run_id)[-1])

    # ---- deciders ------------------------------------------------------------------------------------------------------------

    def decision_task(self, task_list: str = "flows", **options: Any) -> dict[str, Any]:
        """The next decision task; without a ``taskToken`` when there is none."""
        task: dict[str, Any] = self.swf.poll_for_decision_task(domain=DOMAIN, taskList={"name": task_list}, **options)
        return task

    def respond(self, task: dict[str, Any], *decisions: Decision, **options: Any) -> None:
        self.swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=list(decisions), **options)

    def decide(self, *decisions: Decision, task_list: str = "flows", **options: Any) -> None:
        """Take the decision task that is there and answer it."""
        self.respond(self.decision_task(task_list), *decisions, **options)

    # ---- workers -------------------------------------------------------------------------------------------------------------

    def activity_task(self, task_list: str = "work") -> dict[str, Any]:
        task: dict[str, Any] = self.swf.poll_for_activity_task(domain=DOMAIN, taskList={"name": task_list})
        return task

    def finish(self, result: str | None = None, task_list: str = "work") -> None:
        task = self.activity_task(task_list)
        self.swf.respond_activity_task_completed(taskToken=task["taskToken"], **({} if result is None else {"result": result}))

    # ---- time ----------------------------------------------------------------------------------------------------------------

    def pass_time(self, seconds: float) -> None:
        """Let that much time pass; all that is due by then has been carried out when this returns."""
        self.local.advance(self.local.clock.now() + seconds)

    def the(self, kind: str, workflow_id: str = "run", run_id: str | None = None, count: int = 1) -> Event:
        """The last event of that type, of which there are ``count`` by now."""
        found = [event for event in self.events(workflow_id, run_id) if event["eventType"] == kind]
        assert len(found) == count, f"{len(found)} {kind}, not {count}, in {self.types(workflow_id, run_id)}"
        return found[-1]

    def wait_for(self, kind: str, workflow_id: str = "run", run_id: str | None = None, count: int = 1) -> Event:
        """The event of that type, once others have brought about ``count`` of them. What time brings about is there already."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            found = [event for event in self.events(workflow_id, run_id) if event["eventType"] == kind]
            if len(found) >= count:
                return found[-1]
            assert time.monotonic() < until, f"no {kind} in {self.types(workflow_id, run_id)}"
            time.sleep(0.002)


def opened(path: Path, **options: Any) -> ManualClient:
    """A client of a service of its own whose journal is that file; what was due when it opened has been carried out."""
    client = ManualClient(LocalService.open(path, **{"poll_seconds": 0, "clock": StillClock(), **options}))
    client.pass_time(0)
    return client


def in_thread(call: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """The thread that makes the call, and a list that will hold its answer."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call()), daemon=True)
    thread.start()
    return thread, found


def attributes(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = next(value for key, value in event.items() if key.endswith("EventAttributes"))
    return found


def _decision(kind: str, **body: Any) -> Decision:
    return {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": body}


def schedule(activity_id: str, **options: Any) -> Decision:
    """No timeouts unless given, on the list ``work``."""
    timeouts = ("scheduleToStartTimeout", "scheduleToCloseTimeout", "startToCloseTimeout", "heartbeatTimeout")
    body = {"activityId": activity_id, "activityType": TASK, "taskList": {"name": "work"}, **dict.fromkeys(timeouts, "NONE")}
    return _decision("ScheduleActivityTask", **body | options)


def request_cancel(activity_id: str) -> Decision:
    return _decision("RequestCancelActivityTask", activityId=activity_id)


def start_timer(timer_id: str, seconds: int | str) -> Decision:
    return _decision("StartTimer", timerId=timer_id, startToFireTimeout=str(seconds))


def cancel_timer(timer_id: str) -> Decision:
    return _decision("CancelTimer", timerId=timer_id)


def marker(name: str, **body: Any) -> Decision:
    return _decision("RecordMarker", markerName=name, **body)


def complete(**body: Any) -> Decision:
    return _decision("CompleteWorkflowExecution", **body)


def fail(**body: Any) -> Decision:
    return _decision("FailWorkflowExecution", **body)


def cancel(**body: Any) -> Decision:
    return _decision("CancelWorkflowExecution", **body)


def continue_as_new(**body: Any) -> Decision:
    return _decision("ContinueAsNewWorkflowExecution", **body)


def start_child(workflow_id: str, **body: Any) -> Decision:
    return _decision("StartChildWorkflowExecution", **{"workflowId": workflow_id, "workflowType": FLOW, **body})


def signal_external(workflow_id: str, name: str, **body: Any) -> Decision:
    return _decision("SignalExternalWorkflowExecution", workflowId=workflow_id, signalName=name, **body)


def request_cancel_external(workflow_id: str, **body: Any) -> Decision:
    return _decision("RequestCancelExternalWorkflowExecution", workflowId=workflow_id, **body)


def schedule_lambda(function_id: str, **body: Any) -> Decision:
    return _decision("ScheduleLambdaFunction", **{"id": function_id, "name": "function", **body})
