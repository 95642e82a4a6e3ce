"""What doctor says of an outputs folder that another user has written into."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workers.health import FAILED, OK, WARNING, Finding, _outputs, _variables, unwritable


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """An outputs folder in which some files count as another user's, also for root, who may write all."""
    folder = tmp_path / "notebooks" / "w" / "2016-01-01_aaaaaaaa"
    folder.mkdir(parents=True)
    files = [folder / "a.ipynb", folder / "b.ipynb"]
    for file in files:
        file.touch()
    (folder / "mine.ipynb").touch()
    (folder / "dangling").symlink_to(tmp_path / "nowhere")
    (folder / "out").symlink_to("/")
    allowed = os.access
    theirs: list[Path] = []
    monkeypatch.setattr(os, "access", lambda path, mode, **how: Path(path) not in theirs and allowed(path, mode, **how))
    theirs += files
    return theirs


def test_an_outputs_folder_of_ones_own_is_in_order(tmp_path: Path, foreign: list[Path]) -> None:
    foreign.clear()
    assert unwritable(tmp_path) == []
    assert _outputs(tmp_path) == type(_outputs(tmp_path))("outputs", OK, f"{tmp_path} can be written to")


def test_files_of_another_user_are_named(tmp_path: Path, foreign: list[Path]) -> None:
    assert unwritable(tmp_path) == [str(path) for path in foreign]
    found = _outputs(tmp_path)
    assert found.state == FAILED
    assert found.text == (
        f"in {tmp_path} notebooks/w/2016-01-01_aaaaaaaa/a.ipynb and 1 more cannot be written by user {os.geteuid()}: "
        f"they belong to user {os.getuid()}; change their owner, or run as that user"
    )


def test_a_single_file_is_named_alone(tmp_path: Path, foreign: list[Path]) -> None:
    del foreign[0]
    assert "b.ipynb cannot be written by user" in _outputs(tmp_path).text


def test_a_misspelt_variable_of_ours_is_reported_and_one_of_other_programs_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("SIMPLEFLOW_NB_KERNEL_POOLS", "SIMPLEFLOW_NB_KERNELS", "SIMPLEFLOW_NB_IMAGE"):
        monkeypatch.setenv(name, "1")
    told = "nothing reads SIMPLEFLOW_NB_KERNEL_POOLS; the variable that is read is SIMPLEFLOW_NB_KERNEL_POOL"
    assert list(_variables()) == [Finding("environment", WARNING, told)]


def test_a_setting_of_simpleflow_that_nothing_reads_is_reported_with_what_replaces_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("ACTIVITY_HEARTBEAT_TIMEOUT", "SIMPLEFLOW_IDENTITY"):
        monkeypatch.setenv(name, "1")
    told = "nothing reads ACTIVITY_HEARTBEAT_TIMEOUT, a setting of simpleflow; give the activity its heartbeat_timeout"
    assert list(_variables()) == [Finding("environment", WARNING, told)]
