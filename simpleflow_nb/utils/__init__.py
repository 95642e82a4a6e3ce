"""Small functions of simpleflow, under its names, for programs that import them."""

from __future__ import annotations

import importlib
import json
import zlib
from datetime import datetime, time
from typing import Any, TypeVar

from .. import payload
from ..futures import Future
from ..tracebacks import text_of
from . import retry

__all__ = [
    "format_exc",
    "format_exc_type",
    "full_class_name",
    "full_object_name",
    "hex_hash",
    "import_from_module",
    "import_object_from_module",
    "issubclass_",
    "json_dumps",
    "json_loads_or_raw",
    "remove_none",
    "retry",
    "serialize_complex_object",
]

T = TypeVar("T")


def issubclass_(arg1: Any, arg2: type) -> bool:
    """Return what ``issubclass`` does, and False for what is no class."""
    return isinstance(arg1, type) and issubclass(arg1, arg2)


def hex_hash(s: str) -> str:
    """Return the Adler-32 of a text in hex, ``0`` for an empty one or None."""
    return f"{zlib.adler32(s.encode()):x}" if s else "0"


def format_exc(exc: BaseException) -> str:
    """Return an exception as the last line of its traceback, ``ValueError: nope``; the class alone without a text."""
    name, text = type(exc).__name__, text_of(exc)
    return f"{name}: {text}" if text else name


def format_exc_type(exc_type: type) -> str:
    """Return the dotted path of an exception's class, the name alone for one of Python's own or of a script."""
    if exc_type.__module__ in ("__main__", "builtins"):
        return exc_type.__name__
    return f"{exc_type.__module__}.{exc_type.__name__}"


def import_from_module(path: str) -> Any:
    """Return what a dotted path names; without a module, of Python's own names.

    Raises:
        ImportError: the module cannot be imported.
        AttributeError: it has no such name.
    """
    module_name, _, name = path.rpartition(".")
    return import_object_from_module(module_name, name)


def import_object_from_module(module_name: str, *object_names: str) -> Any:
    """Return an attribute of a module, or an attribute of that, and so on; "" is the module of Python's own names.

    Raises:
        ImportError: the module cannot be imported.
        AttributeError: there is no such attribute.
    """
    found: Any = importlib.import_module(module_name or "builtins")
    for name in object_names:
        found = getattr(found, name)
    return found


def full_class_name(klass: type) -> str:
    """Return the dotted path of a class."""
    return f"{klass.__module__}.{klass.__qualname__}"


def full_object_name(obj: Any) -> str:
    """Return the dotted path of a class, or of the class of an object."""
    return full_class_name(obj if isinstance(obj, type) else type(obj))


def remove_none(obj: T) -> T:
    """Return a copy of nested dicts, lists, tuples and sets without the values that are None."""
    if isinstance(obj, dict):
        return type(obj)((key, remove_none(value)) for key, value in obj.items() if value is not None)
    if isinstance(obj, list | tuple | set):
        return type(obj)(remove_none(item) for item in obj if item is not None)
    return obj


def serialize_complex_object(obj: Any) -> Any:
    """Return a value that JSON has for one that it has not: of a date, bytes, a set, a generator, a UUID, a path, a lazy proxy.

    A future is its result, which a workflow waits for. Fractions of seconds are milliseconds, and left out if there are none,
    as in simpleflow; payloads of histories always have them.

    Raises:
        TypeError: there is none.
    """
    if isinstance(obj, Future):
        return obj.result
    if isinstance(obj, datetime | time):
        text = obj.isoformat(timespec="milliseconds" if obj.microsecond else "seconds")
        return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
    if type(obj).__module__.partition(".")[0] == "lazy_object_proxy":
        return obj.__wrapped__
    return payload.plain_value(obj)


def json_dumps(obj: Any, pretty: bool = False, compact: bool = True, **kwargs: Any) -> str:
    """Return a value as JSON text; see :func:`serialize_complex_object`.

    Args:
        pretty: indented, with sorted keys.
        compact: without spaces, with sorted keys; False leaves that to ``kwargs``, which ``json.dumps`` gets.

    Raises:
        TypeError: it has no JSON form.
    """
    kwargs.setdefault("default", serialize_complex_object)
    if pretty:
        kwargs |= {"indent": 4, "sort_keys": True, "separators": (",", ": ")}
    elif compact:
        kwargs |= {"separators": (",", ":"), "sort_keys": True}
    return json.dumps(obj, **kwargs)


def json_loads_or_raw(data: str | None) -> Any:
    """Return the value of a JSON text, the text itself if it is none, and None for an empty one."""
    return payload.decode(data)
