"""What ``status`` says of a run that failed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from deciders.runs.due_runs import DueRuns, run_for
from deciders.specification import (
    ConfiguredWorkflow,
    FilesSource,
    NotebookSpecification,
    SensorSpecification,
    Specification,
    WorkflowSpecification,
)
from deciders.values.light import Light
from deciders.values.run_state import RunState
from simpleflow_nb.application.run_rows import RunRow
from simpleflow_nb.cli.notebooks.status import _as_json, _Grid, plain_error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("stats failed: notebook 'stats' failed in cell 2: ValueError: no", "stats failed in cell 2: ValueError: no"),
        (
            "a, b failed: notebook 'a' failed in cell 1: E: x; notebook 'b' ran longer than 1 s; not run: c, d",
            "a failed in cell 1: E: x; b ran longer than 1 s; not run: c, d",
        ),
        ("it's failed: notebook \"it's\" failed in cell 2: E", "it's failed in cell 2: E"),
        ("stats failed: the process that carried it out was killed or lost", None),
        ("stats.pdf failed: nothing could be typeset", None),
        ("a, b failed: notebook 'a' failed in cell 2: E; notebook 'c' failed", None),
        ("something else", None),
    ],
)
def test_a_label_is_said_once(error: str, said: str | None) -> None:
    assert plain_error(error) == (said or error)


def specification(*entries: ConfiguredWorkflow) -> Specification:
    """With the workflows ``a``, ``b`` and ``c``, in this order, whatever the entries' is."""
    notebooks = (NotebookSpecification(label="one", filename="one.ipynb"),)
    return Specification(
        path=Path("workflows.yml"),
        inputs_dir=Path(),
        workflows=tuple(WorkflowSpecification(name=name, notebooks=notebooks) for name in "abc"),
        sensor=SensorSpecification(schedule=None, source=FilesSource(files={"calls": "{date}.csv"}), workflows=entries),
    )


def row_of(entry: ConfiguredWorkflow, **more: object) -> RunRow:
    run = run_for(entry, date(2016, 1, 1))
    given = {"workflow": entry.workflow_name, "identity": run.identity, "instance": run.instance}
    given |= {"reference_date": "2016-01-01", "parameters": run.parameters, "date_stencil": [0]}
    given |= {"state": RunState.SUCCEEDED, "light": Light.GREEN}
    return RunRow(**(given | more))  # type: ignore[arg-type]


ENTRIES = (
    ConfiguredWorkflow(workflow_name="b", parameters={"region": "south"}),
    ConfiguredWorkflow(workflow_name="a"),
    ConfiguredWorkflow(workflow_name="b", parameters={"region": "north"}),
)


@pytest.mark.parametrize("has_run", [True, False])
def test_columns_come_in_the_order_of_the_sensors_entries_and_others_behind_them(has_run: bool) -> None:
    foreign = [ConfiguredWorkflow(workflow_name="c"), ConfiguredWorkflow(workflow_name="a", parameters={"region": "north"})]
    rows = sorted(map(row_of, (*ENTRIES, *foreign)), key=lambda row: (row.workflow, row.set))
    due = DueRuns(tuple(run_for(entry, date(2016, 1, 1)) for entry in reversed(ENTRIES)), (), ())
    grid = _Grid(specification(*ENTRIES), rows if has_run else rows[1:2], due, {})
    others = ["a [region=north] (no entry has these now)", "c"] if has_run else ["a [region=north] (no entry has these now)"]
    assert grid.table().header == ["date", "b [region=south]", "a", "b [region=north]", *others]


def test_times_are_iso_texts_in_json() -> None:
    row = row_of(ENTRIES[1], started=datetime(2016, 1, 2, 12, tzinfo=UTC), ended=datetime(2016, 1, 2, 12, 0, 1, tzinfo=UTC))
    [shown] = _as_json(specification(*ENTRIES), [row], None, [], {})
    assert (shown["started"], shown["ended"]) == ("2016-01-02T12:00:00+00:00", "2016-01-02T12:00:01+00:00")
    [open_one] = _as_json(specification(*ENTRIES), [row_of(ENTRIES[1], state="running")], None, [], {})
    assert (open_one["started"], open_one["ended"]) == (None, None)
