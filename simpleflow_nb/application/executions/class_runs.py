"""Runs of workflow classes: carried out on this machine, or started on a service."""

from __future__ import annotations

import inspect
import secrets
import time
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...environment import usable_cores
from ...exceptions import DefinitionError, JournalInUse, ServiceError
from ...local.ownership import OwnerWork
from ...local.reader import JournalReader
from ...local.service import DOMAIN
from ...local.watching import Watching
from ...payload import Load
from ...processes.decider import Decider
from ...processes.interrupts import Interrupts
from ...processes.local_run import LocalRun
from ...processes.middlewares import NONE, Middlewares
from ...processes.payload_directory import PayloadDirectory, kept
from ...processes.workflow_classes import class_file, workflow_class
from ...service_faults import ALREADY_STARTED, fault_code, is_passing
from ...workflow import Workflow, execution_input
from ..events import Event, Note
from ..following import followed
from ..runners.left_runs import LeftRuns
from ..runners.notebook_processes import helpers_of_classes, record_ends_of_classes
from ..states.execution_ends import ExecutionEnd
from ..states.run_states import ShownRun, Watch


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
    middlewares: Middlewares = NONE,
) -> Generator[Event, None, ExecutionEnd]:
    """Carry it out and wait for its end, here or in the process that has the journal; an interrupted run of the same class and
    input goes on where it was, unless it is to be a ``new`` one. With middlewares it is carried out here or not at all.

    Raises:
        WorkflowNotFound: there is no such class.
        DefinitionError: it does not take this input, a run of that id is open with another one, a middleware cannot be
            imported, or another process has the journal and there are middlewares.
        JournalInUse: another process has the journal, and does not decide that class.
        ServiceError: the journal cannot be used, or takes no more runs for now.
    """
    cls = workflow_class(wanted.path)
    arguments = wanted.arguments
    try:
        inspect.signature(cls.run).bind(None, *arguments.get("args", ()), **arguments.get("kwargs", {}))
    except TypeError as error:
        raise DefinitionError(f"{cls.class_path()}.run() does not take this input: {error}") from None
    middlewares.check()
    text = execution_input(cls, arguments)
    with LeftRuns(journal, (), interrupts=interrupts) as left:
        elsewhere = _RunInOwner(cls, wanted, text, new, left)
        while True:
            try:
                with ExitStack() as stack:
                    if interrupts is not None:
                        stack.enter_context(interrupts)
                    stack.enter_context(helpers_of_classes())
                    run = stack.enter_context(LocalRun(journal, durable=durable, interrupts=interrupts))
                    stack.callback(record_ends_of_classes, run.service, DOMAIN)
                    is_begun = yield from left.is_begun(run.service)
                    going_on = left.open_in(run.service)  # also of a run that was continued as new, with whatever input
                    if is_begun and not going_on and (ended := left.ended()):
                        return _closed_end(ended[-1], run.payloads.load)
                    if going_on:
                        execution: dict[str, str] | None = going_on[-1].ids
                    else:
                        has_to_be_new = new and not left.was_left
                        execution = None if has_to_be_new else _interrupted_run(run, cls.type_name(), text, wanted.workflow_id)
                    return (yield from _in_this_process(run, cls, elsewhere.wanted, text, execution, workers, middlewares))
            except JournalInUse as error:
                if middlewares != NONE:
                    raise DefinitionError(
                        f"process {error.pid} has the journal {error.path}, and would carry the run out without these "
                        "middlewares; wait for it, stop it, or name another file with --db"
                    ) from None
                end = yield from elsewhere.carried_out(error, workers)
                if end is not None:
                    return end


def _in_this_process(
    run: LocalRun,
    cls: type[Workflow],
    wanted: ClassRun,
    text: str,
    execution: dict[str, str] | None,
    workers: int | None,
    middlewares: Middlewares,
) -> Generator[Event, None, ExecutionEnd]:
    """Go on with an open execution, or start one if that is None, and wait for its end."""
    if execution is not None:
        yield Note(f"going on with {execution['workflowId']} (--new starts another run)")
        workflow_id = execution["workflowId"]
        task_list = run.service.started_attributes(workflow_id, execution["runId"])["taskList"]["name"]
    else:
        workflow_id = wanted.workflow_id or _new_id(cls)
        task_list = f"local-{secrets.token_hex(6)}"  # its own: other interrupted runs of this journal stay as they are
    watch = Watch(run.service, load=run.payloads.load, workflow_ids={workflow_id})
    slots = workers or usable_cores()
    run.work(
        decision_list=task_list,
        task_lists={task_list: slots},
        activity_task_list=task_list,
        workflows=[cls],
        middlewares=middlewares,
    )
    if execution is None:
        _start(run.service, wanted.request(cls, workflow_id, task_list, kept(text, run.payloads)))
    return (yield from _carried_out(run, watch, workflow_id))


class _RunInOwner:
    """A run that is left to the process which has the journal."""

    def __init__(self, cls: type[Workflow], wanted: ClassRun, text: str, new: bool, left: LeftRuns) -> None:
        self._cls, self._text, self._new, self._left = cls, text, new, left
        self.wanted = wanted  #: with its workflow id, once it is left

    def carried_out(self, refusal: JournalInUse, workers: int | None) -> Generator[Event, None, ExecutionEnd | None]:
        """Leave it to the owner and follow it; None when the owner has ended, and this process is to go on.

        Raises:
            JournalInUse: ``refusal``, as the owner does not decide this class, or not the run that would go on.
            DefinitionError: a run of that id is open with another input.
        """
        left = self._left
        key = f"{self._cls.type_name()} {self._cls.version}"
        file = class_file(self._cls)

        def can(work: OwnerWork) -> bool:
            return bool(file) and work.decides.get(key) == file

        kept_text = kept(self._text, left.payloads)
        request: dict[str, Any] = {}  # empty where the run is open there already

        def prepare(work: OwnerWork, reader: JournalReader) -> Generator[Event, None, None]:
            found = None if self._new else self._open_run(reader, kept_text)
            if found is not None:
                if found[1] != work.decision_list:
                    raise refusal  # it is interrupted, and only another process can go on with it
                yield Note(f"going on with {found[0]} (--new starts another run)")
            workflow_id = found[0] if found is not None else self.wanted.workflow_id or _new_id(self._cls)
            self.wanted = replace(self.wanted, workflow_id=workflow_id)
            left.workflow_ids = {workflow_id}
            if found is None:
                request.update(self.wanted.request(self._cls, workflow_id, work.decision_list or "", kept_text))

        def leave(service: Any) -> bool:
            if request:
                _start(service, request)
            return bool(request)

        remark = "--nb-workers counts for runs of this process; those of process {pid} have its own" if workers else None
        found = yield from left.carried_out(refusal, can=can, prepare=prepare, leave=leave, remark=remark)
        if found is None:
            return None
        state = found.runs[-1]
        if found.parked:
            mended = "fix the code and type the same command again once that process has ended: it goes on where it was"
            return _open_end(state, (*found.parked.values(), mended))
        if not found.is_ended:
            return _open_end(state, (f"no longer waiting; {state.workflow_id} goes on in process {found.pid}",))
        return _closed_end(state, left.payloads.load)

    def _open_run(self, reader: JournalReader, kept_text: str | None) -> tuple[str, str] | None:
        """Return the id and the task list of the open execution of that class and input, the newest if there are several."""
        for one in reversed(reader.open_executions(DOMAIN)):
            if one.type_name != self._cls.type_name() or self.wanted.workflow_id not in (None, one.workflow_id):
                continue
            asked_with = _first_input(reader, one.workflow_id, one.run_id)
            now = reader.execution(DOMAIN, one.workflow_id, one.run_id)  # it may have closed while the others were read
            if asked_with == kept_text and now is not None and now.is_open:
                return one.workflow_id, reader.started_attributes(one.workflow_id, one.run_id)["taskList"]["name"]
        return None


def _open_end(state: ShownRun, notes: tuple[str, ...]) -> ExecutionEnd:
    return ExecutionEnd(state.workflow_id, state.run_id, "open", state.started, notes=notes)


def _closed_end(state: ShownRun, load: Load) -> ExecutionEnd:
    assert state.status is not None
    closed = state.ended if state.ended is not None else state.started
    end = {"result": state.result, "reason": state.reason, "details": state.details}
    return ExecutionEnd.of_closed(state.workflow_id, state.run_id, state.status, state.started, closed, end, load)


def _new_id(cls: type[Workflow]) -> str:
    return f"{cls.type_name()}-{cls.version}-{int(time.time() * 1000)}"


def _start(service: Any, request: dict[str, Any]) -> None:
    try:
        service.start_workflow_execution(domain=DOMAIN, **request)
    except Exception as error:
        if fault_code(error) == ALREADY_STARTED:
            raise DefinitionError(
                f"a run with the id {request['workflowId']!r} is open with another input; choose another --workflow-id"
            ) from None
        if fault_code(error):
            kind = ServiceError if is_passing(error) else DefinitionError
            raise kind(f"the run cannot be started: {getattr(error, 'message', error)}") from None
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
        return _open_end(state, notes)
    return _closed_end(state, run.payloads.load)


def _interrupted_run(run: LocalRun, type_name: str, text: str, workflow_id: str | None) -> dict[str, str] | None:
    """The open execution of that type and input, the newest if there are several."""
    wanted = kept(text, run.payloads)
    for execution in reversed(run.open_runs(type_name)):
        if workflow_id is not None and execution["workflowId"] != workflow_id:
            continue
        if _first_input(run.service, execution["workflowId"], execution["runId"]) == wanted:
            return execution
    return None


def _first_input(service: Watching, workflow_id: str, run_id: str) -> str | None:
    """Return the input with which a run was asked for: that of the first of the executions that went on as a new one each, as
    far as their histories are kept."""
    attributes = service.started_attributes(workflow_id, run_id)
    while (former := attributes.get("continuedExecutionRunId")) and service.execution(DOMAIN, workflow_id, former) is not None:
        attributes = service.started_attributes(workflow_id, former)
    found: str | None = attributes.get("input")
    return found
