"""The items of a label: the rows of its axes, once all that these come from is final."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...values.item import Item
from ...values.item_state import GOOD
from ...wording import shown
from ..axis_values import Row, count_fault, lengths_of, long_values, repeated, rows_of
from ..outcomes import Outside, Part
from ..references import ValueName
from ..step import AxisSource, FromLabel, FromParameter, Listed
from .lookups import MissingValue, part_of, places_of
from .progress import LabelProgress


class AxisError(ValueError):
    """The items of a label cannot be made: the label fails, with this sentence."""


def rows_of_label(progress: LabelProgress, parameters: Mapping[str, Any], *, is_cut: bool = False) -> Sequence[Row]:
    """Return a row for each item; of what its axes come from all must be final.

    ``is_cut``: these are the items of a slice, whose number says nothing about the limit.

    Raises:
        AxisError: no list, lists of unequal lengths that go in step, too many items, or a value that is too long.
    """
    shape, step = progress.shape, progress.shape.step
    if progress.founder is not None:
        rows = progress.founder.rows  # none if it ended whole, and that counts as null here
        if step.repeat is None:
            return rows
        _refuse(None if is_cut else count_fault(step, {}, len(rows)))
        return repeated(rows, step.repeat)
    lists = {} if step.gathers else _lists(progress, parameters)
    if shape.family is not None:
        _refuse(count_fault(step, lengths_of(lists)))
        for axis, values in lists.items():
            if not isinstance(step.axes[axis], Listed):  # those of the file were looked at when it was read
                progress.looks += len(values)
                _refuse(next(long_values(axis, values), None))
    rows = rows_of(step, lists)
    return rows if step.repeat is None else repeated(rows, step.repeat, rounds=step.rounds)


def gathered_lists(progress: LabelProgress, parameters: Mapping[str, Any]) -> Mapping[str, Sequence[Any]]:
    """Return the lists of a step that gathers, by axis: each of its items takes all their combinations.

    Raises:
        AxisError: no list, or lists of unequal lengths that go in step.
    """
    lists = _lists(progress, parameters)
    _refuse(count_fault(progress.shape.step, lengths_of(lists)))
    progress.looks += sum(map(len, lists.values()))
    return lists


def _lists(progress: LabelProgress, parameters: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    return {axis: _values(progress, axis, source, parameters) for axis, source in progress.shape.step.axes.items()}


def _refuse(fault: str | None) -> None:
    if fault is not None:
        raise AxisError(fault)


def _values(
    progress: LabelProgress,
    axis: str,
    source: AxisSource,
    parameters: Mapping[str, Any],
) -> Sequence[Any]:
    if isinstance(source, Listed):
        return source.values
    if isinstance(source, FromParameter):
        if source.name not in parameters:
            raise AxisError(f"the axis {axis!r} is the parameter {shown(source.name)}, which there is not")
        return _opened(axis, f"the parameter {source.name!r}", parameters[source.name], source.flatten)
    producer = progress.producers[source.label]
    if producer.whole is not None:
        return (None,) if source.or_null else ()  # null where the axis should come from
    try:
        if producer.shape.family is not None:
            return _of_fan(progress, axis, source, producer)
        if producer.states[0] not in GOOD:
            return ()
        if source.value is None:
            return [producer.item(0)]
        found = _tokens(producer, 0, source.value)
    except MissingValue as error:
        raise AxisError(f"the axis {axis!r} cannot be made: {error}") from None
    return _opened(axis, source.label, found, source.flatten)


def _of_fan(progress: LabelProgress, axis: str, source: FromLabel, producer: LabelProgress) -> list[Any]:
    need = progress.shape.needs[source.label]
    found: list[Any] = []
    for place in places_of(progress, need, producer):
        progress.looks += 1
        if source.value is None:
            found.append(part_of(producer, place, None))
        elif not source.flatten:
            value = part_of(producer, place, source.value)
            found.append(Part(producer.item(place), source.value, None) if isinstance(value, Outside) else value)
        elif producer.states[place] in GOOD:  # else it has no list to open
            found += _inner(axis, str(producer.item(place)), _tokens(producer, place, source.value))
    return found


def _tokens(producer: LabelProgress, place: int, value: ValueName) -> Any:
    """The value of an item; a list that stays outside is one of tokens."""
    found = part_of(producer, place, value)
    if not isinstance(found, Outside):
        return found
    item = producer.item(place)
    if found.length is None:
        return Part(item, value, None)
    return [Part(item, value, number) for number in range(found.length)]


def _opened(axis: str, maker: str, found: Any, flatten: bool) -> Sequence[Any]:
    if not isinstance(found, list | tuple) or isinstance(found, Item | Part):
        raise AxisError(f"the axis {axis!r} takes a list, and {maker} gave {_told(found)}")
    return list(_flat(axis, maker, found)) if flatten else found


def _flat(axis: str, maker: str, values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        yield from _inner(axis, maker, value)


def _inner(axis: str, maker: str, value: Any) -> Sequence[Any]:
    """Return what an element of a list to be flattened stands for: its own elements if it is a list, else itself."""
    if value is None:
        raise AxisError(f"the axis {axis!r} opens lists, and {maker} gave null for one")
    return value if isinstance(value, list) else [value]


def _told(value: Any) -> str:
    return "something else, which is not told here" if isinstance(value, Part) else shown(value)
