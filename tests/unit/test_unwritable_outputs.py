"""Outputs that this process may not change: programs and commands get one error, whose sentence says what is in the way."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deciders.runs.planned_run import run_for
from deciders.specification import ConfiguredWorkflow
from simpleflow_nb.exceptions import ExitCode
from simpleflow_nb.notebooks import Local, Project
from tests.unit.recorded_runs import success_of
from tests.unit.workflow_files import notebook
from workers.artefacts import OutputsError
from workers.records.run_records import RunRecords

FILE = """\
workflows:
- name: days
  notebooks:
    count: {filename: count.ipynb, parameters: {day: reference_date}, output: {format: html}}
available_dates_sensor: null
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "workflows.yml").write_text(FILE, encoding="utf-8")
    (tmp_path / "count.ipynb").write_text(notebook("day = None"), encoding="utf-8")
    return Project.open(tmp_path, service=Local())


@pytest.fixture
def old(project: Project) -> Path:
    """Folder of the notebooks of a run that ended long ago."""
    run = run_for(ConfiguredWorkflow(workflow_name="days"), date(2016, 1, 1))
    with RunRecords.open(project.outputs) as records:
        records.record(success_of(run))
    folder = project.outputs / "notebooks" / "days" / run.instance
    (folder / "count").mkdir(parents=True)
    return folder


def test_a_folder_that_cannot_be_removed_is_named(project: Project, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise PermissionError(13, "Permission denied", str(old))

    monkeypatch.setattr(os, "rename", refused)
    with pytest.raises(OutputsError) as error:
        project.clean_outputs(0)
    assert str(error.value) == f"{old} cannot be removed: permission denied"
    assert error.value.exit_code == ExitCode.WRONG
    assert project.clean_outputs(0, dry_run=True).folders == (old,)


def test_reports_are_made_only_where_they_can_be_written(tmp_path: Path) -> None:
    inputs, outputs = tmp_path / "in", tmp_path / "outputs"
    inputs.mkdir()
    (inputs / "workflows.yml").write_text(FILE, encoding="utf-8")
    (inputs / "count.ipynb").write_text(notebook("day = None"), encoding="utf-8")
    outputs.touch()
    with pytest.raises(OutputsError) as error:
        Project.open(inputs, outputs=outputs, service=Local()).make_reports().result()
    assert str(error.value) == f"outputs folder {outputs} is a file; name a folder"
