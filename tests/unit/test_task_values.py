"""Arguments and results of activities: what is written is byte for byte what histories hold, and what 0.1 wrote is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deciders.tasks.arguments import NotebookTask, ReportTask
from deciders.tasks.results import CheckResult, NotebookResult, ReportResult, RunResult, SharedEnd, StartedRuns
from deciders.values.light import Light
from deciders.values.run_state import RunState

FOLDER = {"workflow": "daily", "instance": "2024-01-01_aa", "outputs": "/out"}
RESULT = {"path": "/out/count.ipynb", "light": "orange", "warnings": ["3 rows"]}
NOTEBOOK: dict[str, Any] = {
    "label": "report",
    "filename": "report.ipynb",
    "inputs_dir": "/in",
    "parameters": {"day": "2024-01-01"},
    "upstream": {"counted": RESULT},
    "flowapi_url_as": ["url"],
}
REPORT: dict[str, Any] = {"label": "count", "executed": RESULT, "inputs_dir": "/in", "reference_date": None, "format": "html"}
CHECK = {"started": ["a", "b"], "not_due": 3, "held_back": 1, "warnings": ["w"], "retry_seconds": 60}
DONE = {"state": "succeeded", "light": "green", "artefacts": {"count": "/c.ipynb", "report:count": "/c.pdf"}}

WRITTEN: list[tuple[Any, dict[str, Any]]] = [
    (NotebookResult, RESULT),
    (NotebookResult, {**RESULT, "ended_in_cell": 4}),
    (ReportResult, {**RESULT, "pages": 2}),
    (ReportResult, {**RESULT, "pages": None}),
    (StartedRuns, {"started": ["a"], "held_back": 2}),
    (CheckResult, CHECK),
    (CheckResult, {**CHECK, "retry_seconds": None}),
    (SharedEnd, {"state": "succeeded", "result": RESULT}),
    (SharedEnd, {"state": "failed", "said": "no data", "details": "..."}),
    (RunResult, DONE),
    (RunResult, {**DONE, "state": "skipped", "cached": ["count", "count.pdf"]}),
    (RunResult, {**DONE, "state": "already done"}),
    (NotebookTask, {**NOTEBOOK, **FOLDER}),
    (NotebookTask, {**NOTEBOOK, "timeout_seconds": 5.0, "environment": {"A": "1"}, "keep_attempts": 2, **FOLDER}),
    (ReportTask, {**REPORT, "template": "a.typ", "code": True, "streams": False, "parameters": True, **FOLDER}),
    (ReportTask, {**REPORT, "file_name": "c.html", **FOLDER}),
]


@pytest.mark.parametrize(("cls", "value"), WRITTEN, ids=lambda one: getattr(one, "__name__", ""))
def test_what_a_history_holds_is_written_again_with_the_same_keys_in_the_same_order(cls: Any, value: dict[str, Any]) -> None:
    assert json.dumps(cls.of_json(value).as_json()) == json.dumps(value)


@pytest.mark.parametrize(
    ("cls", "value", "read"),
    [
        (NotebookResult, {"path": "/a"}, NotebookResult(path="/a")),
        (NotebookResult, {"path": "/a", "light": None, "warnings": None, "ended_in_cell": None}, NotebookResult(path="/a")),
        (ReportResult, RESULT, ReportResult(path="/out/count.ipynb", light=Light.ORANGE, warnings=("3 rows",))),
        (StartedRuns, {"started": []}, StartedRuns()),
        (CheckResult, {"started": ["a"], "not_due": 1, "warnings": []}, CheckResult(started=("a",), not_due=1)),
        (RunResult, {"state": "succeeded", "light": "green", "artefacts": {}}, RunResult(state=RunState.SUCCEEDED)),
    ],
)
def test_keys_that_a_former_version_did_not_write_have_defaults(cls: Any, value: dict[str, Any], read: Any) -> None:
    assert cls.of_json(value) == read


def test_what_a_later_version_adds_is_passed_over() -> None:
    assert NotebookResult.of_json({**RESULT, "seconds": 4}) == NotebookResult.of_json(RESULT)


@pytest.mark.parametrize(
    ("cls", "value"),
    [(NotebookResult, {}), (NotebookResult, {"path": "/a", "light": "blue"}), (StartedRuns, {}), (RunResult, {"state": "odd"})],
)
def test_what_is_no_such_result_is_refused(cls: Any, value: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError)):
        cls.of_json(value)


def test_the_report_of_a_history_that_names_no_format_is_a_pdf() -> None:
    without = {name: value for name, value in REPORT.items() if name != "format"}
    assert ReportTask.of_json({**without, **FOLDER}).name == "count.pdf"
    assert ReportTask.of_json({**REPORT, **FOLDER}).name == "count.html"


def test_a_run_result_knows_its_reports_and_that_it_did_nothing() -> None:
    found = RunResult.of_json({**DONE, "state": "already done"})
    assert (found.state, found.was_done, found.reports) == (RunState.SUCCEEDED, True, ["/c.pdf"])
