"""Entries that choose their reference dates, and stencils of which days may lack, as every command shows them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.acceptance.samples import WORKFLOWS, inputs, typed

MONDAYS = "      reference_dates: {weekly: monday}\n"
ONE_NOTEBOOK = WORKFLOWS.partition("      report:")[0] + "available" + WORKFLOWS.partition("available")[2]
#: 2016-01-04 and 2016-01-11 are Mondays, and so is 2016-01-18, which has no data
DAYS = ("2016-01-04", "2016-01-05", "2016-01-11", "2016-01-12", "2016-01-19")


def said(file: Path, *words: object, code: int = 0) -> str:
    done = typed(words[0], file, *words[1:], cwd=file.parent)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_every_command_respects_the_reference_dates_of_an_entry(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DAYS, workflows=ONE_NOTEBOOK + MONDAYS)
    not_chosen = "not a reference date of this entry (weekly: monday)"
    assert said(file, "plan", "--why") == (
        "workflow  date        parameters  notebooks  why\n"
        "days      2016-01-04              count      not run yet\n"
        "days      2016-01-11              count      not run yet\n"
        "2 runs due, 4 not due\n"
        "workflow  date        why not\n"
        f"days      2016-01-05  {not_chosen}\n"
        f"days      2016-01-12  {not_chosen}\n"
        "days      2016-01-18  2016-01-18 is not available\n"
        f"days      2016-01-19  {not_chosen}\n"
    )
    assert said(file, "plan").endswith(
        f"2 runs due, 4 not due\n  3 {not_chosen}\n  1 reference date that is not available\n  (--why lists each)\n"
    )
    another = ("backfill", "days", "--from", "2016-01-05", "--to", "2016-01-05")
    assert said(file, *another) == f"0 runs to start, 1 left out\n  1 {not_chosen}\n"

    week = ("backfill", "days", "--from", "2016-01-01", "--to", "2016-01-06", "--quiet")
    assert re.fullmatch(r"1 of 1 run succeeded in \d+ s\n", said(file, *week))
    assert said(file, "status") == (
        "date        days\n"
        "2016-01-04  green\n"
        "2016-01-11  due\n"
        "1 of 1 run succeeded\n"
        "1 run due (plan --why says why)\n"
        "no data between the first and the last date for 2016-01-06 to 2016-01-10, 2016-01-13 to 2016-01-18\n"
    )


def test_a_dry_run_of_a_backfill_names_what_lacks(tmp_path: Path) -> None:
    stencil = "      date_stencil: [[-1, 1]]\n"
    file = inputs(tmp_path / "in", dates=(*DAYS[:2], DAYS[2]), workflows=ONE_NOTEBOOK + stencil)
    words = ("backfill", "days", "--from", "2016-01-03", "--to", "2016-01-13")
    assert said(file, *words, "--dry-run", "--why") == (
        "date        workflow  parameters  why\n"
        "2016-01-05  days                  missing\n"
        "1 run to start, 2 left out\n"
        "  2 need dates that are not available\n"
        "workflow  date        why not\n"
        "days      2016-01-04  needs 2016-01-03 which is not available\n"
        "days      2016-01-11  needs 2016-01-10 which is not available\n"
        "no data for 2016-01-03, 2016-01-06 to 2016-01-10, 2016-01-12 to 2016-01-13\n"
    )
    assert said(file, *words, "--why", code=2) == "simpleflow-nb: --why goes with --dry-run\n"


def test_a_notebook_gets_its_missing_dates_and_is_due_again_only_for_changed_data(tmp_path: Path) -> None:
    tolerant = "      date_stencil: [{dates: [-2, 1], at_least: 2}]\n"
    asks = ONE_NOTEBOOK.replace("{day: reference_date}", "{day: missing_dates}")
    file = inputs(tmp_path / "in", dates=("2016-01-01", "2016-01-03", "2016-01-06"), workflows=asks + tolerant)
    assert said(file, "plan", "--why").splitlines()[-2:] == [
        "days      2016-01-01  needs 2 of the 3 dates from 2015-12-30 to 2016-01-01, "
        "and 2015-12-30, 2015-12-31 are not available",
        "days      2016-01-06  needs 2 of the 3 dates from 2016-01-04 to 2016-01-06, "
        "and 2016-01-04, 2016-01-05 are not available",
    ]
    assert said(file, "sensor.start", "--local", "--once", "--quiet").startswith("1 of 1 run succeeded")
    assert said(file, "runs.logs", "days/2016-01-03") == "count: rows of ['2016-01-02']\n"
    assert "\nmissing dates  2016-01-02\n" in said(file, "runs.show", "days/2016-01-03")
    assert json.loads(said(file, "runs.show", "days/2016-01-03", "--json"))["run"]["missing_dates"] == ["2016-01-02"]
    [row] = json.loads(said(file, "status", "--json"))["dates"][:1]
    assert row["missing_dates"] == ["2016-01-02"]
    assert row["instance"].startswith("2016-01-03_")

    (file.parent / "data" / "2016-01-02.csv").write_text("a,b\n1,2\n")
    due = [one["reference_date"] for one in json.loads(said(file, "plan", "--json"))["due"]]
    assert due == ["2016-01-02"]  # what succeeded has, though one of its dates has come

    by_hand = ("workflow.start", f"{file}:days", "--local", "--quiet", "--set", "reference_date=2016-01-06")
    done = typed(*by_hand, cwd=file.parent)
    assert done.returncode == 0
    assert done.stderr == (
        "warning: days for 2016-01-06 needs 2 of the 3 dates from 2016-01-04 to 2016-01-06, "
        "and 2016-01-04, 2016-01-05 are not available; it runs all the same\n"
    )
    assert said(file, "runs.logs", "days/2016-01-06") == "count: rows of ['2016-01-04', '2016-01-05']\n"


def test_a_run_that_succeeded_is_due_again_when_its_missing_data_come_if_data_count(tmp_path: Path) -> None:
    tolerant = "      date_stencil: [{dates: [-2, 1], at_least: 2}]\n"
    watched = ONE_NOTEBOOK.replace("- name: days", "- name: days\n    rerun_when: [data_changed]")
    watched = watched.replace("{day: reference_date}", "{day: missing_dates}")
    file = inputs(tmp_path / "in", dates=("2016-01-01", "2016-01-03"), workflows=watched + tolerant)
    said(file, "sensor.start", "--local", "--once", "--quiet")
    (file.parent / "data" / "2016-01-02.csv").write_text("a,b\n1,2\n")
    due = {one["reference_date"]: one["reason"] for one in json.loads(said(file, "plan", "--json"))["due"]}
    assert due == {"2016-01-02": "not run yet", "2016-01-03": "data_changed: data/2016-01-02.csv"}
    said(file, "sensor.start", "--local", "--once", "--quiet")
    assert said(file, "runs.logs", "days/2016-01-03") == "count: rows of []\n"


def test_runs_from_before_data_counted_are_told_with_the_command_that_makes_them_anew(tmp_path: Path) -> None:
    tolerant = "      date_stencil: [{dates: [-2, 1], at_least: 2}]\n"
    file = inputs(tmp_path / "in", dates=("2016-01-01", "2016-01-03"), workflows=ONE_NOTEBOOK + tolerant)
    said(file, "sensor.start", "--local", "--once", "--quiet")
    file.write_text(file.read_text().replace("- name: days", "- name: days\n    rerun_when: [data_changed]"))
    (file.parent / "data" / "2016-01-02.csv").write_text("a,b\n1,2\n")
    period = f"simpleflow-nb backfill {file} days --from 2016-01-03 --to 2016-01-03"
    sentence = f"1 already succeeded, of 1 of them it is not known with which data (`{period} --rerun all` makes it anew)"
    assert said(file, "plan").splitlines()[-2] == f"  {sentence}"
    assert said(file, "plan", "--why").splitlines()[-2:] == [
        "days      2016-01-03  already succeeded, not known with which data",
        sentence,
    ]
    assert sentence in said(file, "status").splitlines()
    whole = json.loads(said(file, "plan", "--json"))
    assert {one["reference_date"]: one["unknown_data"] for one in whole["not_due"]} == {"2016-01-01": False, "2016-01-03": True}
    assert json.loads(said(file, "status", "--json"))["dates"][0]["unknown_data"] is True
    days = ("backfill", "days", "--from", "2016-01-03", "--to", "2016-01-03", "--rerun")
    assert said(file, *days, "changed", "--dry-run") == (
        "0 runs to start, 1 left out\n  1 succeeded before, and it is not known with which data; --rerun all includes it\n"
    )
    said(file, *days, "all", "--quiet")
    assert "not known" not in said(file, "plan") + said(file, "status")
    (file.parent / "data" / "2016-01-02.csv").write_text("a,b\n1,3\n")
    due = {one["reference_date"]: one["reason"] for one in json.loads(said(file, "plan", "--json"))["due"]}
    assert due["2016-01-03"] == "data_changed: data/2016-01-02.csv"
