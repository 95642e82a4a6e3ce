"""Watching executions at the cost of what is new: the same calls for a journal's owner and for a reader beside it.

::

    changes = service.changes()
    while True:
        for execution in changes.executions:
            ...  # service.events(execution.workflow_id, execution.run_id, since=the last that was seen)
        changes = service.changes(changes.position)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..replay.events import HistoryEvent
from .faults import unknown_resource
from .store import Store
from .visibility import Info


@dataclass(frozen=True)
class KnownExecution:
    """One execution, without its history, as it was when it was asked for."""

    number: int  #: in the order of starts
    info: Info  #: SWF's WorkflowExecutionInfo without the status, and ``domain``
    closed_at: float | None = None  #: epoch seconds; None while it is open
    close_status: str | None = None  #: SWF's; None while it is open
    #: What the workers of its started activities said last, by the id of the event that scheduled each. The service alone
    #: knows it: heartbeats are not kept, so a reader beside it has none.
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
        """``workflowId`` and ``runId``, as SWF's calls take them."""
        return {"workflowId": self.workflow_id, "runId": self.run_id}

    @property
    def type_name(self) -> str:
        return str(self.info["workflowType"]["name"])

    @property
    def tags(self) -> list[str]:
        return list(self.info["tagList"])

    @property
    def started(self) -> float:
        """Epoch seconds."""
        return float(self.info["startTimestamp"])

    @property
    def is_open(self) -> bool:
        return self.close_status is None


@dataclass(frozen=True)
class Changes:
    """What is new since a position."""

    position: int  #: to ask from the next time; of the object that was asked alone
    executions: list[
        KnownExecution
    ]  #: those that were started, have new events or notes, or have closed; in the order of starts
    removed: list[str]  #: run ids of those whose histories were removed
    is_whole: bool  #: ``executions`` are all that there are: whatever else the caller knows is not there any more


class Watching(Store):
    """The calls for those who keep watching. They see what is durable, and starts of tasks that need not be."""

    def refresh(self) -> None:
        """Look at what others have written. The owner of a journal knows it all."""

    @property
    def position(self) -> int:
        """That of the last change so far: ``changes`` since then are those to come."""
        return self.log.position

    @property
    def newest_number(self) -> int:
        """That of the execution started last; 0 when there is none."""
        return next(reversed(self.infos), 0)

    def changes(self, since: int = 0) -> Changes:
        """What is new since the position of an earlier answer; everything when that is 0, or too long ago.

        It costs what is new, however many executions there are.

        Raises:
            JournalError: the journal cannot be read just now; the next call tells what this one could not.
        """
        self.refresh()
        with self.lock:
            log = self.log
            executions = self._known(log.changed(since))
            return Changes(log.position, executions, log.removed(since), log.is_whole(since))

    def events(self, workflow_id: str, run_id: str, since: int = 0, *, most: int | None = None) -> list[HistoryEvent]:
        """The events of an execution behind the first ``since``, or so many of them. It costs what is new.

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
            run = self.runs.get(number)
            if run is not None:
                visible = self.visible.get(number, len(run.events))
                return run.events[since : visible if end is None else min(end, visible)]
            self.check_usable()
            assert self.journal is not None
            journal = self.journal
        with self._reading:
            events = journal.events(number, since, end)
        if not events and not since and end != 0:  # its owner has removed it since this reader looked
            raise unknown_resource(f"{unknown}; its history has just been removed")
        return events

    def started_attributes(self, workflow_id: str, run_id: str) -> Mapping[str, Any]:
        """What an execution was started with, as its first event says.

        Raises:
            Fault, JournalError: see :meth:`events`.
        """
        first = self.events(workflow_id, run_id, most=1)[0]
        found: Mapping[str, Any] = first["workflowExecutionStartedEventAttributes"]
        return found

    def execution(self, domain: str, workflow_id: str, run_id: str | None = None) -> KnownExecution | None:
        """That execution, or the latest one of the workflow id; None when it is not known here."""
        with self.lock:
            known = self.domains.get(domain)
            if known is None:
                return None
            number = self.numbers.get((workflow_id, run_id)) if run_id else known.latest_by_id.get(workflow_id)
            if number is None or number in self.unborn or self.infos[number]["domain"] != domain:
                return None
            return self._one_known(number)

    def open_executions(self, domain: str) -> list[KnownExecution]:
        """Those that have not closed, oldest first. It costs how many are open."""
        with self.lock:
            found = self._known(self.open_numbers())
        return [one for one in found if one.domain == domain]

    def closed_executions(self, domain: str | None = None) -> list[KnownExecution]:
        """Those that have closed, oldest first, of that domain or of all."""
        with self.lock:
            found = self._known(sorted(self.closed))
        return [one for one in found if domain in (None, one.domain)]

    def open_numbers(self) -> Iterable[int]:
        """Called with the lock held."""
        return [number for number in self.runs if number not in self.closed]

    def _known(self, numbers: Iterable[int]) -> list[KnownExecution]:
        return [self._one_known(number) for number in numbers if number not in self.unborn]

    def _one_known(self, number: int) -> KnownExecution:
        closed_at, status = self.closed.get(number, (None, None))
        run = self.runs.get(number)
        notes = {one.scheduled: one.details for one in run.activities.values()} if run is not None and status is None else {}
        return KnownExecution(number, self.infos[number], closed_at, status, notes)
