"""What ``workflow.start FILE.yml:NAME --set ...`` asks for, and what it may not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from deciders.runs.due_runs import due_runs
from deciders.specification import load_specification
from simpleflow_nb.application.asking.requested_runs import requested_run
from simpleflow_nb.application.events import UnderWay
from simpleflow_nb.cli.progress import shown
from simpleflow_nb.exceptions import DefinitionError
from tests.acceptance.samples import WORKFLOWS, inputs
from tests.unit.recorded_runs import success_of
from workers.records.run_records import RunRecords
from workers.runs.sensor_check import present_facts

SENTENCE = (
    "simpleflow-nb: {} parameter sets of the sensor's entries for days fit; this run is that of the first entry, with {} and "
    "date_stencil {}; --set chooses among parameters, and backfill runs them all\n"
)
TWINS = (
    "simpleflow-nb: 2 entries of the sensor for days with how=fast differ in their date_stencil alone; this run is that of the "
    "first, with date_stencil {}; backfill runs them all\n"
)
NONE_HAS = "simpleflow-nb: no entry of the sensor for days has {}; {} taken from the first of 2\n"

TEN_O_CLOCK = datetime(2016, 1, 1, 10, tzinfo=UTC)


def requested(folder: Path, **values: Any) -> Any:
    workflows = WORKFLOWS.replace("{day: reference_date}", "{day: how}") + "      parameters: {how: fast}\n"
    specification = load_specification(inputs(folder / "in", workflows=workflows))
    return shown(UnderWay(requested_run(specification, "days", values)))


@pytest.mark.parametrize("given", [date(2016, 1, 1), "2016-01-01"])
def test_a_date_is_the_date_of_the_run(given: Any, tmp_path: Path) -> None:
    assert requested(tmp_path, reference_date=given).reference_date == date(2016, 1, 1)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (5, "reference_date is 5; write it as 2013-02-22"),
        (True, "reference_date is True; write it as 2013-02-22"),
        (["2016-01-01"], "reference_date is ['2016-01-01']; write it as 2013-02-22"),
        ({"a": 1}, "reference_date is {'a': 1}; write it as 2013-02-22"),
        ("2016-1-1", "reference_date is '2016-1-1'; write it as 2013-02-22"),
        ("yesterday", "reference_date is 'yesterday'; write it as 2013-02-22"),
        *(
            (moment, f"reference_date is {str(moment)!r}, a date with a time of day; write it as 2016-01-01")
            for moment in (
                TEN_O_CLOCK.replace(tzinfo=None),
                TEN_O_CLOCK.replace(tzinfo=None, hour=0),
                TEN_O_CLOCK,
                "2016-01-01 10:00",
                "2016-01-01T10:00:00Z",
            )
        ),
    ],
)
def test_an_invalid_reference_date_is_refused_in_a_sentence(given: Any, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(DefinitionError) as refused:
        requested(tmp_path, reference_date=given)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"date_ranges": [["2016-01-01", "2016-01-02"]]},
            "date_ranges cannot be given: it comes from the date_stencil of the sensor's entry",
        ),
        ({"flowapi_url": "x"}, "flowapi_url cannot be given: it comes from the environment of the worker"),
        ({"how": b"x"}, "how has binary data in it; give text, numbers, lists or mappings"),
        ({"how": [{"x", "y"}]}, "how has a set in it; give text, numbers, lists or mappings"),
        ({"hwo": 1}, "days has no parameter 'hwo' (did you mean 'how'?)"),
    ],
)
def test_a_value_that_no_run_can_have_is_refused(values: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(DefinitionError) as refused:
        requested(tmp_path, reference_date="2016-01-01", **values)
    assert str(refused.value) == sentence


def test_dates_and_times_are_the_text_that_they_would_be_in_the_file(tmp_path: Path) -> None:
    run = requested(tmp_path, reference_date="2016-01-01", how=[date(2016, 1, 2), TEN_O_CLOCK.replace(tzinfo=None), {"x": 1.5}])
    assert run.parameters["how"] == ["2016-01-02", "2016-01-01 10:00:00", {"x": 1.5}]


@pytest.mark.parametrize(
    ("how", "reason", "is_due"),
    [("fast", "started by hand", False), ("odd", "started by hand, for no entry of the sensor", True)],
)
def test_a_run_with_parameters_of_no_entry_makes_no_date_of_an_entry_done(
    how: str, reason: str, is_due: bool, tmp_path: Path
) -> None:
    workflows = WORKFLOWS.replace("{day: reference_date}", "{day: how}").replace(
        "    notebooks:", "    rerun_when: [notebook_changed]\n    notebooks:"
    )
    file = inputs(tmp_path / "in", workflows=workflows + "      parameters: {how: fast}\n")
    asked = requested_run(load_specification(file), "days", {"reference_date": "2016-01-01", "how": how})
    run = shown(UnderWay(asked))
    assert run.reason.text == reason
    with RunRecords.open(tmp_path / "outputs") as records:
        records.record(success_of(run, reason=run.reason.text))
        # the entry is edited afterwards, which is no cause to run again what an entry has run
        file.write_text(file.read_text().replace("how: fast", "how: slow"))
        edited = load_specification(file)
        facts = present_facts(edited, records)
        planned = due_runs(edited, {"calls": [run.reference_date]}, records.states(), facts=facts)
    assert [one.configured_parameters for one in planned.due] == [{"how": "slow"}] * is_due
    assert [one.reason.text for one in planned.not_due] == [
        "already succeeded with other parameters, and rerun_when lacks parameters_changed"
    ] * (not is_due)


@pytest.mark.parametrize(
    ("entries", "values", "parameters", "stencil", "note"),
    [
        (["{how: 1}", "{how: true}"], {"how": True}, {"how": True}, "[0]", ""),
        (["{how: true}", "{how: 1}"], {"how": 1}, {"how": 1}, "[0]", ""),
        (["{how: fast}", "{how: slow}"], {}, {"how": "fast"}, "[0]", SENTENCE.format(2, "how=fast", "[0]")),
        (["{how: fast}", "{how: slow}"], {"how": "odd"}, {"how": "odd"}, "[0]", ""),
        (["{how: fast}", "{how: fast}"], {}, {"how": "fast"}, "[0]", ""),
        (
            ["{how: fast}, date_stencil: [[-1, 1]]", "{how: fast}"],
            {},
            {"how": "fast"},
            "[[-1, 1]]",
            TWINS.format("[[-1, 1]]"),
        ),
        (
            ["{how: fast}, date_stencil: [[-1, 1]]", "{how: fast}"],
            {"how": "fast"},
            {"how": "fast"},
            "[[-1, 1]]",
            TWINS.format("[[-1, 1]]"),
        ),
        (
            ["{how: fast}, date_stencil: [[-1, 1]]", "{how: fast}"],
            {"how": "odd"},
            {"how": "odd"},
            "[[-1, 1]]",
            NONE_HAS.format("how=odd", "the date_stencil [[-1, 1]] is"),
        ),
        (
            ["{how: fast, inputs_dir: /a}", "{how: slow, inputs_dir: /b}"],
            {"how": "odd"},
            {"how": "odd", "inputs_dir": "/a"},
            "[0]",
            NONE_HAS.format("how=odd", "inputs_dir=/a and the date_stencil [0] are"),
        ),
        (["{how: fast}", "{how: slow}, date_stencil: [-1]"], {"how": "slow"}, {"how": "slow"}, "[-1]", ""),
    ],
)
def test_the_entry_that_has_the_values_says_the_rest_and_several_are_told(
    entries: list[str],
    values: dict[str, Any],
    parameters: dict[str, Any],
    stencil: str,
    note: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    workflows = WORKFLOWS.replace("{day: reference_date}", "{day: how}").replace("{counted: count}", "{counted: inputs_dir}")
    workflows = workflows.removesuffix("    - workflow_name: days\n") + "".join(
        f"    - {{workflow_name: days, parameters: {entry}}}\n" for entry in entries
    )
    made = load_specification(inputs(tmp_path / "in", workflows=workflows))
    run = shown(UnderWay(requested_run(made, "days", {"reference_date": "2016-01-02", **values})))
    assert (repr(run.configured_parameters), str(run.date_stencil)) == (repr(parameters), stencil)
    assert capsys.readouterr().err == note


def test_a_misspelled_parameter_is_named_before_the_one_that_lacks_for_it(tmp_path: Path) -> None:
    flows = "workflows:\n  - name: days\n    notebooks:\n      count: {filename: count.ipynb, parameters: {day: region}}\n"
    file = inputs(tmp_path / "in", workflows=f"available_dates_sensor: null\n{flows}")
    with pytest.raises(DefinitionError, match=r"^days has no parameter 'regio' \(did you mean 'region'\?\)$"):
        UnderWay(requested_run(load_specification(file), "days", {"regio": "north"})).result()
    with pytest.raises(DefinitionError, match=r"^days needs the parameter 'region': --set region=\.\.\.$"):
        UnderWay(requested_run(load_specification(file), "days", {})).result()
