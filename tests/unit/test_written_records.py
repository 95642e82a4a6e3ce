"""JSON files that a project leaves: they say by which schema they are read, and older ones do not."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from simpleflow_nb.testing import run_project
from workers.artefacts import read_record, write_record
from workers.notebooks import run_notebook
from workers.runs.outputs_location import former_places, note_place

NOTEBOOK = '# %% tags=["parameters"]\nday = None\n'
FILE = """\
workflows:
  - name: flights
    notebooks:
      count: {filename: count.py, parameters: {day: reference_date}, output: {format: pdf}}
available_dates_sensor:
  schedule: null
  source: {files: {flights: 'data/{date}.csv'}}
  workflows:
    - workflow_name: flights
"""


def json_files(folder: Path) -> list[Path]:
    """Those that are not part of a history."""
    return sorted(file for file in folder.glob("**/*.json") if "payloads" not in file.parts)


def first_item(file: Path) -> tuple[str, Any]:
    return next(iter(json.loads(file.read_text()).items()))


def test_every_file_of_a_project_run_with_functions_begins_with_its_schema(tmp_path: Path) -> None:
    (tmp_path / "count.py").write_text(NOTEBOOK)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "2024-01-01.csv").write_text("1\n")
    (tmp_path / "workflows.yml").write_text(dedent(FILE))
    run_project(tmp_path / "workflows.yml", {"count": lambda parameters: 1}, outputs=tmp_path / "outputs")
    files = json_files(tmp_path / "outputs")
    assert {"run.json", "config.json"} <= {file.name for file in files}
    assert [file for file in files if first_item(file) != ("schema", 1)] == []


def test_every_file_of_a_notebook_begins_with_its_schema(tmp_path: Path) -> None:
    (tmp_path / "count.py").write_text(NOTEBOOK)
    run_notebook(tmp_path / "count.py", {"day": "2024-01-01"}, tmp_path / "count")
    assert [(file.name, first_item(file)) for file in json_files(tmp_path)] == [
        ("config.json", ("schema", 1)),
        ("run.json", ("schema", 1)),
    ]


def test_a_file_that_is_written_again_keeps_the_schema_of_its_content(tmp_path: Path) -> None:
    write_record(tmp_path / "run.json", {"label": "count", "schema": 2})
    assert read_record(tmp_path / "run.json") == {"schema": 2, "label": "count"}
    assert (tmp_path / "run.json").read_text() == '{\n  "schema": 2,\n  "label": "count"\n}\n'


@pytest.mark.parametrize("schema", [{}, {"schema": 1}])
def test_former_places_are_read_with_and_without_a_schema(schema: dict[str, int], tmp_path: Path) -> None:
    file = tmp_path / ".simpleflow-nb" / "place.json"
    file.parent.mkdir()
    file.write_text(json.dumps({**schema, "outputs": "/first/outputs", "former": ["/before/outputs"]}))
    assert former_places(tmp_path) == ["/before/outputs", "/first/outputs"]
    note_place(tmp_path)
    noted = {"schema": 1, "outputs": str(tmp_path), "former": ["/before/outputs", "/first/outputs"]}
    assert json.loads(file.read_text()) == noted
    written = file.stat().st_ino
    note_place(tmp_path)
    assert file.stat().st_ino == written
