"""What tells runs of one workflow and date apart, as it is written; and the entry that a run belongs to."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deciders.dates.date_stencil import DateStencil
from deciders.parameter_set import ParameterSet, own_parameters, written, written_stencil
from deciders.runs.entries import Entries, set_of_entry
from deciders.runs.planned_run import run_for
from deciders.specification import ConfiguredWorkflow, SensorSpecification, Specification

DAY = date(2024, 1, 2)


def entry(stencil: Any = None, **parameters: Any) -> ConfiguredWorkflow:
    return ConfiguredWorkflow(workflow_name="w", parameters=parameters, date_stencil=stencil)


@pytest.mark.parametrize(
    ("elements", "text"),
    [
        (None, "[0]"),
        ([0], "[0]"),
        ([[0, 1]], "[0]"),
        ([], "[]"),
        ([-1, [-1, 1]], "[-1, [-1, 1]]"),
        ([date(2024, 1, 1)], "[2024-01-01]"),
        (["2024-01-01"], "[2024-01-01]"),
        (["-4w", "last_month", ["-1m", "month"]], "[-28, last_month, [-1m, month]]"),
        ([{"dates": ["2024-01-01", 1], "at_least": 2}], "[{dates: [2024-01-01, 1], at_least: 2}]"),
        (["of a later version"], '["of a later version"]'),
    ],
)
def test_stencils_that_mean_the_same_are_written_the_same(elements: Any, text: str) -> None:
    assert written_stencil(elements) == text
    assert written_stencil(json.loads(json.dumps(elements, default=str))) == text


@pytest.mark.parametrize("elements", [None, [0], [-1, [-1, 1]], ["week"], [{"dates": [-28, 1], "at_least": 25}]])
def test_an_entry_has_the_set_of_its_own_records(elements: Any) -> None:
    run = run_for(entry(elements, region="north"), DAY)
    recorded = [str(run.date_stencil), written_stencil(json.loads(json.dumps(elements)))]
    assert recorded == [set_of_entry(run.entry).stencil] * 2
    assert DateStencil.of_entry(elements) == run.date_stencil
    assert written(run.parameters) == "region=north"
    assert own_parameters(run.parameters) == {"region": "north"}


def test_a_run_is_known_by_its_set_whether_its_entry_spells_the_stencil_out_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: object) -> None:
        raise AssertionError("identities need not be worked out")

    monkeypatch.setattr("deciders.runs.entries.identity_for", never)
    both = (entry(None, region="north"), entry([0], region="south"))
    sensor = SensorSpecification(schedule=None, workflows=both)
    entries = Entries(Specification(path=Path("w.yml"), inputs_dir=Path("/"), workflows=(), sensor=sensor))
    for wanted in both:
        for recorded in ([0], [[0, 1]]):
            assert entries.of_run("w", "2024-01-02", "its identity", wanted.parameters, recorded) is wanted
    assert entries.place_of(ParameterSet("w", "region=south", "[0]")) == 1
