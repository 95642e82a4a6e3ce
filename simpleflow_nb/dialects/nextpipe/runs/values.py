"""Values between steps: objects of this process, or JSON that survives it."""

from __future__ import annotations

import dataclasses
import itertools
import math
import pickle
from collections.abc import Mapping
from typing import Any, Protocol

from ....exceptions import SimpleflowError
from ..steps.app_options import AppOption, AppRunConfig

_NEVER_CHANGED = frozenset({type(None), bool, int, float, str, bytes})


class Values(Protocol):
    """A store of values: what it hands out for one is JSON, stands in the history, and gives the value back."""

    def put(self, value: Any, what: str) -> Any:
        """Keep a value; ``what`` names it, with the place of a mistake behind it: ``step a returned``."""

    def get(self, kept: Any) -> Any:
        """Return the value, a new object each time wherever it could be changed."""


class MemoryValues:
    """Objects of this process, under numbers.

    Each is pickled once, and unpickled for everybody who takes it, so that nobody sees what others do to it. What cannot be
    pickled and unpickled, as an open file or a lock, is handed on as it is.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._plain: dict[int, Any] = {}
        self._pickled: dict[int, bytes] = {}
        self._copies: dict[int, Any] = {}  # made to see that it can be unpickled; the first who asks gets it

    def put(self, value: Any, what: str) -> int:
        """Keep a value; return its number."""
        number = next(self._numbers)
        if type(value) in _NEVER_CHANGED:
            self._plain[number] = value
            return number
        try:
            text = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
            self._copies[number] = pickle.loads(text)
            self._pickled[number] = text
        except Exception:  # whatever its class raises: it has no copies, and everybody gets the object
            self._plain[number] = value
        return number

    def get(self, kept: Any) -> Any:
        """Return the value with a number."""
        if kept in self._plain:
            return self._plain[kept]
        try:
            return self._copies.pop(kept)
        except KeyError:
            return pickle.loads(self._pickled[kept])


class UnfitValue(SimpleflowError, TypeError):
    """A step has returned what cannot be handed on. The sentence says all; there is nothing to trace."""


class ChangedValue(UnfitValue):
    """A value would come back from JSON as another one."""


class JsonValues:
    """JSON values, which are kept as they are; options of apps have a form of their own."""

    def put(self, value: Any, what: str) -> Any:
        """Return the JSON form of a value.

        Raises:
            ChangedValue: JSON gives another value back, or none; the message has the place.
        """
        return _form(value, what, "", ())

    def get(self, kept: Any) -> Any:
        """Return the value with a JSON form."""
        if isinstance(kept, list):
            return [self.get(one) for one in kept]
        if not isinstance(kept, dict):
            return kept
        fields = {name: self.get(one) for name, one in kept.items() if name != _FORM}
        cls = _FORMS.get(kept.get(_FORM, ""))
        return fields if cls is None else cls(**fields)


_FORM = "__nextpipe__"
_FORMS: Mapping[str, type] = {cls.__name__: cls for cls in (AppOption, AppRunConfig)}


def _form(value: Any, what: str, place: str, around: tuple[int, ...]) -> Any:
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        if math.isfinite(value):
            return value
        raise _changed(what, place, str(value))
    if id(value) in around:
        raise _changed(what, place, "a value that contains itself")
    within = (*around, id(value))
    if kind is list:
        return [_form(one, what, f"{place}[{at}]", within) for at, one in enumerate(value)]
    if kind is dict:
        for key in value:
            if type(key) is not str or key == _FORM:
                raise _changed(what, place, f"a mapping with the key {key!r:.80}")
        return {key: _form(one, what, f"{place}[{key!r:.80}]", within) for key, one in value.items()}
    if kind in _FORMS.values():
        pairs = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
        return {_FORM: kind.__name__, **{name: _form(one, what, f"{place}.{name}", within) for name, one in pairs.items()}}
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    raise _changed(what, place, f"{'an' if name[0] in 'aeiou' else 'a'} {name}")


def _changed(what: str, place: str, thing: str) -> ChangedValue:
    said = f"{place}, which is {thing}" if place else thing
    return ChangedValue(f"{what} {said}; values of a durable run are JSON, which would not give it back as it is")


# ---- inputs of nodes -----------------------------------------------------------------------------------------------------

#: An argument as it stands in a history: None, or a mapping with one key. ``value`` is a kept value, ``items`` a list of these,
#: ``all`` a list of inputs, and ``combinations`` lists of inputs, of which a join takes the product.
Input = dict[str, Any] | None


def made_of(given: Input, values: Values) -> Any:
    """Return the argument that an input stands for."""
    if given is None:
        return None
    (kind, kept), *_ = given.items()
    if kind == "value":
        return values.get(kept)
    if kind == "items":
        return [values.get(one) for one in kept]
    if kind == "all":
        return [made_of(one, values) for one in kept]
    if kind == "combinations":
        lists = [[made_of(one, values) for one in axis] for axis in kept]
        return [list(combination) for combination in itertools.product(*lists)]
    raise ValueError(f"an input of the kind {kind!r} is unknown here")
