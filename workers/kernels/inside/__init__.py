"""Preparation of a Python kernel before its first cell, so that output, warnings, exits and errors are reported correctly.

A forked kernel calls :func:`prepare`; a kernel that is a program of its own, possibly without our packages, gets the text of
:func:`code_that_prepares`. So the modules here import only the standard library, IPython and ipykernel, of any version in use,
and each has a function ``install(shell, settings)``.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, TypedDict

#: In this order: each wraps the result of the previous ones.
MODULES = (
    *("captured_output", "bounded_output", "shell_commands", "late_output", "exits", "tracebacks", "noted_warnings"),
    "finite_scraps",
)


class Settings(TypedDict):
    """Settings of the modules, as JSON."""

    own_folders: list[str]  #: absolute paths: Python files below them are the analyst's own
    printed_characters: int  #: printed text beyond this number is not sent


def load() -> None:
    """Import the modules, in a process whose forks will need them."""
    for name in MODULES:
        importlib.import_module(f"{__name__}.{name}")


def prepare(shell: Any, settings: Settings) -> None:
    """Install every module that is not installed yet, in this kernel."""
    for name in MODULES:
        importlib.import_module(f"{__name__}.{name}").install(shell, settings)


def code_that_prepares(settings: Settings) -> str:
    """Return the same preparation as code for another interpreter, to be executed as a silent cell; it leaves no names behind.

    A module that cannot be installed there does not affect the others; the cell then fails with one line for each.
    """
    folder = Path(__file__).parent
    texts = [(name, (folder / f"{name}.py").read_text(encoding="utf-8")) for name in MODULES]
    names = f"{{'texts': {texts!r}, 'settings': {settings!r}, 'shell': get_ipython()}}"
    return f"exec(compile({_INSTALL!r}, 'prepare', 'exec'), {names})"


_INSTALL = """
failed = []
for name, text in texts:
    module = {'__name__': name, '__file__': ''}
    try:
        exec(compile(text, name, 'exec'), module)
        module['install'](shell, settings)
    except Exception as error:
        failed.append(f'{name}: {type(error).__name__}: {error}')
if failed:
    raise RuntimeError('; '.join(failed))
"""
