"""The service's memory: every execution, and how many of its events are durable and visible.

Two rules hold it together. State changes in memory under one lock; a change becomes visible (a task in its list, a close
to those who wait for it) only when the commit has written it. And the thread that writes, writes and publishes for all.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..exceptions import JournalError, ServiceError
from .change_log import ChangeLog
from .clock import Clock
from .deadlines import Deadlines
from .domains import Domain, kept_domains
from .execution import LocalExecution, rebuilt
from .faults import unknown_resource
from .journal import Journal, Refusal, TypeKey, TypeRow
from .patience import JOURNAL_PATIENCE_SECONDS, Patience
from .quotas import Quotas
from .visibility import Info, new_info

logger = logging.getLogger(__name__)

_News = tuple[
    LocalExecution, list[Any], bool, int
]  # of an execution: effects that become visible, whether it has closed, number of events


class Store:
    """State and durability. Timers are in :mod:`.timekeeping`; SWF's calls are in the classes derived from that."""

    def __init__(self, journal: Journal | None, clock: Clock | None, quotas: Quotas, home: str) -> None:
        self.lock = threading.Lock()
        self.domains: dict[str, Domain] = {}
        self._home = home
        self.journal, self.clock, self.quotas = journal, clock or Clock(), quotas
        self.journal_patience_seconds = JOURNAL_PATIENCE_SECONDS
        self.executions: dict[
            int, LocalExecution
        ] = {}  # with their events: open ones, and closed ones when there is no journal
        self.infos: dict[int, Info] = {}
        self.closed: dict[int, tuple[float, str]] = {}  # number -> (moment, status); only what is durable
        self.numbers: dict[tuple[str, str], int] = {}  # by workflow id and run id
        self.unborn: set[int] = set()  # executions whose start is not durable yet
        self.log = ChangeLog()
        self.visible: dict[
            int, int
        ] = {}  # number of an open one -> events that may be shown: durable ones, and those of `note`
        self.stopping = self.ended = False
        self.broken: Exception | None = None
        self._saved: dict[int, int] = {}
        self.dirty: dict[int, LocalExecution] = {}  # with events that are not durable yet
        self._flushing, self._batch = False, 0
        self._queued = 0  # callers whose events go into the next batch
        self._in_flight: set[int] = set()  # executions with events in the batch that is being written
        self._flushed = threading.Condition(self.lock)
        self._closings = threading.Condition(self.lock)
        self._tick = threading.Condition(self.lock)
        self._deadlines = Deadlines()
        self._waiters = 0
        self._awaited: list[Callable[[], bool]] = []  # by callers of wait_events
        self._carrying_out = threading.local()  # .request: number of the one that this thread carries out; .run_id
        self._taken_request = 0
        self._refused: list[Refusal] = []  # of requests, for the processes that left them
        self._reading = threading.Lock()
        self._next_number = 1
        if journal is not None:
            self._load(journal)

    @property
    def home(self) -> Domain:
        """The domain used inside this process."""
        return self.domains[self._home]

    def every_open_execution(self) -> list[LocalExecution]:
        """Return the open executions of all domains."""
        return [execution for domain in self.domains.values() for execution in domain.open_by_id.values()]

    def end(self) -> None:
        """Write what is not durable yet; later calls are refused."""
        with self.lock:
            try:
                while self._flushing or (self.dirty and self.broken is None):
                    self.commit()
            except ServiceError as error:
                logger.error("%s", error)  # none of it was acknowledged
            self.ended = True
        with self._reading:
            if self.journal is not None:
                self.journal.close()

    def check_usable(self) -> None:
        """Refuse a call when the service cannot answer.

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

    def commit(self, *executions: LocalExecution) -> None:
        """Make all changes so far durable and visible, together with those of other callers.

        A failed write is retried; until it succeeds, nothing in it is visible or acknowledged.

        Raises:
            ServiceError: the retries failed; the service has stopped.
        """
        most = self.quotas.history_events
        for execution in executions:
            self.dirty[execution.number] = execution
            if execution.outgoing or len(execution.events) > most:
                self.settle(execution)
        request = getattr(self._carrying_out, "request", 0)
        if request:
            self._taken_request = request  # deleted by the transaction that writes its events
        if self.journal is None:
            self._publish(self._take()[1])
            return
        ticket = self._batch + (2 if self._flushing else 1)  # the batch being written lacks these events
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
                    self._persist(partial(self.journal.write, *written))  # meanwhile others add to the next batch
            except BaseException as error:
                failure = error
            self._flushing = False
            if failure is not None:  # the batch stays open: none of its callers gets an acknowledgement
                self._wake_all()
                raise failure
            self._batch += 1
            self._in_flight = set()
            self._flushed.notify_all()
            self._publish(news)

    def settle(self, execution: LocalExecution) -> None:
        """Carry out what follows from the changes of an execution, also in others, before they are written."""
        raise NotImplementedError

    def keep_rows(self, rows: Sequence[TypeRow], removed: Sequence[TypeKey] = ()) -> None:
        """Make domains and types durable, or their removal, in one transaction.

        Raises:
            ServiceError: the retries failed; the service has stopped.
        """
        if self.journal is not None:
            self._persist(partial(self.journal.write_types, rows, removed))

    def _persist(self, write: Callable[[], None]) -> None:
        """Carry out a write with the lock released, with retries; if they fail, the service stops.

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
        """Refuse every call with this error from now on; the owner of the service has to end it."""
        self.broken = self.broken or failure
        self._wake_all()

    def wait_durable(self, execution: LocalExecution) -> None:
        """Return once all events that the execution has now are durable.

        Raises:
            ServiceError: the journal could not be written.
        """
        while execution.number in self.dirty or execution.number in self._in_flight:
            self.commit()

    def note(self, execution: LocalExecution) -> None:
        """Leave the event just added to the next commit of any caller: a crash may lose it without harm."""
        if self.visible.get(execution.number) == len(execution.events) - 1:  # else events before it are not durable yet
            self.visible[execution.number] += 1
            self.log.note(execution.number)
        self.dirty[execution.number] = execution
        self._push_deadlines(execution)

    def _take(self) -> tuple[tuple[Any, ...], list[_News]]:
        """Collect the rows to write, and the changes that become visible then, of all callers."""
        batches, started, closed, news = [], [], [], []
        for number, execution in self.dirty.items():
            first, count = self._saved.get(number, 0), len(execution.events)
            if first < count:
                if self.journal is not None:
                    batches.append((number, first, execution.events[first:]))
                    if first == 0:
                        started.append(
                            (number, execution.workflow_id, execution.run_id, execution.started_at, self.infos[number])
                        )
                    if execution.close_status is not None:
                        closed.append((execution.closed_at, execution.close_status, number))
                self._saved[number] = count
            if first < count or execution.effects or execution.close_status is not None:
                news.append((execution, execution.effects, execution.close_status is not None, count))
                execution.effects = []
        self.dirty = {}
        taken, self._taken_request = self._taken_request, 0
        refused, self._refused = self._refused, []
        return (batches, started, closed, taken, refused), news

    def _publish(self, news: list[_News]) -> None:
        for execution, effects, closed, count in news:
            self.unborn.discard(execution.number)
            if execution.number not in self.closed:
                self.visible[execution.number] = max(count, self.visible.get(execution.number, 0))
                self.log.note(execution.number)
            domain = self.domains[execution.domain]
            for effect in effects:
                kind = effect[0]
                if kind == "decision":
                    decision = execution.decision
                    if decision is not None and decision.scheduled == effect[1]:
                        priority = int(execution.started_attributes.get("taskPriority", 0))
                        domain.decision_lists[decision.task_list].put(execution, effect[1], priority)
                elif kind == "activity":
                    if effect[1] in execution.activities:
                        a = execution.events[effect[1] - 1]["activityTaskScheduledEventAttributes"]
                        domain.activity_lists[a["taskList"]["name"]].put(execution, effect[1], int(a.get("taskPriority", 0)))
                elif self._deadlines.push(effect[1], execution, effect[2], effect[3]):
                    self._tick.notify()
            if closed and execution.number not in self.closed:
                assert execution.close_status is not None
                self.closed[execution.number] = (execution.closed_at, execution.close_status)
                self.visible.pop(execution.number)
                if self.journal is not None:
                    self.executions.pop(execution.number, None)  # its events are read from the file on demand
                    self._saved.pop(execution.number, None)
                self._closings.notify_all()
        if self.clock.virtual:
            self._tick.notify()

    def _push_deadlines(self, execution: LocalExecution) -> None:
        """Add the timeouts of a task just handed out; they need no commit, since a restart ends the task anyway."""
        for effect in execution.effects:
            if effect[0] == "deadline" and self._deadlines.push(effect[1], execution, effect[2], effect[3]):
                self._tick.notify()
        execution.effects = [effect for effect in execution.effects if effect[0] != "deadline"]

    def asked_run_id(self) -> str | None:
        """Return the run id chosen by the start request that this thread carries out, None without one."""
        return getattr(self._carrying_out, "run_id", None)

    # ---- executions ----------------------------------------------------------------------------------------------------------

    def add_execution(
        self, domain: str, workflow_id: str, run_id: str, attributes: dict[str, Any], now: float
    ) -> LocalExecution:
        execution = LocalExecution(self._next_number, domain, workflow_id, run_id)
        self._next_number += 1
        execution.start(now, attributes)
        self.unborn.add(execution.number)
        self.executions[execution.number] = self.domains[domain].open_by_id[workflow_id] = execution
        self.infos[execution.number] = new_info(execution)
        self.numbers[workflow_id, run_id] = self.domains[domain].latest_by_id[workflow_id] = execution.number
        return execution

    def forget_open(self, execution: LocalExecution) -> None:
        """Free the workflow id of an execution that has just closed."""
        open_by_id = self.domains[execution.domain].open_by_id
        if execution.close_status is not None and open_by_id.get(execution.workflow_id) is execution:
            del open_by_id[execution.workflow_id]

    def open_execution(self, domain: str, workflow_id: str, run_id: str | None) -> LocalExecution:
        """Return an open execution.

        Raises:
            Fault: UnknownResourceFault; it is not open.
        """
        self.check_usable()
        execution = self.domains[domain].open_by_id.get(workflow_id)
        if execution is None or (run_id and execution.run_id != run_id):
            raise unknown_resource(f"Unknown execution: workflowId={workflow_id}" + (f", runId={run_id}" if run_id else ""))
        return execution

    def whole_execution(self, domain: str, workflow_id: str, run_id: str | None) -> LocalExecution:
        """Return an execution, open or closed, with its events; the latest of the workflow id without a run id.

        Called with the lock held.

        Raises:
            Fault: UnknownResourceFault.
        """
        self.check_usable()
        unknown = f"Unknown execution: workflowId={workflow_id}" + (f", runId={run_id}" if run_id else "")
        number = self.numbers.get((workflow_id, run_id)) if run_id else self.domains[domain].latest_by_id.get(workflow_id)
        if number is None or self.infos[number]["domain"] != domain:
            raise unknown_resource(unknown)
        execution = self.executions.get(number)
        if execution is None:
            assert self.journal is not None
            ids = self.infos[number]["execution"]
            with self._reading:
                events = self.journal.events(number)
            if not events:  # its owner has removed it since this reader looked
                raise unknown_resource(f"{unknown}; its history has just been removed")
            execution = rebuilt(LocalExecution(number, domain, ids["workflowId"], ids["runId"]), events)
        else:
            self.wait_durable(execution)  # a reader sees only what is durable
        return execution

    def wait_closed(self, workflow_id: str, run_id: str, timeout_seconds: float | None = None) -> str | None:
        """Wait until a close is durable; return its status, None after the timeout or when the service stops."""
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
        self._load_executions(journal)
        self._next_number = max(self.infos, default=0) + 1
        for number, events in journal.open_events().items():
            ids, domain = self.infos[number]["execution"], self.infos[number]["domain"]
            execution = rebuilt(LocalExecution(number, domain, ids["workflowId"], ids["runId"]), events)
            self._saved[number] = self.visible[number] = len(events)
            self.executions[number] = self.domains[domain].open_by_id[execution.workflow_id] = execution

    def _load_executions(self, journal: Journal) -> None:
        """Load the domains, their types, and every execution without its events."""
        self.domains = kept_domains(journal, self.lock)
        for number, workflow_id, run_id, _, info, closed_at, close_status in journal.execution_rows():
            domain = info.setdefault("domain", next(iter(self.domains)))  # written when a journal had only one
            self.infos[number] = info
            self.log.note(number)
            self.numbers[workflow_id, run_id] = self.domains[domain].latest_by_id[workflow_id] = number
            if close_status is not None and closed_at is not None:
                self.closed[number] = (closed_at, close_status)
