"""Slices, and the ends of their items, as JSON: what the execution of a slice is given, and what it gives back.

Values are JSON already. Where an axis holds an item, that is written as its label and index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..values.item import Item
from ..values.item_state import ItemState
from ..values.light import Light
from .axis_values import Row
from .labels.slices import EndedItem, EndedLabel, Slice
from .outcomes import Cause, CauseKind, SliceEnd
from .references import ValueKind, ValueName

Json = Any


def slice_json(part: Slice) -> dict[str, Json]:
    """Return a slice as JSON; `read_slice` reads it."""
    return {
        "family": part.family,
        "first": part.first,
        "rows": [_row(row) for row in part.rows],
        "members": list(part.members),
        "ended": {label: _label(ended) for label, ended in part.ended.items()},
        "joined": {label: _label(ended) for label, ended in part.joined.items()},
    }


def read_slice(given: Mapping[str, Json]) -> Slice:
    """Read a slice.

    Raises:
        KeyError, TypeError, ValueError: ``given`` is not a slice.
    """
    ended = {label: _read_label(ended) for label, ended in given["ended"].items()}
    joined = {label: _read_label(ended) for label, ended in given["joined"].items()}
    return replace(read_place(given), ended=ended, joined=joined)


def read_place(given: Mapping[str, Json]) -> Slice:
    """Read a slice without the labels that it needs, for those who have these themselves.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    rows = [_read_row(row) for row in given["rows"]]
    return Slice(given["family"], given["first"], rows, tuple(given["members"]))


def ends_json(ends: Sequence[SliceEnd]) -> list[Json]:
    """Return the ends of a label's items as JSON; `read_ends` reads them."""
    return [[str(one.state), str(one.light), cause_json(one.cause), _values(one.values), one.began] for one in ends]


def read_ends(given: Sequence[Json]) -> list[SliceEnd]:
    """Read the ends of a label's items.

    Raises:
        TypeError, ValueError: ``given`` is not a list of ends.
    """
    return [
        SliceEnd(ItemState(state), Light(light), read_cause(cause), _read_values(values), began)
        for state, light, cause, values, began in given
    ]


def cause_json(cause: Cause | None) -> Json:
    """Return a cause as JSON; `read_cause` reads it."""
    return None if cause is None else [str(cause.kind), _item(cause.item), cause.text]


def read_cause(given: Json) -> Cause | None:
    """Read a cause.

    Raises:
        TypeError, ValueError: ``given`` is not a cause.
    """
    if given is None:
        return None
    kind, item, text = given
    return Cause(CauseKind(kind), _read_item(item), text)


def _label(ended: EndedLabel) -> Json:
    return {
        "whole": None if ended.whole is None else str(ended.whole),
        "why": cause_json(ended.why),
        "items": [_ended_item(one) for one in ended.items],
        "stop_root": cause_json(ended.stop_root),
    }


def _ended_item(one: EndedItem) -> Json:
    light = None if one.light is None else str(one.light)
    return [str(one.state), light, cause_json(one.cause), _row(one.row), _values(one.values)]


def _read_label(given: Mapping[str, Json]) -> EndedLabel:
    items = [
        EndedItem(
            ItemState(state),
            None if light is None else Light(light),
            read_cause(cause),
            _read_row(row),
            _read_values(values),
        )
        for state, light, cause, row, values in given["items"]
    ]
    whole = None if given["whole"] is None else ItemState(given["whole"])
    return EndedLabel(whole, read_cause(given["why"]), items, read_cause(given["stop_root"]))


def _row(row: Row) -> Json:
    return [[axis, _item(value), True] if isinstance(value, Item) else [axis, value, False] for axis, value in row.items()]


def _read_row(given: Sequence[Json]) -> dict[str, Any]:
    return {axis: _read_item(value) if is_item else value for axis, value, is_item in given}


def _values(values: Mapping[ValueName, Any]) -> Json:
    return [[str(name.kind), name.name, value] for name, value in values.items()]


def _read_values(given: Sequence[Json]) -> dict[ValueName, Any]:
    return {ValueName(ValueKind(kind), name): value for kind, name, value in given}


def _item(item: Item | None) -> Json:
    return None if item is None else [item.label, item.index]


def _read_item(given: Json) -> Item | None:
    return None if given is None else Item(given[0], given[1])
