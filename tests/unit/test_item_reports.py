"""Reports of items: which are missing, made again, and removed when a list has become shorter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.application.events import ReportMade
from simpleflow_nb.application.project import Project
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.testing import NotebookEnd
from tests.unit.fanned_project import DATES, FAN, broken_day, fanned, run_study


def made(project: Project, **wanted: Any) -> list[tuple[str, str]]:
    """The reports that are made: their names, and their files in the folder of the run's reports."""
    call = project.make_reports(**wanted)
    events = [event for event in call if isinstance(event, ReportMade)]
    folder = project.outputs / "reports/study" / project.run("study").run.title.partition("/")[2]
    return [(event.report, str(Path(event.path).relative_to(folder))) for event in events]


def test_each_item_that_ended_well_gets_its_report_again(tmp_path: Path) -> None:
    file = fanned(tmp_path)
    run_study(tmp_path, day=broken_day)
    project = Project.open(file)
    assert made(project) == [("day:0.html", "day/0-2024-01-01.html")]  # of the others there is nothing to report
    run_study(tmp_path)
    report = tmp_path / "outputs/reports/study" / project.run("study").run.title[6:] / "day/1-2024-01-02.html"
    report.unlink()
    assert project.status().lacking == {project.run("study").run.run_id: ["day:1.html"]}
    assert made(project, remake="missing") == [("day:1.html", "day/1-2024-01-02.html")]
    assert report.read_text().startswith("<!DOCTYPE html>")
    assert project.status().lacking == {}
    assert made(project, label="day:2") == [("day:2.html", "day/2-2024-01-03.html")]
    assert [name for name, _ in made(project, label="day")] == [f"day:{index}.html" for index in range(3)]
    with pytest.raises(DefinitionError) as refused:
        made(project, label="day:3")
    title = project.run("study").run.title
    assert str(refused.value) == f"there is no report of 'day:3' to make: {title} has no such item that ended well"
    with pytest.raises(DefinitionError) as refused:
        made(project, label="dey:1")
    assert str(refused.value) == "workflows.yml has no notebook 'dey' (did you mean 'day'?)"


def test_reports_of_items_follow_the_present_name_of_their_output(tmp_path: Path) -> None:
    file = fanned(tmp_path)
    run_study(tmp_path)
    made(Project.open(file))
    fanned(tmp_path, FAN.replace("output: {format: html}", "output: {format: html, name: 'of {label}'}"))
    project = Project.open(file)
    assert made(project, remake="changed") == [
        (f"day:{index}.html", f"of day/{index}-{date}.html") for index, date in enumerate(DATES)
    ]
    folder = tmp_path / "outputs/reports/study" / project.run("study").run.title[6:]
    assert [entry.name for entry in folder.iterdir()] == ["of day"]
    with pytest.raises(DefinitionError):
        project.make_reports(label="total").result()


def test_a_run_with_fewer_items_leaves_no_reports_of_the_others(tmp_path: Path) -> None:
    fanned(tmp_path)
    run_study(tmp_path)
    run = run_study(tmp_path, days=shorter).run("study")
    folder = tmp_path / "outputs/reports/study" / run.instance / "day"
    assert sorted(entry.name for entry in folder.iterdir()) == ["0-2024-01-02.html"]


def shorter(parameters: dict[str, Any]) -> NotebookEnd:
    return NotebookEnd(scraps={"dates": DATES[1:2]}, files={"raw.csv": ""})


def test_making_reports_again_does_not_hide_what_a_run_went_on_without(tmp_path: Path) -> None:
    file = fanned(tmp_path, FAN.replace("output: {format: html}", "output: {format: html}\n        on_failure: continue"))
    run_study(tmp_path, day=broken_day, clean=lambda parameters: None, total=lambda parameters: None)
    project = Project.open(file)
    before = project.run("study").run
    assert (before.state, before.light) == ("succeeded", "orange")
    assert before.error is not None
    made(project)
    after = project.run("study").run
    assert (after.light, after.error, after.notes) == (before.light, before.error, before.notes)
