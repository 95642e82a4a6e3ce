"""Runs that a test of a project asks for, and finds by their names."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from deciders.specification import NO_SENSOR
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.testing import notebook_value, run_project

from .tested_project import MONDAY, count, report

INVENTORY = """\
workflows:
  - name: inventory
    notebooks:
      stock: {filename: count.py, parameters: {region: region}}
  - name: flights
    notebooks:
      count: {filename: count.py, parameters: {reference_date: reference_date}}
available_dates_sensor: null
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """A file without a sensor, with a workflow without a date."""
    (tmp_path / "count.py").write_text('# %% tags=["parameters"]\nreference_date = None\nregion = None\n')
    (tmp_path / "workflows.yml").write_text(INVENTORY)
    return tmp_path / "workflows.yml"


def test_runs_are_started_as_by_hand_with_the_functions_that_they_need(inventory: Path, tmp_path: Path) -> None:
    regions: list[str] = []

    def stock(parameters: dict[str, Any]) -> str:
        regions.append(parameters["region"])
        return parameters["region"]

    starts = [("inventory", {"region": "north"}), ("inventory", {"region": "south"})]
    done = run_project(inventory, {"stock": stock}, outputs=tmp_path / "out", starts=starts, began=MONDAY)
    assert sorted(regions) == ["north", "south"]
    assert done.checks == ()
    north = next(run for run in done.runs if run.parameters["region"] == "north")
    assert (north.state, north.light, north.reference_date, north.started.date()) == ("succeeded", "green", None, MONDAY.date())
    assert done.states() == {f"inventory/{run.instance}": "succeeded" for run in done.runs}
    again = run_project(
        inventory, {"stock": stock}, outputs=tmp_path / "out", starts=starts[:1], began=MONDAY + timedelta(hours=1)
    )
    assert len(regions) == 3  # a run that somebody asks for is run, though it has succeeded
    assert [run.attempt for run in again.runs if run.parameters["region"] == "north"] == [1, 2]
    dated = [("flights", {"reference_date": "2024-01-01"}), ("flights", {"reference_date": date(2024, 1, 2)})]
    done = run_project(inventory, {"count": count}, outputs=tmp_path / "dated", starts=dated)
    assert done.states() == {"flights/2024-01-01": "succeeded", "flights/2024-01-02": "succeeded"}


def test_a_workflow_that_the_sensor_starts_never_needs_no_functions(project: Path, tmp_path: Path) -> None:
    text = project.read_text()
    project.write_text(
        text.replace("workflows:\n", "workflows:\n  - {name: once, notebooks: {sum: {filename: count.py}}}\n", 1)
    )
    done = run_project(project, {"count": count, "report": report}, outputs=tmp_path / "out")
    assert done.states() == {"flights/2024-01-01": "succeeded"}
    done = run_project(project, {"sum": lambda parameters: 1}, outputs=tmp_path / "other", starts=["once"])
    assert [run.workflow_name for run in done.runs] == ["once"]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            {},
            "{file} has no sensor to follow: "
            f"{NO_SENSOR}; say what to start, such as starts=[('inventory', {{'region': ...}})]",
        ),
        ({"starts": []}, "starts is empty: name a run, such as ('inventory', {'region': ...}), or leave it out"),
        ({"starts": "inventory"}, "starts is 'inventory'; give a list, such as [('inventory', {'region': ...})]"),
        ({"starts": [("inventory",)]}, "starts has ('inventory',); give a workflow and its parameters, such as {example}"),
        (
            {"starts": [("inventory", "north")]},
            "starts has ('inventory', 'north'); give a workflow and its parameters, such as {example}",
        ),
        ({"starts": ["inventroy"]}, "workflows.yml has no workflow 'inventroy' (did you mean 'inventory'?)"),
        ({"starts": ["inventory"]}, "inventory needs the parameter 'region': --set region=..."),
        (
            {"starts": [("inventory", {"region": 1, "rgeion": 2})]},
            "inventory has no parameter 'rgeion' (did you mean 'region'?)",
        ),
        ({"starts": ["flights"]}, "give the date of the run: --set reference_date=2013-02-22"),
        ({"starts": [("inventory", {"region": 1})] * 2}, "starts has the same run of inventory twice"),
        (
            {"starts": [("flights", {"reference_date": "2024-01-01"})]},
            "the notebook 'count' of flights has no function in its place",
        ),
        (
            {"starts": [("inventory", {"region": 1})], "until": MONDAY},
            "starts are runs to begin with and 'until' follows the sensor; give one of them",
        ),
        (
            {"starts": [("inventory", {"region": 1})], "before_check": print},
            "starts are runs to begin with and 'before_check' is for checks of the sensor; give one of them",
        ),
    ],
)
def test_starts_that_cannot_be_are_refused_in_one_sentence(
    inventory: Path, tmp_path: Path, more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        run_project(inventory, {"stock": count}, outputs=tmp_path / "out", **more)
    assert str(refused.value) == sentence.replace("{file}", str(inventory)).replace(
        "{example}", "('inventory', {'region': ...})"
    )
    assert not (tmp_path / "out").exists()


REGIONS = """\
workflows:
  - name: flights
    notebooks:
      count: {filename: count.py, parameters: {reference_date: reference_date, region: region}}
  - name: daily
    notebooks:
      report: {filename: report.py, parameters: {counted: reference_date}}
available_dates_sensor:
  schedule: null
  source: {files: {flights: 'data/{date}.csv'}}
  cdr_types: [flights]
  workflows:
    - {workflow_name: flights, parameters: {region: north}}
    - {workflow_name: flights, parameters: {region: south}}
    - {workflow_name: daily}
"""


def test_a_run_is_found_by_every_name_that_commands_take(project: Path, tmp_path: Path) -> None:
    (tmp_path / "count.py").write_text('# %% tags=["parameters"]\nreference_date = None\nregion = None\n')
    project.write_text(REGIONS)
    done = run_project(project, {"count": count, "report": lambda _: 1}, outputs=tmp_path / "out")
    north, south = (next(run for run in done.runs if run.parameters.get("region") == one) for one in ("north", "south"))
    daily = next(run for run in done.runs if run.workflow_name == "daily")
    for name in ("flights/2024-01-01,region=north", "flights/2024-01-01[region=no]", f"flights/{north.instance}", north.run_id):
        assert done.run(name) == north
    for name in (south.workflow_id, "flights/2024-01,region=s"):
        assert done.run(name) == south
    for name in ("daily/2024-01-01", "daily/2024", "daily"):
        assert done.run(name) == daily
    names = "daily/2024-01-01, flights/2024-01-01,region=north, flights/2024-01-01,region=south"
    several = "flights/2024-01-01,region=north, flights/2024-01-01,region=south"
    for name, sentence in {
        "flights": f"'flights' fits 2 runs: {several}; name one of them",
        "flights/2024-01-01,region=west": f"there is no run 'flights/2024-01-01,region=west', but there is {several}",
        "flights/2024-01-02": f"no run 'flights/2024-01-02' has ended; those that have: {names}",
        "": f"no run '' has ended; those that have: {names}",
    }.items():
        with pytest.raises(DefinitionError) as refused:
            done.run(name)
        assert _sorted_names(str(refused.value)) == _sorted_names(sentence)


def _sorted_names(sentence: str) -> list[str]:
    """The parts of a sentence in an order of their own, as runs may end in any."""
    return sorted(re.split(r"[ ;]+|, ", sentence.replace("runs:", "runs").replace("have:", "have")))


def test_no_run_at_all_is_said(project: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / "2024-01-01.csv").unlink()
    done = run_project(project, {"count": count, "report": report}, outputs=tmp_path / "out")
    with pytest.raises(DefinitionError, match=r"^no run 'flights' has ended; those that have: none$"):
        done.run("flights")
    with pytest.raises(DefinitionError, match=r"^run must be text, not 7$"):
        done.run(7)  # type: ignore[arg-type]


def test_a_value_that_is_not_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "count.py").touch()
    (tmp_path / "count.ipynb").write_text('{"metadata": {}}')
    for path, sentence in {
        tmp_path / "missing.ipynb": f"{tmp_path}/missing.ipynb: no such file or directory",
        tmp_path / "count.py": f"{tmp_path}/count.py was not left by a function of run_project, and has no value",
        str(tmp_path / "count.ipynb"): f"{tmp_path}/count.ipynb was not left by a function of run_project, and has no value",
        None: "notebook_value takes the path of a notebook, not None",
    }.items():
        with pytest.raises(DefinitionError) as refused:
            notebook_value(path)  # type: ignore[arg-type]
        assert str(refused.value) == sentence
