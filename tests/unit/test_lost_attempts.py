"""The record of an attempt whose worker was killed."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from workers.runs.lost_attempts import record_lost_attempt

BEGAN = datetime(2024, 1, 1, 12, tzinfo=UTC)


def left(folder: Path, **changes: Any) -> Path:
    """What an attempt leaves that began at noon, last wrote 90 s later and was in its second cell."""
    record = {"label": "count", "status": "running", "light": None, "started": BEGAN.isoformat(), "ended": None}
    record |= {"duration_seconds": None, "progress": {"cell": 2, "cells": 3, "heading": "Load"}, "error": None}
    (folder / "run.json").write_text(json.dumps(record | changes))
    (folder / "output.txt").write_text("a line\n")
    os.utime(folder / "run.json", (BEGAN.timestamp() + 1,) * 2)
    os.utime(folder / "output.txt", (BEGAN.timestamp() + 90,) * 2)
    return folder


def test_it_says_lost_and_when_something_was_written_last(tmp_path: Path) -> None:
    assert record_lost_attempt(left(tmp_path))
    assert json.loads((tmp_path / "run.json").read_text()) == {
        "schema": 1,
        "label": "count",
        "status": "lost",
        "light": "red",
        "started": "2024-01-01T12:00:00+00:00",
        "ended": "2024-01-01T12:01:30+00:00",
        "duration_seconds": 90.0,
        "progress": {"cell": 2, "cells": 3, "heading": "Load"},
        "error": {"cell": 2, "ename": "WorkerLost", "evalue": "the worker ended while the notebook ran"},
    }
    assert not record_lost_attempt(tmp_path)


def test_before_its_first_cell_no_cell_is_named(tmp_path: Path) -> None:
    record_lost_attempt(left(tmp_path, progress=None))
    assert json.loads((tmp_path / "run.json").read_text())["error"]["cell"] is None


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "lost"])
def test_an_end_that_is_on_record_stands(status: str, tmp_path: Path) -> None:
    before = (left(tmp_path, status=status) / "run.json").read_bytes()
    assert not record_lost_attempt(tmp_path)
    assert (tmp_path / "run.json").read_bytes() == before


@pytest.mark.parametrize("text", ["", "[]", "{", '{"status": "running"}', '{"status": "running", "started": 3}'])
def test_a_record_that_cannot_be_read_is_left_alone(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    assert not record_lost_attempt(tmp_path)
    assert (tmp_path / "run.json").read_text() == text


def test_without_a_record_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert not record_lost_attempt(tmp_path)
    assert not record_lost_attempt(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []
