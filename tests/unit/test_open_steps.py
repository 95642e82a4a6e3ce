"""The items of a run that is open, from any beginning of its history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deciders import activities as declared
from deciders.items_workflow import ItemsWorkflow
from deciders.notebook_workflow import NotebookWorkflow
from deciders.runs.planned_run import run_for
from deciders.specification import ConfiguredWorkflow, load_specification
from deciders.values.item import Item
from simpleflow_nb.application.records.open_steps import OpenSteps
from simpleflow_nb.inspection.executions import arguments_in
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.testing import Harness, RunFailed, harness
from simpleflow_nb.testing.replaced_notebooks import ReplacedNotebooks
from tests.unit.fanned_project import FUNCTIONS, broken_day, fanned
from workers.artefacts import Artefacts
from workers.runs.kept_items import kept_items
from workers.runs.moved_runs import items_done, with_slices
from workers.runs.run_starts import run_arguments

Events = list[dict[str, Any]]


Bodies = dict[Any, Callable[..., Any]]


@pytest.fixture
def replaced(recorded: list[dict[str, Any]]) -> Bodies:
    """What stands for the bodies of the activities: functions for the notebooks, a list for the records."""
    notebooks = ReplacedNotebooks({**FUNCTIONS, "day": broken_day})
    return {
        declared.already_succeeded: lambda **given: None,
        declared.execute_notebook: notebooks.execute_notebook,
        declared.convert_report: notebooks.convert_report,
        declared.record_run: lambda **given: recorded.append(given),
    }


@pytest.fixture
def place(replaced: Bodies) -> Iterator[Harness]:
    with harness(NotebookWorkflow, activities=replaced) as opened:
        yield opened


@pytest.fixture
def recorded() -> list[dict[str, Any]]:
    return []


def started_with(folder: Path) -> dict[str, Any]:
    """What a run of the study is started with."""
    specification = load_specification(fanned(folder))
    run = run_for(ConfiguredWorkflow(workflow_name="study"), None)
    return run_arguments(specification, run, str(folder / "outputs"))


def history_of(place: Harness, folder: Path) -> Events:
    """Run the study, whose second day fails and whose third is skipped."""
    ids = place.start(NotebookWorkflow, **started_with(folder))
    with pytest.raises(RunFailed):
        place.result(*ids)
    return place.history(*ids)


def steps_of(place: Harness, events: Events) -> OpenSteps:
    load = place.engine.payloads.load
    return OpenSteps.of_history(arguments_in(events, load), events, load)


def states(steps: OpenSteps) -> dict[str, str]:
    return {str(row.item): str(row.state) for row in steps.items()}


def until(events: Events, kind: str, number: int = 1) -> Events:
    """The history up to the event of a kind with that number among its kind."""
    places = [place for place, event in enumerate(events) if event["eventType"] == kind]
    return events[: places[number - 1] + 1]


def test_before_its_axes_are_known_a_label_waits_and_has_no_items(place: Harness, tmp_path: Path) -> None:
    steps = steps_of(place, until(history_of(place, tmp_path), "DecisionTaskScheduled"))
    assert steps.labels == {"days": "waiting", "day": "waiting", "clean": "waiting", "total": "waiting"}
    assert states(steps) == {"days": "waiting", "total": "waiting"}


def test_items_run_that_a_worker_has_taken_and_the_others_wait(place: Harness, tmp_path: Path) -> None:
    events = history_of(place, tmp_path)
    days_ended = until(events, "ActivityTaskCompleted", 2)  # the first is the look for an earlier success
    steps = steps_of(place, days_ended)
    assert steps.labels == {"days": "done", "day": "waiting", "clean": "waiting", "total": "waiting"}
    assert states(steps) == {
        "days": "done",
        **{f"day:{index}": "waiting" for index in range(3)},
        **{f"clean:{index}": "waiting" for index in range(3)},
        "total": "waiting",
    }
    steps = steps_of(place, until(events, "ActivityTaskStarted", 3))
    assert steps.labels["day"] == "running"
    running = [row for row in steps.items() if row.state == "running"]
    assert [(row.label, row.light, row.attempt, row.ended) for row in running] == [("day", None, 1, None)]
    assert running[0].started is not None


def test_from_each_beginning_of_a_history_no_state_of_an_item_is_taken_back(place: Harness, tmp_path: Path) -> None:
    events = history_of(place, tmp_path)
    known: dict[str, str] = {}
    for number in range(1, len(events) + 1):
        found = states(steps_of(place, events[:number]))
        ended = {name: state for name, state in known.items() if state not in ("waiting", "running")}
        assert ended.items() <= found.items()
        assert not [name for name, state in known.items() if state == "running" and found[name] == "waiting"]
        known = found


def test_at_the_end_they_are_what_the_run_itself_records(
    place: Harness, recorded: list[dict[str, Any]], tmp_path: Path
) -> None:
    steps = steps_of(place, history_of(place, tmp_path))
    [end] = recorded
    assert steps.labels == {name: state for name, state in end["labels"].items() if not name.startswith("report:")}
    words = {"done": "succeeded"}
    seen = [(row.label, row.index, row.slug, words.get(row.state, str(row.state))) for row in steps.items() if row.slug]
    assert seen == [(one["label"], one["index"], one["folder"], one["state"]) for one in end["items"]]
    causes = {str(row.item): row.cause for row in steps.items() if row.cause is not None}
    assert causes == {
        "day:1": f"notebook 'day' failed in cell 1: ValueError: no rows (see {steps.folder(Item('day', 1))}/day.ipynb)",
        "day:2": "a holiday",
        "clean:1": "day:1 failed",
        "clean:2": "day:2, which it needs, was skipped",
        "total": "day:1 failed",
    }


def test_a_run_that_was_moved_keeps_the_items_that_it_has_done_and_no_others(place: Harness, tmp_path: Path) -> None:
    events, given = history_of(place, tmp_path), started_with(tmp_path)
    workflow = load_specification(tmp_path / "workflows.yml").workflow("study")
    run = run_for(ConfiguredWorkflow(workflow_name="study"), None)
    there = kept_items(workflow, run, Artefacts(tmp_path / "outputs"))
    assert {label: len(items) for label, items in there.items()} == {"day": 1, "clean": 1}
    load = place.engine.payloads.load
    assert items_done(given, [events], load, there) == there
    before = until(events, "ActivityTaskCompleted", 2)  # of another attempt at the instance, say
    assert items_done(given, [before], load, there) == {"day": {}, "clean": {}}
    assert items_done({**given, "kept_items": {"day": dict(there["day"])}}, [before], load, there)["day"] == there["day"]


@pytest.fixture
def in_slices(monkeypatch: pytest.MonkeyPatch, replaced: Bodies) -> Iterator[Harness]:
    """A place where each item of a fan is a slice of its own."""
    monkeypatch.setenv("SIMPLEFLOW_NB_FAN_CHUNK", "2")
    with harness(NotebookWorkflow, ItemsWorkflow, activities=replaced) as opened:
        yield opened


def test_items_that_slices_have_carried_out_end_with_these(
    in_slices: Harness, recorded: list[dict[str, Any]], tmp_path: Path
) -> None:
    steps = steps_of(in_slices, history_of(in_slices, tmp_path))
    [end] = recorded
    assert steps.labels == {name: state for name, state in end["labels"].items() if not name.startswith("report:")}
    words = {"done": "succeeded"}
    seen = [(row.label, row.index, words.get(row.state, str(row.state))) for row in steps.items() if row.slug]
    assert seen == [(one["label"], one["index"], one["state"]) for one in end["items"]]


def test_a_run_that_was_moved_keeps_the_items_that_its_slices_have_done(in_slices: Harness, tmp_path: Path) -> None:
    events, given = history_of(in_slices, tmp_path), started_with(tmp_path)
    workflow = load_specification(tmp_path / "workflows.yml").workflow("study")
    run = run_for(ConfiguredWorkflow(workflow_name="study"), None)
    there = kept_items(workflow, run, Artefacts(tmp_path / "outputs"))
    assert {label: len(items) for label, items in there.items()} == {"day": 1, "clean": 1}
    load = in_slices.engine.payloads.load
    assert items_done(given, with_slices(in_slices.service, DOMAIN, events), load, there) == there
