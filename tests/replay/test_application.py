"""Runs of the notebook application that former versions recorded are decided by this one as they were then."""

from __future__ import annotations

import copy
import importlib
import pkgutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import deciders
from deciders.values.light import Light
from simpleflow_nb import Workflow
from simpleflow_nb.activity import Activity
from simpleflow_nb.local.decisions import attributes_of
from simpleflow_nb.program import program
from simpleflow_nb.replay import Execution
from simpleflow_nb.replay.calls.commands import PATCH
from tests.settings import count

from .application_runs import SCENARIOS, recorded_runs, sensor_cancelled
from .decision_checker import attributes, reloaded
from .record_application import FOLDER, folder_for, main, read_runs, write_runs
from .recorded_decisions import first_difference, replay_error
from .recorded_project import ANALYST, Run

FILES = sorted(FOLDER.glob("application-*/*.json.gz"))
NAMES = [f"{path.parent.name.removeprefix('application-')}-{path.name.removesuffix('.json.gz')}" for path in FILES]

#: Of the runs in which a sabotage changes nothing, one in so many is decided with it.
_ONE_OF_THE_OTHERS = count(10, 1)

each_file = pytest.mark.parametrize("path", FILES, ids=NAMES)


@cache
def known_workflows() -> dict[tuple[str, str], type[Workflow]]:
    """The workflows of the application in all versions that this one knows, by type name and version."""
    for module in pkgutil.walk_packages(deciders.__path__, "deciders."):
        importlib.import_module(module.name)
    modules = [module for name, module in sys.modules.items() if name.startswith("deciders.")]
    found = {value for module in modules for value in vars(module).values() if isinstance(value, type)}
    # a class that starts children of a type under names of its own has the type of its base, whose class decides them
    classes = [
        cls for cls in found if issubclass(cls, Workflow) and cls.__module__.startswith("deciders.") and "name" in vars(cls)
    ]
    known = {(cls.type_name(), cls.version): cls for cls in classes}
    assert len(known) == len(classes), "each type version is one class"
    return known


def workflow_of(run: Run) -> type[Workflow]:
    return known_workflows()[run["type"], run["version"]]


@cache
def all_runs() -> list[Run]:
    return [run for path in FILES for run in read_runs(path)]


@each_file
def test_every_decision_of_a_recorded_run_would_be_made_again(path: Path) -> None:
    for run in read_runs(path):
        assert first_difference(run, workflow_of(run)) is None, f"{run['workflow_id']} {run['run_id']}"


@each_file
def test_a_decider_that_knows_nothing_of_a_recorded_run_replays_it(path: Path) -> None:
    for run in read_runs(path):
        assert replay_error(run, workflow_of(run)) is None, f"{run['workflow_id']} {run['run_id']}"


def _next_decisions(run: Run, moment: str) -> list[Any]:
    """What a decider that knows nothing of the run, which was open then, decides at its last decision task before a time."""
    history = reloaded(run["history"])
    before = [event for event in history if event["eventTimestamp"] < datetime.fromisoformat(moment).timestamp()]
    while before[-1]["eventType"] != "DecisionTaskStarted":
        before.pop()
    execution = Execution(program(workflow_of(run)), run_id=run["run_id"], workflow_id=run["workflow_id"])
    try:
        decided = execution.advance(before)
    finally:
        execution.kill()
    return [attributes_of(one).get("markerName") or attributes_of(one).get("startToFireTimeout") for one in decided]


@pytest.mark.parametrize(
    ("moment", "decided"),
    [
        ("2024-04-06T15:29Z", ["_engine", "12600"]),  # until the first 02:30: nothing differs yet
        ("2024-04-06T15:31Z", [f"{PATCH}one-check-where-clocks-change", "90000"]),  # until 02:30 of the day after
        ("2024-04-06T16:31Z", ["86400"]),  # has begun to wait for the second 02:30: goes on as it was
    ],
)
def test_a_sensor_that_was_open_when_this_version_came_takes_the_new_times_unless_it_waited_for_former_ones(
    moment: str, decided: list[str]
) -> None:
    former = [run for path in folder_for("0.1-clocks").iterdir() for run in read_runs(path)]
    [run] = [run for run in former if run["workflow_id"] == "daily"]
    assert _next_decisions(run, moment) == decided


def test_runs_of_every_workflow_version_are_recorded() -> None:
    """A workflow with another type version is recorded in the same change: python -m tests.replay.record_application 0.3."""
    assert {(run["type"], run["version"]) for run in all_runs()} == set(known_workflows())


def test_what_the_first_version_recorded_is_all_there() -> None:
    names = {path.name.removesuffix(".json.gz") for path in folder_for("0.1").iterdir()}
    assert names == {scenario.__name__ for scenario in SCENARIOS[:21]}
    ends = Counter((run["type"], run["history"][-1]["eventType"].removeprefix("WorkflowExecution")) for run in all_runs())
    clocks = {path.name.removesuffix(".json.gz") for path in folder_for("0.1-clocks").iterdir()}
    assert clocks == {scenario.__name__ for scenario in SCENARIOS[21:24]}
    for kind in ("Completed", "Failed", "Canceled"):
        assert ends["notebook_workflow", kind] > 2, kind
        assert ends["backfill_workflow", kind], kind
    assert ends["sensor_workflow", "ContinuedAsNew"] > 1


def test_every_scenario_is_recorded_of_version_0_2() -> None:
    names = {path.name.removesuffix(".json.gz") for path in folder_for("0.2").iterdir()}
    assert names == {scenario.__name__ for scenario in SCENARIOS[:24]}


def test_every_scenario_is_recorded_of_version_0_3() -> None:
    names = {path.name.removesuffix(".json.gz") for path in folder_for("0.3").iterdir()}
    assert names == {scenario.__name__ for scenario in SCENARIOS}


def test_recorded_histories_name_nobodys_machine() -> None:
    text = "".join(str(run) for run in all_runs())
    assert f"{ANALYST}/" in text
    assert [word for word in ("/tmp/", "/root/", str(Path(__file__).parents[2]), "sfnb-") if word in text] == []


# ---- sabotages: what must not pass -----------------------------------------------------------------------------------

Spoil = Callable[[type[Workflow]], type[Workflow]]


def has(event_type: str, **wanted: str) -> Callable[[Run], bool]:
    """Whether a run has such an event."""

    def found(run: Run) -> bool:
        return any(
            event["eventType"] == event_type and all(attributes(event).get(key) == value for key, value in wanted.items())
            for event in run["history"]
        )

    return found


def schedules(name: str) -> Callable[[Run], bool]:
    def found(run: Run) -> bool:
        scheduled = [attributes(event) for event in run["history"] if event["eventType"] == "ActivityTaskScheduled"]
        return any(one["activityType"]["name"] == f"workers.activities.{name}" for one in scheduled)

    return found


def spoiled(cls: type[Workflow], **members: Any) -> type[Workflow]:
    return type(cls.__name__, (cls,), {"name": cls.type_name(), "__module__": cls.__module__, **members})


def submitting(change: Callable[[Activity[..., Any], dict[str, Any]], Any], name: str) -> Spoil:
    """Workflows that submit another activity, or with other arguments, where they submit that of this name."""

    def spoil(cls: type[Workflow]) -> type[Workflow]:
        def submit(self: Any, task: Any, /, *args: Any, **kwargs: Any) -> Any:
            if isinstance(task, Activity) and task.name.endswith(f".{name}"):
                task = change(copy.copy(task), kwargs)
            return cls.submit(self, task, *args, **kwargs)

        return spoiled(cls, submit=submit)

    return spoil


def renamed(task: Activity[..., Any], _: dict[str, Any]) -> Activity[..., Any]:
    task.name += "_anew"
    task.decision_attributes = {**task.decision_attributes, "activityType": {"name": task.name, "version": task.version}}
    return task


def of_version_2(task: Activity[..., Any], _: dict[str, Any]) -> Activity[..., Any]:
    task.decision_attributes = {**task.decision_attributes, "activityType": {"name": task.name, "version": "2"}}
    return task


def elsewhere(task: Activity[..., Any], kwargs: dict[str, Any]) -> Activity[..., Any]:
    kwargs["outputs"] = "/elsewhere"
    return task


def with_a_marker_first(cls: type[Workflow]) -> type[Workflow]:
    def run(self: Any, **kwargs: Any) -> Any:
        self.submit(self.record_marker("new"))
        return cls.run(self, **kwargs)

    return spoiled(cls, run=run)


def with_longer_timers(cls: type[Workflow]) -> type[Workflow]:
    return spoiled(cls, timer=lambda self, wait: cls.timer(self, wait + timedelta(seconds=1)))


def deaf_to(signal: str) -> Spoil:
    def spoil(cls: type[Workflow]) -> type[Workflow]:
        def next_signal(self: Any, name: str) -> Any:
            return cls.next_signal(self, "another" if name == signal else name)

        return spoiled(cls, next_signal=next_signal)

    return spoil


def with_another_result(cls: type[Workflow]) -> type[Workflow]:
    def run(self: Any, **kwargs: Any) -> Any:
        result = cls.run(self, **kwargs)
        return {key: f"not {value}" for key, value in result.items()}

    return spoiled(cls, run=run)


def with_another_reason(cls: type[Workflow]) -> type[Workflow]:
    return spoiled(cls, fail=lambda self, reason, details=None: cls.fail(self, f"it {reason}", details))


ACTIVITIES = (
    "already_succeeded",
    "execute_notebook",
    "convert_report",
    "record_run",
    "feed_new_dates",
    "start_runs",
    "start_backfill",
)


def _says(reason: str) -> Callable[[Run], bool]:
    """Failed by the workflow's own words, not by an activity that it let fail it."""

    def found(run: Run) -> bool:
        last = run["history"][-1]
        return last["eventType"] == "WorkflowExecutionFailed" and reason in str(attributes(last)["reason"])

    return found


SPOILT: list[tuple[str, Spoil, Callable[[Run], bool]]] = [
    ("a marker first", with_a_marker_first, lambda run: True),
    *((f"{name} renamed", submitting(renamed, name), schedules(name)) for name in ACTIVITIES),
    *((f"{name} of another version", submitting(of_version_2, name), schedules(name)) for name in ACTIVITIES),
    *((f"{name} with another input", submitting(elsewhere, name), schedules(name)) for name in ACTIVITIES),
    ("another result", with_another_result, has("WorkflowExecutionCompleted")),
    ("another reason", with_another_reason, _says(" failed: ")),
]


@pytest.mark.parametrize(("spoil", "concerns"), [row[1:] for row in SPOILT], ids=[row[0] for row in SPOILT])
def test_workflows_that_decide_otherwise_are_caught_in_every_run_that_shows_it(
    spoil: Spoil, concerns: Callable[[Run], bool]
) -> None:
    concerned = 0
    for number, run in enumerate(all_runs()):
        if not concerns(run) and number % _ONE_OF_THE_OTHERS:
            continue
        difference = first_difference(run, spoil(workflow_of(run)))
        assert (difference is not None) == concerns(run), f"{run['workflow_id']}: {difference}"
        concerned += concerns(run)
    assert concerned, "a sabotage that concerns no run tests nothing"


@pytest.mark.parametrize(
    ("spoil", "event"),
    [
        (with_longer_timers, "TimerStarted"),
        (deaf_to("pause"), "WorkflowExecutionSignaled"),
        (deaf_to("resume"), "WorkflowExecutionSignaled"),
        (deaf_to("reload"), "WorkflowExecutionSignaled"),
        (deaf_to("check"), "WorkflowExecutionSignaled"),
        (deaf_to("start"), "WorkflowExecutionSignaled"),
    ],
)
def test_a_sensor_that_waits_otherwise_is_caught(spoil: Spoil, event: str) -> None:
    sensors = [run for run in all_runs() if run["type"] == "sensor_workflow"]
    tried = [run for number, run in enumerate(sensors) if has(event)(run) or not number % _ONE_OF_THE_OTHERS]
    caught = [run for run in tried if first_difference(run, spoil(workflow_of(run))) is not None]
    assert caught
    assert all(has(event)(run) for run in caught)


class AlwaysGreen:
    GREEN = Light.GREEN

    @staticmethod
    def worst(lights: Iterable[Light]) -> Light:
        return Light.worst(lights)

    @staticmethod
    def of_work(**_: bool) -> Light:
        return Light.GREEN


@pytest.mark.parametrize(
    ("module", "member", "value"),
    [
        ("sensor_workflow", "_FIRST_RETRY", timedelta(minutes=2)),
        ("sensor_workflow", "_LONGEST_RETRY", timedelta(minutes=30)),
        ("sensor_workflow", "_SHORTEST_RETRY", timedelta(minutes=20)),
        ("sensor_workflow", "_LONGEST_HISTORY", timedelta(days=29)),
        ("sensor_workflow", "_LONGEST_HISTORY", timedelta(days=32)),
        ("sensor_workflow", "_MOST_STEPS", 179),
        ("sensor_workflow", "_MOST_STEPS", 181),
        ("notebook_workflow_1", "_PRIORITIES_OF_A_RUN", 100),
        ("notebook_workflow_1", "ENDED_BY_THE_SERVICE", {}),
        ("notebook_workflow_1", "Light", AlwaysGreen),
        ("notebook_workflow_1", "_ends", lambda *given: {}),
        ("notebook_workflow_1", "_ends_of_reports", lambda *given: {}),
        ("notebook_workflow_1", "_limits", lambda notebook: {}),
        ("notebook_workflow_1", "_details", lambda failures: None),
        ("notebook_runs.notebook_run", "_PRIORITIES_OF_A_RUN", 100),
        ("notebook_runs.outcomes_of_items", "ENDED_BY_THE_SERVICE", {}),
        ("notebook_runs.run_end", "Light", AlwaysGreen),
        ("notebook_runs.run_end", "NOT_ASKED_FOR", "nobody wants it"),
        ("notebook_runs.run_end", "MOST_NOTES", 0),
        ("notebook_runs.item_tasks", "_limits", lambda notebook: {}),
        ("notebook_runs.item_tasks", "folder_name", lambda index, values: str(index)),
        ("notebook_runs.step_loop", "details_of", lambda future: None),
        ("notebook_runs.slices", "MOST_OWN_ITEMS", 1),
    ],
)
def test_a_changed_rule_of_a_workflow_is_caught(
    module: str, member: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workflow's own rules change with its type version alone; so do those of what its class is made of."""
    monkeypatch.setattr(f"deciders.{module}.{member}", value)
    types = {"notebook_workflow", "items_workflow"} if module.startswith("notebook") else {module}
    runs = [run for run in all_runs() if run["type"] in types]
    assert any(first_difference(run, workflow_of(run)) is not None for run in runs)


def test_replay_itself_catches_what_would_leave_an_open_run_stuck() -> None:
    for run in all_runs():
        error = replay_error(run, with_a_marker_first(workflow_of(run)))
        assert error is not None
        assert "RecordMarker" in str(error)


# ---- the recorder ----------------------------------------------------------------------------------------------------


def test_a_scenario_can_be_recorded_anew_and_is_decided_as_it_was_recorded(tmp_path: Path) -> None:
    write_runs(tmp_path / "application-9.9", [("cancelled", recorded_runs(sensor_cancelled))])
    [run] = read_runs(tmp_path / "application-9.9" / "cancelled.json.gz")
    assert run["history"][-1]["eventType"] == "WorkflowExecutionCanceled"
    assert first_difference(run, workflow_of(run)) is None


def test_recorded_runs_are_never_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.replay.record_application.FOLDER", tmp_path)
    folder = tmp_path / "application-0.1"
    write_runs(folder, [("one", [])])
    with pytest.raises(FileExistsError):
        write_runs(folder, [("other", [])])
    assert list(tmp_path.iterdir()) == [folder]
    assert [path.name for path in folder.iterdir()] == ["one.json.gz"]
    assert main(["0.1"]) == 2
    sentence = f"{folder} is there already; histories that were recorded once stay as they are\n"
    assert capsys.readouterr().err == sentence
