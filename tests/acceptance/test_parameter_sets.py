"""A workflow with several parameter sets and stencils: how its runs are named, shown, linked, tried again and cleaned."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest

from tests.acceptance.samples import command, environment, inputs, notebook, typed
from tests.launched import Launched
from workers.records.run_records import RunRecord, RunRecords

DAYS = ("2024-01-01", "2024-01-02")
WORKFLOWS = """\
workflows:
  - name: sales
    notebooks:
      count:
        filename: count.ipynb
        parameters: {day: reference_date, region: region, date_ranges: date_ranges}
        output: {format: html}
available_dates_sensor:
  schedule: "0 6 * * *"
  source: {files: {calls: 'data/{date}.csv'}}
  workflows:
    - {workflow_name: sales, parameters: {region: north}}
    - {workflow_name: sales, parameters: {region: 'a, b'}}
    - {workflow_name: sales, parameters: {region: 'a, b'}, date_stencil: [[-1, 1]]}
"""
COUNT = "assert (region, day) != ('north', '2024-01-02'), 'no ' + 'rows ' * 40"
PARAMETERS = "day = region = date_ranges = None"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = inputs(tmp_path_factory.mktemp("sets") / "in", dates=DAYS, workflows=WORKFLOWS)
    notebook(made.parent / "count.ipynb", PARAMETERS, COUNT)
    backfill = ("backfill", made, "sales", "--from", DAYS[0], "--to", DAYS[1], "--quiet")
    assert typed(*backfill, cwd=made.parent).returncode == 1
    return made


def said(file: Path, *words: object, code: int = 0) -> str:
    done = typed(*words, cwd=file.parent)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def records(file: Path) -> dict[tuple[str, str, str], RunRecord]:
    """By date, region and stencil."""
    with RunRecords.open(file.parent / "outputs", to_look=True) as opened:
        return {
            (str(one.reference_date), one.parameters["region"], json.dumps(one.date_stencil)): one for one in opened.latest()
        }


def test_a_backfill_of_entries_that_differ_in_their_stencil_alone_runs_each(ran: Path) -> None:
    ends = {name: (one.state, one.parameters["date_ranges"]) for name, one in records(ran).items()}
    assert ends == {
        ("2024-01-01", "north", "[0]"): ("succeeded", [["2024-01-01", "2024-01-02"]]),
        ("2024-01-01", "a, b", "[0]"): ("succeeded", [["2024-01-01", "2024-01-02"]]),
        ("2024-01-02", "north", "[0]"): ("failed", [["2024-01-02", "2024-01-03"]]),
        ("2024-01-02", "a, b", "[0]"): ("succeeded", [["2024-01-02", "2024-01-03"]]),
        ("2024-01-02", "a, b", "[[-1, 1]]"): ("succeeded", [["2024-01-01", "2024-01-03"]]),
    }


def test_status_has_a_column_for_each_set_and_every_error_once_and_whole(ran: Path) -> None:
    lines = said(ran, "status", ran).splitlines()
    stencils = [f'sales [region="a, b", date_stencil={stencil}]' for stencil in ("[0]", "[[-1, 1]]")]
    cut = f"red: count failed in cell 2: AssertionError: no {'rows ' * 40}"[: len("red: ") + 69] + "..."
    failed = records(ran)["2024-01-02", "north", "[0]"].instance
    assert [re.split(r"  +", line.rstrip()) for line in lines[:3]] == [
        ["date", "sales [region=north]", *stencils],
        ["2024-01-01", "green", "green"],
        ["2024-01-02", cut, "green", "green"],
    ]
    folder = ran.parent / "outputs/notebooks/sales" / failed
    assert lines[3:6] == [
        "in full:",
        "  sales/2024-01-02,region=north  red: count failed in cell 2: AssertionError: "
        f"no {'rows ' * 40}(see {folder}/count/count.ipynb)",
        "4 of 5 runs succeeded",
    ]
    shown = json.loads(said(ran, "status", ran, "--json"))["dates"]
    assert sorted((row["set"], str(row["date_stencil"]), row["has_entry"]) for row in shown) == [
        ('region="a, b"', "[0]", True),
        ('region="a, b"', "[0]", True),
        ('region="a, b"', "[[-1, 1]]", True),
        ("region=north", "[0]", True),
        ("region=north", "[0]", True),
    ]


def test_a_set_that_no_entry_has_any_more_is_shown_apart_from_those_that_run(ran: Path) -> None:
    former = ran.read_text()
    ran.write_text(former.replace("north", "west").replace("[[-1, 1]]", "[[-1, 2]]"))
    try:
        head, first, second, *_ = said(ran, "status", ran).splitlines()
        shown = {(row["set"], row["has_entry"]) for row in json.loads(said(ran, "status", ran, "--json"))["dates"]}
    finally:
        ran.write_text(former)
    assert re.split(r"  +", head) == [
        "date",
        "sales [region=west]",
        'sales [region="a, b", date_stencil=[0]]',
        "sales [region=north] (no entry has these now)",
        'sales [region="a, b", date_stencil=[[-1, 1]]] (no entry has these now)',
    ]
    assert (first.split()[:4], second.split()[1]) == (["2024-01-01", "due", "green", "green"], "due")
    assert ("region=north", False) in shown
    assert ("region=west", True) in shown


def test_a_run_is_named_by_its_parameters_wherever_one_is_asked_for(ran: Path) -> None:
    known = {name: one.instance for name, one in records(ran).items()}
    north, comma = known["2024-01-01", "north", "[0]"], known["2024-01-01", "a, b", "[0]"]
    both = """'sales/2024-01-01,region="a, b"', sales/2024-01-01,region=north; name one of them"""
    named = "simpleflow-nb: {} fits 2 runs: {}\n"
    assert said(ran, "runs.show", ran, "2024-01-01", code=2) == named.format("'2024-01-01'", both)
    assert said(ran, "runs.logs", ran, "sales/2024-01-01", code=2) == named.format("'sales/2024-01-01'", both)
    assert said(ran, "reports.make", ran, "sales/2024-01-01", code=2) == named.format("'sales/2024-01-01'", both)
    assert said(ran, "runs.retry", ran, "sales/2024-01-01", code=2) == named.format("'sales/2024-01-01'", both)
    assert said(ran, "workflow.info", "--local", "sales/2024-01-01", code=2).startswith(
        "simpleflow-nb: 'sales/2024-01-01' fits 2"
    )
    for reference, instance in (
        ("sales/2024-01-01,region=north", north),
        ("sales/2024-01-01[region=n]", north),
        ('sales/2024-01-01,region="a, b"', comma),
        ("sales/2024-01-01,region=a, b", comma),
    ):
        assert json.loads(said(ran, "runs.show", ran, reference, "--json"))["run"]["run"] == f"sales/{instance}"
        assert f"sales-{instance.replace('_', '-')}" in said(ran, "workflow.info", "--local", reference)
    twins = [known["2024-01-02", "a, b", stencil] for stencil in ("[0]", "[[-1, 1]]")]
    sentence = said(ran, "runs.show", ran, "sales/2024-01-02,region=a", code=2)
    assert sorted(re.findall(r"sales/2024-01-02_\w+ \(date_ranges [^)]*\)", sentence)) == sorted(
        [
            f"sales/{twins[0]} (date_ranges 2024-01-02 to 2024-01-03)",
            f"sales/{twins[1]} (date_ranges 2024-01-01 to 2024-01-03)",
        ]
    )
    said(ran, "notebook.debug", "--local", "sales/2024-01-01,region=north", "count")
    assert (ran.parent / "debug/sales" / north / "count").is_dir()
    made = said(ran, "reports.make", ran, "sales/2024-01-01,region=north")
    assert made.startswith(f"{ran.parent}/outputs/reports/sales/{north}/")


def test_each_set_has_a_link_to_its_newest_reports_and_cleaning_keeps_them(ran: Path, tmp_path: Path) -> None:
    file = shutil.copytree(ran.parent, tmp_path / "moved", symlinks=True) / ran.name
    known = {name: one.instance for name, one in records(ran).items()}
    reports = file.parent / "outputs" / "reports" / "sales"
    assert {one.name: os.readlink(one) for one in reports.iterdir() if one.is_symlink()} == {
        "latest": known["2024-01-01", "north", "[0]"],
        "latest-region=north": known["2024-01-01", "north", "[0]"],
        "latest-region=%22a, b%22": known["2024-01-02", "a, b", "[0]"],
        "latest-region=%22a, b%22,date_stencil=[0]": known["2024-01-02", "a, b", "[0]"],
        "latest-region=%22a, b%22,date_stencil=[[-1, 1]]": known["2024-01-02", "a, b", "[[-1, 1]]"],
    }
    for link in reports.glob("latest*"):  # as before there was one for each
        if link.name != "latest":
            link.unlink()
    assert said(file, "outputs.clean", file, "--keep-days", "0").startswith("2 runs removed, ")
    assert {one.name for one in reports.iterdir() if one.is_dir() and not one.is_symlink()} == {
        known["2024-01-01", "north", "[0]"],
        known["2024-01-02", "a, b", "[0]"],
        known["2024-01-02", "a, b", "[[-1, 1]]"],
    }


def test_a_retry_is_of_the_very_run_though_the_stencil_has_changed_since(ran: Path, tmp_path: Path) -> None:
    file = shutil.copytree(ran.parent, tmp_path / "changed", symlinks=True) / ran.name
    file.write_text(file.read_text().replace("{region: north}", "{region: north}, date_stencil: [-1, 0]"))
    notebook(file.parent / "count.ipynb", PARAMETERS, "print(date_ranges)")
    failed = records(file)["2024-01-02", "north", "[0]"]
    said(file, "runs.retry", file, "sales/2024-01-02,region=north", "--quiet")
    again = records(file)["2024-01-02", "north", "[0]"]
    assert (again.state, again.attempt, again.identity) == ("succeeded", 2, failed.identity)


def test_what_a_run_does_just_now_is_shown_in_the_order_of_the_run(tmp_path: Path) -> None:
    wait = "import pathlib, time\nwhile not pathlib.Path(go).exists(): time.sleep(0.05)"
    flow = """\
workflows:
  - name: w
    notebooks:
      after: {filename: after.ipynb, parameters: {counted: first}, output: {format: html}}
      first: {filename: first.ipynb, parameters: {go: go}}
available_dates_sensor:
  schedule: null
  source: {files: {calls: 'data/{date}.csv'}}
  workflows: [{workflow_name: w, parameters: {go: GO}}]
""".replace("GO", str(tmp_path / "go"))
    file = inputs(tmp_path / "in", dates=DAYS[:1], workflows=flow)
    notebook(file.parent / "first.ipynb", "go = ''", wait)
    notebook(file.parent / "after.ipynb", "counted = ''", "print('done')")
    process = Launched(command("sensor.start", file, "--local", "--once", "--quiet"), env=environment(), cwd=tmp_path)
    try:
        until, run = time.monotonic() + 120, {}
        while run.get("labels", {}).get("first") != "running" and time.monotonic() < until:
            shown = typed("runs.show", file, DAYS[0], "--json", cwd=tmp_path)
            run = json.loads(shown.stdout)["run"] if shown.returncode == 0 else {}
        labels = {"first": "running", "after": "waiting", "report:after.html": "waiting"}
        assert run["labels"] == labels
        assert run["state"] == "running"
        table = said(file, "runs.show", file, DAYS[0])
        assert re.search(r"^started +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$", table, re.MULTILINE)
        assert re.findall(r"^(\S+) +(running|waiting)\s*$", table, re.MULTILINE)[-3:] == list(labels.items())
    finally:
        (tmp_path / "go").touch()
        assert process.wait(120) == 0
    table = said(file, "runs.show", file, DAYS[0])
    assert re.findall(r"^(\S+) +done ", table, re.MULTILINE) == ["first", "after", "report:after.html"]
