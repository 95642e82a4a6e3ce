"""Watching executions, with a cost that grows only with changes; for a journal's owner and for a reader beside it.

::

    changes = service.changes()
    while True:
        for execution in changes.executions:
            ...  # service.events(execution.workflow_id, execution.run_id, since=the last that was seen)
        changes = service.changes(changes.position)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..replay.protocol.events import HistoryEvent
from .faults import unknown_resource
from .store import Store
from .visibility import Info

_MOMENT_SECONDS = 0.005


@dataclass(frozen=True)
class KnownExecution:
    """Snapshot of an execution, without its history."""

    number: int  #: in the order of starts
    info: Info  #: SWF's WorkflowExecutionInfo without the status, and ``domain``
    closed_at: float | None = None  #: epoch seconds; None while it is open
    close_status: str | None = None  #: SWF's; None while it is open
    #: Details of the last heartbeats of its started activities, by the id of the event that scheduled each. Only the
    #: service knows them: heartbeats are not stored, so a reader beside it has none.
    notes: Mapping[int, str | None] = field(default_factory=dict)

    @property
    def domain(self) -> str:
        return str(self.info["domain"])

    @property
    def workflow_id(self) -> str:
        return str(self.info["execution"]["workflowId"])

    @property
    def run_id(self) -> str:
        return str(self.info["execution"]["runId"])

    @property
    def ids(self) -> dict[str, str]:
        """``workflowId`` and ``runId``, for SWF's calls."""
        return {"workflowId": self.workflow_id, "runId": self.run_id}

    @property
    def type_name(self) -> str:
        return str(self.info["workflowType"]["name"])

    @property
    def tags(self) -> list[str]:
        return list(self.info["tagList"])

    @property
    def started(self) -> float:
        """Time of the start, in epoch seconds."""
        return float(self.info["startTimestamp"])

    @property
    def is_open(self) -> bool:
        return self.close_status is None


@dataclass(frozen=True)
class Changes:
    """Changes since a position."""

    position: int  #: for the next call, on the same object
    executions: list[KnownExecution]  #: started, closed, or with new events or notes; in the order of starts
    removed: list[str]  #: run ids of those whose histories were removed
    is_whole: bool  #: ``executions`` lists all: any other that the caller knows was removed


class Watching(Store):
    """The calls for watching. They show what is durable, and also starts of tasks that are not durable yet."""

    def refresh(self) -> None:
        """Load what others have written; nothing to do for the owner of a journal."""

    @property
    def position(self) -> int:
        """Position of the last change so far; ``changes`` since it are those to come."""
        return self.log.position

    @property
    def newest_number(self) -> int:
        """Number of the execution started last; 0 without one."""
        return next(reversed(self.infos), 0)

    def changes(self, since: int = 0) -> Changes:
        """Return the changes since the position of an earlier answer; everything if that is 0, or too old.

        The cost grows with the changes, not with the number of executions.

        Raises:
            JournalError: the journal cannot be read just now; the next call includes the changes.
        """
        self.refresh()
        with self.lock:
            log = self.log
            executions = self._known(log.changed(since))
            return Changes(log.position, executions, log.removed(since), log.is_whole(since))

    def events(self, workflow_id: str, run_id: str, since: int = 0, *, most: int | None = None) -> list[HistoryEvent]:
        """Return the events of an execution after the first ``since``, at most ``most``. The cost grows with their number.

        Raises:
            Fault: UnknownResourceFault, also when its history was removed.
            JournalError: the journal cannot be read just now.
        """
        self.refresh()
        unknown = f"Unknown execution: workflowId={workflow_id}, runId={run_id}"
        end = None if most is None else since + most
        with self.lock:
            number = self.numbers.get((workflow_id, run_id))
            if number is None or number in self.unborn:
                raise unknown_resource(unknown)
            execution = self.executions.get(number)
            if execution is not None:
                visible = self.visible.get(number, len(execution.events))
                return execution.events[since : visible if end is None else min(end, visible)]
            self.check_usable()
            assert self.journal is not None
            journal = self.journal
        with self._reading:
            events = journal.events(number, since, end)
        if not events and not since and end != 0:  # removed by its owner since this reader looked
            raise unknown_resource(f"{unknown}; its history has just been removed")
        return events

    def wait_events(
        self, workflow_id: str, run_id: str, take: Callable[[list[HistoryEvent]], bool], timeout_seconds: float
    ) -> bool:
        """Give the events of an execution to ``take``, and more as they come, until it returns True; return whether it has.

        For a service in memory: a virtual clock jumps meanwhile, as in `wait_closed`, but not once it has.
        """
        until = time.monotonic() + timeout_seconds
        with self.lock:
            number = self.numbers.get((workflow_id, run_id))
            if number is None:
                raise unknown_resource(f"Unknown execution: workflowId={workflow_id}, runId={run_id}")
            execution, seen, is_over = self.executions[number], 0, False

            def is_there() -> bool:
                nonlocal seen, is_over
                news = execution.events[seen : self.visible.get(number, len(execution.events))]
                seen += len(news)
                is_over = is_over or (bool(news) and take(news))
                return is_over

            self._awaited.append(is_there)
            self._tick.notify()
            try:
                while not is_there() and (left := until - time.monotonic()) > 0 and not self.stopping and self.broken is None:
                    self._closings.wait(min(left, _MOMENT_SECONDS))
            finally:
                self._awaited.remove(is_there)
            return is_over

    def started_attributes(self, workflow_id: str, run_id: str) -> Mapping[str, Any]:
        """Return the attributes of the first event of an execution.

        Raises:
            Fault, JournalError: see :meth:`events`.
        """
        first = self.events(workflow_id, run_id, most=1)[0]
        found: Mapping[str, Any] = first["workflowExecutionStartedEventAttributes"]
        return found

    def execution(self, domain: str, workflow_id: str, run_id: str | None = None) -> KnownExecution | None:
        """Return an execution, the latest of the workflow id without a run id; None if it is unknown."""
        with self.lock:
            known = self.domains.get(domain)
            if known is None:
                return None
            number = self.numbers.get((workflow_id, run_id)) if run_id else known.latest_by_id.get(workflow_id)
            if number is None or number in self.unborn or self.infos[number]["domain"] != domain:
                return None
            return self._one_known(number)

    def open_executions(self, domain: str) -> list[KnownExecution]:
        """Return the open executions of a domain, oldest first. The cost grows with their number."""
        with self.lock:
            found = self._known(self.open_numbers())
        return [one for one in found if one.domain == domain]

    def closed_executions(self, domain: str | None = None) -> list[KnownExecution]:
        """Return the closed executions of a domain, or of all domains, oldest first."""
        with self.lock:
            found = self._known(sorted(self.closed))
        return [one for one in found if domain in (None, one.domain)]

    def open_numbers(self) -> Iterable[int]:
        """Return the numbers of the open executions. Called with the lock held."""
        return [number for number in self.executions if number not in self.closed]

    def _known(self, numbers: Iterable[int]) -> list[KnownExecution]:
        return [self._one_known(number) for number in numbers if number not in self.unborn]

    def _one_known(self, number: int) -> KnownExecution:
        closed_at, status = self.closed.get(number, (None, None))
        execution = self.executions.get(number)
        notes = (
            {one.scheduled: one.details for one in execution.activities.values()}
            if execution is not None and status is None
            else {}
        )
        return KnownExecution(number, self.infos[number], closed_at, status, notes)
