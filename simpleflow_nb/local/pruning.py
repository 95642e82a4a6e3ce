"""Pruning closed executions: their histories leave the journal, and a row for each records that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..exceptions import JournalError, ServiceError
from .journal import PrunedExecution
from .journal_pruning import JournalPruning
from .store import Store
from .timekeeping import Timekeeping

_AT_ONCE = 100  #: executions per transaction; others can write in between


@dataclass
class Pruned:
    """The executions that were removed, or would be."""

    executions: int = 0
    history_bytes: int = 0  #: of the text of their events
    space_kept: str | None = None  #: why the file could not be shrunk


class Prunable(Store):
    """Selection of the executions that can be removed; changes nothing."""

    def would_prune(self, closed_before: float, *, spared: Collection[str] = ()) -> Pruned:
        """Return the executions that :meth:`Pruning.prune` would remove.

        Raises:
            ServiceError: the journal cannot be read, or the service has ended.
        """
        with self.lock:
            self.check_usable()
            numbers = self._prunable(closed_before, frozenset(spared))
        if self.journal is None or not numbers:
            return Pruned(len(numbers))
        with JournalPruning(self.journal, to_look=True) as file:
            return Pruned(len(numbers), sum(map(file.history_bytes, numbers)))

    def forget_one(self, number: int) -> None:
        """Drop an execution from memory. Called with the lock held."""
        info = self.infos.pop(number)
        self.closed.pop(number, None)
        self.executions.pop(number, None)
        workflow_id, run_id = info["execution"]["workflowId"], info["execution"]["runId"]
        del self.numbers[workflow_id, run_id]
        self.log.note_removed(number, run_id)
        latest = self.domains[info["domain"]].latest_by_id
        if latest.get(workflow_id) == number:
            del latest[workflow_id]

    def _prunable(self, closed_before: float, spared: frozenset[str]) -> list[int]:
        old = [
            number
            for number, (closed_at, _) in self.closed.items()
            if closed_at < closed_before and self.infos[number]["execution"]["runId"] not in spared
        ]
        kept = self._related_to_open()
        return sorted(number for number in old if number not in kept)

    def _related_to_open(self) -> set[int]:
        """Return the executions that are related to an open one through parents and children."""
        related: dict[int, list[int]] = {}
        for number, info in self.infos.items():
            above = info.get("parent")
            parent = self.numbers.get((above["workflowId"], above["runId"])) if above else None
            if parent is not None:
                related.setdefault(number, []).append(parent)
                related.setdefault(parent, []).append(number)
        found = {number for number in self.infos if number not in self.closed}
        waiting = list(found)
        while waiting:
            for number in related.get(waiting.pop(), ()):
                if number not in found:
                    found.add(number)
                    waiting.append(number)
        return found


class Pruning(Prunable, Timekeeping):
    """The removal that SWF does by itself after a domain's retention period. Only the owner of a journal has it."""

    def prune(self, closed_before: float, *, spared: Collection[str] = ()) -> Pruned:
        """Remove executions that closed before a time (epoch seconds), except those with the run ids ``spared``.

        Open executions stay, with all executions related to them as parent or child, also indirectly. Each execution is
        removed with its events in one transaction: after a crash it is either whole or gone. The file is shrunk; if that
        fails, the answer says why, and the next call tries again. Payloads stay: the journal lists those that may go
        (:meth:`.journal_pruning.JournalPruning.unreferenced`).

        Raises:
            ServiceError: the journal could not be written, or the service has ended.
        """
        with self.lock:
            self.check_usable()
            numbers = self._prunable(closed_before, frozenset(spared))
            gone = [self._gone(number) for number in numbers]
        if self.journal is None:
            self._forget(numbers)
            return Pruned(len(numbers))
        with JournalPruning(self.journal) as file:
            done = Pruned(len(numbers), sum(map(file.history_bytes, numbers)))
            for first in range(0, len(numbers), _AT_ONCE):
                part = slice(first, first + _AT_ONCE)
                try:
                    file.remove(numbers[part], gone[part])
                except JournalError as error:
                    if not first:
                        raise
                    raise JournalError(f"{error}; the histories of {first} executions had been removed by then") from error
                self._forget(numbers[part])
            try:
                file.give_back_space()
            except JournalError as error:
                done.space_kept = str(error)
        return done

    def _gone(self, number: int) -> PrunedExecution:
        info, (closed_at, status) = self.infos[number], self.closed[number]
        return PrunedExecution(
            info["domain"], **_ids(info), name="/".join(info["tagList"][:2]), closed=closed_at, status=status
        )

    def _forget(self, numbers: list[int]) -> None:
        with self.lock:
            if self.ended:
                raise ServiceError("the local service has ended")
            for number in numbers:
                self.forget_one(number)


def _ids(info: dict[str, Any]) -> dict[str, str]:
    return {"workflow_id": info["execution"]["workflowId"], "run_id": info["execution"]["runId"]}
