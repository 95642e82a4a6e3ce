"""A workflow file whose labels have items, and functions in the place of its notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simpleflow_nb.notebooks import skip
from simpleflow_nb.testing import NotebookEnd, ProjectEnd, notebook_value, run_project
from simpleflow_nb.testing.asked_runs import Start
from simpleflow_nb.testing.replaced_notebooks import Function

FAN = """\
workflows:
  - name: study
    notebooks:
      days: {filename: any.py}
      day:
        filename: any.py
        for_each: {date: {scrap: days.dates}}
        parameters: {date: date, raw: {file: days/raw.csv}}
        output: {format: html}
      clean: {filename: any.py, for_each: day, parameters: {executed: day, date: date}}
      total: {filename: any.py, parameters: {parts: clean, sizes: {scrap: day.size}}}
available_dates_sensor: null
"""
DATES = ["2024-01-01", "2024-01-02", "2024-01-03"]


def fanned(folder: Path, text: str = FAN) -> Path:
    """Write the file and the notebook that all its labels name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "any.py").write_text('# %% tags=["parameters"]\nwhen = date = raw = executed = parts = sizes = None\n')
    (folder / "workflows.yml").write_text(text)
    return folder / "workflows.yml"


def days(parameters: dict[str, Any]) -> NotebookEnd:
    return NotebookEnd(scraps={"dates": DATES}, files={"raw.csv": "a,b\n1,2\n"})


def day(parameters: dict[str, Any]) -> NotebookEnd:
    print(f"rows of {parameters['date']} from {Path(parameters['raw']).name}")
    return NotebookEnd(parameters["date"], scraps={"size": int(parameters["date"][-2:])})


def broken_day(parameters: dict[str, Any]) -> NotebookEnd:
    """The second of three fails, and the third has nothing to do."""
    if parameters["date"] == DATES[1]:
        raise ValueError("no rows")
    if parameters["date"] == DATES[2]:
        skip("a holiday")
    return day(parameters)


def clean(parameters: dict[str, Any]) -> str:
    return f"clean {notebook_value(parameters['executed'])}"


def total(parameters: dict[str, Any]) -> list[Any]:
    return [*map(notebook_value, parameters["parts"]), parameters["sizes"]]


FUNCTIONS: Mapping[str, Function] = {"days": days, "day": day, "clean": clean, "total": total}


def run_study(folder: Path, *, starts: Sequence[Start] | None = ("study",), **others: Function) -> ProjectEnd:
    """Run it, with other functions for some labels; its outputs are beside the file."""
    return run_project(folder / "workflows.yml", {**FUNCTIONS, **others}, outputs=folder / "outputs", starts=starts)
