"""The local service: SWF's calls, with boto3's names and shapes, answered in this process.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_Operations.html
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..constants import MAX_DATA_CHARACTERS, MAX_HEARTBEAT_DETAILS_CHARACTERS, MAX_PAGE_SIZE, MAX_REASON_CHARACTERS
from ..exceptions import ServiceError
from . import decisions as rules
from .clock import Clock
from .decisions import Quotas
from .faults import Fault, invalid, unknown_resource
from .journal import Journal
from .ownership import Ownership
from .reading import Reading
from .recovery import recover
from .run import OpenActivity, Run
from .task_lists import TaskList

DOMAIN = "local"
_EMPTY_POLL: dict[str, Any] = {"taskToken": "", "startedEventId": 0}


class LocalService(Reading):
    """An SWF of one's own, in memory, or in a journal that survives the process.

    Use it like ``boto3.client("swf")``; refused calls raise :class:`.faults.Fault`, which has ClientError's ``response``.

    Args:
        journal: None keeps everything in memory.
        clock: a :class:`.clock.VirtualClock` skips the waiting, for tests.
        quotas: limits of one execution.
        poll_seconds: how long a poll waits for a task.
        workers_inside: whether deciders and workers live and die with this process. When they do not, the start of a
            task is durable before it is handed out, and tasks that were started stay started across a restart.
    """

    def __init__(
        self,
        journal: Journal | None = None,
        *,
        clock: Clock | None = None,
        quotas: Quotas | None = None,
        poll_seconds: float = 60,
        domain: str = DOMAIN,
        workers_inside: bool = True,
    ) -> None:
        self.poll_seconds, self.workers_inside = poll_seconds, workers_inside
        self.caller = threading.local()  # .is_there: whether the caller of this thread's poll still waits for the answer
        self._ownership: Ownership | None = None
        super().__init__(journal, clock, quotas or Quotas())
        self._load_types(domain)

    @classmethod
    def open(
        cls, path: Path, *, durable: bool = False, before_recovery: Callable[[], None] | None = None, **options: Any
    ) -> LocalService:
        """Own the journal at ``path``, made if need be, and go on with what it holds.

        ``before_recovery`` runs once the journal is owned: the place to end what a former process left running.

        Raises:
            JournalInUse: another process owns it.
            JournalError: it cannot be opened or read.
        """
        path = Path(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ServiceError(f"{path.parent} cannot be created: {error.strerror}") from None
        ownership = Ownership(path)
        try:
            journal = Journal(path, durable=durable)
            try:
                if before_recovery is not None:
                    before_recovery()
                service = cls(journal, **options)
            except BaseException:
                journal.close()
                raise
        except BaseException:
            ownership.release()
            raise
        service._ownership = ownership
        recover(service, workers_are_gone=service.workers_inside)
        return service

    def close(self) -> None:
        """Stop: waiting polls answer with nothing, everything acknowledged is in the journal."""
        super().close()
        if self._ownership is not None:
            self._ownership.release()

    # ---- executions ----------------------------------------------------------------------------------------------------------

    def start_workflow_execution(
        self,
        *,
        domain: str,
        workflowId: str,
        workflowType: dict[str, str],
        taskList: dict[str, str] | None = None,
        taskPriority: str | None = None,
        input: str | None = None,
        executionStartToCloseTimeout: str | None = None,
        tagList: list[str] | None = None,
        taskStartToCloseTimeout: str | None = None,
        childPolicy: str | None = None,
        lambdaRole: str | None = None,
    ) -> dict[str, Any]:
        self._check_domain(domain)
        _check_name("workflowId", workflowId)
        _check_data("input", input)
        if tagList and (len(tagList) > 5 or any(len(tag) > 256 for tag in tagList)):
            raise invalid("tagList: at most 5 tags of at most 256 characters")
        defaults = self._known_type("workflow", workflowType)
        attributes: dict[str, Any] = {"workflowType": dict(workflowType), "parentInitiatedEventId": 0}
        for name, value, default in (
            ("taskList", taskList, "defaultTaskList"),
            ("executionStartToCloseTimeout", executionStartToCloseTimeout, "defaultExecutionStartToCloseTimeout"),
            ("taskStartToCloseTimeout", taskStartToCloseTimeout, "defaultTaskStartToCloseTimeout"),
            ("childPolicy", childPolicy, "defaultChildPolicy"),
        ):
            value = value if value is not None else defaults.get(default)
            if value is None:
                cause = "DEFAULT_" + "".join("_" + c if c.isupper() else c for c in name).upper() + "_UNDEFINED"
                raise Fault("DefaultUndefinedFault", cause)
            attributes[name] = value
        attributes |= {
            k: v for k, v in (("input", input), ("taskPriority", taskPriority), ("lambdaRole", lambdaRole)) if v is not None
        }
        if tagList:
            attributes["tagList"] = list(tagList)
        with self.lock:
            self._check_running()
            if workflowId in self.open_by_id:
                raise Fault("WorkflowExecutionAlreadyStartedFault", f"Already Started: {workflowId}")
            run = self.add_run(workflowId, uuid.uuid4().hex, attributes, self._now())
            self.commit(run)
        return {"runId": run.run_id}

    def signal_workflow_execution(
        self, *, domain: str, workflowId: str, signalName: str, runId: str | None = None, input: str | None = None
    ) -> dict[str, Any]:
        self._check_domain(domain)
        _check_name("signalName", signalName)
        _check_data("input", input)
        with self.lock:
            run = self.open_run(workflowId, runId)
            run.signal(self._now(), signalName, input)
            self.commit(run)
        return {}

    def request_cancel_workflow_execution(self, *, domain: str, workflowId: str, runId: str | None = None) -> dict[str, Any]:
        self._check_domain(domain)
        with self.lock:
            run = self.open_run(workflowId, runId)
            run.request_cancel(self._now())
            self.commit(run)
        return {}

    def terminate_workflow_execution(
        self,
        *,
        domain: str,
        workflowId: str,
        runId: str | None = None,
        reason: str | None = None,
        details: str | None = None,
        childPolicy: str | None = None,
    ) -> dict[str, Any]:
        self._check_domain(domain)
        with self.lock:
            run = self.open_run(workflowId, runId)
            policy = childPolicy or run.started_attributes.get("childPolicy", "TERMINATE")
            run.terminate(self._now(), reason, details, policy, "OPERATOR_INITIATED")
            self.forget_open(run)
            self.commit(run)
        return {}

    # ---- decision tasks ------------------------------------------------------------------------------------------------------

    def poll_for_decision_task(
        self,
        *,
        domain: str,
        taskList: dict[str, str],
        identity: str | None = None,
        nextPageToken: str | None = None,
        maximumPageSize: int | None = None,
        reverseOrder: bool = False,
        startAtPreviousStartedEvent: bool = False,
    ) -> dict[str, Any]:
        self._check_domain(domain)
        size = maximumPageSize or MAX_PAGE_SIZE
        with self.lock:
            if nextPageToken:
                return self._decision_page(nextPageToken, size)
            while True:
                found = self._wait_for_task(self.decision_lists[taskList["name"]])
                if found is None:
                    return dict(_EMPTY_POLL, previousStartedEventId=0)
                run, scheduled = found
                decision = run.decision
                if decision is not None and decision.scheduled == scheduled and not decision.started:
                    break
            before = run.last_started
            started = run.start_decision(self._now(), identity)
            self._note_start(run)
            first = max(before, 1) if startAtPreviousStartedEvent else 1
            return self._decision_answer(run, started, first, size, reverseOrder)

    def _decision_answer(self, run: Run, started: int, first: int, size: int, reverse: bool) -> dict[str, Any]:
        """A page of the events from ``first`` to the one that started the decision task: never what came after it."""
        decision = run.decision
        assert decision is not None
        if reverse:
            top = started if first == 1 else first
            low = max(1, top - size + 1)
            events = run.events[low - 1 : top][::-1]
            following = low - 1 if low > 1 else 0
        else:
            events = run.events[first - 1 : min(started, first - 1 + size)]
            following = first + size if first - 1 + size < started else 0
        answer = {
            "taskToken": f"d{run.number}.{decision.scheduled}.{started}",
            "startedEventId": started,
            "workflowExecution": {"workflowId": run.workflow_id, "runId": run.run_id},
            "workflowType": run.started_attributes["workflowType"],
            "events": events,
            "previousStartedEventId": run.previous,
        }
        if following:
            answer["nextPageToken"] = f"{run.number}.{started}.{following}.{int(reverse)}"
        return answer

    def _decision_page(self, token: str, size: int) -> dict[str, Any]:
        number, started, first, reverse = (int(part) for part in token.split("."))
        run = self.runs.get(number)
        if run is None or run.decision is None or run.decision.started != started:
            raise unknown_resource("the decision task of this page is over")
        return self._decision_answer(run, started, first, size, bool(reverse))

    def respond_decision_task_completed(
        self,
        *,
        taskToken: str,
        decisions: list[dict[str, Any]] | None = None,
        executionContext: str | None = None,
        taskList: dict[str, str] | None = None,
        taskListScheduleToStartTimeout: str | None = None,
    ) -> dict[str, Any]:
        decisions = decisions or []
        rules.check(decisions)
        _check_data("executionContext", executionContext)
        for one in decisions:
            for name, value in rules.attributes_of(one).items():
                if name in _DATA_FIELDS:
                    _check_data(name, value)
        with self.lock:
            run = self._run_of(taskToken, "d")
            scheduled, started = _ids_of(taskToken)
            decision = run.decision
            if decision is None or decision.scheduled != scheduled or decision.started != started:
                raise unknown_resource(f"Unknown decision task, scheduledEventId={scheduled}")
            sticky = (taskList["name"], taskListScheduleToStartTimeout or "NONE") if taskList else None
            now = self._now()
            rules.complete_decision(
                run,
                now,
                decisions,
                context=executionContext,
                sticky=sticky,
                quotas=self.quotas,
                refuse=self._refusal,
            )
            self.forget_open(run)
            runs = [run]
            for effect in [effect for effect in run.effects if effect[0] == "continue"]:
                run.effects.remove(effect)
                attributes = {**effect[1], "continuedExecutionRunId": run.run_id, "parentInitiatedEventId": 0}
                runs.append(self.add_run(run.workflow_id, effect[2], attributes, now))
            self.commit(*runs)
        return {}

    # ---- activity tasks ------------------------------------------------------------------------------------------------------

    def poll_for_activity_task(self, *, domain: str, taskList: dict[str, str], identity: str | None = None) -> dict[str, Any]:
        self._check_domain(domain)
        with self.lock:
            while True:
                found = self._wait_for_task(self.activity_lists[taskList["name"]])
                if found is None:
                    return dict(_EMPTY_POLL)
                run, scheduled = found
                activity = run.activities.get(scheduled)
                if activity is not None and not activity.started:
                    break
            started = run.start_activity(self._now(), scheduled, identity)
            self._note_start(run)
            asked = run.events[scheduled - 1]["activityTaskScheduledEventAttributes"]
            answer = {
                "taskToken": f"a{run.number}.{scheduled}.{started}",
                "activityId": activity.activity_id,
                "startedEventId": started,
                "workflowExecution": {"workflowId": run.workflow_id, "runId": run.run_id},
                "activityType": asked["activityType"],
            }
            if "input" in asked:
                answer["input"] = asked["input"]
            return answer

    def respond_activity_task_completed(self, *, taskToken: str, result: str | None = None) -> dict[str, Any]:
        _check_data("result", result)
        return self._end_activity(taskToken, "Completed", {"result": result})

    def respond_activity_task_failed(
        self, *, taskToken: str, reason: str | None = None, details: str | None = None
    ) -> dict[str, Any]:
        _check_data("reason", reason, MAX_REASON_CHARACTERS)
        _check_data("details", details)
        return self._end_activity(taskToken, "Failed", {"reason": reason, "details": details})

    def respond_activity_task_canceled(self, *, taskToken: str, details: str | None = None) -> dict[str, Any]:
        _check_data("details", details)
        return self._end_activity(taskToken, "Canceled", {"details": details})

    def _end_activity(self, token: str, how: str, attributes: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            run, activity = self._started_activity(token)
            body = {key: value for key, value in attributes.items() if value is not None}
            if how == "Canceled" and activity.cancel_requested_event:
                body["latestCancelRequestedEventId"] = activity.cancel_requested_event
            run.end_activity(self._now(), activity.scheduled, how, body)
            self.commit(run)
        return {}

    def record_activity_task_heartbeat(self, *, taskToken: str, details: str | None = None) -> dict[str, Any]:
        """Also makes the start of the task durable: a worker beats once before it starts a process that could outlive it."""
        _check_data("details", details, MAX_HEARTBEAT_DETAILS_CHARACTERS)
        with self.lock:
            run, activity = self._started_activity(taskToken)
            activity.last_beat = self.clock.now()
            if details is not None:
                activity.details = details
            if run.number in self.dirty:
                self.commit(run)
            return {"cancelRequested": activity.cancel_requested_event > 0}

    def _started_activity(self, token: str) -> tuple[Run, OpenActivity]:
        run = self._run_of(token, "a")
        scheduled, started = _ids_of(token)
        activity = run.activities.get(scheduled)
        if activity is None or activity.started != started:
            raise unknown_resource(f"Unknown activity, scheduledEventId={scheduled}")
        return run, activity

    # ---- shared --------------------------------------------------------------------------------------------------------------

    def _now(self) -> float:
        return round(self.clock.now(), 3)

    def _check_running(self) -> None:
        if self.broken is not None:
            raise ServiceError(str(self.broken)) from self.broken
        if self.stopping:
            raise ServiceError("the local service is stopping")

    def _wait_for_task(self, task_list: TaskList) -> tuple[Run, int] | None:
        """The next task of the list; waits for one. None when the poll's time is over or the service stops."""
        until = time.monotonic() + self.poll_seconds
        while not len(task_list):
            left = until - time.monotonic()
            if self.stopping or left <= 0:
                return None
            if self.broken is not None:
                raise ServiceError(str(self.broken)) from self.broken
            task_list.waiting += 1
            try:
                task_list.ready.wait(left)
            finally:
                task_list.waiting -= 1
                task_list.last_poll = time.monotonic()
        if self.stopping:
            return None
        is_there = getattr(self.caller, "is_there", None)
        if is_there is not None and not is_there():
            task_list.ready.notify()  # somebody else may be waiting for the task that woke this poll
            return None
        return task_list.take()

    def _note_start(self, run: Run) -> None:
        if self.workers_inside:
            self.note(run)
        else:
            self.commit(run)

    def _run_of(self, token: str, kind: str) -> Run:
        if token[:1] != kind:
            raise invalid(f"Invalid token: {token!r:.40}")
        try:
            number = int(token[1 : token.index(".")])
        except ValueError:
            raise invalid(f"Invalid token: {token!r:.40}") from None
        run = self.runs.get(number)
        if run is None or run.close_status is not None:
            raise unknown_resource("the execution of this task is closed")
        return run

    def _refusal(self, attributes: dict[str, Any]) -> str | None:
        activity_type = attributes["activityType"]
        known = self.types["activity"].get((activity_type["name"], activity_type["version"]))
        if known is None:
            return "ACTIVITY_TYPE_DOES_NOT_EXIST"
        return "ACTIVITY_TYPE_DEPRECATED" if known["status"] == "DEPRECATED" else None


_DATA_FIELDS = frozenset({"input", "result", "details", "control"})


def _ids_of(token: str) -> tuple[int, int]:
    _, scheduled, started = token.split(".")
    return int(scheduled), int(started)


def _check_data(name: str, text: str | None, limit: int = MAX_DATA_CHARACTERS) -> None:
    if text is not None and len(text) > limit:
        raise invalid(f"Value at '{name}' failed to satisfy constraint: Member must have length less than or equal to {limit}")


def _check_name(name: str, text: str) -> None:
    # https://docs.aws.amazon.com/amazonswf/latest/apireference/API_StartWorkflowExecution.html (workflowId)
    if not 0 < len(text) <= 256 or text == "arn" or any(c in ":/|" or ord(c) < 32 or 127 <= ord(c) < 160 for c in text):
        raise invalid(f"Value at '{name}' is not a name: 1 to 256 characters, no ':', '/', '|' or controls, not 'arn'")
