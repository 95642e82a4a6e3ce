"""Parts of the key of a shared item, as its worker finds them: everything that its work depends on, and nothing else."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deciders.tasks.arguments import SharedSettings
from deciders.values.key_parts import KeyParts
from tests.acceptance.samples import notebook
from workers.sharing.item_parts import parts_of_item

SETTINGS = SharedSettings(
    reads=("**/*.csv", "maps/**"),
    named_files=("stations.ipynb", "other.py"),
    inputs_dir_as=("folder",),
    axes={"mode": "standard"},
    stamps={"2016-01-01.csv": "ff"},
)


class Project:
    """An inputs folder with everything that can count, beside outputs in which an earlier label has been executed."""

    def __init__(self, folder: Path) -> None:
        self.inputs = folder / "in"
        self.outputs = self.inputs / "outputs"
        self.before = self.outputs / "notebooks" / "days" / "a" / "raw"
        for made in (self.inputs / "maps", self.inputs / "code", self.before):
            made.mkdir(parents=True)
        notebook(self.inputs / "stations.ipynb", "threshold = folder = raw = table = None", "print(threshold)")
        for name in ("other.py", "code/helper.py", "stations.csv", "maps/north.txt", "notes.txt"):
            (self.inputs / name).write_text(name)
        self.executed("1")
        (self.before / "raw.csv").write_text("1")
        self.settings, self.environment, self.threshold = SETTINGS, {"THREADS": "1"}, 30
        self.files = {"table": "raw.csv"}
        self.key: str | None = None

    def executed(self, output: str, **metadata: Any) -> None:
        """Execute the earlier label once more."""
        injected = {"cell_type": "code", "source": str(metadata), "outputs": [], "metadata": {"tags": ["injected-parameters"]}}
        cell = {"cell_type": "code", "source": "x", "outputs": [{"text": output}], "metadata": metadata}
        (self.before / "raw.ipynb").write_text(json.dumps({"cells": [injected, cell], "metadata": metadata}))
        (self.before / "run.json").write_text(json.dumps(metadata))

    def parts(self) -> KeyParts:
        made = {"path": str(self.before / "raw.ipynb"), **({"key": self.key} if self.key is not None else {})}
        return parts_of_item(
            self.inputs / "stations.ipynb",
            self.settings,
            inputs_dir=self.inputs,
            outputs=self.outputs,
            kernel=None,
            kernel_fallback=True,
            environment=self.environment,
            parameters={"threshold": self.threshold, "folder": str(self.inputs)},
            upstream={"raw": made},
            files={name: {"label": "raw", "path": path, "made": made} for name, path in self.files.items()},
            failures={},
            flowapi_url_as=[],
        )

    def write(self, name: str, text: str = "changed") -> None:
        (self.inputs / name).write_text(text)

    def set(self, **changes: Any) -> None:
        self.settings = dataclasses.replace(self.settings, **changes)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


CHANGES: list[tuple[Callable[[Project], Any], list[str]]] = [
    (
        lambda p: notebook(p.inputs / "stations.ipynb", "threshold = folder = raw = table = 1"),
        ["notebook stations.ipynb changed"],
    ),
    (lambda p: setattr(p, "threshold", 70), ["parameter threshold 30 -> 70"]),
    (lambda p: setattr(p, "environment", {"THREADS": "2"}), ["env THREADS 1 -> 2"]),
    (lambda p: p.set(axes={"mode": "enhanced"}), ["axis mode standard -> enhanced"]),
    (lambda p: p.set(turn=1), ["place among items with the same axes changed"]),
    (lambda p: p.set(stamps={"2016-01-01.csv": "00"}), ["data of 2016-01-01.csv changed"]),
    (lambda p: p.write("code/helper.py"), ["module code/helper.py changed"]),
    (lambda p: p.write("new.py"), ["module new.py is new"]),
    (lambda p: p.write("stations.csv"), ["file stations.csv changed"]),
    (lambda p: p.write("maps/south.txt"), ["file maps/south.txt is new"]),
    (lambda p: (p.inputs / "maps/north.txt").unlink(), ["file maps/north.txt is gone"]),
    (lambda p: (p.before / "raw.csv").write_text("2"), ["what it takes as raw changed", "file raw/raw.csv changed"]),
    (lambda p: p.executed("2"), ["what it takes as raw changed"]),
    (lambda p: setattr(p, "key", "00"), ["what it takes as raw changed"]),
]


@pytest.mark.parametrize(("change", "told"), CHANGES, ids=[told[0] for _, told in CHANGES])
def test_a_change_of_what_counts_is_told(project: Project, change: Callable[[Project], Any], told: list[str]) -> None:
    before = project.parts()
    change(project)
    now = project.parts()
    assert now.changes_since(before) == told
    assert now.key != before.key


def test_it_counts_which_parameter_takes_which_file(project: Project) -> None:
    (project.before / "other.csv").write_text("2")
    project.files = {"table": "raw.csv", "second": "other.csv"}
    before = project.parts()
    project.files = {"table": "other.csv", "second": "raw.csv"}
    now = project.parts()
    assert now.key != before.key
    assert now.changes_since(before) == [
        'parameter table {"file": "raw/raw.csv"} -> {"file": "raw/other.csv"}',
        'parameter second {"file": "raw/other.csv"} -> {"file": "raw/raw.csv"}',
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.write("notes.txt"),  # no pattern of ``reads`` fits it
        lambda p: p.write("other.py"),  # which a label names
        lambda p: p.executed("1", papermill={"duration": 2}),  # at another time
        lambda p: (p.before / "output.txt").write_text("1"),
        lambda p: (p.before / "report-pdf.json").write_text("{}"),
        lambda p: (p.outputs / "made.py").write_text(""),
        lambda p: (p.outputs / "made.csv").write_text(""),  # whatever patterns fit it
        lambda p: (p.before / "taken_over.json").write_text("{}"),  # since another run refers to it
        lambda p: os.utime(p.inputs / "stations.csv", (1, 1)),
    ],
)
def test_what_does_not_count_changes_nothing(project: Project, change: Callable[[Project], Any]) -> None:
    before = project.parts()
    change(project)
    assert project.parts() == before


def test_the_place_of_the_inputs_folder_does_not_count(tmp_path: Path) -> None:
    here, there = Project(tmp_path / "here"), Project(tmp_path / "there")
    shutil.copy(here.inputs / "stations.ipynb", there.inputs)  # its cells have random ids
    assert here.parts() == there.parts()


def test_the_version_of_a_kernels_interpreter_counts(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    spec = tmp_path / "share" / "kernels" / "lab"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({"argv": [str(program)], "display_name": "Lab", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    document = json.loads((project.inputs / "stations.ipynb").read_text())
    document["metadata"]["kernelspec"] = {"name": "lab", "display_name": "Lab", "language": "python"}
    (project.inputs / "stations.ipynb").write_text(json.dumps(document))

    def installed(version: str) -> KeyParts:
        program.write_text(f"#!/bin/sh\necho cpython {version}\n")
        program.chmod(0o755)
        return project.parts()

    before = installed("3.11.4")
    assert installed("3.12.10").changes_since(before) == ["kernel lab cpython 3.11.4 -> cpython 3.12.10"]


def test_our_own_interpreter_tells_its_version(project: Project) -> None:
    assert project.parts().parts["kernel"] == {"python3": f"cpython {sys.version.split()[0]}"}


def test_secrets_are_in_no_key(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for secret in ("first secret of all", "another secret"):
        monkeypatch.setenv("FLOWAPI_TOKEN", secret)
        project.environment = {"TOKEN": secret}
        found.append(project.parts())
    assert found[0] == found[1]
    assert found[0].parts["environment"] == {"TOKEN": "***"}
