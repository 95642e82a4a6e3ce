"""Runs that were left to a process which has ended: the next one waits for them, and can be interrupted meanwhile."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from simpleflow_nb.application.events import Look
from simpleflow_nb.application.runners.left_runs import LeftRuns
from simpleflow_nb.local.service import LocalService
from simpleflow_nb.processes.interrupts import Interrupts


def test_the_first_ctrl_c_ends_the_wait_for_what_was_left(tmp_path: Path) -> None:
    journal, interrupts = tmp_path / "journal.sqlite3", Interrupts()
    with closing(LocalService.open(journal)) as service, LeftRuns(journal, ["w"], interrupts=interrupts) as left:
        left.was_left = True
        call = left.is_begun(service)
        assert [next(call) for _ in range(3)] == [Look()] * 3
        interrupts.count = 1
        with pytest.raises(StopIteration) as end:
            next(call)
    assert end.value.value is False


def test_what_was_left_to_nobody_is_begun_by_nobody(tmp_path: Path) -> None:
    journal = tmp_path / "journal.sqlite3"
    left = LeftRuns(journal, ["w"], interrupts=None)
    with closing(LocalService.open(journal)) as service, pytest.raises(StopIteration) as end:
        next(left.is_begun(service))
    assert end.value.value is False
