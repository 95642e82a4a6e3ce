"""Workflow files that are refused as a whole: text that cannot be read, parts of the wrong kind, problems reported together."""

import json
import random
import re
from textwrap import dedent

import pytest

from deciders.specification import Specification, SpecificationError, load_specification
from tests.settings import count
from tests.unit.workflow_files import VALID, complaints, one


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
        "28: date_stencil: 'x' is neither a whole number of days nor a date, nor one of -4w, -1m, week, last_week, month, "
        "last_month",
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
        where = "" if ":2:" in expected else f"{tmp_path}/"  # a line is in a file that is there
        assert str(refusal.value) == f"{where}{expected}"


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
    ("text", "expected"),
    [
        (
            "a: 1",
            [
                "1: the file lacks 'available_dates_sensor'; write 'available_dates_sensor: null' if nothing runs by itself",
                "1: the file lacks 'workflows'",
            ],
        ),
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
                "2: 'available_dates_sensor' of the file must be a mapping or null, not a list",
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
