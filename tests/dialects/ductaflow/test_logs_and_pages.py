"""The status of flows from their logs and records, and the status page, on folders written by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.dialects.ductaflow import analyze_execution_logs, convert_notebook_to_html, generate_status_report


def flow(folder: Path, stem: str = "prep", log: str | None = "", **record: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if log is not None:
        (folder / f"{stem}_execution_output.txt").write_text(log, encoding="utf-8")
    if record:
        (folder / f"{stem}_run.json").write_text(json.dumps({"schema": 1, **record}))
    return folder


GOOD, BAD = {"status": "succeeded", "light": "green"}, {"status": "failed", "light": "red"}


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("Warning: x", "warning"),
        ("  warning: x", "warning"),
        ("\twarning: tab", "warning"),
        ("1234567warning: x", "warning"),
        ("12345678warning: x", "success"),
        ("warning x", "success"),
        ("UserWarning: b", "warning"),
        ("DeprecationWarning: l", "success"),
        ("⚠️ Warning: data issue", "warning"),
        ("⚠ x", "warning"),  # ductaflow wants the variation selector
        ("1234567890123⚠️", "warning"),
        ("12345678901234⚠️", "success"),
        ("2026-01-31 06:00:00 - Warning: x", "success"),
        ("fine\r\nwarning: x\r\n", "warning"),
        ("error: 0", "success"),  # there red, though only an exception should be
        ("0 failed: none", "success"),
        ("❌ Failed", "success"),
        ("exception: none", "success"),
        ("", "success"),
    ],
)
@pytest.mark.parametrize("record", [GOOD, {}], ids=["with a record", "of ductaflow itself"])
def test_only_a_warning_in_the_first_15_characters_counts(tmp_path: Path, line: str, status: str, record: dict[str, str]):
    flow(tmp_path / "x", log=f"a line\n{line}\n", **record)
    assert analyze_execution_logs(tmp_path) == status


@pytest.mark.parametrize(
    ("record", "status"),
    [
        (GOOD, "success"),
        ({"status": "skipped", "light": "green"}, "success"),
        ({"status": "succeeded", "light": "orange", "warnings": ["pandas warned"]}, "warning"),
        (BAD, "error"),
        ({"status": "cancelled", "light": "red"}, "error"),
        ({"status": "lost"}, "error"),
        ({"status": "running"}, "warning"),
        ({"status": "prepared"}, "warning"),
    ],
)
def test_the_record_of_a_run_says_how_it_went(tmp_path: Path, record: dict[str, Any], status: str):
    flow(tmp_path / "a/b", **record)
    assert analyze_execution_logs(str(tmp_path)) == status


def test_the_worst_flow_counts_and_only_a_run_that_failed_is_an_error(tmp_path: Path):
    flow(tmp_path / "one", **GOOD)
    assert analyze_execution_logs(tmp_path) == "success"
    flow(tmp_path / "two", log="warning: x", **GOOD)
    assert analyze_execution_logs(tmp_path) == "warning"
    flow(tmp_path / "two/three", "other", **BAD)
    assert analyze_execution_logs(tmp_path) == "error"


def test_where_nothing_has_run_or_nothing_can_be_read_there_is_a_warning(tmp_path: Path):
    assert analyze_execution_logs(tmp_path / "none") == "warning"
    assert analyze_execution_logs(tmp_path) == "warning"
    (flow(tmp_path / "one") / "prep_run.json").write_text("{half")
    assert analyze_execution_logs(tmp_path) == "warning"


def test_a_file_of_that_name_that_a_flow_has_written_is_not_a_record(tmp_path: Path):
    flow(tmp_path, **GOOD)
    (tmp_path / "second_run.json").write_text('{"status": "failed"}')
    assert analyze_execution_logs(tmp_path) == "success"


# ---- the page ----------------------------------------------------------------------------------------------------------------


def test_the_page_is_returned_and_written_where_the_readme_says(tmp_path: Path):
    runs = tmp_path / "runs"
    flow(runs / "conductor_runs/Model_Runs/Low", "pipeline", duration_seconds=3.25, **GOOD)
    for root in (runs, runs / "conductor_runs"):
        page = generate_status_report([{"scenario": "Low", "status": "success"}], root)
        assert (runs / "conductor_status_report.html").read_text(encoding="utf-8") == page
        assert '<summary><span class="light">green</span> Low </summary>' in page
        assert "</span> pipeline 3.2 s" in page
    generate_status_report([], str(tmp_path / "elsewhere"))
    assert sorted(path.name for path in tmp_path.rglob("*.html")) == ["conductor_status_report.html"] * 2


def test_the_page_counts_shows_and_links_every_flow(tmp_path: Path):
    folder = tmp_path / "Model_Runs/High"
    flow(folder, "pipeline", **GOOD)
    flow(folder / "runs/a b", log="⚠️ look\n", **GOOD)
    flow(tmp_path / "Model_Runs/Bad", **BAD, error={"cell": 2, "ename": "ValueError", "evalue": "bad"})
    results = [
        {"scenario": "High", "status": "success", "duration_minutes": 1.25, "start_time": "06:00", "end_time": "06:01"},
        {"scenario": "Bad", "status": "failed", "duration_minutes": 0.04, "error": "notebook 'prep' failed"},
    ]
    page = generate_status_report(results, tmp_path)
    assert "Total Scenarios: 2, Successful: 1, Failed: 1" in page
    assert "green 0, orange 1, red 1" in page
    assert "High 1.2 min, from 06:00, to 06:01</summary>" in page
    assert re.findall(r'class="light">(\w+)</span> (\S+)', page) == [
        ("orange", "High"),
        ("green", "pipeline"),
        ("orange", "prep"),
        ("red", "Bad"),
        ("red", "prep"),
    ]
    assert '<a href="Model_Runs/High/runs/a%20b/prep_execution_output.txt">log</a>' in page
    assert "<pre>⚠️ look</pre>" in page
    assert "<pre>ValueError: bad (cell 2)</pre>" in page
    assert "<pre>notebook &#39;prep&#39; failed</pre>" in page
    assert "refresh" not in page


def test_nothing_in_a_result_or_a_log_is_taken_for_markup(tmp_path: Path):
    evil = "<script>alert(1)</script>"
    flow(tmp_path / "x", 'a"><b>', log=f"⚠️ {evil}\n", **GOOD)
    results = [
        {"scenario": evil, "status": "failed", "error": evil},
        {"scenario": "x", "status": "success", "start_time": evil},
    ]
    page = generate_status_report(results, tmp_path)
    assert "<script" not in page
    assert "<b>" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 4


def test_results_without_a_status_or_a_name_are_shown_and_the_page_is_loaded_again(tmp_path: Path):
    flow(tmp_path / "Low", **GOOD)
    page = generate_status_report([{"scenario": "Low"}, {}, {"scenario": "Next", "status": "running"}], tmp_path)
    assert re.findall(r'<details class="(\w+)">', page) == ["orange"] * 3
    assert re.findall(r"<pre>(.*)</pre>", page) == ["no status yet", "no status yet", "status: running"]
    assert "Total Scenarios: 3, Successful: 0, Failed: 0" in page
    assert '<meta http-equiv="refresh" content="10">' in page


def test_a_scenario_whose_folder_is_not_there_is_not_green(tmp_path: Path):
    page = generate_status_report([{"scenario": "Low", "status": "success"}, {"scenario": "..", "status": "success"}], tmp_path)
    assert re.findall(r'<details class="(\w+)">', page) == ["orange", "orange"]
    assert f"<pre>no run of it was found in {tmp_path}</pre>" in page


def test_a_result_can_say_where_its_scenario_ran(tmp_path: Path):
    flow(tmp_path / "far/away", **GOOD)
    flow(tmp_path / "runs/Low", **BAD)
    page = generate_status_report(
        [{"scenario": "Low", "status": "success", "execution_dir": tmp_path / "far/away"}], tmp_path / "runs"
    )
    assert re.findall(r'<details class="(\w+)">', page) == ["green"]
    assert '<a href="../far/away/prep_execution_output.txt">log</a>' in page


def test_many_warnings_are_counted(tmp_path: Path):
    flow(tmp_path / "Low", log="".join(f"warning: {n}\n" for n in range(7)), **GOOD)
    page = generate_status_report([{"scenario": "Low", "status": "success"}], tmp_path)
    assert page.count("<pre>warning: ") == 5
    assert "<p>and 2 more warnings</p>" in page


def test_a_notebook_becomes_a_web_page_beside_it_or_where_it_is_to_be(tmp_path: Path):
    notebook = tmp_path / "x.ipynb"
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Title"}
    notebook.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert convert_notebook_to_html(notebook) == tmp_path / "x.html"
    assert convert_notebook_to_html(str(notebook), str(tmp_path / "y.html"), template="basic") == tmp_path / "y.html"
    assert "Title" in (tmp_path / "x.html").read_text(encoding="utf-8")
    assert len((tmp_path / "y.html").read_text(encoding="utf-8")) < len((tmp_path / "x.html").read_text(encoding="utf-8"))
