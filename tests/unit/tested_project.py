"""A small project for the tests of what users test theirs with: a file of two notebooks, and functions in their place."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

from simpleflow_nb.testing import notebook_value

MONDAY = datetime(2024, 1, 1, 5, tzinfo=UTC)


def written(folder: Path, *, schedule: str = "null", flow: str = "", count: str = "", entries: str = "") -> Path:
    file = folder / "workflows.yml"
    file.write_text(
        dedent(
            f"""\
            workflows:
              - name: flights
            {flow}
                notebooks:
                  count: {{filename: count.py, parameters: {{reference_date: reference_date}}{count}}}
                  report: {{filename: report.py, parameters: {{counted: count}}, output: {{format: pdf}}}}
            available_dates_sensor:
              schedule: {schedule}
              source: {{files: {{flights: 'data/{{date}}.csv'}}}}
              cdr_types: [flights]
              workflows:
                - {{workflow_name: flights{entries}}}
            """
        )
    )
    return file


def arrive(folder: Path, *days: date) -> None:
    for day in days:
        (folder / "data" / f"{day.isoformat()}.csv").write_text("1\n")


def count(parameters: dict[str, Any]) -> int:
    return int(parameters["reference_date"][-2:])


def report(parameters: dict[str, Any]) -> str:
    return f"{notebook_value(parameters['counted'])} flights"
