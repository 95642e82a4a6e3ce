"""Large fans of notebooks are carried out in slices, and nobody who reads the run's end can tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from deciders.items_workflow import ItemsWorkflow
from deciders.notebook_workflow import NotebookWorkflow
from deciders.specification import NotebookSpecification, WorkflowSpecification
from simpleflow_nb import activity
from simpleflow_nb.activity import Activity
from simpleflow_nb.testing import Harness, RunFailed, harness
from workers import activities as bodies


class Notebooks:
    """Bodies in place of kernels: what each item got, and what it ends as."""

    def __init__(self) -> None:
        self.given: list[dict[str, Any]] = []
        self.failing: set[str] = set()
        self.record: dict[str, Any] = {}

    def already_succeeded(self, **given: Any) -> None:
        return None

    def execute_notebook(self, **given: Any) -> dict[str, Any]:
        self.given.append(given)
        name = f"{given['label']}:{given.get('index', 0)}"
        if name in self.failing:
            raise ValueError(f"{name} has no data")
        return {"path": f"/out/{name}.ipynb", "light": "green", "warnings": [], "scraps": {"size": given.get("index", 0)}}

    def record_run(self, **given: Any) -> None:
        self.record = given

    def of(self, label: str) -> list[dict[str, Any]]:
        return [one for one in self.given if one["label"] == label]


@pytest.fixture
def notebooks(monkeypatch: pytest.MonkeyPatch) -> Notebooks:
    made = Notebooks()
    for name in ("already_succeeded", "execute_notebook", "record_run"):
        declared: Activity[..., Any] = getattr(bodies, name)
        monkeypatch.setitem(activity._registry, declared.name, declared)
        Activity(getattr(made, name), name=declared.name, version=declared.version)
    return made


def run(place: Harness, *steps: NotebookSpecification, chunk: int = 4, **more: Any) -> Any:
    made = WorkflowSpecification(name="study", notebooks=steps)
    needed = [step.model_copy(update={"needs": made.graph.needs(step.label)}) for step in steps]
    arguments = {
        "workflow": WorkflowSpecification(name="study", notebooks=tuple(needed)).model_dump(mode="json"),
        "instance": "abcdef01",
        "identity": "abcdef01" * 4,
        "parameters": {},
        "inputs_dir": "/in",
        "outputs": "/out",
        "fan_chunk": chunk,
        **more,
    }
    _, run_id = place.start(NotebookWorkflow, workflow_id="study", **arguments)
    return place.result("study", run_id)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Harness]:
    with harness(NotebookWorkflow, ItemsWorkflow) as opened:
        monkeypatch.setattr(ItemsWorkflow, "task_list", opened.engine.decider.task_list)
        yield opened


def step(label: str, **more: Any) -> NotebookSpecification:
    return NotebookSpecification(label=label, filename=f"{label}.py", **more)


DAY = step("day", for_each={"n": list(range(10))}, parameters={"n": "n"})
CLEAN = step("clean", for_each="day", parameters={"executed": "day", "size": {"scrap": "day.size"}})
TOTAL = step("total", parameters={"parts": "clean", "sizes": {"scrap": "day.size"}})


def test_a_fan_in_slices_ends_as_a_whole_one(notebooks: Notebooks, place: Harness) -> None:
    result = run(place, DAY, CLEAN, TOTAL)
    ids = [workflow_id for workflow_id, _ in place.service.numbers]
    assert result["state"] == "succeeded"
    assert len(ids) == 1 + 5
    [total] = notebooks.of("total")
    assert [made["path"] for made in total["upstream"]["parts"]] == [f"/out/clean:{n}.ipynb" for n in range(10)]
    assert total["parameters"]["sizes"] == list(range(10))
    assert sorted(one["index"] for one in notebooks.of("day")) == list(range(10))
    assert {one["upstream"]["executed"]["path"] for one in notebooks.of("clean")} == {f"/out/day:{n}.ipynb" for n in range(10)}
    assert notebooks.record["labels"] == {"day": "done", "clean": "done", "total": "done"}
    assert len(notebooks.record["items"]) == 20


def events(place: Harness, workflow_id: str) -> list[dict[str, Any]]:
    [run_id] = [run_id for one, run_id in place.service.numbers if one == workflow_id]
    return list(place.history(workflow_id, run_id))


def slices(place: Harness) -> list[str]:
    return sorted(workflow_id for workflow_id, _ in place.service.numbers if workflow_id != "study")


def test_the_failure_of_an_item_in_a_slice_is_that_of_the_run(notebooks: Notebooks, place: Harness) -> None:
    notebooks.failing = {"day:6", "day:9"}
    with pytest.raises(RunFailed) as caught:
        run(place, DAY, CLEAN, TOTAL)
    assert str(caught.value) == ("FAILED: day:6 failed: day:6 has no data (and 1 more item of 'day'); not run: clean, total")
    record = notebooks.record
    assert (record["state"], record["light"]) == ("failed", "red")
    assert record["labels"] == {"day": "failed", "clean": "not run", "total": "not run"}
    ends = {f"{one['label']}:{one['index']}": one for one in record["items"]}
    assert [n for n in range(10) if ends[f"day:{n}"]["state"] == "failed"] == [6, 9]
    assert ends["clean:6"] == {
        "label": "clean",
        "index": 6,
        "folder": "6-6",
        "state": "skipped",
        "began": False,
        "said": "day:6 failed",
    }
    assert len(notebooks.of("clean")) == 8


def test_a_stop_after_a_failure_reaches_the_slices_that_run_and_those_that_wait(notebooks: Notebooks, place: Harness) -> None:
    notebooks.failing = {"day:0"}
    day = DAY.model_copy(update={"on_item_failure": "stop", "max_parallel": 1})
    with pytest.raises(RunFailed):
        run(place, day, TOTAL.model_copy(update={"parameters": {"parts": "day"}}), chunk=2)
    assert [one["index"] for one in notebooks.of("day")] == [0]
    states = [one["state"] for one in notebooks.record["items"]]
    assert states == ["failed", *["cancelled"] * 9]
    assert notebooks.record["items"][9]["said"] == "day:0 failed, and on_item_failure of 'day' is stop"


@pytest.mark.parametrize(("bound", "at_once"), [(None, 5), (1, 1), (2, 1), (5, 2), (100, 5)])
def test_as_many_slices_are_open_as_the_bound_of_the_label_allows(
    bound: int | None, at_once: int, notebooks: Notebooks, place: Harness
) -> None:
    run(place, DAY.model_copy(update={"max_parallel": bound}), chunk=2)
    most = now = 0
    for event in events(place, "study"):
        now += event["eventType"] == "StartChildWorkflowExecutionInitiated"
        now -= event["eventType"] == "ChildWorkflowExecutionCompleted"
        most = max(most, now)
    assert most == at_once
    assert len(slices(place)) == 5


def test_the_order_in_the_list_of_a_join_is_that_of_the_items_whatever_slice_ended_first(
    notebooks: Notebooks, place: Harness
) -> None:
    many = DAY.model_copy(update={"for_each": {"n": list(range(50))}, "repeat": 2})
    total = step("total", parameters={"parts": "day"})
    run(place, many, total, chunk=7)
    [given] = notebooks.of("total")
    assert [made["path"] for made in given["upstream"]["parts"]] == [f"/out/day:{n}.ipynb" for n in range(100)]


def test_a_fan_behind_a_join_over_its_family_is_in_later_slices(notebooks: Notebooks, place: Harness) -> None:
    late = step("late", for_each="day", parameters={"whole": "total", "own": "day"})
    run(place, DAY, TOTAL.model_copy(update={"parameters": {"parts": "day"}}), late)
    assert len(slices(place)) == 3 + 3
    assert {one["upstream"]["whole"]["path"] for one in notebooks.of("late")} == {"/out/total:0.ipynb"}
    assert sorted(one["upstream"]["own"]["path"] for one in notebooks.of("late")) == [f"/out/day:{n}.ipynb" for n in range(10)]


def test_a_run_that_has_carried_out_many_items_cuts_every_further_fan(
    notebooks: Notebooks, place: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deciders.notebook_runs.slices.MOST_OWN_ITEMS", 6)
    few = {"for_each": {"n": [0, 1, 2, 3]}, "parameters": {"n": "n"}}
    run(place, step("a", **few), step("b", after=("a",), **few), step("c", after=("b",), for_each={"n": [0]}))
    assert len(slices(place)) == 1
    assert len(notebooks.of("b")) == 4
    assert [event["eventType"] for event in events(place, slices(place)[0])].count("ActivityTaskScheduled") == 4


def test_items_of_slices_belong_to_the_records_of_the_run(notebooks: Notebooks, place: Harness) -> None:
    run(place, DAY)
    [run_id] = [run_id for workflow_id, run_id in place.service.numbers if workflow_id == "study"]
    assert {one["run_id"] for one in notebooks.of("day")} == {run_id}


def test_a_slice_is_kept_item_by_item(notebooks: Notebooks, place: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    run(place, DAY, CLEAN, sources={"day.py": "1", "clean.py": "2"})
    keys = {(one["label"], one["index"]): one["key"] for one in notebooks.given if "key" in one}
    assert len(set(keys.values())) == 20
    kept = {"day": {keys["day", n]: {"path": f"/out/day:{n}.ipynb", "scraps": {"size": n}} for n in range(10) if n != 5}}
    kept["clean"] = {keys["clean", n]: {"path": f"/out/clean:{n}.ipynb"} for n in range(10)}
    notebooks.given.clear()
    with harness(NotebookWorkflow, ItemsWorkflow) as again:
        monkeypatch.setattr(ItemsWorkflow, "task_list", again.engine.decider.task_list)
        result = run(again, DAY, CLEAN, sources={"day.py": "1", "clean.py": "2"}, kept_items=kept, rerun=True)
    assert [(one["label"], one["index"]) for one in notebooks.given] == [("day", 5), ("clean", 5)]
    assert len(result["cached"]) == 18


def test_a_long_list_that_many_items_take_is_kept_once(notebooks: Notebooks, place: Harness) -> None:
    many = DAY.model_copy(update={"for_each": {"n": list(range(400))}})
    each = step("each", for_each={"k": list(range(20))}, parameters={"days": "day", "k": "k"})
    run(place, many, each, chunk=500)
    assert {len(one["upstream"]["days"]) for one in notebooks.of("each")} == {400}
    [run_id] = [run_id for workflow_id, run_id in place.service.numbers if workflow_id == "study"]
    history = place.service.events("study", run_id)
    scheduled = [
        event["activityTaskScheduledEventAttributes"] for event in history if event["eventType"] == "ActivityTaskScheduled"
    ]
    inputs = [one["input"] for one in scheduled if '"filename":"each.py"' in one["input"]]
    assert len(inputs) == 20
    assert [len(text) for text in inputs if len(text) > 1_000] == []
