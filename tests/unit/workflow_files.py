"""Workflow files for tests: a valid one, a small one with lines put in, how they load or are refused, and a sensor alone."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from deciders.specification import SensorSpecification, Specification, SpecificationError, load_specification

VALID = """\
    workflows:
      - name: flows report
        notebooks:
          report:
            filename: flows_report.ipynb
            parameters:
              flows: run_flows
              title: report_title
              day: reference_date
            output:
              format: pdf
              template: template.typ
          run_flows:
            filename: sub/run_flows.ipynb
            parameters: {unit: aggregation_unit, url: flowapi_url, folder: inputs_dir}
      - name: lonely
        notebooks:
          only: {filename: bare.ipynb}
    available_dates_sensor:
      schedule: "0 5 * * *"
      timezone: Europe/Zurich
      cdr_types: [calls, sms]
      require: all
      workflows:
        - workflow_name: flows report
          parameters: {aggregation_unit: admin2, report_title: 2016-01-01}
          earliest_date: 2016-01-01
          date_stencil: [[-6, 1], 2016-01-01, -30]
        - workflow_name: lonely
    extra: {ignored: true}
"""


def notebook(source: str | list[str] | None, **metadata: object) -> str:
    cells = [{"cell_type": "markdown", "metadata": {}, "source": "# title"}]
    if source is not None:
        cells.append({"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": source})
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def load(folder: Path, text: str) -> Specification:
    path = folder / "workflows.yml"
    path.write_text(dedent(text), encoding="utf-8")
    return load_specification(path)


def complaints(folder: Path, text: str) -> list[str]:
    with pytest.raises(SpecificationError) as refusal:
        load(folder, text)
    assert str(refusal.value) == "\n".join(map(str, refusal.value.problems))
    assert [problem.line for problem in refusal.value.problems] == sorted(p.line for p in refusal.value.problems)
    assert {problem.path for problem in refusal.value.problems} == {folder / "workflows.yml"}
    return str(refusal.value).removeprefix("workflows.yml:").split("\nworkflows.yml:")


def one(folder: Path, *, workflow: str = "", notebook: str = "", sensor: str = "", entry: str = "") -> str:
    """A correct file of one workflow with one notebook, and lines put into its four parts."""

    def put(lines: str, indent: int) -> str:
        return "".join(f"{' ' * indent}{line}\n" for line in lines.splitlines())

    return (
        "workflows:\n- name: w\n"
        + put(workflow, 2)
        + "  notebooks:\n    a:\n      filename: other.ipynb\n"
        + put(notebook, 6)
        + "available_dates_sensor:\n  schedule: null\n"
        + put(sensor, 2)
        + "  workflows:\n  - workflow_name: w\n"
        + put(entry, 4)
    )


def specification(inputs_dir: Path = Path("/inputs"), **sensor: Any) -> Specification:
    """Of a sensor without workflows."""
    made = SensorSpecification(**{"schedule": None, "workflows": (), **sensor})
    return Specification(path=Path("workflows.yml"), inputs_dir=inputs_dir, workflows=(), sensor=made)


def without_sensor(folder: Path) -> Path:
    """Write a file of one workflow, ``days``, whose notebook takes the date, and which no sensor starts; return it."""
    (folder / "count.ipynb").write_text(notebook("day = None"), encoding="utf-8")
    file = folder / "workflows.yml"
    flow = "- name: days\n  notebooks:\n    count: {filename: count.ipynb, parameters: {day: reference_date}}\n"
    file.write_text(f"workflows:\n{flow}available_dates_sensor: null\n", encoding="utf-8")
    return file
