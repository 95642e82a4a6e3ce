"""The service's memory: every run, what is durable of it, what is visible, and the moments at which things end by themselves.

Two rules hold everything together. State changes in memory under one lock; it becomes visible (a task in its list, a
close to those who wait) only with the commit that wrote it. And whoever writes, writes and publishes for all.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from typing import Any

from ..exceptions import JournalError, ServiceError
from .clock import Clock, VirtualClock
from .deadlines import Deadlines
from .decisions import Quotas
from .faults import Fault, unknown_resource
from .journal import Journal
from .requests import Inbox
from .run import OpenActivity, Run, rebuilt
from .task_lists import TaskList
from .visibility import Info, new_info

logger = logging.getLogger(__name__)

_INBOX_SECONDS = 0.1
_LOOK_SECONDS = 0.25


class Store:
    """State, durability and time. The calls of SWF are in :class:`.service.LocalService`."""

    def __init__(self, journal: Journal | None, clock: Clock | None, quotas: Quotas) -> None:
        self.lock = threading.Lock()
        self.journal, self.clock, self.quotas = journal, clock or Clock(), quotas
        self.runs: dict[int, Run] = {}  # with their events: open ones, and closed ones when there is no journal
        self.infos: dict[int, Info] = {}
        self.closed: dict[int, tuple[float, str]] = {}  # number -> (moment, status); only what is durable
        self.open_by_id: dict[str, Run] = {}
        self.numbers: dict[tuple[str, str], int] = {}
        self.latest_by_id: dict[str, int] = {}
        self.decision_lists: defaultdict[str, TaskList] = defaultdict(lambda: TaskList(self.lock))
        self.activity_lists: defaultdict[str, TaskList] = defaultdict(lambda: TaskList(self.lock))
        self.unborn: set[int] = set()  # runs whose start is not durable yet
        self.stopping = self.ended = False
        self.broken: Exception | None = None
        self._saved: dict[int, int] = {}
        self.dirty: dict[int, Run] = {}  # with events that are not durable yet
        self._flushing, self._batch = False, 0
        self._in_flight: set[int] = set()  # runs with events in the batch that is being written
        self._flushed = threading.Condition(self.lock)
        self._closings = threading.Condition(self.lock)
        self._tick = threading.Condition(self.lock)
        self._deadlines = Deadlines()
        self._waiters = 0
        self._carrying_out = threading.local()  # .request: the one of another process that this thread carries out
        self._taken_request = 0
        self._reading = threading.Lock()
        self._next_number = 1
        if journal is not None:
            self._load(journal)
        self._inbox = Inbox(journal.path) if journal else None
        self._timekeeper = threading.Thread(target=self._keep_time, name="timekeeper", daemon=True)

    def keep_time(self) -> None:
        """From now on timers fire, tasks time out, and requests of other processes are carried out."""
        self._timekeeper.start()

    def close(self) -> None:
        """Answer the waiting polls with nothing, write what is left, and stop."""
        with self.lock:
            if self.stopping:
                return
            self.stopping = True
            self._wake_all()
        self._timekeeper.join()
        with self.lock:
            try:
                while self._flushing or (self.dirty and self.broken is None):
                    self.commit()
            except ServiceError as error:
                logger.error("%s", error)  # nothing of it was acknowledged
            self.ended = True
        with self._reading:
            if self.journal is not None:
                self.journal.close()
        self.close_inbox()

    def close_inbox(self) -> None:
        if self._inbox is not None:
            self._inbox.close()

    def check_usable(self) -> None:
        """
        Raises:
            ServiceError: the journal could not be written, or the service has ended.
        """
        if self.broken is not None:
            raise ServiceError(str(self.broken)) from self.broken
        if self.ended:
            raise ServiceError("the local service has ended")

    def _wake_all(self) -> None:
        for lists in (self.decision_lists, self.activity_lists):
            for task_list in lists.values():
                task_list.ready.notify_all()
        self._flushed.notify_all()
        self._closings.notify_all()
        self._tick.notify_all()

    # ---- durability: called with the lock held, return with the lock held ----------------------------------------------------

    def commit(self, *runs: Run) -> None:
        """Make everything so far durable and visible, together with what other callers add meanwhile.

        Raises:
            ServiceError: the journal could not be written; nothing goes on from here.
        """
        for run in runs:
            self.dirty[run.number] = run
            if len(run.events) > self.quotas.history_events and run.close_status is None:
                policy = run.started_attributes.get("childPolicy", "TERMINATE")
                run.terminate(round(self.clock.now(), 3), None, None, policy, "EVENT_LIMIT_EXCEEDED")
                self.forget_open(run)
        request = getattr(self._carrying_out, "request", 0)
        if request:
            self._taken_request = request  # forgotten by the transaction that writes what came of it
        if self.journal is None:
            self._publish(self._take()[1])
            return
        ticket = self._batch + (2 if self._flushing else 1)  # the batch on its way does not hold these events
        while self._batch < ticket:
            self.check_usable()
            if self._flushing:
                self._flushed.wait()
                continue
            self._flushing = True
            self._in_flight = set(self.dirty)
            written, news = self._take()
            self.lock.release()  # others go on adding to the next batch
            failure: BaseException | None = None
            try:
                if any(written):
                    self.journal.write(*written)
            except BaseException as error:
                failure = error
            finally:
                self.lock.acquire()
            self._flushing = False
            if failure is not None:  # the batch stays open: nobody whose events were in it is told that they are kept
                self.broken = failure if isinstance(failure, Exception) else ServiceError("the local service was interrupted")
                self._wake_all()
                if not isinstance(failure, JournalError):
                    raise failure
                raise ServiceError(str(failure)) from failure
            self._batch += 1
            self._in_flight = set()
            self._flushed.notify_all()
            self._publish(news)

    def wait_durable(self, run: Run) -> None:
        """Return once every event that the run has now is durable.

        Raises:
            ServiceError: the journal could not be written.
        """
        while run.number in self.dirty or run.number in self._in_flight:
            self.commit()

    def note(self, run: Run) -> None:
        """These events may wait for the next commit of anybody: losing them with the process loses nothing."""
        self.dirty[run.number] = run
        self._push_deadlines(run)

    def _take(self) -> tuple[tuple[Any, ...], list[tuple[Run, list[Any], bool]]]:
        """What is to be written, and what becomes visible then. Both leave together, whoever of the callers writes."""
        batches, started, closed, news = [], [], [], []
        for number, run in self.dirty.items():
            first = self._saved.get(number, 0)
            if first < len(run.events):
                if self.journal is not None:
                    batches.append((number, first, run.events[first:]))
                    if first == 0:
                        started.append((number, run.workflow_id, run.run_id, run.started_at, self.infos[number]))
                    if run.close_status is not None:
                        closed.append((run.closed_at, run.close_status, number))
                self._saved[number] = len(run.events)
            if run.effects or run.close_status is not None:
                news.append((run, run.effects, run.close_status is not None))
                run.effects = []
        self.dirty = {}
        taken, self._taken_request = self._taken_request, 0
        return (batches, started, closed, taken), news

    def _publish(self, news: list[tuple[Run, list[Any], bool]]) -> None:
        for run, effects, closed in news:
            self.unborn.discard(run.number)
            for effect in effects:
                kind = effect[0]
                if kind == "decision":
                    decision = run.decision
                    if decision is not None and decision.scheduled == effect[1]:
                        priority = int(run.started_attributes.get("taskPriority", 0))
                        self.decision_lists[decision.task_list].put(run, effect[1], priority)
                elif kind == "activity":
                    if effect[1] in run.activities:
                        a = run.events[effect[1] - 1]["activityTaskScheduledEventAttributes"]
                        self.activity_lists[a["taskList"]["name"]].put(run, effect[1], int(a.get("taskPriority", 0)))
                elif self._deadlines.push(effect[1], run, effect[2], effect[3]):
                    self._tick.notify()
            if closed and run.number not in self.closed:
                assert run.close_status is not None
                self.closed[run.number] = (run.closed_at, run.close_status)
                if self.journal is not None:
                    self.runs.pop(run.number, None)  # its events are read from the file when somebody asks
                    self._saved.pop(run.number, None)
                self._closings.notify_all()
        if self.clock.virtual:
            self._tick.notify()

    def _push_deadlines(self, run: Run) -> None:
        """The timeouts of a task that was just handed out; they need no commit, a restart ends the task anyway."""
        for effect in run.effects:
            if effect[0] == "deadline" and self._deadlines.push(effect[1], run, effect[2], effect[3]):
                self._tick.notify()
        run.effects = [effect for effect in run.effects if effect[0] != "deadline"]

    # ---- runs ----------------------------------------------------------------------------------------------------------------

    def add_run(self, workflow_id: str, run_id: str, attributes: dict[str, Any], now: float) -> Run:
        run = Run(self._next_number, workflow_id, run_id)
        self._next_number += 1
        run.start(now, attributes)
        self.unborn.add(run.number)
        self.runs[run.number] = self.open_by_id[workflow_id] = run
        self.infos[run.number] = new_info(run)
        self.numbers[workflow_id, run_id] = self.latest_by_id[workflow_id] = run.number
        return run

    def forget_open(self, run: Run) -> None:
        """The id of a run that has just closed may be used again."""
        if run.close_status is not None and self.open_by_id.get(run.workflow_id) is run:
            del self.open_by_id[run.workflow_id]

    def open_run(self, workflow_id: str, run_id: str | None) -> Run:
        """
        Raises:
            Fault: UnknownResourceFault, when it is not open.
        """
        self.check_usable()
        run = self.open_by_id.get(workflow_id)
        if run is None or (run_id and run.run_id != run_id):
            raise unknown_resource(f"Unknown execution: workflowId={workflow_id}" + (f", runId={run_id}" if run_id else ""))
        return run

    def whole_run(self, workflow_id: str, run_id: str | None) -> Run:
        """Open or closed, with its events; the latest one when no run id is given. Called with the lock held.

        Raises:
            Fault: UnknownResourceFault.
        """
        self.check_usable()
        number = self.numbers.get((workflow_id, run_id)) if run_id else self.latest_by_id.get(workflow_id)
        if number is None:
            raise unknown_resource(f"Unknown execution: workflowId={workflow_id}" + (f", runId={run_id}" if run_id else ""))
        run = self.runs.get(number)
        if run is None:
            assert self.journal is not None
            execution = self.infos[number]["execution"]
            with self._reading:
                events = self.journal.events(number)
            run = rebuilt(Run(number, execution["workflowId"], execution["runId"]), events)
        else:
            self.wait_durable(run)  # a reader sees only what is durable
        return run

    def wait_closed(self, workflow_id: str, run_id: str, timeout_seconds: float | None = None) -> str | None:
        """The close status, once the run has closed and that is durable; None after the timeout or when the service stops."""
        with self.lock:
            number = self.numbers.get((workflow_id, run_id))
            if number is None:
                raise unknown_resource(f"Unknown execution: workflowId={workflow_id}, runId={run_id}")
            self._waiters += 1
            self._tick.notify()
            try:
                self._closings.wait_for(lambda: number in self.closed or self.stopping or self.broken, timeout_seconds)
            finally:
                self._waiters -= 1
            if self.broken is not None:
                raise ServiceError(str(self.broken)) from self.broken
            found = self.closed.get(number)
            return found[1] if found else None

    # ---- time ----------------------------------------------------------------------------------------------------------------

    def _keep_time(self) -> None:
        while True:
            with self.lock:
                if self.stopping or self.broken is not None:
                    return
                try:
                    wait = self._fire_due()
                    if wait is None or wait > 0:
                        if self._inbox is not None:
                            wait = _INBOX_SECONDS if wait is None else min(wait, _INBOX_SECONDS)
                        elif wait is not None and self.clock.virtual:
                            wait = min(wait, _LOOK_SECONDS)  # a list stops being polled without anybody saying so
                        if not self.stopping:
                            self._tick.wait(wait)
                    self._deadlines.drop_stale(self._is_live)
                except ServiceError as error:
                    logger.error("%s", error)
                    return
            if self._inbox is not None and not self.stopping:
                try:
                    self._take_requests(self._inbox)
                except ServiceError as error:
                    logger.error("%s", error)
                    with self.lock:
                        self.broken = self.broken or error
                        self._wake_all()
                    return

    def _fire_due(self) -> float | None:
        """Carry out what is due; returns the seconds until the next moment, None when there is none."""
        clock, deadlines = self.clock, self._deadlines
        while True:
            now = clock.now()
            due = deadlines.pop_due(now)
            if due is not None:
                _, run, kind, key = due
                if self._is_live(run, kind, key):
                    self._fire(run, kind, key, round(now, 3))
                continue
            if clock.virtual:
                deadlines.pop_stale(self._is_live)
            moment = deadlines.next_moment()
            if moment is None:
                return None
            if isinstance(clock, VirtualClock) and self._is_idle():
                clock.jump_to(moment)
                continue
            return max(0.0, moment - now)

    def _is_live(self, run: Run, kind: str, key: Any) -> bool:
        if run.close_status is not None:
            return False
        if kind == "timer":
            timer = run.timers.get(key[0])
            return timer is not None and timer[0] == key[1]
        if kind == "run":
            return True
        if kind == "decision":
            return run.decision is not None and run.decision.started == key
        if kind == "decision not started":
            return run.decision is not None and run.decision.scheduled == key and not run.decision.started
        activity = run.activities.get(key)
        return activity is not None and (kind != "SCHEDULE_TO_START" or not activity.started)

    def _fire(self, run: Run, kind: str, key: Any, now: float) -> None:
        if kind == "timer":
            run.fire_timer(now, key[0])
        elif kind == "decision":
            run.time_out_decision(now)
        elif kind == "decision not started":
            run.time_out_decision(now, "SCHEDULE_TO_START")
        elif kind == "run":
            policy = run.started_attributes.get("childPolicy", "TERMINATE")
            body = {"timeoutType": "START_TO_CLOSE", "childPolicy": policy}
            run.close(now, "WorkflowExecutionTimedOut", body)
            self.forget_open(run)
        elif kind == "HEARTBEAT":
            activity: OpenActivity = run.activities[key]
            asked = run.events[key - 1]["activityTaskScheduledEventAttributes"]
            due = activity.last_beat + int(asked["heartbeatTimeout"])
            if due > now:
                self._deadlines.push(due, run, kind, key)
                return
            run.time_out_activity(now, key, kind)
        else:
            run.time_out_activity(now, key, kind)
        self.commit(run)

    def _is_idle(self) -> bool:
        """Nothing in anybody's hands, nothing that somebody will take, and the tests wait: only then may time jump."""
        if not self._waiters or self._flushing or self.dirty:
            return False
        for run in self.open_by_id.values():
            if run.decision is not None:
                return False
            for activity in run.activities.values():
                if activity.started:
                    return False
        return not any(len(task_list) and task_list.is_polled() for task_list in self.activity_lists.values())

    def _take_requests(self, inbox: Inbox) -> None:
        for number, operation, arguments in inbox.take():
            self._carrying_out.request = number
            try:
                getattr(self, operation)(**arguments)
            except (Fault, TypeError) as error:  # TypeError: arguments that this version does not know
                logger.warning("a request from another process was refused: %s", error)
                with self.lock:
                    self.commit()
            finally:
                self._carrying_out.request = 0

    # ---- opening -------------------------------------------------------------------------------------------------------------

    def _load(self, journal: Journal) -> None:
        for number, workflow_id, run_id, _, info, closed_at, close_status in journal.runs():
            self.infos[number] = info
            self.numbers[workflow_id, run_id] = self.latest_by_id[workflow_id] = number
            self._next_number = number + 1
            if close_status is not None and closed_at is not None:
                self.closed[number] = (closed_at, close_status)
        for number, events in journal.open_events().items():
            execution = self.infos[number]["execution"]
            run = rebuilt(Run(number, execution["workflowId"], execution["runId"]), events)
            self._saved[number] = len(events)
            self.runs[number] = self.open_by_id[run.workflow_id] = run
