"""The service's memory: every run, what is durable of it, and what is visible.

Two rules hold everything together. State changes in memory under one lock; it becomes visible (a task in its list, a
close to those who wait) only with the commit that wrote it. And whoever writes, writes and publishes for all.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from ..exceptions import JournalError, ServiceError
from .change_log import ChangeLog
from .clock import Clock
from .deadlines import Deadlines
from .decisions import Quotas
from .domains import Domain, kept_domains
from .faults import unknown_resource
from .journal import Journal, Refusal
from .patience import JOURNAL_PATIENCE_SECONDS, Patience
from .run import Run, rebuilt
from .visibility import Info, new_info

logger = logging.getLogger(__name__)

_News = tuple[Run, list[Any], bool, int]  # what becomes visible of a run: effects, whether it has closed, number of events


class Store:
    """State and durability. Time is kept in :mod:`.timekeeping`; the calls of SWF are in the classes above that."""

    def __init__(self, journal: Journal | None, clock: Clock | None, quotas: Quotas, home: str) -> None:
        self.lock = threading.Lock()
        self.domains: dict[str, Domain] = {}
        self._home = home
        self.journal, self.clock, self.quotas = journal, clock or Clock(), quotas
        self.journal_patience_seconds = JOURNAL_PATIENCE_SECONDS
        self.runs: dict[int, Run] = {}  # with their events: open ones, and closed ones when there is no journal
        self.infos: dict[int, Info] = {}
        self.closed: dict[int, tuple[float, str]] = {}  # number -> (moment, status); only what is durable
        self.numbers: dict[tuple[str, str], int] = {}  # by workflow id and run id
        self.unborn: set[int] = set()  # runs whose start is not durable yet
        self.log = ChangeLog()
        self.visible: dict[int, int] = {}  # of open runs, how many events may be shown: durable ones, and those of `note`
        self.stopping = self.ended = False
        self.broken: Exception | None = None
        self._saved: dict[int, int] = {}
        self.dirty: dict[int, Run] = {}  # with events that are not durable yet
        self._flushing, self._batch = False, 0
        self._queued = 0  # callers whose events go into the next batch
        self._in_flight: set[int] = set()  # runs with events in the batch that is being written
        self._flushed = threading.Condition(self.lock)
        self._closings = threading.Condition(self.lock)
        self._tick = threading.Condition(self.lock)
        self._deadlines = Deadlines()
        self._waiters = 0
        self._carrying_out = threading.local()  # .request: the one of another process that this thread carries out; .run_id
        self._taken_request = 0
        self._refused: list[Refusal] = []  # requests, to be told to those who have left them
        self._reading = threading.Lock()
        self._next_number = 1
        if journal is not None:
            self._load(journal)

    @property
    def home(self) -> Domain:
        """The domain of those who use the service in its own process."""
        return self.domains[self._home]

    def open_runs(self) -> list[Run]:
        """Of every domain."""
        return [run for domain in self.domains.values() for run in domain.open_by_id.values()]

    def end(self) -> None:
        """Write what is left; from now on nothing is answered."""
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
        for domain in self.domains.values():
            for task_list in [*domain.decision_lists.values(), *domain.activity_lists.values()]:
                task_list.ready.notify_all()
        self._flushed.notify_all()
        self._closings.notify_all()
        self._tick.notify_all()

    # ---- durability: called with the lock held, return with the lock held ----------------------------------------------------

    def commit(self, *runs: Run) -> None:
        """Make everything so far durable and visible, together with what other callers add meanwhile.

        A write that fails is tried again; until it succeeds nobody sees or hears of what it holds.

        Raises:
            ServiceError: the journal could not be written for long; nothing goes on from here.
        """
        for run in runs:
            self.dirty[run.number] = run
            if len(run.events) > self.quotas.history_events and run.close_status is None:
                policy = run.started_attributes.get("childPolicy", "TERMINATE")
                run.terminate(self.clock.timestamp(), None, None, policy, "EVENT_LIMIT_EXCEEDED")
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
                self._queued += 1
                self._flushed.wait()
                self._queued -= 1
                continue
            self._flushing = True
            self._in_flight = set(self.dirty)
            written, news = self._take()
            failure: BaseException | None = None
            try:
                if any(written):
                    self._persist(partial(self.journal.write, *written))  # others go on adding to the next batch
            except BaseException as error:
                failure = error
            self._flushing = False
            if failure is not None:  # the batch stays open: nobody whose events were in it is told that they are kept
                self._wake_all()
                raise failure
            self._batch += 1
            self._in_flight = set()
            self._flushed.notify_all()
            self._publish(news)

    def keep_row(self, kind: str, name: str, version: str, body: dict[str, Any]) -> None:
        """Make a domain or a type durable.

        Raises:
            ServiceError: the journal could not be written for long; nothing goes on from here.
        """
        if self.journal is not None:
            self._persist(partial(self.journal.write_type, kind, name, version, body))

    def _persist(self, write: Callable[[], None]) -> None:
        """Carry out a write, with the lock released, as often as it takes; the first that fails for good ends the service.

        Raises:
            ServiceError: the journal could not be written.
        """
        patience = Patience(self.journal_patience_seconds)
        failure: BaseException | None = None
        self.lock.release()
        try:
            while True:
                try:
                    write()
                    break
                except JournalError as error:
                    if self.stopping or not patience.wait(error):
                        raise patience.given_up(error) from error
            patience.succeeded()
        except BaseException as error:
            failure = error
        finally:
            self.lock.acquire()
        if failure is None:
            return
        self.give_up(failure if isinstance(failure, Exception) else ServiceError("the local service was interrupted"))
        if isinstance(failure, JournalError):
            raise ServiceError(str(failure)) from failure
        raise failure

    def give_up(self, failure: Exception) -> None:
        """From now on every call is refused with this; whoever has the service has to end it."""
        self.broken = self.broken or failure
        self._wake_all()

    def wait_durable(self, run: Run) -> None:
        """Return once every event that the run has now is durable.

        Raises:
            ServiceError: the journal could not be written.
        """
        while run.number in self.dirty or run.number in self._in_flight:
            self.commit()

    def note(self, run: Run) -> None:
        """The event just added may wait for the next commit of anybody: losing it with the process loses nothing."""
        if self.visible.get(run.number) == len(run.events) - 1:  # else what is before it is not durable yet
            self.visible[run.number] += 1
            self.log.note(run.number)
        self.dirty[run.number] = run
        self._push_deadlines(run)

    def _take(self) -> tuple[tuple[Any, ...], list[_News]]:
        """What is to be written, and what becomes visible then. Both leave together, whoever of the callers writes."""
        batches, started, closed, news = [], [], [], []
        for number, run in self.dirty.items():
            first, count = self._saved.get(number, 0), len(run.events)
            if first < count:
                if self.journal is not None:
                    batches.append((number, first, run.events[first:]))
                    if first == 0:
                        started.append((number, run.workflow_id, run.run_id, run.started_at, self.infos[number]))
                    if run.close_status is not None:
                        closed.append((run.closed_at, run.close_status, number))
                self._saved[number] = count
            if first < count or run.effects or run.close_status is not None:
                news.append((run, run.effects, run.close_status is not None, count))
                run.effects = []
        self.dirty = {}
        taken, self._taken_request = self._taken_request, 0
        refused, self._refused = self._refused, []
        return (batches, started, closed, taken, refused), news

    def _publish(self, news: list[_News]) -> None:
        for run, effects, closed, count in news:
            self.unborn.discard(run.number)
            if run.number not in self.closed:
                self.visible[run.number] = max(count, self.visible.get(run.number, 0))
                self.log.note(run.number)
            domain = self.domains[run.domain]
            for effect in effects:
                kind = effect[0]
                if kind == "decision":
                    decision = run.decision
                    if decision is not None and decision.scheduled == effect[1]:
                        priority = int(run.started_attributes.get("taskPriority", 0))
                        domain.decision_lists[decision.task_list].put(run, effect[1], priority)
                elif kind == "activity":
                    if effect[1] in run.activities:
                        a = run.events[effect[1] - 1]["activityTaskScheduledEventAttributes"]
                        domain.activity_lists[a["taskList"]["name"]].put(run, effect[1], int(a.get("taskPriority", 0)))
                elif self._deadlines.push(effect[1], run, effect[2], effect[3]):
                    self._tick.notify()
            if closed and run.number not in self.closed:
                assert run.close_status is not None
                self.closed[run.number] = (run.closed_at, run.close_status)
                self.visible.pop(run.number)
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

    def asked_run_id(self) -> str | None:
        """The run id that the request has chosen which this thread carries out, if it is one of a start."""
        return getattr(self._carrying_out, "run_id", None)

    # ---- runs ----------------------------------------------------------------------------------------------------------------

    def add_run(self, domain: str, workflow_id: str, run_id: str, attributes: dict[str, Any], now: float) -> Run:
        run = Run(self._next_number, domain, workflow_id, run_id)
        self._next_number += 1
        run.start(now, attributes)
        self.unborn.add(run.number)
        self.runs[run.number] = self.domains[domain].open_by_id[workflow_id] = run
        self.infos[run.number] = new_info(run)
        self.numbers[workflow_id, run_id] = self.domains[domain].latest_by_id[workflow_id] = run.number
        return run

    def forget_open(self, run: Run) -> None:
        """The id of a run that has just closed may be used again."""
        open_by_id = self.domains[run.domain].open_by_id
        if run.close_status is not None and open_by_id.get(run.workflow_id) is run:
            del open_by_id[run.workflow_id]

    def open_run(self, domain: str, workflow_id: str, run_id: str | None) -> Run:
        """
        Raises:
            Fault: UnknownResourceFault, when it is not open.
        """
        self.check_usable()
        run = self.domains[domain].open_by_id.get(workflow_id)
        if run is None or (run_id and run.run_id != run_id):
            raise unknown_resource(f"Unknown execution: workflowId={workflow_id}" + (f", runId={run_id}" if run_id else ""))
        return run

    def whole_run(self, domain: str, workflow_id: str, run_id: str | None) -> Run:
        """Open or closed, with its events; the latest one when no run id is given. Called with the lock held.

        Raises:
            Fault: UnknownResourceFault.
        """
        self.check_usable()
        unknown = f"Unknown execution: workflowId={workflow_id}" + (f", runId={run_id}" if run_id else "")
        number = self.numbers.get((workflow_id, run_id)) if run_id else self.domains[domain].latest_by_id.get(workflow_id)
        if number is None or self.infos[number]["domain"] != domain:
            raise unknown_resource(unknown)
        run = self.runs.get(number)
        if run is None:
            assert self.journal is not None
            execution = self.infos[number]["execution"]
            with self._reading:
                events = self.journal.events(number)
            if not events:  # its owner has removed it since this reader looked
                raise unknown_resource(f"{unknown}; its history has just been removed")
            run = rebuilt(Run(number, domain, execution["workflowId"], execution["runId"]), events)
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

    # ---- opening -------------------------------------------------------------------------------------------------------------

    def _load(self, journal: Journal) -> None:
        self._load_runs(journal)
        self._next_number = max(self.infos, default=0) + 1
        for number, events in journal.open_events().items():
            execution, domain = self.infos[number]["execution"], self.infos[number]["domain"]
            run = rebuilt(Run(number, domain, execution["workflowId"], execution["runId"]), events)
            self._saved[number] = self.visible[number] = len(events)
            self.runs[number] = self.domains[domain].open_by_id[run.workflow_id] = run

    def _load_runs(self, journal: Journal) -> None:
        """Domains, their types, and every execution without its events."""
        self.domains = kept_domains(journal, self.lock)
        for number, workflow_id, run_id, _, info, closed_at, close_status in journal.runs():
            domain = info.setdefault("domain", next(iter(self.domains)))  # written when a journal had one
            self.infos[number] = info
            self.log.note(number)
            self.numbers[workflow_id, run_id] = self.domains[domain].latest_by_id[workflow_id] = number
            if close_status is not None and closed_at is not None:
                self.closed[number] = (closed_at, close_status)
