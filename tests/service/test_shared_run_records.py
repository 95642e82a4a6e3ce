"""Run records in one file that several processes make and use at once."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from workers.records.run_records import RunRecord, RunRecords

NOON = datetime(2016, 1, 2, 12, tzinfo=UTC)
KEY = ("flows", "1e6bbce81a0df1efeb11278ff440f3de")


def run(number: int) -> RunRecord:
    return RunRecord(
        workflow_name=KEY[0],
        identity=KEY[1],
        instance="2016-01-01_1e6bbce8",
        reference_date="2016-01-01",
        parameters={},
        state="succeeded",
        light="green",
        started=NOON,
        ended=NOON + timedelta(seconds=90),
        attempt=1,
        workflow_id="flows-2016-01-01-1e6bbce8",
        run_id=f"run-{number}",
        error=None,
        artefacts={},
    )


def record_from_a_process(path: Path, first: int) -> None:
    for number in range(first, first + 20):
        with RunRecords(f"sqlite:///{path}") as records:
            records.record(run(number))


def make_files_together(folder: Path, together: Any) -> None:
    for number in range(20):
        together.wait(60)
        with RunRecords(f"sqlite:///{folder}/{number}.sqlite3"):
            pass


def test_processes_that_make_a_file_in_the_same_moment_wait_for_each_other(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(3)
    processes = [context.Process(target=make_files_together, args=(tmp_path, together)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]


def test_processes_make_and_use_one_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite3"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=record_from_a_process, args=(path, 20 * n)) for n in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    with RunRecords(f"sqlite:///{path}") as records:
        assert records.attempts(*KEY) == 60
