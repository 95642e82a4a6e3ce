"""The decider: polls decision tasks, replays executions that are not cached, responds with decisions."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .. import constants, payload
from ..exceptions import ReplayError, ServiceError, StaleCache
from ..masking import masked
from ..program import program
from ..replay import Execution
from ..replay.calls import commands
from ..replay.protocol.decisions import Decision
from ..replay.protocol.events import HistoryEvent
from ..replay.suspended_code.suspension import failure_attributes
from ..service_faults import UNKNOWN_RESOURCE, fault_code, is_passing, is_refused
from ..swf_service import DecisionTask, SwfService
from ..updates import mask_failure
from ..workflow import Workflow
from .execution_cache import CachedExecution, ExecutionCache
from .execution_context import execution_context, last_context, parked_context
from .interrupts import may_be_interrupted
from .log_context import logged_as
from .lost_decisions import are_ended, is_breakdown
from .payload_directory import MemoryPayloads, Payloads, keep_long_texts, keep_shared_texts
from .process_title import process_identity
from .registered_types import RegisteredTypes
from .workflow_classes import WorkflowClasses

logger = logging.getLogger(__name__)

Task = DecisionTask

CACHED_EVENTS = 400_000  #: each execution counts 40 events more than it has
_LONGEST_PARK_SECONDS = 3_600
_CLOSING = {
    "CompleteWorkflowExecution",
    "FailWorkflowExecution",
    "CancelWorkflowExecution",
    "ContinueAsNewWorkflowExecution",
}


class Parked:
    """An execution that could not be decided, with the reason."""

    def __init__(self, workflow_id: str, run_id: str, error: BaseException, wait_seconds: int) -> None:
        self.workflow_id, self.run_id, self.error, self.wait_seconds = workflow_id, run_id, error, wait_seconds


class Decider:
    """A decider for one thread, which alone may use its cached executions: call all methods from it.

    Args:
        service: anything with boto3's SWF calls.
        workflows: the only classes decided, found by type name and version. Without any, the class is the one named in the
            execution's input.
        activity_task_list: overrides the task lists of all activities.
        child_task_list: overrides the task lists of all child workflows.
        on_parked: called with each execution that could not be decided.

    Raises:
        DefinitionError: two workflows have one type name and version, or ``SIMPLEFLOW_IDENTITY`` is wrong.
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
        child_task_list: str | None = None,
        cached_events: int = CACHED_EVENTS,
        on_parked: Callable[[Parked], None] | None = None,
    ) -> None:
        self.service, self.domain, self.task_list = service, domain, task_list
        self.workflows = WorkflowClasses(workflows)
        self.payloads = payloads or MemoryPayloads()
        self.activity_task_list, self.child_task_list = activity_task_list, child_task_list
        self.cached_events, self.on_parked = cached_events, on_parked
        self.identity = process_identity()
        self.cache = ExecutionCache()
        self._types = RegisteredTypes(service, domain)
        self.sticky_list: str | None = None
        self._sticky_seconds = 0
        self.decisions = self.replays = self.events_read = 0

    def register_types(self) -> None:
        """Register the given workflows and all activities known to this process, so that no decision fails for their lack.

        Raises:
            DefinitionError: the service refuses one, for its name or a timeout for example, or a version is not a text.
        """
        self._types.register_all(self.workflows, self.task_list)

    def keep_on(self, sticky_list: str | None, seconds: int = 0) -> None:
        """Have the next task of each execution decided here sent to a list of this process; None stops that.

        A task that is not taken from it within the time goes back to the execution's own list.
        """
        self.sticky_list, self._sticky_seconds = sticky_list, seconds

    def run(self, stop: threading.Event) -> None:
        """Poll and decide until stopped; then drop the cache.

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
        """Respond to a decision task with decisions, or park the execution when it cannot be decided.

        ``task_list`` is the list of the task if it is not the decider's own; with ``whole`` it was polled with the whole
        history, not only with new events. A response that is not delivered is dropped, with its execution; the service
        schedules the task again after its timeout.

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
            if fault_code(error):  # the service refused to return the history: the task is over
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
                self._types.register_for(one)
                if one["decisionType"] == "FailWorkflowExecution":
                    assert cached.execution.error is not None
                    one["failWorkflowExecutionDecisionAttributes"] = failure_attributes(cached.execution.error, masked)
                elif one["decisionType"] == "RecordMarker":
                    mask_failure(one["recordMarkerDecisionAttributes"], masked)
            keep_shared_texts(cached.execution, self.payloads)
            keep_long_texts(decisions, self.payloads)
            self.service.respond_decision_task_completed(taskToken=task["taskToken"], decisions=decisions, **extra)
        except Exception as error:
            self.cache.evict(run_id)
            if is_refused(error):  # a retry would be refused again, so it is parked for somebody to look into
                self._park(task, error)
                return
            if is_breakdown(error):
                events = self._history(task["workflowExecution"], constants.MAX_HISTORY_EVENTS)
                if are_ended(self.service, self.domain, task, decisions, events):
                    return
            if fault_code(error) != UNKNOWN_RESOURCE:
                raise
            logger.info("%s: the decision came too late: %s", task["workflowExecution"]["workflowId"], error)
            return
        if "taskList" in extra and cached.execution.finished is None:
            cached.answered_sticky = task["startedEventId"]
        if decisions and decisions[-1]["decisionType"] in _CLOSING:
            self.cache.evict(run_id)  # refused closes are rare: replay the whole history
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
            except ReplayError as error:  # the cache may be at fault: replay the whole history
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
        """Find out from the history whether the service has sticky lists: the next task was scheduled on one, or not."""
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
        """Read the history up to the event that started a decision task; later events are not for its decision."""
        events: list[HistoryEvent] = []
        arguments: dict[str, Any] = {"domain": self.domain, "execution": execution}
        while True:
            page = self.service.get_workflow_execution_history(**arguments)
            events += page["events"]
            if events[-1]["eventId"] >= until or not page.get("nextPageToken"):
                break
            arguments["nextPageToken"] = page["nextPageToken"]
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
            domain=self.domain,
            open_activity_limit=cls.max_open_activity_count,
            task_list=self.activity_task_list,
            child_task_list=self.child_task_list,
            load=self.payloads.load,
            read_events=lambda until: self._history(execution, until),
            on_log=lambda line: logging.getLogger("simpleflow_nb").info("%s: %s", name, line),
            is_interruptible=may_be_interrupted(),
        )

    def _workflow_class(self, task: Task, events: list[HistoryEvent]) -> type[Workflow]:
        """Find the workflow class of an execution.

        Raises:
            WorkflowNotFound: there is none; the message says what was tried.
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
        """Park an execution that cannot be decided now: with a marker that has the reason, and a timer for the retry."""
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
