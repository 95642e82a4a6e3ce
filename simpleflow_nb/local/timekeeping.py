"""Time: what ends by itself at its moment, and the requests that other processes have left.

When a virtual clock may jump: never while anything is in anybody's hands, see :meth:`Timekeeping._is_idle`.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from ..exceptions import JournalError, ServiceError
from .clock import Clock, VirtualClock
from .decisions import Quotas
from .faults import Fault, invalid
from .journal import Journal
from .patience import Patience
from .requests import START, Inbox
from .run import OpenActivity, Run
from .store import Store

logger = logging.getLogger(__name__)

_INBOX_SECONDS = 0.1
_LOOK_SECONDS = 0.25


class Timekeeping(Store):
    """A thread that fires timers, times tasks out and carries out requests; what each of them does is the run's business."""

    def __init__(self, journal: Journal | None, clock: Clock | None, quotas: Quotas, home: str) -> None:
        super().__init__(journal, clock, quotas, home)
        self._inbox = Inbox(journal.path) if journal else None
        self._takes_requests = True
        self._taking = threading.Lock()  # whoever looks into the inbox carries out what it finds before anybody else looks
        self._timekeeper = threading.Thread(target=self._keep_time, name="timekeeper", daemon=True)

    def keep_time(self) -> None:
        """From now on timers fire, tasks time out, and requests of other processes are carried out."""
        self._timekeeper.start()

    def advance(self, to: float) -> None:
        """Carry out everything that is due up to the moment ``to`` (epoch seconds), before this returns.

        In order of time: a virtual clock stands at the moment of each timer and timeout while that is carried out, what
        comes of it and is due by then as well included, and at ``to`` in the end; a moment that has passed moves nothing.
        Then the requests that other processes have left are carried out. All of it is durable and visible on return.

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
        """Whether the requests of other processes are carried out here, or stay for the next owner. One that is being carried
        out is done when this returns."""
        with self._taking:
            self._takes_requests = yes

    def close(self) -> None:
        """Answer the waiting polls with nothing, write what is left, and stop."""
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
            with self.lock:  # nothing would end by itself any more: whoever has the service has to end it
                self.give_up(error)

    def _keeps_on(self) -> bool:
        """Carry out what is due and wait a little; False when the service stops or has given up."""
        with self.lock:
            if self.stopping or self.broken is not None:
                return False
            wait = self._fire_due()
            if wait is None or wait > 0:
                if self._inbox is not None:
                    wait = _INBOX_SECONDS if wait is None else min(wait, _INBOX_SECONDS)
                elif wait is not None and self.clock.virtual:
                    wait = min(wait, _LOOK_SECONDS)  # a list stops being polled without anybody saying so
                if not self.stopping:
                    self._tick.wait(wait)
            self._deadlines.drop_stale(self._is_live)
            return not self.stopping

    def _fire_due(self) -> float | None:
        """Carry out what is due; returns the seconds until the next moment, None when there is none."""
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
        """Carry out the earliest of what is due by ``to``, at its moment; False when there is nothing."""
        due = self._deadlines.pop_due(to)
        if due is None:
            return False
        moment, run, kind, key = due
        if self._is_live(run, kind, key):
            if isinstance(self.clock, VirtualClock):
                self.clock.jump_to(moment)
            self._fire(run, kind, key, max(moment, self.clock.now()))
        return True

    def _settle(self) -> None:
        """Return once nothing is half done: what others have changed so far is visible, with the moments that come of it."""
        if self._flushing or self._queued:
            self.commit()

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

    def _fire(self, run: Run, kind: str, key: Any, moment: float) -> None:
        now = round(moment, 3)
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
            if due > moment:  # not the rounded one: less than a millisecond early it would come up again at once, for ever
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
        for run in self.open_runs():
            if run.decision is not None:
                return False
            for activity in run.activities.values():
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
                    getattr(self, operation)(**arguments)
                except (Fault, TypeError) as error:  # TypeError: arguments that this version does not know
                    if operation != START:  # who asks for a start waits for the answer
                        logger.warning("a request from another process was refused: %s", error)
                    fault = error if isinstance(error, Fault) else invalid(str(error))
                    with self.lock:
                        self._refused.append((number, fault.code, fault.message))
                        self.commit()
                finally:
                    self._carrying_out.request, self._carrying_out.run_id = 0, None
