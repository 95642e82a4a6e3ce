"""What doctor says of an outputs folder that another user has written into."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simpleflow_nb.local.service import LocalService
from workers.health import FAILED, OK, WARNING, Finding, _journal, _outputs, _values_of_variables, _variables, unwritable


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


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("AUTOFLOW_OUTPUT_DIR", "AUTOFLOW_OUTPUTS_DIR"),
        ("AUTOFLOW_DB_URL", "AUTOFLOW_DB_URI"),
        ("SWF_DOMIAN", "SWF_DOMAIN"),
        ("FLOWAPI_TOKE", "FLOWAPI_TOKEN"),
        ("LOG_LEVL", "LOG_LEVEL"),
        ("SIMPLEFLOW_FORMATS", "SIMPLEFLOW_FORMAT"),
        ("LOGLEVEL", None),  # may be another program's, as all that follow
        ("MY_LOG_LEVEL", None),
        ("AUTOFLOW_DB_USER", None),
        ("AWS_ENDPOINT_URL_S3", None),
        ("SWF_REGION", None),
    ],
)
def test_a_misspelt_variable_of_systems_that_we_take_over_from_is_reported_if_it_is_close(
    name: str, meant: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "x")
    told = [Finding("environment", WARNING, f"nothing reads {name}; the variable that is read is {meant}")] if meant else []
    assert list(_variables()) == told


@pytest.mark.parametrize(
    ("name", "value", "finding"),
    [
        ("SIMPLEFLOW_NB_KERNELS", "fork", None),
        (
            "SIMPLEFLOW_NB_KERNELS",
            "thread",
            Finding("environment", FAILED, "SIMPLEFLOW_NB_KERNELS is 'thread'; fork or spawn is expected"),
        ),
        (
            "SIMPLEFLOW_NB_KERNEL_POOL",
            "many",
            Finding("environment", FAILED, "SIMPLEFLOW_NB_KERNEL_POOL is 'many'; a number from 0 to 64 is expected"),
        ),
        ("SIMPLEFLOW_NB_PRELOAD", "json.decoder", None),
        (
            "SIMPLEFLOW_NB_PRELOAD",
            "json, nosuch.module",
            Finding(
                "environment",
                WARNING,
                "SIMPLEFLOW_NB_PRELOAD names 'nosuch.module', and there is no module 'nosuch'; install it, or leave it out",
            ),
        ),
    ],
)
def test_values_that_a_start_would_refuse_are_found(
    name: str, value: str, finding: Finding | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert list(_values_of_variables()) == ([finding] if finding is not None else [])


def test_a_mounted_file_that_cannot_be_read_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "FLOWAPI_URL").mkdir()
    monkeypatch.setattr("simpleflow_nb.environment.SECRETS_DIR", tmp_path)
    told = f"{tmp_path / 'FLOWAPI_URL'} cannot be read: is a directory"
    assert list(_values_of_variables()) == [Finding("environment", FAILED, told)]


def test_a_module_of_settings_that_cannot_be_imported_is_one_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMPLEFLOW_SETTINGS_MODULE", "no_such_shop")
    told = "SIMPLEFLOW_SETTINGS_MODULE names no_such_shop, which cannot be imported: "
    told += "ModuleNotFoundError: No module named 'no_such_shop'"
    assert list(_values_of_variables()) == [Finding("environment", FAILED, told)]


def test_a_journal_that_no_command_could_read_is_found(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    assert list(_journal(path)) == []
    os.mkfifo(path)
    told = f"{path} is not a journal: it is no file; move it away, or name another with --db"
    assert list(_journal(path)) == [Finding("journal", FAILED, told)]
    path.unlink()
    path.touch()
    assert list(_journal(path)) == []
    LocalService.open(path).close()
    assert list(_journal(path)) == [Finding("journal", OK, f"{path} has 0 executions")]


def test_a_setting_of_simpleflow_that_nothing_reads_is_reported_with_what_replaces_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("SWF_MAX_OPEN_ACTIVITY_COUNT", "ACTIVITY_HEARTBEAT_TIMEOUT", "SIMPLEFLOW_IDENTITY"):
        monkeypatch.setenv(name, "1")
    told = "nothing reads SWF_MAX_OPEN_ACTIVITY_COUNT, a setting of simpleflow; give the workflow its max_open_activity_count"
    assert list(_variables()) == [Finding("environment", WARNING, told)]
