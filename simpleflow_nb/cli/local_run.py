"""A local run: the service, a decider and workers in this process, until what was started has ended or Ctrl-C."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import click

from ..exceptions import ServiceError
from ..inspection.executions import executions
from ..local.service import DOMAIN, LocalService
from ..processes.decider import Parked
from ..processes.engine import Engine
from ..processes.faults import UNKNOWN_RESOURCE, fault_code
from ..processes.payload_directory import PayloadDirectory
from ..processes.process_groups import ProcessGroups
from ..workflow import Workflow
from .progress import Progress

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.1
_CANCEL_SECONDS = 15


class LocalRun:
    """Owns the journal for as long as it is entered.

    Ctrl-C once: no task is started any more, those under way end, and the journal keeps the rest for the next time.
    Twice: the runs are cancelled and what is under way is killed.

    Raises:
        ServiceError: the journal is in use, or cannot be used.
    """

    def __init__(
        self,
        journal: Path,
        *,
        decision_list: str,
        task_lists: Mapping[str, int] | None = None,
        activity_task_list: str | None = None,
        workflows: Iterable[type[Workflow]] = (),
        durable: bool = False,
    ) -> None:
        state = journal.parent
        groups = ProcessGroups(state / "processes")
        self.service = LocalService.open(journal, durable=durable, before_recovery=lambda: _end_left_over(groups))
        self.parked: dict[str, Parked] = {}
        self.interrupts = 0
        self.engine = Engine(
            self.service,
            DOMAIN,
            decision_list=decision_list,
            task_lists=task_lists,
            activity_task_list=activity_task_list,
            workflows=workflows,
            payloads=PayloadDirectory(state / "payloads"),
            process_groups=groups,
            on_parked=self._note_parked,
        )
        self._former: dict[int, Any] = {}
        self._wake = threading.Event()

    def __enter__(self) -> LocalRun:
        self.engine.start()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._former[number] = signal.signal(number, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.engine.stop()
            self.service.close()
            self.engine.join(_CANCEL_SECONDS)
        finally:
            for number, handler in self._former.items():
                signal.signal(number, handler)

    def wait(self, is_over: Callable[[], bool], progress: Progress) -> bool:
        """Until ``is_over`` says so; False when the user stopped it before.

        Raises:
            ServiceError: the service broke on the way.
        """
        said = 0
        with progress:
            while not is_over():
                failure = self.engine.failure or self.engine.worker.failure or self.service.broken
                if failure is not None:
                    raise ServiceError(f"the local service stopped: {failure}") from failure
                if self.interrupts > said:
                    said = self.interrupts
                    if said == 1:
                        self.engine.worker.stop()
                        self._say("stopping: no new task is started; those under way go on to their end (Ctrl-C again cancels)")
                    else:
                        self._say("cancelling the open runs")
                        self._cancel_open_runs()
                        return False
                if said and not self.engine.worker.running():
                    return False
                progress.update()
                self._wake.wait(_LOOK_SECONDS)
                self._wake.clear()
        return True

    def open_runs(self, *types: str) -> list[dict[str, Any]]:
        """The open executions of these types, those that are parked left out."""
        return [
            info
            for info in executions(self.service, DOMAIN, is_open=True)
            if info["workflowType"]["name"] in types and info["execution"]["runId"] not in self.parked
        ]

    def _cancel_open_runs(self) -> None:
        for info in executions(self.service, DOMAIN, is_open=True):
            try:
                self.service.request_cancel_workflow_execution(domain=DOMAIN, **info["execution"])
            except Exception as error:
                if fault_code(error) != UNKNOWN_RESOURCE:  # else it has closed meanwhile
                    raise
        self.engine.worker.cancel_all()
        waiting = threading.Event()
        for _ in range(int(_CANCEL_SECONDS / _LOOK_SECONDS)):
            if not self.engine.worker.running() and not self.service.open_by_id:
                return
            waiting.wait(_LOOK_SECONDS)

    def _note_parked(self, parked: Parked) -> None:
        self.parked[parked.run_id] = parked
        self._wake.set()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.interrupts += 1
        self._wake.set()

    def _say(self, text: str) -> None:
        click.echo(f"simpleflow-nb: {text}", err=True)


def _end_left_over(groups: ProcessGroups) -> None:
    for pid in groups.kill_left_over():
        logger.info("killed the process group %d that a former run left behind", pid)


def default_workers() -> int:
    """The number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1
