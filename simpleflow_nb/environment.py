"""The environment of this process: variables, mounted secrets, cores. All that is read of it is read here.

Variables may also be files in ``/run/secrets``, as Docker and Kubernetes mount them; these win.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from .exceptions import DefinitionError
from .variables import Variable

#: Mount point of secrets. AutoFlow takes its settings from there as well, secret or not.
SECRETS_DIR = Path("/run/secrets")

T = TypeVar("T")


def value_of(variable: Variable[T]) -> T:
    """Return the value of a variable as it is now, its default if it is not set.

    Raises:
        DefinitionError: its text is no value of its kind, or its file is not text.
        OSError: its file exists, but cannot be read.
    """
    try:
        text = secret_text(variable.name) if variable.may_be_mounted else os.environ.get(variable.name)
    except UnicodeDecodeError:
        raise DefinitionError(f"{SECRETS_DIR / variable.name} is not text") from None
    if text is None or not (text.strip() or variable.takes_empty):
        return variable.default
    text = text.strip()
    try:
        return variable.meant(text)
    except ValueError:
        raise DefinitionError(f"{variable.name} is {text!r}; {variable.expected} is expected") from None


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
