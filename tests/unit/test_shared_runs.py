"""Runs that share items, as their deciders see it: who carries an item out, and how long the others wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deciders.items_workflow import ItemsWorkflow
from deciders.notebook_workflow import NotebookWorkflow
from deciders.specification import NotebookSpecification, WorkflowSpecification
from deciders.values.key_parts import shared_id
from simpleflow_nb import Workflow, activity
from simpleflow_nb.activity import Activity
from simpleflow_nb.activity_context import context
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.testing import Harness, RunFailed, harness
from simpleflow_nb.workflow import execution_input
from workers import activities as bodies
from workers.notebooks.notebook_errors import NotebookSkipped

KEY = "00" * 32
TAKEN = {"path": "/out/x.ipynb", "light": "orange", "warnings": ["3 rows"], "key": KEY, "taken_from": "days/other"}
MADE = {"path": "/out/a.ipynb", "light": "green", "warnings": [], "key": KEY}


class Workers:
    """Workers of which no run has made anything yet. ``answers`` are those to questions, in their order; then the item is to be
    carried out, and nobody does."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.carried_out: list[tuple[str, dict[str, Any]]] = []  #: with the workflow ids
        self.recorded: dict[str, Any] = {}
        self.answers: list[dict[str, Any]] = []
        self.failure: Exception | None = None

    def execute_notebook(self, **given: Any) -> dict[str, Any]:
        shared = given["shared"]
        if shared.get("asks"):
            self.asked.append(shared)
            return self.answers.pop(0) if self.answers else {"to_run": KEY}
        self.carried_out.append((context().workflow_id, shared))
        if self.failure is not None:
            raise self.failure
        return MADE

    def record_run(self, **given: Any) -> None:
        self.recorded = given


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Workers:
    made = Workers()
    for name in ("execute_notebook", "record_run"):
        declared: Activity[..., Any] = getattr(bodies, name)
        monkeypatch.setitem(activity._registry, declared.name, declared)  # put back at the end
        Activity(getattr(made, name), name=declared.name, version=declared.version)
    return made


@pytest.fixture
def place() -> Iterator[Harness]:
    with harness(NotebookWorkflow, ItemsWorkflow, Waiting) as opened:
        yield opened


def started(place: Harness, **more: Any) -> tuple[str, Callable[[], Any]]:
    """Start a run of one shared label; its run id, and a function that waits for its result."""
    notebook = NotebookSpecification(label="a", filename="a.ipynb", cache="shared")
    arguments = {
        "workflow": WorkflowSpecification(name="days", notebooks=(notebook,)).model_dump(mode="json"),
        "instance": "2016-01-01_abcdef01",
        "identity": "abcdef01" * 4,
        "parameters": {},
        "inputs_dir": "/in",
        "outputs": "/out",
        "rerun": True,
        "sources": {"a.ipynb": "aa"},
        **more,
    }
    run = place.service.start_workflow_execution(
        domain=DOMAIN,
        workflowId="days-1",
        workflowType={"name": NotebookWorkflow.type_name(), "version": NotebookWorkflow.version},
        taskList={"name": place.engine.decider.task_list},
        input=execution_input(NotebookWorkflow, {"kwargs": arguments}),
    )
    return run["runId"], lambda: place.result("days-1", run["runId"])


class Waiting(Workflow):
    """Another execution, which does not end."""

    name = "waiting"

    def run(self) -> None:
        self.next_signal("end").wait()


def another_run_carries_it_out(place: Harness) -> None:
    place.start(Waiting, workflow_id=shared_id(KEY))


def waits(place: Harness) -> list[int]:
    """The seconds of the timers of the run."""
    execution = place.service.execution(DOMAIN, "days-1")
    assert execution is not None
    events = place.service.events("days-1", execution.run_id)
    timers = [event["timerStartedEventAttributes"] for event in events if event["eventType"] == "TimerStarted"]
    return [int(timer["startToFireTimeout"]) for timer in timers]


def test_an_execution_of_its_own_carries_an_item_out_for_the_run_that_asked_first(workers: Workers, place: Harness) -> None:
    run_id, result = started(place)
    assert result() == {"state": "succeeded", "light": "green", "artefacts": {"a": "/out/a.ipynb"}}
    assert workers.carried_out == [(shared_id(KEY), {"asks": False, "run_id": run_id})]
    assert workers.recorded["labels"] == {"a": "done"}


def test_what_another_run_has_made_is_cached_with_its_light_and_warnings(workers: Workers, place: Harness) -> None:
    workers.answers = [TAKEN]
    _, result = started(place)
    assert result() == {"state": "succeeded", "light": "orange", "artefacts": {"a": "/out/x.ipynb"}, "cached": ["a"]}
    assert workers.carried_out == []
    assert workers.recorded["labels"] == {"a": "cached"}
    assert workers.recorded["notes"] == {"a": ["3 rows"]}
    assert workers.recorded["items"] == [
        {"label": "a", "index": None, "folder": None, "state": "cached", "path": "/out/x.ipynb"}
    ]


def test_a_run_looks_again_until_the_result_of_another_one_is_there(workers: Workers, place: Harness) -> None:
    another_run_carries_it_out(place)
    workers.answers = [{"to_run": KEY}, *[{"to_run": KEY, "is_open": True}] * 5, TAKEN]
    _, result = started(place)
    assert result()["cached"] == ["a"]
    assert waits(place) == [5, 10, 20, 40, 60, 60]
    assert [shared.get("looks") for shared in workers.asked] == [None, *[True] * 6]
    assert workers.carried_out == []


def test_a_run_carries_an_item_out_itself_once_nobody_else_does(workers: Workers, place: Harness) -> None:
    another_run_carries_it_out(place)
    workers.answers = [{"to_run": KEY}, {"to_run": KEY}, {"to_run": KEY, "is_open": True}]  # a list that lags behind
    _, result = started(place)
    assert result()["artefacts"] == {"a": "/out/a.ipynb"}
    assert waits(place) == [5, 10, 20, 40]
    assert workers.carried_out == [("days-1", {"asks": False})]


def test_the_failure_of_an_item_is_that_of_the_run_it_was_carried_out_for(workers: Workers, place: Harness) -> None:
    workers.failure = ValueError("no data")
    _, result = started(place)
    with pytest.raises(RunFailed, match=r"^FAILED: a failed: no data\n"):
        result()
    assert workers.recorded["labels"] == {"a": "failed"}
    assert workers.recorded["causes"] == {"a": "no data"}


def test_a_shared_notebook_that_has_nothing_to_do_is_skipped(workers: Workers, place: Harness) -> None:
    workers.failure = NotebookSkipped("no flights")
    _, result = started(place)
    assert result() == {"state": "skipped", "light": "green", "artefacts": {}}
    assert workers.recorded["notes"] == {"a": ["no flights"]}


@pytest.mark.parametrize("more", [{"forced": True}, {"only": "a"}, {"sharing": {"has_children": False}}])
def test_nobody_is_asked_where_a_run_is_to_carry_it_out_itself(workers: Workers, place: Harness, more: dict[str, Any]) -> None:
    _, result = started(place, **more)
    result()
    assert workers.asked == []
    assert [workflow_id for workflow_id, _ in workers.carried_out] == ["days-1"]
