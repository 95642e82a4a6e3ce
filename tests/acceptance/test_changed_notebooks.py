"""Runs that an edit of their notebooks has left behind: that they are told, and made anew when somebody asks for it."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.acceptance.samples import DATES, REPORT, WORKFLOWS, inputs, notebook, typed

ONE_NOTEBOOK = WORKFLOWS.partition("      report:")[0] + "available" + WORKFLOWS.partition("available")[2]
ONCE = ("--local", "--once", "--quiet")


def said(file: Path, *words: object, code: int = 0) -> str:
    """What a command about the file prints."""
    done = typed(words[0], file, *words[1:], cwd=file.parent)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def edited(file: Path, cell: str = "print('edited', counted.rpartition('/')[2])") -> None:
    notebook(file.parent / "report.ipynb", "counted = ''", cell)


def pasted(text: str, file: Path) -> str:
    """What the one command between backticks prints."""
    [found] = re.findall("`(.*?)`", text)
    program, *words = shlex.split(found)
    assert program == "simpleflow-nb"
    done = typed(*words, "--quiet", cwd=file.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_changed_notebook_is_told_and_the_command_that_is_told_makes_its_runs_anew(tmp_path: Path) -> None:
    file = inputs(tmp_path / "two words", dates=DATES[:2])
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 0
    unchanged = "0 runs due, 2 not due\n  2 already succeeded\n  (--why lists each)\n"
    assert said(file, "plan") == unchanged
    former = (file.parent / "report.ipynb").read_bytes()
    edited(file)
    command = f"simpleflow-nb backfill '{file}' days --from 2016-01-01 --to 2016-01-02 --rerun changed"
    sentence = f"2 already succeeded, 2 of them with an older report.ipynb (`{command}` makes them anew)\n"
    assert said(file, "plan") == f"0 runs due, 2 not due\n  {sentence}  (--why lists each)\n"
    assert said(file, "plan", "--why") == (
        "0 runs due, 2 not due\n"
        "workflow  date        why not\n"
        "days      2016-01-01  already succeeded with an older report.ipynb\n"
        f"days      2016-01-02  already succeeded with an older report.ipynb\n{sentence}"
    )
    assert said(file, "status") == (
        f"date        days\n2016-01-01  green\n2016-01-02  green\n2 of 2 runs succeeded\n{sentence}"
    )
    assert [one["older_notebooks"] for one in json.loads(said(file, "plan", "--json"))["not_due"]] == [["report.ipynb"]] * 2
    assert [row["older_notebooks"] for row in json.loads(said(file, "status", "--json"))] == [["report.ipynb"]] * 2
    january = ("backfill", "days", "--from", "2016-01-01", "--to", "2016-01-31", "--rerun", "changed", "--dry-run")
    assert said(file, *january) == (
        "date        workflow  parameters  why\n"
        "2016-01-01  days                  notebook_changed: report.ipynb\n"
        "2016-01-02  days                  notebook_changed: report.ipynb\n"
        "2 runs to start, 0 left out\n"
    )

    (file.parent / "report.ipynb").write_bytes(former)  # and the change is none any more
    assert said(file, "plan") == unchanged
    assert said(file, *january) == "0 runs to start, 2 left out\n  2 nothing has changed since\n"
    edited(file)
    (file.parent / "data" / "2016-01-03.csv").write_text("a\n")
    assert re.search(r"^2 of 2 runs succeeded in \d+ s\n$", pasted(said(file, "plan"), file), re.MULTILINE)
    whole = json.loads(said(file, "runs.show", "days/2016-01-01", "--json"))
    assert [(one["reason"], one["labels"]) for one in whole["attempts"]] == [
        ("first run", {"count": "done", "report": "done"}),
        ("backfill: notebook_changed: report.ipynb", {"count": "cached", "report": "done"}),
    ]
    assert said(file, "runs.logs", "days/2016-01-01", "report") == "edited count.ipynb\n"
    assert said(file, "plan") == (
        "workflow  date        parameters  notebooks\n"
        "days      2016-01-03              count -> report\n"
        "1 run due, 2 not due\n"
        "  2 already succeeded\n"
        "  (--why lists each)\n"
    )
    assert said(file, *january) == (
        "0 runs to start, 3 left out\n  2 nothing has changed since\n  1 not run yet; --rerun missing includes it\n"
    )


def test_runs_before_the_earliest_date_are_counted_by_plan_as_by_status(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES[:3], workflows=ONE_NOTEBOOK)
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 0
    file.write_text(file.read_text().replace("- workflow_name: days", "- {workflow_name: days, earliest_date: 2016-01-02}"))
    before = "0 runs due, 3 not due\n  2 already succeeded\n  1 before earliest_date 2016-01-02\n  (--why lists each)\n"
    assert said(file, "plan") == before
    notebook(file.parent / "count.ipynb", "day = None", "print('edited', day)")
    command = f"simpleflow-nb backfill {file} days --from 2016-01-01 --to 2016-01-03 --rerun changed"
    older = f"3 of them with an older count.ipynb (`{command}` makes them anew)"
    planned = f"2 already succeeded, as did 1 before earliest_date, {older}"
    assert said(file, "plan").splitlines()[1] == f"  {planned}"
    assert said(file, "plan", "--why").splitlines()[-1] == planned
    assert f"3 already succeeded, {older}" in said(file, "status").splitlines()
    file.write_text(file.read_text().replace("2016-01-02", "2016-02-01"))
    assert said(file, "plan").splitlines()[1:3] == [
        "  3 before earliest_date 2016-02-01",
        f"  3 before earliest_date already succeeded, {older}",
    ]
    assert said(file, *shlex.split(command)[1:2], *shlex.split(command)[3:], "--dry-run").endswith(
        "3 runs to start, 0 left out\n"
    )


def test_several_workflows_and_runs_out_of_a_backfills_reach_are_told_apart(tmp_path: Path) -> None:
    other = """\
  - name: other
    notebooks: {count: {filename: count.ipynb, parameters: {day: mode}}}
"""
    workflows = WORKFLOWS.replace("available_dates", other + "available_dates")
    file = inputs(
        tmp_path / "in", dates=DATES[:2], workflows=workflows + "    - {workflow_name: other, parameters: {mode: a}}\n"
    )
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 0
    notebook(file.parent / "count.ipynb", "day = None", "print('edited', day)")
    (file.parent / "data" / "2016-01-01.csv").unlink()
    text = file.read_text()
    file.write_text(text.replace("- workflow_name: days", "- {workflow_name: days, earliest_date: 2016-02-01}"))
    command = "simpleflow-nb backfill {} {} --from 2016-01-02 --to 2016-01-02 --rerun changed"
    assert said(file, "status").splitlines()[3:] == [
        "4 of 4 runs succeeded",
        "4 already succeeded, "
        f"1 of them with an older count.ipynb (`{command.format(file, 'days')}` makes it anew), "
        f"1 of them with an older count.ipynb (`{command.format(file, 'other')}` makes it anew)",
        "2 runs were made with an older count.ipynb, for dates or parameters that the sensor does not name now; "
        "workflow.start makes one of them anew",
    ]
    renamed = text.replace("filename: count.ipynb", "filename: counting.ipynb")
    file.write_text(renamed.replace("mode: a", "mode: b"))
    (file.parent / "count.ipynb").rename(file.parent / "counting.ipynb")
    assert said(file, "status").splitlines()[-2].startswith("3 runs were made with an older counting.ipynb, for dates or para")


def test_records_of_an_early_version_say_what_the_folders_say_or_that_it_is_not_known(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES[:3])
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 0
    with closing(sqlite3.connect(file.parent / "outputs/.simpleflow-nb/runs.sqlite3")) as records:
        for name in ("reason", "labels", "notebooks", "data"):
            records.execute(f"ALTER TABLE sfnb_runs DROP COLUMN {name}")
        for name in ("oldest_reader", "migration"):
            records.execute(f"ALTER TABLE sfnb_schema DROP COLUMN {name}")
        records.execute("UPDATE sfnb_schema SET version = 1")
        records.commit()
    for run_json in (file.parent / "outputs/notebooks/days").glob("2016-01-03*/*/run.json"):
        run_json.unlink()
    unknown = "of 1 of them it is not known which notebooks they were made with"
    assert said(file, "plan").splitlines()[1] == f"  3 already succeeded, {unknown}"
    edited(file)
    command = f"simpleflow-nb backfill {file} days --from 2016-01-01 --to 2016-01-02 --rerun changed"
    assert said(file, "plan").splitlines()[1] == (
        f"  3 already succeeded, 2 of them with an older report.ipynb (`{command}` makes them anew), {unknown}"
    )
    january = ("backfill", "days", "--from", "2016-01-01", "--to", "2016-01-31", "--rerun", "changed", "--dry-run")
    assert said(file, *january).endswith(
        "2 runs to start, 1 left out\n  1 succeeded before, and it is not known with which notebooks; --rerun all includes it\n"
    )


def test_a_failed_run_and_a_label_more_count_as_changed_and_what_the_change_does_not_concern_is_kept(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES[:2], report="assert '2016-01-02' not in counted, 'bad day'")
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 1
    text = file.read_text()
    file.write_text(text.replace("      report:\n", "      again: {filename: count.ipynb}\n      report:\n"))
    january = ("backfill", "days", "--from", "2016-01-01", "--to", "2016-01-31", "--rerun", "changed")
    assert said(file, "plan").splitlines()[-2].startswith("  1 already succeeded, 1 of them without count.ipynb (`")
    assert said(file, *january, "--dry-run").splitlines()[1:3] == [
        "2016-01-01  days                  notebook_changed: count.ipynb",
        "2016-01-02  days                  notebook_changed: count.ipynb",
    ]
    edited(file, REPORT)
    said(file, *january, "--quiet")
    labels = json.loads(said(file, "runs.show", "days/2016-01-02", "--json"))["run"]["labels"]
    assert labels == {"count": "cached", "again": "done", "report": "done"}
    file.write_text(text)  # a label less is no change
    assert said(file, "plan").splitlines()[1] == "  2 already succeeded"
