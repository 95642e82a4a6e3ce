"""The sensor: what a check costs with ever more dates that have run, and three virtual years of daily checks."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from deciders.runs.due_runs import due_runs
from deciders.sensor_workflow import SensorWorkflow
from deciders.specification import (
    ConfiguredWorkflow,
    FilesSource,
    NotebookSpecification,
    SensorSpecification,
    Specification,
    WorkflowSpecification,
)
from simpleflow_nb import activity
from simpleflow_nb.activity import Activity
from simpleflow_nb.activity_context import ActivityContext, context
from simpleflow_nb.local.clock import VirtualClock
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.payload_directory import MemoryPayloads
from simpleflow_nb.testing import RunFailed, harness
from tests.benchmarks.figures import Figures, Sample, compared, milliseconds, print_table, timed
from workers import activities as bodies
from workers.records.run_records import RunRecord, RunRecords
from workers.runs.sensor_check import check_for_new_dates
from workers.sources.available_dates import read_available_dates

SUMMARY = "a check of the sensor with thousands of dates, and three virtual years of checks; no peer has a sensor"
REPEATS = 5

_KINDS = {"empty": "that does nothing", "real": "of a folder without files"}
_WORKFLOWS = 3
_FIRST = date(2010, 1, 1)
_NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def measure(repeats: int, *, with_peers: bool = True, tiny: bool = False) -> None:
    sizes = (5, 10) if tiny else (1_000, 2_000, 4_000)
    with tempfile.TemporaryDirectory() as folder:
        places = {size: _Place(Path(folder) / str(size), size) for size in sizes}
        figures = compared({str(size): timed(partial(_check, place)) for size, place in places.items()}, repeats)
    rows = []
    for size in sizes:
        one, least = figures[str(size)], figures[str(sizes[0])]
        grown = f"{one.minimum / least.minimum:.2f}x for {size / sizes[0]:.0f}x"
        per_date = f"{one.minimum / size / _WORKFLOWS * 1e6:.1f}"
        shown = (milliseconds(one.minimum), milliseconds(one.median), per_date, grown)
        rows.append((f"{size:,} dates", f"{size * _WORKFLOWS:,}", *shown))
    print_table(
        f"a check, all runs of {_WORKFLOWS} workflows have succeeded; files and SQLite, ms ({repeats} rounds)",
        ("dates", "records", "minimum", "median", "us/record", "grows"),
        rows,
    )
    ticks = 10 if tiny else 3 * 365
    years = {name: Figures((_years(ticks, real=name == "real"),)) for name in ("empty", "real")}
    print_table(
        f"{ticks:,} daily checks on the local service, s (once)",
        ("check", "minimum", "CPU", "ms/check"),
        [
            (_KINDS[name], f"{one.minimum:.2f}", f"{one.cpu:.2f}", f"{one.minimum / ticks * 1e3:.1f}")
            for name, one in years.items()
        ],
    )


@dataclass
class _Place:
    """A folder with data files, and records that say that all of them have been done."""

    folder: Path
    dates: int

    def __post_init__(self) -> None:
        (self.folder / "data").mkdir(parents=True)
        for number in range(self.dates):
            (self.folder / "data" / f"{_FIRST + timedelta(number)}.csv").touch()
        self.specification = _specification(self.folder)
        self.outputs = self.folder / "outputs"
        available = read_available_dates(self.specification)
        with RunRecords.open(self.outputs) as records, records.transaction() as connection:
            from workers.records.run_tables import row_of

            rows = [row_of(_record(run, number)) for number, run in enumerate(due_runs(self.specification, available, {}).due)]
            connection.execute(records._runs.insert(), rows)


def _check(place: _Place) -> None:
    service = LocalService()
    try:
        ids = {"domain": DOMAIN, "workflow_id": "bench", "run_id": "bench", "activity_id": "bench"}
        task = ActivityContext(**ids, name="bench", version="1", task_list="bench", service=service, payloads=MemoryPayloads())
        found = check_for_new_dates(task, place.specification, str(place.outputs))
        assert (list(found.started), found.not_due) == ([], place.dates * _WORKFLOWS)
    finally:
        service.close()


def _record(run: Any, number: int) -> RunRecord:
    return RunRecord(
        workflow_name=run.workflow_name,
        identity=run.identity,
        instance=run.instance,
        reference_date=run.reference_date.isoformat(),
        parameters=run.parameters,
        state="succeeded",
        light="green",
        started=_NOON,
        ended=_NOON,
        attempt=1,
        workflow_id=run.workflow_id,
        run_id=f"run-{number}",
        error=None,
        artefacts={"one": "/out/one.ipynb"},
        reason="not run yet",
        labels={"one": "done"},
        notebooks={"one.ipynb": "0" * 64},
    )


def _specification(folder: Path) -> Specification:
    names = [f"workflow_{number}" for number in range(_WORKFLOWS)]
    notebooks = (NotebookSpecification(label="one", filename="one.ipynb"),)
    return Specification(
        path=folder / "workflows.yml",
        inputs_dir=folder,
        workflows=tuple(WorkflowSpecification(name=name, notebooks=notebooks) for name in names),
        sensor=SensorSpecification(
            schedule="0 6 * * *",
            source=FilesSource(files={"calls": "data/{date}.csv"}),
            workflows=tuple(ConfiguredWorkflow(workflow_name=name) for name in names),
        ),
    )


def _years(ticks: int, *, real: bool) -> Sample:
    """So many daily checks, as the sensor makes them, on a virtual clock."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "data").mkdir()
        specification = _specification(place).model_dump(mode="json")
        with (
            harness(SensorWorkflow, clock=VirtualClock(_NOON.timestamp())) as opened,
            _counted_checks(ticks, real=real) as moments,
        ):
            cpu, start = time.process_time(), time.perf_counter()
            ids = opened.start(SensorWorkflow, specification=specification, outputs=str(place / "outputs"))
            with contextlib.suppress(RunFailed):  # it is terminated
                opened.result(*ids, real_seconds=600)
            spent = Sample(time.perf_counter() - start, time.process_time() - cpu)
            assert len(moments) == ticks
            return spent


@contextmanager
def _counted_checks(last: int, *, real: bool) -> Iterator[list[int]]:
    """Let the check number ``last`` end the sensor; without ``real`` a check does nothing at all."""
    declared, body = bodies.feed_new_dates, bodies.feed_new_dates.callable
    numbers = itertools.count(1)
    made: list[int] = []

    def feed_new_dates(**given: Any) -> Any:
        made.append(next(numbers))
        if made[-1] == last:
            context().service.terminate_workflow_execution(domain=DOMAIN, workflowId=context().workflow_id)
        if real:
            assert body is not None
            return body(**given)
        return {"started": [], "not_due": 0, "held_back": 0, "warnings": [], "retry_seconds": None}

    try:
        Activity(feed_new_dates, name=declared.name, version=declared.version, raises_on_failure=False)
        yield made
    finally:
        activity._registry[declared.name] = declared
