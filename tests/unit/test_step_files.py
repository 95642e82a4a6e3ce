"""Items, order and failures of steps as a file writes them: what is accepted, and every fault at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from deciders.specification import load_with_warnings

from .step_files import check_accepted, refusals

WAYS = "an axis comes from a list, a label, {scrap: label.name}, {parameter: name} or {dates: [first, end]}"
NO_OUTPUTS = (
    "{output: ..} has nothing to refer to: only connectors and child workflows have "
    "outputs, and a workflow file has neither; take a scrap"
)
NO_SETTINGS = (
    "{setting: ..} has nothing to refer to: there are no settings that runs can read; take a parameter of the workflow"
)
NO_NAME = "names the label 'days' and none of its scraps; write days.name"

ACCEPTED = [
    ("for_each: {x: {parameter: sizes}}", ""),
    ("for_each: {b: [1]}", ""),
    ("repeat: 0", ""),
    ("repeat: 2000\nlimit: 2000", ""),
    ("max_parallel: 8\nrepeat: 3", ""),
    ("max_parallel: 8", ""),
    ("limit: 2", ""),
    ("for_each: day\nlimit: 2", ""),
    ("after: []", ""),
    ("after: [days, days]", ""),
    ("after: [days, day]", ""),
    ("on_failure: stop", ""),
    ("on_failure: continue", ""),
    ("on_failure: {run: days}", ""),
    ("on_item_failure: stop", ""),
    ("for_each: {x: {dates: [2016-01-01, 2016-02-01]}}\nrepeat: 3\nmax_parallel: 4\nlimit: 93\non_item_failure: stop", ""),
    ("for_each: {x: [1, 2], y: [2016-01-01, {a: [null]}]}\nzip: true", ""),
    ("for_each: {x: {scrap: days.n, flatten: true}, y: {scrap: day.n}, z: days}", ""),
    ("for_each: day\nrepeat: 2", ""),
    ("after: [days]", "day.00: {filename: days.py}\nday.one: {filename: days.py}\ndays.0: {filename: days.py}"),
]

REFUSED = [
    ("for_each: null", "", ["8: 'for_each' of notebook 'b' must be axes or the label of a fan, not null"]),
    ("for_each: 3", "", ["8: 'for_each' of 'b' is a mapping of axes, or the label of a fan, not 3"]),
    ("for_each: []", "", ["8: 'for_each' of 'b' is a mapping of axes, or the label of a fan, not a list"]),
    ("for_each: {}", "", ["8: 'for_each' of 'b' is a mapping of axes, or the label of a fan, not an empty mapping"]),
    ("for_each: dya", "", ["8: 'for_each' of 'b' names 'dya', which is no label (did you mean 'day'?)"]),
    ("for_each: days", "", ["8: 'for_each' of 'b' names 'days', which has one item only; take it as a parameter"]),
    ("for_each: {x: null}", "", ["8: axis 'x' of 'b': " + WAYS + ", not from null"]),
    ("for_each: {x: 3}", "", ["8: axis 'x' of 'b': " + WAYS + ", not from 3"]),
    ("for_each: {x: dya}", "", ["8: axis 'x' of 'b': there is no label 'dya' (did you mean 'day'?); a list has brackets"]),
    ("for_each: {x: {}}", "", ["8: axis 'x' of 'b': " + WAYS + ", not from an empty mapping"]),
    ("for_each: {x: {scrap: days}}", "", ["8: axis 'x' of 'b': {scrap: days} " + NO_NAME]),
    ("for_each: {x: {scrap: dys.n}}", "", ["8: axis 'x' of 'b': there is no label 'dys' (did you mean 'days'?)"]),
    ("for_each: {x: {scrap: 3}}", "", ["8: axis 'x' of 'b': 'scrap' takes label.name, not 3"]),
    ("for_each: {x: {scarp: days.n}}", "", ["8: axis 'x' of 'b': " + WAYS + "; there is no 'scarp' (did you mean 'scrap'?)"]),
    (
        "for_each: {x: {scrap: days.n, parameter: p}}",
        "",
        ["8: axis 'x' of 'b': " + WAYS + ", not from 'scrap' and 'parameter' at once"],
    ),
    ("for_each: {x: {scrap: days.n, flatten: 1}}", "", ["8: axis 'x' of 'b': 'flatten' is true or false, not 1"]),
    ("for_each: {x: {flatten: true}}", "", ["8: axis 'x' of 'b': " + WAYS + "; 'flatten' alone is none"]),
    ("for_each: {x: {parameter: 3}}", "", ["8: axis 'x' of 'b': 'parameter' takes a name, not 3"]),
    ("for_each: {x: {output: days.n}}", "", ["8: axis 'x' of 'b': " + NO_OUTPUTS]),
    ("for_each: {x: {setting: n}}", "", ["8: axis 'x' of 'b': " + NO_SETTINGS]),
    (
        "for_each: {x: {dates: [2016-01-01]}}",
        "",
        [
            "8: axis 'x' of 'b': 'dates' takes two dates, such as [2016-01-01, 2016-02-01], whose "
            "end is not included, not ['2016-01-01']"
        ],
    ),
    (
        "for_each: {x: {dates: [2016-01-02, 2016-01-01]}}",
        "",
        ["8: axis 'x' of 'b': the dates end on 2016-01-01, before they begin on 2016-01-02"],
    ),
    (
        "for_each: {x: {dates: 2016-01-01}}",
        "",
        [
            "8: axis 'x' of 'b': 'dates' takes two dates, such as [2016-01-01, 2016-02-01], whose "
            "end is not included, not '2016-01-01'"
        ],
    ),
    (
        "for_each: {x: {dates: [2016-01-01, 2016-01-02], flatten: true}}",
        "",
        ["8: axis 'x' of 'b': 'flatten' opens lists, and dates are none"],
    ),
    (
        "for_each: {x: {dates: [1600-01-01, 2016-01-02]}}",
        "",
        ["8: axis 'x' of 'b': 1600-01-01 to 2016-01-02 are 151,942 dates, more than 100,000"],
    ),
    (
        "for_each: {x: {dates: [2016-01-01, 2016-01-32]}}",
        "",
        ["8: '2016-01-32' looks like a date, but is none; correct it, or put text in quotes"],
    ),
    ("for_each: {1: [1]}", "", ["8: axis 1 of 'b': the name of an axis is text, not 1"]),
    ("for_each: {days: [1]}", "", ["8: the axis 'days' of 'b' has the name of another label"]),
    ("for_each: {reference_date: [1]}", "", ["8: the axis 'reference_date' of 'b' has the name of an automatic parameter"]),
    ("for_each: {repeat_index: [1]}", "", ["8: the axis 'repeat_index' of 'b' has the name of an automatic parameter"]),
    ("for_each: {repeat_seed: [1]}", "", ["8: the axis 'repeat_seed' of 'b' has the name of an automatic parameter"]),
    ("for_each: {'': [1]}", "", ["8: axis '' of 'b': the name of an axis is text, not empty"]),
    (
        "for_each: {x: [1, 2], y: [1]}\nzip: true",
        "",
        ["8: 'for_each' of 'b': axes that go in step have equal lengths, not x (2) and y (1)"],
    ),
    ("zip: true", "", ["8: 'zip' of 'b' goes with axes, and it has none"]),
    ("zip: yes please", "", ["8: 'zip' of notebook 'b' must be true or false, not 'yes please'"]),
    ("zip: null", "", ["8: 'zip' of notebook 'b' must be true or false, not null"]),
    ("repeat: -1", "", ["8: 'repeat' of notebook 'b' must be at least 0, not -1"]),
    ("repeat: null", "", ["8: 'repeat' of notebook 'b' must be a whole number, not null"]),
    ("repeat: two", "", ["8: 'repeat' of notebook 'b' must be a whole number, not 'two'"]),
    ("repeat: 2.5", "", ["8: 'repeat' of notebook 'b' must be a whole number, not 2.5"]),
    ("repeat: true", "", ["8: 'repeat' of notebook 'b' must be a whole number, not true"]),
    ("repeat: 2000", "", ["8: 'repeat' of 'b': repeat (2,000) makes 2,000 items, and limit is 1,000"]),
    ("max_parallel: 0", "", ["8: 'max_parallel' of notebook 'b' must be at least 1, not 0"]),
    ("max_parallel: null", "", ["8: 'max_parallel' of notebook 'b' must be a whole number, not null"]),
    ("limit: 0", "", ["8: 'limit' of notebook 'b' must be at least 1, not 0"]),
    ("limit: 2000000", "", ["8: 'limit' of notebook 'b' must be at most 1000000, not 2000000"]),
    ("for_each: {x: [1, 2, 3], y: [1, 2]}\nlimit: 5", "", ["8: 'for_each' of 'b': x (3) x y (2) make 6 items, and limit is 5"]),
    (
        "for_each: {x: [1, 2, 3]}\nrepeat: 2\nlimit: 5",
        "",
        ["8: 'for_each' of 'b': x (3) x repeat (2) make 6 items, and limit is 5"],
    ),
    ("for_each: day\nrepeat: 2\nlimit: 5", "", ["9: 'repeat' of 'b': day (3) x repeat (2) make 6 items, and limit is 5"]),
    ("after: days", "", ["8: 'after' of notebook 'b' must be a list, not 'days'"]),
    ("after: null", "", ["8: 'after' of notebook 'b' must be a list, not null"]),
    ("after: [dys]", "", ["8: 'after' of 'b' names 'dys', which is no label (did you mean 'days'?)"]),
    ("after: [3]", "", ["8: item 1 of 'after' must be text, not 3"]),
    ("after: [b]", "", ["6: steps need each other in a circle: b -> b"]),
    ("on_failure: null", "", ["8: 'on_failure' of notebook 'b' must be stop, continue or {run: label}, not null"]),
    ("on_failure: ignore", "", ["8: 'on_failure' of 'b' is stop, continue or {run: label}, not 'ignore'"]),
    ("on_failure: {run: tidi}\n", "", ["8: 'on_failure' of 'b' names 'tidi', which is no label"]),
    ("on_failure: {run: b}", "", ["8: 'on_failure' of 'b' runs 'b' itself, which has failed then; name another label"]),
    ("on_failure: {run: 3}", "", ["8: 'on_failure' of 'b' is stop, continue or {run: label}, not {'run': 3}"]),
    ("on_failure: {runs: days}", "", ["8: 'on_failure' of 'b' is stop, continue or {run: label}, not {'runs': 'days'}"]),
    (
        "on_failure: {run: days, more: 1}",
        "",
        ["8: 'on_failure' of 'b' is stop, continue or {run: label}, not {'run': 'days', 'more': 1}"],
    ),
    ("on_failure: []", "", ["8: 'on_failure' of 'b' is stop, continue or {run: label}, not a list"]),
    ("on_item_failure: null", "", ["8: 'on_item_failure' of notebook 'b' must be 'continue' or 'stop', not null"]),
    ("on_item_failure: halt", "", ["8: 'on_item_failure' of notebook 'b' must be 'continue' or 'stop', not 'halt'"]),
    ("cache: sharde", "", ["8: 'cache' of notebook 'b' must be 'run', 'shared', {shared: 7d} or 'never', not 'sharde'"]),
    ("fore_each: day", "", ["8: 'fore_each' is not a setting of notebook 'b' (did you mean 'for_each'?)"]),
    ("max_paralel: 3", "", ["8: 'max_paralel' is not a setting of notebook 'b' (did you mean 'max_parallel'?)"]),
    (
        "for_each: {x: [" + "y" * 2_001 + "]}",
        "",
        [
            "8: 'for_each' of 'b': value 0 of the axis 'x' has more than 2,000 characters of "
            f"JSON: '{'y' * 75} ...; let the axis hold names, and "
            "read what they stand for in the step"
        ],
    ),
    ("after: [c]", "c: {filename: days.py, after: [b]}", ["6: steps need each other in a circle: b -> c -> b (lines 6, 9)"]),
    (
        "after: [c]",
        "c: {filename: days.py, parameters: {p: {file: d/x}}}\nd: {filename: days.py, when: {scrap: b.n}}",
        ["6: steps need each other in a circle: b -> c -> d -> b (lines 6, 9, 10)"],
    ),
    (
        "on_failure: {run: c}",
        "c: {filename: days.py, when: always}",
        ["9: 'c' runs only if 'b' fails, so it cannot run always"],
    ),
    (
        "on_failure: {run: c}\nafter: [c]",
        "c: {filename: days.py}",
        ["6: steps need each other in a circle: b -> c -> b (lines 6, 10)"],
    ),
    (
        "on_failure: {run: c}\nparameters: {p: d}",
        "c: {filename: days.py}\nd: {filename: days.py, after: [c]}",
        ["6: steps need each other in a circle: b -> d -> c -> b (lines 6, 11, 10)"],
    ),
    ("for_each: c", "c: {filename: days.py, for_each: b}", ["6: steps need each other in a circle: b -> c -> b (lines 6, 9)"]),
    (
        "for_each: {x: c}",
        "c: {filename: days.py, after: [b]}",
        ["6: steps need each other in a circle: b -> c -> b (lines 6, 9)"],
    ),
    (
        "after: [days]",
        "day.0: {filename: days.py}",
        ["9: the label 'day.0' reads like an item of the fan 'day'; choose another name"],
    ),
    (
        "after: [c, d]\nwhen: {scrap: e.n}",
        "c: {filename: days.py, after: [x]}",
        [
            "8: 'after' of 'b' names 'd', which is no label",
            "9: 'when' of 'b' cannot be asked: there is no label 'e'",
            "10: 'after' of 'c' names 'x', which is no label",
        ],
    ),
    (
        "after: [days]",
        "c: {filename: days.py, for_each: {x: {dates: [2016-01-01, 2020-01-01]}}}",
        ["9: 'for_each' of 'c': x (1,461) makes 1,461 items, and limit is 1,000"],
    ),
]


@pytest.mark.parametrize(("keys", "more"), ACCEPTED)
def test_what_a_step_may_say_of_its_items_is_accepted(keys: str, more: str, tmp_path: Path) -> None:
    check_accepted(tmp_path, keys, more)


@pytest.mark.parametrize(("keys", "more", "expected"), REFUSED)
def test_every_fault_of_a_step_is_told_at_its_line(keys: str, more: str, expected: list[str], tmp_path: Path) -> None:
    assert refusals(tmp_path, keys, more) == expected


@pytest.mark.parametrize(
    ("key", "value"), [("max_parallel", "8"), ("limit", "5"), ("on_item_failure", "stop")], ids=lambda word: str(word)
)
def test_a_key_about_items_of_a_label_that_has_one_is_warned_of(tmp_path: Path, key: str, value: str) -> None:
    (tmp_path / "a.py").write_text("")
    file = tmp_path / "workflows.yml"
    steps = f"    steps:\n      a:\n        filename: a.py\n        {key}: {value}\n"
    file.write_text(f"workflows:\n  - name: w\n{steps}available_dates_sensor: null\n")
    told = f"workflows.yml:6: '{key}' of 'a' says nothing, as it has one item; items come from 'for_each' or 'repeat'"
    assert [str(one) for one in load_with_warnings(file)[1]] == [told]
    file.write_text(file.read_text().replace("        filename: a.py\n", "        filename: a.py\n        repeat: 3\n"))
    assert load_with_warnings(file)[1] == ()


def test_a_limit_of_what_follows_a_fan_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    file = tmp_path / "workflows.yml"
    steps = "    steps:\n      a: {filename: a.py, repeat: 9}\n      b: {filename: a.py, for_each: a, limit: 5}\n"
    file.write_text(f"workflows:\n  - name: w\n{steps}available_dates_sensor: null\n")
    told = "workflows.yml:5: 'limit' of 'b' says nothing, as it has the items of 'a'; it belongs there"
    assert [str(one) for one in load_with_warnings(file)[1]] == [told]
