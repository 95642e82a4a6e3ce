"""One execution of a workflow class on this machine: started, or gone on with where it was interrupted."""

from __future__ import annotations

import inspect
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..exceptions import DefinitionError
from ..local.service import DOMAIN
from ..processes.interrupts import Interrupts
from ..processes.local_run import LocalRun
from ..processes.payload_directory import kept
from ..service_faults import ALREADY_STARTED, fault_code
from ..workflow import Workflow, execution_input
from .execution_ends import ExecutionEnd
from .run_states import Watch


@dataclass(frozen=True)
class WantedExecution:
    """What is to be run, with what and under which marks."""

    cls: type[Workflow]
    arguments: dict[str, Any]  #: ``args`` and ``kwargs``, each only where there is one
    workflow_id: str | None = None  #: None is made of the name, and here of version and time
    tags: Sequence[str] = ()  #: none are those that the class chooses
    timeout_seconds: int | None = None

    def check_arguments(self) -> None:
        """
        Raises:
            DefinitionError: ``run()`` of the class does not take them.
        """
        try:
            inspect.signature(self.cls.run).bind(None, *self.arguments.get("args", ()), **self.arguments.get("kwargs", {}))
        except TypeError as error:
            raise DefinitionError(f"{self.cls.class_path()}.run() does not take this input: {error}") from None

    def new_id(self) -> str:
        return self.workflow_id or f"{self.cls.type_name()}-{self.cls.version}-{int(time.time() * 1000)}"


class ClassExecution:
    """It is carried out by this process, until its end or until it is interrupted."""

    def __init__(self, run: LocalRun, watch: Watch, workflow_id: str, *, is_resumed: bool) -> None:
        self._run, self.watch, self.workflow_id = run, watch, workflow_id
        self.is_resumed = is_resumed  #: an interrupted one goes on

    def follow(self) -> Iterator[str | None]:
        """Look again and again until it has ended or is interrupted; each look gives None, or a sentence for the user.

        Raises:
            ServiceError: the service broke on the way.
        """
        return self._run.follow(self._is_over, mine=lambda: [found] if (found := self._open()) else [])

    def end(self) -> ExecutionEnd:
        """How it has ended; of one that cannot go on, or is interrupted, what to do."""
        state = self.watch.look_again()
        notes: tuple[str, ...] = ()
        for parked in self._run.parked.values():
            mended = "fix the code and type the same command again: it goes on where it was"
            notes = (f"{parked.workflow_id} cannot go on: {parked.error}", mended)
        if not notes and self._open() is not None:
            notes = (f"{self.workflow_id} is interrupted; the same command goes on with it",)
        if notes or state.status is None:
            return ExecutionEnd(self.workflow_id, state.run_id, "open", state.started, notes=notes)
        end = {"result": state.result, "reason": state.reason, "details": state.details}
        closed = state.ended if state.ended is not None else state.started
        load = self._run.payloads.load
        return ExecutionEnd.of_closed(state.workflow_id, state.run_id, state.status, state.started, closed, end, load)

    def _open(self) -> dict[str, str] | None:
        """The open execution of that id: a run continued as new goes on under it."""
        found = self._run.service.execution(DOMAIN, self.workflow_id)
        return found.ids if found is not None and found.is_open else None

    def _is_over(self) -> bool:
        found = self._open()
        return found is None or found["runId"] in self._run.parked


@contextmanager
def begun_here(
    wanted: WantedExecution,
    journal: Path,
    *,
    new: bool = False,
    durable: bool = False,
    workers: int,
    interrupts: Interrupts | None = None,
) -> Iterator[ClassExecution]:
    """Start it, or go on with an interrupted one of the same class and input unless ``new``, and carry it out.

    Args:
        durable: survive a power cut as well, at the price of a disk flush for each step.
        workers: how many tasks run at once.

    Raises:
        DefinitionError: ``run()`` of the class does not take the arguments, or it cannot be started.
        ServiceError: the journal is in use, or cannot be used.
    """
    wanted.check_arguments()
    cls, text = wanted.cls, execution_input(wanted.cls, wanted.arguments)
    tags = list(wanted.tags) or cls.tags(wanted.arguments)
    with LocalRun(journal, durable=durable, interrupts=interrupts) as run:
        found = None if new else _interrupted(run, cls.type_name(), kept(text, run.payloads), wanted.workflow_id)
        workflow_id = found["workflowId"] if found is not None else wanted.new_id()
        if found is not None:
            task_list = run.service.started_attributes(workflow_id, found["runId"])["taskList"]["name"]
        else:
            task_list = f"local-{secrets.token_hex(6)}"  # its own: other interrupted runs of this journal stay as they are
        watch = Watch(run.service, load=run.payloads.load, workflow_id=workflow_id)
        run.work(decision_list=task_list, task_lists={task_list: workers}, activity_task_list=task_list, workflows=[cls])
        if found is None:
            _start(run, wanted, kept(text, run.payloads), workflow_id, tags, task_list)
        yield ClassExecution(run, watch, workflow_id, is_resumed=found is not None)


def _interrupted(run: LocalRun, type_name: str, text: str | None, workflow_id: str | None) -> dict[str, str] | None:
    """The open execution of that type and input, the newest if there are several."""
    for execution in reversed(run.open_runs(type_name)):
        if workflow_id is not None and execution["workflowId"] != workflow_id:
            continue
        if run.service.started_attributes(execution["workflowId"], execution["runId"]).get("input") == text:
            return execution
    return None


def _start(run: LocalRun, wanted: WantedExecution, text: str | None, workflow_id: str, tags: list[str], task_list: str) -> None:
    timeout = wanted.timeout_seconds
    try:
        run.service.start_workflow_execution(
            domain=DOMAIN,
            workflowId=workflow_id,
            workflowType={"name": wanted.cls.type_name(), "version": wanted.cls.version},
            taskList={"name": task_list},
            tagList=tags,
            input=text,
            **({"executionStartToCloseTimeout": str(timeout)} if timeout else {}),
        )
    except Exception as error:
        if fault_code(error) == ALREADY_STARTED:
            raise DefinitionError(
                f"a run with the id {workflow_id!r} is open with another input; choose another --workflow-id"
            ) from None
        if fault_code(error):
            raise DefinitionError(f"the run cannot be started: {getattr(error, 'message', error)}") from None
        raise
