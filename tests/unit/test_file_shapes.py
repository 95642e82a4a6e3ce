"""The shape of workflow files: each fault has the line where it stands, and editors refuse nothing that the loader accepts."""

import json
import random
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deciders.specification import SpecificationError, load_specification, specification_schema
from deciders.specification.file_types import Entry
from deciders.specification.workflow_file import ConfiguredEntry, NotebookEntry, SensorEntry, WorkflowEntry
from tests.settings import count
from tests.unit.workflow_files import complaints, load, one

#: A good file with every setting on a line of its own.
EVERY_SETTING = """\
keep_history: 30d
keep_attempts: 3
workflows:
  - name: flows report
    attempts: 3
    retry_wait: 10 min
    rerun_when: [notebook_changed, data_changed]
    skip_again: 2 h
    kernel_fallback: false
    warnings: all
    cache: never
    priority: 5
    max_parallel_runs: 2
    notebooks:
      report:
        filename: flows_report.ipynb
        parameters:
          flows: run_flows
          title: report_title
        output:
          - format: pdf
            template: template.typ
            name: report-{reference_date}
          - format: html
            code: true
            streams: false
            parameters: true
        timeout: 1.5h
        cell_timeout: 90
        memory_limit: 2GiB
        output_limit:
          printed: 10MB
          displayed: 50000000
        retries: 2
        kernel: python3
        kernel_fallback: true
        warnings: own
        cache: {shared: 7d}
        reads: [template.typ]
        env:
          THREADS: "1"
        for_each:
          region: [north, south]
          day: {dates: [2016-01-01, 2016-01-03]}
        zip: true
        repeat: 2
        max_parallel: 3
        limit: 10
        when:
          any: [{equals: [report_title, x]}, {state: run_flows, is: [succeeded, cached]}]
        when_skipped: null
        after: [run_flows]
        on_failure:
          run: mend
        on_item_failure: stop
      run_flows:
        filename: sub/run_flows.ipynb
        output:
          format: pdf
        output_limit: 5MB
      mend:
        filename: mend.ipynb
        parameters:
          failed: {failure: report}
          sizes: {scrap: run_flows.sizes}
          table: {file: run_flows/table.csv}
          level: {value: 3}
          seed: report_title
        on_failure: continue
available_dates_sensor:
  schedule: "0 5 * * *"
  timezone: Europe/Zurich
  cdr_types: [calls, sms]
  require: all
  max_parallel_runs: 4
  source:
    files:
      calls: data/{date}.csv
      sms: s3://bucket/{date}.csv
  workflows:
    - workflow_name: flows report
      parameters:
        report_title: 2016-01-01
      earliest_date: 2016-01-01
      date_stencil:
        - [-6, 1]
        - 2016-01-01
        - -4w
        - dates: [last_month, month]
          at_least: 3
      reference_dates:
        every: 7
        from: 2024-01-01
"""
OF_SQL = EVERY_SETTING.replace(
    "    files:\n      calls: data/{date}.csv\n      sms: s3://bucket/{date}.csv\n",
    "    sql:\n      uri: postgresql://me:{}@host/x\n      query: SELECT cdr_type, date FROM days\n      password: SECRET\n",
)
SCRAPS = (
    "null true 0 -1 1.5 soon '5' [] {} [1] [null] {a: 1} {1: 2} 2013-02-30 2016-01-01 '2016-01-01' .nan 10m 0s 400d 1d all "
    "forever 500MB 1kB flowapi {files: } {foo: 1} week -1m 99999999 [1, 0] [1, soon] {dates: 1} {weekly: monday} {monthly: 40} "
    "{every: 0} pdf [pdf] {format: pdf} {format: docx} {printed: 5MB} {printed: x} [2013-02-30] !tag"
)
KEYS = ("timout", "4", "2.5", "null", "true", "2016-01-01", "/one", "(one)", "output", "files", "'[key]'")


def _scraps() -> list[str]:
    """The scraps, which have spaces inside of brackets alone."""
    return re.findall(r"[^\s\[{]\S*|\[[^]]*\]|\{[^}]*\}", SCRAPS)


def _mutated(text: str, source: random.Random) -> str:
    lines = text.splitlines()
    for _ in range(source.choice((1, 1, 2, 3))):
        number = source.randrange(len(lines))
        line = lines[number]
        found = re.fullmatch(r"( *(?:- )?)([^:]+):(?: (.+))?", line)
        match source.randrange(4):
            case 0 if found is not None:
                lines[number] = f"{found[1]}{source.choice(KEYS)}:{line.partition(':')[2]}"
            case 1:
                lines[number : number + 1] = [] if len(lines) > 1 else [line]
            case _ if found is not None and found[3]:
                lines[number] = f"{found[1]}{found[2]}: {source.choice(_scraps())}"
            case _ if found is None:
                lines[number] = f"{line[: len(line) - len(line.lstrip())]}- {source.choice(_scraps())}"
    return "".join(f"{line}\n" for line in lines)


def _problems(path: Path, text: str) -> list[tuple[int, str]]:
    path.write_text(text)
    try:
        load_specification(path)
    except SpecificationError as refusal:
        return [(problem.line, re.sub(r"in line \d+", "in line _", problem.message)) for problem in refusal.problems]
    return []


def _is_good_to_editors(text: str) -> bool:
    """Editors see YAML with dates as text."""
    return jsonschema.Draft202012Validator(specification_schema()).is_valid(_as_json(yaml.safe_load(text)))


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    return str(value) if isinstance(value, date) else value


@pytest.mark.parametrize("text", [EVERY_SETTING, OF_SQL])
def test_the_file_with_every_setting_is_good(inputs, text):
    assert _problems(inputs / "workflows.yml", text) == []
    assert _is_good_to_editors(text)


def test_the_file_with_every_setting_has_every_setting():
    used = set(re.findall(r"^ *(?:- )?(\w+):", EVERY_SETTING + OF_SQL, re.MULTILINE))
    for model in (WorkflowEntry, NotebookEntry, SensorEntry, ConfiguredEntry):
        assert set(model.model_fields) <= used


def test_a_fault_moves_with_its_line_and_editors_refuse_no_more_than_the_loader(inputs):
    source = random.Random(20160102)
    path = inputs / "workflows.yml"
    refused = 0
    for number in range(count(120, 5_000)):
        text = _mutated((EVERY_SETTING, OF_SQL)[number % 2], source)
        problems = _problems(path, text)
        refused += bool(problems)
        if not problems:
            assert _is_good_to_editors(text), (number, text)
        lines = text.splitlines()
        before = source.randrange(1, len(lines))  # the first line is the one meant when something of the top lacks
        lines.insert(before, "# a line more")
        moved = [(line + (line > before), message) for line, message in problems]
        then = _problems(path, "\n".join(lines))
        # the lines of a circle move with its labels, and stand in its sentence
        moved, then = ([(line, re.sub(r" \(lines .*\)", "", message)) for line, message in one] for one in (moved, then))
        # a comment ends a text of several lines, which may leave no YAML
        assert then == moved or any("not valid YAML" in message for _, message in (*moved, *then)), (number, text)
    assert refused > count(80, 4_000)


#: Told on the line of the whole of which they are a part: an element of a stencil, a rule of dates, a condition.
_PARTS = ("dates", "at_least", "every", "from", "any", "run")


def _set_lines() -> Iterator[tuple[int, str]]:
    """The settings that have a value on their own line of the file, and the numbers of these lines, from 1."""
    for number, line in enumerate(EVERY_SETTING.splitlines(), start=1):
        if (found := re.fullmatch(r" *(?:- )?(\w+): .+", line)) and found[1] not in (*_PARTS, "report_title"):
            yield number, found[1]


@pytest.mark.parametrize(("number", "setting"), list(_set_lines()))
def test_a_wrong_value_is_refused_on_its_line_by_the_loader_and_by_editors(inputs, number, setting):
    lines = EVERY_SETTING.splitlines()
    lines[number - 1] = f"{lines[number - 1].partition(': ')[0]}: {{wrong: [1, x]}}"
    text = "\n".join(lines)
    owner = "output_limit" if setting in ("printed", "displayed") else setting
    assert any(line == number and owner in message for line, message in _problems(inputs / "workflows.yml", text))
    assert not _is_good_to_editors(text)


@pytest.mark.parametrize(
    ("notebook", "expected"),
    [
        ("null: 5", "6: null is not a setting of notebook 'a'"),
        ("2.5: 5", "6: 2.5 is not a setting of notebook 'a'"),
        ("true: 5", "6: true is not a setting of notebook 'a'"),
        ("2016-01-01: 5", "6: 2016-01-01 is not a setting of notebook 'a'"),
        ("(one): 5", "6: '(one)' is not a setting of notebook 'a'"),
        ("env:\n  null: x", "7: the key null of 'env' of notebook 'a' is not text; quote it"),
        ("env:\n  2016-01-01: x", "7: the key 2016-01-01 of 'env' of notebook 'a' is not text; quote it"),
        ("'[key]': 5", "6: '[key]' is not a setting of notebook 'a'"),
        ("output:\n  /one: 5\n  format: pdf", "7: '/one' is not a setting of the output of notebook 'a'"),
        ("output:\n  (one): 5\n  format: pdf", "7: '(one)' is not a setting of the output of notebook 'a'"),
        ("output_limit:\n  null: 5MB", "7: 'output_limit' of notebook 'a' has 'printed' and 'displayed', and no null"),
        (
            "output_limit:\n  printed: 2013-02-30",
            "7: '2013-02-30' looks like a date, but is none; correct it, or put text in quotes",
        ),
    ],
)
def test_a_key_that_is_no_text_or_looks_like_ours_is_told_as_it_stands(inputs, notebook, expected):
    assert complaints(inputs, one(inputs, notebook=notebook)) == [expected]


@pytest.mark.parametrize("label", ["(one)", "(several)", "output", "[key]"])
def test_a_notebook_may_be_labelled_like_a_part_of_ours_and_keeps_its_lines(inputs, label):
    text = one(inputs, notebook="output:\n  format: pdf\nretries: x").replace("    a:\n", f"    '{label}':\n")
    assert complaints(inputs, text) == [f"8: 'retries' of notebook {label!r} must be a whole number from 0 to 20, not 'x'"]


def test_what_is_wrong_below_a_key_that_is_no_text_has_its_line(inputs):
    text = one(inputs, notebook="retries: x").replace("    a:\n", "    2016-01-01:\n")
    assert complaints(inputs, text) == [
        "4: the key 2016-01-01 of 'notebooks' is not text; quote it",
        "6: 'retries' of 2016-01-01 must be a whole number from 0 to 20, not 'x'",
    ]


def test_an_output_limit_that_says_nothing_is_good_to_editors_as_to_the_loader(inputs):
    text = one(inputs, notebook="output_limit: {}")
    made = load(inputs, text).workflows[0].notebooks[0]
    assert (made.printed_limit_bytes, made.displayed_limit_bytes) == (None, None)
    assert _is_good_to_editors(text)


def _entries(model: type[Entry]) -> Iterator[type[Entry]]:
    for entry in model.__subclasses__():
        yield entry
        yield from _entries(entry)


def test_the_schema_tells_nothing_of_ours():
    schema: dict[str, Any] = specification_schema()
    assert sorted(schema["$defs"]) == sorted(model.__name__ for model in _entries(Entry))
    written = json.dumps(schema)
    assert '"default": null' not in written
    assert not re.search(r'"/(one|several|flowapi|files|sql|installed)"', written)
