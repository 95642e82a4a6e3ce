"""The environment of this process: variables, mounted secrets, cores. All that is read of it is read here.

Variables may also be files in ``/run/secrets``, as Docker and Kubernetes mount them; these win.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from .exceptions import DefinitionError
from .tracebacks import text_of
from .variables import SIMPLEFLOW_SETTINGS_MODULE, Variable

#: Mount point of secrets. AutoFlow takes its settings from there as well, secret or not.
SECRETS_DIR = Path("/run/secrets")

T = TypeVar("T")

_put: dict[str, Any] = {}


def value_of(variable: Variable[T]) -> T:
    """Return the value of a variable as it is now: put by this program, of a mounted file, of the environment, of the module of
    settings, or its default.

    Raises:
        DefinitionError: its text is no value of its kind, its file is not text, or the module cannot be imported.
        OSError: its file exists, but cannot be read.
    """
    if variable.name in _put:
        put: T = _put[variable.name]
        return put
    try:
        text = secret_text(variable.name) if variable.may_be_mounted else os.environ.get(variable.name)
    except UnicodeDecodeError:
        raise DefinitionError(f"{SECRETS_DIR / variable.name} is not text") from None
    if text is None or not (text.strip() or variable.takes_empty):
        return _of_module(variable) if variable.may_be_in_module else variable.default
    text = text.strip()
    try:
        return variable.meant(text)
    except ValueError:
        raise DefinitionError(f"{variable.name} is {text!r}; {variable.expected} is expected") from None


def _of_module(variable: Variable[T]) -> T:
    module = settings_module()
    given = getattr(module, variable.name, None)
    try:
        return variable.of(given)
    except ValueError:
        where = f"in {module.__name__}" if module is not None else ""
        raise DefinitionError(f"{variable.name} is {given!r} {where}; {variable.expected} is expected") from None


def settings_module() -> ModuleType | None:
    """Return the user's module of settings, None without one; it is imported when it is first asked for.

    Raises:
        DefinitionError: it cannot be imported.
    """
    name = value_of(SIMPLEFLOW_SETTINGS_MODULE)
    if name is None:
        return None
    try:
        return importlib.import_module(name)
    except Exception as error:
        what = f"{type(error).__name__}: {text_of(error)}"
        raise DefinitionError(f"{SIMPLEFLOW_SETTINGS_MODULE.name} names {name}, which cannot be imported: {what}") from error


def put_value(variable: Variable[T], value: object) -> None:
    """Let a variable have a value in this process, whatever the environment says; None undoes that.

    Raises:
        DefinitionError: it is no value of its kind.
    """
    if value is None:
        _put.pop(variable.name, None)
        return
    try:
        _put[variable.name] = variable.of(value)
    except ValueError:
        raise DefinitionError(f"{variable.name} is {value!r}; {variable.expected} is expected") from None


def taken(variable: Variable[T]) -> T:
    """Return the value of a variable and remove it, so that processes that this one starts do not have it."""
    value = value_of(variable)
    os.environ.pop(variable.name, None)
    return value


def secret_text(name: str) -> str | None:
    """Return the text of a mounted file, or else of an environment variable, None if there is neither.

    Raises:
        OSError, UnicodeDecodeError: the file exists, but cannot be read, or is not text.
    """
    found = mounted(name)
    return os.environ.get(name) if found is None else found


def mounted(name: str) -> str | None:
    """Return the text of a mounted file without surrounding white space, None if there is no such file.

    Raises:
        OSError, UnicodeDecodeError: it exists, but cannot be read, or is not text.
    """
    try:
        return (SECRETS_DIR / name).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None


def set_variable(name: str, text: str | None) -> None:
    """Set a variable for this process and those that it starts; None removes it."""
    if text is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = text


def variables_now() -> Mapping[str, str]:
    """Return all variables of this process, for those who look for something in whatever there is."""
    return os.environ


def inherited(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a process to be started: a copy of that of this one, with ``more`` in it."""
    return {**os.environ, **(more or {})}


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not available on this system
        return os.cpu_count() or 1
