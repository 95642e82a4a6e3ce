"""A slice of a fan as it is given to whoever unfolds it, together with labels that have ended already.

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

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class EndedItem(NamedTuple):
    """Everything that others can ask of an item that has ended."""

    state: ItemState
    light: Light | None
    cause: Cause | None
    row: Row
    values: Mapping[ValueName, Any] = MappingProxyType({})


@dataclass(frozen=True)
class EndedLabel:
    """A label that has ended before the slice: whole, or with items."""

    whole: ItemState | None = None
    why: Cause | None = None  #: of a label that ended whole
    items: Sequence[EndedItem] = ()
    stop_root: Cause | None = None  #: the failure for which ``on_item_failure: stop`` cancelled items

    @classmethod
    def of(cls, progress: LabelProgress, places: range | None = None) -> EndedLabel:
        """Return what others can ask of a label that is final; with ``places``, of these items of it."""
        if progress.whole is not None:
            return cls(progress.whole, progress.why)
        items = [
            EndedItem(
                progress.states[place],
                progress.item_light(place),
                progress.causes.get(place),
                progress.rows[place],
                progress.values.get(place, {}),
            )
            for place in _there(progress, places)
        ]
        return cls(items=items, stop_root=progress.stop_root)

    def put_into(self, progress: LabelProgress) -> None:
        """Make a label that has not begun one that has ended so, and whose end everybody has heard of."""
        progress.whole, progress.why, progress.is_heard_of = self.whole, self.why, self.whole is not None
        if self.whole is not None:
            return
        progress.length, progress.stop_root = len(self.items), self.stop_root
        progress.states = [ItemState.PENDING] * len(self.items)
        progress.passed = bytearray(b"\1") * len(self.items)
        progress.rows = [item.row for item in self.items]
        for place, item in enumerate(self.items):
            progress.count(place, item.state, item.cause)
            if item.light is Light.ORANGE:
                progress.orange.add(place)
            if item.values:
                progress.values[place] = item.values


@dataclass(frozen=True)
class Slice:
    """The items from `first` on of a family: as many as it has rows."""

    family: str  #: an outermost one
    first: int  #: index of the first item of the label that founds it
    rows: Sequence[Row]  #: of the items of that label
    members: Sequence[str]  #: labels of which items run: of one stage
    #: what else they need: of a label outside of the family all items, of another member those that belong to the slice
    ended: Mapping[str, EndedLabel] = field(default_factory=lambda: _NOTHING)
    #: other members of the family that they take whole, with all their items
    joined: Mapping[str, EndedLabel] = field(default_factory=lambda: _NOTHING)

    @classmethod
    def of(cls, graph: Graph, labels: Mapping[str, LabelProgress], family: str, members: Sequence[str], places: range) -> Slice:
        """Cut a slice out of a run in which everything that its members need is final.

        Members that ended as a whole, because they were skipped or have more items than their limit, are left out.
        """
        members = tuple(label for label in members if labels[label].whole is None)
        ended, joined = {}, {}
        for label in members:
            shape = graph.shapes[label]
            for other in _named(graph, label):
                if other in members:
                    continue
                share = _share(graph, other, family)
                part = range(places.start * share, places.stop * share)
                is_whole = other in shape.needs and not shape.needs[other].share
                if is_whole and share:
                    joined[other] = EndedLabel.of(labels[other])
                ended[other] = EndedLabel.of(labels[other], part if share else None)
        return cls(family, places.start, labels[family].rows[places.start : places.stop], members, ended, joined)

    def progress_of(self, graph: Graph) -> dict[str, LabelProgress]:
        """Return the labels that the slice is about, those given as they ended.

        Raises:
            ValueError: a label that a member needs is neither a member nor given, or a member is none of the family.
        """
        found = {}
        for label in graph.order:
            share = _share(graph, label, self.family)
            if label in self.members:
                if not share:
                    raise ValueError(f"{label!r} has no items in the family of {self.family!r}")
                for other in _named(graph, label):
                    if other not in self.members and other not in self.ended:
                        raise ValueError(f"{label!r} needs {other!r}, of which the slice says nothing")
                found[label] = LabelProgress(graph.shapes[label], self.first * share)
            elif label in self.ended:
                found[label] = LabelProgress(graph.shapes[label], self.first * share)
                self.ended[label].put_into(found[label])
        return found

    def progress_of_joined(self, graph: Graph) -> dict[str, LabelProgress]:
        """Return the members of the family that are taken whole."""
        found = {label: LabelProgress(graph.shapes[label]) for label in self.joined}
        for label, ended in self.joined.items():
            ended.put_into(found[label])
        return found


def _there(progress: LabelProgress, places: range | None) -> range:
    """Return the places among these that have items: a follower that is repeated 0 times has none."""
    there = range(len(progress.states))
    return there if places is None else there[places.start : places.stop]


def _named(graph: Graph, label: str) -> list[str]:
    shape = graph.shapes[label]
    return [*shape.needs, *([shape.follows] if shape.follows is not None else [])]


def _share(graph: Graph, label: str, family: str) -> int:
    """The items of a label that belong to one of the family, as a number; 0 if it is no member."""
    own = graph.shapes[label].family
    return 0 if own is None else graph.lines[own].get(family, 0)
