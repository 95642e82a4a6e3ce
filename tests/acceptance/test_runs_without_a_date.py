"""Workflows that take no date, run as a user runs them: on this machine, and on a service."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.acceptance.conftest import wait_until
from tests.acceptance.samples import WORKFLOWS, command, inputs, notebook, typed
from tests.acceptance.test_on_swf import environment, local_service
from tests.launched import Launched
from tests.launcher import outcome

NORTH, SOUTH, DAY = "3ec49439", "cdb4ede7", "2016-01-01"
SALES = """\
workflows:
  - name: sales
    notebooks:
      count:
        filename: count.ipynb
        parameters: {region: region}
      report:
        filename: report.ipynb
        parameters: {counted: count}
        output: {format: html}
available_dates_sensor: null
"""
REPORT = (
    "import pathlib\nprint('made from', counted.rpartition('/')[2])\nassert not pathlib.Path(folder, 'broken').exists(), 'no'"
)


def project(folder: Path, workflows: str = SALES) -> Path:
    file = inputs(folder, dates=(DAY,), workflows=workflows)
    notebook(folder / "count.ipynb", "region = None", "print('rows of', region)")
    notebook(folder / "report.ipynb", "counted = ''", f"folder = {str(folder)!r}\n{REPORT}")
    return file


def said(file: Path, *words: object, code: int = 0) -> str:
    """What a command prints, on either stream."""
    done = typed(*words, cwd=file.parent)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def started(file: Path, region: str, *, code: int = 0) -> str:
    start = ("workflow.start", f"{file.name}:sales", "--local", "--quiet", "--nb-workers", "1")
    return said(file, *start, "--set", f"region={region}", code=code)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """North has run twice, south has failed in its second notebook."""
    file = project(tmp_path_factory.mktemp("sales") / "in")
    for _ in range(2):
        reports = file.parent / "outputs" / "reports" / "sales" / NORTH / "report.html"
        assert re.fullmatch(rf"1 report:\n  {reports}\n1 of 1 run succeeded in \d+ s\n", started(file, "north"))
    (file.parent / "broken").touch()
    assert f"failed:\n  sales/{SOUTH}\n    notebook 'report' failed in cell 2: AssertionError: no" in started(
        file, "south", code=1
    )
    (file.parent / "broken").unlink()
    return file


def test_status_and_lists_have_runs_without_a_date(ran: Path) -> None:
    status = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "NOW", said(ran, "status"))
    assert status == (
        "run without a date  parameters    state                                             ended (UTC)\n"
        "sales/3ec49439      region=north  green                                             NOW\n"
        "sales/cdb4ede7      region=south  red: report failed in cell 2: AssertionError: no  NOW\n"
        "1 of 2 runs succeeded\n"
        "nothing is due: available_dates_sensor is null, so nothing runs by itself; workflow.start workflows.yml:NAME runs a "
        "workflow\n"
    )
    assert said(ran, "--format", "csv", "--header", "status").splitlines() == [
        "date,sales [region=north],sales [region=south]",
        ",green,red: report failed in cell 2: AssertionError: no",
    ]
    rows = json.loads(said(ran, "status", "--json"))["dates"]
    assert [(row["reference_date"], row["instance"], row["state"]) for row in rows] == [
        (None, NORTH, "succeeded"),
        (None, SOUTH, "failed"),
    ]
    lines = [line.split() for line in said(ran, "runs.list").splitlines()[1:]]
    assert [(line[:5], line[-3:]) for line in lines] == [
        ([f"sales/{NORTH}", "region=north", "succeeded", "green", "2"], ["started", "by", "hand"]),
        ([f"sales/{SOUTH}", "region=south", "failed", "red", "1"], ["started", "by", "hand"]),
    ]
    assert len(said(ran, "runs.list", "--all").splitlines()) == 1 + 3
    for period in (("--from", DAY), ("--to", "2100-01-01")):
        assert said(ran, "runs.list", *period) == "no such runs\n"


def test_a_run_without_a_date_is_shown_searched_and_debugged(ran: Path) -> None:
    whole = json.loads(said(ran, "runs.show", f"sales/{NORTH}", "--json"))
    assert (whole["run"]["run"], whole["run"]["reference_date"], whole["run"]["parameters"]) == (
        f"sales/{NORTH}",
        None,
        {"region": "north"},
    )
    assert [(one["attempt"], one["state"]) for one in whole["attempts"]] == [(1, "succeeded"), (2, "succeeded")]
    assert whole["run"]["workflow_id"].startswith(f"sales-{NORTH}-{NORTH}")
    assert said(ran, "runs.logs", "sales/3ec") == "count: rows of north\nreport: made from count.ipynb\n"
    prepared = said(ran, "notebook.debug", f"sales/{NORTH}", "count")
    place = ran.parent / f"debug/sales/{NORTH}/count"
    assert prepared.startswith(f"{place}/count.ipynb  (attempt 2 succeeded)\n")
    by_history = ("notebook.debug", f"sales/{SOUTH}", "report", "--local", "--db", "outputs/.simpleflow-nb/journal.sqlite3")
    assert said(ran, *by_history, "--into", "elsewhere").startswith(f"{ran.parent}/elsewhere/report.ipynb  (attempt 1 failed")
    journal = ("--local", "--db", "outputs/.simpleflow-nb/journal.sqlite3")
    assert f"sales,{NORTH}" in said(ran, "workflow.info", f"sales/{NORTH}", *journal)


def test_reports_are_made_anew_and_latest_stays(ran: Path) -> None:
    folder = ran.parent / "outputs" / "reports" / "sales"
    links = {one.name: os.readlink(one) for one in folder.iterdir() if one.is_symlink()}
    assert links == {"latest": NORTH, "latest-region=north": NORTH}
    (folder / NORTH / "report.html").unlink()
    asked = [line for line in said(ran, "status").splitlines() if "missing" in line]
    assert asked == [
        "1 report is missing of 1 run that succeeded (`simpleflow-nb reports.make workflows.yml --remake missing` makes it)"
    ]
    made = said(ran, "reports.make", "--remake", "missing")
    assert made.startswith(f"{folder}/{NORTH}/report.html\n1 report made in ")
    none = "simpleflow-nb: there is no run of workflows.yml from 2016-01-01; runs.list shows which there are\n"
    assert said(ran, "reports.make", "--from", DAY, code=2) == none


def test_an_edit_is_reported_without_a_backfill_that_would_not_reach_it(ran: Path, tmp_path: Path) -> None:
    file = Path(shutil.copytree(ran.parent, tmp_path / "copy")) / "workflows.yml"
    notebook(file.parent / "count.ipynb", "region = None", "print('other rows of', region)")
    told = [line for line in typed("status", cwd=file.parent).stdout.splitlines() if "older" in line]
    assert told == ["1 run without a date was made with an older count.ipynb; workflow.start makes one of them anew"]


def test_what_failed_is_tried_again_with_what_it_had_done_and_then_cleaned(ran: Path, tmp_path: Path) -> None:
    file = ran
    again = said(file, "runs.retry", f"sales/{SOUTH}", "--quiet")
    assert re.fullmatch(r"1 report:\n  \S+/cdb4ede7/report.html\n1 of 1 run succeeded in \d+ s\n", again)
    run = json.loads(said(file, "runs.show", f"sales/{SOUTH}", "--json"))["run"]
    assert (run["labels"], run["reason"], run["attempt"]) == (
        {"count": "cached", "report": "done"},
        "runs.retry: failed before",
        2,
    )
    assert os.readlink(file.parent / "outputs" / "reports" / "sales" / "latest") == SOUTH
    # the newest reports of each parameter set stay
    assert said(file, "outputs.clean", "--keep-days", "0").startswith("0 runs removed")
    shutil.rmtree(file.parent / "outputs" / "reports")
    assert said(file, "outputs.clean", "--keep-days", "0").startswith("2 runs removed")
    assert not any((file.parent / "outputs" / "notebooks" / "sales").iterdir())
    assert len(said(file, "runs.list").splitlines()) == 1 + 2


def test_a_workflow_that_takes_no_date_has_one_if_it_is_given(tmp_path: Path) -> None:
    sensor = WORKFLOWS[WORKFLOWS.index("available_dates_sensor") :].replace("days", "sales\n      parameters: {region: north}")
    file = project(tmp_path / "in", SALES.replace("available_dates_sensor: null\n", sensor))
    assert started(file, "north").endswith(" s\n")
    dated = said(file, "workflow.start", "workflows.yml:sales", "--local", "--quiet", "--set", f"reference_date={DAY}")
    assert f"/reports/sales/{DAY}_" in dated
    status = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "NOW", said(file, "status"))
    assert status == (
        "date        sales [region=north]\n"
        "2016-01-01  green\n"
        "\n"
        "run without a date  parameters    state  ended (UTC)\n"
        "sales/3ec49439      region=north  green  NOW\n"
        "2 of 2 runs succeeded\n"
    )
    assert os.readlink(file.parent / "outputs/reports/sales/latest").startswith(DAY)


def test_a_run_without_a_date_on_a_service(tmp_path: Path) -> None:
    file = project(tmp_path / "in")
    with local_service(tmp_path) as endpoint:
        place = environment(endpoint, file.parent)

        def asked(*words: object) -> subprocess.CompletedProcess[str]:
            return outcome(words, file.parent, place)

        start = ("workflow.start", f"{file}:sales", "--domain", "TestDomain", "--set", "region=north")
        first = asked(*start)
        assert first.stdout.split()[0] == f"sales-{NORTH}-3ec49439dc026cc80f4e4ba0a3fd03e0", first.stderr
        assert "is open" in asked(*start).stderr
        table = asked("--format", "csv", "runs.list", file, "--domain", "TestDomain").stdout
        assert table.startswith(f"sales/{NORTH},region=north,,running,")
        words = [(name, file, "--domain", "TestDomain") for name in ("decider.start", "worker.start")]
        processes = [Launched(command(*one), env=place, cwd=file.parent, stderr=subprocess.DEVNULL) for one in words]
        try:
            wait_until(
                lambda: (
                    f"sales/{NORTH},region=north,,succeeded,green,1,"
                    in asked("--format", "csv", "runs.list", file, "--domain", "TestDomain").stdout
                ),
                180,
            )
        finally:
            for _ in range(2):  # the second ends their polls
                for process in processes:
                    process.terminate()
                time.sleep(0.5)
            assert [process.wait(120) for process in processes] == [0, 0]
        shown = asked("workflow.info", f"sales/{NORTH}", "--domain", "TestDomain")
        assert "COMPLETED" in shown.stdout, shown.stderr
