"""Forgetting closed executions: their histories leave the journal, and a line for each stays that says so."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..exceptions import JournalError, ServiceError
from .journal import GoneRun
from .journal_pruning import JournalPruning
from .store import Store
from .timekeeping import Timekeeping

_AT_ONCE = 100  #: executions of one transaction; others write between two of them


@dataclass
class Pruned:
    """What was removed, or would be."""

    executions: int = 0
    history_bytes: int = 0  #: of the text of their events
    space_kept: str | None = None  #: why the file could not be made smaller


class Prunable(Store):
    """What could be removed. It is only looked at."""

    def would_prune(self, closed_before: float, *, spared: Collection[str] = ()) -> Pruned:
        """What :meth:`Pruning.prune` would remove.

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
        """It is not there any more. Called with the lock held."""
        info = self.infos.pop(number)
        self.closed.pop(number, None)
        self.runs.pop(number, None)
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
        """The executions from which parents and children lead to one that is open."""
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
    """The calls that SWF does by itself when a domain's retention period is over. Only the owner of a journal has them."""

    def prune(self, closed_before: float, *, spared: Collection[str] = ()) -> Pruned:
        """Remove executions that closed before that moment (epoch seconds), except those of the run ids ``spared``.

        Whatever is open stays, with every execution that is related to it as parent or child, through others too. Each
        execution goes in one transaction with all that there is of it: a crash on the way leaves some of them whole and the
        others gone. The file is made smaller, or what is returned says why not; the next call does it then. Payloads are left
        where they are: the journal remembers those that may go (:meth:`.journal_pruning.JournalPruning.unreferenced`).

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

    def _gone(self, number: int) -> GoneRun:
        info, (closed_at, status) = self.infos[number], self.closed[number]
        return GoneRun(info["domain"], **_ids(info), name="/".join(info["tagList"][:2]), closed=closed_at, status=status)

    def _forget(self, numbers: list[int]) -> None:
        with self.lock:
            if self.ended:
                raise ServiceError("the local service has ended")
            for number in numbers:
                self.forget_one(number)


def _ids(info: dict[str, Any]) -> dict[str, str]:
    return {"workflow_id": info["execution"]["workflowId"], "run_id": info["execution"]["runId"]}
