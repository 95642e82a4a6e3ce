"""What a signal may touch: it comes in the middle of whatever the main thread does."""

from __future__ import annotations

import signal
from pathlib import Path

from simpleflow_nb.cli.local_run import LocalRun


def test_an_interrupt_that_comes_while_the_run_waits_with_a_lock_in_its_hands_is_taken(tmp_path: Path) -> None:
    """The handler runs in the thread that it interrupts: asking for a lock that this thread holds would hang for ever."""
    with LocalRun(tmp_path / "journal.sqlite3", durable=False) as run:
        with run._wake._cond:
            run._interrupt(signal.SIGINT, None)
        assert run.interrupts == 1
