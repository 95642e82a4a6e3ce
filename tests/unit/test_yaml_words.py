"""Words that YAML reads as something else than they look like: in a workflow file, in parameters, behind ``--set``."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from deciders.specification import load_with_warnings
from simpleflow_nb.cli.arguments import set_values
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.yaml_words import plain_number, surprise
from tests.unit.workflow_files import complaints, load, one


def said(text: str, name: str | None = None) -> str | None:
    loader = yaml.SafeLoader(text)
    node = loader.get_single_node()
    found = surprise(node, loader.construct_object(node), name)
    return None if found is None else str(found)


@pytest.mark.parametrize(
    "word",
    [
        *("true", "True", "FALSE", "null", "NULL", "'NO'", '"01234"', "!!str NO", "!!str 1e-3", "y", "none", "nothing"),
        *("0", "12", "-7", "1.5", "-1.5", "1.0", "100.00", "0.10", "0.5", ".5", "5.", "1.0e-3", "1.5e+10", "0x1F", "0b101"),
        *("2024-01-31", "2024-01-31 12:30:00", "1.2.3", "10.0.0.1", "a=b", "1,5", "e5", "_", "+", ".", "12 h", "12:3x"),
    ],
)
def test_what_anybody_means_so_is_no_surprise(word):
    assert said(word) is None


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("NO", "NO was read as false; write 'NO' in quotes for the text, or false"),
        ("on", "on was read as true; write 'on' in quotes for the text, or true"),
        ("Yes", "Yes was read as true; write 'Yes' in quotes for the text, or true"),
        ("~", "~ was read as null; write '~' in quotes for the text, or null"),
        ("01234", "01234 was read as 668, a number to the base 8; write '01234' in quotes for the text, or 668"),
        ("-012", "-012 was read as -10, a number to the base 8; write '-012' in quotes for the text, or -10"),
        ("08", "08 was read as text; write 8 for the number, or '08' in quotes for the text"),
        ("0o17", "0o17 was read as text; write 15 for the number, or '0o17' in quotes for the text"),
        ("1:30", "1:30 was read as 90, a number to the base 60; write '1:30' in quotes for the text, or 90"),
        (
            "12:30:00",
            "12:30:00 was read as 45000, a number to the base 60; write '12:30:00' in quotes for the text, or 45000",
        ),
        ("1:30.5", "1:30.5 was read as 90.5, a number to the base 60; write '1:30.5' in quotes for the text, or 90.5"),
        ("1_000", "1_000 was read as 1000; write '1_000' in quotes for the text, or 1000"),
        ("2024_01", "2024_01 was read as 202401; write '2024_01' in quotes for the text, or 202401"),
        ("1_000.5", "1_000.5 was read as 1000.5; write '1_000.5' in quotes for the text, or 1000.5"),
        ("+41441234567", "+41441234567 was read as 41441234567; write '+41441234567' in quotes for the text, or 41441234567"),
        ("1.10", "1.10 was read as 1.1; write '1.10' in quotes for the text, or 1.1"),
        ("1e-3", "1e-3 was read as text; write 0.001 for the number, or '1e-3' in quotes for the text"),
        ("1e-7", "1e-7 was read as text; write 1.0e-07 for the number, or '1e-7' in quotes for the text"),
        ("1.5e3", "1.5e3 was read as text; write 1500.0 for the number, or '1.5e3' in quotes for the text"),
        ("-.5", "-.5 was read as text; write -0.5 for the number, or '-.5' in quotes for the text"),
        ("NaN", "NaN was read as text; write null for no value, or 'NaN' in quotes for the text"),
        ("-inf", "-inf was read as text; write null for no value, or '-inf' in quotes for the text"),
        ("None", "None was read as text; write null, or 'None' in quotes for the text"),
        (
            "2024-1-05 7:00:00",
            "2024-1-05 7:00:00 was read as the time 2024-01-05 07:00:00; "
            "write '2024-1-05 7:00:00' in quotes for the text, or 2024-01-05 07:00:00",
        ),
        (">", "> was read as an empty text of several lines; write '>' in quotes for the text, or ''"),
    ],
)
def test_a_word_that_yaml_reads_differently_is_reported_with_what_to_write(word, sentence):
    assert said(word) == sentence


@pytest.mark.parametrize("word", ["0.10", "1.00"])
def test_a_version_keeps_its_zeros_only_in_quotes(word):
    assert said(word) is None
    assert str(said(word, "app_version")).startswith(f"{word} was read as ")
    assert said("1.1", "app_version") is None


@pytest.mark.parametrize("value", [0.001, 1e-7, 1e22, 5, -2.5, 10**20])
def test_a_number_is_shown_as_yaml_reads_it(value):
    assert yaml.safe_load(plain_number(value)) == value


# ---- workflow files ------------------------------------------------------------------------------------------------------


def warnings(folder: Path, text: str) -> list[str]:
    load(folder, text)
    return [str(warning).removeprefix("workflows.yml:") for warning in load_with_warnings(folder / "workflows.yml")[1]]


def with_parameter(folder: Path, value: str) -> str:
    (folder / "n.py").write_text("# %% tags=['parameters']\nx = 1\n# %%\nprint(x)\n")
    text = one(folder, notebook="parameters: {x: x}", entry=f"parameters:\n  x: {value}")
    return text.replace("other.ipynb", "n.py")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("NO", ["12: NO was read as false; write 'NO' in quotes for the text, or false"]),
        ("[DE, NO]", ["12: NO was read as false; write 'NO' in quotes for the text, or false"]),
        ("{NO: 5}", ["12: NO was read as false; write 'NO' in quotes for the text, or false"]),
        ("\n    a: 1\n    b: 010", ["14: 010 was read as 8, a number to the base 8; write '010' in quotes for the text, or 8"]),
        (
            "",
            [
                "12: the value is empty (what begins with # is a comment) and was read as null; write null, "
                "or '' for an empty text"
            ],
        ),
        ("{version: 0.10, rate: 0.10}", ["12: 0.10 was read as 0.1; write '0.10' in quotes for the text, or 0.1"]),
        ("[1, 1.5, true, null, text, 2024-01-31]", []),
    ],
)
def test_a_parameter_that_may_not_be_what_was_written_is_warned_of(inputs, value, found):
    assert warnings(inputs, with_parameter(inputs, value)) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (".nan", "12: the parameter 'x': NaN is not a JSON value; give null or a number"),
        ("[1, {a: -.inf}]", "12: the parameter 'x': -Infinity is not a JSON value; give null or a number"),
        ("\n    a: 1\n    b: 1.0e+999", "14: the parameter 'x': Infinity is not a JSON value; give null or a number"),
        ("=", "12: = has a meaning of its own in YAML; write '=' in quotes for the text"),
        ("<<", "12: << has a meaning of its own in YAML; write '<<' in quotes for the text"),
    ],
)
def test_a_parameter_that_json_has_not_is_refused(inputs, value, found):
    assert complaints(inputs, with_parameter(inputs, value)) == [found]


def test_elsewhere_only_numbers_are_warned_of(inputs):
    text = one(
        inputs,
        workflow="retry_wait: 1:30\npriority: 010",
        notebook="output: {format: pdf, template: ~, code: yes}\ntimeout: 1_000",
        entry="earliest_date: 2024-01-01",
    ).replace("template: ~, ", "")
    assert warnings(inputs, text) == [
        "3: 1:30 was read as 90, a number to the base 60; write '1:30' in quotes for the text, or 90",
        "4: 010 was read as 8, a number to the base 8; write '010' in quotes for the text, or 8",
        "9: 1_000 was read as 1000; write '1_000' in quotes for the text, or 1000",
    ]


@pytest.mark.parametrize(
    ("notebook", "found"),
    [
        (
            "parameters: {x: NO}",
            "'x' of the parameters of notebook 'a' must be text, not false (NO was read as false; put it in quotes)",
        ),
        ("env: {A: 1.10}", "'A' of 'env' of notebook 'a' must be text, not 1.1 (1.10 was read as 1.1; put it in quotes)"),
        ("env: {A: 5}", "'A' of 'env' of notebook 'a' must be text, not 5"),
    ],
)
def test_a_warning_says_how_yaml_reads_a_word(inputs, notebook, found):
    assert complaints(inputs, one(inputs, notebook=notebook)) == [f"6: {found}"]


def test_what_yaml_made_of_a_word_changes_nothing_of_the_file(inputs):
    specification = load(inputs, with_parameter(inputs, "[NO, 01]"))
    assert specification.sensor.workflows[0].parameters == {"x": [False, 1]}
    assert type(specification).model_validate(specification.model_dump(mode="json")) == specification


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (
            "# %% tags=['parameters']\nx = 1\n# %%\nx = 5\nprint(x)\n",
            ["4: 'n.py' sets 'x' in cell 2 before anything uses the value that is given"],
        ),
        ("# %% tags=['parameters']\nx = 1\n# %%\nprint(x)\nx = 5\n", []),
    ],
)
def test_a_value_without_effect_is_warned_of(inputs, source, found):
    text = with_parameter(inputs, "1")
    (inputs / "n.py").write_text(source)
    assert warnings(inputs, text) == found


def test_values_that_an_earlier_run_has_left_are_warned_of(inputs):
    (inputs / "n.py").write_text("# %% tags=['parameters']\nx = 1\n# %% tags=['injected-parameters']\nx = 5\n")
    assert warnings(inputs, one(inputs).replace("other.ipynb", "n.py")) == [
        "4: notebook 'a' is given no parameters, so those count that an earlier run has left in 'n.py' (cell 2, tagged "
        "'injected-parameters'); take that cell out, or give them"
    ]
    assert warnings(inputs, one(inputs).replace("other.ipynb", "bare.ipynb")) == []


def test_a_value_that_a_notebook_would_lose_is_refused_with_the_file(inputs):
    text = with_parameter(inputs, "1")
    (inputs / "n.py").write_text("# %% tags=['parameters']\nx = 1\n# %% tags=['parameters']\nx = 2\n")
    assert complaints(inputs, text) == [
        "4: 'n.py' has two cells tagged 'parameters' (cells 1 and 2), and the later one sets 'x' after the value given, which "
        "would be lost; keep the defaults in one cell"
    ]
    (inputs / "n.py").write_text("# %% [markdown] tags=['parameters']\n# x = 1\n# %%\nx = 2\n")
    assert complaints(inputs, text) == [
        "4: notebook 'a' is given parameters, but 'n.py' has no code cell tagged 'parameters' (cell 1, which has that tag, "
        "is a Markdown cell)"
    ]


# ---- --set ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairs", "values", "told"),
    [
        (
            ("a=1", "b=[x, 2]", "c=2016-01-01x", "d=''", "e=x=y", "f={<<: {g: 1}, h: 2}"),
            {"a": 1, "b": ["x", 2], "c": "2016-01-01x", "d": "", "e": "x=y", "f": {"g": 1, "h": 2}},
            [],
        ),
        (("a=NO",), {"a": False}, ["a=NO: NO was read as false; write --set 'a=\"NO\"' for the text"]),
        (("a=[NO]",), {"a": [False]}, ["a=[NO]: NO was read as false; write 'NO' in quotes for the text, or false"]),
        (
            ("a=1e-3",),
            {"a": "1e-3"},
            ["a=1e-3: 1e-3 was read as text; write 0.001 for the number, or --set 'a=\"1e-3\"' for the text"],
        ),
        (("a=",), {"a": None}, ["a=: nothing was read as null; write --set 'a=\"\"' for an empty text, or a=null"]),
        (
            ("a=#ff0000",),
            {"a": None},
            [
                "a=#ff0000: #ff0000 was read as null: what begins with # is a comment; "
                "write --set 'a=\"#ff0000\"' for the text, or a=null"
            ],
        ),
        (
            ("a=no 1 #2",),
            {"a": "no 1"},
            ["a=no 1 #2: what is behind # was left out as a comment; write --set 'a=\"no 1 #2\"' for the text"],
        ),
        (
            ("a=Report: 2024",),
            {"a": {"Report": 2024}},
            ["a=Report: 2024: it was read as a mapping; write --set 'a=\"Report: 2024\"' for the text"],
        ),
        (("a=- x",), {"a": ["x"]}, ["a=- x: it was read as a list; write --set 'a=\"- x\"' for the text"]),
        (
            ("version=0.10",),
            {"version": 0.1},
            ["version=0.10: 0.10 was read as 0.1; write --set 'version=\"0.10\"' for the text"],
        ),
    ],
)
def test_settings_are_read_as_yaml_and_surprises_are_reported(capsys, pairs, values, told):
    assert set_values(pairs) == values
    assert capsys.readouterr().err.splitlines() == [f"warning: --set {sentence}" for sentence in told]


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        (("a",), "a: write it as name=value"),
        (("=1",), "=1: write it as name=value"),
        (("",), ": write it as name=value"),
        (("a=1", "b=2", "a=1"), "a=1: a is given twice"),
        (("a={b: 1, b: 2}",), "a={b: 1, b: 2}: the key 'b' is given twice"),
        (("a=[{b: 1, b: 2}]",), "a=[{b: 1, b: 2}]: the key 'b' is given twice"),
        (("a=.nan",), "a=.nan: NaN is not a JSON value; give null or a number"),
        (("a=[{b: -.inf}]",), "a=[{b: -.inf}]: -Infinity is not a JSON value; give null or a number"),
        (("a==",), "a==: = has a meaning of its own in YAML; put it in quotes for the text"),
        (("a=[<<]",), "a=[<<]: << has a meaning of its own in YAML; put it in quotes for the text"),
        (
            ("a=*.csv",),
            "a=*.csv: the value is not YAML: expected alphabetic or numeric character, but found '.'; "
            "write --set 'a=\"*.csv\"' for the text",
        ),
        (
            ("a=!x",),
            "a=!x: the value is not YAML: what begins with ! is a tag, and this one has no meaning; "
            "write --set 'a=\"!x\"' for the text",
        ),
        (
            ("a=2024-02-30",),
            "a=2024-02-30: the value is not YAML: day is out of range for month; write --set 'a=\"2024-02-30\"' for the text",
        ),
        (
            ("a=\x00",),
            "a=\x00: the value is not YAML: the character '\\x00' is not allowed in it",
        ),
        (
            ("a=@x",),
            "a=@x: the value is not YAML: found character '@' that cannot start any token; write --set 'a=\"@x\"' for the text",
        ),
        (
            ("a={[1]: 2}",),
            "a={[1]: 2}: the value is not YAML: found unhashable key; write --set 'a=\"{[1]: 2}\"' for the text",
        ),
        (
            ("a={2024-01-01: 1}",),
            "a={2024-01-01: 1}: the key 2024-01-01 of a mapping is a date, and must be text; put it in quotes",
        ),
        (
            ("a=[{2024-01-01 10:00:00: }]",),
            "a=[{2024-01-01 10:00:00: }]: the key 2024-01-01 10:00:00 of a mapping is a date, and must be text; "
            "put it in quotes",
        ),
        (("a=&b [*b]",), "a=&b [*b]: an alias stands inside the very value that it repeats"),
        (("a=" + "[" * 2_000,), "a=" + "[" * 2_000 + ": it is nested too deeply"),
    ],
)
def test_an_invalid_set_option_is_refused(pairs, sentence):
    with pytest.raises(DefinitionError) as refused:
        set_values(pairs)
    assert str(refused.value) == f"--set {sentence}"


def test_a_setting_that_multiplies_without_end_is_refused():
    anchors = ["&a0 [x, x]", *(f"&a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))]
    with pytest.raises(DefinitionError, match=r"it has more than 10000 values; give a file$"):
        set_values((f"a=[{', '.join(anchors)}]",))
