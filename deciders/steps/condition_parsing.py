"""Conditions as they stand in a file, read into objects."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any, NamedTuple

from ..values.item_state import FINAL, ItemState
from ..values.light import Light
from ..wording import did_you_mean, kind_of, shown
from .conditions import (
    AllOf,
    AnyOf,
    Condition,
    ConditionError,
    Constant,
    Equals,
    In,
    IsTrue,
    Less,
    LightIs,
    Named,
    Not,
    OfList,
    Operand,
    Referred,
    StateIs,
)
from .references import Reference, ValueKind

#: Deeper conditions can be written more simply, and would take more of Python's stack than a message may.
_DEEPEST = 20

_PAIRS: Mapping[str, Callable[[Operand, Operand], Condition]] = {"equals": Equals, "less": Less, "in": In}
_REFERENCES = ("scrap", "output", "parameter")
_JUDGEMENTS = ("state", "light")
_KEYS = (*_REFERENCES, *_PAIRS, *_JUDGEMENTS, "not", "all", "any")


class _Scope(NamedTuple):
    labels: Collection[str]
    axes: Collection[str]


def parse_condition(written: Any, labels: Collection[str], axes: Collection[str] = ()) -> Condition:
    """Read a condition from the values that YAML or JSON give.

    ``labels`` are those of the file, ``axes`` those of the items of its step: one may hide the label of the step.

    Raises:
        ConditionError: one sentence that says what is wrong with it.
    """
    return _condition(written, _Scope(labels, axes), 1)


def _condition(written: Any, scope: _Scope, depth: int) -> Condition:
    if depth > _DEEPEST:
        raise ConditionError(f"conditions may be nested {_DEEPEST} deep at most")
    if isinstance(written, str):
        return IsTrue(_named(written, scope))
    if isinstance(written, bool):
        return IsTrue(Constant(written))
    if not isinstance(written, Mapping):
        raise ConditionError(f"a condition is a name or a mapping, not {kind_of(written)}")
    key = _key_of(written)
    inner = written[key]
    if key in _JUDGEMENTS:
        return _judgement(key, written, scope)
    if key in _PAIRS:
        return _pair(key, inner, scope)
    if key == "not":
        return Not((_condition(inner, scope, depth + 1),))
    if key not in ("all", "any"):
        return IsTrue(_reference(key, inner, scope))
    if not isinstance(inner, list):
        return OfList(_list_operand(key, inner, scope), key == "all")
    parts = tuple(_condition(part, scope, depth + 1) for part in inner)
    return AllOf(parts) if key == "all" else AnyOf(parts)


def _key_of(written: Mapping[Any, Any]) -> str:
    found = [key for key in written if key in _KEYS]
    extra = [key for key in written if key not in found and not (key == "is" and found and found[0] in _JUDGEMENTS)]
    if extra:
        hint = did_you_mean(extra[0], _KEYS) if isinstance(extra[0], str) else ""
        raise ConditionError(f"{shown(extra[0])} is no condition{hint}; there are {', '.join(_KEYS)}")
    if len(found) != 1:
        told = " and ".join(repr(key) for key in found) or "nothing"
        raise ConditionError(f"a condition asks one thing, not {told}; several go into 'all' or 'any'")
    return str(found[0])


def _named(name: str, scope: _Scope) -> Named:
    if name in scope.labels and name not in scope.axes:
        raise ConditionError(
            f"a bare word is an axis or a parameter, and {shown(name)} is a label; ask for {{state: {name}, is: ..}} or a scrap"
        )
    return Named(name)


def _reference(kind: str, inner: Any, scope: _Scope) -> Operand:
    if kind == "parameter":
        if not isinstance(inner, str):
            raise ConditionError(f"'parameter' takes a name, not {kind_of(inner)}")
        return Named(inner)
    try:
        return Referred(Reference.parse(ValueKind(kind), inner, scope.labels))
    except ValueError as error:
        raise ConditionError(str(error)) from None


def _one_reference(written: Mapping[Any, Any], scope: _Scope) -> Operand | None:
    if len(written) != 1:
        return None
    ((kind, inner),) = written.items()
    return _reference(kind, inner, scope) if kind in _REFERENCES else None


def _list_operand(key: str, written: Any, scope: _Scope) -> Operand:
    if isinstance(written, str):
        return _named(written, scope)
    found = _one_reference(written, scope) if isinstance(written, Mapping) else None
    if found is None:
        raise ConditionError(f"{key!r} takes a list of conditions, or one reference whose value is a list")
    return found


def _pair(key: str, inner: Any, scope: _Scope) -> Condition:
    if not isinstance(inner, list) or len(inner) != 2:
        raise ConditionError(f"{key!r} takes a list of two, such as [mode, fast], not {shown(inner)}")
    left: Operand | None = None
    if isinstance(inner[0], str):
        left = _named(inner[0], scope)
    elif isinstance(inner[0], Mapping):
        left = _one_reference(inner[0], scope)
    if left is None:
        turned = "; {not: {less: [total, 100]}} is: at least 100" if key == "less" else ""
        raise ConditionError(f"the first of {key!r} is a name or a reference, not {shown(inner[0])}{turned}")
    right = _right(key, inner[1], scope)
    if key == "in" and isinstance(right, Constant) and not isinstance(right.value, list):
        raise ConditionError(f"the second of 'in' is a list, not {shown(right.value)}")
    if key == "less" and isinstance(right, Constant) and not _can_be_ordered(right.value):
        raise ConditionError(f"the second of 'less' is a number or a text, not {shown(right.value)}")
    return _PAIRS[key](left, right)


def _right(key: str, written: Any, scope: _Scope) -> Operand:
    if not isinstance(written, Mapping):
        return Constant(_json(written))
    if set(written) == {"value"}:
        return Constant(_json(written["value"]))
    found = _one_reference(written, scope)
    if found is None:
        raise ConditionError(
            f"the second of {key!r} is a value or a reference; a mapping that is a value is written {{value: ..}}"
        )
    return found


def _json(value: Any) -> Any:
    """Give a value of the file the form that values have in JSON: dates are texts there."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_json(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): _json(one) for key, one in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ConditionError(f"{shown(value)} is no value of JSON")


def _can_be_ordered(value: Any) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def _judgement(key: str, written: Mapping[Any, Any], scope: _Scope) -> Condition:
    label = written[key]
    if not isinstance(label, str):
        raise ConditionError(f"{key!r} takes a label, not {kind_of(label)}")
    if label not in scope.labels:
        raise ConditionError(f"there is no label {shown(label)}{did_you_mean(label, scope.labels)}")
    if "is" not in written:
        raise ConditionError(f"{key!r} goes with 'is', such as {{{key}: {label}, is: {_EXAMPLES[key]}}}")
    asked = written["is"] if isinstance(written["is"], list) else [written["is"]]
    options = [str(light) for light in Light] if key == "light" else [str(state) for state in ItemState if state in FINAL]
    for word in asked:
        if word not in options:
            hint = did_you_mean(word, options) if isinstance(word, str) else ""
            raise ConditionError(f"a {key} to ask for is {', '.join(options[:-1])} or {options[-1]}, not {shown(word)}{hint}")
    if not asked:
        raise ConditionError(f"'is' of {key!r} is an empty list, so it never holds")
    if key == "light":
        return LightIs(label, tuple(Light(word) for word in asked))
    return StateIs(label, tuple(ItemState(word) for word in asked))


_EXAMPLES = {"state": "failed", "light": "orange"}
