"""``available_dates_sensor: null``: nothing runs by itself, and whoever asks for dates is told so."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import jsonschema
import pytest
import yaml

from deciders.runs.due_runs import due_runs
from deciders.specification import NO_SENSOR, Specification, load_specification, specification_schema
from simpleflow_nb.cli.main import main
from simpleflow_nb.processes.payload_directory import PayloadDirectory
from tests.acceptance.samples import inputs
from tests.unit.workflow_files import complaints
from workers.health import findings
from workers.runs.kept_specification import by_reference, whole_specification
from workers.sources.available_dates import files_by_date, read_available_dates, undated_files
from workers.sources.data_stamps import DataStamps
from workers.sources.known_dates import KnownDates

FILE = """\
workflows:
  - name: sales
    rerun_when: [data_changed]
    notebooks:
      count: {filename: count.ipynb, output: {format: pdf, name: NAME}}
available_dates_sensor: null
"""
HEAD_OF_PLAN = "workflow,date,parameters,date_stencil,state,why\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return inputs(tmp_path / "in", workflows=FILE.replace(", name: NAME", ""))


@pytest.fixture
def specification(file: Path) -> Specification:
    return load_specification(file)


def test_null_is_no_sensor_and_survives_json(specification: Specification, tmp_path: Path) -> None:
    assert (specification.sensor, specification.entries) == (None, ())
    assert Specification.model_validate(specification.model_dump(mode="json")) == specification
    payloads = PayloadDirectory(tmp_path / "payloads")
    payloads.prepare()
    given = json.loads(json.dumps(by_reference(specification, payloads)))
    assert (given["sensor"], whole_specification(given, payloads)) == (None, specification)


def test_editors_take_null_and_the_key_is_required(file: Path) -> None:
    validator = jsonschema.Draft202012Validator(specification_schema())
    text = yaml.safe_load(file.read_text())
    assert validator.is_valid(text)
    assert not validator.is_valid({key: value for key, value in text.items() if key != "available_dates_sensor"})
    assert not validator.is_valid({**text, "available_dates_sensor": 3})


@pytest.mark.parametrize(
    ("sensor", "expected"),
    [
        ("", "1: the file lacks 'available_dates_sensor'; write 'available_dates_sensor: null' if nothing runs by itself"),
        (
            "available_dates_senso: null",
            "6: the file lacks 'available_dates_sensor'; did you mean it by 'available_dates_senso'?",
        ),
        ("available_dates_sensor: 3", "6: 'available_dates_sensor' of the file must be a mapping or null, not 3"),
        ("available_dates_sensor: []", "6: 'available_dates_sensor' of the file must be a mapping or null, not a list"),
    ],
)
def test_anything_else_than_null_or_a_sensor_is_refused(sensor: str, expected: str, file: Path) -> None:
    text = file.read_text().replace("available_dates_sensor: null", sensor)
    assert complaints(file.parent, text) == [expected]


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("summary", "region", []),
        (
            "summary",
            "reference_date",
            ["5: report name 'summary' is the same for every date; say {reference_date} or {instance} in it"],
        ),
        (
            "summary",
            "missing_dates",
            ["5: report name 'summary' is the same for every date; say {reference_date} or {instance} in it"],
        ),
    ],
)
def test_a_report_of_a_workflow_that_takes_no_date_may_have_one_name(
    name: str, source: str, expected: list[str], tmp_path: Path
) -> None:
    text = FILE.replace("NAME", name).replace("count.ipynb,", f"count.ipynb, parameters: {{day: {source}}},")
    file = inputs(tmp_path / "in")
    file.write_text(text)
    if expected:
        assert complaints(file.parent, text) == expected
    else:
        assert load_specification(file).sensor is None


def test_nothing_is_due_and_no_date_is_available(specification: Specification) -> None:
    plan = due_runs(specification, {"calls": [date(2016, 1, 1)]}, {})
    assert (plan.due, plan.not_due, plan.warnings) == ((), (), (NO_SENSOR,))
    assert (read_available_dates(specification), files_by_date(specification), undated_files(specification, {})) == ({}, {}, [])
    assert KnownDates(specification).days() == set()
    assert DataStamps(specification).of([(735_964, 735_965)]) == {}


def test_doctor_says_that_there_is_no_source_to_look_at(specification: Specification, tmp_path: Path) -> None:
    said = {one.what: (one.state, one.text) for one in findings(specification, tmp_path / "outputs")}
    assert said["source"] == ("ok", "available_dates_sensor is null, so nothing runs by itself")


@pytest.mark.parametrize(
    ("words", "code", "out", "err"),
    [
        (("validate", "F"), 0, "F: good (1 workflow, 1 notebook, no sensor)\n", ""),
        (("plan", "F"), 0, f"nothing is due: {NO_SENSOR}; workflow.start F:NAME runs a workflow\n", ""),
        (("--format", "csv", "--header", "plan", "F"), 0, HEAD_OF_PLAN, f"warning: {NO_SENSOR}\n"),
        (
            ("status", "F"),
            0,
            f"nothing has run yet with outputs in O\nnothing is due: {NO_SENSOR}; workflow.start F:NAME runs a workflow\n",
            "",
        ),
        (
            ("backfill", "F", "sales", "--from", "2016-01-01", "--to", "2016-01-02"),
            2,
            "",
            f"simpleflow-nb: there are no dates to run sales for: {NO_SENSOR}; workflow.start F:sales runs it once\n",
        ),
        *(
            (words, 2, "", f"simpleflow-nb: F has no sensor to start: {NO_SENSOR}; workflow.start F:NAME runs a workflow\n")
            for words in (
                ("sensor.start", "F", "--local"),
                ("sensor.start", "F", "--local", "--once"),
                ("sensor.start", "F", "--domain", "D"),
            )
        ),
        (
            ("sensor.reload", "F"),
            2,
            "",
            f"simpleflow-nb: F has no sensor any more: {NO_SENSOR}; sensor.stop ends the one that runs\n",
        ),
        (("sensor.check", "F"), 2, "", "simpleflow-nb: no sensor of F runs on J; sensor.start starts one\n"),
    ],
)
def test_commands_that_ask_for_dates_say_that_there_is_no_sensor(
    words: tuple[str, ...], code: int, out: str, err: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = file.parent / "outputs"

    def told(text: str) -> str:
        journal = outputs / ".simpleflow-nb" / "journal.sqlite3"
        for letter, path in (("F", file), ("O", outputs), ("J", journal)):
            text = re.sub(rf"\b{letter}\b", str(path), text)
        return text

    with pytest.raises(SystemExit) as ended:
        main([told(word) for word in words])
    assert (ended.value.code, *capsys.readouterr()) == (code, told(out), told(err))


def test_several_files_are_refused_for_the_one_without_a_sensor(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = inputs(file.parent / "other")
    with pytest.raises(SystemExit) as ended:
        main(["sensor.start", str(other), str(file), "--local", "--outputs", str(file.parent / "outputs")])
    assert (ended.value.code, capsys.readouterr().err.partition(":")[2].startswith(f" {file} has no sensor to start")) == (
        2,
        True,
    )
