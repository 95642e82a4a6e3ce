"""docs/from_ductaflow.rst has a row for each thing that ductaflow can do."""

from __future__ import annotations

import re
from pathlib import Path

from simpleflow_nb.dialects import ductaflow

PAGE = (Path(__file__).parents[3] / "docs" / "from_ductaflow.rst").read_text(encoding="utf-8")

#: What ductaflow can do, as the rows of the page name it.
CAPABILITIES = [
    "flow, build, conductor",
    "``.py`` files as notebooks",
    "instance folders",
    "files of an instance",
    "config beside the run",
    "``_project_root``",
    "the file system as schema",
    "scenarios from a table",
    "scenario dimensions",
    "``conductor_results.json``",
    "everything printed is kept",
    "red, orange, green",
    "first 15 characters",
    "status page",
    "one flow again",
    "only changed instances execute",
    "flows as scripts",
    "``no_execute``, ``debug_flow``",
    "config shown",
    "config unpacked",
    "missing flow",
    "conductor log, saved states",
    "project guide",
    "web pages of notebooks",
]


def test_each_capability_has_a_row_that_says_whether_it_is_the_same():
    rows = PAGE.partition("\nRow by row\n")[2].partition("\nFrom here to")[0]
    found = re.findall(r"^   \* - (.*)\n     - (same|better|different)\n     - \S", rows, re.MULTILINE)
    assert [name for name, _ in found] == CAPABILITIES


def test_windows_comes_first_of_what_differs():
    rows = PAGE.partition("\nWhat differs\n")[2]
    assert re.findall(r"^   \* - (.*)$", rows, re.MULTILINE)[:2] == ["ductaflow", "runs on Windows"]


def test_every_name_is_on_the_page():
    assert [name for name in ductaflow.__all__ if f"``{name}``" not in PAGE] == []
