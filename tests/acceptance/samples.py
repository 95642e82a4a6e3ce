"""Small inputs folders for tests of the command line, and the command line itself in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import nbformat

from tests.launcher import ROOT as ROOT
from tests.launcher import command as command
from tests.launcher import outcome
from tests.settings import PATIENCE_SECONDS

DATES = ("2016-01-01", "2016-01-02", "2016-01-03", "2016-01-04")

WORKFLOWS = """\
workflows:
  - name: days
    notebooks:
      count:
        filename: count.ipynb
        parameters: {day: reference_date}
      report:
        filename: report.ipynb
        parameters: {counted: count}
        output: {format: pdf}
available_dates_sensor:
  schedule: "0 6 * * *"
  source: {files: {calls: 'data/{date}.csv'}}
  workflows:
    - workflow_name: days
"""

COUNT = "print('rows of', day)"
REPORT = "print('made from', counted.rpartition('/')[2])"


def notebook(path: Path, parameters: str, *cells: str) -> None:
    """A notebook: a cell with the default values, tagged ``parameters``, and code cells."""
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})]
    made.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(made, path)


def inputs(
    folder: Path, *, dates: tuple[str, ...] = DATES, workflows: str = WORKFLOWS, count: str = COUNT, report: str = REPORT
) -> Path:
    """A folder with ``workflows.yml``, two notebooks of one cell each and a data file a date; returns the file."""
    (folder / "data").mkdir(parents=True)
    for date in dates:
        (folder / "data" / f"{date}.csv").write_text("a,b\n1,2\n")
    notebook(folder / "count.ipynb", "day = None", count)
    notebook(folder / "report.ipynb", "counted = ''", report)
    file = folder / "workflows.yml"
    file.write_text(workflows)
    return file


def environment(**more: str) -> dict[str, str]:
    """Ours without what would change the command's behaviour; the fork server imports nothing but what a kernel needs."""
    foreign = ("AUTOFLOW_", "SIMPLEFLOW_", "SWF_", "AWS_", "FLOWAPI_", "LOG_LEVEL")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "dumb", "COLUMNS": "120", "SIMPLEFLOW_NB_PRELOAD": "", **more}


def typed(*words: Any, cwd: Path, timeout: float = PATIENCE_SECONDS, **more: str) -> subprocess.CompletedProcess[str]:
    """What a user gets who types the command in ``cwd``; ``more`` are environment variables."""
    return outcome(words, cwd, environment(**more), timeout)


def run_jsons(outputs: Path) -> list[dict[str, Any]]:
    """Every ``run.json`` under the outputs, kept attempts among them, each with its path."""
    return [{"file": file, **json.loads(file.read_text())} for file in sorted(outputs.glob("notebooks/**/run.json"))]
