"""A slice of a fan, as it is given to who unfolds it, and what is given along: labels that have ended already.

A slice is the items of one part of an outermost family, of all members of one of its stages (`Graph.stages`), by themselves.
Which slices there are, and who carries them out, is not decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from ...values.item_state import ItemState
from ...values.light import Light
from ..axis_values import Row
from ..graph import Graph
from ..outcomes import Cause
from ..references import ValueName
from .progress import LabelProgress


class EndedItem(NamedTuple):
    """Everything that others can ask of an item that has ended."""

    state: ItemState
    light: Light | None
    cause: Cause | None
    row: Row
    values: Mapping[ValueName, Any] = MappingProxyType({})


@dataclass(frozen=True)
class EndedLabel:
    """A label that has ended before the slice: whole, or with its items.

    Of a label outside of the family all items, of a member of the family those that belong to the slice.
    """

    whole: ItemState | None = None
    why: Cause | None = None  #: of a label that ended whole
    items: Sequence[EndedItem] = ()

    def put_into(self, progress: LabelProgress) -> None:
        """Make a label that has not begun one that has ended so, and whose end everybody has heard of."""
        progress.whole, progress.why, progress.is_heard_of = self.whole, self.why, self.whole is not None
        if self.whole is not None:
            return
        progress.length = len(self.items)
        progress.states = [ItemState.PENDING] * len(self.items)
        progress.passed = bytearray(b"\1") * len(self.items)
        progress.rows = [item.row for item in self.items]
        for place, item in enumerate(self.items):
            progress.count(place, item.state, item.cause)
            if item.light is Light.ORANGE:
                progress.orange.add(place)
            if item.values:
                progress.values[place] = item.values

    @classmethod
    def of(cls, progress: LabelProgress, first: int = 0, end: int | None = None) -> EndedLabel:
        """Return what a slice has to know of a label that is final; of a member of its family, of items from first to end."""
        if progress.whole is not None:
            return cls(progress.whole, progress.why)
        places = range(len(progress.states))[first:end]
        return cls(
            items=[
                EndedItem(
                    progress.states[place],
                    progress.item_light(place),
                    progress.causes.get(place),
                    progress.rows[place],
                    progress.values.get(place, {}),
                )
                for place in places
            ]
        )


@dataclass(frozen=True)
class Slice:
    """The items from `first` on of a family: as many as it has rows."""

    family: str  #: an outermost one
    first: int  #: index of the first item of the label that founds it
    rows: Sequence[Row]  #: of the items of that label
    members: Sequence[str]  #: labels of which items run: of one stage
    ended: Mapping[str, EndedLabel] = field(default_factory=lambda: MappingProxyType({}))  #: everything else that they need

    def progress_of(self, graph: Graph) -> dict[str, LabelProgress]:
        """Return the labels that the slice is about, those given as they ended.

        Raises:
            ValueError: a label that a member needs is neither a member nor given, or a member is none of the family.
        """
        found = {}
        for label in graph.order:
            if label not in self.members and label not in self.ended:
                continue
            shape = graph.shapes[label]
            share = graph.lines[shape.family].get(self.family, 0) if shape.family is not None else 0
            if label in self.members and not share:
                raise ValueError(f"{label!r} has no items in the family of {self.family!r}")
            found[label] = LabelProgress(shape, self.first * share)
            if label in self.ended:
                self.ended[label].put_into(found[label])
        for label in self.members:
            shape = graph.shapes[label]
            for other in [*shape.needs, *([shape.follows] if shape.follows is not None else [])]:
                if other not in found:
                    raise ValueError(f"{label!r} needs {other!r}, of which the slice says nothing")
        return found
