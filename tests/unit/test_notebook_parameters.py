"""Whether the values that a notebook is given would count: cells that undo them, or have used the defaults before."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jupytext
import pytest

from deciders.notebooks import python_names
from deciders.notebooks.notebook_parameters import NotebookParameters, parameters_of, read_notebook_parameters
from deciders.notebooks.python_names import cell_code, names_computed_from, names_read, names_set

P = "parameters"


def cell(source: str, *tags: str, kind: str = "code") -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {"tags": list(tags)}, "source": source}


def known(*cells: dict[str, Any], language: str = "python") -> NotebookParameters:
    return parameters_of({"cells": list(cells), "metadata": {}}, language=language)


def again(first: int, second: int, names: str, values: str = "value") -> str:
    return (
        f"has two cells tagged 'parameters' (cells {first} and {second}), and the later one sets {names} after the {values} "
        "given, which would be lost; keep the defaults in one cell"
    )


def too_early(cell: int, behind: int) -> str:
    return (
        f"uses 'x' in cell {cell}, before its cell tagged 'parameters' (cell {behind}) and the value given; "
        "move that cell to the top"
    )


def computed(name: str, cell: int = 1) -> str:
    return (
        f"computes {name!r} from the default of 'x' in its cell tagged 'parameters' (cell {cell}), which the value given does "
        "not change; compute it in the next cell, or give it too"
    )


DEFAULTS = cell("x = 1\ny = 1", P)


@pytest.mark.parametrize(
    ("cells", "given", "clauses"),
    [
        # a second cell of defaults
        ([DEFAULTS, cell("x = 2", P)], ["x"], [again(1, 2, "'x'")]),
        ([DEFAULTS, cell("x = 2", P)], ["y"], []),
        ([DEFAULTS, cell("x = y = 2", P)], ["y", "x"], [again(1, 2, "'x' and 'y'", "values")]),
        ([DEFAULTS, cell("x = 2", "Parameters ")], ["x"], [again(1, 2, "'x'")]),
        ([DEFAULTS, cell("if True:\n    x = 2", P)], ["x"], [again(1, 2, "'x'")]),
        ([DEFAULTS, cell("from other import *", P)], ["x"], [again(1, 2, "'x'")]),
        ([DEFAULTS, cell("x <- 2", P)], ["x"], []),  # a comparison
        ([DEFAULTS, cell("%%other\nx is 2", P)], ["x"], [again(1, 2, "'x'")]),
        ([DEFAULTS, cell("%%other\nz", P)], ["x"], []),
        ([DEFAULTS, cell("x = 2", P, kind="markdown")], ["x"], []),
        ([cell("x = 2", P, kind="markdown"), DEFAULTS], ["x"], []),
        ([DEFAULTS, cell("x = 5", "injected-parameters")], ["x"], []),
        ([cell("x = 5", "injected-parameters"), DEFAULTS], ["x"], []),
        # the defaults behind the first use
        ([cell("x = 5\nprint(x)"), DEFAULTS], ["x"], [too_early(1, 2)]),
        ([cell("# title", kind="markdown"), cell("print(x)"), DEFAULTS], ["x"], [too_early(2, 3)]),
        ([cell("print(f'{x}')"), DEFAULTS], ["x"], [too_early(1, 2)]),
        ([cell("x += 1"), DEFAULTS], ["x"], [too_early(1, 2)]),
        ([cell("def f(a=x): pass"), DEFAULTS], ["x"], [too_early(1, 2)]),
        ([cell("def f():\n    return x"), cell("f()"), DEFAULTS], ["x"], [too_early(2, 3)]),
        ([cell("class C:\n    a = x"), DEFAULTS], ["x"], [too_early(1, 2)]),
        ([cell("%%time\nprint(x)"), DEFAULTS], ["x"], [too_early(1, 2)]),
        ([cell("x = 5"), DEFAULTS], ["x"], []),
        ([cell("def f():\n    return x"), DEFAULTS], ["x"], []),
        ([cell("def f(x):\n    return x\nf(1)"), DEFAULTS], ["x"], []),
        ([cell("for x in range(3):\n    print(x)"), DEFAULTS], ["x"], []),
        ([cell("print([x for x in (1, 2)])"), DEFAULTS], ["x"], []),
        ([cell("import x\nx.f()"), DEFAULTS], ["x"], []),
        ([cell("import math\nprint(math.pi, 'x')"), DEFAULTS], ["x"], []),
        ([cell("%%bash\necho x"), DEFAULTS], ["x"], []),
        # what the cell of the defaults computes from one of them
        ([cell("x = 1\nz = x + 1", P), cell("print(z)")], ["x"], [computed("z")]),
        ([cell("x = 1\nz = x + 1\nw = z", P), cell("print(w)")], ["x"], [computed("w")]),
        ([cell("x = 1\nif x:\n    z = 2\nelse:\n    z = 3", P), cell("print(z)")], ["x"], [computed("z")]),
        ([cell("x = 1\nz = f'{x}'", P), cell("frame.query('day == @z')")], ["x"], [computed("z")]),
        ([cell("x = 1\nz = f'{x}'", P), cell("!ls {z}")], ["x"], [computed("z")]),
        ([cell("x = 1\nz = x + 1", P), cell("print(z)")], ["x", "z"], []),
        ([cell("x = 1\nz = x + 1", P), cell("print(z)")], ["z"], []),
        ([cell("x = 1\nz = x + 1", P), cell("print(x)")], ["x"], []),
        ([cell("x = 1\nz = x + 1", P), cell("z = x + 1\nprint(z)")], ["x"], []),
        ([cell("x = 1\nz = x + 1\nz = 5", P), cell("print(z)")], ["x"], []),
        ([cell("x = 1\nprint(x)\nassert x > 0", P), cell("print(x)")], ["x"], []),
        ([cell("x = 1\ndef f():\n    return x", P), cell("f()")], ["x"], []),
        ([cell("x = '1'\nx = int(x)", P), cell("print(x)")], ["x"], []),
        ([cell("x = 1\nz = x", P), cell("def f(z):\n    return z\nframe['z']")], ["x"], []),
        ([DEFAULTS], [], []),
        ([cell("x = 1")], ["x"], []),
    ],
)
def test_a_notebook_that_would_lose_a_value_is_reported(cells, given, clauses):
    assert known(*cells).lost_values(given) == clauses


def test_of_another_language_only_a_second_cell_of_defaults_is_known():
    cells = [cell("print(x)"), cell("x <- 1\nz <- x", P), cell("z <- 2", P), cell("print(z)")]
    assert known(*cells, language="R").lost_values(["x"]) == [again(2, 3, "'x'")]
    assert known(*cells[:2], language="R").lost_values(["x"]) == []


@pytest.mark.parametrize(
    ("cells", "clause"),
    [
        ([cell("x = 1")], "has no cell tagged 'parameters'"),
        ([cell("x = 1", "Parameters")], "has no cell tagged 'parameters' (cell 1 is tagged 'Parameters'; did you mean that?)"),
        (
            [cell("x = 1", "x", " parameters")],
            "has no cell tagged 'parameters' (cell 1 is tagged ' parameters'; did you mean that?)",
        ),
        (
            [cell("x = 1"), cell("", "params")],
            "has no cell tagged 'parameters' (cell 2 is tagged 'params'; did you mean that?)",
        ),
        (
            [cell("x = 1", P, kind="markdown"), cell("x = 2")],
            "has no code cell tagged 'parameters' (cell 1, which has that tag, is a Markdown cell)",
        ),
        ([cell("x", P, kind="raw")], "has no code cell tagged 'parameters' (cell 1, which has that tag, is a raw cell)"),
        ([cell("x = 1", "injected-parameters")], "has no cell tagged 'parameters'"),
    ],
)
def test_a_notebook_without_defaults_is_reported_with_a_guess(cells, clause):
    found = known(*cells)
    assert not found.has_cell
    assert found.missing_cell() == clause


@pytest.mark.parametrize(
    ("cells", "number"),
    [
        (["x = 5"], 2),
        (["print(1)", "x: int = 5"], 3),
        (["import x"], 2),
        (["def x(): pass"], 2),
        (["for x in range(3):\n    print(x)"], 2),
        (["x = 5\nprint(x)"], 2),
        (["x = x + 1"], None),
        (["print(x)\nx = 5"], None),
        (["def f():\n    return x", "x = 5"], None),
        (["if y:\n    x = 5"], None),
        (["for x in x: pass"], None),
        (["%%bash\necho $x", "x = 5"], None),
        (["!echo $x", "x = 5"], None),
        (["%run other.py", "exec(text)", "x = 5"], None),
        (["frame.query('a > @x')", "x = 5"], None),
        (["from y import *", "x = 5"], None),
        (["print(y)"], None),
    ],
)
def test_a_value_that_a_later_cell_sets_anew_before_it_is_used_is_doubtful(cells, number):
    found = known(DEFAULTS, *map(cell, cells)).doubtful_values(["x", "y"])
    expected = [f"sets 'x' in cell {number} before anything uses the value that is given"] if number else []
    assert [clause for clause in found if "'x'" in clause] == expected


@pytest.mark.parametrize("number", [1, 40])
def test_each_statement_is_looked_at_once_for_any_number_of_values(monkeypatch, number):
    names = [f"x{place}" for place in range(number)]
    defaults = "\n".join([*(f"{name} = 1" for name in names), *(f"{name}_twice = {name}" for name in names)])
    work = Counter[str]()
    for function in ("names_set", "names_read", "_texts", "_parsed"):
        done = getattr(python_names, function)
        monkeypatch.setattr(
            python_names, function, lambda *of, done=done, word=function, **how: work.update([word]) or done(*of, **how)
        )
    behind = "\n".join(f"a{place} = f(b{place}, 'text')" for place in range(16))
    found = known(*(cell("c = d\ndef g(): return e") for _ in range(3)), cell(defaults, P), *(cell(behind) for _ in range(5)))
    assert found.names is not None
    assert found.lost_values(names) == []
    assert found.doubtful_values(names) == []
    statements = 3 * 2 + 2 * number + 5 * 16
    assert work["_parsed"] == 3 + 1 + 5
    assert work["_texts"] == 5 * 16
    assert work["names_set"] <= statements + 3  # and the bodies of the functions
    assert work["names_read"] <= 2 * statements  # at once, and later


@pytest.mark.parametrize(
    ("source", "bound", "read", "at_once"),
    [
        ("a = b", {"a"}, {"b"}, {"b"}),
        ("a += b", {"a"}, {"a", "b"}, {"a", "b"}),
        ("def f(a, b=c):\n    d = a + e\n    return d", {"f"}, {"c", "e"}, {"c"}),
        ("def f():\n    global g\n    g = 1", {"f"}, {"g"}, set()),
        ("f = lambda a: a + b", {"f"}, {"b"}, set()),
        ("@d\nclass C(B):\n  a: T = v\n  def m(self):\n    return self.x + w", {"C"}, set("dBTvw"), set("dBTv")),
        ("[a for a in b if a in c]", set(), {"b", "c"}, {"b", "c"}),
        ("with open(a) as b:\n    c = b", {"b", "c"}, {"open", "a", "b"}, {"open", "a", "b"}),
        ("import a.b as c, d.e", {"c", "d"}, set(), set()),
        ("%matplotlib\na = %sql select 1\nhelp?\nb = a", {"a", "b"}, {"a"}, {"a"}),
        ("y = (7\n% 4)", {"y"}, set(), set()),
        ("a = " + " + ".join(["b"] * 2_000), {"a"}, {"b"}, {"b"}),
    ],
)  # fmt: skip
def test_the_names_of_a_cell_are_known(source, bound, read, at_once):
    code = cell_code(source)
    assert code is not None
    assert set().union(*map(names_set, code.statements)) == bound
    assert set().union(*map(names_read, code.statements)) == read
    assert set().union(*(names_read(statement, at_once=True) for statement in code.statements)) == at_once


def test_what_is_computed_is_told_with_where_it_comes_from():
    code = cell_code("a = 1\nb = a * 2\nc = b\nd = 4\nb = 3")
    assert code is not None
    assert names_computed_from(code, frozenset(("a",))) == {"c": "a"}


SCRIPTS = [
    '# %% tags=["parameters"]\nx = 1\n# %%\nprint(x)\n',
    '# %% [markdown] tags=["parameters"]\n# hello\n#%% {"tags": ["parameters"]}\ny = 1\n',
    "import os\n\n# %% A title tags=['a', 'parameters']\nx = 1\n# %%time\nx\n# %% [raw]\n# raw\n",
    "# ---\n# jupyter:\n#   kernelspec: {display_name: P, language: python, name: python3}\n# ---\n\n# %%\na = 1\n",
    '# %%% deeper tags=["parameters"]\nx = 1\n# %% [md]\n# text\n',
    "# only a comment\n\n# %%\ny = 1\n",
    "x = 1\n",
]


@pytest.mark.parametrize("text", SCRIPTS)
def test_a_script_has_the_cells_that_jupytext_finds(tmp_path: Path, text):
    path = tmp_path / "a.py"
    path.write_text(text)
    found = read_notebook_parameters(path)
    assert found is not None
    expected = [(made.cell_type, tuple(made.metadata.get("tags", ()))) for made in jupytext.reads(text, fmt="py:percent").cells]
    assert [(one.kind, one.tags) for one in found.cells] == expected
    assert [one.number for one in found.cells] == list(range(1, len(expected) + 1))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_the_encoding_of_a_notebook_does_not_matter(tmp_path: Path, encoding):
    made = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell("größe = 1", P)]}
    (tmp_path / "a.ipynb").write_text(json.dumps(made, ensure_ascii=False), encoding=encoding)
    (tmp_path / "a.py").write_text("# %% tags=['parameters']\ngröße = 1\n", encoding=encoding)
    for name in ("a.ipynb", "a.py"):
        found = read_notebook_parameters(tmp_path / name)
        assert found is not None
        assert found.names == {"größe"}


def test_a_notebook_of_format_3_has_parameters_too(tmp_path: Path):
    old = {"cell_type": "code", "input": ["x = 1"], "language": "python", "metadata": {"tags": [P]}, "outputs": []}
    (tmp_path / "a.ipynb").write_text(json.dumps({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [old]}]}))
    found = read_notebook_parameters(tmp_path / "a.ipynb")
    assert found is not None
    assert found.names == {"x"}
