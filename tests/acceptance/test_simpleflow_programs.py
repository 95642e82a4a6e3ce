"""The programs of ``examples/simpleflow``: the same results here, in processes that are killed on the way, and on moto."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from simpleflow_nb.processes.workflow_classes import workflow_class
from simpleflow_nb.workflow import execution_input
from tests.service.moto_server import CREDENTIALS, moto_endpoint
from tests.settings import count

from .process_fleet import DOMAIN, ROOT, ProcessFleet, client, wait_for
from .samples import typed
from .test_on_swf import environment

KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
LOST = (
    "the service broke (HTTP 500) at {} and lost it, as moto does with decisions that it does not have; "
    "this run cannot go on, SWF and service.start have them all"
)


@dataclass(frozen=True)
class Failed:
    """The end of a run that fails."""

    reason: str


@dataclass(frozen=True)
class Terminated:
    """The end of a run that was terminated."""

    reason: str


ENDS: dict[str, Any] = {"WorkflowExecutionFailed": Failed, "WorkflowExecutionTerminated": Terminated}


@dataclass(frozen=True)
class Program:
    """A program, its arguments, and its result."""

    name: str  #: below ``examples.simpleflow``
    end: Any  #: the result, or a `Failed`
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()
    tags: tuple[str, ...] = ()
    lost: str | None = None  #: the decision that moto does not have

    @property
    def path(self) -> str:
        return f"examples.simpleflow.{self.name}"

    @property
    def arguments(self) -> dict[str, Any]:
        return {"args": list(self.args), "kwargs": dict(self.kwargs)}


IN_CONTEXT = "examples.simpleflow.context"
PROGRAMS = (
    Program(
        "basic.BasicWorkflow",
        {"delayed": 2, "products": [6, 20], "squares": [1, 4, 9], "total": 4},
        args=(1,),
        kwargs=(("t", 1),),
    ),
    Program(
        "canvas.BasketWorkflow",
        {"dearest": ["bread", 420], "labels": [["TEA", "TEA!"], ["BREAD", "BREAD!"], ["JAM", "JAM!"]], "total": 940},
        args=("tea,bread,jam",),
    ),
    Program(
        "child_workflows.CountryWorkflow",
        {"attempts": 2, "parents": 1, "people": [["north", 5], ["south", 5], ["north", 5]], "tags": ["census", "2026"]},
        args=("north", "south"),
        tags=("census", "2026"),
        lost="StartChildWorkflowExecution",
    ),
    Program(
        "context.ContextWorkflow",
        {
            "arguments": [["a"], [], []],
            "names": [f"{IN_CONTEXT}.{name}" for name in ("ask", "Asking", "_asked")],
            "are_of_this_run": [True, True, True],
            "workflow": ["simpleflow-context", "example"],
        },
    ),
    Program(
        "continue_as_new.CountingWorkflow",
        {"continued": True, "runs": 4, "total": 6},
        args=(3,),
        lost="ContinueAsNewWorkflowExecution",
    ),
    Program(
        "failing.FailingWorkflow",
        Failed('Workflow execution error in activity-examples.simpleflow.failing.fail_always-1: "ValueError: no luck"'),
    ),
    Program(
        "failing.NotFailingWorkflow",
        {
            "failures": [None, "ValueError: no luck"],
            "reason": "ValueError: no luck",
            "result": None,
            "retried": "at the third attempt",
        },
    ),
    Program("failing.DecidingWorkflow", {"ignored": "ValueError: no luck", "numbers": [7, 8]}, args=("seven", "eight")),
    Program(
        "markers.MarkersWorkflow",
        {"all": [["step", 1], ["step", 2], ["step", 3], ["end", "done"]], "last": [["step", 3], ["end", "done"]]},
        args=(3,),
    ),
    Program(
        "signals.ParentWorkflow",
        {
            "answer": ["pong", 1],
            "heard": ["from a child"],
            "itself": {"round": 1},
            "news": ["from a child"],
            "told": ["ping"],
        },
        lost="SignalExternalWorkflowExecution",
    ),
    Program("timers.TimersWorkflow", {"answer": 42, "cancelled": True, "fired": ["first", "second"], "waited": True}),
    Program(
        "cancellation.CancellingWorkflow",
        {"obedient": "cancelled", "stubborn": "finished", "tidy": "cancelled: tidied up"},
        lost="StartChildWorkflowExecution",
    ),
    Program("binaries.ShoutingWorkflow", ["HELLO", "HELLO"], args=("hello",)),
    Program("executing.ExecutingWorkflow", {"elsewhere": True, "late": "ExecutionTimeoutError", "sum": 5}, args=(2, 3)),
    Program(
        "steps.StepsWorkflow",
        [["load", "scheduled"], ["load", "completed"], ["draw", "scheduled"], ["draw", "completed"], ["send", "skipped"]],
        args=("2013-02-22",),
    ),
    Program("middlewares.GreetingWorkflow", "Bonjour Ann", args=("Ann",)),
    Program("task_lists.TaskListsWorkflow", 42, args=(21,)),
    Program("priorities.PrioritiesWorkflow", ["of the workflow", "of the activity", "of the task", "none"]),
)
CHILDREN = (
    "child_workflows.RegionWorkflow",
    "child_workflows.UnreliableWorkflow",
    "signals.AnsweringWorkflow",
    "signals.HearingWorkflow",
    "signals.TellingWorkflow",
    "cancellation.ObedientWorkflow",
    "cancellation.StubbornWorkflow",
    "cancellation.TidyWorkflow",
)
PATHS = (*(program.path for program in PROGRAMS), *(f"examples.simpleflow.{name}" for name in CHILDREN))
MIDDLEWARES = (
    *("--middleware-pre-execution", "examples.simpleflow.middlewares.choose_language"),
    *("--middleware-post-execution", "examples.simpleflow.middlewares.tell_end"),
)
by_name = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name.partition(".")[2])


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of processes that find a program in S3, which is moto's."""
    with moto_endpoint() as endpoint:
        s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **KEYS)
        s3.create_bucket(Bucket="tools")
        s3.create_bucket(Bucket="steps")
        s3.put_object(Bucket="tools", Key="shout-1.0", Body=b'#!/bin/sh\necho "$1" | tr a-z A-Z\n')
        s3.close()
        folder = tmp_path_factory.mktemp("binaries")
        own = {"SIMPLEFLOW_BINARIES_DIRECTORY": str(folder), "STEP_BUCKET": "steps"}
        yield {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": endpoint, **own}


def test_every_program_is_in_the_table() -> None:
    """Also the children: deciders are started with all classes that there are."""
    found = set()
    for file in (ROOT / "examples" / "simpleflow").glob("*.py"):
        lines = file.read_text().splitlines()
        classes = [line.removeprefix("class ").partition("(")[0] for line in lines if line.startswith("class ")]
        found |= {f"examples.simpleflow.{file.stem}.{name}" for name in classes if name.endswith("Workflow")}
    assert found == set(PATHS)


@by_name
def test_a_program_runs_here(program: Program, tools: dict[str, str], tmp_path: Path) -> None:
    words = ("--input", json.dumps(program.arguments), *(("--tags", ",".join(program.tags)) if program.tags else ()))
    words += ("--workflow-id", f"here-{program.name}", "--json", "--quiet")
    done = typed("workflow.start", "--local", program.path, *words, *MIDDLEWARES, cwd=tmp_path, **tools)
    execution = json.loads(done.stdout)["execution"]
    if isinstance(program.end, Failed):
        assert (done.returncode, execution["status"], execution["reason"]) == (1, "failed", program.end.reason)
    else:
        assert (done.returncode, execution["status"], execution["result"]) == (0, "completed", program.end), done.stderr


def test_a_second_execution_skips_the_steps_that_are_done(tools: dict[str, str], tmp_path: Path) -> None:
    words = ("workflow.start", "--local", "examples.simpleflow.steps.StepsWorkflow", "--input", '["2013-02-22"]')
    runs = [typed(*words, "--workflow-id", "twice", "--new", "--quiet", cwd=tmp_path, **tools) for _ in range(2)]
    assert [json.loads(run.stdout)[0] for run in runs] == [["load", "scheduled"], ["load", "skipped"]]
    assert json.loads(runs[1].stdout) == [["load", "skipped"], ["draw", "skipped"], ["send", "skipped"]]


@by_name
def test_the_docstring_of_a_program_has_its_command_and_its_result(program: Program) -> None:
    module = sys.modules[workflow_class(program.path).__module__]
    assert module.__doc__ is not None
    assert f"workflow.start --local {program.path}" in module.__doc__
    result = program.end.reason if isinstance(program.end, Failed) else json.dumps(program.end, sort_keys=True)
    assert _squeezed(result) in _squeezed(module.__doc__)


def _squeezed(text: str) -> str:
    return text.replace(" ", "").replace("\n", "")


# ---- in processes that are killed on the way ---------------------------------------------------------------------------------


@pytest.fixture
def fleet(tmp_path: Path, tools: dict[str, str]) -> Iterator[ProcessFleet]:
    regions = "examples.simpleflow.child_workflows.RegionWorkflow"
    workers = ("worker.start", "--task-list", "quickstart", "--nb-processes", "2", "--nb-slots", "3", "--heartbeat", "1")
    commands = (
        ("decider.start", *PATHS, "--task-list", "example", "--nb-processes", "2", "--sticky-timeout", "2"),
        ("decider.start", regions, "--task-list", "regions", "--sticky-timeout", "2"),
        (*workers, *MIDDLEWARES),
    )
    fleet = ProcessFleet(tmp_path, commands=commands, **tools)
    yield fleet
    fleet.close()


def test_every_program_has_the_same_result_whichever_process_is_killed(fleet: ProcessFleet) -> None:
    choice = random.Random(7)
    swf = client(fleet.port)
    try:
        wait_for(lambda: len(_types(swf)) >= len(PATHS), "the registration of the workflows", fleet.log)
        for number in range(count(small=1, soak=20)):
            runs = [(program, _start(swf, program, f"{number}-{program.name}")) for program in PROGRAMS]
            kills = 0
            while kills < count(small=6, soak=12) and (not kills or any(_is_open(swf, run) for _, run in runs)):
                time.sleep(choice.uniform(0, 0.5))
                kills += _is_one_killed(fleet, choice)
            for program, run in runs:
                wait_for(lambda: not _is_open(swf, run), f"the end of {program.name}", fleet.log)  # noqa: B023
                assert _end(swf, run) == program.end, program.name
        wait_for(lambda: not fleet.orphans(), "the end of the orphans", fleet.log)
        fleet.end()
        assert [process.cmdline() for process in fleet.members()] == []
    finally:
        swf.close()
    assert " CRITICAL " not in fleet.log.read_text()


def _is_one_killed(fleet: ProcessFleet, choice: random.Random) -> bool:
    """Kill one of the deciders and workers, if there is any just now."""
    if not (children := fleet.children()):
        return False
    try:
        choice.choice(children).send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        return False
    return True


# ---- on moto -----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def on_moto(tmp_path_factory: pytest.TempPathFactory, tools: dict[str, str]) -> Iterator[Any]:
    """A client of a moto server for which a decider and a worker work, each in a process of its own."""
    folder = tmp_path_factory.mktemp("moto")
    with moto_endpoint() as endpoint, (folder / "log.txt").open("ab") as log:
        place = environment(endpoint, folder) | tools
        swf = boto3.client("swf", endpoint_url=endpoint, region_name="eu-west-1", **KEYS)
        swf.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
        words = (
            ("decider.start", *PATHS, "--task-list", "example"),
            ("worker.start", "--task-list", "quickstart", "--nb-slots", "2", *MIDDLEWARES),
        )
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "simpleflow_nb", *some, "--domain", DOMAIN],
                env=place,
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
            for some in words
        ]
        try:
            wait_for(lambda: len(_types(swf)) >= len(PATHS), "the registration of the workflows", folder / "log.txt")
            yield swf, [(one, _start(swf, one, f"moto-{one.name}")) for one in PROGRAMS], folder / "log.txt"
        finally:
            for process in processes:  # asked to end, they would wait for their polls
                process.kill()
                process.wait()
            swf.close()


@by_name
def test_a_program_runs_on_moto_or_ends_with_what_moto_lacks(program: Program, on_moto: Any) -> None:
    swf, runs, log = on_moto
    [run] = [run for one, run in runs if one is program]
    wait_for(lambda: not _is_open(swf, run), f"the end of {program.name}", log)
    expected = program.end if program.lost is None else Terminated(LOST.format(program.lost))
    assert _end(swf, run) == expected
    if program.lost is not None:
        assert f"moto-{program.name} is terminated: {LOST.format(program.lost)}" in log.read_text()


# ---- executions, as a client sees them ---------------------------------------------------------------------------------------


def _types(swf: Any) -> list[Any]:
    found: list[Any] = swf.list_workflow_types(domain=DOMAIN, registrationStatus="REGISTERED")["typeInfos"]
    return found


def _start(swf: Any, program: Program, workflow_id: str) -> dict[str, str]:
    cls = workflow_class(program.path)
    started = swf.start_workflow_execution(
        domain=DOMAIN,
        workflowId=workflow_id,
        workflowType={"name": cls.type_name(), "version": cls.version},
        taskList={"name": "example"},
        input=execution_input(cls, program.arguments),
        tagList=list(program.tags),
    )
    return {"workflowId": workflow_id, "runId": started["runId"]}


def _is_open(swf: Any, run: dict[str, str]) -> bool:
    """Whether it is open, or has gone on as another one that is; then ``run`` is that one."""
    info = swf.describe_workflow_execution(domain=DOMAIN, execution=run)["executionInfo"]
    if info.get("closeStatus") != "CONTINUED_AS_NEW":
        return bool(info["executionStatus"] == "OPEN")
    run["runId"] = _last(swf, run)[1]["newExecutionRunId"]
    return _is_open(swf, run)


def _end(swf: Any, run: dict[str, str]) -> Any:
    kind, attributes = _last(swf, run)
    if kind == "WorkflowExecutionCompleted":
        return json.loads(attributes["result"])
    return ENDS[kind](attributes["reason"])


def _last(swf: Any, run: dict[str, str]) -> tuple[str, dict[str, Any]]:
    [event] = swf.get_workflow_execution_history(domain=DOMAIN, execution=run, reverseOrder=True, maximumPageSize=1)["events"][
        :1
    ]
    return event["eventType"], next(value for key, value in event.items() if key.endswith("EventAttributes"))
