"""Put a mistake into the code, and the file of tests that is there for it must fail within a minute.

Each mutant is made in a copy of the project: two in every run, all of them in a soak. ``-rP`` shows how long each lived.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.settings import is_soak

from .copied_project import CopiedProject, StillRunning
from .mutant import PROJECT, Mutant
from .mutants import MUTANTS

_LONGEST_LIFE_SECONDS = 60
_TRIED = MUTANTS if is_soak() else MUTANTS[:2]


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[CopiedProject]:
    yield CopiedProject(tmp_path)
    shutil.rmtree(tmp_path)  # pytest would keep every one of them


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_each_mutant_is_a_change_in_one_place_and_its_tests_are_there(mutant: Mutant) -> None:
    """So that a mutant moves with the code that it is about."""
    assert mutant.mutated() != mutant.source()
    compile(mutant.mutated(), mutant.file, "exec")
    assert (PROJECT / mutant.killed_by).is_file()


def test_the_names_of_the_mutants_are_their_own() -> None:
    assert [name for name, times in Counter(mutant.name for mutant in MUTANTS).items() if times > 1] == []


def test_what_is_imported_in_a_copy_is_the_copy(copy: CopiedProject) -> None:
    names = ("deciders", "simpleflow_nb", "tests", "workers")
    code = f"import {', '.join(names)}\nfor package in ({', '.join(names)}): print(*package.__path__)"
    status, said = copy.python("-c", code, within_seconds=_LONGEST_LIFE_SECONDS)
    assert (status, said.splitlines()) == (0, [str(copy.folder / name) for name in names])


def test_tests_that_do_not_end_are_told_from_tests_that_fail(copy: CopiedProject) -> None:
    copy.write("tests/test_endless.py", "import time\n\n\ndef test_endless():\n    time.sleep(600)\n")
    with pytest.raises(StillRunning, match=r"^not done within 2 s: -m pytest "):
        copy.failed_test("tests/test_endless.py", within_seconds=2)


@pytest.mark.parametrize("mutant", _TRIED, ids=str)
def test_a_mutant_dies(mutant: Mutant, copy: CopiedProject) -> None:
    copy.write(mutant.file, mutant.mutated())
    failed, seconds = copy.failed_test(mutant.killed_by, within_seconds=_LONGEST_LIFE_SECONDS)
    assert failed is not None, f"{mutant.killed_by} passes with this mutant"
    copy.write(mutant.file, mutant.source())
    assert copy.passes_again(mutant.killed_by, within_seconds=_LONGEST_LIFE_SECONDS), f"{failed} fails without the mutant too"
    print(f"{seconds:5.1f} s  {mutant}  {failed}")
