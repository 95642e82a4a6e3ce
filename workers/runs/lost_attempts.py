"""Lost attempts at a notebook: their worker was killed before it recorded their end, so that the next attempt does."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deciders.values.label_state import AttemptState
from deciders.values.light import Light

from ..artefacts import write_record

ENAME, EVALUE = "WorkerLost", "the worker ended while the notebook ran"


def record_lost_attempt(folder: Path) -> bool:
    """Set the ``run.json`` of an attempt without an end to ``lost``; return True if it had no end.

    Its end time is that of its last write. A folder without a readable ``run.json`` is not changed: the worker was killed
    before the attempt had begun.
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
    write_record(path, record)
    return True
