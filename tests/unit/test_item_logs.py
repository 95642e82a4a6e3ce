"""What items printed, and their notebooks to look into, by LABEL:INDEX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.application.notebooks.debugged_notebooks import debugged_notebook, run_in_records
from simpleflow_nb.application.project import Project
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.testing import NotebookEnd
from tests.unit.fanned_project import DATES, FAN, broken_day, day, fanned, run_study


@pytest.fixture
def ran(tmp_path: Path) -> Project:
    """The second of three days has failed, and was tried again; the third has nothing to do."""
    file = fanned(tmp_path, FAN.replace("output: {format: html}", "retries: 1"))

    def tried(parameters: dict[str, Any]) -> NotebookEnd:
        print(f"begins {parameters['date'][-2:]}")
        return broken_day(parameters)

    run_study(tmp_path, day=tried)
    return Project.open(file)


def lines(project: Project, *label: str, **more: Any) -> list[str]:
    return [f"{line.name}: {line.text}" for line in project.logs("study", *label, **more)]


def test_the_lines_of_all_items_of_a_label_stand_behind_their_names(ran: Project) -> None:
    of_label = ["day:0: begins 01", "day:0: rows of 2024-01-01 from raw.csv", "day:1: begins 02", "day:2: begins 03"]
    assert lines(ran, "day") == of_label
    assert lines(ran) == of_label  # the other notebooks print nothing
    assert lines(ran, "day:1") == ["day:1: begins 02"]
    assert lines(ran, "day", pattern="rows") == ["day:0: rows of 2024-01-01 from raw.csv"]
    assert lines(ran, "clean:1") == []
    document = ran.logs("study", "day:1").to_dict()
    assert document["lines"] == [{"label": "day", "index": 1, "text": "begins 02"}]
    assert ran.logs("study", "days").to_dict()["lines"] == []


def test_an_earlier_attempt_is_that_of_the_items_that_have_one(ran: Project) -> None:
    assert lines(ran, "day:1", attempt=1) == ["day:1: begins 02"]
    assert lines(ran, "day", attempt=2) == ["day:1: begins 02"]
    assert refused(ran, "day", attempt=3) == f"no item of 'day' of {title(ran)} has an attempt 3"
    assert refused(ran, "day:0", attempt=2) == f"{title(ran)} has no attempt 2 of day:0"


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        ("day:7", "study has no item day:7: 'day' has items 0 to 2"),
        ("days:0", "study has no item days:0: 'days' has no list of items"),
        ("dey:0", "study has no notebook 'dey:0' (did you mean 'day'?)"),
        ("day:first", "study has no notebook 'day:first'; an item is LABEL:INDEX, such as day:0"),
        ("day:-1", "study has no notebook 'day:-1'; an item is LABEL:INDEX, such as day:0"),
    ],
)
def test_a_wrong_item_is_refused_with_what_there_is(ran: Project, label: str, sentence: str) -> None:
    assert refused(ran, label) == sentence


def test_an_item_of_a_label_that_never_had_any_is_refused_with_the_cause(tmp_path: Path) -> None:
    file = fanned(tmp_path)
    run_study(tmp_path, days=lambda parameters: NotebookEnd())
    sentence = "study has no item day:0: 'day' ended before it had any: days failed"
    assert refused(Project.open(file), "day:0") == sentence


def test_the_notebook_of_an_item_is_prepared_with_its_own_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = fanned(tmp_path)
    instance = run_study(tmp_path, day=broken_day).run("study").instance
    monkeypatch.chdir(tmp_path)
    found = debugged(Project.open(file), "day:1")
    into = tmp_path / "debug/study" / instance / "day/1-2024-01-02"
    assert (found.label, found.index, found.path, found.status) == ("day", 1, into / "day.ipynb", "failed")
    raw = tmp_path / "outputs/notebooks/study" / instance / "days/raw.csv"
    assert json.loads(found.parameters.read_text()) == {"date": "2024-01-02", "raw": str(raw)}
    assert debugged(Project.open(file), "day:0").path.parent == into.with_name("0-2024-01-01")


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        ("day", "'day' has items 0 to 2; name one of them, such as day:0"),
        ("day:3", "the run has no item day:3: 'day' has items 0 to 2"),
        ("days:0", "the run has no item days:0: 'days' has no list of items"),
        ("clean:1", "clean:1 was not run: day:1 failed"),
        ("dey:0", "the run has no notebook 'dey:0' (did you mean 'day'?); it has clean, day, days, total"),
    ],
)
def test_only_an_item_that_was_run_can_be_looked_into(tmp_path: Path, label: str, sentence: str) -> None:
    file = fanned(tmp_path)
    run_study(tmp_path, day=broken_day)
    with pytest.raises(DefinitionError) as error:
        debugged(Project.open(file), label)
    assert str(error.value) == sentence


def test_an_item_that_was_taken_over_is_found_where_it_was_made(tmp_path: Path) -> None:
    sensor = "{source: {files: {calls: 'data/{date}.csv'}}, workflows: [{workflow_name: study}], schedule: null}"
    text = FAN.replace("days: {filename: any.py}", "days: {filename: any.py, parameters: {when: reference_date}}")
    file = fanned(tmp_path, text.replace("sensor: null", f"sensor: {sensor}"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data/2024-02-01.csv").write_text("1\n")
    run_study(tmp_path, starts=None, day=broken_day)
    run_study(tmp_path, starts=None, day=day)
    project = Project.open(file)
    printed = [f"{line.name}: {line.text}" for line in project.logs("study", "day")]
    assert printed == [f"day:{index}: rows of {date} from raw.csv" for index, date in enumerate(DATES)]
    assert [line.text for line in project.logs("study", "day:0", attempt=1)] == ["rows of 2024-01-01 from raw.csv"]


def refused(project: Project, label: str, **more: Any) -> str:
    with pytest.raises(DefinitionError) as error:
        lines(project, label, **more)
    return str(error.value)


def title(project: Project) -> str:
    return project.run("study").run.title


def debugged(project: Project, label: str) -> Any:
    with project.service.opened(project.outputs) as place:
        return debugged_notebook(run_in_records(project.specification, project.outputs, place, "study"), label)
