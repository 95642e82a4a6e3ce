"""Calls of deciders and workers: polls, heartbeats, and the results of tasks.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_Operations.html
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ..constants import MAX_HEARTBEAT_DETAILS_CHARACTERS, MAX_REASON_CHARACTERS
from ..swf_service import ActivityTask, DecisionTask, HeartbeatAnswer
from . import checks
from . import decisions as rules
from .admission import Admission
from .checks import check_data
from .clock import Clock
from .domain_rules import DomainRules
from .execution import LocalExecution, OpenActivity
from .faults import Fault, invalid, unknown_resource
from .journal import Journal
from .quotas import Quotas
from .rate_quotas import RateQuotas
from .reading import Reading
from .task_lists import TaskList

if TYPE_CHECKING:
    from ..replay.protocol.decisions import Decision

_EMPTY_POLL = {"taskToken": "", "startedEventId": 0}
_TASK_TOKEN = re.compile(r"([da])(\d+)\.(\d+)\.(\d+)\Z", re.ASCII)
_PAGE_TOKEN = re.compile(r"\d+\.\d+\.\d+\.\d+\.[01]\Z", re.ASCII)


class TaskHandling(Reading):
    """Hands out tasks and records their results.

    Args:
        poll_seconds: how long a poll waits for a task.
        workers_inside: whether deciders and workers run in this process. If not, the start of a task is durable before the
            task is handed out, and started tasks stay started across a restart.
        rates: SWF's quotas of calls and decisions in a time; None for none.
        not_permitted: names of decisions that fail with OPERATION_NOT_PERMITTED, and of calls.
    """

    def __init__(
        self,
        journal: Journal | None,
        clock: Clock | None,
        quotas: Quotas,
        home: str,
        *,
        poll_seconds: float,
        workers_inside: bool,
        rates: RateQuotas | None,
        not_permitted: Collection[str],
    ) -> None:
        self.poll_seconds, self.workers_inside = poll_seconds, workers_inside
        self.caller = threading.local()  # .is_there: tells whether the caller of this thread's poll still waits
        self._withheld: list[TaskList] = []  # no tasks are added to these any more, though they may still be polled
        super().__init__(journal, clock, quotas, home)
        self.admission = Admission(rates, not_permitted, self.clock.now)

    # ---- decision tasks ------------------------------------------------------------------------------------------------------

    def poll_for_decision_task(
        self,
        *,
        domain: str,
        taskList: Mapping[str, Any],
        identity: str | None = None,
        nextPageToken: str | None = None,
        maximumPageSize: int | None = None,
        reverseOrder: bool = False,
        startAtPreviousStartedEvent: bool = False,
    ) -> DecisionTask:
        known = self._check_domain(domain)
        checks.check_task_list("taskList", taskList)
        size = checks.page_size(maximumPageSize)
        with self.lock:
            if nextPageToken:
                return self._decision_page(nextPageToken, size)
            until = time.monotonic() + self.poll_seconds
            while True:
                found = self._wait_for_task(known.decision_lists[taskList["name"]], until)
                if found is None:
                    return cast(DecisionTask, {**_EMPTY_POLL, "previousStartedEventId": 0})
                execution, scheduled = found
                decision = execution.decision
                if decision is not None and decision.scheduled == scheduled and not decision.started:
                    break
            before = execution.last_started
            started = execution.start_decision(self.clock.timestamp(), identity)
            oldest = max(before, 1) if startAtPreviousStartedEvent else 1
            answer = self._decision_answer(execution, started, oldest, 0, size, reverseOrder)
            self._note_start(execution)
            return answer

    def _decision_answer(
        self, execution: LocalExecution, started: int, oldest: int, given: int, size: int, reverse: bool
    ) -> DecisionTask:
        """Return a page of the events from ``oldest`` to the one that started the decision task, never later ones.

        ``given`` events were in the pages before.
        """
        decision = execution.decision
        assert decision is not None
        if reverse:
            newest = started - given
            events = execution.events[max(oldest, newest - size + 1) - 1 : newest][::-1]
        else:
            first = oldest + given
            events = execution.events[first - 1 : min(started, first - 1 + size)]
        given += len(events)
        answer: DecisionTask = {
            "taskToken": f"d{execution.number}.{decision.scheduled}.{started}",
            "startedEventId": started,
            "workflowExecution": {"workflowId": execution.workflow_id, "runId": execution.run_id},
            "workflowType": execution.started_attributes["workflowType"],
            "events": events,
            "previousStartedEventId": execution.previous,
        }
        if given <= started - oldest:
            answer["nextPageToken"] = f"{execution.number}.{started}.{oldest}.{given}.{int(reverse)}"
        return answer

    def _decision_page(self, token: str, size: int) -> DecisionTask:
        if not _PAGE_TOKEN.match(token):
            raise invalid(f"Invalid token: {token!r:.40}")
        number, started, oldest, given, reverse = (int(part) for part in token.split("."))
        execution = self.executions.get(number)
        if execution is None or execution.decision is None or execution.decision.started != started:
            raise unknown_resource("the decision task of this page is over")
        return self._decision_answer(execution, started, oldest, given, size, bool(reverse))

    def respond_decision_task_completed(
        self,
        *,
        taskToken: str,
        decisions: Sequence[Decision] | None = None,
        executionContext: str | None = None,
        taskList: Mapping[str, Any] | None = None,
        taskListScheduleToStartTimeout: str | None = None,
    ) -> dict[str, Any]:
        decisions = decisions or []
        rules.check(decisions)
        checks.check_decisions(decisions)
        check_data("executionContext", executionContext)
        checks.check_task_list("taskList", taskList)
        checks.check_duration("taskListScheduleToStartTimeout", taskListScheduleToStartTimeout)
        with self.lock:
            execution, scheduled, started = self._execution_of(taskToken, "d")
            domain, decision = self.domains[execution.domain], execution.decision
            if decision is None or decision.scheduled != scheduled or decision.started != started:
                raise unknown_resource(f"Unknown decision task, scheduledEventId={scheduled}")
            sticky = (taskList["name"], taskListScheduleToStartTimeout or "NONE") if taskList else None
            now, surroundings = self.clock.timestamp(), DomainRules(domain, execution, self.quotas, self.admission)
            rules.complete_decision(
                execution,
                now,
                surroundings.completed(decisions),
                context=executionContext,
                sticky=sticky,
                quotas=self.quotas,
                surroundings=surroundings,
            )
            self.commit(execution)
        return {}

    # ---- activity tasks ------------------------------------------------------------------------------------------------------

    def poll_for_activity_task(self, *, domain: str, taskList: Mapping[str, Any], identity: str | None = None) -> ActivityTask:
        known = self._check_domain(domain)
        checks.check_task_list("taskList", taskList)
        with self.lock:
            until = time.monotonic() + self.poll_seconds
            while True:
                found = self._wait_for_task(known.activity_lists[taskList["name"]], until)
                if found is None:
                    return cast(ActivityTask, {**_EMPTY_POLL})
                execution, scheduled = found
                activity = execution.activities.get(scheduled)
                if activity is not None and not activity.started:
                    break
            started = execution.start_activity(self.clock.timestamp(), scheduled, identity)
            self._note_start(execution)
            asked = execution.events[scheduled - 1]["activityTaskScheduledEventAttributes"]
            answer: ActivityTask = {
                "taskToken": f"a{execution.number}.{scheduled}.{started}",
                "activityId": activity.activity_id,
                "startedEventId": started,
                "workflowExecution": {"workflowId": execution.workflow_id, "runId": execution.run_id},
                "activityType": asked["activityType"],
            }
            if "input" in asked:
                answer["input"] = asked["input"]
            return answer

    def respond_activity_task_completed(self, *, taskToken: str, result: str | None = None) -> dict[str, Any]:
        check_data("result", result)
        return self._end_activity(taskToken, "Completed", {"result": result})

    def respond_activity_task_failed(
        self, *, taskToken: str, reason: str | None = None, details: str | None = None
    ) -> dict[str, Any]:
        check_data("reason", reason, MAX_REASON_CHARACTERS)
        check_data("details", details)
        return self._end_activity(taskToken, "Failed", {"reason": reason, "details": details})

    def respond_activity_task_canceled(self, *, taskToken: str, details: str | None = None) -> dict[str, Any]:
        check_data("details", details)
        return self._end_activity(taskToken, "Canceled", {"details": details})

    def _end_activity(self, token: str, how: str, attributes: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            execution, activity = self._started_activity(token)
            body = {key: value for key, value in attributes.items() if value is not None}
            if how == "Canceled" and activity.cancel_requested_event:
                body["latestCancelRequestedEventId"] = activity.cancel_requested_event
            asked = execution.events[activity.scheduled - 1]["activityTaskScheduledEventAttributes"]
            # this worker is about to poll again: the virtual clock must not take its list for one without pollers
            self.domains[execution.domain].activity_lists[asked["taskList"]["name"]].last_poll = time.monotonic()
            execution.end_activity(self.clock.timestamp(), activity.scheduled, how, body)
            self.commit(execution)
        return {}

    def record_activity_task_heartbeat(self, *, taskToken: str, details: str | None = None) -> HeartbeatAnswer:
        """Record a heartbeat, and make the start of the task durable: a worker beats before it starts a process."""
        check_data("details", details, MAX_HEARTBEAT_DETAILS_CHARACTERS)
        with self.lock:
            execution, activity = self._started_activity(taskToken)
            activity.last_beat = self.clock.now()
            if details is not None and details != activity.details:
                activity.details = details
                self.log.note(execution.number)
            self.wait_durable(execution)
            return {"cancelRequested": activity.cancel_requested_event > 0}

    def _started_activity(self, token: str) -> tuple[LocalExecution, OpenActivity]:
        execution, scheduled, started = self._execution_of(token, "a")
        activity = execution.activities.get(scheduled)
        if activity is None or activity.started != started:
            raise unknown_resource(f"Unknown activity, scheduledEventId={scheduled}")
        return execution, activity

    def withhold_tasks(self, task_lists: Iterable[str]) -> None:
        """Hand out no more activity tasks of these lists; polls of them wait until the service closes."""
        with self.lock:
            for name in task_lists:
                self._withheld.append(self.home.activity_lists.pop(name, TaskList(self.lock)))

    def _wake_all(self) -> None:
        super()._wake_all()
        for task_list in self._withheld:
            task_list.ready.notify_all()

    # ---- shared --------------------------------------------------------------------------------------------------------------

    def _wait_for_task(self, task_list: TaskList, until: float) -> tuple[LocalExecution, int] | None:
        """Wait for the next task of the list; return None at the poll's end, or when the service stops.

        Raises:
            ServiceError: the journal cannot be written.
            Fault: LimitExceededFault; too many polls wait already.
        """
        self.check_usable()
        if task_list.waiting >= self.quotas.pollers:
            raise Fault("LimitExceededFault", f"{task_list.waiting} polls of this task list wait already")
        while not len(task_list):
            left = until - time.monotonic()
            if self.stopping or left <= 0:
                return None
            task_list.waiting += 1
            try:
                task_list.ready.wait(left)
            finally:
                task_list.waiting -= 1
                task_list.last_poll = time.monotonic()
            if not self.stopping:  # a poll that wakes after the service stopped is answered like the others
                self.check_usable()
        if self.stopping:
            return None
        is_there = getattr(self.caller, "is_there", None)
        if is_there is not None and not is_there():
            task_list.ready.notify()  # another poll may be waiting for the task that woke this one
            return None
        return task_list.take()

    def _note_start(self, execution: LocalExecution) -> None:
        if self.workers_inside:
            self.note(execution)
        else:
            self.commit(execution)

    def _execution_of(self, token: str, kind: str) -> tuple[LocalExecution, int, int]:
        """Return the open execution of a task token, and the ids of the events that scheduled and started the task."""
        parts = _TASK_TOKEN.match(token)
        if parts is None or parts[1] != kind:
            raise invalid(f"Invalid token: {token!r:.40}")
        self.check_usable()
        execution = self.executions.get(int(parts[2]))
        if execution is None or execution.close_status is not None:
            raise unknown_resource("the execution of this task is closed")
        return execution, int(parts[3]), int(parts[4])
