"""Loading a workflow file: what it becomes."""

import json
from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from deciders.runs.identity import identity
from deciders.specification import (
    FilesSource,
    FlowApiSource,
    NotebookSpecification,
    OutputSpecification,
    Specification,
    UnknownWorkflowError,
    WorkflowSpecification,
    load_specification,
    specification_schema,
)
from tests.unit.workflow_files import VALID, load, one


def test_a_valid_file_becomes_a_model(inputs):
    made = load(inputs, VALID)
    assert made.path == inputs / "workflows.yml"
    assert made.inputs_dir == inputs
    report = made.workflow("flows report")
    assert report.parameters == ("aggregation_unit", "report_title")
    assert [(n.label, n.filename, n.needs) for n in report.notebooks] == [
        ("run_flows", "sub/run_flows.ipynb", ()),
        ("report", "flows_report.ipynb", ("run_flows",)),
    ]
    assert report.notebooks[1].parameters == {"flows": "run_flows", "title": "report_title", "day": "reference_date"}
    assert report.notebooks[1].output == (OutputSpecification(format="pdf", template="template.typ"),)
    assert report.notebooks[0].output == ()
    assert made.sensor.model_dump(exclude={"workflows"}) == {
        "schedule": "0 5 * * *",
        "timezone": "Europe/Zurich",
        "cdr_types": ("calls", "sms"),
        "require": "all",
        "max_parallel_runs": None,
        "source": {"kind": "flowapi"},
    }
    first, second = made.sensor.workflows
    assert first.parameters == {"aggregation_unit": "admin2", "report_title": "2016-01-01"}
    assert first.earliest_date == date(2016, 1, 1)
    assert first.date_stencil == [[-6, 1], date(2016, 1, 1), -30]
    assert (second.parameters, second.earliest_date, second.date_stencil) == ({}, None, None)


def test_everything_survives_the_way_through_json(inputs):
    made = load(inputs, VALID)
    assert Specification.model_validate(json.loads(json.dumps(made.model_dump(mode="json")))) == made
    assert Specification.model_validate_json(made.model_dump_json()) == made
    for workflow in made.workflows:
        assert WorkflowSpecification.model_validate(workflow.model_dump(mode="json")) == workflow


def test_defaults_are_those_of_autoflow_and_ours(inputs):
    sensor = load(inputs, one(inputs)).sensor
    assert sensor.schedule is None
    assert sensor.timezone == "UTC"
    assert sensor.cdr_types is None
    assert sensor.require == "any"
    assert sensor.source == FlowApiSource()


def test_an_unknown_workflow_is_asked_for(inputs):
    with pytest.raises(UnknownWorkflowError) as refusal:
        load(inputs, VALID).workflow("flow report")
    assert str(refusal.value) == "workflows.yml has no workflow 'flow report' (did you mean 'flows report'?)"


@pytest.mark.parametrize(
    "text",
    [
        "workflows: []\navailable_dates_sensor: {schedule: null, workflows: []}",
        "workflows: []\navailable_dates_sensor: {schedule: null, cdr_types: [], workflows: []}",
        "workflows: []\navailable_dates_sensor: {schedule: null, cdr_types: null, workflows: []}",
        "workflows: []\navailable_dates_sensor: {schedule: null, cdr_types: [sms, sms], workflows: []}",
        "workflows: []\navailable_dates_sensor: {schedule: '*/5 * * * * 30', workflows: []}",
        "\ufeffworkflows: []\navailable_dates_sensor: {schedule: null, workflows: []}",
        "x: &s {schedule: null}\nworkflows: []\navailable_dates_sensor: {<<: *s, workflows: []}",
        "x: &s {schedule: 7}\nworkflows: []\navailable_dates_sensor: {<<: [*s], schedule: null, workflows: []}",
    ],
)
def test_small_files_are_accepted(inputs, text):
    assert load(inputs, text).workflows == ()


GOOD_RULES = (
    "all",
    "{weekly: monday}",
    "{weekly: [monday, thursday]}",
    "{monthly: 1}",
    "{monthly: last}",
    "{monthly: [1, 15, last]}",
    "{dates: [2024-01-31, '2024-02-29']}",
    "{every: 7, from: 2024-01-01}",
)


@pytest.mark.parametrize(
    ("notebook", "entry"),
    [
        ("output: {format: pdf}", ""),
        ("output: {format: pdf, template: null}", ""),
        ("output: {format: html, code: true, streams: true, parameters: true}", ""),
        ("output: [{format: pdf}, {format: html}]", ""),
        ("parameters: {}", "parameters: {}"),
        ("parameters: {x: y}", "parameters: {y: null}"),
        ("parameters: {x: y}", "parameters: {y: [1, {2: -0.0, true: 1.5}]}"),
        ("parameters: {x: inputs_dir}", "parameters: {inputs_dir: /elsewhere}"),
        ("parameters: {x: inputs_dir}", ""),
        ("", "earliest_date: '2016-01-31'"),
        ("", "date_stencil: []"),
        ("", "date_stencil: [[2016-01-01, -1]]"),
        ("", "date_stencil: [week, [last_month, month], -1m, [-4w, 1], +1y]"),
        (
            "",
            "date_stencil: [{dates: [-9, 1], at_least: 5}, {dates: month, at_least: 0}, {dates: [2016-01-01, 0], at_least: 1}]",
        ),
        ("parameters: {x: missing_dates}", ""),
        ("parameters: {x: missing_dates}", "parameters: {missing_dates: [2016-01-01]}"),
        *(("", f"reference_dates: {rule}") for rule in GOOD_RULES),
    ],
)
def test_a_file_is_accepted(inputs, notebook, entry):
    made = load(inputs, one(inputs, notebook=notebook, entry=entry))
    assert Specification.model_validate(json.loads(json.dumps(made.model_dump(mode="json")))) == made


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2016-01-01", '"2016-01-01"'),
        ("2016-01-01 10:00:00", '"2016-01-01 10:00:00"'),
        ("2016-01-01T10:00:00.5+02:00", '"2016-01-01 10:00:00.500000+02:00"'),
        ("yes", "true"),
        ("~", "null"),
        ("010", "8"),
        ("1:30", "90"),
        ("1_000", "1000"),
        ("1.0e+3", "1000.0"),
        ("1e3", '"1e3"'),
        ("'é'", '"\\u00e9"'),
        ("[1, [2, {b: 2016-01-01, a: x}]]", '[1, [2, {"a": "x", "b": "2016-01-01"}]]'),
        ("{9: a, 8: b}", '{"8": "b", "9": "a"}'),
    ],
)
def test_a_value_means_in_the_identity_what_it_means_to_autoflow(inputs, written, read):
    # AutoFlow's rule: what PyYAML reads, as JSON with sorted keys, the rest as text
    made = load(inputs, one(inputs, notebook="parameters: {x: y}", entry=f"parameters: {{y: {written}}}"))
    kept = json.loads(json.dumps(made.model_dump(mode="json")))["sensor"]["workflows"][0]["parameters"]
    plain = yaml.safe_load(f"{{y: {written}}}")
    assert json.dumps(plain, sort_keys=True, default=str) == f'{{"y": {read}}}'
    assert identity(made.sensor.workflows[0].parameters) == identity(kept) == identity(plain)


def test_keys_of_nested_values_become_what_json_makes_of_them(inputs):
    made = load(inputs, one(inputs, notebook="parameters: {x: y}", entry="parameters: {y: {1: a, null: b, 2016-01-01: c}}"))
    assert made.sensor.workflows[0].parameters == {"y": {"1": "a", "null": "b", "2016-01-01": "c"}}


def test_a_sub_folder_and_a_detour_inside_the_folder_are_accepted(inputs):
    (inputs / "link.ipynb").symlink_to("sub/run_flows.ipynb")
    for filename in ("sub/run_flows.ipynb", "sub/../other.ipynb", "./other.ipynb", "link.ipynb"):
        made = load(inputs, one(inputs).replace("other.ipynb", filename))
        assert made.workflows[0].notebooks[0].filename == filename


def test_a_folder_reached_through_a_link_is_still_the_inputs_folder(inputs, tmp_path_factory):
    link = tmp_path_factory.mktemp("elsewhere") / "inputs"
    link.symlink_to(inputs)
    assert load(link, VALID).inputs_dir == link


def test_a_relative_path_gives_an_absolute_inputs_folder(inputs, monkeypatch):
    load(inputs, VALID)
    monkeypatch.chdir(inputs)
    made = load_specification("workflows.yml")
    assert (made.path, made.inputs_dir) == (Path("workflows.yml"), inputs)


def test_notebooks_that_need_nothing_of_each_other_keep_the_order_of_the_file(inputs):
    made = load(
        inputs,
        """\
        workflows:
        - name: w
          notebooks:
            d: {filename: other.ipynb, parameters: {x: b, y: c, z: b}}
            c: {filename: other.ipynb, parameters: {x: a}}
            b: {filename: other.ipynb, parameters: {x: a}}
            e: {filename: other.ipynb}
            a: {filename: other.ipynb}
        available_dates_sensor: {schedule: null, workflows: []}
        """,
    )
    assert [n.label for n in made.workflows[0].notebooks] == ["e", "a", "c", "b", "d"]
    assert made.workflows[0].notebooks[-1].needs == ("b", "c")


def test_inputs_dir_may_be_a_label(inputs):
    text = one(inputs, notebook="parameters: {x: inputs_dir}").replace(
        "    a:\n", "    inputs_dir:\n      filename: other.ipynb\n    a:\n"
    )
    assert load(inputs, text).workflows[0].notebooks[1].needs == ("inputs_dir",)


@pytest.mark.parametrize(
    ("kept", "output"),
    [(None, ()), ({"format": "pdf", "template": "a.typ"}, (OutputSpecification(format="pdf", template="a.typ"),))],
)
def test_a_run_that_was_started_when_there_was_one_output_at_most_goes_on(kept, output):
    assert NotebookSpecification.model_validate({"label": "a", "filename": "a.ipynb", "output": kept}).output == output


@pytest.mark.parametrize(
    ("needs", "stages"),
    [
        ({"a": ""}, [["a"]]),
        ({"a": "", "b": ""}, [["a", "b"]]),
        ({"a": "", "b": "a", "c": "b"}, [["a"], ["b"], ["c"]]),
        ({"c": "ab", "a": "", "b": ""}, [["a", "b"], ["c"]]),
        ({"a": "", "b": "a", "c": "a", "d": "abc", "e": ""}, [["a", "e"], ["b", "c"], ["d"]]),
    ],
)
def test_a_workflow_has_stages_of_notebooks_that_do_not_need_each_other(inputs, needs, stages):
    notebooks = "".join(
        f"    {label}: {{filename: other.ipynb, parameters: {{{', '.join(f'{one}: {one}' for one in wanted)}}}}}\n"
        for label, wanted in needs.items()
    )
    sensor = "available_dates_sensor:\n  schedule: null\n  workflows: [{workflow_name: w}]\n"
    made = load(inputs, f"workflows:\n- name: w\n  notebooks:\n{notebooks}{sensor}")
    assert made.workflow("w").stages() == stages


def test_files_are_a_source(inputs):
    made = load(inputs, one(inputs, sensor="source: {files: {flights: 'data/flights-{date}.csv'}}\ncdr_types: [flights]"))
    assert made.sensor.source == FilesSource(files={"flights": "data/flights-{date}.csv"})
    assert Specification.model_validate(made.model_dump(mode="json")) == made


def test_the_schema_agrees_with_the_loader(inputs):
    jsonschema = pytest.importorskip("jsonschema")
    schema = specification_schema()
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)

    def errors(text: str) -> list[str]:
        # What an editor sees: YAML with dates as text.
        return [e.message for e in validator.iter_errors(json.loads(json.dumps(yaml.safe_load(dedent(text)), default=str)))]

    assert errors(VALID) == []
    assert errors(one(inputs, sensor="source: {files: {a: 'd/{date}.csv'}}")) == []
    for wrong in (
        "kernels: x",
        "timeout: 0",
        "parameters: null",
        "output: null",
        "output: {format: x}",
        "parameters: {x: 5}",
    ):
        assert len(errors(one(inputs, notebook=wrong))) == 1
    for rule in GOOD_RULES:
        assert errors(one(inputs, entry=f"reference_dates: {rule}")) == []
    for stencil in ("[week, [last_month, month], -1m, [-4w, +1y]]", "[{dates: [-28, 1], at_least: 25}]"):
        assert errors(one(inputs, entry=f"date_stencil: {stencil}")) == []
    for rule in (
        "null",
        "{}",
        "{weekly: Monday}",
        "{weekly: []}",
        "{monthly: 0}",
        "{every: 7}",
        "{dates: []}",
        "{weekly: monday, monthly: 1}",
    ):
        assert len(errors(one(inputs, entry=f"reference_dates: {rule}"))) == 1
    for stencil in ("[mnth]", "[-1x]", "[{dates: [-28, 1]}]", "[{dates: [-28, 1], at_least: -1}]"):
        assert len(errors(one(inputs, entry=f"date_stencil: {stencil}"))) == 1
    for wrong in ("date_stencil: null", "date_stencil: [1.5]", "date_stencil: [[1]]", "earliest_date: 5", "x: y"):
        assert len(errors(one(inputs, entry=wrong))) == 1
    for wrong in ("source: {}", "source: {files: {a: b}}", "require: each", "timezone: null"):
        assert len(errors(one(inputs, sensor=wrong))) == 1
