"""Break the engine, and a rule of the simulation must notice: else that rule says nothing.

Each sabotage is made in a copy of the package, in which seeds are played until one fails; by default a few, in a soak all.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ..settings import count
from .sabotages import SABOTAGES, Sabotage

_PROJECT = Path(__file__).resolve().parents[2]
_EVERY = count(9, 1)


def _file_of(sabotage: Sabotage, package: Path) -> Path:
    found = [path for path in package.rglob(sabotage.file) if path.read_text(encoding="utf-8").count(sabotage.old) == 1]
    assert len(found) == 1, f"{sabotage}: this stands in {found}: {sabotage.old}"
    return found[0]


def test_every_sabotage_is_a_change_of_the_engine() -> None:
    for sabotage in SABOTAGES:
        assert sabotage.old != sabotage.new
        _file_of(sabotage, _PROJECT / "simpleflow_nb")


@pytest.mark.parametrize("sabotage", SABOTAGES[::_EVERY], ids=str)
def test_a_rule_notices_when_the_engine_is_broken(sabotage: Sabotage, tmp_path: Path) -> None:
    skipped = shutil.ignore_patterns("__pycache__")
    for folder in ("simpleflow_nb", "tests/simulation", "tests/service"):
        shutil.copytree(_PROJECT / folder, tmp_path / folder, ignore=skipped)
    for file in ("setup.cfg", "tests/__init__.py", "tests/settings.py"):
        shutil.copy(_PROJECT / file, tmp_path / file)
    path = _file_of(sabotage, tmp_path / "simpleflow_nb")
    path.write_text(path.read_text(encoding="utf-8").replace(sabotage.old, sabotage.new), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "0", "--seeds", str(sabotage.seeds), "--first"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert f" in {sabotage.rule}\n" in done.stdout, done.stdout
