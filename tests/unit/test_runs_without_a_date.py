"""Runs without a reference date: how they are made, named, asked for and found again."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deciders.notebook_workflow import NotebookWorkflow
from deciders.runs.entries import Entries
from deciders.runs.identity import identity, instance_name, workflow_id
from deciders.runs.offered_names import offered_name
from deciders.runs.planned_run import identity_for, run_for
from deciders.runs.run_reference import UnknownRunError, found_run, reference_of
from deciders.runs.run_requests import requested_runs, requests_fault, requests_for, run_request
from deciders.runs.run_tags import RunTags
from deciders.specification import ConfiguredWorkflow, Specification, load_specification
from deciders.specification.report_names import report_file_names
from deciders.values.reason import Reason
from simpleflow_nb.application.asking.requested_runs import requested_run
from simpleflow_nb.application.events import Note, UnderWay
from simpleflow_nb.application.records.run_rows import RunRow
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.inspection.executions import executions, found_execution
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.processes.payload_directory import MemoryPayloads
from tests.acceptance.samples import inputs
from workers.runs.latest_links import link_names, point_latest
from workers.runs.moved_runs import _run_of as run_of
from workers.runs.run_starts import open_runs, run_arguments, start_run

#: md5 of {"region": "north"} and of {}
NORTH, NOTHING = "3ec49439dc026cc80f4e4ba0a3fd03e0", "99914b932bd37a50b983c5e7c90ae93b"
DAY = date(2016, 1, 1)

FILE = """\
workflows:
  - name: sales
    notebooks:
      count: {{filename: count.ipynb, parameters: {{day: {source}}}, output: {{format: pdf, name: 'n-{{{name}}}'}}}}
available_dates_sensor: {sensor}
"""
SENSOR = "{schedule: null, workflows: [{workflow_name: sales, parameters: {region: north}, date_stencil: [[-1, 1]]}]}"


def entry(stencil: Any = None, /, **parameters: Any) -> ConfiguredWorkflow:
    return ConfiguredWorkflow(workflow_name="sales", parameters=parameters, date_stencil=stencil)


def specification(folder: Path, source: str = "region", sensor: str = "null", name: str = "reference_date") -> Specification:
    return load_specification(inputs(folder / "in", workflows=FILE.format(source=source, sensor=sensor, name=name)))


@pytest.mark.parametrize(
    ("parameters", "day", "known", "instance", "made", "tags"),
    [
        ({}, None, NOTHING, "99914b93", f"sales-99914b93-{NOTHING}", ["sales", "99914b93"]),
        ({"region": "north"}, None, NORTH, "3ec49439", f"sales-3ec49439-{NORTH}", ["sales", "3ec49439"]),
        (
            {"region": "north"},
            DAY,
            "6f35bc0172ffe4ab7f39252aa293447b",
            "2016-01-01_6f35bc01",
            "sales-2016-01-01-6f35bc0172ffe4ab7f39252aa293447b",
            ["sales", "2016-01-01"],
        ),
    ],
)
def test_a_run_is_named_by_its_parameters_and_by_its_date_if_it_has_one(
    parameters: dict[str, Any], day: date | None, known: str, instance: str, made: str, tags: list[str]
) -> None:
    run = run_for(entry(**parameters), day)
    assert (run.identity, run.instance, run.workflow_id, run.tags.written()) == (known, instance, made, tags)
    assert (run.title, identity_for(entry(**parameters), day)) == (f"sales/{instance}", known)
    assert RunTags.of_execution(tags, made) == run.tags
    assert identity(run.parameters) == known


def test_a_run_without_a_date_has_no_dates_whatever_the_stencil_of_its_entry_is() -> None:
    run = run_for(entry([[-28, 1]], region="north"), None)
    assert run.identity == NORTH
    assert (run.parameters, run.date_ranges, run.needed_days) == ({"region": "north"}, [], [])
    with pytest.raises(ValueError, match="sales/3ec49439 has no reference date"):
        _ = run.day


@pytest.mark.parametrize(
    ("tags", "named"),
    [
        (["w", "2016-01-01"], RunTags("w", "2016-01-01", f"2016-01-01_{NORTH[:8]}")),
        (["w", "20160101"], RunTags("w", None, "20160101")),
        (["w", "sweep.2016-01-01"], RunTags("w", None, "sweep.2016-01-01")),
        (["w"], RunTags("w", None, NORTH[:8])),
        ([], RunTags("", None, NORTH[:8])),
        (None, RunTags("", None, NORTH[:8])),
    ],
)
def test_the_tags_of_an_execution_say_its_date_or_its_instance(tags: list[str] | None, named: RunTags) -> None:
    assert RunTags.of_execution(tags, f"w-x-{NORTH}") == named


@pytest.mark.parametrize("sensor", ["null", SENSOR])
@pytest.mark.parametrize(
    ("source", "values", "instance"),
    [
        ("region", {"region": "north"}, "3ec49439"),
        ("region", {"region": "north", "reference_date": None}, "3ec49439"),
        ("inputs_dir", {}, "99914b93"),
        ("region", {"region": "south", "reference_date": "2016-01-01"}, "2016-01-01"),
    ],
)
def test_a_date_is_used_where_it_is_given(
    source: str, values: dict[str, Any], instance: str, sensor: str, tmp_path: Path
) -> None:
    if source == "inputs_dir":
        sensor = sensor.replace("parameters: {region: north}, ", "")
    run = UnderWay(requested_run(specification(tmp_path, source, sensor), "sales", values)).result()
    assert run.instance.partition("_")[0] == instance
    assert run.parameters.keys() & {"reference_date", "date_ranges"} == (
        {"reference_date", "date_ranges"} if "-" in instance else set()
    )


@pytest.mark.parametrize("source", ["reference_date", "date_ranges", "missing_dates"])
def test_a_date_is_asked_for_where_a_notebook_takes_something_of_it(source: str, tmp_path: Path) -> None:
    made = specification(tmp_path, source)
    with pytest.raises(DefinitionError, match=r"^give the date of the run: --set reference_date=2013-02-22$"):
        UnderWay(requested_run(made, "sales", {})).result()
    assert UnderWay(requested_run(made, "sales", {"reference_date": "2016-01-01"})).result().reference_date == DAY


def test_missing_dates_that_are_given_need_no_date(tmp_path: Path) -> None:
    run = UnderWay(requested_run(specification(tmp_path, "missing_dates"), "sales", {"missing_dates": []})).result()
    assert (run.reference_date, run.parameters) == (None, {"missing_dates": []})


def test_what_is_not_given_comes_from_the_first_entry_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = "{schedule: null, workflows: [" + ", ".join(
        f"{{workflow_name: sales, parameters: {{region: {region}}}, date_stencil: [[-{number}, 1]]}}"
        for number, region in enumerate(("north", "north", "south"), start=1)
    )
    made = specification(tmp_path, sensor=two + "]}", name="instance")
    call = UnderWay(requested_run(made, "sales", {}))
    [note] = [one.text for one in call if isinstance(one, Note)]
    assert call.result().identity == NORTH
    assert note == (
        "2 parameter sets of the sensor's entries for sales fit; this run is that of the first entry, with "
        "region=north; --set chooses among them"
    )
    assert list(requested_run(made, "sales", {"region": "north"})) == []


def test_a_run_without_a_date_belongs_to_no_entry(tmp_path: Path) -> None:
    made = specification(tmp_path, sensor=SENSOR.replace("[[-1, 1]]", "[]"))
    assert Entries(made).of_run("sales", None, NORTH, {"region": "north"}, []) is None
    assert Entries(made).of_run("sales", None, NORTH, {"region": "north"}, None) is None


def test_requests_keep_that_a_run_has_no_date() -> None:
    north = entry(region="north")
    request = run_request(north, [None, DAY], Reason.parse("why"), keeps_labels=True)
    assert (request["dates"], requests_fault([request])) == ([None, "2016-01-01"], None)
    assert next(requested_runs([request])).run.instance == "3ec49439"
    [again] = requests_for([run_for(north, None), run_for(north, DAY)])
    assert again["dates"] == [None, "2016-01-01"]
    assert requests_fault([{**request, "dates": [5]}]) == "request 1 is not one that backfill or runs.retry make"


def row(day: date | None = None, **parameters: Any) -> RunRow:
    run = run_for(entry(**parameters), day)
    return RunRow(
        workflow="sales",
        identity=run.identity,
        instance=run.instance,
        reference_date=run.iso_date,
        parameters=run.parameters,
        state="succeeded",
        workflow_id=run.workflow_id,
        run_id=f"run-{run.identity}",
    )


ROWS = [row(region="north"), row(region="south"), row(DAY, region="north")]


@pytest.mark.parametrize(
    ("reference", "place"),
    [
        ("sales/3ec49439", 0),
        ("sales/3ec4", 0),
        (f"sales-3ec49439-{NORTH}", 0),
        ("sales-3ec", 0),
        ("sales/3ec49439,region=north", 0),
        ("sales/2016-01-01", 2),
        ("2016-01-01", 2),
    ],
)
def test_a_run_is_found_by_its_instance(reference: str, place: int) -> None:
    assert found_run(ROWS, reference) == ROWS[place]


def test_what_a_run_is_called_finds_it_again() -> None:
    assert [reference_of(one, ROWS) for one in ROWS] == [ROWS[0].title, ROWS[1].title, "sales/2016-01-01"]
    with pytest.raises(UnknownRunError) as refused:
        found_run(ROWS, "sales/")
    called = f"{ROWS[0].title}, {ROWS[1].title}, sales/2016-01-01"
    assert str(refused.value) == f"'sales/' fits 3 runs: {called}; name one of them"


@pytest.mark.parametrize(
    ("sensor", "parameters", "names"),
    [
        ("null", {}, ["latest"]),
        ("null", {"region": "north"}, ["latest-region=north", "latest"]),
        (SENSOR, {"region": "north"}, ["latest-region=north", "latest"]),
        (SENSOR, {"region": "south"}, ["latest-region=south"]),
    ],
)
def test_links_are_called_by_the_parameters(sensor: str, parameters: dict[str, Any], names: list[str], tmp_path: Path) -> None:
    assert link_names(specification(tmp_path, sensor=sensor), entry(**parameters), has_date=False) == names


@pytest.mark.parametrize(
    ("runs", "leads_to"),
    [
        ([("aaaaaaaa", None, True)], "aaaaaaaa"),
        ([("aaaaaaaa", None, True), ("bbbbbbbb", None, True)], "bbbbbbbb"),
        ([("bbbbbbbb", None, True), ("aaaaaaaa", None, True)], "aaaaaaaa"),
        ([("bbbbbbbb", None, True), ("aaaaaaaa", None, False)], "bbbbbbbb"),  # its reports were made anew
        ([("aaaaaaaa", None, False)], "aaaaaaaa"),
        ([("aaaaaaaa", None, True), ("2016-01-01_a", "2016-01-01", True)], "2016-01-01_a"),
        ([("2016-01-01_a", "2016-01-01", True), ("aaaaaaaa", None, True)], "2016-01-01_a"),
        ([("2016-01-01_a", "2016-01-01", True), ("2016-01-01_b", "2016-01-01", False)], "2016-01-01_b"),
    ],
)
def test_latest_leads_to_the_last_run_without_a_date_unless_there_is_one_with_a_date(
    runs: list[tuple[str, str | None, bool]], leads_to: str, tmp_path: Path
) -> None:
    for instance, day, has_just_ended in runs:
        (tmp_path / "reports" / "w" / instance).mkdir(parents=True)
        point_latest(tmp_path, "w", instance, day, has_just_ended=has_just_ended)
    assert os.readlink(tmp_path / "reports" / "w" / "latest") == leads_to


def test_the_instance_stands_for_the_date_in_the_name_of_a_report(tmp_path: Path) -> None:
    [workflow] = specification(tmp_path).workflows
    run = run_for(entry(region="north"), None)
    assert report_file_names(workflow, run.instance, run.parameters) == {("count", "pdf"): "n-3ec49439.pdf"}


def test_a_report_that_leaves_its_folder_is_called_by_the_parameters(tmp_path: Path) -> None:
    text = FILE.format(source="region", sensor="null", name="").replace(", name: 'n-{}'", "")
    run = run_for(entry(region="north"), None)
    known = {"instance": run.instance, "identity": run.identity, "parameters": run.parameters}
    made = load_specification(inputs(tmp_path / "in", workflows=text))
    assert offered_name(made, "sales", "count", "pdf", **known) == "sales-region=north.pdf"


def test_the_functions_of_names_take_what_they_name() -> None:
    assert (instance_name(None, NORTH), workflow_id("w", "3ec49439", NORTH)) == ("3ec49439", f"w-3ec49439-{NORTH}")


def test_what_a_run_is_started_with_says_nothing_of_dates(tmp_path: Path) -> None:
    made = specification(tmp_path, sensor=SENSOR[:-1] + ", source: {files: {calls: 'data/{date}.csv'}}}")
    outputs, run = str(tmp_path / "outputs"), run_for(entry(region="north"), None)
    arguments = run_arguments(made, run, outputs)
    assert (arguments["instance"], arguments["identity"], arguments["parameters"]) == ("3ec49439", NORTH, {"region": "north"})
    assert arguments["origin"].keys() == {"reason", "notebooks", "data", "latest_links", "kind", "workflow_file"}
    assert arguments["origin"]["data"] is None
    kept = made.model_copy(
        update={"workflows": (made.workflows[0].model_copy(update={"rerun_when": ("data_changed",)}),), "sensor": None}
    )
    assert run_arguments(kept, run, outputs)["origin"]["data"] == {}  # known to be made with those of no date

    service = LocalService()
    try:
        Decider(service, DOMAIN, "deciders", [NotebookWorkflow]).register_types()
        assert start_run(service, DOMAIN, made, run, outputs, MemoryPayloads()) is not None
        assert start_run(service, DOMAIN, made, run, outputs, MemoryPayloads()) is None
        assert start_run(service, DOMAIN, made, run_for(entry(region="north"), DAY), outputs, MemoryPayloads()) is not None
        assert sorted(open_runs(service, DOMAIN)) == [
            ("sales", NORTH),
            ("sales", run_for(entry(region="north"), DAY).identity),
        ]
        [info] = [one for one in executions(service, DOMAIN, is_open=True) if one["tagList"] == ["sales", "3ec49439"]]
        assert found_execution(service, DOMAIN, "sales/3ec49439") == info["execution"]
    finally:
        service.close()


def test_an_interrupted_run_is_known_by_what_it_was_started_with() -> None:
    given = {"workflow": {"name": "sales"}, "identity": NORTH, "parameters": {"region": "north"}}
    assert run_of(given) == run_for(entry(region="north"), None)
    assert run_of({**given, "parameters": {"region": "***"}}) is None
