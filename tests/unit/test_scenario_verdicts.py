"""Which scenarios of a set run again, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from deciders.runs.reruns import of_label
from deciders.runs.scenario_runs import ScenarioSet
from deciders.runs.scenario_verdicts import LastRun, parameter_changes, scenario_verdict
from deciders.specification import NotebookSpecification, WorkflowSpecification
from deciders.specification.scenarios.expansion import Scenario
from deciders.values.run_state import RunState

STUDY = WorkflowSpecification(
    name="study",
    notebooks=(NotebookSpecification(label="a", filename="a.ipynb", parameters={"year": "year"}),),
    parameters=("year",),
)
WANTED = ScenarioSet(name="sweep", workflow="study", scenarios=[Scenario("x", {"year": 2})])
RUN = WANTED.run(WANTED.scenarios[0])
NOW = {"a.ipynb": "new"}


def last(state: RunState, *, content: str | None = "new", identity: str = RUN.identity, year: Any = 2) -> LastRun:
    notebooks = {"a.ipynb": content, of_label("a"): content} if content is not None else None
    ended = None if state == RunState.RUNNING else datetime(2026, 1, 1, tzinfo=UTC)
    return LastRun(identity=identity, parameters={"year": year}, state=state, ended=ended, notebooks=notebooks)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "sentence", "is_due", "keeps_labels"),
    [
        (None, "not run yet", True, False),
        (last(RunState.RUNNING), "running", False, False),
        (last(RunState.SUCCEEDED), "nothing has changed since", False, False),
        (last(RunState.SUCCEEDED, content=None), "nothing has changed since", False, False),
        (last(RunState.SKIPPED), "nothing has changed since", False, False),
        (last(RunState.SUCCEEDED, content="old"), "notebook_changed: a.ipynb", True, True),
        (last(RunState.SKIPPED, content="old"), "notebook_changed: a.ipynb", True, True),
        (last(RunState.FAILED), "failed before", True, True),
        (last(RunState.FAILED, content="old"), "failed before; notebook_changed: a.ipynb", True, True),
        (last(RunState.CANCELLED), "cancelled before", True, True),
        (last(RunState.TIMED_OUT), "timed out before", True, True),
        (last(RunState.TERMINATED), "terminated before", True, True),
        (last(RunState.SUCCEEDED, identity="0" * 32, year=1), "parameters_changed: year 1 -> 2", True, True),
        (
            last(RunState.RUNNING, identity="0" * 32, year=1),
            "running with other parameters; start it again once that has ended",
            False,
            False,
        ),
    ],
)
def test_a_scenario_runs_if_it_is_new_changed_or_failed(
    known: LastRun | None, sentence: str, is_due: bool, keeps_labels: bool
) -> None:
    found = scenario_verdict(STUDY, RUN, known, NOW)
    assert (found.reason.text, found.is_due, found.keeps_labels) == (sentence, is_due, keeps_labels)


def test_what_is_forced_runs_from_scratch_unless_it_is_running() -> None:
    found = scenario_verdict(STUDY, RUN, last(RunState.SUCCEEDED), NOW, forced=True)
    assert (found.reason.text, found.is_due, found.keeps_labels) == ("forced", True, False)
    assert not scenario_verdict(STUDY, RUN, last(RunState.RUNNING), NOW, forced=True).is_due


@pytest.mark.parametrize(
    ("former", "present", "sentence"),
    [
        ({"a": 1, "b": "x"}, {"a": "1", "b": "x"}, 'a 1 -> "1"'),
        ({"a": 1}, {"b": None}, "a gone, b new"),
        ({"a": 1, "b": 1, "c": 1, "d": 1}, {"a": 2, "b": 2, "c": 2, "d": 2}, "a 1 -> 2, b 1 -> 2, c 1 -> 2 and 1 more"),
        ({"a": 1}, {"a": 1}, "values that are masked on record"),
    ],
)
def test_changes_of_parameters_are_named(former: dict[str, Any], present: dict[str, Any], sentence: str) -> None:
    assert parameter_changes(former, present) == sentence
