"""The code of an activity's body: whether two bodies are the same, and where one stands."""

from __future__ import annotations

import inspect
from types import CodeType
from typing import Any

from . import payload


def are_different(body: Any, other: Any) -> bool:
    """Return whether two bodies are certainly not the same function or class, as it is in a module that is imported twice."""
    if body is None or other is None or body is other:
        return False
    code, other_code = getattr(body, "__code__", None), getattr(other, "__code__", None)
    if code is None or other_code is None:
        return inspect.isclass(body) != inspect.isclass(other)
    if code is not other_code:
        return _line(code) != _line(other_code)
    return not all(map(_are_alike, _surroundings(body), _surroundings(other)))


def _line(code: CodeType) -> tuple[str, int]:
    return code.co_filename, code.co_firstlineno


def _surroundings(body: Any) -> list[Any]:
    """Return the defaults of a function, and the values from around it that it uses."""
    found = [*(body.__defaults__ or ()), *(body.__kwdefaults__ or {}).values()]
    for cell in body.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # not set yet
            found.append(None)
    return found


def _are_alike(value: Any, other: Any) -> bool:
    if value is other:
        return True
    try:
        return payload.encode(value) == payload.encode(other)
    except (TypeError, ValueError, RecursionError):
        return False


def place_of(body: Any) -> str:
    """Return where a function stands, ``file.py:12``, or the name of a class, for messages."""
    code: CodeType | None = getattr(body, "__code__", None)
    return f"{code.co_filename.rpartition('/')[2]}:{code.co_firstlineno}" if code is not None else f"class {body.__qualname__}"
