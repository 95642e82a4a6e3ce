"""Entries of the sensor that start the same runs are told of by ``validate``, however they are spelled."""

from __future__ import annotations

from pathlib import Path

import pytest

from deciders.specification import load_with_warnings
from tests.acceptance.samples import WORKFLOWS, inputs

WITH = "{workflow_name: days, parameters: %s}"


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        (["{workflow_name: days}"], []),
        (["{workflow_name: days}", "{workflow_name: days}"], [(2, 1)]),
        (["{workflow_name: days}", "{workflow_name: days, date_stencil: [[0, 1]]}"], [(2, 1)]),
        (["{workflow_name: days, date_stencil: [0]}", "{workflow_name: days}"], [(2, 1)]),
        (["{workflow_name: days}", "{workflow_name: days, date_stencil: [-1]}", "{workflow_name: days}"], [(3, 1)]),
        (["{workflow_name: days, date_stencil: [-1, 0]}", "{workflow_name: days, date_stencil: [[-1, 0], [0, 1]]}"], [(2, 1)]),
        (
            [
                "{workflow_name: days, date_stencil: [2016-01-01]}",
                "{workflow_name: days, date_stencil: [[2016-01-01, 2016-01-02]]}",
            ],
            [(2, 1)],
        ),
        (["{workflow_name: days}", "{workflow_name: days, earliest_date: 2016-01-01}"], [(2, 1)]),
        (["{workflow_name: days}", "{workflow_name: days, date_stencil: [[-1, 1]]}"], []),
        (["{workflow_name: days}", "{workflow_name: days, date_stencil: []}"], []),
        ([WITH % "{how: 1}", WITH % "{how: true}", WITH % "{how: 1.0}", WITH % "{how: '1'}"], []),
        ([WITH % "{how: 1}", WITH % "{how: 2}", WITH % "{how: 1}", WITH % "{how: 2}"], [(3, 1), (4, 2)]),
        ([WITH % "{how: {a: 1, b: 2}}", WITH % "{how: {b: 2, a: 1}}"], [(2, 1)]),
        ([WITH % "{how: 2016-01-01}", WITH % "{how: '2016-01-01'}"], [(2, 1)]),
    ],
)
def test_entries_that_start_the_same_runs_are_reported(entries: list[str], told: list[tuple[int, int]], tmp_path: Path) -> None:
    workflows = WORKFLOWS.removesuffix("    - workflow_name: days\n") + "".join(f"    - {entry}\n" for entry in entries)
    if "how" in workflows:
        workflows = workflows.replace("{day: reference_date}", "{day: how}")
    first = len(workflows.splitlines()) - len(entries)
    _, warnings = load_with_warnings(inputs(tmp_path / "in", workflows=workflows))
    assert [str(warning) for warning in warnings] == [
        f"workflows.yml:{first + number}: entry {number} of the sensor ('days') would start the same runs as entry {other} in "
        f"line {first + other}: the workflow, the parameters and the stencil are the same, so that a date runs once"
        for number, other in told
    ]
