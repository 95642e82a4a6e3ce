"""Loggers of conductors and flows, and states that they save."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from simpleflow_nb.dialects.ductaflow import (
    analyze_execution_logs,
    run_notebook,
    setup_conductor_logging,
    setup_execution_logging,
)

from .conftest import IMPORT, Write, below


@pytest.fixture(autouse=True)
def closed_loggers() -> Iterator[None]:
    yield
    for name in ("ductaflow", "conductor"):
        logger = logging.getLogger(name)
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "conductor.ipynb"
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Title"}
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def test_messages_stand_in_the_log_as_they_are_so_that_warnings_are_found(tmp_path: Path, capsys):
    path = tmp_path / "runs/a/prep_execution_output.txt"
    logger = setup_execution_logging(path)
    logger.warning("Warning: %s rows", 3)
    logger.debug("not shown")
    assert path.read_text(encoding="utf-8") == capsys.readouterr().out == "Warning: 3 rows\n"
    assert (logger.name, logger.propagate) == ("ductaflow", False)
    assert analyze_execution_logs(tmp_path) == "warning"


def test_a_logger_that_is_set_up_again_writes_each_message_once(tmp_path: Path, capsys):
    setup_execution_logging(tmp_path / "one.txt").info("first")
    setup_execution_logging(tmp_path / "two.txt", level=logging.DEBUG).debug("second")
    assert ((tmp_path / "one.txt").read_text(), (tmp_path / "two.txt").read_text()) == ("first\n", "second\n")
    assert capsys.readouterr().out == "first\nsecond\n"


def test_the_log_of_a_conductor_has_times_and_all_sessions_of_the_day(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for message in ("one", "two"):
        setup_conductor_logging().info(message)
    (path,) = (tmp_path / "session_outputs").iterdir()
    assert re.fullmatch(r"conductor_\d{8}.txt", path.name)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}", "TIME", line) for line in lines] == [
        "TIME - INFO - one",
        "TIME - INFO - two",
    ]
    assert capsys.readouterr().out == "one\ntwo\n"


def test_a_state_is_saved_of_the_notebook_that_is_given(tmp_path: Path, notebook: Path):
    logger = setup_conductor_logging(tmp_path / "out", notebook_path=notebook)
    logger.info("after: Low", extra={"save_state": True})
    logger.info("saved", extra={"save_state": True, "label": "named"})
    logger.info("not saved")
    saved = [name for name in below(tmp_path / "out") if name.endswith((".ipynb", ".html"))]
    assert sorted(re.sub(r"_\d{8}_\d{6}_", "_TIME_", name) for name in saved) == [
        "conductor_TIME_after%3A Low.html",
        "conductor_TIME_after%3A Low.ipynb",
        "conductor_TIME_named.html",
        "conductor_TIME_named.ipynb",
    ]


def test_a_state_is_saved_of_the_notebook_that_jupyter_names(tmp_path: Path, notebook: Path, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", str(notebook))
    (tmp_path / "ductaflow_other.ipynb").write_text("{}")  # what lies around is not guessed at
    setup_conductor_logging(tmp_path / "out").info("x", extra={"save_state": True})
    assert [name for name in below(tmp_path / "out") if name.startswith("conductor_") and name.endswith("_x.ipynb")]


def test_a_state_is_saved_of_the_flow_that_is_running(write: Write, tmp_path: Path):
    write(
        "conduct.py",
        f"""
        {IMPORT} setup_conductor_logging
        logger = setup_conductor_logging("out")
        # %%
        logger.info("x", extra={{"save_state": True}})
        """,
    )
    run_notebook("conduct.py", export_html=False)
    assert [name for name in below(tmp_path / "out") if re.fullmatch(r"conduct_executed_\d{8}_\d{6}_x.ipynb", name)]


def test_a_state_that_cannot_be_saved_is_a_warning_in_the_log(tmp_path: Path, capsys):
    logger = setup_conductor_logging(tmp_path / "out")
    logger.info("x", extra={"save_state": True})
    missing = tmp_path / "none.ipynb"
    setup_conductor_logging(tmp_path / "out", notebook_path=missing).info("y", extra={"save_state": True})
    assert capsys.readouterr().out.splitlines() == [
        "x",
        "warning: no state saved, as this is no notebook whose file is known; give its notebook_path",
        "y",
        f"warning: no state saved of {missing}: [Errno 2] No such file or directory: '{missing}'",
    ]
