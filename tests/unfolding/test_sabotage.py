"""Break a rule of the machine on purpose, and a test must fail: else the rule is not tested, or not needed.

Each sabotage is made in a copy of the machine and its tests; by default a few, all of them in a soak.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.settings import SETTING, is_soak

from .sabotages import SABOTAGES, Sabotage

_PROJECT = Path(__file__).resolve().parents[2]
_EVERY = 1 if is_soak() else 34
_RANDOM = "test_a_random_graph_ends_as_the_rules_say_whatever_the_order_of_its_ends"
_FOLDERS = ("deciders/steps", "deciders/values", "tests/unit/steps", "tests/unfolding")
_FILES = ("deciders/__init__.py", "deciders/wording.py", "tests/__init__.py", "tests/settings.py", "tests/unit/__init__.py")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The machine and its tests, to be spoiled."""
    for folder in _FOLDERS:
        shutil.copytree(_PROJECT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*_FILES, "setup.cfg"):
        shutil.copy(_PROJECT / file, tmp_path / file)
    return tmp_path


def failed_tests(folder: Path, *tests: str) -> set[str]:
    """Names of the tests that fail there; anything but plain success and failure is an error."""
    kept = {name: value for name, value in os.environ.items() if name != SETTING and not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no", "-rf", *tests],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    lines = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    return {line.rpartition("::")[2].partition("[")[0] for line in lines}


def written_test(name: str) -> str:
    """The place of a test, by its name."""
    folders = (_PROJECT / "tests" / "unit" / "steps", _PROJECT / "tests" / "unfolding")
    found = [path for folder in folders for path in folder.glob("test_*.py") if f"def {name}(" in path.read_text("utf-8")]
    assert len(found) == 1, f"{name} stands in {found}"
    return f"{found[0].relative_to(_PROJECT)}::{name}"


def random_tests() -> list[str]:
    return [f"tests/unfolding/test_random_graphs.py::{_RANDOM}[{first}]" for first in (0, 100, 200)]


def test_the_copy_passes_as_it_is(copy: Path) -> None:
    """Else a failure there says nothing."""
    assert failed_tests(copy, "tests/unit/steps", *random_tests()[:1]) == set()


@pytest.mark.parametrize("sabotage", SABOTAGES[::_EVERY], ids=str)
def test_a_machine_without_the_rule_fails_its_test(sabotage: Sabotage, copy: Path) -> None:
    path = copy / "deciders" / "steps" / sabotage.file
    source = path.read_text("utf-8")
    path.write_text(source.replace(sabotage.text, sabotage.replacement), "utf-8")
    wanted, tests = {sabotage.test}, [written_test(sabotage.test)]
    if sabotage.random:
        wanted.add(_RANDOM)
        tests += random_tests()
    assert failed_tests(copy, *tests) == wanted


def test_each_sabotage_is_a_change_in_one_place_and_its_test_is_there() -> None:
    for sabotage in SABOTAGES:
        source = (_PROJECT / "deciders" / "steps" / sabotage.file).read_text("utf-8")
        assert source.count(sabotage.text) == 1, f"{sabotage}: {sabotage.file} has this {source.count(sabotage.text)} times"
        compile(source.replace(sabotage.text, sabotage.replacement), sabotage.file, "exec")
        written_test(sabotage.test)
    assert [name for name, times in Counter(map(str, SABOTAGES)).items() if times > 1] == []
