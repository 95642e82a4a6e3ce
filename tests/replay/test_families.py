"""Executions that belong together, as former versions recorded them, are decided by this one as they were then."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb import Workflow
from simpleflow_nb.replay.calls.commands import ENGINE_VERSION

from ..service.related_histories import check_related
from . import families
from .decision_checker import attributes
from .family_scenarios import SCENARIOS, recorded_runs
from .record_application import read_runs, write_runs
from .record_families import folder_for
from .record_golden import FOLDER
from .recorded_decisions import first_difference, replay_error

FILES = sorted(FOLDER.glob("families-*/*.json.gz"))
NAMES = [f"{path.parent.name.removeprefix('families-')}-{path.name.removesuffix('.json.gz')}" for path in FILES]
KNOWN = {(cls.type_name(), cls.version): cls for cls in families.WORKFLOWS}

Run = dict[str, Any]

each_file = pytest.mark.parametrize("path", FILES, ids=NAMES)


def workflow_of(run: Run) -> type[Workflow]:
    return KNOWN[run["type"], run["version"]]


@each_file
def test_every_decision_of_a_recorded_run_would_be_made_again(path: Path) -> None:
    for run in read_runs(path):
        assert first_difference(run, workflow_of(run)) is None, f"{run['workflow_id']} {run['run_id']}"


@each_file
def test_a_decider_that_knows_nothing_of_a_recorded_run_replays_it(path: Path) -> None:
    for run in read_runs(path):
        assert replay_error(run, workflow_of(run)) is None, f"{run['workflow_id']} {run['run_id']}"


@each_file
def test_the_histories_of_a_family_agree(path: Path) -> None:
    check_related({(run["workflow_id"], run["run_id"]): run["history"] for run in read_runs(path)})


def test_each_scenario_is_recorded_of_this_version_of_the_engine() -> None:
    """A change of the order of decisions raises ENGINE_VERSION, and records: python -m tests.replay.record_families."""
    assert {path.name for path in FILES if path.parent == folder_for(ENGINE_VERSION)} == {
        f"{scenario.__name__}.json.gz" for scenario in SCENARIOS
    }


def test_the_families_show_how_executions_start_end_and_reach_each_other() -> None:
    seen: Counter[str] = Counter()
    for run in (run for path in FILES for run in read_runs(path)):
        for event in run["history"]:
            seen.update([event["eventType"], str(attributes(event).get("cause"))])
    wanted = {
        *("ChildWorkflowExecutionCompleted", "ChildWorkflowExecutionFailed", "ChildWorkflowExecutionCanceled"),
        *("StartChildWorkflowExecutionFailed", "ExternalWorkflowExecutionSignaled", "ExternalWorkflowExecutionCancelRequested"),
        *("SignalExternalWorkflowExecutionFailed", "WorkflowExecutionContinuedAsNew"),
        *("WorkflowExecutionTerminated", "WorkflowExecutionCanceled"),
        *("WorkflowExecutionFailed", "TimerCanceled", "CHILD_POLICY_APPLIED", "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"),
        *("CHILD_CREATION_RATE_EXCEEDED", "OPEN_CHILDREN_LIMIT_EXCEEDED", "ACTIVITY_CREATION_RATE_EXCEEDED"),
        "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
    }
    assert wanted - seen.keys() == set()


def test_recorded_histories_name_nobodys_machine() -> None:
    for path in FILES:
        text = json.dumps(read_runs(path))
        assert '"identity": "recorder"' in text
        assert "/home/" not in text
        assert ".py" not in text


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_a_scenario_is_always_the_same(scenario: Any) -> None:
    assert recorded_runs(scenario) == recorded_runs(scenario)


class Swapped(families.TotalOfChildren):
    """Starts its children in another order."""

    def run(self, number: int) -> list[int]:
        first = self.submit(families.Summing, number, 1)
        aside = self.submit(families.Summing, number)
        return [self.submit(families.Summing, first, 2).result, aside.result]


class Silent(families.ListensAndTells):
    """Does not signal its children."""

    def run(self) -> list[Any]:
        children = [self.submit(families.Talking, number) for number in (1, 2)]
        return [child.result for child in children]


class Hard(families.TidiesUp):
    """Does not wait for its cancellation."""

    def run(self) -> Any:
        child = self.submit(families.Waiting)
        return [child.result, self.submit(families.load, "long").result]


@pytest.mark.parametrize(
    ("scenario", "former", "changed"),
    [
        ("child_and_parent", families.TotalOfChildren, Swapped),
        ("signals_both_ways", families.ListensAndTells, Silent),
        ("cancellation_future", families.TidiesUp, Hard),
    ],
)
def test_changed_code_is_caught(scenario: str, former: type[Workflow], changed: type[Workflow]) -> None:
    runs = read_runs(folder_for(2) / f"{scenario}.json.gz")
    [run] = [run for run in runs if run["type"] == former.type_name()]
    assert first_difference(run, changed) is not None
    assert replay_error(run, changed) is not None


def test_recorded_families_are_never_written_again(tmp_path: Path) -> None:
    write_runs(tmp_path / "families-1", [])
    with pytest.raises(FileExistsError):
        write_runs(tmp_path / "families-1", [])
