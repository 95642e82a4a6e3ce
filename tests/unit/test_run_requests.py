"""Runs that somebody asks for: that what is asked for is what is carried out, whatever else the sensor has entries for."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deciders.runs.due_runs import due_runs
from deciders.runs.planned_run import PlannedRun
from deciders.runs.run_requests import requested_runs, requests_for
from deciders.specification import ConfiguredWorkflow, SensorSpecification, Specification, WorkflowSpecification

DAYS = [date(2024, 1, number) for number in (1, 2, 3)]


def due(*entries: dict[str, Any]) -> list[PlannedRun]:
    """The runs of a workflow ``w`` with these entries, by date, as a backfill asks for them."""
    made = Specification(
        path=Path("workflows.yml"),
        inputs_dir=Path("/inputs"),
        workflows=(WorkflowSpecification(name="w", notebooks=()),),
        sensor=SensorSpecification(
            schedule=None, workflows=tuple(ConfiguredWorkflow(workflow_name="w", **entry) for entry in entries)
        ),
    )
    runs = due_runs(made, {"calls": DAYS}, {}, since=DAYS[0]).due
    return sorted(runs, key=lambda run: run.reference_date)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([{"date_stencil": [0]}, {"date_stencil": [[-1, 1]]}], 5),
        ([{"date_stencil": [0]}, {"date_stencil": [date(2024, 1, 1)]}], 5),  # the first is the same run for both
        ([{"date_stencil": [0]}, {"date_stencil": [[0, 1]]}], 3),
        ([{"date_stencil": None}, {"date_stencil": []}], 6),
        ([{"parameters": {"x": 1}}, {"parameters": {"x": True}}, {"parameters": {"x": 1.0}}, {"parameters": {"x": "1"}}], 12),
        ([{"parameters": {"x": {"y": [1]}}}, {"parameters": {"x": {"y": [True]}}}], 6),
        ([{"parameters": {"x": 1, "y": 2}}, {"parameters": {"y": 2, "x": 1}}], 3),
        ([{"parameters": {"x": float("inf")}}, {"parameters": {"x": None}}], 6),
        ([{"earliest_date": date(2024, 1, 2)}, {"earliest_date": date(2024, 1, 3)}], 3),
        ([{}, {}], 3),
    ],
)
def test_the_runs_of_entries_that_differ_in_little_are_those_that_are_carried_out(
    entries: list[dict[str, Any]], expected: int
) -> None:
    wanted = due(*entries)
    asked = json.loads(json.dumps(requests_for(wanted)))
    assert [one.run.workflow_id for one in requested_runs(asked)] == [run.workflow_id for run in wanted]
    assert [one.run.parameters for one in requested_runs(asked)] == [run.parameters for run in wanted]
    assert len({run.workflow_id for run in wanted}) == len(wanted) == expected


def test_one_request_has_as_many_dates_of_an_entry_as_follow_each_other() -> None:
    wanted = due({"date_stencil": [0]}, {"date_stencil": [[-1, 1]]})
    assert [(request["entry"]["date_stencil"], request["dates"]) for request in requests_for(wanted)] == [
        ([0], ["2024-01-01", "2024-01-02"]),
        ([[-1, 1]], ["2024-01-02"]),
        ([0], ["2024-01-03"]),
        ([[-1, 1]], ["2024-01-03"]),
    ]
    assert len(requests_for(due({}))) == 1
