"""Which runs are due: twenty workflows over years of dates."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from deciders.runs.due_runs import due_runs
from deciders.specification import ConfiguredWorkflow, SensorSpecification, Specification, WorkflowSpecification
from tests.benchmarks.figures import compared, milliseconds, print_table, timed

SUMMARY = "20 workflows x 10 years of dates; no other engine has such a question to answer"
REPEATS = 7

_WORKFLOWS = 20
_STENCIL_DAYS = 28


def measure(repeats: int, *, with_peers: bool = True, tiny: bool = False) -> None:
    years = (1, 2) if tiny else (5, 10)
    cases = {
        "the same stencil, nothing has run": (_specification(0), False),
        "20 stencils, nothing has run": (_specification(1), False),
        "20 stencils, all have succeeded": (_specification(1), True),
    }
    contestants = {}
    for name, (specification, succeeded) in cases.items():
        for span in years:
            available = {"calls": [date(2010, 1, 1) + timedelta(days) for days in range(365 * span)]}
            states = {}
            if succeeded:
                made = due_runs(specification, available, {})
                states = {(run.workflow_name, run.identity): "succeeded" for run in made.due}
            contestants[name, span] = timed(partial(due_runs, specification, available, states))
    figures = compared({f"{name} {span}": contestant for (name, span), contestant in contestants.items()}, repeats)
    rows = []
    for name, span in contestants:
        one, shorter = figures[f"{name} {span}"], figures[f"{name} {years[0]}"]
        checks = _WORKFLOWS * 365 * span
        rows.append(
            (
                name,
                f"{span} years",
                f"{checks:,}",
                milliseconds(one.minimum),
                milliseconds(one.median),
                milliseconds(one.cpu),
                f"{one.minimum / checks * 1e6:.2f}",
                f"{one.minimum / shorter.minimum:.2f}x for {span / years[0]:.0f}x",
            )
        )
    print_table(
        f"{_WORKFLOWS} workflows, stencils of {_STENCIL_DAYS} days, ms ({repeats} rounds)",
        ("case", "dates", "checks", "minimum", "median", "CPU", "us/check", "grows"),
        rows,
    )


def _specification(shift: int) -> Specification:
    """Twenty workflows with a stencil of 28 single days, each ``shift`` days further back than the one before."""
    entries: list[Any] = [
        ConfiguredWorkflow(
            workflow_name=f"workflow_{number}",
            parameters={"aggregation_unit": "admin3", "threshold": 15},
            date_stencil=[day - number * shift for day in range(1 - _STENCIL_DAYS, 1)],
        )
        for number in range(_WORKFLOWS)
    ]
    return Specification(
        path=Path("workflows.yml"),
        inputs_dir=Path("/inputs"),
        workflows=tuple(WorkflowSpecification(name=entry.workflow_name, notebooks=()) for entry in entries),
        sensor=SensorSpecification(schedule=None, workflows=tuple(entries)),
    )
