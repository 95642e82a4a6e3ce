"""Settings from outside: mounted files before the environment, whatever reads them."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from simpleflow_nb import environment
from simpleflow_nb.cli import logs
from simpleflow_nb.environment import setting
from workers import secrets
from workers.run_records import RunRecords


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setattr(environment, "SECRETS_DIR", folder)
    return folder


def test_a_mounted_file_wins_and_white_space_around_is_no_part_of_it(mounted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLOWAPI_URL", raising=False)
    assert setting("FLOWAPI_URL") == ""
    monkeypatch.setenv("FLOWAPI_URL", " https://from.environment ")
    assert setting("FLOWAPI_URL") == "https://from.environment"
    (mounted / "FLOWAPI_URL").write_text("https://mounted\n")
    assert setting("FLOWAPI_URL") == "https://mounted"


def test_the_database_may_be_named_by_files_alone(mounted: Path, tmp_path: Path) -> None:
    (mounted / "AUTOFLOW_DB_URI").write_text(f"sqlite:///{tmp_path}/{{}}.sqlite3\n")
    (mounted / "AUTOFLOW_DB_PASSWORD").write_text("runs\n")
    with RunRecords.open(tmp_path / "out") as records:
        assert records.location == f"{tmp_path}/runs.sqlite3"
    assert not (tmp_path / "out").exists()


def test_a_mounted_address_is_not_masked_and_a_mounted_token_is(mounted: Path) -> None:
    (mounted / "FLOWAPI_URL").write_text("https://mounted")
    (mounted / "FLOWAPI_TOKEN").write_text("a-long-secret")
    assert secrets.masked("https://mounted a-long-secret") == "https://mounted ***"


@pytest.mark.parametrize("formatter", [logs.TextFormatter(), logs.JsonFormatter()])
def test_log_lines_of_every_command_hide_secrets(formatter: logging.Formatter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWAPI_TOKEN", 'a-long-"secret"')
    record = logging.LogRecord("nbclient", logging.DEBUG, "x.py", 1, "said %s", (json.dumps('a-long-"secret"'),), None)
    assert "a-long-" not in formatter.format(record)
    assert "***" in formatter.format(record)
