"""All runs at a glance: dates in sight, months before, runs without a date."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from deciders.activities import DECISIONS
from deciders.runs.planned_run import run_for
from deciders.specification import ConfiguredWorkflow, Specification, load_specification
from deciders.workflow_types import application_workflows
from simpleflow_nb.application.looking.overviews import Overview, overview
from simpleflow_nb.application.services import Local
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.processes.payload_directory import PayloadDirectory
from tests.unit.recorded_runs import success_of
from workers.records.run_records import RunRecords
from workers.runs.run_starts import start_run

FILE = """\
workflows:
  - {name: late, notebooks: {one: {filename: any.py, parameters: {day: reference_date}}}}
  - {name: early, notebooks: {one: {filename: any.py, parameters: {day: reference_date, region: region}}}}
  - {name: study, notebooks: {one: {filename: any.py}}}
available_dates_sensor: null
"""
NEWEST = date(2024, 3, 1)
EARLY = ConfiguredWorkflow(workflow_name="early", parameters={"region": "north"})


def specification(folder: Path) -> Specification:
    (folder / "any.py").write_text('# %% tags=["parameters"]\nday = region = None\n')
    (folder / "workflows.yml").write_text(FILE)
    return load_specification(folder / "workflows.yml")


def recorded(folder: Path, *rows: tuple[ConfiguredWorkflow, date, dict[str, Any]]) -> None:
    with RunRecords.open(folder / "outputs") as records:
        for number, (entry, day, more) in enumerate(rows):
            run = run_for(entry, day)
            records.record(success_of(run, **{"run_id": f"{run.workflow_id}-{number}", "workflow_id": run.workflow_id, **more}))


def seen(folder: Path, **more: Any) -> Overview:
    return overview(specification(folder), folder / "outputs", Local(), **more)


def days(number: int) -> Iterable[date]:
    return (NEWEST - timedelta(days=ago) for ago in range(number))


def test_the_newest_dates_are_in_sight_and_the_others_are_counted_by_month(tmp_path: Path) -> None:
    rows = [(EARLY, day, {"light": "orange" if day.day == 2 else "green"}) for day in days(70)]
    recorded(tmp_path, *rows, (ConfiguredWorkflow(workflow_name="late"), NEWEST, {}))
    found = seen(tmp_path)
    assert (found.days[0], found.days[-1], len(found.days)) == ("2024-03-01", "2024-01-02", 60)
    late, early = found.lines  # as they stand in the file
    assert (late.workflow, late.settings, list(late.cells)) == ("late", "", ["2024-03-01"])
    assert (early.workflow, early.settings, len(early.cells)) == ("early", "region=north", 60)
    assert {month: dict(counts) for month, counts in early.months.items()} == {"2023-12": {"green": 9}, "2024-01": {"green": 1}}
    assert [cell.light for cell in early.cells["2024-02-02"]] == ["orange"]


def test_a_month_has_its_own_dates_in_sight(tmp_path: Path) -> None:
    recorded(tmp_path, *[(EARLY, day, {}) for day in days(70)])
    found = seen(tmp_path, month="2023-12")
    assert list(found.days) == [f"2023-12-{number}" for number in range(31, 22, -1)]
    assert {month: sum(counts.values()) for month, counts in found.lines[0].months.items()} == {
        "2024-01": 31,
        "2024-02": 29,
        "2024-03": 1,
    }
    assert seen(tmp_path, month="1999-01").days == []


def test_runs_without_a_date_come_newest_first_and_those_of_other_files_not_at_all(tmp_path: Path) -> None:
    study = ConfiguredWorkflow(workflow_name="study")
    more = {"reference_date": None, "parameters": {}}
    recorded(
        tmp_path,
        (study, NEWEST, {**more, "instance": "set.first", "identity": "a"}),
        (study, NEWEST, {**more, "instance": "set.second", "identity": "b", "state": "failed", "light": "red"}),
        (ConfiguredWorkflow(workflow_name="elsewhere"), NEWEST, {}),
    )
    [line] = seen(tmp_path).lines
    assert [(cell.run, str(cell.state), cell.light) for cell in line.dateless] == [
        ("study/set.second", "failed", "red"),
        ("study/set.first", "succeeded", "green"),
    ]


def test_an_outputs_folder_without_records_has_nothing_to_show(tmp_path: Path) -> None:
    found = seen(tmp_path)
    assert found.to_dict() == {"schema": 1, "days": [], "month": None, "lines": [], "running": [], "interrupted": None}
    assert not (tmp_path / "outputs").exists()  # looking makes nothing


def test_an_end_that_is_not_on_record_yet_is_shown_as_its_history_has_it(tmp_path: Path) -> None:
    recorded(tmp_path, (EARLY, NEWEST, {}))
    found = specification(tmp_path)
    run = run_for(EARLY, NEWEST - timedelta(days=1))
    journal = Local().journal(tmp_path / "outputs")
    payloads = PayloadDirectory(journal.parent / "payloads")
    with closing(LocalService.open(journal)) as service:
        Decider(service, DOMAIN, DECISIONS, application_workflows()).register_types()
        assert start_run(service, DOMAIN, found, run, str(tmp_path / "outputs"), payloads) is not None
        assert [row.title for row in seen(tmp_path).running] == [f"early/{run.instance}"]
        service.terminate_workflow_execution(domain=DOMAIN, workflowId=run.workflow_id)
    shown = seen(tmp_path)
    assert (shown.running, list(shown.days)) == ([], ["2024-03-01", "2024-02-29"])
    [line] = shown.lines
    assert [(str(cell.state), cell.light) for cell in line.cells["2024-02-29"]] == [("terminated", "red")]
