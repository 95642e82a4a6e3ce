"""Timers, timeouts, and the requests that other processes have left.

A virtual clock never jumps while work is under way, see :meth:`Timekeeping._is_idle`.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from ..exceptions import JournalError, ServiceError
from .clock import Clock, VirtualClock
from .execution import LocalExecution, OpenActivity
from .faults import Fault, invalid
from .journal import Journal
from .patience import Patience
from .quotas import Quotas
from .relations import Relations
from .requests import START, Inbox

logger = logging.getLogger(__name__)

_INBOX_SECONDS = 0.1
_LOOK_SECONDS = 0.25


class Timekeeping(Relations):
    """A thread that fires timers, times out tasks and carries out requests; the effects are up to the execution."""

    def __init__(self, journal: Journal | None, clock: Clock | None, quotas: Quotas, home: str) -> None:
        super().__init__(journal, clock, quotas, home)
        self._inbox = Inbox(journal.path) if journal else None
        self._takes_requests = True
        self._taking = threading.Lock()  # a thread that reads the inbox carries out what it finds before another reads it
        self._timekeeper = threading.Thread(target=self._keep_time, name="timekeeper", daemon=True)

    def keep_time(self) -> None:
        """Start the thread: timers fire, tasks time out, and requests of other processes are carried out."""
        self._timekeeper.start()

    def advance(self, to: float) -> None:
        """Carry out everything due up to ``to`` (epoch seconds), before this returns.

        In order of time: a virtual clock is set to the moment of each timer and timeout while that is carried out,
        including new ones that are due by then, and to ``to`` in the end; it never goes back. Then the requests that other
        processes have left are carried out. All of it is durable and visible on return.

        Raises:
            ValueError: ``to`` is in the future of a clock that is not virtual.
            ServiceError: the journal could not be read or written, or the service has ended.
        """
        with self.lock:
            self.check_usable()
            if not self.clock.virtual and to > self.clock.now():
                raise ValueError("real time cannot be advanced; give the service a VirtualClock")
            self._settle()
            while self._carry_out_next(to):
                self._settle()
            if isinstance(self.clock, VirtualClock):
                self.clock.jump_to(to)
                self._tick.notify()
            self._deadlines.drop_stale(self._is_live)
        if self._inbox is not None:
            self._take_requests(self._inbox)

    def take_requests(self, yes: bool) -> None:
        """Carry out the requests of other processes from now on, or leave them to the next owner.

        A request being carried out is done when this returns.
        """
        with self._taking:
            self._takes_requests = yes

    def close(self) -> None:
        """Answer the waiting polls without a task, write what is not durable yet, and stop."""
        with self.lock:
            if self.stopping:
                return
            self.stopping = True
            self._wake_all()
        self._timekeeper.join()
        self.end()
        self.close_inbox()

    def close_inbox(self) -> None:
        if self._inbox is not None:
            self._inbox.close()

    def _keep_time(self) -> None:
        patience = Patience(self.journal_patience_seconds)
        try:
            while self._keeps_on():
                if self._inbox is None:
                    continue
                try:
                    self._take_requests(self._inbox)
                    patience.succeeded()
                except JournalError as error:
                    if not patience.wait(error):
                        raise patience.given_up(error) from error
        except Exception as error:
            if not isinstance(error, ServiceError):
                logger.critical("the timekeeper raised %s", type(error).__name__, exc_info=True)
            with self.lock:  # no timer would fire any more: the owner of the service has to end it
                self.give_up(error)

    def _keeps_on(self) -> bool:
        """Carry out what is due and wait a little; return False when the service stops or has given up."""
        with self.lock:
            if self.stopping or self.broken is not None:
                return False
            wait = self._fire_due()
            if wait is None or wait > 0:
                if self._inbox is not None:
                    wait = _INBOX_SECONDS if wait is None else min(wait, _INBOX_SECONDS)
                elif wait is not None and self.clock.virtual:
                    wait = min(wait, _LOOK_SECONDS)  # nothing signals that a list is no longer polled
                if not self.stopping:
                    self._tick.wait(wait)
            self._deadlines.drop_stale(self._is_live)
            return not self.stopping

    def _fire_due(self) -> float | None:
        """Carry out what is due; return the seconds until the next deadline, None without one."""
        clock, deadlines = self.clock, self._deadlines
        while True:
            while self._carry_out_next(clock.now()):
                pass
            if clock.virtual:
                deadlines.pop_stale(self._is_live)
            moment = deadlines.next_moment()
            if moment is None:
                return None
            if clock.virtual and self._is_idle():
                self._carry_out_next(moment)
                continue
            return max(0.0, moment - clock.now())

    def _carry_out_next(self, to: float) -> bool:
        """Carry out the earliest deadline up to ``to``, at its moment; return False without one."""
        due = self._deadlines.pop_due(to)
        if due is None:
            return False
        moment, execution, kind, key = due
        if self._is_live(execution, kind, key):
            if isinstance(self.clock, VirtualClock):
                self.clock.jump_to(moment)
            self._fire(execution, kind, key, max(moment, self.clock.now()))
        return True

    def _settle(self) -> None:
        """Return once the changes of others so far are visible, with their deadlines."""
        if self._flushing or self._queued:
            self.commit()

    def _is_live(self, execution: LocalExecution, kind: str, key: Any) -> bool:
        if execution.close_status is not None:
            return False
        if kind == "timer":
            timer = execution.timers.get(key[0])
            return timer is not None and timer[0] == key[1]
        if kind == "run":
            return True
        if kind == "decision":
            return execution.decision is not None and execution.decision.started == key
        if kind == "decision not started":
            return execution.decision is not None and execution.decision.scheduled == key and not execution.decision.started
        activity = execution.activities.get(key)
        return activity is not None and (kind != "SCHEDULE_TO_START" or not activity.started)

    def _fire(self, execution: LocalExecution, kind: str, key: Any, moment: float) -> None:
        now = round(moment, 3)
        if kind == "timer":
            execution.fire_timer(now, key[0])
        elif kind == "decision":
            execution.time_out_decision(now)
        elif kind == "decision not started":
            execution.time_out_decision(now, "SCHEDULE_TO_START")
        elif kind == "run":
            policy = execution.started_attributes.get("childPolicy", "TERMINATE")
            body = {"timeoutType": "START_TO_CLOSE", "childPolicy": policy}
            execution.close(now, "WorkflowExecutionTimedOut", body)
        elif kind == "HEARTBEAT":
            activity: OpenActivity = execution.activities[key]
            asked = execution.events[key - 1]["activityTaskScheduledEventAttributes"]
            due = activity.last_beat + int(asked["heartbeatTimeout"])
            if due > moment:  # the unrounded moment: up to a millisecond early it would fire again at once, for ever
                self._deadlines.push(due, execution, kind, key)
                return
            execution.time_out_activity(now, key, kind)
        else:
            execution.time_out_activity(now, key, kind)
        self.commit(execution)

    def _is_idle(self) -> bool:
        """Return whether time may jump: no task is started or about to be taken, and the test waits."""
        if self._flushing or self.dirty or (all(is_there() for is_there in self._awaited) and not self._waiters):
            return False
        for execution in self.every_open_execution():
            if execution.decision is not None:
                return False
            for activity in execution.activities.values():
                if activity.started:
                    return False
        lists = (task_list for domain in self.domains.values() for task_list in domain.activity_lists.values())
        return not any(len(task_list) and task_list.is_polled() for task_list in lists)

    def _take_requests(self, inbox: Inbox) -> None:
        with self._taking:
            if not self._takes_requests:
                return
            for number, operation, arguments in inbox.take():
                self._carrying_out.request = number
                self._carrying_out.run_id = arguments.pop("runId", None) if operation == START else None
                try:
                    getattr(type(self), operation)(self, **arguments)  # past the admission: nobody could ask again
                except (Fault, TypeError) as error:  # TypeError: arguments unknown to this version
                    if operation != START:  # the process that requests a start waits for the answer
                        logger.warning("a request from another process was refused: %s", error)
                    fault = error if isinstance(error, Fault) else invalid(str(error))
                    with self.lock:
                        self._refused.append((number, fault.code, fault.message))
                        self.commit()
                finally:
                    self._carrying_out.request, self._carrying_out.run_id = 0, None
