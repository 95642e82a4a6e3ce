"""Futures inside arguments: finding them, and replacing them by their results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import GeneratorType
from typing import Any

from ... import payload
from ...futures import DONE, FUTURE_TYPES, Future

FUTURES, READ_ONCE = 1, 2

GROUP = "Group"  #: the type of futures that make their results of those of others
_MADE_HERE = frozenset({"strand", GROUP})  # types of futures whose results are made by code in the decider

_READ_ONCE = frozenset({GeneratorType, map, filter, zip})
_PLAIN = frozenset({int, str, float, bool, type(None)})


def contents(values: Iterable[Any]) -> int:
    """Return flags for futures (:data:`FUTURES`) and iterators (:data:`READ_ONCE`) in these values, also nested ones.

    Looks into lists, tuples and dicts; both flags may be set.

    Raises:
        TypeError: a value has no JSON form; raised here, at the line that submits it, not when the decision is sent.
    """
    found = 0
    for item in values:
        kind = type(item)
        if kind is int or kind is str or kind is float or kind is bool or item is None:
            continue  # exact types first: most arguments are plain, and this runs at every submit of every replay
        if kind in FUTURE_TYPES:
            found |= FUTURES
        elif kind is dict:
            if any(type(key) is not str for key in item):
                payload.encode(dict.fromkeys(item))
            found |= contents(item.values())
        elif kind is list or kind is tuple:
            found |= contents(item)
        elif kind in _READ_ONCE:
            found |= READ_ONCE
        else:
            payload.encode(item)
    return found


def checked(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any], int]:
    """Return the arguments of a task of ``name``, with each iterator read into a list, and whether :data:`FUTURES` are in them.

    Raises:
        TypeError: one has no JSON form.
    """
    try:
        found = contents(args) | contents(kwargs.values())
    except TypeError as error:
        raise TypeError(f"an argument of {name}: {error}") from None
    if found & READ_ONCE:
        args, kwargs = listed(args), listed(kwargs)
        found = contents(args) | contents(kwargs.values())
    return args, kwargs, found & FUTURES


def listed(value: Any) -> Any:
    """Return the value with each iterator read into a list: every attempt of a task, and every check of it, reads it again."""
    kind = type(value)
    if kind in _READ_ONCE or kind is list:
        return [listed(item) for item in value]
    if kind is tuple:
        return tuple(listed(item) for item in value)
    if kind is dict:
        return {key: listed(item) for key, item in value.items()}
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


def waited_for(value: Any) -> Any:
    """Return the value with each future replaced by its result, and wait for pending ones: for the result of run()."""
    kind = type(value)
    if kind in FUTURE_TYPES:
        return value.result
    if kind is list or kind is tuple:
        return [waited_for(item) for item in value]
    if kind is dict:
        return {key: waited_for(item) for key, item in value.items()}
    return value
