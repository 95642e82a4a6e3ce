"""Chosen scraps in the results of a set, and notes on those that are missing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deciders.runs.scenario_runs import ScenarioSet
from deciders.specification import NotebookSpecification, WorkflowSpecification
from deciders.specification.scenarios.expansion import Scenario
from workers.notebooks.scraps import scrap_output
from workers.records.run_records import RunRecord
from workers.runs.scenario_results import ScenarioResult, results_of

STUDY = WorkflowSpecification(name="study", notebooks=(NotebookSpecification(label="total", filename="total.ipynb"),))


def result(folder: Path, wanted: tuple[str, ...], scraps: dict[str, Any] | None) -> ScenarioResult:
    """The row of a scenario whose notebook has glued these scraps; None: it cannot be read."""
    notebook = folder / "total.ipynb"
    outputs = [scrap_output(name, value) for name, value in (scraps or {}).items()]
    cell = {"cell_type": "code", "source": "", "metadata": {}, "execution_count": 1, "outputs": outputs}
    whole = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    notebook.write_text(json.dumps(whole) if scraps is not None else "no JSON")
    scenario_set = ScenarioSet(name="sweep", workflow="study", scenarios=[Scenario("a", {})], results=wanted)
    run, noon = scenario_set.run(scenario_set.scenarios[0]), datetime(2016, 1, 5, 12, tzinfo=UTC)
    record = RunRecord(
        workflow_name="study",
        identity=run.identity,
        instance=run.instance,
        reference_date=None,
        parameters={},
        state="succeeded",
        light="green",
        started=noon,
        ended=noon,
        attempt=1,
        workflow_id=run.workflow_id,
        run_id="1",
        error=None,
        artefacts={"total": str(notebook)},
    )
    [row] = results_of(scenario_set, STUDY, [record], (), folder)
    return row


def test_each_scrap_that_lacks_has_a_note_of_its_own(tmp_path: Path) -> None:
    row = result(tmp_path, ("total.sums", "total.sum"), {"other": 1})
    assert row.results == {"total.sums": None, "total.sum": None}
    assert row.notes == (
        "total.sums: total has glued no 'sums', but 'other'",
        "total.sum: total has glued no 'sum', but 'other'",
    )


def test_a_notebook_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    row = result(tmp_path, ("total.sum", "total.mean"), None)
    assert row.results == {"total.sum": None, "total.mean": None}
    [note] = row.notes
    assert note.startswith("total: the executed notebook cannot be read: ")


def test_numbers_that_json_lacks_are_null_and_told_also_in_lists(tmp_path: Path) -> None:
    scraps = {"sum": float("nan"), "all": [1, float("inf")], "good": [1]}
    row = result(tmp_path, ("total.sum", "total.all", "total.good"), scraps)
    assert row.results == {"total.sum": None, "total.all": [1, None], "total.good": [1]}
    assert row.notes == (
        "total.sum is nan, which JSON does not have",
        "total.all holds numbers that JSON does not have, such as NaN; they are null here",
    )
