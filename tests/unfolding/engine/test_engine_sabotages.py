"""Break how runs are carried out, and a test of random graphs must fail. In a copy of the project; a few, all in a soak."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.mutants.copied_project import CopiedProject
from tests.settings import PATIENCE_SECONDS, is_soak

from .sabotages import SABOTAGES, Sabotage

_HERE = Path(__file__).parent
_PROJECT = _HERE.parents[2]
_EVERY = 1 if is_soak() else 9


@pytest.mark.parametrize("sabotage", SABOTAGES[::_EVERY], ids=str)
def test_runs_that_are_carried_out_otherwise_are_noticed(sabotage: Sabotage, tmp_path: Path) -> None:
    copy = CopiedProject(tmp_path)
    source = (tmp_path / "deciders" / sabotage.file).read_text("utf-8")
    copy.write(f"deciders/{sabotage.file}", source.replace(sabotage.text, sabotage.replacement))
    tests = f"{_HERE.relative_to(_PROJECT)}/{sabotage.test}"
    failed, _ = copy.failed_test(tests, within_seconds=PATIENCE_SECONDS)
    assert failed is not None
    assert failed.startswith(tests)


def test_each_sabotage_is_a_change_in_one_place_and_its_test_is_there() -> None:
    for sabotage in SABOTAGES:
        source = (_PROJECT / "deciders" / sabotage.file).read_text("utf-8")
        assert source.count(sabotage.text) == 1, f"{sabotage}: {sabotage.file} has this {source.count(sabotage.text)} times"
        compile(source.replace(sabotage.text, sabotage.replacement), sabotage.file, "exec")
        file, _, test = sabotage.test.partition("::")
        assert f"def {test}" in (_HERE / file).read_text("utf-8")
    assert [name for name, times in Counter(map(str, SABOTAGES)).items() if times > 1] == []
