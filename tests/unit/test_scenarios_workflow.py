"""What the execution of a set of scenarios starts, in which order and at which rate, and what it makes of the ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deciders.notebook_workflow import NotebookWorkflow
from deciders.runs.run_requests import SCENARIO, requested_runs, run_request
from deciders.runs.scenario_runs import ScenarioSet
from deciders.scenarios_workflow import ScenarioRun, ScenariosWorkflow
from deciders.specification import NotebookSpecification, WorkflowSpecification
from deciders.specification.scenarios.expansion import Scenario
from deciders.values.reason import Reason, ReasonKind
from simpleflow_nb import activity
from simpleflow_nb.activity import Activity
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.testing import Harness, RunFailed, harness
from workers import activities as bodies  # the real bodies are registered before they are replaced

STUDY = WorkflowSpecification(
    name="study",
    notebooks=(NotebookSpecification(label="a", filename="a.ipynb", parameters={"number": "number"}),),
    parameters=("number",),
)


def set_of(number: int) -> ScenarioSet:
    return ScenarioSet(
        name="sweep", workflow="study", scenarios=[Scenario(f"n{one}", {"number": one}) for one in range(number)]
    )


def requests_for(wanted: ScenarioSet) -> list[dict[str, Any]]:
    runs = map(wanted.run, wanted.scenarios)
    reason = Reason.of(ReasonKind.NOT_RUN_YET)
    return [
        run_request(run.entry, [None], reason, keeps_labels=False, started_by=SCENARIO, own_instance=run.instance)
        for run in runs
    ]


class Bodies:
    """Stand-ins for what would run kernels and read records: they note their calls and answer as told."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.failing: set[int] = set()  #: numbers of scenarios whose notebook fails
        self.failed: list[str] = []  #: instances that are red on record
        self.hold: threading.Event | None = None  #: notebooks wait for it
        self.written: list[bool] = []  #: of each time whether it was the last one
        self.waited_for: list[list[str]] = []

    def prepare_scenarios(self, *, requests: list[dict[str, Any]], **_: Any) -> list[dict[str, Any]]:
        self.calls.append(f"prepare {len(requests)}")
        found = []
        for one in requested_runs(requests):
            arguments = {
                "workflow": STUDY.model_dump(mode="json"),
                "instance": one.run.instance,
                "identity": one.run.identity,
                "parameters": one.run.parameters,
                "inputs_dir": "/in",
                "outputs": "/out",
                "rerun": True,
            }
            found.append({"workflow_id": one.run.workflow_id, "priority": None, "arguments": arguments})
        return found

    def start_scenarios(self, *, requests: list[dict[str, Any]], **_: Any) -> dict[str, Any]:
        ids = [one.run.workflow_id for one in requested_runs(requests)]
        self.calls += [f"start {id.split('-')[1]}" for id in ids]
        return {"started": ids, "held_back": 0}

    def wait_for_runs(self, *, workflow_ids: list[str]) -> list[str]:
        self.waited_for.append([id.split("-")[1] for id in workflow_ids])
        return workflow_ids[:1]

    def write_scenario_results(self, *, is_last: bool, **_: Any) -> list[str]:
        self.written.append(is_last)
        return self.failed

    def execute_notebook(self, *, parameters: dict[str, Any], instance: str, **_: Any) -> dict[str, Any]:
        self.calls.append(f"run {instance}")
        if self.hold is not None:
            assert self.hold.wait(60)
        if parameters["number"] in self.failing:
            raise ValueError(f"no {parameters['number']}")
        return {"path": "/out/a.ipynb", "light": "green", "warnings": []}

    def record_run(self, **_: Any) -> None:
        pass


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch) -> Bodies:
    made = Bodies()
    for name in (one for one in vars(Bodies) if not one.startswith("_")):
        declared: Activity[..., Any] = getattr(bodies, name)
        monkeypatch.setitem(activity._registry, declared.name, declared)  # put back at the end
        Activity(getattr(made, name), name=declared.name, version=declared.version)
    return made


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Harness]:
    with harness(ScenariosWorkflow, NotebookWorkflow, workers=4) as opened:
        monkeypatch.setattr(ScenarioRun, "task_list", opened.engine.decider.task_list)
        yield opened


def started(place: Harness, wanted: ScenarioSet, **more: Any) -> tuple[str, str]:
    given = {"scenario_set": wanted.as_json(), "requests": requests_for(wanted), "specification": {}, "outputs": "/out"}
    return place.start(ScenariosWorkflow, **{**given, **more})


def events(place: Harness, run: tuple[str, str], kind: str) -> list[dict[str, Any]]:
    return [event for event in place.history(*run) if event["eventType"] == kind]


def most_open(place: Harness, run: tuple[str, str]) -> int:
    most = now = 0
    for event in place.history(*run):
        now += event["eventType"] == "StartChildWorkflowExecutionInitiated"
        now -= event["eventType"] in ("ChildWorkflowExecutionCompleted", "ChildWorkflowExecutionFailed")
        most = max(most, now)
    return most


def test_every_scenario_is_a_child_and_so_many_are_open_at_once(replaced: Bodies, place: Harness) -> None:
    wanted = set_of(7)
    run = started(place, wanted, max_parallel=3)
    result = place.result(*run)
    assert (result["failed"], result["not_started"]) == ([], 0)
    assert result["started"] == [wanted.run(one).workflow_id for one in wanted.scenarios]
    assert most_open(place, run) == 3
    children = [event["startChildWorkflowExecutionInitiatedEventAttributes"] for event in events(place, run, INITIATED)]
    assert [(one["workflowId"], one["tagList"], one["workflowType"]["name"]) for one in children] == [
        (planned.workflow_id, ["study", planned.instance], "notebook_workflow") for planned in map(wanted.run, wanted.scenarios)
    ]
    assert replaced.calls[0] == "prepare 7"
    assert replaced.written[-1] is True
    assert True not in replaced.written[:-1]


INITIATED = "StartChildWorkflowExecutionInitiated"


def test_a_failed_scenario_stops_no_other(replaced: Bodies, place: Harness) -> None:
    replaced.failing = {0}
    result = place.result(*started(place, set_of(3), max_parallel=1))
    assert (result["failed"], result["not_started"], len(result["started"])) == (["sweep.n0"], 0, 3)


def test_it_stops_all_that_have_not_begun_where_the_set_says_so(replaced: Bodies, place: Harness) -> None:
    replaced.failing = {1}
    result = place.result(*started(place, set_of(5), max_parallel=1, stop_on_failure=True))
    assert (result["failed"], result["not_started"], len(result["started"])) == (["sweep.n1"], 3, 2)


def test_it_stops_what_waits_for_its_turn_too(replaced: Bodies, place: Harness) -> None:
    replaced.failing = {1}
    result = place.result(*started(place, set_of(30), max_parallel=30, stop_on_failure=True, starts_per_second=1.0))
    assert (result["failed"], result["not_started"], len(result["started"])) == (["sweep.n1"], 18, 12)


def test_a_failure_before_this_start_stops_nothing(replaced: Bodies, place: Harness) -> None:
    replaced.failed = ["sweep.n2"]  # as the records have it until it runs again
    result = place.result(*started(place, set_of(3), max_parallel=1, stop_on_failure=True))
    assert (result["failed"], result["not_started"]) == ([], 0)


def test_children_are_started_at_the_rate_of_the_service(replaced: Bodies, place: Harness) -> None:
    run = started(place, set_of(30), max_parallel=100, starts_per_second=12.0)
    place.result(*run)
    moments = [event["eventTimestamp"] for event in events(place, run, INITIATED)]
    assert len(moments) == 30
    for first, after in zip(moments, moments[12:], strict=False):
        assert after - first >= 1


def test_without_children_an_activity_starts_the_runs_and_they_are_watched(replaced: Bodies, place: Harness) -> None:
    run = started(place, set_of(3), max_parallel=2, has_children=False)
    result = place.result(*run)
    assert [call for call in replaced.calls if call.startswith("start")] == [
        "start sweep.n0",
        "start sweep.n1",
        "start sweep.n2",
    ]
    assert replaced.waited_for == [["sweep.n0", "sweep.n1"], ["sweep.n1", "sweep.n2"], ["sweep.n2"]]
    assert (len(result["started"]), events(place, run, INITIATED)) == (3, [])


def test_without_children_the_records_tell_of_failures(replaced: Bodies, place: Harness) -> None:
    replaced.failed = ["sweep.n0", "sweep.n2"]
    result = place.result(*started(place, set_of(3), max_parallel=1, stop_on_failure=True, has_children=False))
    assert (result["failed"], result["not_started"]) == (["sweep.n0"], 2)


def test_a_run_that_somebody_else_has_started_is_waited_for(replaced: Bodies, place: Harness) -> None:
    wanted = set_of(2)
    run_there = wanted.run(wanted.scenarios[0])
    [prepared] = replaced.prepare_scenarios(requests=requests_for(wanted)[:1])
    replaced.hold = threading.Event()
    place.start(NotebookWorkflow, workflow_id=run_there.workflow_id, **prepared["arguments"])
    run = started(place, wanted)
    wait_until(lambda: bool(replaced.waited_for))
    replaced.hold.set()
    result = place.result(*run)
    assert replaced.waited_for == [["sweep.n0"]]
    assert (result["started"], result["not_started"]) == ([wanted.run(wanted.scenarios[1]).workflow_id], 0)


def test_runs_that_are_open_already_count_and_are_waited_for(replaced: Bodies, place: Harness) -> None:
    wanted = set_of(2)
    ids = [wanted.run(one).workflow_id for one in wanted.scenarios]
    result = place.result(*started(place, wanted, requests=requests_for(wanted)[1:], open_ids=ids[:1], max_parallel=1))
    assert replaced.waited_for == [["sweep.n0"]]
    assert result == {"started": ids[1:], "failed": [], "not_started": 0}


def test_a_wait_that_fails_is_tried_again(replaced: Bodies, place: Harness) -> None:
    failures = [ConnectionError("the service is away")]
    declared = bodies.wait_for_runs

    def wait(**given: Any) -> list[str]:
        if failures:
            raise failures.pop()
        return replaced.wait_for_runs(**given)

    Activity(wait, name=declared.name, version=declared.version)
    result = place.result(*started(place, set_of(2), has_children=False))
    assert (len(result["started"]), result["failed"]) == (2, [])


def test_a_cancelled_set_starts_no_more_and_writes_its_results(replaced: Bodies, place: Harness) -> None:
    replaced.hold = threading.Event()
    workflow_id, _ = run = started(place, set_of(5), max_parallel=2)
    wait_until(lambda: len([call for call in replaced.calls if call.startswith("run")]) == 2)
    place.service.request_cancel_workflow_execution(domain=DOMAIN, workflowId=workflow_id)
    wait_until(lambda: bool(replaced.written))
    replaced.hold.set()
    with pytest.raises(RunFailed) as ended:
        place.result(*run)
    assert ended.value.status == "CANCELED"
    assert replaced.written == [True]
    assert len(events(place, run, INITIATED)) == 2
    closed = ended.value.history[-1]["workflowExecutionCanceledEventAttributes"]
    assert "3 of 5 not started" in closed["details"]


def test_results_that_cannot_be_written_fail_the_set(replaced: Bodies, place: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = bodies.write_scenario_results

    def fails(**_: Any) -> list[str]:
        raise OSError("no room")

    Activity(fails, name=declared.name, version=declared.version)
    with pytest.raises(RunFailed, match=r"the results cannot be written: .*no room"):
        place.result(*started(place, set_of(1)))


def wait_until(condition: Callable[[], bool]) -> None:
    import time

    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)
