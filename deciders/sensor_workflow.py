"""The sensor: looks for new dates at the times of its schedule, and starts the runs that are due."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any

from simpleflow_nb import Workflow, futures
from simpleflow_nb.constants import MAX_RUN_SECONDS, SENSOR_TYPE
from simpleflow_nb.exceptions import TaskFailed
from simpleflow_nb.futures import Future

from . import activities
from .dates.cron import former_next_time, next_time
from .sensor_signals import CHECK, NOT_OURS, PAUSE, RELOAD, SIGNALS, START, signal_fault
from .tasks.results import CheckResult

_LONGEST_HISTORY = timedelta(days=30)
_MOST_STEPS = 180  #: checks and signals of one history; about eleven events each
_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(hours=1)
#: The most by which the clocks of two machines are taken to differ.
BELIEVABLE_AHEAD = timedelta(minutes=1)
#: Failures are seen at checks, and checks cost requests: a shorter retry_wait causes no more frequent checks.
_SHORTEST_RETRY = timedelta(seconds=10)


class SensorWorkflow(Workflow):
    """A loop of checks on a schedule. Between checks it keeps only the time of the last one; each check determines anew what is
    due, so that nothing is missed or done twice.

    A check that fails is logged and retried after 1, 2, 4 ... minutes, at most an hour, and at the next time of the schedule
    anyway. Times that pass while nothing runs, or while a check is under way, result in one check. With ``once``, or without a
    schedule, the run is one check, and its result is what ``feed_new_dates`` returned.

    Args of ``run``:
        last_look: ISO time of the last check of a former sensor; a time of the schedule since then is made up for at once.
        failures, retry_at: number of checks that have failed in a row, and the ISO time of the extra check due for it.
        starts_per_second: limits the rate of starts; None means no limit.
        forced: with ``once``, what has succeeded runs too, and nothing is kept or taken over.
    """

    name = SENSOR_TYPE
    version = "1"
    task_list = activities.DECISIONS
    execution_timeout = MAX_RUN_SECONDS

    def run(
        self,
        *,
        specification: dict[str, Any],
        outputs: str,
        once: bool = False,
        paused: bool = False,
        last_look: str | None = None,
        failures: int = 0,
        retry_at: str | None = None,
        starts_per_second: float | None = None,
        forced: bool = False,
    ) -> dict[str, Any]:
        self.specification, self.outputs, self.starts_per_second = specification, outputs, starts_per_second
        self.paused, self.failures, self.forced = paused, failures, forced
        self.retry_at = datetime.fromisoformat(retry_at) if retry_at is not None else None
        if once or self.schedule is None:
            return self._whole_check()
        began = self.now()
        self.last_look = datetime.fromisoformat(last_look) if last_look is not None else began
        self.signals = {name: self.next_signal(name) for name in SIGNALS}
        for _ in range(_MOST_STEPS):
            is_time = self._wait()
            if self._handle_signals():
                if self.schedule is None:
                    return self._whole_check()
            elif is_time:
                self._check()
            if self.now() - began > _LONGEST_HISTORY:
                break
        # No signal is lost between here and the new history: the service refuses to close an execution that has new events.
        arguments = {"specification": self.specification, "outputs": outputs, "paused": self.paused}
        if starts_per_second is not None:
            arguments["starts_per_second"] = starts_per_second
        if self.retry_at is not None:
            arguments |= {"failures": self.failures, "retry_at": self.retry_at.isoformat()}
        self.submit(self.continue_as_new(**arguments, last_look=self.last_look.isoformat()))
        raise AssertionError("continue_as_new ends the run")

    retry_at: datetime | None  #: time of an extra check: after a failed one, for runs with a retry_wait, or by a signal

    @property
    def schedule(self) -> str | None:
        found: str | None = self.specification["sensor"]["schedule"]
        return found

    def _wait(self) -> bool:
        """Wait for the time of a check or for a signal; return True if it is time for a check."""
        waiting: list[Future[Any]] = list(self.signals.values())
        if self.paused:
            futures.wait_any(*waiting)
            return False
        now = self.now()
        # An execution that has begun to wait for a time far ahead goes on waiting.
        if self.last_look - now > BELIEVABLE_AHEAD and self.patched("clock-set-back"):
            self.log(f"the last look, at {self.last_look.isoformat()}, lies ahead: the clock was set back; looking now")
            return True
        moment = self._next_time(self.last_look)
        if self.retry_at is not None:
            moment = min(moment, self.retry_at)
        if moment <= now:
            return True
        timer = self.timer(moment - now)
        futures.wait_any(timer, *waiting)
        if timer.done:
            return True
        timer.cancel()
        return False

    def _next_time(self, after: datetime) -> datetime:
        schedule, timezone = str(self.schedule), self.specification["sensor"]["timezone"]
        moment, former = next_time(schedule, after, timezone), former_next_time(schedule, after, timezone)
        # An execution that has waited for a time that came twice keeps the former rule.
        return moment if moment == former or self.patched("one-check-where-clocks-change") else former

    def _handle_signals(self) -> bool:
        """Handle pending signals; return True if there were any. A check that is due at the same moment follows at once, since
        its time is past then.
        """
        arrived = [name for name, signal in self.signals.items() if signal.done]
        for name in arrived:
            signal, self.signals[name] = self.signals[name], self.next_signal(name)
            if signal.exception is not None:
                self.log(f"the signal {name} was ignored: {_cause(signal.exception)}")
                continue
            given = signal.result
            if fault := self._fault(name, given):
                self.log(f"the signal {name} was ignored: {fault}")
            elif name == START:
                self._start_asked_for(given)
            elif name == RELOAD:
                self.specification = given
                self.log(f"reloaded {given.get('path', '')}")
            elif name == CHECK:  # after the one that is under way, and when it is resumed
                self.retry_at = self.now()
            else:
                self.paused = name == PAUSE
                self.log("paused" if self.paused else "resumed")
        return bool(arrived)

    def _fault(self, name: str, given: Any) -> str | None:
        """Explain why the signal is ignored. An execution that has already accepted such a signal goes on accepting it."""
        if (name == START and not _has(given, "requests")) or (name == RELOAD and not _has(given, "sensor")):
            return NOT_OURS
        fault = signal_fault(name, given)
        return fault if fault is not None and self.patched("refused-signals") else None

    def _start_asked_for(self, given: dict[str, Any]) -> None:
        asked = self.submit(
            activities.start_backfill,
            specification=self.specification,
            outputs=self.outputs,
            requests=given["requests"],
            most_at_once=given.get("most_at_once"),
            starts_per_second=self.starts_per_second,
        )
        if asked.exception is not None:
            self.log(f"runs that were asked for cannot be started: {_cause(asked.exception)}")

    def _check(self) -> None:
        """Check until nothing is held back, the next time of the schedule comes, or the sensor is paused."""
        began = self.last_look = self.now()
        self.retry_at = None
        while True:
            found = self._submitted_check(began)
            futures.wait_any(found, self.signals[PAUSE])
            if not found.done:
                found.cancel()  # the signal is handled afterwards
            if found.exception is not None:
                if not found.cancelled:
                    self._note_failure(found.exception)
                return
            self.failures = 0
            result = CheckResult.of_json(found.result)
            if not result.held_back or self.now() >= self._next_time(began):
                break
        if result.retry_seconds is not None:
            self.retry_at = self.now() + max(timedelta(seconds=result.retry_seconds), _SHORTEST_RETRY)

    def _note_failure(self, error: BaseException) -> None:
        wait = min(_FIRST_RETRY * 2**self.failures, _LONGEST_RETRY)
        self.failures += 1
        self.retry_at = self.now() + wait
        self.log(f"check failed: {_cause(error)}; tried again in {int(wait.total_seconds() // 60)} min")

    def _whole_check(self) -> dict[str, Any]:
        """Run the single check of ``once``, until nothing is held back."""
        began = self.now()
        whole = CheckResult.of_json(futures.get_result_or_raise(self._submitted_check(began)))
        while whole.held_back:
            more = CheckResult.of_json(futures.get_result_or_raise(self._submitted_check(began)))
            whole = dataclasses.replace(more, started=(*whole.started, *more.started))
        return whole.as_json()

    def _submitted_check(self, began: datetime) -> Future[dict[str, Any]]:
        forced = {"forced": True} if self.forced else {}
        return self.submit(
            activities.feed_new_dates,
            specification=self.specification,
            outputs=self.outputs,
            check_began=began.isoformat(),
            starts_per_second=self.starts_per_second,
            **forced,
        )


def _has(given: Any, key: str) -> bool:
    return isinstance(given, dict) and key in given


def _cause(error: BaseException) -> str:
    """Return the message alone, without the id of the task that it came from."""
    return str(error.reason or error) if isinstance(error, TaskFailed) else str(error)
