"""Futures inside arguments: finding them, and putting their results in their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .. import payload
from ..futures import Future


def has_futures(values: Iterable[Any]) -> bool:
    """Whether a future stands anywhere in these values, in nested lists, tuples and dicts too.

    Raises:
        TypeError: a value that has no JSON form: said here, at the line that submits it, not when the decision is sent.
    """
    for item in values:
        kind = type(item)
        if kind is int or kind is str or kind is float or kind is bool or item is None:
            continue  # exact types first: most arguments are plain, and this runs for every submit of every replay
        if kind is Future:
            return True
        if kind is dict:
            if any(type(key) is not str for key in item):
                payload.encode(dict.fromkeys(item))
            if has_futures(item.values()):
                return True
        elif kind is list or kind is tuple:
            if has_futures(item):
                return True
        elif not isinstance(item, Iterator):  # reading an iterator would empty it
            payload.encode(item)
    return False


def futures_in(values: Iterable[Any]) -> Iterator[Future[Any]]:
    """Every future in these values, depth first."""
    for item in values:
        kind = type(item)
        if kind is Future:
            yield item
        elif kind is dict:
            yield from futures_in(item.values())
        elif kind is list or kind is tuple:
            yield from futures_in(item)


def filled(value: Any) -> Any:
    """The value with each finished future replaced by its result; never waits."""
    kind = type(value)
    if kind is Future:
        return value.execution.decoded(value)  # not .result: that raises what is due, where the code waits
    if kind is list or kind is tuple:
        return [filled(item) for item in value]
    if kind is dict:
        return {key: filled(item) for key, item in value.items()}
    return value


def waited_for(value: Any) -> Any:
    """The value with each future replaced by its result, waiting for those that are pending: for what run() returns."""
    kind = type(value)
    if kind is Future:
        return value.result
    if kind is list or kind is tuple:
        return [waited_for(item) for item in value]
    if kind is dict:
        return {key: waited_for(item) for key, item in value.items()}
    return value
