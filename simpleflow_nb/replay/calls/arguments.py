"""Futures inside arguments: finding them, and replacing them by their results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import GeneratorType
from typing import Any

from ... import payload
from ...futures import DONE, FUTURE_TYPES, Future

FUTURES, READ_ONCE, CHANGEABLE = 1, 2, 4

GROUP = "Group"  #: the type of futures that make their results of those of others
_MADE_HERE = frozenset({"strand", GROUP})  # types of futures whose results are made by code in the decider

_READ_ONCE = frozenset({GeneratorType, map, filter, zip})
_CHANGEABLE = (list, dict, set, tuple)  # and what is derived from them; a tuple may hold a list
_LARGEST = 10**4_000  # well within what Python writes as digits, sys.get_int_max_str_digits()
_PLAIN = frozenset({int, str, float, bool, type(None)})


def contents(values: Iterable[Any]) -> int:
    """Return flags for what is in these values, also in nested lists, tuples and dicts.

    Futures (:data:`FUTURES`), iterators (:data:`READ_ONCE`), and what the code may change later (:data:`CHANGEABLE`).

    Raises:
        TypeError, ValueError: a value has no JSON form; raised here, at the line that submits it, not when the decision is
            sent.
        RecursionError: it is nested too deeply, or contains itself.
    """
    found = 0
    for item in values:
        kind = type(item)
        if kind is str or kind is float or kind is bool or item is None:
            continue  # exact types first: most arguments are plain, and this runs at every submit of every replay
        if kind is int:
            if not -_LARGEST < item < _LARGEST:
                payload.encode(item)
            continue
        if kind in FUTURE_TYPES:
            found |= FUTURES
        elif kind is dict:
            if any(type(key) is not str for key in item):
                payload.encode(dict.fromkeys(item))
            found |= contents(item.values()) | CHANGEABLE
        elif kind is list:
            found |= contents(item) | CHANGEABLE
        elif kind is tuple:
            found |= contents(item)
        elif kind in _READ_ONCE:
            found |= READ_ONCE
        else:
            payload.encode(item)
            if isinstance(item, _CHANGEABLE):
                found |= CHANGEABLE
    return found


def taken(args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> tuple[tuple[Any, ...], dict[str, Any], int]:
    """Return the arguments of a task as they are now, and their flags, see :func:`contents`.

    The code may change a list, or read an iterator, as soon as it has submitted the task; the task's arguments are read again
    later, by every attempt at it and every check of a replay.

    Raises:
        TypeError, ValueError, RecursionError: as ``contents`` does; the message names the task.
    """
    found = _checked(args, kwargs, name)
    if found & (READ_ONCE | CHANGEABLE):
        try:
            args, kwargs = _copied(args), _copied(kwargs)
        except RecursionError:
            raise _too_deep(name) from None
        if found & READ_ONCE:
            found = _checked(args, kwargs, name)
    return args, kwargs, found


def _checked(args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> int:
    try:
        return contents(args) | (contents(kwargs.values()) if kwargs else 0)
    except RecursionError:
        raise _too_deep(name) from None
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"an argument of {name}: {error}") from None


def _too_deep(name: str) -> RecursionError:
    return RecursionError(f"an argument of {name} is nested too deeply, or contains itself")


def _copied(value: Any) -> Any:
    """Return a value of its own for each that the code may change, and a list for each iterator."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in _READ_ONCE or kind is list:
        return [_copied(item) for item in value]
    if kind is tuple:
        return tuple(_copied(item) for item in value)
    if kind is dict:
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, _CHANGEABLE):
        return payload.decode(payload.encode(value))
    return value


def futures_in(values: Iterable[Any]) -> Iterator[Future[Any]]:
    """Yield the futures in these values, depth first."""
    for item in values:
        kind = type(item)
        if kind in FUTURE_TYPES:
            yield item
        elif kind is dict:
            yield from futures_in(item.values())
        elif kind is list or kind is tuple:
            yield from futures_in(item)


def filled(value: Any) -> Any:
    """Return the value with each finished future replaced by its result; never waits."""
    kind = type(value)
    if kind in FUTURE_TYPES:
        return value.execution.decoded(value)  # not .result: that would raise pending failures, as at a wait
    if kind is list or kind is tuple:
        return [item if type(item) in _PLAIN else filled(item) for item in value]
    if kind is dict:
        return {key: filled(item) for key, item in value.items()} if value else {}
    return value


def shared_in(value: Any) -> Any:
    """Return the value with each finished future replaced by its result, or by a reference to it; never waits."""
    kind = type(value)
    if kind in FUTURE_TYPES:
        return value.execution.shared(value)
    if kind is list or kind is tuple:
        return [item if type(item) in _PLAIN else shared_in(item) for item in value]
    if kind is dict:
        return {key: shared_in(item) for key, item in value.items()} if value else {}
    return value


def unfinished(values: Iterable[Any], name: str) -> list[Future[Any]]:
    """Return the futures in the arguments of a task that have no results yet, or never will.

    Raises:
        TypeError: a result that is there has no JSON form.
    """
    found = []
    for future in futures_in(values):
        if future.stage != DONE:
            found.append(future)
        elif (fault := fault_of(future)) is not None:
            raise TypeError(f"an argument of {name}: {fault}")
    return found


def fault_of(future: Future[Any]) -> str | None:
    """Return why the result of a finished future cannot be an argument of a task; None if it can.

    Results of the history are JSON; those of coroutines, groups and the like need not be.
    """
    if future.type not in _MADE_HERE:
        return None
    try:
        payload.encoded(future.execution.decoded(future), f"the result of {future.id}")
    except (TypeError, ValueError, RecursionError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def waited_for(value: Any, what: str) -> Any:
    """Return a value of the code's with each future replaced by its result; wait for pending ones.

    Raises:
        RecursionError: it is nested too deeply, or contains itself. ``what`` names it.
    """
    try:
        return _waited_for(value)
    except RecursionError:
        raise RecursionError(f"{what} is nested too deeply, or contains itself") from None


def _waited_for(value: Any) -> Any:
    kind = type(value)
    if kind in FUTURE_TYPES:
        return value.result
    if kind is list or kind is tuple:
        return [_waited_for(item) for item in value]
    if kind is dict:
        return {key: _waited_for(item) for key, item in value.items()}
    return value
