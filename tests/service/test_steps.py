"""Workflows with steps, with their marks in a folder and in S3, which moto serves over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from simpleflow_nb import Workflow, activity, futures
from simpleflow_nb.canvas import Group
from simpleflow_nb.exceptions import NonDeterminismError
from simpleflow_nb.history import History
from simpleflow_nb.program import program
from simpleflow_nb.replay import Execution
from simpleflow_nb.step.constants import STEP_ACTIVITY_PARAMS_DEFAULT
from simpleflow_nb.step.submittable import Step
from simpleflow_nb.step.workflow import WorkflowStepMixin
from simpleflow_nb.testing import Harness, RunFailed, harness

from .moto_server import environment, moto_endpoint


@activity.with_attributes(version="1")
def number(n: int) -> int:
    return n


@activity.with_attributes(version="1")
def broken(n: int) -> int:
    raise ValueError(f"no {n}")


class Shop(Workflow, WorkflowStepMixin):
    """Three steps: ``load.days`` and ``load.names`` together, then ``draw``, which depends on the days."""

    name, version = "steps.shop", "1"

    def run(self, forced=(), skipped=(), numbers=(1, 2)):
        self.add_forced_steps(forced, "asked")
        self.add_skipped_steps(skipped, "not needed")
        days = self.step("load.days", Group(*((number, n) for n in numbers)), force_steps_if_executed=["draw"])
        load = [self.submit(days), self.submit(self.step("load.names", (number, 3)))]
        futures.wait(*load)
        draw = self.submit(self.step("draw", (number, 4), activities_if_step_already_done=(number, 5), emit_signal=True))
        self.submit(self.wait_signal("step.draw")).result
        return [one.result for one in (*load, draw)]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_endpoint() as address:
        yield address


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A folder, or an empty bucket, that ``STEP_BUCKET`` names."""
    if request.param == "folder":
        with environment(STEP_BUCKET=f"file://{tmp_path}/steps"):
            yield "folder"
        return
    with environment(STEP_BUCKET="marks", AWS_ENDPOINT_URL=request.getfixturevalue("endpoint")):
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="marks")
        yield "bucket"
        for found in client.list_objects_v2(Bucket="marks").get("Contents", ()):
            client.delete_object(Bucket="marks", Key=found["Key"])
        client.delete_bucket(Bucket="marks")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with environment(STEP_BUCKET=f"file://{tmp_path}/steps"):
        yield tmp_path / "steps"


def told(events: list[dict[str, Any]]) -> list[tuple[str, str, bool, list[str]]]:
    """What the markers of a history say, in their order."""
    notes = [json.loads(one["details"]) for one in History(events).markers.get("log.step", ())]
    return [(note["step"], note["status"], note["forced"], note["reasons"]) for note in notes]


def values(result: list[Any]) -> list[list[Any]]:
    """What the tasks of each step have returned, without the texts of markers, and without what marks and signals return."""
    return [[one for one in parts if isinstance(one, int | list)] for _, parts in result]


@pytest.fixture
def run() -> Iterator[Callable[..., tuple[Any, list[dict[str, Any]]]]]:
    """Run a workflow under an id; return its result and its history, once that has been replayed as it was decided."""

    def carry_out(cls: type[Workflow], *args: Any, workflow_id: str = "w", **more: Any) -> tuple[Any, list[dict[str, Any]]]:
        ids = opened.start(cls, *args, workflow_id=workflow_id, **more)
        result = opened.result(*ids)
        events = opened.history(*ids)
        replay(cls, ids, events)
        return result, events

    opened: Harness
    with harness(Shop) as opened:
        yield carry_out


def replay(cls: type[Workflow], ids: tuple[str, str], events: list[dict[str, Any]]) -> None:
    """Decide all of a closed history again, as a decider that knows nothing of it; NonDeterminismError if it differs."""
    again = Execution(program(cls), workflow_id=ids[0], run_id=ids[1])
    try:
        again.advance(events)
        assert again.finished is not None
    finally:
        again.kill()


def test_a_step_runs_once_and_later_executions_skip_it(place, run):
    first, events = run(Shop)
    assert values(first) == [[[1, 2]], [3], [4]]
    assert [steps for steps, _ in first] == [[], [], []]  # read when the run began
    loaded, drawn = [False, []], [True, ["Dep of load.days"]]
    assert {(step, status): [*more] for step, status, *more in told(events)} == {
        ("load.days", "scheduled"): loaded,
        ("load.days", "completed"): loaded,
        ("load.names", "scheduled"): loaded,
        ("load.names", "completed"): loaded,
        ("draw", "scheduled"): drawn,
        ("draw", "completed"): drawn,
    }
    second, events = run(Shop)
    assert values(second) == [[], [], [5]]
    assert [steps for steps, _ in second] == [["draw", "load.days", "load.names"]] * 3
    already = ["Step was already played"]
    assert told(events) == [
        ("load.days", "skipped", False, already),
        ("load.names", "skipped", False, already),
        ("draw", "skipped", False, already),
    ]


def test_the_marks_are_those_of_a_workflow_id(place, run):
    run(Shop)
    other, _ = run(Shop, workflow_id="other")
    assert values(other) == [[[1, 2]], [3], [4]]


@pytest.mark.parametrize(
    ("forced", "skipped", "ran"),
    [
        (["load"], [], {"load.days": ["asked"], "load.names": ["asked"], "draw": ["Dep of load.days"]}),
        (["load.names"], [], {"load.names": ["asked"]}),
        ("*", [], {"load.days": ["asked"], "load.names": ["asked"], "draw": ["asked", "Dep of load.days"]}),
        (["draw"], ["*"], {"draw": ["asked"]}),
    ],
)
def test_a_forced_step_runs_again_and_says_why(folder, run, forced, skipped, ran):
    run(Shop)
    _, events = run(Shop, forced, skipped)
    assert {step: reasons for step, status, _, reasons in told(events) if status == "completed"} == ran
    assert all(forced for step, status, forced, _ in told(events) if step in ran)


def test_a_step_that_is_to_be_skipped_is_skipped_and_not_marked(folder, run):
    result, events = run(Shop, skipped=["load", "draw"])
    assert values(result) == [[], [], [5]]
    assert told(events) == [
        ("load.days", "skipped", True, ["not needed"]),
        ("load.names", "skipped", True, ["not needed"]),
        ("draw", "skipped", True, ["not needed"]),
    ]
    assert not folder.exists()


def test_a_step_sends_its_signal_when_it_has_run_and_when_it_was_skipped(folder, run):
    for _ in range(2):
        _, events = run(Shop)
        signals = History(events).signal_lists
        assert list(signals) == ["step.draw"]
        assert [signal["input"] for signal in signals["step.draw"]] == [{"args": [], "kwargs": {}, "__propagate": False}]


def test_the_mark_says_which_execution_has_made_it(folder, run):
    _, events = run(Shop)
    mark = json.loads((folder / "w" / "steps" / "load.days@done").read_text())
    assert mark["workflow_id"] == "w"
    assert mark["version"] == STEP_ACTIVITY_PARAMS_DEFAULT["version"]
    run_ids = {event["workflowExecutionSignaledEventAttributes"]["externalWorkflowExecution"]["runId"]
               for event in events if event["eventType"] == "WorkflowExecutionSignaled"}  # fmt: skip
    assert {mark["run_id"]} == run_ids


def test_without_a_setting_the_marks_are_in_the_folder_of_the_workers(run, tmp_path, monkeypatch):
    monkeypatch.delenv("STEP_BUCKET", raising=False)
    monkeypatch.chdir(tmp_path)
    run(Shop)
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*@done"))
    assert found == [f".simpleflow-nb/steps/w/steps/{name}@done" for name in ("draw", "load.days", "load.names")]


def test_the_objects_in_s3_have_the_keys_of_simpleflow(endpoint, run):
    with environment(STEP_BUCKET="keys", AWS_ENDPOINT_URL=endpoint):
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="keys")
        client.put_object(Bucket="keys", Key="w/steps/load.days", Body=b"{}")
        result, _ = run(Shop)
        assert values(result) == [[], [3], [4]]
        assert [one["Key"] for one in client.list_objects_v2(Bucket="keys")["Contents"]] == [
            "w/steps/draw",
            "w/steps/load.days",
            "w/steps/load.names",
        ]


def test_a_run_that_is_replayed_with_another_place_of_its_marks_is_told_so(folder, run):
    ids = ("w", "r")
    _, events = run(Shop)
    with environment(STEP_BUCKET="/elsewhere"), pytest.raises(NonDeterminismError, match=r"GetStepsDoneTask"):
        replay(Shop, ids, events)


# ---- failures --------------------------------------------------------------------------------------------------------------


class Failing(Workflow, WorkflowStepMixin):
    name, version = "steps.failing", "1"
    is_raised: Any = None
    bubbles = False

    def run(self):
        tasks = Group((broken, 1), (number, 2), raises_on_failure=self.is_raised)
        step = self.submit(Step("load", tasks, emit_signal=True, bubbles_exception_on_failure=self.bubbles))
        error = step.exception
        return [step.result[1], None if error is None else str(error), self.get_steps_done()]


class Telling(Failing):
    name = "steps.telling"
    is_raised, bubbles = False, True


class Quiet(Failing):
    name = "steps.quiet"
    is_raised = False


def test_a_step_whose_tasks_fail_fails_the_run_and_is_not_marked(folder, run):
    with pytest.raises(RunFailed) as failed:
        run(Failing)
    assert str(failed.value) == (f'FAILED: Workflow execution error in activity-{broken.name}-1: "ValueError: no 1"')
    assert told(failed.value.history) == [("load", "scheduled", False, [])]
    assert not folder.exists()


@pytest.mark.parametrize(("cls", "error"), [(Telling, "AggregateException: AggregateException: "), (Quiet, None)])
def test_a_step_whose_failures_are_not_raised_ends_without_its_mark_and_its_signal(folder, run, cls, error):
    (parts, told_error, done), events = run(cls)
    assert parts[1:] == [[None, 2]]
    assert told_error == (error and f"{error}TaskFailed: activity-{broken.name}-1: ValueError: no 1")
    assert done == []
    assert told(events) == [("load", "scheduled", False, [])]
    assert History(events).signals == {}
    assert not folder.exists()


class Plain(Workflow):
    name, version = "steps.plain", "1"

    def run(self):
        return self.submit(Step("load", (number, 1))).result


def test_a_workflow_without_steps_is_told_how_to_have_them(run):
    with pytest.raises(RunFailed) as failed:
        run(Plain)
    assert failed.value.reason == (
        "DefinitionError: Plain submits the step 'load' and has no steps: class Plain(Workflow, WorkflowStepMixin)"
    )


# ---- settings of the activities --------------------------------------------------------------------------------------------


class Settled(Workflow, WorkflowStepMixin):
    name, version = "steps.settled", "1"

    def get_step_path_prefix(self):
        return "people/7"

    def get_step_activity_params(self):
        return {"version": "2", "task_priority": 7, "start_to_close_timeout": 30}

    def run(self):
        self.submit(self.step("load", (number, 1))).result
        return self.get_steps_done()


def test_a_workflow_may_settle_where_its_marks_are_and_how_they_are_made(folder, run):
    _, events = run(Settled)
    made = [one["activityTaskScheduledEventAttributes"] for one in events if one["eventType"] == "ActivityTaskScheduled"]
    ours = [one for one in made if ".step.tasks." in one["activityType"]["name"]]
    assert [one["activityType"]["name"].rpartition(".")[2] for one in ours] == ["GetStepsDoneTask", "MarkStepDoneTask"]
    for one in ours:
        assert (one["activityType"]["version"], one["taskPriority"], one["startToCloseTimeout"]) == ("2", "7", "30")
        assert (one["heartbeatTimeout"], one["scheduleToCloseTimeout"]) == ("180", "14460")
    assert (folder / "people" / "7" / "load@done").exists()


def test_a_worker_that_has_imported_nothing_finds_the_activities_of_steps():
    program_text = (
        "from simpleflow_nb.processes.activity_bodies import find_activity\n"
        "import sys\n"
        "assert 'simpleflow_nb.step.tasks' not in sys.modules\n"
        "for name in ('GetStepsDoneTask', 'MarkStepDoneTask'):\n"
        "    print(find_activity(f'simpleflow_nb.step.tasks.{name}').version)\n"
    )
    found = subprocess.run([sys.executable, "-c", program_text], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["1.0", "1.0"]
