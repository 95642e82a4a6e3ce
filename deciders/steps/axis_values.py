"""Values of axes: which may be one, and how lists of them are combined into items."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence, Sized
from typing import Any

from ..wording import shown
from .step import REPEAT_INDEX, Step

#: An axis value is a part of names, keys and records of each of its items.
LONGEST_AXIS_VALUE = 2_000

Row = Mapping[str, Any]  #: the values of the axes of one item, by axis, in the order in which they vary


def too_long(value: Any) -> bool:
    """Return True if a value is longer than that of an axis may be: 2,000 characters of JSON."""
    if isinstance(value, str) and len(value) <= LONGEST_AXIS_VALUE // 6:  # however it is escaped
        return False
    if isinstance(value, str | list | dict):
        return len(json.dumps(value)) > LONGEST_AXIS_VALUE
    return False  # a number, a word, or what stays outside


def long_values(axis: str, values: Sequence[Any]) -> Iterator[str]:
    """Yield a sentence for each value of an axis that is too long."""
    for place, value in enumerate(values):
        if too_long(value):
            yield (
                f"value {place} of the axis {axis!r} has more than {LONGEST_AXIS_VALUE:,} characters of JSON: {shown(value)}; "
                "let the axis hold names, and read what they stand for in the step"
            )


def count_fault(step: Step, lengths: Mapping[str, int], followed: int | None = None) -> str | None:
    """Return why axes of these lengths cannot be the items of a step, or what each of them takes; None if they can.

    ``followed``: for a follower with ``repeat``, the number of items that it follows. The product itself is not made.
    """
    if step.zip and len(set(lengths.values())) > 1:
        return f"axes that go in step have equal lengths, not {_counted(lengths, ' and ')}"
    if step.gathers:
        lengths = {}
    size = _size(step, lengths, followed)
    if size <= step.limit:
        return None
    factors = dict(lengths) if followed is None else {str(step.follows): followed}
    if step.zip:
        factors = dict(itertools.islice(factors.items(), 1))
    if step.repeat is not None:
        factors["repeat"] = step.repeat
    return f"{_counted(factors, ' x ')} {'make' if len(factors) > 1 else 'makes'} {size:,} items, and limit is {step.limit:,}"


def rows_of(step: Step, lists: Mapping[str, Sequence[Any]]) -> list[Row]:
    """Return the items of a step with these axes, without repeats: their product, or the axes in step."""
    if not lists:
        return [{}]
    combined = zip(*lists.values(), strict=True) if step.zip else itertools.product(*lists.values())
    return [dict(zip(lists, values, strict=True)) for values in combined]


def repeated(rows: Sequence[Row], repeat: int, *, rounds: bool = False) -> list[Row]:
    """Return each row so many times, one after the other, with ``repeat_index`` from 0; ``rounds``: all, then all again."""
    if rounds:
        return [{REPEAT_INDEX: index, **row} for index in range(repeat) for row in rows]
    return [{**row, REPEAT_INDEX: index} for row in rows for index in range(repeat)]


def lengths_of(lists: Mapping[str, Sized]) -> dict[str, int]:
    """Return the number of values of each axis."""
    return {axis: len(values) for axis, values in lists.items()}


def _size(step: Step, lengths: Mapping[str, int], followed: int | None) -> int:
    size = 1 if followed is None else followed
    for length in itertools.islice(lengths.values(), 1 if step.zip else None):
        size *= length
    return size if step.repeat is None else size * step.repeat


def _counted(factors: Mapping[str, int], between: str) -> str:
    return between.join(f"{name} ({number:,})" for name, number in factors.items())
