"""Writes ``errors.rst``, the table of exceptions and their exit codes, from the classes themselves.

::

    python docs/write_errors.py             # after an exception has been added, moved or given another exit code

``tests/unit/test_docs.py`` fails while the file is not what this prints.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import deciders
import simpleflow_nb
import workers
from simpleflow_nb.exceptions import SimpleflowError

PAGE = Path(__file__).with_name("errors.rst")
PACKAGES = (simpleflow_nb, deciders, workers)
#: Programs of their own, and a plugin that only papermill can import.
_NOT_IMPORTED = ("simpleflow_nb.__main__", "simpleflow_nb.application.papermill_engine", "workers.kernels.inside")

_HEAD = """\
.. Written by docs/write_errors.py; changes made here are lost.

Exceptions and exit codes
=========================

Every exception raised because of a mistake, a failed run or the state of a service is a
``simpleflow_nb.exceptions.SimpleflowError``. Its attribute ``exit_code`` is the exit code of a command that ends with it;
:doc:`command_line` says what the codes mean. Dots before a name show its depth below its base classes. Python's own classes in
brackets are bases too, so that ``except ValueError`` works.

The reason of a failed activity begins with the name of the class (``NotebookFailed: ...``); retry policies match that name.

"""


def page() -> str:
    """The whole page, as reStructuredText."""
    rows = [("exception", "code", "where it is defined")]
    rows += [(_written(cls), str(int(cls.exit_code)), f"``{cls.__module__}``") for cls in _in_order(SimpleflowError)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rule = "  ".join("=" * width for width in widths)
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return _HEAD + "\n".join([rule, lines[0], rule, *lines[1:], rule]) + "\n"


def modules() -> Iterator[ModuleType]:
    """Every module of the three packages."""
    for package in PACKAGES:
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.startswith(_NOT_IMPORTED):
                yield importlib.import_module(found.name)


@cache
def exceptions() -> list[type[BaseException]]:
    """Every exception that is defined in the three packages, by module and name."""
    found = {
        value
        for module in modules()
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, BaseException) and value.__module__ == module.__name__
    }
    return sorted(found, key=lambda cls: (cls.__module__, cls.__name__))


def _in_order(cls: type[SimpleflowError]) -> Iterator[type[SimpleflowError]]:
    """The class and those under it, each behind its nearest base of ours; private ones are left out."""
    public = [one for one in exceptions() if issubclass(one, SimpleflowError) and not one.__name__.startswith("_")]
    yield cls
    for below in sorted(public, key=lambda one: (one.__module__ != cls.__module__, one.__name__)):
        if cls is _base(below):
            yield from _in_order(below)


def _base(cls: type) -> type | None:
    return next((base for base in cls.__bases__ if issubclass(base, SimpleflowError)), None)


def _depth(cls: type) -> int:
    base = _base(cls)
    return 0 if base is None else 1 + _depth(base)


def _written(cls: type[SimpleflowError]) -> str:
    builtin = [base.__name__ for base in cls.__bases__ if base.__module__ == "builtins" and base is not Exception]
    beside = f" ({', '.join(builtin)})" if builtin else ""
    return f"{'· ' * _depth(cls)}``{cls.__name__}``{beside}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
