"""Runs that say that there is nothing to do, and what turns a run orange, as those see it who run a folder of notebooks."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.acceptance.samples import DATES, WORKFLOWS, inputs, typed

ONCE = ("--local", "--once", "--quiet")
SKIP = """\
from simpleflow_nb.notebooks import skip
if day == "2016-01-02":
    skip("no data on Saturdays")"""


def rows(file: Path) -> dict[str, str]:
    """The state of each date in the table of ``status``."""
    shown = typed("status", file, cwd=file.parent).stdout.splitlines()
    return {line.split()[0]: line.partition("  ")[2].strip() for line in shown if re.match(r"\d{4}-", line)}


def why_not(file: Path) -> dict[str, str]:
    planned = json.loads(typed("plan", file, "--json", cwd=file.parent).stdout)
    return {one["reference_date"]: one["reason"] for one in planned["not_due"]}


def test_a_run_that_is_skipped_is_green_makes_no_report_and_is_due_again_when_its_data_change(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES[:2], count=SKIP)
    done = typed("sensor.start", file, *ONCE, cwd=tmp_path)
    assert done.returncode == 0
    assert "1 of 2 runs succeeded in" in done.stdout
    assert done.stdout.endswith(", 1 skipped\n")
    assert re.search(r"skipped:\n  days/2016-01-02_\w{8}  count: no data on Saturdays\n", done.stderr)
    assert len(list((file.parent / "outputs").glob("reports/days/2016-*/*"))) == 1
    assert rows(file) == {"2016-01-01": "green", "2016-01-02": "skipped: count: no data on Saturdays"}

    shown = typed("runs.show", file, "days/2016-01-02", cwd=file.parent).stdout
    assert "state        skipped (green)" in shown
    assert re.search(r"count   skipped  .*count\.ipynb\nreport  skipped\n\ncount: no data on Saturdays\n", shown)
    listed = typed("runs.list", file, "--state", "skipped", cwd=file.parent).stdout
    assert listed.endswith("  first run  count: no data on Saturdays\n")

    assert why_not(file)["2016-01-02"] == "skipped, and its data have not changed since; runs.retry tries again"
    again = typed("sensor.start", file, *ONCE, cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, "nothing is due (2 dates are not; plan --why says why)\n")

    backfill = ("backfill", file, "days", "--from", "2016-01-01", "--to", "2016-01-02", "--dry-run")
    left_out = typed(*backfill, cwd=file.parent).stdout
    assert "1 skipped before; --rerun failed includes it" in left_out
    chosen = typed(*backfill, "--rerun", "failed", cwd=file.parent).stdout
    assert "2016-01-02  days                  skipped\n1 run to start, 1 left out" in chosen

    count = file.parent / "count.ipynb"
    before = count.read_text()
    count.write_text(before.replace("Saturdays", "weekends"))
    makes = "--from 2016-01-02 --to 2016-01-02 --rerun changed` makes it anew)"
    told = f"with an older count.ipynb (`simpleflow-nb backfill workflows.yml days {makes}"
    waits = "skipped, and its data have not changed since; runs.retry tries again"
    assert f"1 {waits}, 1 of them {told}" in typed("plan", file.name, cwd=file.parent).stdout
    assert f"1 skipped, 1 of them {told}" in typed("status", file.name, cwd=file.parent).stdout
    count.write_text(before)

    (file.parent / "data" / "2016-01-02.csv").write_text("a,b\n1,2\n3,4\n")
    due = json.loads(typed("plan", file, "--json", cwd=file.parent).stdout)["due"]
    assert [run["reason"] for run in due] == ["skipped before; data_changed: data/2016-01-02.csv"]
    assert typed("runs.retry", file, "days/2016-01-02", "--quiet", cwd=file.parent).returncode == 0
    assert rows(file)["2016-01-02"] == "skipped: count: no data on Saturdays"


def test_a_skipped_run_is_tried_again_after_skip_again(tmp_path: Path) -> None:
    workflows = WORKFLOWS.replace("  - name: days\n", "  - name: days\n    skip_again: 1h\n")
    file = inputs(tmp_path / "in", dates=DATES[1:2], workflows=workflows, count=SKIP)
    typed("sensor.start", file, *ONCE, cwd=tmp_path)
    assert why_not(file)["2016-01-02"].startswith("skipped; skip_again of 1 h lasts until ")
    with closing(sqlite3.connect(file.parent / "outputs" / ".simpleflow-nb" / "runs.sqlite3")) as records, records:
        records.execute("UPDATE sfnb_runs SET ended = '2016-01-02 12:00:00.000000'")
    second = typed("sensor.start", file, *ONCE, cwd=tmp_path)
    assert second.stdout.splitlines()[-1] == "0 of 1 run succeeded, 1 skipped"


def test_a_notebook_that_ends_itself_has_a_report_of_what_ran_which_says_so_and_is_orange(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES[:1], report="print('made'); exit()")
    done = typed("sensor.start", file, *ONCE, cwd=tmp_path)
    assert done.returncode == 0
    assert re.search(r"with warnings:\n  days/\S+  report.pdf: ended by the notebook in cell 2\n", done.stderr)
    assert re.search(r"ended early:\n  days/\S+  report: ended by the notebook in cell 2\n", done.stderr)
    assert rows(file) == {"2016-01-01": "orange: report: ended by the notebook in cell 2"}
    shown = typed("runs.show", file, "days/2016-01-01", cwd=file.parent).stdout
    assert "state        succeeded (orange)" in shown
    assert shown.endswith("report: ended by the notebook in cell 2\nreport:report: ended by the notebook in cell 2\n")


def test_orange_says_why_in_status_the_summary_and_the_run(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES[:1], count="import warnings; warnings.warn('3 shops did not report')")
    done = typed("sensor.start", file, *ONCE, cwd=tmp_path)
    assert re.search(r"with warnings:\n  days/\S+  count: UserWarning: 3 shops did not report\n", done.stderr)
    assert rows(file) == {"2016-01-01": "orange: count: UserWarning: 3 shops did not report"}
    assert "\ncount: UserWarning: 3 shops did not report\n" in typed("runs.show", file, "days/2016", cwd=file.parent).stdout
    run = json.loads(typed("runs.show", file, "days/2016", "--json", cwd=file.parent).stdout)["run"]
    assert run["notes"] == {"count": ["UserWarning: 3 shops did not report"]}


def test_a_workflow_chooses_which_warnings_count_and_whether_a_missing_kernel_is_replaced(tmp_path: Path) -> None:
    settings = "  - name: days\n    warnings: none\n    kernel_fallback: false\n"
    file = inputs(
        tmp_path / "in",
        dates=DATES[:1],
        workflows=WORKFLOWS.replace("  - name: days\n", settings),
        count="import warnings; warnings.warn('3 shops did not report')",
    )
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 0
    assert rows(file) == {"2016-01-01": "green"}

    for name in ("count", "report"):
        path = file.parent / f"{name}.ipynb"
        notebook = json.loads(path.read_text())
        notebook["metadata"] = {"kernelspec": {"name": "mycorp-py39", "display_name": "MyCorp", "language": "python"}}
        path.write_text(json.dumps(notebook))
    sentence = "wants kernel 'mycorp-py39', which is not installed"
    assert typed("validate", file, cwd=tmp_path).stderr.count(sentence) == 2
    file.write_text(file.read_text().replace("kernel_fallback: false", "kernel_fallback: true"))
    warned = typed("validate", file, cwd=tmp_path)
    assert warned.returncode == 0
    assert warned.stderr.startswith("warning: notebook 'count.ipynb': kernel 'mycorp-py39' is not installed, and Python 3.")


def test_what_needs_a_skipped_label_is_not_said_to_be_stopped_by_the_failure_of_another(tmp_path: Path) -> None:
    third = "      alone: {filename: report.ipynb, parameters: {counted: reference_date}}\navailable_dates_sensor:"
    workflows = WORKFLOWS.replace("available_dates_sensor:", third)
    skip = SKIP.replace("2016-01-02", "2016-01-01")
    file = inputs(tmp_path / "in", dates=DATES[:1], workflows=workflows, count=skip, report="1 / 0")
    failed = typed("sensor.start", file, *ONCE, cwd=tmp_path)
    assert failed.returncode == 1
    assert "failed:\n  days/2016-01-01" in failed.stderr
    assert "not run" not in failed.stderr
    shown = typed("runs.show", file, "days/2016", cwd=file.parent).stdout
    assert re.findall(r"^(\w+) +(failed|skipped)\b", shown, re.MULTILINE)[-3:] == [
        ("count", "skipped"),
        ("alone", "failed"),
        ("report", "skipped"),
    ]
