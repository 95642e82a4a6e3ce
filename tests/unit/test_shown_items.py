"""A run whose labels have items, as ``runs.show`` prints it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

from deciders.values.label_state import LabelState
from simpleflow_nb.application.looking.run_details import _Views
from simpleflow_nb.application.project import Project
from simpleflow_nb.application.records.item_rows import ItemRow
from simpleflow_nb.application.wording.runs import details_lines, items_text, troubled_lines
from tests.unit.fanned_project import FAN, broken_day, day, fanned, run_study


def test_a_fan_has_the_counts_of_its_items_and_those_that_failed_are_told_with_their_causes(tmp_path: Path) -> None:
    file = fanned(tmp_path)
    instance = run_study(tmp_path, day=broken_day).run("study").instance
    found = Project.open(file).run("study")
    notebooks, reports = tmp_path / "outputs/notebooks/study" / instance, tmp_path / "outputs/reports/study" / instance
    text = "\n".join(details_lines(found))
    assert text[text.index("label  ") :].splitlines() == [
        "label            state    executed notebook or report",
        f"days             done     {notebooks}/days/days.ipynb",
        f"day              failed   3 items: 1 done, 1 skipped, 1 failed; in {notebooks}/day",
        f"clean            not run  3 items: 1 done, 2 skipped; in {notebooks}/clean",
        "total            not run",
        f"report:day.html  done     1 report: 1 done; in {reports}/day",
        "",
        f"day:1 failed in cell 1: ValueError: no rows (see {notebooks}/day/1-2024-01-02/day.ipynb)",
        "day:2 skipped: a holiday",
        "clean:1 skipped: day:1 failed",
        "clean:2 skipped: day:2, which it needs, was skipped",
    ]
    assert found.to_dict()["fans"] == {
        "day": {"items": 3, "counts": {"done": 1, "failed": 1, "skipped": 1}},
        "clean": {"items": 3, "counts": {"done": 1, "skipped": 2}},
    }
    items = found.to_dict()["items"]
    assert [(one["label"], one["index"], one["state"], one["light"], one["attempt"]) for one in items] == [
        ("days", 0, "done", "green", 1),
        ("day", 0, "done", "green", 1),
        ("day", 1, "failed", "red", 1),
        ("day", 2, "skipped", "green", 1),
        ("clean", 0, "done", "green", 1),
        ("clean", 1, "skipped", "", None),
        ("clean", 2, "skipped", "", None),
        ("total", 0, "skipped", "", None),
    ]
    assert items[2]["folder"] == f"{notebooks}/day/1-2024-01-02"
    assert items[2]["slug"] == "1-2024-01-02"
    assert items[2]["started"] is not None
    assert (items[5]["folder"], items[5]["started"], items[5]["reason"]) == (None, None, "day:1 failed")


FAN_NO_MORE = """\
workflows:
  - name: study
    notebooks:
      days: {filename: any.py}
      day: {filename: any.py}
      clean: {filename: any.py}
      total: {filename: any.py}
available_dates_sensor: null
"""


def test_a_fan_without_items_and_one_that_never_had_a_list_are_told_apart(tmp_path: Path) -> None:
    file = fanned(tmp_path, FAN.replace("{scrap: days.dates}", "[]"))
    run_study(tmp_path)
    views = {one.name: one for one in Project.open(file).run("study").labels}
    text = "\n".join(details_lines(Project.open(file).run("study")))
    assert "\nday    done   no items\nclean  done   no items\n" in text
    assert views["day"].is_fan
    assert not views["day"].counts
    found = Project.open(file).run("study").to_dict()
    assert found["run"]["labels"] == {"days": "done", "day": "done", "clean": "done", "total": "done"}
    assert found["fans"] == {"day": {"items": 0, "counts": {}}, "clean": {"items": 0, "counts": {}}}
    assert [one["label"] for one in found["items"]] == ["days", "total"]
    fanned(tmp_path, FAN_NO_MORE)
    assert Project.open(file).run("study").to_dict()["fans"] == found["fans"]  # as it was, whatever the file says now
    fanned(tmp_path)
    run_study(tmp_path, days=broken_day)
    lines = [*details_lines(Project.open(file).run("study"))]
    assert lines[-1].splitlines()[-1].startswith("2 ")  # the attempts are last
    assert any("\nday    not run\nclean  not run\n" in line for line in lines)


def test_of_many_items_that_failed_the_first_are_shown_and_the_others_counted() -> None:
    failed = [_item(index, LabelState.FAILED, error=f"notebook 'day' failed in cell {index}") for index in range(19)]
    skipped = [_item(index, LabelState.SKIPPED, reason="a holiday") for index in range(19, 23)]
    timed_out = _item(30, LabelState.TIMED_OUT, error="it took longer than it may")
    lines = [*troubled_lines([timed_out, *failed, *skipped])]
    assert lines[:3] == [
        "day:30 timed out: it took longer than it may",
        "day:0 failed in cell 0",
        "day:1 failed in cell 1",
    ]
    assert lines[20:] == ["and 4 more items: 4 skipped"]
    assert [*troubled_lines([_item(0, LabelState.FAILED)])] == ["day:0 failed: why is not on record"]


def test_the_counts_of_items_come_as_they_are_asked_for() -> None:
    counts = Counter(
        {LabelState.PENDING: 14, LabelState.RUNNING: 4, LabelState.FAILED: 1, LabelState.SUCCEEDED: 1_200, LabelState.CACHED: 2}
    )
    assert items_text(counts) == "1,221 items: 1,200 done, 2 cached, 1 failed, 4 running, 14 waiting"
    assert items_text({LabelState.SUCCEEDED: 1}, "report") == "1 report: 1 done"
    assert items_text({}) == "no items"


def test_notes_of_items_that_are_told_already_are_not_told_twice(tmp_path: Path) -> None:
    def warns(parameters: dict[str, str]) -> object:
        print("warning: few rows")
        return day(parameters)

    file = fanned(tmp_path)
    run_study(tmp_path, day=warns)
    assert [*details_lines(Project.open(file).run("study"))][-3:] == [f"day:{index}: warning: few rows" for index in range(3)]


def _item(index: int, state: LabelState, error: str | None = None, reason: str | None = None) -> ItemRow:
    return ItemRow(label="day", index=index, slug=str(index), state=state, error=error, reason=reason)


def test_a_fan_of_which_nothing_has_begun_has_no_folder_yet(tmp_path: Path) -> None:
    file = fanned(tmp_path)
    run_study(tmp_path)
    project = Project.open(file)
    row = dataclasses.replace(project.run("study").run, labels={"day": LabelState.PENDING, "clean": LabelState.FAILED})
    items = [ItemRow(label=label, index=0, slug="0-a", state=state) for label, state in row.labels.items()]
    views = {view.name: view for view in _Views(project.specification, row, tmp_path / "nowhere", items, set())}
    assert (views["day"].path, views["day"].is_there) == (None, True)
    assert (views["clean"].path, views["clean"].is_there) == (f"{tmp_path}/nowhere/notebooks/study/{row.instance}/clean", False)
