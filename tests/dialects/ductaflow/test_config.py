"""The config of a flow: as JSON, as variables, and shown."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas
import pytest

from simpleflow_nb.dialects.ductaflow import (
    display_config_summary,
    generate_config_markdown,
    is_notebook_execution,
    run_notebook,
    unpack_config,
)
from simpleflow_nb.dialects.ductaflow.flow_config import FlowConfig

from .conftest import IMPORT, Write


class Mode(enum.StrEnum):
    FAST = "fast"


TABLE = pandas.DataFrame({"n": [1, 2], "x": [0.5, None], "when": pandas.to_datetime(["2024-01-31", None]), "ok": [True, False]})


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (1, 1),
        ((1, [2]), [1, [2]]),
        ({1: {"a": None}}, {"1": {"a": None}}),
        (Path("a/b"), "a/b"),
        (date(2024, 1, 31), "2024-01-31"),
        (datetime(2024, 1, 31, 6), "2024-01-31 06:00:00"),  # noqa: DTZ001
        (Decimal("1.10"), "1.10"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (float("nan"), None),
        (pandas.NA, None),
        (Mode.FAST, "fast"),
        (TABLE.iloc[0].to_dict(), {"n": 1, "x": 0.5, "when": "2024-01-31 00:00:00", "ok": True}),
        (TABLE.iloc[1].to_dict(), {"n": 2, "x": None, "when": None, "ok": False}),
        (TABLE["n"].iloc[0], 1),
        (TABLE["ok"].iloc[0], True),
    ],
)
def test_a_value_of_a_config_or_of_a_row_of_pandas_is_a_json_value_of_its_kind(value: Any, found: Any):
    config = FlowConfig.of({"value": value}, "/root")
    assert (config.values, config.notes) == ({"value": found, "_project_root": "/root"}, [])
    assert type(config.values["value"]) is type(found)


@pytest.mark.parametrize(
    ("value", "text", "kind"),
    [
        ({1}, "{1}", "set"),
        (b"x", "b'x'", "bytes"),
        (float("inf"), "inf", "float"),
        (TABLE[["n"]].head(1), "   n\n0  1", "pandas.DataFrame"),
    ],
)
def test_a_value_of_another_kind_becomes_its_text_which_is_said(value: Any, text: str, kind: str):
    config = FlowConfig.of({"a": [value]})
    assert config.values["a"] == [text]
    (note,) = config.notes
    assert note.replace("pandas.core.frame.", "pandas.") == (
        f"config: a[0] is a {kind}, which JSON does not have; the flow gets its text"
    )


def test_a_config_that_has_no_json_form_is_refused(write: Write):
    circle: dict[str, Any] = {}
    circle["a"] = [circle]
    write("small.py", "1\n")
    with pytest.raises(ValueError, match=r"^config: a.a\[0\] contains itself, and has no JSON form$"):
        run_notebook("small.py", config={"a": circle})
    with pytest.raises(TypeError, match=r"^config is a list; a mapping is expected, such as \{'n': 1\}$"):
        run_notebook("small.py", config=[1])  # type: ignore[arg-type]


# ---- unpacked ----------------------------------------------------------------------------------------------------------------


def test_a_config_becomes_variables_with_those_of_its_mappings_and_folders_as_paths(capsys):
    config = {
        "n": 1,
        "output_dir": "out",
        "database": {"host": "h", "port": 1, "data_dir": "d"},
        "_project_root": "/p",
        "name": "x",
    }
    mine: dict[str, Any] = {}
    found = unpack_config(config, None, mine)
    assert (
        found
        == mine
        == {
            "n": 1,
            "output_dir": Path("out"),
            "database": {"host": "h", "port": 1, "data_dir": "d"},
            "_project_root": Path("/p"),
            "name": "x",
            "host": "h",
            "port": 1,
            "data_dir": Path("d"),
        }
    )
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "config: 8 variables"
    assert [line.strip().split(" = ")[0] for line in lines] == list(found)


def test_the_variables_that_are_printed_warn_of_nothing(capsys):
    unpack_config({"warning:": "warning: x", "w": "⚠️"})
    assert [line[:15].strip() for line in capsys.readouterr().out.splitlines()[1:]] == ["", ""]


def test_a_name_that_is_given_twice_with_different_values_is_refused():
    with pytest.raises(
        ValueError, match=r"^config: host and database.host differ, and both would be the variable 'host'; rename one$"
    ):
        unpack_config({"database": {"host": "b"}, "host": "a"})
    with pytest.raises(
        ValueError, match=r"^config: one.host and two.host differ, and both would be the variable 'host'; rename one$"
    ):
        unpack_config({"one": {"host": "b"}, "two": {"host": "a"}})
    assert unpack_config({"one": {"host": "a"}, "host": "a"})["host"] == "a"


def test_without_a_config_there_are_no_variables_and_a_warning(capsys):
    assert unpack_config({}) == unpack_config(None) == {}
    assert capsys.readouterr().out.splitlines()[0] == (
        "⚠️ no config: run the flow with run_notebook, or as a script with --config FILE.json"
    )


# ---- shown -------------------------------------------------------------------------------------------------------------------


def test_a_config_is_shown_as_tables():
    config = {
        "yes": True,
        "no": False,
        "none": None,
        "many": [1, "a|b"],
        "exact": "x" * 50,
        "long": "x" * 51,
        "a|b": "c|d",
        "lines": "one\ntwo",
        "empty": {},
        "data_base": {"host": "h", "deep": {"a": 1, "b": 2}, "one": {"a": 1}},
    }
    assert generate_config_markdown(config, "My flow").splitlines() == [
        "## Configuration for My flow",
        "",
        "| Parameter | Value |",
        "|-----------|-------|",
        "| yes | ✓ |",
        "| no | ✗ |",
        "| none | *None* |",
        "| many | 1, a\\|b |",
        f"| exact | {'x' * 50} |",
        f"| long | {'x' * 47}... |",
        "| a\\|b | c\\|d |",
        "| lines | one two |",
        "| empty | *0 items* |",
        "",
        "### Data Base",
        "",
        "| Parameter | Value |",
        "|-----------|-------|",
        "| host | h |",
        "| deep | *2 items* |",
        "| one | *1 item* |",
    ]
    assert generate_config_markdown({}) == "**No configuration provided**\n"
    assert generate_config_markdown({"n": 1}).splitlines()[0] == "## Configuration"


def test_in_a_script_the_tables_are_printed(capsys):
    assert not is_notebook_execution()
    display_config_summary({"n": 1}, "My flow")
    assert capsys.readouterr().out == generate_config_markdown({"n": 1}, "My flow") + "\n"


def test_in_a_notebook_the_tables_are_displayed(write: Write, tmp_path: Path):
    code = "print(is_notebook_execution())\ndisplay_config_summary(config, 'Mine')\n"
    write("show.py", f"{IMPORT} display_config_summary, is_notebook_execution\n{code}")
    run_notebook("show.py", config={"n": 1})
    page = (tmp_path / "show_executed.html").read_text(encoding="utf-8")
    assert "Configuration for Mine" in page
    assert "<td>n</td>" in page
    assert (tmp_path / "show_execution_output.txt").read_text().splitlines()[0] == "True"
