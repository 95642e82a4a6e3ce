"""Attempts at a notebook whose worker was killed: nobody wrote their end, so whoever begins the next attempt does."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deciders.values.label_state import AttemptState
from deciders.values.light import Light

from ..artefacts import write_atomically

ENAME, EVALUE = "WorkerLost", "the worker ended while the notebook ran"


def record_lost_attempt(folder: Path) -> bool:
    """Let the ``run.json`` of an attempt that nobody works on any more say ``lost``; whether it did not say how it ended.

    Its end is when it last wrote anything. A folder without a readable ``run.json`` is left as it is: the worker was
    killed before it had begun.
    """
    path = folder / "run.json"
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if record["status"] != AttemptState.RUNNING:
            return False
        began = datetime.fromisoformat(record["started"])
    except (OSError, ValueError, TypeError, KeyError):
        return False
    last = max(file.stat().st_mtime for file in folder.iterdir() if file.is_file())
    ended = max(began, datetime.fromtimestamp(last, UTC))
    record |= {
        "status": AttemptState.LOST,
        "light": Light.of_work(failed=True),
        "ended": ended.isoformat(),
        "duration_seconds": round((ended - began).total_seconds(), 3),
        "error": {"cell": (record.get("progress") or {}).get("cell"), "ename": ENAME, "evalue": EVALUE},
    }
    write_atomically(path, json.dumps(record, indent=2) + "\n")
    return True
