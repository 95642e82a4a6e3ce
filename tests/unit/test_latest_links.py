"""The links to the newest reports: one for each parameter set, whatever order runs end in, and what is kept for them."""

from __future__ import annotations

import os
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from deciders.parameter_set import ParameterSet
from deciders.specification import ConfiguredWorkflow, SensorSpecification, Specification
from workers.runs.latest_links import link_names, linked_instances, point_latest
from workers.runs.old_outputs import newest_instances


def entry(stencil: Any = None, /, name: str = "w", **parameters: Any) -> ConfiguredWorkflow:
    return ConfiguredWorkflow(workflow_name=name, parameters=parameters, date_stencil=stencil)


NORTH, SOUTH = entry(region="north"), entry(region="south")
DAY, TWO, CHRISTMAS = entry([0]), entry([[-1, 1]]), entry([date(2023, 12, 24)])


@pytest.mark.parametrize(
    ("entries", "run", "names"),
    [
        ([entry()], entry(), ["latest"]),
        ([], entry(), ["latest"]),
        ([entry(name="v")], NORTH, ["latest-region=north", "latest"]),
        ([NORTH], NORTH, ["latest-region=north", "latest"]),
        ([NORTH, SOUTH], NORTH, ["latest-region=north", "latest"]),
        ([NORTH, SOUTH], SOUTH, ["latest-region=south"]),
        ([SOUTH, NORTH], SOUTH, ["latest-region=south", "latest"]),
        ([NORTH], SOUTH, ["latest-region=south"]),
        ([entry([0], region="north")], entry([[0, 1]], region="north"), ["latest-region=north", "latest"]),
        ([entry(a=1, b=2)], entry(b=2, a=1), ["latest-a=1,b=2", "latest"]),
        ([entry(x=1), entry(x=True)], entry(x=True), ["latest-x=true"]),
        ([DAY, TWO], DAY, ["latest-date_stencil=[0]", "latest"]),
        ([DAY, TWO], TWO, ["latest-date_stencil=[[-1, 1]]"]),
        ([DAY], CHRISTMAS, ["latest-date_stencil=[2023-12-24]"]),
        ([entry()], DAY, ["latest"]),
        ([DAY], entry(), ["latest"]),
        ([entry(), TWO], entry(), ["latest-date_stencil=[0]", "latest"]),
        ([entry(), TWO], DAY, ["latest-date_stencil=[0]", "latest"]),
        ([entry(), TWO], TWO, ["latest-date_stencil=[[-1, 1]]"]),
        ([TWO, entry()], entry(), ["latest-date_stencil=[0]"]),
        ([NORTH, entry()], NORTH, ["latest-region=north", "latest"]),
        ([NORTH, entry()], entry(), ["latest-date_stencil=[0]"]),
        ([NORTH, TWO], TWO, ["latest-date_stencil=[[-1, 1]]"]),
        ([NORTH], entry(), ["latest-date_stencil=[0]"]),
        ([entry(), NORTH], entry(), ["latest"]),
        (
            [entry(region="north"), entry([[-1, 1]], region="north")],
            entry([0], region="north"),
            ["latest-region=north,date_stencil=[0]", "latest-region=north", "latest"],
        ),
        (
            [entry([0], region="north"), entry([[-1, 1]], region="north"), SOUTH],
            entry([0], region="north"),
            ["latest-region=north,date_stencil=[0]", "latest-region=north", "latest"],
        ),
        (
            [entry([0], region="north"), entry([[-1, 1]], region="north"), SOUTH],
            entry([[-1, 1]], region="north"),
            ["latest-region=north,date_stencil=[[-1, 1]]"],
        ),
        ([SOUTH, entry([0], region="north"), TWO], entry([0], region="north"), ["latest-region=north"]),
    ],
)
def test_the_links_of_a_run_are_called_by_what_tells_its_set_apart(
    entries: list[ConfiguredWorkflow], run: ConfiguredWorkflow, names: list[str]
) -> None:
    sensor = SensorSpecification(schedule=None, workflows=tuple(entries))
    made = Specification(path=Path("w.yml"), inputs_dir=Path("/"), workflows=(), sensor=sensor)
    assert link_names(made, run) == names


@pytest.mark.parametrize("entries", list(permutations([NORTH, SOUTH, entry([[-1, 1]], region="north"), TWO, entry()], 3)))
def test_no_two_sets_share_a_link(entries: tuple[ConfiguredWorkflow, ...]) -> None:
    sensor = SensorSpecification(schedule=None, workflows=entries)
    made = Specification(path=Path("w.yml"), inputs_dir=Path("/"), workflows=(), sensor=sensor)
    names = [link_names(made, one) for one in [*entries, entry(region="east")]]
    assert all(names)
    assert len({name for some in names for name in some}) == sum(map(len, names))
    assert [some.count("latest") for some in names] == [1, 0, 0, 0]


def test_no_secret_gets_into_the_name_of_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "never-to-be-seen")
    made = Specification(
        path=Path("w.yml"), inputs_dir=Path("/"), workflows=(), sensor=SensorSpecification(schedule=None, workflows=())
    )
    [name, latest] = link_names(made, entry(password="never-to-be-seen"))
    assert ("never-to-be-seen" in name, latest) == (False, "latest")


def reports(outputs: Path, *instances: str) -> Path:
    for instance in instances:
        (outputs / "reports" / "w" / instance).mkdir(parents=True)
    return outputs / "reports" / "w"


def test_each_set_has_its_newest_reports_whichever_ended_last(tmp_path: Path) -> None:
    folder = reports(tmp_path, *(f"2024-01-0{day}_{region}" for day in (1, 2) for region in ("north", "south")))
    for instance in ("2024-01-02_south", "2024-01-01_north", "2024-01-02_north", "2024-01-01_south"):
        day, _, region = instance.partition("_")
        names = [f"latest-region={region}", *(["latest"] if region == "north" else [])]
        point_latest(tmp_path, "w", instance, day, names)
    links = {one.name: os.readlink(one) for one in folder.iterdir() if one.is_symlink()}
    assert links == {
        "latest": "2024-01-02_north",
        "latest-region=north": "2024-01-02_north",
        "latest-region=south": "2024-01-02_south",
    }
    assert linked_instances(tmp_path, "w") == {"2024-01-02_north", "2024-01-02_south"}
    assert linked_instances(tmp_path, "v") == set()


def test_a_set_with_odd_parameters_has_a_link_that_file_systems_take(tmp_path: Path) -> None:
    folder = reports(tmp_path, "2024-01-01_x")
    point_latest(tmp_path, "w", "2024-01-01_x", "2024-01-01", ['latest-a="1",b=x/y', f"latest-c={'long' * 100}"])
    names = sorted(one.name for one in folder.iterdir() if one.is_symlink())
    assert names[0] == "latest-a=%221%22,b=x%2Fy"
    assert (len(names), len(names[1])) == (2, 180)


def test_what_is_kept_is_the_newest_of_each_set_that_has_reports(tmp_path: Path) -> None:
    reports(tmp_path, "2024-01-01_a", "2024-01-02_a", "2024-01-01_b")
    north, south = ParameterSet("w", "region=north", "[0]"), ParameterSet("w", "region=south", "[0]")
    runs = [(north, "2024-01-01", "2024-01-01_a"), (north, "2024-01-02", "2024-01-02_a")]
    runs += [(south, "2024-01-01", "2024-01-01_b"), (south, "2024-01-03", "2024-01-03_b")]  # which has none
    assert newest_instances(tmp_path, runs) == {("w", "2024-01-02_a"), ("w", "2024-01-01_b")}
