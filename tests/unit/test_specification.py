"""Loading a workflow file: what it becomes, and every way in which it is refused."""

import json
import random
import re
from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from deciders.identity import identity
from deciders.specification import (
    FilesSource,
    FlowApiSource,
    NotebookSpecification,
    OutputSpecification,
    Specification,
    SpecificationError,
    UnknownWorkflowError,
    WorkflowSpecification,
    load_specification,
    specification_schema,
)
from tests.settings import count

VALID = """\
    workflows:
      - name: flows report
        notebooks:
          report:
            filename: flows_report.ipynb
            parameters:
              flows: run_flows
              title: report_title
              day: reference_date
            output:
              format: pdf
              template: template.typ
          run_flows:
            filename: sub/run_flows.ipynb
            parameters: {unit: aggregation_unit, url: flowapi_url, folder: inputs_dir}
      - name: lonely
        notebooks:
          only: {filename: bare.ipynb}
    available_dates_sensor:
      schedule: "0 5 * * *"
      timezone: Europe/Zurich
      cdr_types: [calls, sms]
      require: all
      workflows:
        - workflow_name: flows report
          parameters: {aggregation_unit: admin2, report_title: 2016-01-01}
          earliest_date: 2016-01-01
          date_stencil: [[-6, 1], 2016-01-01, -30]
        - workflow_name: lonely
    extra: {ignored: true}
"""


def notebook(source: str | list[str] | None, **metadata: object) -> str:
    cells = [{"cell_type": "markdown", "metadata": {}, "source": "# title"}]
    if source is not None:
        cells.append({"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": source})
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "flows_report.ipynb").write_text(notebook("flows = title = ''\nday: str"))
    (tmp_path / "sub" / "run_flows.ipynb").write_text(notebook(["unit = 'a'\n", "url, folder = '', ''"]))
    (tmp_path / "bare.ipynb").write_text(notebook(None))
    (tmp_path / "other.ipynb").write_text("not JSON, so not looked at")
    (tmp_path / "template.typ").write_text("")
    return tmp_path


def load(folder: Path, text: str) -> Specification:
    path = folder / "workflows.yml"
    path.write_text(dedent(text), encoding="utf-8")
    return load_specification(path)


def complaints(folder: Path, text: str) -> list[str]:
    with pytest.raises(SpecificationError) as refusal:
        load(folder, text)
    assert str(refusal.value) == "\n".join(map(str, refusal.value.problems))
    assert [problem.line for problem in refusal.value.problems] == sorted(p.line for p in refusal.value.problems)
    assert {problem.path for problem in refusal.value.problems} == {folder / "workflows.yml"}
    return str(refusal.value).removeprefix("workflows.yml:").split("\nworkflows.yml:")


def one(folder: Path, *, workflow: str = "", notebook: str = "", sensor: str = "", entry: str = "") -> str:
    """A correct file of one workflow with one notebook, and lines put into its four parts."""

    def put(lines: str, indent: int) -> str:
        return "".join(f"{' ' * indent}{line}\n" for line in lines.splitlines())

    return (
        "workflows:\n- name: w\n"
        + put(workflow, 2)
        + "  notebooks:\n    a:\n      filename: other.ipynb\n"
        + put(notebook, 6)
        + "available_dates_sensor:\n  schedule: null\n"
        + put(sensor, 2)
        + "  workflows:\n  - workflow_name: w\n"
        + put(entry, 4)
    )


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


@pytest.mark.parametrize(
    ("notebook", "entry"),
    [
        ("output: {format: pdf}", ""),
        ("output: {format: pdf, template: null}", ""),
        ("output: {format: html, code: true, streams: true, parameters: true}", ""),
        ("output: [{format: pdf}, {format: html}]", ""),
        ("parameters: {}", "parameters: {}"),
        ("parameters: {x: y}", "parameters: {y: null}"),
        ("parameters: {x: y}", "parameters: {y: [1, {2: .inf, true: 1.5}]}"),
        ("parameters: {x: inputs_dir}", "parameters: {inputs_dir: /elsewhere}"),
        ("parameters: {x: inputs_dir}", ""),
        ("", "earliest_date: '2016-01-31'"),
        ("", "date_stencil: []"),
        ("", "date_stencil: [[2016-01-01, -1]]"),
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
        (".inf", "Infinity"),
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


def test_a_typo_in_a_reference_is_reported_where_it_stands(inputs):
    assert complaints(inputs, VALID.replace("flows: run_flows", "flows: run_flow")) == [
        "7: notebook 'report' wants 'run_flow', which is neither a parameter nor a notebook (did you mean 'run_flows'?)"
    ]


def test_a_typo_in_the_name_of_a_parameter_is_reported_once(inputs):
    assert complaints(inputs, VALID.replace("title: report_title", "title: report_titel")) == [
        "8: notebook 'report' wants 'report_titel', which is neither a parameter nor a notebook (did you mean 'report_title'?)"
    ]


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


def test_all_problems_are_reported_at_once_in_line_order(inputs):
    text = VALID.replace("filename: flows_report", "filname: flows_report").replace("format: pdf", "format: docx")
    text = text.replace("flows: run_flows", "flow: run_flows").replace("0 5 * *", "0 25 * *").replace("calls,", "call,")
    text = text.replace("aggregation_unit: admin2", "agregation_unit: admin2").replace("[-6, 1]", "[1, -6], x")
    assert complaints(inputs, text) == [
        "4: notebook 'report' lacks 'filename'",
        "5: 'filname' is not a setting of notebook 'report' (did you mean 'filename'?)",
        "11: 'format' of the output of notebook 'report' must be 'pdf' or 'html', not 'docx'",
        "15: notebook 'run_flows' wants 'aggregation_unit', which is neither a parameter nor a notebook "
        "(did you mean 'agregation_unit'?)",
        "20: schedule '0 25 * * *' cannot be understood: hour '25' (allowed: 0-23)",
        "22: cdr_types: 'call' is none of FlowAPI's types, 'calls', 'sms', 'mds' and 'topups' (did you mean 'calls'?)",
        "28: date_stencil: [1, -6] holds no date: the second member must be later than the first",
        "28: date_stencil: 'x' is neither a whole number of days nor a date",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1: the file is empty; it needs 'workflows' and 'available_dates_sensor'"),
        ("# nothing", "1: the file is empty; it needs 'workflows' and 'available_dates_sensor'"),
        ("- a", "1: the file is a list; it needs 'workflows' and 'available_dates_sensor' at the top"),
        ("a", "1: the file is just 'a'; it needs 'workflows' and 'available_dates_sensor'"),
        ("a: [b", "1: not valid YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: 1\nb: 2\n c: 3", "3: not valid YAML: mapping values are not allowed here"),
        ("a: 1\n---\nb: 1", "2: not valid YAML: but found another document"),
        ("a: \x07", "1: holds the character '\\x07', not allowed"),
        ('a: 1\nb: "\\UFFFFFFFF"', "2: not valid YAML: an escape or a directive that means nothing"),
        ("a: *b", "1: not valid YAML: found undefined alias 'b'"),
        (
            "a:\n\tb: 1",
            "2: not valid YAML: found character '\\t' that cannot start any token; indent with spaces, not with a tab",
        ),
        (
            "schedule: * * * * *",
            "1: not valid YAML: expected alphabetic or numeric character, but found ' '; "
            'put the schedule in quotes, as "0 6 * * *"',
        ),
        (
            "schedule: */5 * * * *",
            "1: not valid YAML: expected alphabetic or numeric character, but found '/'; "
            'put the schedule in quotes, as "0 6 * * *"',
        ),
        (
            "files: {calls: data/{date}.csv}",
            "1: not valid YAML: expected ',' or '}', but got '{'; put text with {date} in quotes",
        ),
        ("a: @b", "1: not valid YAML: found character '@' that cannot start any token; put text that begins with @ in quotes"),
        ("[" * 5000, "1: is nested more than 50 levels deep"),
        ("a: " + "[" * 60 + "]" * 60, "1: is nested more than 50 levels deep"),
        (
            "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
            "1: makes more than 100000 values out of its aliases",
        ),
        (
            "a0: &a0 {}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12)),
            "2: makes more than 100000 values out of its aliases",
        ),
    ],
)
def test_what_is_no_workflow_file_at_all_is_refused(inputs, text, expected):
    (message,) = complaints(inputs, text)
    assert message == expected


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "folder.yml").mkdir()
    (tmp_path / "latin.yml").write_bytes(b"a: 1\nb: \xe9t\xe9\n")
    (tmp_path / "huge.yml").write_bytes(b"#" * 1_000_001)
    (tmp_path / "loop.yml").symlink_to("loop.yml")
    for name, expected in {
        "missing.yml": "missing.yml: there is no such file",
        "folder.yml": "folder.yml: is a folder, not a file",
        "latin.yml": "latin.yml:2: is not utf-8 text: save the file as UTF-8",
        "huge.yml": "huge.yml: is 1000001 bytes long, more than 1000000: not a workflow file",
        "loop.yml": "loop.yml: cannot be read (Too many levels of symbolic links)",
        "nul\0.yml": "nul\0.yml: cannot be read (embedded null byte)",
    }.items():
        with pytest.raises(SpecificationError) as refusal:
            load_specification(tmp_path / name)
        assert str(refusal.value) == expected


def test_lines_are_counted_as_editors_do(inputs):
    text = one(inputs, sensor='timezone: "U@T@C"\nrequire: each').replace("\n", "\r\n").replace("@", "\u2028")
    path = inputs / "workflows.yml"
    path.write_bytes(text.encode())
    with pytest.raises(SpecificationError) as refusal:
        load_specification(path)
    assert [problem.line for problem in refusal.value.problems] == [8, 9]


def test_utf_16_is_read(inputs):
    path = inputs / "workflows.yml"
    path.write_bytes(dedent(VALID).encode("utf-16"))
    assert len(load_specification(path).workflows) == 2


@pytest.mark.parametrize(
    ("sensor", "expected"),
    [
        ("schedule: null", ["8: 'schedule' is given twice (first in line 7)"]),
        ("timezone: Europe/Zürich", ["8: 'Europe/Zürich' is not the name of a time zone (did you mean 'Europe/Zurich'?)"]),
        ("timezone: ../etc", ["8: '../etc' is not the name of a time zone"]),
        ("timezone: America", ["8: 'America' is not the name of a time zone"]),
        ("timezone: null", ["8: 'timezone' of available_dates_sensor must be text, not null"]),
        ("cdr_types: calls", ["8: 'cdr_types' of available_dates_sensor must be a list, not 'calls'"]),
        ("cdr_types: [calls, 5]", ["8: item 2 of 'cdr_types' must be text, not 5"]),
        ("max_parallel_runs: 0", ["8: 'max_parallel_runs' of available_dates_sensor must be at least 1, not 0"]),
        ("require: each", ["8: 'require' of available_dates_sensor must be 'any' or 'all', not 'each'"]),
        ("shedule: null", ["8: 'shedule' is not a setting of available_dates_sensor (did you mean 'schedule'?)"]),
        ("1: null", ["8: 1 is not a setting of available_dates_sensor"]),
        (
            "source: flowap",
            ["8: source must be 'flowapi' or a mapping with 'files' or 'sql', not 'flowap' (did you mean 'flowapi'?)"],
        ),
        ("source: null", ["8: source must be 'flowapi' or a mapping with 'files' or 'sql', not null"]),
        ("source: [files]", ["8: source must be 'flowapi' or a mapping with 'files' or 'sql', not a list"]),
        (
            "source: {file: {a: b}}",
            ["8: 'file' is not a setting of the source (did you mean 'files'?)", "8: the source lacks 'files' or 'sql'"],
        ),
        ("source: {files: {}}", ["8: 'files' of the source must be a mapping of at least one type of data to its files"]),
        ("source: {files: {a: 5}}", ["8: the files of 'a' must be text, not 5"]),
        ("source: {files: {a: x.csv}}", ["8: the files of 'a': 'x.csv' must hold {date} exactly once"]),
        ("source: {files: {a: '{date}{date}'}}", ["8: the files of 'a': '{date}{date}' must hold {date} exactly once"]),
        ("source: {files: {a: '../{date}'}}", ["8: the files of 'a': '../{date}' leaves the folder of this file"]),
        ("source: {files: {a: '/d/{date}'}}", ["8: the files of 'a': '/d/{date}' is not relative to the folder of this file"]),
        ("source: {files: {a: '**/{date}'}}", ["8: the files of 'a': '**/{date}' must not hold '**': name the folders"]),
        (
            "source: {files: {flights: 'd/{date}.csv'}}\ncdr_types: [calls, flight]",
            [
                "9: cdr_types: 'calls' is none of the types of the source, 'flights'",
                "9: cdr_types: 'flight' is none of the types of the source, 'flights' (did you mean 'flights'?)",
            ],
        ),
        (
            "x: 2016-02-30",
            [
                "8: '2016-02-30' looks like a date, but is none; put text in quotes",
                "8: 'x' is not a setting of available_dates_sensor",
            ],
        ),
        ("? [a]\n: b", ["8: a key must be text, not a list or a mapping"]),
        ("timezone: !!python/name:os.system x", ["8: the tag '!!python/name:os.system' has no meaning in a workflow file"]),
        ("cdr_types: !!set {calls}", ["8: the tag '!!set' has no meaning in a workflow file"]),
        ('timezone: "\\ud800"', ["8: '\\ud800' holds half a character (a lone surrogate)"]),
        ("cdr_types: &c [*c]", ["8: an alias stands inside the very value that it repeats"]),
        ("<<: [1]", ["8: '<<' must name a mapping or a list of mappings"]),
    ],
)
def test_a_sensor_is_refused(inputs, sensor, expected):
    assert complaints(inputs, one(inputs, sensor=sensor)) == expected


def test_a_setting_that_a_workflow_does_not_have_is_refused(inputs):
    fault = "'attempt' is not a setting of workflow 'w' (did you mean 'attempts'?)"
    assert complaints(inputs, one(inputs, workflow="attempt: 3")) == [f"3: {fault}"]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("5", "'schedule' of available_dates_sensor must be text, not 5"),
        (
            "''",
            "schedule '' has 0 fields; "
            "a cron string has 5 (minute, hour, day of month, month, day of week), or 6 with the seconds last",
        ),
        ("'0 0 31 2 *'", "schedule '0 0 31 2 *' names a date that never comes"),
    ],
)
def test_a_schedule_is_refused(inputs, schedule, expected):
    text = one(inputs).replace("schedule: null", f"schedule: {schedule}")
    assert complaints(inputs, text) == [f"7: {expected}"]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("parameters: null", ["10: 'parameters' of entry 1 of the sensor ('w') must be a mapping, not null"]),
        ("parameters: {x: 1}", ["10: entry 1 of the sensor ('w') gives 'x', which no notebook of workflow 'w' wants"]),
        *(
            (f"parameters: {{{name}: x}}", [f"10: entry 1 of the sensor ('w') gives '{name}', which is set automatically"])
            for name in ("flowapi_url", "reference_date", "date_ranges")
        ),
        (
            "parameters: {inputs_dir: x}",
            ["10: entry 1 of the sensor ('w') gives 'inputs_dir', which no notebook of workflow 'w' wants"],
        ),
        ("parameters: {5: x}", ["10: the key 5 of 'parameters' is not text; quote it"]),
        ("earliest_date: null", ["10: earliest_date must be a date such as 2016-01-31, not null"]),
        (
            "earliest_date: 2016-01-01 10:00:00",
            ["10: earliest_date must be a date such as 2016-01-31, not 2016-01-01 10:00:00"],
        ),
        ("earliest_date: '20160101'", ["10: earliest_date must be a date such as 2016-01-31, not '20160101'"]),
        ("earliest_date: '2016-02-30'", ["10: earliest_date must be a date such as 2016-01-31, not '2016-02-30'"]),
        ("date_stencil: null", ["10: date_stencil must be a list, not null"]),
        ("date_stencil: -1", ["10: date_stencil must be a list, not -1"]),
        ("date_stencil: {-1: x}", ["10: date_stencil must be a list, not a mapping"]),
        (
            "date_stencil:\n- true\n- 0\n- 1.5\n- [1, 2, 3]\n- '2016-01-01'",
            [
                "11: date_stencil: true is neither a whole number of days nor a date",
                "13: date_stencil: 1.5 is neither a whole number of days nor a date",
                "14: date_stencil: a pair has two members, [first, end], but [1, 2, 3] has 3",
                "15: date_stencil: '2016-01-01' is text; write the date without quotes",
            ],
        ),
        (
            "datestencil: [0]",
            ["10: 'datestencil' is not a setting of entry 1 of the sensor ('w') (did you mean 'date_stencil'?)"],
        ),
    ],
)
def test_an_entry_is_refused(inputs, entry, expected):
    assert complaints(inputs, one(inputs, entry=entry)) == expected


DURATION = "a duration of at most 30 days, such as 90 (seconds), 10m or 2h"
MEMORY = "an amount of memory of at least 1 MB, such as 500MB or 2GiB"


@pytest.mark.parametrize(
    ("notebook", "entry", "expected"),
    [
        ("parameters: null", "", ["6: 'parameters' of notebook 'a' must be a mapping, not null"]),
        ("parameters: {x: 5}", "", ["6: 'x' of the parameters of notebook 'a' must be text, not 5"]),
        ("parameters: {x: a}", "", ["4: notebooks need each other in a circle: 'a' needs 'a'"]),
        ("parameters: {x: y}", "", ["10: entry 1 of the sensor ('w') gives no value for 'y'"]),
        (
            "parameters: {x: y}",
            "parameters: {zzz: 1}",
            [
                "11: entry 1 of the sensor ('w') gives 'zzz', which no notebook of workflow 'w' wants",
                "11: entry 1 of the sensor ('w') gives no value for 'y'",
            ],
        ),
        (
            "parameters: {x: reference_dat}",
            "",
            [
                "6: notebook 'a' wants 'reference_dat', which is neither a parameter nor a notebook "
                "(did you mean 'reference_date'?)"
            ],
        ),
        ("output: true", "", ["6: 'output' of notebook 'a' must be a mapping, not true"]),
        (
            "output: {format: pdf, tempalte: x}",
            "",
            ["6: 'tempalte' is not a setting of the output of notebook 'a' (did you mean 'template'?)"],
        ),
        ("output: null", "", ["6: 'output' of notebook 'a' must be a mapping, not null"]),
        ("output: {}", "", ["6: the output of notebook 'a' lacks 'format'"]),
        ("output: {format: PDF}", "", ["6: 'format' of the output of notebook 'a' must be 'pdf' or 'html', not 'PDF'"]),
        ("output: []", "", ["6: 'output' of notebook 'a' is an empty list; leave it out"]),
        ("output: [5]", "", ["6: item 1 of 'output' must be a mapping, not 5"]),
        (
            "output: [{format: pdf}, {format: x}]",
            "",
            ["6: 'format' of output 2 of notebook 'a' must be 'pdf' or 'html', not 'x'"],
        ),
        ("output: [{format: pdf}, {format: pdf}]", "", ["6: notebook 'a' has two outputs of format 'pdf'"]),
        (
            "output: {format: pdf, code: yes please}",
            "",
            ["6: 'code' of the output of notebook 'a' must be true or false, not 'yes please'"],
        ),
        (
            "output: [{format: html, stream: true}]",
            "",
            ["6: 'stream' is not a setting of output 1 of notebook 'a' (did you mean 'streams'?)"],
        ),
        ("output: {format: html, template: bare.ipynb}", "", ["6: templates are for pdf; html has one look"]),
        (
            "output: {format: pdf, template: bare.ipynb}",
            "",
            ["6: template 'bare.ipynb' must end in '.typ' (Typst), '.tpl' or '.asciidoc.j2' (asciidoc)"],
        ),
        ("output: {format: pdf, template: no.typ}", "", ["6: there is no file 'no.typ' beside this file"]),
        ("kernels: x", "", ["6: 'kernels' is not a setting of notebook 'a' (did you mean 'kernel'?)"]),
        ("timeout: soon", "", [f"6: 'timeout' of notebook 'a' must be {DURATION}, not 'soon'"]),
        ("timeout: 0", "", [f"6: 'timeout' of notebook 'a' must be {DURATION}, not 0"]),
        ("timeout: 31d", "", [f"6: 'timeout' of notebook 'a' must be {DURATION}, not '31d'"]),
        ("cell_timeout: .nan", "", [f"6: 'cell_timeout' of notebook 'a' must be {DURATION}, not nan"]),
        ("cell_timeout: true", "", [f"6: 'cell_timeout' of notebook 'a' must be {DURATION}, not true"]),
        ("memory_limit: 2 GX", "", [f"6: 'memory_limit' of notebook 'a' must be {MEMORY}, not '2 GX'"]),
        ("memory_limit: 2", "", [f"6: 'memory_limit' of notebook 'a' must be {MEMORY}, not 2"]),
        ("memory_limit: [1]", "", [f"6: 'memory_limit' of notebook 'a' must be {MEMORY}, not a list"]),
        ("retries: 1.5", "", ["6: 'retries' of notebook 'a' must be a whole number from 0 to 20, not 1.5"]),
        ("retries: -1", "", ["6: 'retries' of notebook 'a' must be a whole number from 0 to 20, not -1"]),
        (
            "kernel: a b",
            "",
            ["6: 'kernel' of notebook 'a' must be the name of a kernel, of letters, digits, '-', '_' and '.', not 'a b'"],
        ),
        ("env: {A: 1}", "", ["6: 'A' of 'env' of notebook 'a' must be text, not 1"]),
        ("env: {A-B: x}", "", ["6: 'A-B' in 'env' of notebook 'a' cannot be the name of a variable"]),
    ],
)
def test_a_notebook_is_refused(inputs, notebook, entry, expected):
    assert sorted(complaints(inputs, one(inputs, notebook=notebook, entry=entry))) == expected


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("othr.ipynb", "there is no file 'othr.ipynb' beside this file (did you mean 'other.ipynb'?)"),
        ("sub/run_flow.ipynb", "there is no file 'sub/run_flow.ipynb' beside this file (did you mean 'sub/run_flows.ipynb'?)"),
        ("no/where.ipynb", "there is no file 'no/where.ipynb' beside this file"),
        ("other.txt", "'other.txt' must end in '.ipynb' or '.py'"),
        ("other.IPYNB", "'other.IPYNB' must end in '.ipynb' or '.py'"),
        ("../x/other.ipynb", "'../x/other.ipynb' leaves the folder of this file"),
        ("sub/../../other.ipynb", "'sub/../../other.ipynb' leaves the folder of this file"),
        ("/other.ipynb", "'/other.ipynb' is not relative to the folder of this file"),
        ("out.ipynb", "'out.ipynb' is a link that leads out of the folder of this file"),
        ("loop.ipynb", "'loop.ipynb' cannot be looked at (a circle of links)"),
        ("folder.ipynb", "'folder.ipynb' is a folder, not a file"),
        ('"a\\0.ipynb"', "'a\\x00.ipynb' holds a control character"),
        ("x" * 300 + ".ipynb", None),
        ("''", "'filename' of notebook 'a' must be a name, not ''"),
        ("5", "'filename' of notebook 'a' must be text, not 5"),
    ],
)
def test_a_filename_is_refused(inputs, tmp_path_factory, filename, expected):
    outside = tmp_path_factory.mktemp("outside") / "secret.ipynb"
    outside.write_text("{}")
    (inputs / "out.ipynb").symlink_to(outside)
    (inputs / "loop.ipynb").symlink_to("loop.ipynb")
    (inputs / "folder.ipynb").mkdir()
    (message,) = complaints(inputs, one(inputs).replace("other.ipynb", filename))
    if expected is None:
        assert message.endswith("cannot be looked at (File name too long)")
    else:
        assert message == f"5: {expected}"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("''", "'' is empty"),
        ("'  '", "'  ' is empty"),
        ("'.'", "'.' means a folder"),
        ("'..'", "'..' means a folder"),
        ("x" * 101, f"'{'x' * 75} ... has 101 characters, more than 100"),
        ("ü" * 100 + "", None),
        ("日" * 70, f"'{'日' * 70}' needs 210 bytes as a file name, more than 200"),
        ("a/b", "'a/b' holds '/', which file names and workflow ids cannot hold"),
        ("a\\b", "'a\\\\b' holds '\\\\', which file names and workflow ids cannot hold"),
        ("'a:b'", "'a:b' holds ':', which file names and workflow ids cannot hold"),
        ("a|b", "'a|b' holds '|', which file names and workflow ids cannot hold"),
        ('"a\\tb"', "'a\\tb' holds a control character"),
        ('"a\\x85b"', "'a\\x85b' holds a control character"),
    ],
)
def test_names_that_cannot_be_file_names_or_workflow_ids_are_refused(inputs, name, fault):
    as_workflow = one(inputs).replace("name: w\n", f"name: {name}\n")
    as_label = one(inputs).replace("    a:\n", f"    {name}:\n")
    if fault is None:
        assert load(inputs, as_workflow)
        assert load(inputs, as_label)
    else:
        assert complaints(inputs, as_workflow) == [f"2: workflow name {fault}"]
        assert complaints(inputs, as_label) == [f"4: notebook label {fault}"]


def test_names_that_are_the_same_to_some_file_system_are_refused(inputs):
    assert complaints(
        inputs,
        """\
        workflows:
        - {name: W, notebooks: {a: {filename: other.ipynb}, A: {filename: other.ipynb}}}
        - {name: w, notebooks: {}}
        - {name: W, notebooks: {date_ranges: {filename: other.ipynb}}}
        available_dates_sensor: {schedule: null, workflows: [{workflow_name: ww}]}
        """,
    ) == [
        "2: notebook label 'A' differs from 'a' only in case (first in line 2)",
        "3: workflow name 'w' differs from 'W' only in case (first in line 2)",
        "3: workflow 'w' has no notebooks",
        "4: workflow name 'W' is defined twice (first in line 2)",
        "4: a notebook cannot be labelled 'date_ranges', which is an automatic parameter",
        "5: there is no workflow 'ww' in this file (did you mean 'w'?)",
    ]


def test_every_circle_is_named(inputs):
    assert complaints(
        inputs,
        """\
        workflows:
        - name: w
          notebooks:
            a: {filename: other.ipynb, parameters: {x: b}}
            b: {filename: other.ipynb, parameters: {x: c}}
            c: {filename: other.ipynb, parameters: {x: a}}
            d: {filename: other.ipynb, parameters: {x: e, y: a}}
            e: {filename: other.ipynb, parameters: {x: d}}
        available_dates_sensor: {schedule: null, workflows: []}
        """,
    ) == [
        "4: notebooks need each other in a circle: 'a' needs 'b' needs 'c' needs 'a'",
        "7: notebooks need each other in a circle: 'd' needs 'e' needs 'd'",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1", ["1: the file lacks 'available_dates_sensor'", "1: the file lacks 'workflows'"]),
        (
            "x: 1\nworkflow: []\navailable_date_sensor: {}",
            [
                "2: the file lacks 'workflows'; did you mean it by 'workflow'?",
                "3: the file lacks 'available_dates_sensor'; did you mean it by 'available_date_sensor'?",
            ],
        ),
        (
            "workflows: null\navailable_dates_sensor: []",
            [
                "1: 'workflows' of the file must be a list, not null",
                "2: 'available_dates_sensor' of the file must be a mapping, not a list",
            ],
        ),
        (
            "workflows: [a, {}]\navailable_dates_sensor: {workflows: [{}, b]}",
            [
                "1: workflow 1 must be a mapping, not 'a'",
                "1: workflow 2 lacks 'name'",
                "1: workflow 2 lacks 'notebooks'",
                "2: available_dates_sensor lacks 'schedule'",
                "2: entry 1 of the sensor lacks 'workflow_name'",
                "2: entry 2 of the sensor must be a mapping, not 'b'",
            ],
        ),
        (
            "workflows: []\navailable_dates_sensor: {schedule: null}",
            ["2: available_dates_sensor lacks 'workflows'"],
        ),
        (
            "workflows:\n"
            "- {name: w, notebooks: {flowapi_url: {filename: other.ipynb}, reference_date: {filename: bare.ipynb}}}\n"
            "available_dates_sensor: {schedule: null, workflows: []}",
            [
                "2: a notebook cannot be labelled 'flowapi_url', which is an automatic parameter",
                "2: a notebook cannot be labelled 'reference_date', which is an automatic parameter",
            ],
        ),
        (
            "workflows:\n- name: [x]\n  notebooks:\n    1: {filename: other.ipynb}\n    a:\n    b: 5\n"
            "available_dates_sensor: {schedule: null, workflows: {}}",
            [
                "2: 'name' of workflow 1 must be text, not a list",
                "4: the key 1 of 'notebooks' is not text; quote it",
                "5: notebook 'a' must be a mapping, not null",
                "6: notebook 'b' must be a mapping, not 5",
                "7: 'workflows' of available_dates_sensor must be a list, not a mapping",
            ],
        ),
    ],
)
def test_parts_of_the_wrong_kind_are_refused(inputs, text, expected):
    assert sorted(complaints(inputs, text)) == expected


def test_a_notebook_without_a_parameters_cell_is_refused_if_it_is_given_parameters(inputs):
    text = one(inputs, notebook="parameters: {x: reference_date}").replace("other.ipynb", "bare.ipynb")
    assert complaints(inputs, text) == ["4: notebook 'a' is given parameters, but 'bare.ipynb' has no cell tagged 'parameters'"]


@pytest.mark.parametrize(
    ("source", "is_accepted"),
    [
        ("day = 1", True),
        ("if True:\n    day = 1", True),
        ("try:\n    import x as day\nexcept ImportError:\n    pass", True),
        ("(other, [*day]) = 1, [2]", True),
        ("for day in (): pass", True),
        ("print(day := 1)", True),
        ("%matplotlib inline\n!ls\nday = 1", True),
        ("from x import *", True),  # may bind anything
        ("%%time\nday = 1", True),  # not Python, so nothing is said
        ("day = = 1", True),
        ("dya = 1", False),
        ("def f():\n    day = 1", False),
        ("[day for day in ()]", False),
        ("print(day)", False),
        ("x.day = 1", False),
        ("", False),
    ],
)
def test_a_parameter_that_the_notebook_does_not_assign_is_refused(inputs, source, is_accepted):
    (inputs / "n.ipynb").write_text(notebook(source))
    text = one(inputs, notebook="parameters:\n  day: reference_date").replace("other.ipynb", "n.ipynb")
    if is_accepted:
        assert load(inputs, text)
    else:
        hint = " (did you mean 'dya'?)" if "dya" in source else ""
        assert complaints(inputs, text) == [f"7: 'n.ipynb' has no parameter 'day' in its cell tagged 'parameters'{hint}"]


def test_a_notebook_in_another_language_is_not_read_as_python(inputs):
    (inputs / "n.ipynb").write_text(notebook("x <- 1", kernelspec={"language": "R", "name": "ir"}))
    text = one(inputs, notebook="parameters: {day: reference_date}").replace("other.ipynb", "n.ipynb")
    assert load(inputs, text)


@pytest.mark.parametrize("content", ["[]", "{}", '{"cells": {}}', "[" * 100_000, "\x00", ""])
def test_odd_notebook_files_are_passed_over(inputs, content):
    (inputs / "n.ipynb").write_text(content)
    text = one(inputs, notebook="parameters: {day: reference_date}").replace("other.ipynb", "n.ipynb")
    assert load(inputs, text)


def test_odd_cells_have_no_tags(inputs):
    (inputs / "n.ipynb").write_text('{"cells": [5, {"metadata": []}, {"metadata": {"tags": 5}}]}')
    text = one(inputs, notebook="parameters: {day: reference_date}").replace("other.ipynb", "n.ipynb")
    assert complaints(inputs, text) == ["4: notebook 'a' is given parameters, but 'n.ipynb' has no cell tagged 'parameters'"]


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
    for wrong in ("date_stencil: null", "date_stencil: [1.5]", "date_stencil: [[1]]", "earliest_date: 5", "x: y"):
        assert len(errors(one(inputs, entry=wrong))) == 1
    for wrong in ("source: {}", "source: {files: {a: b}}", "require: each", "timezone: null"):
        assert len(errors(one(inputs, sensor=wrong))) == 1


def _mutated(text: str, source: random.Random) -> bytes:
    scraps = ["[", "]", "{", "}", ":", "- ", "\n", "  ", "&a ", "*a", "<<: ", "!!int ", "!!set ", "? ", "|", ">", "'", '"']
    scraps += ["null", "true", "2016-02-30", "1e999", "0x1F", "\t", "%", "@", "\x00", "\ud7ff", "9" * 20, "{date}"]
    scraps += ["..", "/", "~", "---\n", "\\", "#"]
    for _ in range(source.randint(1, 8)):
        place = source.randrange(len(text) + 1)
        match source.randrange(5):
            case 0:
                text = text[:place] + source.choice(scraps) + text[place:]
            case 1:
                text = text[:place] + text[place + source.randint(1, 12) :]
            case 2:
                other = source.randrange(len(text) + 1)
                text = text[:place] + text[other : other + source.randint(1, 60)] + text[place:]
            case 3:
                lines = text.split("\n")
                lines.insert(source.randrange(len(lines)), source.choice(lines))
                text = "\n".join(lines)
            case _:
                text = text[:place] + chr(source.choice([0x20, 0x7F, 0x85, 0xFEFF, 0xFFFE, 0x1F600])) + text[place:]
    raw = text.encode("utf-8", "surrogatepass")
    if source.random() < 0.1:
        place = source.randrange(len(raw) + 1)
        raw = raw[:place] + bytes([source.randrange(256)]) + raw[place:]
    return raw


#: With what VALID does not have.
RICH = VALID.replace(
    "  - name: lonely\n",
    "  - name: lonely\n        attempts: 3\n        retry_wait: 10 min\n        rerun_when: [data_changed]\n",
).replace(
    "      require: all\n",
    "      max_parallel_runs: 4\n      source: {sql: {uri: 'postgresql://me:{}@db/x', password: SECRET, query: SELECT 1}}\n",
)


def test_any_mutated_file_is_accepted_or_refused_with_sentences(inputs):
    source = random.Random(20160101)
    path = inputs / "workflows.yml"
    for number in range(count(150, 10_000)):
        raw = _mutated(dedent(VALID if number % 2 else RICH), source)
        path.write_bytes(raw)
        try:
            made = load_specification(path)
        except SpecificationError as refusal:
            for problem in refusal.problems:
                assert problem.message.splitlines() == [problem.message], (number, raw)
                assert 0 <= problem.line <= len(re.split(rb"\r\n|\r|\n", raw)), (number, raw)
        except Exception as error:
            raise AssertionError(f"mutation {number}: {raw!r}") from error
        else:
            assert Specification.model_validate(json.loads(json.dumps(made.model_dump(mode="json")))) == made, (number, raw)
