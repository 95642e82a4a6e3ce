"""``standalone``: a decider, workers and one run, on a task list of their own, until the run has ended."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import FrameType
from typing import Any

import click

from ... import payload
from ...constants import DEFAULT_DECISION_SECONDS, MAX_ID_CHARACTERS
from ...exceptions import DefinitionError, ExitCode
from ...inspection.executions import history
from ...inspection.task_rows import task_rows
from ...processes.connection import connected, payload_directory
from ...processes.decider import Decider
from ...processes.payload_directory import kept
from ...processes.supervisor import GATE, QUICK, child_environment
from ...processes.worker import usable_cores
from ...processes.workflow_classes import workflow_class
from ...service_faults import ALREADY_STARTED, UNKNOWN_RESOURCE, fault_code, is_passing
from ...workflow import execution_input
from ..arguments import arguments_options, checked_id, given_arguments, given_tags
from ..connection import CREATION_HINT, domain_options, payloads_option
from ..file_words import refuse_workflow_of_file
from ..options import heartbeat_option

logger = logging.getLogger(__name__)

_GRACE_SECONDS = 6.0  #: a worker needs a moment to kill processes and kernels
_STICKY_SECONDS = 3  # when its decider is stopped, a task waits for so long on that decider's list
_HANG_UP_SECONDS = 0.5  # for the service to hear that the polls of stopped deciders are over, or it answers one of them
# A task that was on its way to a stopped decider is lost until it times out; one more Ctrl-C leaves at once.
_CANCEL_SECONDS = DEFAULT_DECISION_SECONDS + 30.0


@click.command("standalone")
@click.argument("workflow")
@domain_options
@arguments_options
@click.option("--workflow-id", help="Id of the execution. [default: the workflow's name]")
@click.option("--nb-workers", "-W", type=click.IntRange(min=1), help="Tasks that run at once. [default: number of cores]")
@click.option("--nb-deciders", "-D", type=click.IntRange(min=1), default=1, show_default=True, help="Decider processes.")
@heartbeat_option
@payloads_option
@click.pass_context
def standalone(
    ctx: click.Context,
    workflow: str,
    domain: str | None,
    region: str | None,
    create_domain: bool,
    retention_days: int,
    text: str | None,
    input_file: Any,
    settings: tuple[str, ...],
    workflow_id: str | None,
    tags: str | None,
    execution_timeout: int | None,
    nb_workers: int | None,
    nb_deciders: int,
    heartbeat: float,
    payloads: Path | None,
) -> None:
    """Run WORKFLOW on SWF with processes of its own; prints the result, and exits with 1 if the run failed."""
    refuse_workflow_of_file(workflow, "workflow.start FILE.yml:NAME runs a workflow of notebooks")
    cls = workflow_class(workflow)
    arguments = given_arguments(text, input_file, settings)
    name = checked_id(workflow_id) or cls.__name__
    task_list = f"{name[: MAX_ID_CHARACTERS - 33]}-{uuid.uuid4().hex}"
    store = payload_directory(payloads)
    common = ["--task-list", task_list, "--payloads", str(store.path)]
    common += ["--domain", domain] if domain else []
    common += ["--region", region] if region else []
    body: dict[str, Any] = {
        "domain": domain,
        "workflowId": name,
        "workflowType": {"name": cls.type_name(), "version": cls.version},
        "taskList": {"name": task_list},
        "input": kept(execution_input(cls, arguments), store) or "",
        "tagList": given_tags(tags) or cls.tags(arguments),
    }
    if execution_timeout:
        body["executionStartToCloseTimeout"] = str(execution_timeout)
    with Crew() as crew:
        for _ in range(nb_deciders):
            crew.start_decider(workflow, *common, "--activity-task-list", task_list, "--sticky-timeout", str(_STICKY_SECONDS))
        crew.start_worker(*common, "--nb-slots", str(nb_workers or usable_cores()), "--heartbeat", str(heartbeat))
        with connected(domain, region, create=create_domain, retention_days=retention_days, hint=CREATION_HINT) as service:
            Decider(service, domain or "", task_list, [cls]).register_types()  # the start needs them, the decider may be later
            execution = _started(service, body)  # one that is refused has no use for its processes
            crew.go()
            click.echo(f"{name} {execution['runId']}", err=True)
            code = _Watch(service, body, crew, store.load).await_end(execution)
    ctx.exit(code)


def _started(service: Any, body: dict[str, Any]) -> dict[str, str]:
    """The execution, started with that request.

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


class _Watch:
    """Waits for the end of one run, and says how it went."""

    def __init__(self, service: Any, started: dict[str, Any], crew: Crew, load: payload.Load) -> None:
        self.service, self.crew, self.load = service, crew, load
        self.domain, self.task_list = started["domain"], started["taskList"]["name"]
        self._interrupts = 0
        self._began = time.monotonic()

    def await_end(self, execution: dict[str, str]) -> int:
        """The exit code."""
        for number in QUICK:
            signal.signal(number, self._on_signal)
        said, cancelled = 0, 0.0
        while True:
            info = self._described(execution)
            if info.get("executionStatus") == "CLOSED":
                following = self._said_end(execution, info.get("closeStatus", ""))
                if isinstance(following, int):
                    return following
                execution = following
                continue
            if self._interrupts > said:
                said = self._interrupts
                if said == 1:
                    _say("stopping: no new task is started, those under way end first; Ctrl-C again cancels the run")
                    self.crew.stop()
                else:
                    _say("cancelling the run")
                    cancelled = cancelled or time.monotonic()
                    if said == 2:
                        self._cancel(execution)
            if cancelled and (said > 2 or time.monotonic() - cancelled > _CANCEL_SECONDS):
                _say(f"{execution['workflowId']} has not ended yet; its cancellation is requested. {self._how_to_go_on()}")
                return ExitCode.RUN_FAILED
            if said == 1 and not self._under_way(execution):
                _say(f"stopped; {execution['workflowId']} is still open. {self._how_to_go_on()}")
                return ExitCode.RUN_FAILED
            if not said and (code := self.crew.dead()) is not None:
                _say(f"a process of this run ended with {code}; the run is still open")
                return ExitCode.RUN_FAILED
            # short runs are seen to end at once, long ones cost one call a second: SWF allows six, of the whole account
            time.sleep(min(max(0.05, (time.monotonic() - self._began) / 20), 1.0))

    def _described(self, execution: dict[str, str]) -> dict[str, Any]:
        """Empty when the service cannot say just now."""
        try:
            found: dict[str, Any] = self.service.describe_workflow_execution(domain=self.domain, execution=execution)
        except Exception as error:
            if not is_passing(error):
                raise
            logger.warning("the run cannot be looked at: %s", error)
            return {}
        info: dict[str, Any] = found["executionInfo"]
        return info

    def _said_end(self, execution: dict[str, str], status: str) -> int | dict[str, str]:
        """The exit code; or the execution that goes on with the run, when it was continued as new."""
        last = history(self.service, self.domain, execution)[-1]
        end: Any = next(value for key, value in last.items() if key.endswith("EventAttributes"))
        if status == "CONTINUED_AS_NEW":
            return {**execution, "runId": end["newExecutionRunId"]}
        if status == "COMPLETED":
            result = payload.decode(end.get("result"), self.load)
            if result is not None:
                click.echo(payload.encode(result))
            return ExitCode.DONE
        from ...application.run_states import traceback_of

        word = status.lower().replace("_", " ")
        because = f": {end['reason']}" if end.get("reason") else ""
        _say(f"{execution['workflowId']} {word}{because}")
        if trace := traceback_of(end.get("details")):
            click.echo(trace.rstrip(), err=True)
        return ExitCode.RUN_FAILED

    def _under_way(self, execution: dict[str, str]) -> bool:
        """Whether activities are started and have not ended."""
        rows = task_rows(history(self.service, self.domain, execution))
        return any(row.state == "started" for row in rows)

    def _how_to_go_on(self) -> str:
        return f"decider.start and worker.start with --domain {self.domain} --task-list {self.task_list} go on with it"

    def _cancel(self, execution: dict[str, str]) -> None:
        self.crew.decide_again()
        try:
            self.service.request_cancel_workflow_execution(domain=self.domain, **execution)
        except Exception as error:
            if fault_code(error) != UNKNOWN_RESOURCE:  # else it has closed meanwhile
                raise

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._interrupts += 1


class Crew:
    """The processes of one standalone run. They load while this one makes sure of the service; :meth:`go` lets them work."""

    def __init__(self) -> None:
        self._deciders: list[subprocess.Popen[bytes]] = []
        self._workers: list[subprocess.Popen[bytes]] = []
        self._decider_words: tuple[str, ...] = ()

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def start_decider(self, *words: str) -> None:
        self._decider_words = words
        self._deciders.append(self._started("decider.start", *words))

    def start_worker(self, *words: str) -> None:
        self._workers.append(self._started("worker.start", *words))

    def _started(self, *words: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **child_environment(), GATE: "1"}
        command = [sys.executable, "-m", "simpleflow_nb", *words]
        return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, start_new_session=True)

    def go(self) -> None:
        for process in (*self._deciders, *self._workers):
            if process.stdin is not None and not process.stdin.closed:
                try:
                    process.stdin.write(b"go")
                    process.stdin.close()
                except BrokenPipeError:
                    continue  # it has ended; the watch says so

    def dead(self) -> int | None:
        """The exit code of a process that has ended, None while all live."""
        return next((code for process in (*self._deciders, *self._workers) if (code := process.poll()) is not None), None)

    def stop(self) -> None:
        """No activity is scheduled any more; the workers finish those that they have."""
        _tell(self._deciders, *QUICK)
        _tell(self._workers, signal.SIGTERM)

    def decide_again(self) -> None:
        """After :meth:`stop`: the run can be closed. Once this returns, none that was stopped is given a task."""
        stopped = list(self._deciders)
        self.start_decider(*self._decider_words)
        self.go()
        _await_ends(stopped)
        time.sleep(_HANG_UP_SECONDS)

    def _end(self) -> None:
        """Ask them to end at once; polls on a list that nobody uses any more need not be waited for."""
        processes = [*self._deciders, *self._workers]
        _tell(processes, *QUICK)
        _await_ends(processes)
        for process in processes:
            if process.stdin is not None and not process.stdin.closed:
                process.stdin.close()


def _say(text: str) -> None:
    click.echo(f"simpleflow-nb: {text}", err=True)


def _await_ends(processes: list[subprocess.Popen[bytes]]) -> None:
    """Wait for processes that were told to end; those that take long are killed."""
    until = time.monotonic() + _GRACE_SECONDS
    for process in processes:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _tell(processes: list[subprocess.Popen[bytes]], *numbers: int) -> None:
    for process in processes:
        if process.poll() is None:
            for number in numbers:
                process.send_signal(number)
