"""Lookups of what labels have made: tokens for whoever carries items out, values for conditions and axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...values.item import Item
from ...values.item_state import GOOD, ItemState
from ...values.light import Light
from ...wording import shown
from ..conditions import ConditionError
from ..graph import Need
from ..outcomes import Outside, Part
from ..references import Reference, ValueName
from ..step import WhenSkipped
from .progress import LabelProgress
from .standings import state_for


class MissingValue(ValueError):
    """An item that ended well has not left a value that a condition or an axis asks for."""


def taken(progress: LabelProgress, need: Need, producer: LabelProgress, place: int | None, value: ValueName | None) -> Any:
    """Return what a step gets of a label: for a value its JSON, without one the item that made it.

    Of the item that is meant, or of the only one, that is one; of a fan a list, the same object for all items that take it.
    None stands for what there is not.

    Raises:
        MissingValue: an item that ended well has not left the value.
    """
    if producer.whole is not None:
        return None
    if need.share and place is not None:
        return part_of(producer, place // need.share, value)
    if producer.shape.family is None:
        return part_of(producer, 0, value)
    key = (need.label, value)
    if key not in progress.lists:
        progress.looks += len(producer.states)
        progress.lists[key] = [part_of(producer, at, value) for at in places_of(progress, need, producer)]
    return progress.lists[key]


def places_of(progress: LabelProgress, need: Need, producer: LabelProgress) -> list[int]:
    """Return the items of a fan that have a place in the lists of a step: what a condition skipped is left out."""
    if need.is_lenient or progress.shape.step.when_skipped is WhenSkipped.NULL:
        return list(range(len(producer.states)))
    return [at for at, state in enumerate(producer.states) if state is not ItemState.SKIPPED]


def part_of(producer: LabelProgress, place: int, value: ValueName | None) -> Any:
    """Return what one item has made; None if it has not ended well.

    Raises:
        MissingValue: it has ended well, and has not left the value.
    """
    if producer.states[place] not in GOOD:
        return None
    if value is None:
        return producer.item(place)
    values = producer.values.get(place, {})
    if value not in values:
        there = f"; there are {', '.join(map(str, values))}" if values else ""
        raise MissingValue(f"{producer.named(place)} has left no {value}{there}")
    return values[value]


class Lookup:
    """The values that the condition of a step asks for; of one of its items, or of the step as a whole."""

    def __init__(self, progress: LabelProgress, place: int | None, parameters: Mapping[str, Any]) -> None:
        self._progress, self._place, self._parameters = progress, place, parameters

    def parameter(self, name: str) -> Any:
        """Return the value of an axis of the item, else of a parameter of the workflow.

        Raises:
            ConditionError: there is neither, or the axis holds what stays outside.
        """
        row = {} if self._place is None else self._progress.rows[self._place]
        if name not in row:
            if name not in self._parameters:
                raise ConditionError(f"there is neither an axis nor a parameter {shown(name)}")
            return self._parameters[name]
        if isinstance(row[name], Item | Part):
            raise ConditionError(f"the axis {name!r} holds what labels have made, which a condition cannot ask for")
        return row[name]

    def value(self, reference: Reference) -> Any:
        """Return a value of the item that is meant, or the list of a fan.

        Raises:
            ConditionError: there is no such value, or it stays outside.
        """
        need = self._progress.shape.needs[reference.label]
        producer = self._progress.producers[reference.label]
        try:
            found = taken(self._progress, need, producer, self._place, reference.value)
        except MissingValue as error:
            raise ConditionError(str(error)) from None
        parts = found if producer.shape.family is not None and isinstance(found, list) else [found]
        if any(isinstance(part, Outside) for part in parts):
            raise ConditionError(f"{reference} is not told here, so a condition cannot ask for it")
        return found

    def state(self, label: str) -> ItemState:
        """Return the state of the item that is meant, or of the label."""
        return state_for(self._progress.shape.needs[label], self._progress.producers[label], self._place)

    def light(self, label: str) -> Light | None:
        """Return the light of the item that is meant, or of the label; None if it was not run."""
        need, producer = self._progress.shape.needs[label], self._progress.producers[label]
        if need.share and self._place is not None and producer.whole is None:
            return producer.item_light(self._place // need.share)
        return producer.light
