"""Take a rule out of the engine, and a test must fail: else the rule is not tested, or not needed.

Each sabotage is made in a copy of the package; by default a few, all of them in a soak.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.settings import SETTING, is_soak

from .sabotages import SABOTAGES, Sabotage

_PROJECT = Path(__file__).resolve().parents[2]
_EVERY = 1 if is_soak() else 16
_RANDOM = "test_random_workflows.py::test_a_cached_a_replayed_and_a_reloaded_execution_decide_the_same"


@pytest.fixture
def copy(tmp_path):
    """The engine and the tests of replay, to be spoiled."""
    skipped = shutil.ignore_patterns("__pycache__", "golden")
    shutil.copytree(_PROJECT / "simpleflow_nb", tmp_path / "simpleflow_nb", ignore=skipped)
    shutil.copytree(_PROJECT / "tests" / "replay", tmp_path / "tests" / "replay", ignore=skipped)
    for file in ("setup.cfg", "tests/__init__.py", "tests/settings.py"):
        shutil.copy(_PROJECT / file, tmp_path / file)
    return tmp_path


def failed_tests(folder: Path, *tests: str) -> set[str]:
    """Names of the tests that fail there; anything but plain success and failure is an error."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no", "-rf", *tests],
        cwd=folder,
        env={**{k: v for k, v in os.environ.items() if k != SETTING}, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    lines = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    return {line.rpartition("::")[2].partition("[")[0] for line in lines}


def rule_test(name: str) -> str:
    found = [path.name for path in Path(__file__).parent.glob("test_rules_*.py") if f"def {name}(" in path.read_text()]
    assert len(found) == 1, f"{name} stands in {found}"
    return f"tests/replay/{found[0]}::{name}"


def test_the_copy_passes_as_it_is(copy):
    """Else a failure there says nothing."""
    assert failed_tests(copy, *(f"tests/replay/{path.name}" for path in Path(__file__).parent.glob("test_rules_*.py"))) == set()


@pytest.mark.parametrize("sabotage", SABOTAGES[::_EVERY], ids=str)
def test_an_engine_without_the_rule_fails_its_test(sabotage: Sabotage, copy):
    for file, old, new in sabotage.edits:
        path = copy / "simpleflow_nb" / file
        source = path.read_text()
        assert source.count(old) == 1, f"{file} has this {source.count(old)} times: {old}"
        path.write_text(source.replace(old, new))
    tests = [rule_test(sabotage.test)]
    wanted = {sabotage.test}
    if sabotage.random:
        tests += [f"tests/replay/{_RANDOM}[{first}]" for first in (0, 100, 200, 300)]
        wanted.add(_RANDOM.rpartition("::")[2])
    assert failed_tests(copy, *tests) == wanted


def test_every_rule_is_sabotaged_and_every_rule_has_a_test():
    assert {sabotage.rule for sabotage in SABOTAGES} == set(range(1, 41))
    for sabotage in SABOTAGES:
        rule_test(sabotage.test)
        for file, old, _ in sabotage.edits:
            assert (_PROJECT / "simpleflow_nb" / file).read_text().count(old) == 1, f"{sabotage}: {file} no longer has: {old}"
