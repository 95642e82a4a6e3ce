"""Runs of workflow classes: carried out on this machine, or started on a service."""

from __future__ import annotations

import inspect
import secrets
import time
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...exceptions import DefinitionError
from ...local.service import DOMAIN
from ...processes.decider import Decider
from ...processes.interrupts import Interrupts
from ...processes.local_run import LocalRun
from ...processes.payload_directory import PayloadDirectory, kept
from ...processes.worker import usable_cores
from ...processes.workflow_classes import workflow_class
from ...service_faults import ALREADY_STARTED, fault_code
from ...workflow import Workflow, execution_input
from ..events import Event, Note
from ..following import followed
from ..states.execution_ends import ExecutionEnd
from ..states.run_states import Watch


@dataclass(frozen=True)
class ClassRun:
    """A run of a workflow class that is asked for.

    Args:
        path: the dotted path of the class.
        arguments: ``{"args": [...], "kwargs": {...}}``, each only when there is one.
        workflow_id: None is made of the name, the version and the time.
        tags: none are those of the class.
        execution_timeout: seconds after which the run is ended.
    """

    path: str
    arguments: dict[str, Any] = field(default_factory=dict)
    workflow_id: str | None = None
    tags: tuple[str, ...] = ()
    execution_timeout: int | None = None

    def request(self, cls: type[Workflow], workflow_id: str, task_list: str, text: str | None) -> dict[str, Any]:
        """Return the arguments of StartWorkflowExecution, without the domain."""
        timeout = {"executionStartToCloseTimeout": str(self.execution_timeout)} if self.execution_timeout else {}
        return {
            "workflowId": workflow_id,
            "workflowType": {"name": cls.type_name(), "version": cls.version},
            "taskList": {"name": task_list},
            "tagList": list(self.tags) or cls.tags(self.arguments),
            "input": text,
            **timeout,
        }


def start_class_there(
    service: Any, domain: str, wanted: ClassRun, store: PayloadDirectory, task_list: str | None
) -> tuple[str, str]:
    """Start it on a service, for deciders and workers anywhere to carry out. Returns its workflow id and run id.

    Args:
        task_list: where its decision tasks wait; None is that of the class.

    Raises:
        WorkflowNotFound: there is no such class.
        DefinitionError: it names no task list, or a run of that id is open.
    """
    cls = workflow_class(wanted.path)
    task_list = task_list or cls.task_list
    if task_list is None:
        raise DefinitionError(f"{wanted.path} names no task list; give --task-list, the one its decider polls")
    Decider(service, domain, task_list, [cls]).register_types()
    workflow_id = wanted.workflow_id or _new_id(cls)
    text = kept(execution_input(cls, wanted.arguments), store) or ""
    try:
        started = service.start_workflow_execution(domain=domain, **wanted.request(cls, workflow_id, task_list, text))
    except Exception as error:
        if fault_code(error) == ALREADY_STARTED:
            raise DefinitionError(
                f"a run with the id {workflow_id!r} is open; choose another --workflow-id, or wait for it"
            ) from None
        raise
    return workflow_id, str(started["runId"])


def start_class_here(
    wanted: ClassRun,
    journal: Path,
    *,
    durable: bool = False,
    new: bool = False,
    workers: int | None = None,
    interrupts: Interrupts | None = None,
) -> Generator[Event, None, ExecutionEnd]:
    """Carry it out here and wait for its end; an interrupted run of the same class and input goes on where it was, unless it
    is to be a ``new`` one.

    Raises:
        WorkflowNotFound: there is no such class.
        DefinitionError: it does not take this input, or a run of that id is open with another one.
        ServiceError: the journal is in use, or cannot be used.
    """
    cls = workflow_class(wanted.path)
    arguments = wanted.arguments
    try:
        inspect.signature(cls.run).bind(None, *arguments.get("args", ()), **arguments.get("kwargs", {}))
    except TypeError as error:
        raise DefinitionError(f"{cls.class_path()}.run() does not take this input: {error}") from None
    text = execution_input(cls, arguments)
    with ExitStack() as stack:
        if interrupts is not None:
            stack.enter_context(interrupts)
        run = stack.enter_context(LocalRun(journal, durable=durable, interrupts=interrupts))
        execution = None if new else _interrupted_run(run, cls.type_name(), text, wanted.workflow_id)
        if execution is not None:
            yield Note(f"going on with {execution['workflowId']} (--new starts another run)")
            workflow_id = execution["workflowId"]
            task_list = run.service.started_attributes(workflow_id, execution["runId"])["taskList"]["name"]
        else:
            workflow_id = wanted.workflow_id or _new_id(cls)
            task_list = f"local-{secrets.token_hex(6)}"  # its own: other interrupted runs of this journal stay as they are
        watch = Watch(run.service, load=run.payloads.load, workflow_id=workflow_id)
        slots = workers or usable_cores()
        run.work(decision_list=task_list, task_lists={task_list: slots}, activity_task_list=task_list, workflows=[cls])
        if execution is None:
            _start(run, wanted.request(cls, workflow_id, task_list, kept(text, run.payloads)))
        return (yield from _carried_out(run, watch, workflow_id))


def _new_id(cls: type[Workflow]) -> str:
    return f"{cls.type_name()}-{cls.version}-{int(time.time() * 1000)}"


def _start(run: LocalRun, request: dict[str, Any]) -> None:
    try:
        run.service.start_workflow_execution(domain=DOMAIN, **request)
    except Exception as error:
        if fault_code(error) == ALREADY_STARTED:
            raise DefinitionError(
                f"a run with the id {request['workflowId']!r} is open with another input; choose another --workflow-id"
            ) from None
        if fault_code(error):
            raise DefinitionError(f"the run cannot be started: {getattr(error, 'message', error)}") from None
        raise


def _carried_out(run: LocalRun, watch: Watch, workflow_id: str) -> Generator[Event, None, ExecutionEnd]:
    service = run.service

    def current() -> dict[str, str] | None:
        """The open execution of that id: a run continued as new goes on under it."""
        found = service.execution(DOMAIN, workflow_id)
        return found.ids if found is not None and found.is_open else None

    def is_over() -> bool:
        found = current()
        return found is None or found["runId"] in run.parked

    yield from followed(run, watch, is_over, mine=lambda: [found] if (found := current()) else [])
    state = watch.look_again()
    notes: tuple[str, ...] = ()
    for parked in run.parked.values():
        mended = "fix the code and type the same command again: it goes on where it was"
        notes = (f"{parked.workflow_id} cannot go on: {parked.error}", mended)
    if not notes and current() is not None:
        notes = (f"{workflow_id} is interrupted; the same command goes on with it",)
    if notes or state.status is None:
        return ExecutionEnd(workflow_id, state.run_id, "open", state.started, notes=notes)
    closed = state.ended if state.ended is not None else state.started
    end = {"result": state.result, "reason": state.reason, "details": state.details}
    load = run.payloads.load
    return ExecutionEnd.of_closed(workflow_id, state.run_id, state.status, state.started, closed, end, load)


def _interrupted_run(run: LocalRun, type_name: str, text: str, workflow_id: str | None) -> dict[str, str] | None:
    """The open execution of that type and input, the newest if there are several."""
    wanted = kept(text, run.payloads)
    for execution in reversed(run.open_runs(type_name)):
        if workflow_id is not None and execution["workflowId"] != workflow_id:
            continue
        if run.service.started_attributes(execution["workflowId"], execution["runId"]).get("input") == wanted:
            return execution
    return None
