"""Conditions and values of steps as a file writes them: what is accepted, and every fault at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from .step_files import check_accepted, refusals

FORMS = "a value that is no plain name is written {scrap: label.name}, {file: label/path}, {value: 3} or {failure: label}"
NO_OUTPUTS = (
    "{output: ..} has nothing to refer to: only connectors and child workflows have "
    "outputs, and a workflow file has neither; take a scrap"
)
NO_SETTINGS = (
    "{setting: ..} has nothing to refer to: there are no settings that runs can read; take a parameter of the workflow"
)
CONDITIONS = "there are scrap, output, parameter, equals, less, in, state, light, not, all, any"
STATES = "a state to ask for is succeeded, failed, cancelled, timed_out, cached or skipped"
NO_NAME = "names the label 'days' and none of its scraps; write days.name"

ACCEPTED = [
    ("when: flag", ""),
    ("when: always", ""),
    ("when: true", ""),
    ("when: {any: {scrap: day.n}}", ""),
    ("when: {equals: [mode, 2016-01-01]}", ""),
    ("when_skipped: null", ""),
    ("when_skipped: skip", ""),
    ("parameters: {p: {value: 3}}", ""),
    ("parameters: {p: {value: null}}", ""),
    ("parameters: {p: {value: 2016-01-01}}", ""),
    ("parameters: {p: {failure: days}}", ""),
    ("parameters: {p: repeat_seed}\nrepeat: 2", ""),
    ("parameters: {p: x}\nfor_each: day", ""),
    ("parameters: {p: b}\nfor_each: {b: [1]}", ""),
    ("when: {not: {all: [flag, {equals: [mode, {value: {a: 1}}]}]}}", ""),
    ("when: {equals: [{scrap: days.n}, {parameter: mode}]}", ""),
    ("when: x\nfor_each: day", ""),
    ("when: {any: []}", ""),
    ("parameters: {p: {scrap: day.one.n}}", "day.one: {filename: days.py}"),
]

REFUSED = [
    ("when: null", "", ["8: 'when' of notebook 'b' must be a condition, not null"]),
    ("when: 3", "", ["8: 'when' of 'b' cannot be asked: a condition is a name or a mapping, not 3"]),
    ("when: []", "", ["8: 'when' of 'b' cannot be asked: a condition is a name or a mapping, not a list"]),
    (
        "when: days",
        "",
        [
            "8: 'when' of 'b' cannot be asked: a bare word is an axis or a parameter, and 'days' "
            "is a label; ask for {state: days, is: ..} or a scrap"
        ],
    ),
    (
        "when: {}",
        "",
        ["8: 'when' of 'b' cannot be asked: a condition asks one thing, not nothing; several go into 'all' or 'any'"],
    ),
    ("when: {scrap: days}", "", ["8: 'when' of 'b' cannot be asked: {scrap: days} " + NO_NAME]),
    ("when: {scrap: dys.n}", "", ["8: 'when' of 'b' cannot be asked: there is no label 'dys' (did you mean 'days'?)"]),
    (
        "when: {scarp: days.n}",
        "",
        ["8: 'when' of 'b' cannot be asked: 'scarp' is no condition (did you mean 'scrap'?); " + CONDITIONS],
    ),
    (
        "when: {scrap: days.n, parameter: p}",
        "",
        [
            "8: 'when' of 'b' cannot be asked: a condition asks one thing, not 'scrap' and "
            "'parameter'; several go into 'all' or 'any'"
        ],
    ),
    (
        "when: {equals: [mode]}",
        "",
        ["8: 'when' of 'b' cannot be asked: 'equals' takes a list of two, such as [mode, fast], not ['mode']"],
    ),
    (
        "when: {equals: [3, mode]}",
        "",
        ["8: 'when' of 'b' cannot be asked: the first of 'equals' is a name or a reference, not 3"],
    ),
    (
        "when: {less: [mode, [1]]}",
        "",
        ["8: 'when' of 'b' cannot be asked: the second of 'less' is a number or a text, not [1]"],
    ),
    ("when: {in: [mode, fast]}", "", ["8: 'when' of 'b' cannot be asked: the second of 'in' is a list, not 'fast'"]),
    (
        "when: {in: [mode, {a: 1}]}",
        "",
        [
            "8: 'when' of 'b' cannot be asked: the second of 'in' is a value or a reference; a "
            "mapping that is a value is written {value: ..}"
        ],
    ),
    (
        "when: {state: dys, is: failed}",
        "",
        ["8: 'when' of 'b' cannot be asked: there is no label 'dys' (did you mean 'days'?)"],
    ),
    (
        "when: {state: days}",
        "",
        ["8: 'when' of 'b' cannot be asked: 'state' goes with 'is', such as {state: days, is: failed}"],
    ),
    ("when: {state: days, is: broken}", "", ["8: 'when' of 'b' cannot be asked: " + STATES + ", not 'broken'"]),
    (
        "when: {state: days, is: faild}",
        "",
        ["8: 'when' of 'b' cannot be asked: " + STATES + ", not 'faild' (did you mean 'failed'?)"],
    ),
    (
        "when: {state: days, is: []}",
        "",
        ["8: 'when' of 'b' cannot be asked: 'is' of 'state' is an empty list, so it never holds"],
    ),
    (
        "when: {state: days, is: timed_out}",
        "",
        ["8: 'when' of 'b' asks if 'days' is timed_out, which only an item can be; a label has failed then"],
    ),
    (
        "when: {light: days, is: blue}",
        "",
        ["8: 'when' of 'b' cannot be asked: a light to ask for is green, orange or red, not 'blue'"],
    ),
    ("when: {light: [days], is: red}", "", ["8: 'when' of 'b' cannot be asked: 'light' takes a label, not a list"]),
    ("when: {not: 3}", "", ["8: 'when' of 'b' cannot be asked: a condition is a name or a mapping, not 3"]),
    (
        "when: {all: 3}",
        "",
        ["8: 'when' of 'b' cannot be asked: 'all' takes a list of conditions, or one reference whose value is a list"],
    ),
    ("when: {any: [flag, {scrap: days}]}", "", ["8: 'when' of 'b' cannot be asked: {scrap: days} " + NO_NAME]),
    ("when: {output: days.n}", "", ["8: 'when' of 'b' cannot be asked: " + NO_OUTPUTS]),
    ("when: {output: days}", "", ["8: 'when' of 'b' cannot be asked: " + NO_OUTPUTS]),
    ("when: repeat_index", "", ["8: 'when' of 'b' names 'repeat_index', and it has no 'repeat'"]),
    ("when: repeat_seed", "", ["8: 'when' of 'b' names 'repeat_seed', which a condition cannot ask for"]),
    ("when: {state: b, is: failed}", "", ["6: steps need each other in a circle: b -> b"]),
    ("when: {setting: x}", "", ["8: 'when' of 'b' cannot be asked: 'setting' is no condition; " + CONDITIONS]),
    ("when_skipped: run", "", ["8: 'when_skipped' of notebook 'b' must be 'skip' or 'null', not 'run'"]),
    ("when_skipped: 3", "", ["8: 'when_skipped' of notebook 'b' must be 'skip' or 'null', not 3"]),
    ("parameters: {p: {scrap: days}}", "", ["8: parameter 'p' of 'b': {scrap: days} " + NO_NAME]),
    ("parameters: {p: {scrap: dys.n}}", "", ["8: parameter 'p' of 'b': there is no label 'dys' (did you mean 'days'?)"]),
    ("parameters: {p: {scrap: 3}}", "", ["8: parameter 'p' of 'b': 'scrap' is written {scrap: label.name}, not with 3"]),
    (
        "parameters: {p: {file: days}}",
        "",
        ["8: parameter 'p' of 'b': {file: days} names no file of 'days'; write {file: days/path}, or days for its notebook"],
    ),
    (
        "parameters: {p: {file: days/}}",
        "",
        ["8: parameter 'p' of 'b': {file: days/} names no file of 'days'; write {file: days/path}, or days for its notebook"],
    ),
    ("parameters: {p: {file: dys/a.csv}}", "", ["8: parameter 'p' of 'b': there is no label 'dys' (did you mean 'days'?)"]),
    (
        "parameters: {p: {file: days/../a.csv}}",
        "",
        [
            "8: parameter 'p' of 'b': {file: days/../a.csv} leads out of the folder of 'days', or "
            "is no plain path; write days/folder/name"
        ],
    ),
    (
        "parameters: {p: {file: days//a.csv}}",
        "",
        [
            "8: parameter 'p' of 'b': {file: days//a.csv} leads out of the folder of 'days', or "
            "is no plain path; write days/folder/name"
        ],
    ),
    ("parameters: {p: {file: 3}}", "", ["8: parameter 'p' of 'b': 'file' is written {file: label/path}, not with 3"]),
    ("parameters: {p: {failure: dys}}", "", ["8: parameter 'p' of 'b': there is no label 'dys' (did you mean 'days'?)"]),
    ("parameters: {p: {failure: days.n}}", "", ["8: parameter 'p' of 'b': there is no label 'days.n' (did you mean 'days'?)"]),
    ("parameters: {p: {output: days.n}}", "", ["8: parameter 'p' of 'b': " + NO_OUTPUTS]),
    ("parameters: {p: {setting: n}}", "", ["8: parameter 'p' of 'b': " + NO_SETTINGS]),
    (
        "parameters: {p: {scrap: days.n, value: 3}}",
        "",
        ["8: parameter 'p' of 'b': " + FORMS + "; not as 'scrap' and 'value' at once"],
    ),
    ("parameters: {p: {}}", "", ["8: parameter 'p' of 'b': " + FORMS + "; not as an empty mapping"]),
    (
        "parameters: {p: {scarp: days.n}}",
        "",
        ["8: parameter 'p' of 'b': " + FORMS + "; there is no 'scarp' (did you mean 'scrap'?)"],
    ),
    (
        "parameters: {p: {value: [1, {a: .nan}]}}",
        "",
        ["8: parameter 'p' of 'b': NaN is not a JSON value; give null or a number"],
    ),
    ("for_each: {x: [1, -.inf]}", "", ["8: axis 'x' of 'b': -Infinity is not a JSON value; give null or a number"]),
    (
        "when: {equals: [flag, .nan]}",
        "",
        ["8: 'when' of 'b' cannot be asked: NaN is not a JSON value; give null or a number"],
    ),
    ("parameters: {p: null}", "", ["8: 'p' of the parameters of notebook 'b' must be text, not null"]),
    ("parameters: {p: 3}", "", ["8: 'p' of the parameters of notebook 'b' must be text, not 3"]),
    ("parameters: {p: [days]}", "", ["8: 'p' of the parameters of notebook 'b' must be text, not a list"]),
    ("parameters: {p: repeat_seed}", "", ["8: parameter 'p' of 'b' is 'repeat_seed', and 'b' has no 'repeat'"]),
    ("parameters: {p: repeat_index}", "", ["8: parameter 'p' of 'b' is 'repeat_index', and 'b' has no 'repeat'"]),
    ("parameters: {p: 2016-01-01}", "", ["8: 'p' of the parameters of notebook 'b' must be text, not 2016-01-01"]),
    (
        "parameters: {p: {file: days/a.csv, of: {workflow: w, instance: i}}}",
        "",
        ["8: parameter 'p' of 'b': " + FORMS + "; there is no 'of'"],
    ),
    (
        "when: " + "{not: " * 20 + "flag" + "}" * 20,
        "",
        ["8: 'when' of 'b' cannot be asked: conditions may be nested 20 deep at most"],
    ),
    (
        "when: null\nrepeat: null\nafter: null\nzip: null",
        "",
        [
            "8: 'when' of notebook 'b' must be a condition, not null",
            "9: 'repeat' of notebook 'b' must be a whole number, not null",
            "10: 'after' of notebook 'b' must be a list, not null",
            "11: 'zip' of notebook 'b' must be true or false, not null",
        ],
    ),
    (
        "parameters: {p: {file: '/etc/passwd'}}",
        "",
        [
            "8: parameter 'p' of 'b': {file: /etc/passwd} does not begin with a label; write "
            "{file: label/path}, a path in its folder"
        ],
    ),
    (
        "parameters: {p: {file: days//etc}}",
        "",
        [
            "8: parameter 'p' of 'b': {file: days//etc} leads out of the folder of 'days', or is "
            "no plain path; write days/folder/name"
        ],
    ),
]


@pytest.mark.parametrize(("keys", "more"), ACCEPTED)
def test_what_a_step_may_ask_and_take_is_accepted(keys: str, more: str, tmp_path: Path) -> None:
    check_accepted(tmp_path, keys, more)


@pytest.mark.parametrize(("keys", "more", "expected"), REFUSED)
def test_every_fault_of_a_condition_or_a_value_is_told_at_its_line(
    keys: str, more: str, expected: list[str], tmp_path: Path
) -> None:
    assert refusals(tmp_path, keys, more) == expected
