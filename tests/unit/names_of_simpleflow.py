"""The public names of simpleflow 0.36, and what stands under them here.

``simpleflow_names.json`` has a row for each name::

    kind             module, class, function, property, value, imported (from a module beside it)
    signature, value, from      as in simpleflow
    plan             ``same``, or ``left out`` with a reason
    status           here, differs, missing; written by this module
    how              what differs; written by this module
    why              why it is left out, or may differ; for users, in docs/from_simpleflow.rst

``python -m tests.unit.names_of_simpleflow`` writes ``status`` and ``how`` after a change, and says which rows need a plan.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import json
import textwrap
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("simpleflow_names.json")

Row = dict[str, Any]


def rows() -> dict[str, Row]:
    found: dict[str, Row] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def write(table: dict[str, Row]) -> None:
    lines = (f" {json.dumps(name)}: {json.dumps(table[name], ensure_ascii=False)}" for name in sorted(table))
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def standing(name: str, row: Row) -> tuple[str, str]:
    """Return the status of a name here, and what differs from simpleflow; empty if nothing does."""
    module_name, _, path = name.replace("simpleflow", "simpleflow_nb", 1).partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError:
        return "missing", ""
    if not path:
        return "here", ""
    parts = path.split(".")
    try:
        found = functools.reduce(_member, parts, module)
    except AttributeError:
        return "missing", ""
    how = "; ".join(_differences(found, row))
    return ("differs", how) if how else ("here", "")


def _member(whole: Any, name: str) -> Any:
    if isinstance(whole, types.ModuleType):
        return getattr(whole, name)  # also what a module makes when it is asked for it
    found = inspect.getattr_static(whole, name, None)
    if found is not None or hasattr(whole, name):
        return found
    if isinstance(whole, type) and any(name in _attributes_of_instances(one) for one in whole.__mro__):
        return property()
    raise AttributeError(name)


@functools.cache
def _attributes_of_instances(cls: type) -> set[str]:
    """Return the attributes that a class annotates, or that its ``__init__`` sets."""
    found = set(inspect.get_annotations(cls))
    if not inspect.isfunction(made := vars(cls).get("__init__")):
        return found
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(made)))
    except OSError:  # made without source, as that of a dataclass
        return found
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
            found.add(node.attr)
    return found


def _differences(found: Any, row: Row) -> Iterator[str]:
    if row["kind"] == "value":
        here = _described(found)
        if here != row["value"] and not _is_of_kind(found, row["value"]):
            yield "another path" if "'/" in row["value"] else f"{row['value']} there, {here} here"
        return
    plain = found.__func__ if isinstance(found, classmethod | staticmethod) else found
    if "signature" not in row or not callable(plain):
        return
    try:
        ours = list(inspect.signature(plain).parameters.values())
    except (TypeError, ValueError):
        return
    yield from _of_parameters(parameters(row["signature"]), ours)


def _of_parameters(theirs: list[tuple[str, str, str | None]], ours: list[inspect.Parameter]) -> Iterator[str]:
    named = {one.name: one for one in ours if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)}
    takes_names = any(one.kind is one.VAR_KEYWORD for one in ours)
    takes_more = any(one.kind is one.VAR_POSITIONAL for one in ours)
    known = {name for name, kind, _ in theirs if kind != "*"}
    stars = {kind for _, kind, _ in theirs}
    lacking = [name for name, kind, _ in theirs if kind in ("", "name") and name not in named and not takes_names]
    lacking += ["*args"] if "*" in stars and not takes_more else []
    lacking += ["**kwargs"] if "**" in stars and not takes_names else []
    if lacking:
        yield f"lacks {', '.join(lacking)}"
    needed = [name for name, one in named.items() if name not in known and one.default is one.empty]
    needed += [name for name, _, default in theirs if default is not None and name in named and _default(named[name]) == "none"]
    if needed:
        yield f"also needs {', '.join(needed)}"
    by_position = [name for name, kind, _ in theirs if kind == "" and name in named]
    while by_position and named[by_position[-1]].kind is inspect.Parameter.KEYWORD_ONLY:
        by_position.pop()  # simpleflow's signatures do not say which are by name only
    ours_by_position = [name for name, one in named.items() if one.kind is not one.KEYWORD_ONLY]
    if not lacking and not needed and by_position != ours_by_position[: len(by_position)] and not takes_more:
        yield f"in another order: {', '.join(ours_by_position)}"
    defaults = [
        f"{name} {default} there, {_default(named[name])} here"
        for name, _, default in theirs
        if default not in (None, "...") and name in named and _default(named[name]) not in (default, "none")
    ]
    if defaults:
        yield f"defaults: {', '.join(defaults)}"


def parameters(signature: str) -> list[tuple[str, str, str | None]]:
    """Return name, kind ("", "name" for by name only, "*", "**") and default of each parameter of a signature as text."""
    function = ast.parse(f"def f{signature}: pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    known = function.args
    positional = [*known.posonlyargs, *known.args]
    defaults = [None] * (len(positional) - len(known.defaults)) + [ast.unparse(one) for one in known.defaults]
    found: list[tuple[str, str, str | None]] = [(one.arg, "", text) for one, text in zip(positional, defaults, strict=True)]
    if known.vararg is not None:
        found.append((known.vararg.arg, "*", None))
    for one, default in zip(known.kwonlyargs, known.kw_defaults, strict=True):
        found.append((one.arg, "name", None if default is None else ast.unparse(default)))
    if known.kwarg is not None:
        found.append((known.kwarg.arg, "**", None))
    return found


def _default(parameter: inspect.Parameter) -> str:
    if parameter.default is parameter.empty:
        return "none"
    return _described(parameter.default)


def _is_of_kind(value: Any, there: str) -> bool:
    """Tell whether a value is of the class that simpleflow has there, or the same number in another type."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value).removesuffix(".0") == there.removesuffix(".0")
    return there in (one.__name__ for one in type(value).__mro__[:-1])


def _described(value: Any) -> str:
    plain = isinstance(value, str | int | float | bool | types.NoneType)
    return repr(value)[:60] if plain else type(value).__name__


def main() -> None:
    table = rows()
    for name, row in table.items():
        row.pop("how", None)
        row["status"], how = standing(name, row)
        if how:
            row["how"] = how
    write(table)
    for name, row in table.items():
        if row["plan"] == "same" and row["status"] == "missing":
            print(f"{name} is missing: bring it, or leave it out with a reason")
        if row["status"] == "differs" and not row.get("why"):
            print(f"{name}: {row['how']}: say why, in words for users")


if __name__ == "__main__":
    main()
