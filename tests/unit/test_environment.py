"""Settings from outside: mounted files before the environment, whatever reads them."""

from __future__ import annotations

import importlib.util
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from simpleflow_nb import environment
from simpleflow_nb.processes import logs
from workers import secrets
from workers.databases import installed_driver
from workers.records.run_records import RunRecords


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setattr(environment, "SECRETS_DIR", folder)
    return folder


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


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """Afterwards the levels of all loggers are what they were."""
    root = logging.getLogger()
    levels = {name: one.level for name, one in root.manager.loggerDict.items() if isinstance(one, logging.Logger)}
    level = root.level
    yield
    root.setLevel(level)
    for name, one in root.manager.loggerDict.items():
        if isinstance(one, logging.Logger):
            one.setLevel(levels.get(name, logging.NOTSET))


@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
@pytest.mark.usefixtures("logging_as_before")
def test_a_low_level_shows_what_is_ours_and_the_users_own_and_not_how_libraries_work(
    level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", level)
    monkeypatch.delenv("AUTOFLOW_LOG_LEVEL", raising=False)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # where there are some, nothing is configured
    logs.configure()
    number = logging.getLevelNamesMapping()[level]
    shown = ("simpleflow_nb.processes.worker", "workers.activities", "deciders.runs.due_runs", "shop.orders")
    assert [name for name in shown if not logging.getLogger(name).isEnabledFor(number)] == []
    silent = (
        *("httpcore.http11", "httpcore.connection", "httpx", "botocore.parsers", "urllib3.connectionpool", "s3transfer"),
        *(
            "markdown_it.rules_block",
            "papermill",
            "nbclient",
            "asyncio",
            "traitlets",
            "sqlalchemy.pool",
            "matplotlib.font_manager",
        ),
    )
    assert [name for name in silent if logging.getLogger(name).isEnabledFor(number)] == []
    assert logging.getLogger("httpx").isEnabledFor(logging.WARNING)


@pytest.mark.parametrize(
    ("address", "psycopg2", "driver"),
    [
        ("postgresql://u:p@h/d", False, "postgresql+psycopg"),
        ("postgres://u:p@h/d", False, "postgresql+psycopg"),
        ("postgresql+psycopg2://u:p@h/d", False, "postgresql+psycopg"),
        ("postgresql+psycopg://u:p@h/d", False, "postgresql+psycopg"),
        ("postgresql://u:p@h/d", True, "postgresql"),
        ("postgres://u:p@h/d", True, "postgresql"),
        ("postgresql+psycopg2://u:p@h/d", True, "postgresql+psycopg2"),
        ("postgresql+pg8000://u:p@h/d", False, "postgresql+pg8000"),
        ("sqlite:///x", False, "sqlite"),
    ],
)
def test_an_address_of_postgresql_means_the_driver_that_is_there(
    address: str, psycopg2: bool, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    found = real("json") if psycopg2 else None
    monkeypatch.setattr("importlib.util.find_spec", lambda name: found if name == "psycopg2" else real(name))
    assert installed_driver(sa.make_url(address)).drivername == driver
