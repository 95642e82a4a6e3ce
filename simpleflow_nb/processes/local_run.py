"""A local run: the service, a decider and workers in this process, until all has ended or is interrupted."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ..exceptions import ServiceError, SimpleflowError
from ..local.journal_files import JOURNAL
from ..local.ownership import OwnerWork
from ..local.service import DOMAIN, LocalService
from ..masking import masked
from ..service_faults import UNKNOWN_RESOURCE, fault_code
from ..workflow import Workflow
from .decider import Parked
from .engine import Engine
from .interrupts import Interrupts
from .middlewares import NONE, Middlewares
from .payload_directory import PayloadDirectory
from .process_groups import ProcessGroups
from .scratch import Scratch
from .workflow_classes import class_file

logger = logging.getLogger(__name__)

Execution = dict[str, str]

_LOOK_SECONDS = 0.1
_CANCEL_SECONDS = 10
_LAST_SECONDS = 5


class LocalRun:
    """Owner of a journal; carries out tasks from :meth:`work` to the end of its ``with`` block.

    After one interrupt, no further task is started, tasks under way end, and the journal keeps the rest for the next owner.
    After two, the runs are cancelled and tasks under way are killed.

    Args:
        interrupts: counts interrupts; without it there are none.

    Raises:
        ServiceError: the journal is in use, or cannot be used.
    """

    def __init__(self, journal: Path, *, durable: bool = False, interrupts: Interrupts | None = None) -> None:
        state = journal.parent
        # only processes of this journal's former owner are ended: another journal of the folder has another owner
        of = "" if journal.name == JOURNAL else f"-{journal.name}"
        self._groups, self._scratch = ProcessGroups(state / f"processes{of}"), Scratch(state / f"scratch{of}")
        self.payloads = PayloadDirectory(state / "payloads")
        self.service = LocalService.open(journal, durable=durable, before_recovery=self._end_left_over)
        self.parked: dict[str, Parked] = {}
        self.interrupts = interrupts or Interrupts()
        self.was_interrupted = False  #: whether `follow` ended before everything was over
        self._began = time.monotonic()
        self.engine: Engine | None = None
        self._told = OwnerWork()
        self._wake = threading.Event()

    def __enter__(self) -> LocalRun:
        self._scratch.open()
        return self

    def work(
        self,
        *,
        decision_list: str,
        task_lists: Mapping[str, int],
        activity_task_list: str | None = None,
        workflows: Iterable[type[Workflow]] = (),
        imports: bool = True,
        middlewares: Middlewares = NONE,
    ) -> None:
        """Start to decide, and to carry out the tasks of these lists, with a number of threads for each.

        ``imports`` is False if all activities are imported already.

        Raises:
            DefinitionError: a middleware cannot be imported.
        """
        workflows = list(workflows)
        self.payloads.prepare()
        self.engine = Engine(
            self.service,
            DOMAIN,
            decision_list=decision_list,
            task_lists=task_lists,
            activity_task_list=activity_task_list,
            workflows=workflows,
            payloads=self.payloads,
            process_groups=self._groups,
            on_parked=self._note_parked,
            imports=imports,
            middlewares=middlewares,
        )
        self.engine.start()
        decides = {f"{cls.type_name()} {cls.version}": class_file(cls) for cls in workflows}
        self._told = OwnerWork(decision_list, decides)
        self.service.note_work(self._told)

    def __exit__(self, *_: object) -> None:
        if self.engine is not None:
            self._stop(self.engine)
        self.service.close()
        if self.engine is not None:
            self.engine.join(0.05 if self.engine.worker.running() else _LAST_SECONDS)
        self._scratch.close()

    def follow(self, is_over: Callable[[], bool], *, mine: Callable[[], list[Execution]]) -> Iterator[str | None]:
        """Check repeatedly until ``is_over`` is true, or interrupted; then :attr:`was_interrupted` is set.

        Each check yields None, or a message for the person who has interrupted. ``mine`` returns the executions to cancel at
        the second interrupt.

        Raises:
            ServiceError: the service has failed.
        """
        assert self.engine is not None
        said = 0
        while not self._is_over(is_over):
            failure = self.engine.failure or self.engine.worker.failure or self.service.broken
            if failure is not None:
                if self.service.broken is None and not isinstance(failure, SimpleflowError | OSError):
                    raise failure  # a bug of ours, in a thread
                onward = "nothing is lost, and the same command goes on once that is mended"
                raise ServiceError(f"the local service stopped: {failure}; {onward}") from failure
            if self.interrupts.count > said:
                said = self.interrupts.count
                if said > 1:
                    yield "cancelling the open runs"
                    self._cancel(mine())
                    self.was_interrupted = True
                    return
                self._take_no_more_tasks(self.engine)
                under_way = len(self.engine.worker.running())
                if under_way:
                    yield f"stopping: no new task is started, {under_way} under way will end first; Ctrl-C again cancels"
            if said and not self.engine.worker.running():
                self.was_interrupted = True
                return
            yield None
            self._wake.wait(_LOOK_SECONDS)
            self._wake.clear()

    def _is_over(self, is_over: Callable[[], bool]) -> bool:
        """Return whether all is over, also the requests of other processes so far.

        Later requests stay for the next owner, as this one would not carry them out.
        """
        if not is_over():
            return False
        self.service.take_requests(False)
        if is_over():
            return True
        self.service.take_requests(True)
        return False

    def finish_tasks(self) -> None:
        """Start no task any more, and wait for those under way, unless it is interrupted: as at the first interrupt."""
        assert self.engine is not None
        self._take_no_more_tasks(self.engine)
        asked = self.interrupts.count
        while self.engine.worker.running() and self.interrupts.count == asked:
            time.sleep(_LOOK_SECONDS / 2)
        self.was_interrupted = True

    def open_runs(self, *types: str) -> list[Execution]:
        """Return the open executions of these types, oldest first, without parked ones."""
        found = self.service.open_executions(DOMAIN)
        return [one.ids for one in found if one.type_name in types and one.run_id not in self.parked]

    def seconds(self) -> float:
        """Seconds since this process took the journal."""
        return time.monotonic() - self._began

    def _take_no_more_tasks(self, engine: Engine) -> None:
        """Hand out no more tasks: what the decider still schedules stays for the next owner."""
        engine.worker.stop()
        self.service.withhold_tasks(engine.worker.task_lists)

    def _cancel(self, executions: list[Execution]) -> None:
        assert self.engine is not None
        for execution in executions:
            try:
                self.service.request_cancel_workflow_execution(domain=DOMAIN, **execution)
            except Exception as error:
                if fault_code(error) != UNKNOWN_RESOURCE:  # else it has closed meanwhile
                    raise
        self.engine.worker.cancel_all()
        until = time.monotonic() + _CANCEL_SECONDS
        while time.monotonic() < until:
            found = [self.service.execution(DOMAIN, one["workflowId"], one["runId"]) for one in executions]
            if not self.engine.worker.running() and not any(one is not None and one.is_open for one in found):
                return
            if self.interrupts.count > 2:
                return
            time.sleep(_LOOK_SECONDS / 2)

    def _stop(self, engine: Engine) -> None:
        """End the bodies under way without a report to the service: the next owner runs the tasks again."""
        for running in engine.worker.running():
            running.over = True
        engine.stop(cancel=True)
        until = time.monotonic() + _LAST_SECONDS
        while engine.worker.running() and time.monotonic() < until and self.interrupts.count < 2:
            time.sleep(_LOOK_SECONDS / 2)

    def _note_parked(self, parked: Parked) -> None:
        self.parked[parked.run_id] = parked
        self._told = replace(self._told, parked={**self._told.parked, parked.run_id: masked(str(parked.error))})
        self.service.note_work(self._told)
        self._wake.set()

    def _end_left_over(self) -> None:
        for pid in self._groups.kill_left_over():
            logger.info("killed the process group %d that a former run left behind", pid)
        self._scratch.remove_left_over()
