"""Runs that are left to the process that has the journal, and followed beside it until they end."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...exceptions import DefinitionError, JournalInUse
from ...local.ownership import OwnerWork, is_owned, owner_pid, owner_work
from ...local.reader import JournalReader
from ...local.requests import OwnerByRequests, RequestLeft
from ...local.service import DOMAIN
from ...local.watching import KnownExecution
from ...local.watching import Watching as Service
from ...processes.interrupts import Interrupts
from ...processes.payload_directory import PayloadDirectory
from ..events import Event, Look, Note, RunChanged, Watching
from ..records.held_outputs import holder_path
from ..states.run_states import EarlierRuns, ShownRun, Watch
from .backfill_ends import BackfillEnds

_LOOK_SECONDS = 0.1
_WORD_SECONDS = 10.0  #: in which a process that has just taken a journal says what it carries out
_FREE_SECONDS = 30.0  #: in which a process that has given up its journal gives up the outputs, too


@dataclass(frozen=True)
class FollowedRuns:
    """Runs that another process carried out, as they were when they had ended, or when nobody waited for them any more."""

    pid: int
    runs: tuple[ShownRun, ...]
    earlier: EarlierRuns
    seconds: float
    is_ended: bool  #: and not left alone by an interrupt
    parked: Mapping[str, str] = field(default_factory=dict)  #: run id of one that cannot go on there: why
    notes: tuple[str, ...] = ()  #: what ended otherwise than well, of that which starts runs
    has_failed_otherwise: bool = False


class LeftRuns:
    """Runs that a command leaves to the owner of a journal, once: if that ends before, the next owner has them.

    Args:
        types: those of the executions to tell of; none are all of ``workflow_ids``.
        workflow_ids: the executions that are waited for, those that start others included.
        outputs: the folder that the owner has to hold as well; None where there is none.
        interrupts: the first one ends the waiting, and nothing else.
    """

    def __init__(
        self,
        journal: Path,
        workflow_ids: Collection[str],
        *,
        types: Sequence[str] = (),
        outputs: Path | None = None,
        interrupts: Interrupts | None,
    ) -> None:
        self.journal, self.workflow_ids, self.types = journal, set(workflow_ids), types
        self._outputs, self._interrupts = outputs, interrupts
        self.payloads = PayloadDirectory(journal.parent / "payloads")
        self.was_left = False  #: whether the owner, or the next one, has it
        self._newest = 0  # number of the last execution before
        self._reader: JournalReader | None = None
        self._watch: Watch | None = None
        self._backfills: BackfillEnds | None = None

    def __enter__(self) -> LeftRuns:
        return self

    def __exit__(self, *_: object) -> None:
        if self._reader is not None:
            self._reader.close()

    def carried_out(
        self,
        refusal: JournalInUse,
        *,
        can: Callable[[OwnerWork], bool],
        prepare: Callable[[OwnerWork, JournalReader], Generator[Event, None, None]],
        leave: Callable[[Any], bool],
        remark: str | None = None,
    ) -> Generator[Event, None, FollowedRuns | None]:
        """Leave it to the owner, unless it was left before, and follow it until its end.

        Gives None when that owner has ended: take the journal, and go on with it unless it `is_begun`.

        Args:
            can: tells whether an owner that does this work carries it out.
            prepare: called before anything is left; it may refuse, and add to ``workflow_ids``.
            leave: starts it on a service (:class:`.OwnerByRequests`); gives False if it is open there already.
            remark: what else is to be said of its being carried out there.

        Raises:
            JournalInUse: ``refusal``, as the owner carries out nothing of the kind.
            RequestLeft: the owner has not taken it in time, and still may.
            and whatever ``prepare`` and ``leave`` raise.
        """
        with ExitStack() as stack:
            if self._interrupts is not None:
                stack.enter_context(self._interrupts)
            work = yield from self._work_of_owner(refusal)
            if work is None:
                return None
            pid = owner_pid(self.journal)
            if work.decision_list is None or not can(work) or not self._holds_outputs(pid):
                raise refusal
            if self.was_left:
                yield Note(_left(pid, self.journal, is_new=False))
            elif not (yield from self._leave(pid, work, prepare, leave)):
                yield from self._freed()
                return None
            if remark is not None:
                yield Note(remark.format(pid=pid))
            return (yield from self._followed(pid))

    def _leave(
        self,
        pid: int,
        work: OwnerWork,
        prepare: Callable[[OwnerWork, JournalReader], Generator[Event, None, None]],
        leave: Callable[[Any], bool],
    ) -> Generator[Event, None, bool]:
        """Leave it to the owner; False when that has ended before it has taken it."""
        if self._reader is not None:
            self._reader.close()
        self._reader = reader = JournalReader(self.journal)
        yield from prepare(work, reader)
        self._newest = reader.newest_number
        self._watch = Watch(reader, self.types, load=self.payloads.load, workflow_ids=self.workflow_ids)
        self._backfills = BackfillEnds(reader, self.payloads.load, self.workflow_ids)
        try:
            is_new = leave(OwnerByRequests(self.journal))
        except RequestLeft:
            if is_owned(self.journal):
                raise
            self.was_left = True
            return False
        self.was_left = True
        yield Note(_left(pid, self.journal, is_new=is_new))
        return True

    def _followed(self, pid: int) -> Generator[Event, None, FollowedRuns | None]:
        assert self._watch is not None
        assert self._reader is not None
        assert self._backfills is not None
        began = time.monotonic()
        yield Watching(self._watch)
        while True:
            is_there = is_owned(self.journal) and owner_pid(self.journal) == pid  # before the look, which then is the last one
            is_interrupted = self._interrupts is not None and self._interrupts.count > 0
            if not is_there or is_interrupted or self._watch.is_rested():
                yield from self._changes(self._watch)
                work = owner_work(self.journal) if is_there else None
                parked = work.parked if work is not None else {}
                still_open = self.open_in(self._reader)
                is_over = all(one.run_id in parked for one in still_open)
                if is_over or is_interrupted:
                    yield from self._changes(self._watch)  # what has ended since the former look
                    return FollowedRuns(
                        pid,
                        tuple(self._watch.states()),
                        self._watch.earlier,
                        time.monotonic() - began,
                        is_over,
                        {one.run_id: f"{one.workflow_id} cannot go on: {parked[one.run_id]}" for one in still_open if is_over},
                        tuple(self._backfills.news()),
                        self._backfills.have_failed,
                    )
                if not is_there:
                    yield Note(f"process {pid} has ended before")
                    yield from self._freed()
                    return None
            yield Look()
            time.sleep(_LOOK_SECONDS)

    @staticmethod
    def _changes(watch: Watch) -> Generator[Event, None, None]:
        for changed in watch.look():
            yield RunChanged(changed)

    def is_begun(self, service: Service) -> Generator[Event, None, bool]:
        """Tell the process that has the journal now whether what was left is begun; wait for what it is still to take.

        An interrupt ends the waiting: what is not begun then counts as not begun.
        """
        until = time.monotonic() + _WORD_SECONDS
        while self.was_left:
            if service.newest_number > self._newest:
                known = [service.execution(DOMAIN, one) for one in self.workflow_ids]
                if any(one is not None and one.number > self._newest for one in known):
                    return True
            if self.open_in(service):
                return True
            if time.monotonic() > until or (self._interrupts is not None and self._interrupts.count):
                break
            yield Look()
            time.sleep(_LOOK_SECONDS)
        return False

    def ended(self) -> list[ShownRun]:
        """Return those that have ended since they were left, in whatever process."""
        if self._watch is None:
            return []
        self._watch.look()
        return [one for one in self._watch.states() if one.status is not None]

    def open_in(self, service: Service) -> list[KnownExecution]:
        """Return those that are open, as of the last look."""
        return [one for one in service.open_executions(DOMAIN) if one.workflow_id in self.workflow_ids]

    def _work_of_owner(self, refusal: JournalInUse) -> Generator[Event, None, OwnerWork | None]:
        """Return what the owner says of itself, once it does; None if there is no owner any more.

        Raises:
            JournalInUse: ``refusal``, as it says nothing.
        """
        until = time.monotonic() + _WORD_SECONDS
        while is_owned(self.journal):
            work = owner_work(self.journal)
            if work is not None:
                return work
            if time.monotonic() > until:
                raise refusal
            yield Look()
            time.sleep(_LOOK_SECONDS)
        yield from self._freed()
        return None

    def _holds_outputs(self, pid: int) -> bool:
        if self._outputs is None:
            return True
        holder = holder_path(self._outputs)
        return is_owned(holder) and owner_pid(holder) == pid

    def _freed(self) -> Generator[Event, None, None]:
        """Wait until the outputs are free, or somebody has the journal again: an owner gives up its journal first."""
        until = time.monotonic() + _FREE_SECONDS
        while time.monotonic() < until:
            yield Look()
            time.sleep(_LOOK_SECONDS)
            if self._outputs is None or not is_owned(holder_path(self._outputs)) or is_owned(self.journal):
                return


def refuse_new(left: LeftRuns, reader: JournalReader, pid: int) -> None:
    """Refuse a new run beside one that another process carries out.

    Raises:
        DefinitionError: a new run is asked for, and one of them is under way in the process that has the journal.
    """
    for one in left.open_in(reader):
        raise DefinitionError(f"{one.workflow_id} runs in process {pid}; --new starts another run once it has ended")


def _left(pid: int, journal: Path, *, is_new: bool) -> str:
    if is_new:
        return f"process {pid} has {journal} and carries it out; Ctrl-C ends the waiting here, not the run"
    return f"process {pid} has {journal} and carries it out already; Ctrl-C ends the waiting here, not the run"
