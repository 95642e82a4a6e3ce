"""What is done inside a Python kernel before its first cell, so that what a notebook does is told as it is.

A forked kernel calls :func:`prepare`; to one that is a program of its own, and may know nothing of us, the text of
:func:`code_that_prepares` is sent. So the modules here import the standard library, IPython and ipykernel alone, at any version
that may be met, and each has a function ``install(shell, settings)``.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, TypedDict

#: In this order: each is put over what is there.
MODULES = ("captured_output", "bounded_output", "shell_commands", "late_output", "exits", "tracebacks", "noted_warnings")


class Settings(TypedDict):
    """What the modules are told, as JSON."""

    own_folders: list[str]  #: absolute paths: Python files below them are the analyst's own
    printed_characters: int  #: what is printed beyond that many is not sent


def load() -> None:
    """Import the modules; for a process whose forks are to find them there."""
    for name in MODULES:
        importlib.import_module(f"{__name__}.{name}")


def prepare(shell: Any, settings: Settings) -> None:
    """Install every module that is not installed yet, in this kernel."""
    for name in MODULES:
        importlib.import_module(f"{__name__}.{name}").install(shell, settings)


def code_that_prepares(settings: Settings) -> str:
    """The same as code for another interpreter, to be executed as a silent cell; it leaves no names behind.

    A module that cannot be installed there does not keep the others from it; the cell then fails with one line for each.
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
