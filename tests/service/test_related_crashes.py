"""kill -9 at random instants, with several executions in one call: what one history says of another, that one says too."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.local.reader import JournalReader

from ..settings import count
from .related_histories import Histories, check_related
from .relating import CHILDREN, FAMILIES, POLICIES

KILLS_A_TEST = 6


@pytest.mark.parametrize("seed", range(count(2, 150)))
def test_no_kill_parts_a_child_from_its_parent_or_a_signal_from_its_sender(tmp_path: Path, seed: int) -> None:
    path, rng = tmp_path / "journal.sqlite3", random.Random(seed)
    for kill in range(KILLS_A_TEST + 1):
        lines, code = _run_until_killed(path, rng.uniform(0.0, 0.15) if kill < KILLS_A_TEST else None)
        assert code in (-signal.SIGKILL, 0)
        check_related(_histories(path))
    assert lines[-1] == "end"
    _check_ended(_histories(path))


def _histories(path: Path) -> Histories:
    """Read what is in the file, as nobody has mended it yet."""
    if not path.exists():
        return {}
    reader = JournalReader(path, may_be_missing=True)
    found: Any = {(one.workflow_id, one.run_id): [] for one in reader.changes().executions}
    for workflow_id, run_id in found:
        found[workflow_id, run_id] = reader.events(workflow_id, run_id)
    reader.close()
    return found


def _check_ended(histories: Histories) -> None:
    """Every execution has come to the end that its code wants."""
    ends = {}
    for (workflow_id, _), events in histories.items():
        ends[workflow_id] = events[-1]["eventType"].removeprefix("WorkflowExecution")
    wanted: dict[str, str] = {}
    for n in range(FAMILIES):
        wanted |= {
            f"family-{n}": "Completed",
            f"family-{n}.0": "Completed",
            f"family-{n}.1": "Failed",
            f"family-{n}.2": "Canceled",
        }
        how = {"TERMINATE": "Terminated", "REQUEST_CANCEL": "Canceled", "ABANDON": "Completed"}[POLICIES[n % len(POLICIES)]]
        wanted |= {f"doomed-{n}": "Terminated"} | {f"doomed-{n}.{index}": how for index in range(CHILDREN)}
    assert ends == wanted


def _run_until_killed(path: Path, seconds: float | None) -> tuple[list[str], int]:
    """Return what the child said, in whole lines, and how it ended; killed that long after it had opened the journal."""
    command = [sys.executable, "-c", "import sys; from tests.service.relating import main; main(sys.argv[1])", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    said = process.stdout.readline()
    killer = threading.Timer(120 if seconds is None else seconds, process.kill)
    killer.start()
    said += process.stdout.read()
    killer.cancel()
    code = process.wait()
    process.stdout.close()
    return said.decode().split("\n")[:-1], code
