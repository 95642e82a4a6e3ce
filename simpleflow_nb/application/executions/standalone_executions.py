"""One execution of a workflow class on a service, carried out by processes of its own on a task list of its own."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import payload
from ...constants import DEFAULT_DECISION_SECONDS, MAX_ID_CHARACTERS
from ...exceptions import DefinitionError
from ...inspection.executions import history
from ...inspection.task_rows import epoch, task_rows
from ...processes.connection import DEFAULT_RETENTION_DAYS, connected, payload_directory
from ...processes.decider import Decider
from ...processes.interrupts import Interrupts
from ...processes.middlewares import NONE, Middlewares
from ...processes.payload_directory import kept
from ...processes.standalone import STICKY_SECONDS, StandaloneProcesses
from ...processes.workflow_classes import workflow_class
from ...service_faults import ALREADY_STARTED, UNKNOWN_RESOURCE, fault_code, is_passing
from ...workflow import execution_input
from ..states.execution_ends import ExecutionEnd
from .class_runs import ClassRun

logger = logging.getLogger(__name__)

# A task that was on its way to a stopped decider is lost until it times out; one more Ctrl-C leaves at once.
_CANCEL_SECONDS = DEFAULT_DECISION_SECONDS + 30.0


@dataclass(frozen=True)
class StandaloneSetting:
    """Domain and folder in which the execution and its processes work, and the number of processes."""

    domain: str | None
    region: str | None = None
    create_domain: bool = False
    retention_days: int = DEFAULT_RETENTION_DAYS
    hint: str = "is it the right --region and endpoint?"  #: where there is no such domain
    payloads: Path | None = None
    deciders: int = 1
    slots: int = 1  #: tasks that run at once
    heartbeat_seconds: float = 30
    middlewares: Middlewares = NONE


@contextmanager
def begun_standalone(wanted: ClassRun, setting: StandaloneSetting) -> Iterator[StandaloneExecution]:
    """Start it with its processes; they end with the block.

    Raises:
        WorkflowNotFound: there is no such class.
        DefinitionError: there is no such domain, an execution of that id is open, or a middleware cannot be imported.
        ServiceError: no region or credentials, or the service cannot be reached.
    """
    cls = workflow_class(wanted.path)
    setting.middlewares.check()
    name = wanted.workflow_id or cls.__name__
    task_list = f"{name[: MAX_ID_CHARACTERS - 33]}-{uuid.uuid4().hex}"
    store = payload_directory(setting.payloads)
    common = ["--task-list", task_list, "--payloads", str(store.path)]
    common += ["--domain", setting.domain] if setting.domain else []
    common += ["--region", setting.region] if setting.region else []
    text = kept(execution_input(cls, wanted.arguments), store) or ""
    body: dict[str, Any] = {"domain": setting.domain, **wanted.request(cls, name, task_list, text)}
    with StandaloneProcesses() as processes:
        for _ in range(setting.deciders):
            own = ["--activity-task-list", task_list, "--sticky-timeout", str(STICKY_SECONDS)]
            processes.start_decider(wanted.path, *common, *own)
        slots = ["--nb-slots", str(setting.slots), "--heartbeat", str(setting.heartbeat_seconds)]
        around = [word for path in setting.middlewares.pre for word in ("--middleware-pre-execution", path)]
        around += [word for path in setting.middlewares.post for word in ("--middleware-post-execution", path)]
        processes.start_worker(*common, *slots, *around)
        with connected(
            setting.domain,
            setting.region,
            create=setting.create_domain,
            retention_days=setting.retention_days,
            hint=setting.hint,
        ) as service:
            # the start needs the types, the decider may be later
            Decider(service, setting.domain or "", task_list, [cls]).register_types()
            execution = _started(service, body)  # one that is refused has no use for its processes
            processes.go()
            yield StandaloneExecution(service, body, execution, processes, store.load)


def _started(service: Any, body: dict[str, Any]) -> dict[str, str]:
    """Start the execution with that request.

    Raises:
        DefinitionError: one with that id is open.
    """
    name = body["workflowId"]
    try:
        run_id = service.start_workflow_execution(**body)["runId"]
    except Exception as error:
        if fault_code(error) != ALREADY_STARTED:
            raise
        # the answer to a first try may have been lost: then it is ours, nobody else has this task list
        found = service.list_open_workflow_executions(
            domain=body["domain"], startTimeFilter={"oldestDate": 0}, executionFilter={"workflowId": name}
        )["executionInfos"]
        for info in found:
            described = service.describe_workflow_execution(domain=body["domain"], execution=info["execution"])
            if described["executionConfiguration"]["taskList"] == body["taskList"]:
                execution: dict[str, str] = info["execution"]
                return execution
        raise DefinitionError(f"a run with the id {name!r} is open; choose another --workflow-id") from None
    return {"workflowId": name, "runId": run_id}


class StandaloneExecution:
    """It is carried out by its processes; :meth:`follow` waits for it."""

    def __init__(
        self,
        service: Any,
        started: dict[str, Any],
        execution: dict[str, str],
        processes: StandaloneProcesses,
        load: payload.Load,
    ) -> None:
        self._service, self._processes, self._load = service, processes, load
        self._domain, self._task_list = started["domain"], started["taskList"]["name"]
        self._execution, self._began = execution, time.time()
        self._end: ExecutionEnd | None = None

    @property
    def workflow_id(self) -> str:
        return self._execution["workflowId"]

    @property
    def run_id(self) -> str:
        """Of the last execution, where it was continued as new."""
        return self._execution["runId"]

    def end(self) -> ExecutionEnd:
        """After `follow`.

        Raises:
            RuntimeError: nobody has waited for it.
        """
        if self._end is None:
            raise RuntimeError("this execution was not followed to its end")
        return self._end

    def follow(self, interrupts: Interrupts) -> Iterator[str | None]:
        """Look again and again until it has ended, or cannot be waited for; each look gives None, or a sentence for the user.

        Interrupted once: no task is started any more, those under way end. Twice: the execution is cancelled. Three times: it
        is left open.
        """
        began, said, cancelled = time.monotonic(), 0, 0.0
        while self._end is None:
            info = self._described()
            if info.get("executionStatus") == "CLOSED":
                self._note_close(info)
                continue
            if interrupts.count > said:
                said = interrupts.count
                if said == 1:
                    yield "stopping: no new task is started, those under way end first; Ctrl-C again cancels the run"
                    self._processes.stop()
                else:
                    yield "cancelling the run"
                    cancelled = cancelled or time.monotonic()
                    if said == 2:
                        self._cancel()
            if cancelled and (said > 2 or time.monotonic() - cancelled > _CANCEL_SECONDS):
                self._leave_open(f"{self.workflow_id} has not ended yet; its cancellation is requested. {self._onward()}")
            elif said == 1 and not self._has_tasks_under_way():
                self._leave_open(f"stopped; {self.workflow_id} is still open. {self._onward()}")
            elif not said and (code := self._processes.dead()) is not None:
                self._leave_open(f"a process of this run ended with {code}; the run is still open")
            else:
                yield None
                # short runs are seen to end at once, long ones cost one call a second: SWF allows six, of the whole account
                time.sleep(min(max(0.05, (time.monotonic() - began) / 20), 1.0))

    def _described(self) -> dict[str, Any]:
        """Empty when the service cannot say just now."""
        try:
            found: dict[str, Any] = self._service.describe_workflow_execution(domain=self._domain, execution=self._execution)
        except Exception as error:
            if not is_passing(error):
                raise
            logger.warning("the run cannot be looked at: %s", error)
            return {}
        info: dict[str, Any] = found["executionInfo"]
        return info

    def _note_close(self, info: dict[str, Any]) -> None:
        """Note the end; or the execution that goes on with the run, when it was continued as new."""
        last = history(self._service, self._domain, self._execution)[-1]
        end: Any = next(value for key, value in last.items() if key.endswith("EventAttributes"))
        if (status := info.get("closeStatus", "")) == "CONTINUED_AS_NEW":
            self._execution = {**self._execution, "runId": end["newExecutionRunId"]}
            return
        started, closed = epoch(info["startTimestamp"]), epoch(info["closeTimestamp"])
        self._end = ExecutionEnd.of_closed(self.workflow_id, self.run_id, status, started, closed, end, self._load)

    def _leave_open(self, because: str) -> None:
        self._end = ExecutionEnd(self.workflow_id, self.run_id, "open", self._began, notes=(because,))

    def _has_tasks_under_way(self) -> bool:
        rows = task_rows(history(self._service, self._domain, self._execution))
        return any(row.state == "started" for row in rows)

    def _onward(self) -> str:
        return f"decider.start and worker.start with --domain {self._domain} --task-list {self._task_list} go on with it"

    def _cancel(self) -> None:
        self._processes.decide_again()
        try:
            self._service.request_cancel_workflow_execution(domain=self._domain, **self._execution)
        except Exception as error:
            if fault_code(error) != UNKNOWN_RESOURCE:  # else it has closed meanwhile
                raise
