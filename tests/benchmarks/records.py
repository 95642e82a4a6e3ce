"""The run records: what a listing, a check of the sensor, and one more record cost with three years of runs in them."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from hashlib import md5
from pathlib import Path
from statistics import median
from typing import Any

from deciders.specification import NotebookSpecification, Specification, WorkflowSpecification
from simpleflow_nb.application.places import Place
from simpleflow_nb.application.records.run_rows import run_rows
from simpleflow_nb.processes.payload_directory import PayloadDirectory
from tests.benchmarks.figures import Contestant, compared, milliseconds, print_table, timed
from workers.records.run_records import RunRecord, RunRecords
from workers.records.run_tables import row_of

SUMMARY = "listings and single records among three years of runs of ten workflows, SQLite; no peer keeps records of dates"
REPEATS = 15

_LAST = date(2026, 11, 27)


def measure(repeats: int, *, with_peers: bool = True, tiny: bool = False) -> None:
    with tempfile.TemporaryDirectory() as folder:
        outputs = Path(folder)
        specification, place = _ten_workflows(), Place(None, "", PayloadDirectory(outputs))
        number = _fill(outputs, 10 if tiny else 3 * 365)
        with RunRecords.open(outputs) as records:
            asked: dict[str, Callable[[], Any]] = {
                "states()": records.states,
                "ends()": records.ends,
                "successes()": records.successes,
                "latest()": records.latest,
                "latest run rows": partial(run_rows, specification, outputs, place),
                "latest run rows, sets": lambda: [row.set for row in run_rows(specification, outputs, place)],
                "latest_cells()": records.latest_cells,
                "runs()": records.runs,
                "runs() of one instance": lambda: records.runs(*_instance(number - 1)),
                "open": lambda: RunRecords.open(outputs).close(),
                "record()": lambda: records.record(_record(number)),
            }
            contestants: dict[str, Contestant] = {name: timed(partial(_call, call)) for name, call in asked.items()}
            figures = compared(contestants, repeats)
    print_table(
        f"{number:,} runs, ms ({repeats} rounds)",
        ("what", "minimum", "median", "CPU", "median CPU"),
        [
            (name, *map(milliseconds, (one.minimum, one.median, one.cpu, median(sample.cpu for sample in one.samples))))
            for name, one in figures.items()
        ],
    )


def _ten_workflows() -> Specification:
    notebooks = (NotebookSpecification(label="count", filename="count.ipynb"),)
    workflows = tuple(WorkflowSpecification(name=f"workflow_{number}", notebooks=notebooks) for number in range(10))
    return Specification(path=Path("workflows.yml"), inputs_dir=Path(), workflows=workflows, sensor=None)


def _call(call: Callable[[], Any]) -> None:
    call()


def _instance(number: int) -> tuple[str, str]:
    name, day = f"workflow_{number % 10}", _LAST - timedelta(number // 10)
    return name, md5(f"{name}{day}".encode(), usedforsecurity=False).hexdigest()


def _fill(outputs: Path, days: int) -> int:
    """Ten runs a day, made in the order of their dates; returns how many."""
    number = 10 * days
    with RunRecords.open(outputs) as records, records.transaction() as connection:
        connection.execute(records._runs.insert(), [row_of(_record(one)) for one in reversed(range(number))])
    return number


def _record(number: int) -> RunRecord:
    """What a run of the flights of the examples leaves, in the proportions of real ones."""
    chance = random.Random(number)
    name, identity = _instance(number)
    day = _LAST - timedelta(number // 10)
    light = chance.choices(("green", "orange", "red"), (93, 4, 3))[0]
    began = datetime(day.year, day.month, day.day, 6, tzinfo=UTC) + timedelta(1, chance.randrange(900))
    instance = f"{day}_{identity[:8]}"
    found = RunRecord(
        workflow_name=name,
        identity=identity,
        instance=instance,
        reference_date=day.isoformat(),
        parameters={
            "origin": "EWR",
            "limit": 10,
            "reference_date": day.isoformat(),
            "date_ranges": [[(day - timedelta(7)).isoformat(), day.isoformat()]],
        },
        state="failed" if light == "red" else "succeeded",
        light=light,
        started=began,
        ended=began + timedelta(seconds=chance.randrange(20, 200)),
        attempt=1,
        workflow_id=f"{name}-{day}-{identity}",
        run_id=f"run-{number}",
        error="count failed: ValueError: 3 rows have no carrier" if light == "red" else None,
        artefacts={
            "count": f"notebooks/{name}/{instance}/count/count.ipynb",
            "report": f"notebooks/{name}/{instance}/report/report.ipynb",
            "report:report": f"reports/{name}/{instance}/report.pdf",
        },
        reason="first run",
        labels={"count": "done", "report": "done"},
        notebooks={"count.ipynb": "0" * 64, "report.ipynb": "1" * 64},
    )
    return replace(
        found, date_stencil=[[-7, 0]], notes={"count": ["warning: 3 rows have no carrier"]} if light == "orange" else {}
    )
