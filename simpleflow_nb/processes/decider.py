"""The decider: takes decision tasks, replays what it does not remember, answers with decisions."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .. import activity as activities
from .. import constants, payload
from ..exceptions import DefinitionError, ReplayError, ServiceError, StaleCache
from ..masking import masked
from ..replay import Execution, commands
from ..replay.decisions import Decision
from ..replay.events import HistoryEvent
from ..replay.suspension import failure_attributes
from ..service_faults import ALREADY_REGISTERED, UNKNOWN_RESOURCE, fault_code, is_passing, is_refused, refusal
from ..swf_service import DecisionTask, SwfService
from ..workflow import Workflow, program
from .execution_cache import CachedExecution, ExecutionCache
from .execution_context import execution_context, last_context, parked_context
from .log_context import logged_as
from .payload_directory import MemoryPayloads, Payloads, keep_long_texts
from .workflow_classes import WorkflowClasses

logger = logging.getLogger(__name__)

Task = DecisionTask

CACHED_EVENTS = 400_000  #: an execution counts as 40 events more than it has
_LONGEST_PARK_SECONDS = 3_600
_CLOSING = {
    "CompleteWorkflowExecution",
    "FailWorkflowExecution",
    "CancelWorkflowExecution",
    "ContinueAsNewWorkflowExecution",
}


@contextmanager
def _refused_as(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if not is_refused(error):
            raise
        raise refusal(what, error) from error


class Parked:
    """An execution that could not be decided, and why."""

    def __init__(self, workflow_id: str, run_id: str, error: BaseException, wait_seconds: int) -> None:
        self.workflow_id, self.run_id, self.error, self.wait_seconds = workflow_id, run_id, error, wait_seconds


class Decider:
    """One thread that decides. It must be the only one to touch the executions it keeps: call everything from it.

    Args:
        service: anything with boto3's SWF calls.
        workflows: the classes that are decided, found by type name and version, and no other; when none is given, each by
            the class that the execution's input names.
        activity_task_list: overrides the task lists of all activities.
        on_parked: told of each execution that could not be decided.

    Raises:
        DefinitionError: two workflows have one type name and version.
    """

    def __init__(
        self,
        service: SwfService,
        domain: str,
        task_list: str,
        workflows: Iterable[type[Workflow]] = (),
        *,
        payloads: Payloads | None = None,
        activity_task_list: str | None = None,
        cached_events: int = CACHED_EVENTS,
        on_parked: Callable[[Parked], None] | None = None,
    ) -> None:
        self.service, self.domain, self.task_list = service, domain, task_list
        self.workflows = WorkflowClasses(workflows)
        self.payloads = payloads or MemoryPayloads()
        self.activity_task_list, self.cached_events, self.on_parked = activity_task_list, cached_events, on_parked
        self.identity = json.dumps({"hostname": socket.gethostname(), "pid": os.getpid()})
        self.cache = ExecutionCache()
        self._registered: set[tuple[str, str]] = set()
        self.sticky_list: str | None = None
        self._sticky_seconds = 0
        self.decisions = self.replays = self.events_read = 0

    def register_types(self) -> None:
        """Register the workflows given and every activity that this process knows, so that no decision fails for it.

        Raises:
            DefinitionError: the service refuses one of them, for its name, a timeout or the like, or a version is no text.
        """
        for cls in self.workflows:
            if not isinstance(cls.version, str):
                raise DefinitionError(f"{cls.class_path()}: version is {cls.version!r}; write a text, {str(cls.version)!r}")
            with _refused_as(f"workflow type {cls.type_name()!r} (version {cls.version!r})"):
                self._register(
                    self.service.register_workflow_type,
                    name=cls.type_name(),
                    version=cls.version,
                    defaultTaskList={"name": cls.task_list or self.task_list},
                    defaultChildPolicy=cls.child_policy,
                    defaultTaskStartToCloseTimeout=str(cls.decision_tasks_timeout or constants.DEFAULT_DECISION_SECONDS),
                    defaultExecutionStartToCloseTimeout=str(cls.execution_timeout or constants.DEFAULT_RUN_SECONDS),
                )
        for known in activities.all_registered():
            with _refused_as(f"activity type {known.name!r} (version {known.version!r})"):
                self._register_activity(known.decision_attributes)

    def _register_activity(self, attributes: Mapping[str, Any]) -> None:
        kind = attributes["activityType"]
        timeouts = ("heartbeatTimeout", "scheduleToCloseTimeout", "scheduleToStartTimeout", "startToCloseTimeout")
        defaults = {f"defaultTask{name[0].upper()}{name[1:]}": attributes[name] for name in timeouts if name in attributes}
        self._register(self.service.register_activity_type, name=kind["name"], version=kind["version"], **defaults)
        self._registered.add((kind["name"], kind["version"]))

    def _register(self, call: Callable[..., Any], **body: Any) -> None:
        try:
            call(domain=self.domain, **body)
        except Exception as error:
            if fault_code(error) not in ALREADY_REGISTERED:
                raise

    def keep_on(self, sticky_list: str | None, seconds: int = 0) -> None:
        """Ask for the next task of each run that is decided here on a list of one's own; None stops asking.

        A task that nobody takes from there within that time goes to the run's own list again.
        """
        self.sticky_list, self._sticky_seconds = sticky_list, seconds

    def run(self, stop: threading.Event) -> None:
        """Poll and decide until told to stop; then drop what is cached.

        Raises:
            ServiceError: the service cannot be used any more.
        """
        try:
            while not stop.is_set():
                task = self.poll()
                if task is not None:
                    execution = task["workflowExecution"]
                    with logged_as(workflow_id=execution["workflowId"], run_id=execution["runId"]):
                        self.decide(task)
        finally:
            self.cache.evict_all()

    def poll(self) -> Task | None:
        task: Task = self.service.poll_for_decision_task(
            domain=self.domain,
            taskList={"name": self.task_list},
            identity=self.identity,
            startAtPreviousStartedEvent=True,
        )
        return task if task.get("taskToken") else None

    def decide(self, task: Task, task_list: str | None = None, *, whole: bool = False) -> None:
        """Answer one decision task: with decisions, or, when it cannot be decided, by parking the execution.

        ``task_list`` is where the task came from, when that is not the decider's own; ``whole`` says that it was polled
        with the whole history and not only with what is new. What was not delivered is forgotten
        here; the service asks again when the task has timed out.

        Raises:
            ServiceError: the service cannot be used any more.
            Exception: a call that failed, see :func:`.faults.is_passing`.
        """
        run_id = task["workflowExecution"]["runId"]
        try:
            cached, decisions = self._decisions(task, task_list or self.task_list, whole)
        except (ServiceError, KeyboardInterrupt, MemoryError):
            raise
        except Exception as error:
            if is_passing(error):  # the history could not be read
                self.cache.evict(run_id)
                raise
            if fault_code(error):  # the service refused to hand out the history: the task is over
                logger.info("%s: no decision: %s", task["workflowExecution"]["workflowId"], error)
                return
            self._park(task, error)
            return
        self.decisions += 1
        logger.info("%d decisions at event %d", len(decisions), task["startedEventId"])
        extra: dict[str, Any] = {}
        if self.sticky_list is not None:
            extra["taskList"] = {"name": self.sticky_list}
            extra["taskListScheduleToStartTimeout"] = str(self._sticky_seconds)
        context = execution_context(cached.execution)
        if context != cached.context:
            cached.context = context
            extra["executionContext"] = context
        try:
            for one in decisions:
                if one["decisionType"] == "ScheduleActivityTask":
                    attributes = one["scheduleActivityTaskDecisionAttributes"]
                    kind = attributes["activityType"]
                    if (kind["name"], kind["version"]) not in self._registered:
                        self._register_activity(attributes)
                elif one["decisionType"] == "FailWorkflowExecution":
                    assert cached.execution.error is not None
                    one["failWorkflowExecutionDecisionAttributes"] = failure_attributes(cached.execution.error, masked)
            keep_long_texts(decisions, self.payloads)
            self.service.respond_decision_task_completed(taskToken=task["taskToken"], decisions=decisions, **extra)
        except Exception as error:
            self.cache.evict(run_id)
            if is_refused(error):  # it would be refused again, and the task come again, until somebody looks into it
                self._park(task, error)
                return
            if fault_code(error) != UNKNOWN_RESOURCE:
                raise
            logger.info("%s: the decision came too late: %s", task["workflowExecution"]["workflowId"], error)
            return
        if "taskList" in extra and cached.execution.finished is None:
            cached.answered_sticky = task["startedEventId"]
        if decisions and decisions[-1]["decisionType"] in _CLOSING:
            self.cache.evict(run_id)  # a close that is refused is rare: the whole history is read again
        self.cache.shrink(self.cached_events)

    # ---- replaying -----------------------------------------------------------------------------------------------------------

    def _decisions(self, task: Task, task_list: str, whole: bool) -> tuple[CachedExecution, list[Decision]]:
        run_id = task["workflowExecution"]["runId"]
        cached = self.cache.get(run_id)
        events = self._pages(task, task_list, whole)
        if cached is not None:
            self._look_for_sticky(cached, events)
            try:
                decisions = cached.execution.advance(events)
            except StaleCache:
                self.cache.evict(run_id)
            except ReplayError as error:  # what was remembered may be at fault: the whole history says
                logger.debug("%s: replaying all after %s", run_id, error)
                self.cache.evict(run_id)
            except BaseException:
                self.cache.evict(run_id)
                raise
            else:
                self.cache.weigh(cached, len(events))
                return cached, decisions
        if events[0]["eventId"] != 1:
            events = self._history(task["workflowExecution"], task["startedEventId"])
        self.replays += 1
        cached = CachedExecution(self._new_execution(task, events), last_context(events))
        try:
            decisions = cached.execution.advance(events)
        except BaseException:
            self.cache.kill(cached.execution)
            raise
        self.cache.put(run_id, cached)
        self.cache.weigh(cached, len(events))
        return cached, decisions

    def _look_for_sticky(self, cached: CachedExecution, events: list[HistoryEvent]) -> None:
        """Histories show whether the service knows sticky lists: the task after such an answer was scheduled on one, or not."""
        started, cached.answered_sticky = cached.answered_sticky, 0
        if not started or self.sticky_list is None:
            return
        for event in events:
            if event["eventType"] == "DecisionTaskScheduled" and event["eventId"] > started:
                name = event["decisionTaskScheduledEventAttributes"]["taskList"]["name"]
                if "~" not in name:
                    logger.info("this service knows no sticky task lists")
                    self.keep_on(None)
                return

    def _pages(self, task: Task, task_list: str, whole: bool) -> list[HistoryEvent]:
        events: list[HistoryEvent] = task["events"]
        token = task.get("nextPageToken")
        while token:
            page = self.service.poll_for_decision_task(
                domain=self.domain,
                taskList={"name": task_list},
                identity=self.identity,
                nextPageToken=token,
                startAtPreviousStartedEvent=not whole,
            )
            events = events + page["events"]
            token = page.get("nextPageToken")
        self.events_read += len(events)
        return events

    def _history(self, execution: Mapping[str, Any], until: int) -> list[HistoryEvent]:
        """The history up to that event, of a decision task; what came after it is not for its decision."""
        events: list[HistoryEvent] = []
        request: dict[str, Any] = {"domain": self.domain, "execution": execution}
        while True:
            page = self.service.get_workflow_execution_history(**request)
            events += page["events"]
            if events[-1]["eventId"] >= until or not page.get("nextPageToken"):
                break
            request["nextPageToken"] = page["nextPageToken"]
        del events[until:]
        self.events_read += len(events)
        return events

    def _new_execution(self, task: Task, events: list[HistoryEvent]) -> Execution:
        cls = self._workflow_class(task, events)
        execution = task["workflowExecution"]
        name = execution["workflowId"]
        return Execution(
            program(cls),
            run_id=execution["runId"],
            workflow_id=name,
            open_activity_limit=cls.max_open_activity_count,
            task_list=self.activity_task_list,
            load=self.payloads.load,
            read_events=lambda until: self._history(execution, until),
            on_log=lambda line: logging.getLogger("simpleflow_nb").info("%s: %s", name, line),
        )

    def _workflow_class(self, task: Task, events: list[HistoryEvent]) -> type[Workflow]:
        """
        Raises:
            WorkflowNotFound: there is none; one sentence says what was tried.
        """

        def named() -> str | None:
            text = events[0].get("workflowExecutionStartedEventAttributes", {}).get("input")
            body = payload.decode(text, self.payloads.load)
            path = body.get("__extra", {}).get("class") if isinstance(body, dict) else None
            return str(path) if path else None

        kind = task["workflowType"]
        return self.workflows.found(kind["name"], kind["version"], named)

    # ---- parking -------------------------------------------------------------------------------------------------------------

    def _park(self, task: Task, error: BaseException) -> None:
        """Say that this execution cannot be decided now: a marker with the reason, first, and a timer to try again."""
        execution = task["workflowExecution"]
        is_whole = task["events"][0]["eventId"] == 1 and not task.get("nextPageToken")
        events = task["events"] if is_whole else self._history(execution, task["startedEventId"])
        parks = sum(
            event["eventType"] == "TimerStarted" and event["timerStartedEventAttributes"]["timerId"].startswith(commands.PARK)
            for event in events
        )
        wait = min(2 ** min(parks, 20), _LONGEST_PARK_SECONDS)
        name = f"{commands.PARK}{parks + 1}"
        reason = masked(f"{type(error).__name__}: {error}")
        level = logging.WARNING if isinstance(error, ReplayError) else logging.ERROR
        unexpected = None if isinstance(error, ReplayError) else error
        logger.log(level, "%s is parked, next try in %d s: %s", execution["workflowId"], wait, reason, exc_info=unexpected)
        try:
            self.service.respond_decision_task_completed(
                taskToken=task["taskToken"],
                decisions=[commands.marker(name, payload.shortened(reason)), commands.timer(name, wait)],
                executionContext=parked_context(reason, wait),
            )
        except Exception as late:
            if fault_code(late) != UNKNOWN_RESOURCE:
                raise
        if self.on_parked is not None:
            self.on_parked(Parked(execution["workflowId"], execution["runId"], error, wait))
