"""Functions in the place of notebooks whose labels have items."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.testing import NotebookEnd, notebook_value, run_project
from tests.unit.fanned_project import DATES, FAN, FUNCTIONS, broken_day, day, fanned, run_study
from workers.records.run_records import RunRecords


def test_each_item_calls_the_function_of_its_label_with_its_own_values(tmp_path: Path) -> None:
    fanned(tmp_path)
    run = run_study(tmp_path).run("study")
    assert (run.state, run.light, run.error) == ("succeeded", "green", None)
    assert run.labels == {"days": "done", "day": "done", "clean": "done", "total": "done"}
    assert notebook_value(run.artefacts["total"]) == [*(f"clean {date}" for date in DATES), [1, 2, 3]]
    assert [(one.index, one.slug, one.state, one.light, one.attempt) for one in run.items("day")] == [
        (number, f"{number}-{date}", "succeeded", "green", 1) for number, date in enumerate(DATES)
    ]
    folder = tmp_path / "outputs/notebooks/study" / run.instance
    assert [one.folder for one in run.items("clean")] == [
        f"notebooks/study/{run.instance}/clean/{number}-{date}" for number, date in enumerate(DATES)
    ]
    assert (folder / "day/1-2024-01-02/output.txt").read_text() == "rows of 2024-01-02 from raw.csv\n"
    assert Path(run.artefacts["report:day:1.html"]).read_text() == "the report of day:1 would be here\n"
    assert [one.index for one in run.items("days")] == [0]


def test_an_item_that_fails_or_is_skipped_is_found_among_those_of_its_label(tmp_path: Path) -> None:
    fanned(tmp_path)
    run = run_study(tmp_path, day=broken_day).run("study")
    assert (run.state, run.labels) == ("failed", {"days": "done", "day": "failed", "clean": "not run", "total": "not run"})
    first, second, third = run.items("day")
    assert (first.state, second.state, third.state) == ("succeeded", "failed", "skipped")
    assert second.error == f"notebook 'day' failed in cell 1: ValueError: no rows (see {_notebook(tmp_path, run.instance)})"
    assert (third.reason, third.error) == ("a holiday", None)
    assert [(one.state, one.reason) for one in run.items("clean")] == [
        ("succeeded", None),
        ("skipped", "day:1 failed"),
        ("skipped", "day:2, which it needs, was skipped"),
    ]
    with pytest.raises(DefinitionError) as refused:
        run.items("dey")
    assert str(refused.value) == f"the run study/{run.instance} has no label 'dey' (did you mean 'day'?)"
    with pytest.raises(DefinitionError) as refused:
        run.items("day:1")
    assert str(refused.value) == f"the run study/{run.instance} has no label 'day:1'; items('day') has its items"


def _notebook(folder: Path, instance: str) -> Path:
    return folder / "outputs/notebooks/study" / instance / "day/1-2024-01-02/day.ipynb"


def test_items_that_have_succeeded_are_kept_when_the_sensor_tries_again(tmp_path: Path) -> None:
    sensor = "{source: {files: {calls: 'data/{date}.csv'}}, workflows: [{workflow_name: study}], schedule: null}"
    text = FAN.replace("days: {filename: any.py}", "days: {filename: any.py, parameters: {when: reference_date}}")
    file = fanned(tmp_path, text.replace("sensor: null", f"sensor: {sensor}"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data/2024-02-01.csv").write_text("1\n")
    run_project(file, {**FUNCTIONS, "day": broken_day}, outputs=tmp_path / "outputs")
    called: list[str] = []

    def counted(parameters: dict[str, Any]) -> NotebookEnd:
        called.append(parameters["date"])
        return day(parameters)

    done = run_project(file, {**FUNCTIONS, "day": counted}, outputs=tmp_path / "outputs")
    run = done.run("study/2024-02-01")
    assert (run.state, run.attempt) == ("succeeded", 2)
    assert [(one.state, one.attempt) for one in run.items("day")] == [("cached", 1), ("succeeded", 2), ("succeeded", 2)]
    assert run.items("day")[0].taken_from == done.runs[0].run_id
    assert sorted(called) == DATES[1:]  # which of them is first is chance


def test_files_of_a_function_stay_in_the_folder_of_its_notebook(tmp_path: Path) -> None:
    fanned(tmp_path)
    run = run_study(tmp_path, days=lambda parameters: NotebookEnd(files={"../a.csv": "1"})).run("study")
    assert run.items("days")[0].error == "files of a NotebookEnd are in the folder of the notebook, and '../a.csv' is not"


def test_a_function_that_leaves_no_such_scrap_fails_as_its_notebook_would(tmp_path: Path) -> None:
    fanned(tmp_path)
    run = run_study(tmp_path, days=lambda parameters: NotebookEnd(scraps={"date": []})).run("study")
    folder = tmp_path / "outputs/notebooks/study" / run.instance
    assert run.items("days")[0].error == (
        f"notebook 'days' has glued no scrap 'dates' (did you mean 'date'?); there is 'date' (see {folder}/days/days.ipynb)"
    )
    [whole] = run.items("day")
    assert (whole.state, whole.slug, whole.reason) == ("skipped", None, "days failed")


def test_items_of_slices_are_recorded_for_their_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMPLEFLOW_NB_FAN_CHUNK", "2")
    fanned(tmp_path)
    done = run_study(tmp_path)
    with RunRecords.open(tmp_path / "outputs") as records, records.transaction() as connection:
        assert {row[0] for row in connection.exec_driver_sql("select run_id from sfnb_items")} == {done.run("study").run_id}


SEEDS = """\
workflows:
  - name: study
    notebooks:
      outer: {filename: any.py, repeat: 2, parameters: {when: repeat_seed}}
      inner: {filename: any.py, for_each: outer, repeat: 3, parameters: {when: repeat_seed}}
      equal: {filename: any.py, for_each: {date: [1, 1, 2]}, repeat: 2, parameters: {when: repeat_seed}}
available_dates_sensor: null
"""


@pytest.mark.parametrize("fan_chunk", [500, 2])
def test_no_two_items_of_a_label_have_the_same_seed(tmp_path: Path, fan_chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMPLEFLOW_NB_FAN_CHUNK", str(fan_chunk))
    seen: dict[str, list[int]] = {"outer": [], "inner": [], "equal": []}
    noting: dict[str, Any] = {label: lambda given, label=label: seen[label].append(given["when"]) for label in seen}
    done = run_project(fanned(tmp_path, SEEDS), noting, outputs=tmp_path / "outputs", starts=["study"])
    assert done.run("study").state == "succeeded"
    assert {label: len(set(seeds)) for label, seeds in seen.items()} == {"outer": 2, "inner": 6, "equal": 6}
