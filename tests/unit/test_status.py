"""The columns of ``status``, and its document."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from deciders.runs.due_runs import DueRuns
from deciders.runs.planned_run import run_for
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
from simpleflow_nb.application.looking.plans import Plan
from simpleflow_nb.application.looking.statuses import Status, current_status
from simpleflow_nb.application.records.run_rows import RunRow
from simpleflow_nb.application.services import Local
from simpleflow_nb.application.wording.statuses import StatusTables
from tests.unit.recorded_runs import success_of
from workers.records.run_records import RunRecords
from workers.sources import available_dates
from workers.sources.source_errors import SourceError, SourceUnreachable


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
    status = Status(specification(*ENTRIES), rows if has_run else rows[1:2], Plan(due, {}))
    others = ["a [region=north] (no entry has these now)", "c"] if has_run else ["a [region=north] (no entry has these now)"]
    assert StatusTables(status).table().header == ["date", "b [region=south]", "a", "b [region=north]", *others]


def test_times_are_iso_texts_in_json() -> None:
    row = row_of(ENTRIES[1], started=datetime(2016, 1, 2, 12, tzinfo=UTC), ended=datetime(2016, 1, 2, 12, 0, 1, tzinfo=UTC))
    [shown] = Status(specification(*ENTRIES), [row], None).to_dict()["dates"]
    assert (shown["started"], shown["ended"]) == ("2016-01-02T12:00:00.000000+00:00", "2016-01-02T12:00:01.000000+00:00")
    [open_one] = Status(specification(*ENTRIES), [row_of(ENTRIES[1], state="running")], None).to_dict()["dates"]
    assert (open_one["started"], open_one["ended"]) == (None, None)


@pytest.mark.parametrize("kind", [SourceError, SourceUnreachable])
def test_what_has_run_is_known_where_the_source_is_wrong_or_out_of_reach(
    kind: type[SourceError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Specification) -> None:
        raise kind("FlowAPI did not answer within 5 s")

    monkeypatch.setattr(available_dates, "read_available_dates", refuse)
    entry = ConfiguredWorkflow(workflow_name="a")
    with RunRecords.open(tmp_path) as records:
        records.record(success_of(run_for(entry, date(2016, 1, 1))))
    status = current_status(specification(entry), tmp_path, Local())
    assert (status.plan, status.trouble) == (None, "FlowAPI did not answer within 5 s")
    assert [row.reference_date for row in status.runs] == ["2016-01-01"]
