"""Conditions of steps: read once into objects, asked of the values of a run. Nothing is evaluated as code."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..values.item_state import ItemState
from ..values.light import Light
from ..wording import shown
from .references import Reference


class ConditionError(ValueError):
    """A condition that cannot be read, or cannot be decided with the values of the run: a failure of its step."""


class Known(Protocol):
    """The values that a condition may ask for. Each call may raise a `ConditionError`."""

    def parameter(self, name: str) -> Any:
        """Return the value of an axis, or of a parameter of the workflow."""

    def value(self, reference: Reference) -> Any:
        """Return a value of an item, or the list of a fan; None if the item has made none."""

    def state(self, label: str) -> ItemState:
        """Return the final state of an item or a label."""

    def light(self, label: str) -> Light | None:
        """Return the light of an item or a label; None if it was not run."""


class Condition(ABC):
    """A question with a yes or a no."""

    @abstractmethod
    def holds(self, known: Known) -> bool:
        """Decide it.

        Raises:
            ConditionError: it cannot be decided.
        """

    def references(self) -> Iterator[Reference]:
        """Yield the values of labels that it asks for."""
        yield from ()

    def judged(self) -> Iterator[str]:
        """Yield the labels of which it asks the state or the light."""
        yield from ()

    def names(self) -> Iterator[str]:
        """Yield the axes and the parameters that it names."""
        yield from ()


class Operand(ABC):
    """A value that a condition compares, or takes for true or false."""

    @abstractmethod
    def of(self, known: Known) -> Any:
        """Look it up."""

    def references(self) -> Iterator[Reference]:
        """Yield the value of a label that it is."""
        yield from ()

    def names(self) -> Iterator[str]:
        """Yield the axis or parameter that it is."""
        yield from ()


@dataclass(frozen=True, slots=True)
class Constant(Operand):
    """A value that stands in the file."""

    value: Any

    def of(self, known: Known) -> Any:
        return self.value


@dataclass(frozen=True, slots=True)
class Named(Operand):
    """An axis of the step or its family, else a parameter of the workflow."""

    name: str

    def of(self, known: Known) -> Any:
        return known.parameter(self.name)

    def names(self) -> Iterator[str]:
        yield self.name


@dataclass(frozen=True, slots=True)
class Referred(Operand):
    """A value that a label has made."""

    reference: Reference

    def of(self, known: Known) -> Any:
        return known.value(self.reference)

    def references(self) -> Iterator[Reference]:
        yield self.reference


@dataclass(frozen=True, slots=True)
class IsTrue(Condition):
    """A value is true as in Python: not false, null, 0, or empty."""

    operand: Operand

    def holds(self, known: Known) -> bool:
        return bool(self.operand.of(known))

    def references(self) -> Iterator[Reference]:
        return self.operand.references()

    def names(self) -> Iterator[str]:
        return self.operand.names()


@dataclass(frozen=True, slots=True)
class _Pair(Condition):
    left: Operand
    right: Operand

    def holds(self, known: Known) -> bool:
        return self._compare(self.left.of(known), self.right.of(known))

    @staticmethod
    @abstractmethod
    def _compare(left: Any, right: Any) -> bool: ...

    def references(self) -> Iterator[Reference]:
        yield from self.left.references()
        yield from self.right.references()

    def names(self) -> Iterator[str]:
        yield from self.left.names()
        yield from self.right.names()


class Equals(_Pair):
    """Two values are the same in JSON."""

    @staticmethod
    def _compare(left: Any, right: Any) -> bool:
        return same(left, right)


class Less(_Pair):
    """A number is less than another one, or a text comes before another one."""

    @staticmethod
    def _compare(left: Any, right: Any) -> bool:
        numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (left, right))
        if not numbers and not (isinstance(left, str) and isinstance(right, str)):
            raise ConditionError(f"'less' compares two numbers or two texts, not {shown(left)} and {shown(right)}")
        return bool(left < right)


class In(_Pair):
    """A value is among those of a list."""

    @staticmethod
    def _compare(left: Any, right: Any) -> bool:
        if not isinstance(right, list):
            raise ConditionError(f"'in' looks into a list, not into {shown(right)}")
        return any(same(left, one) for one in right)


@dataclass(frozen=True, slots=True)
class StateIs(Condition):
    """A label, or the item of it that is meant, has ended in one of these states.

    What timed out has failed too, and what was cached has succeeded too, so that a retry decides as the first run did.
    """

    label: str
    states: tuple[ItemState, ...]

    def holds(self, known: Known) -> bool:
        state = known.state(self.label)
        return state in self.states or _ALSO.get(state) in self.states

    def judged(self) -> Iterator[str]:
        yield self.label


_ALSO = {ItemState.TIMED_OUT: ItemState.FAILED, ItemState.CACHED: ItemState.SUCCEEDED}


@dataclass(frozen=True, slots=True)
class LightIs(Condition):
    """A label, or the item of it that is meant, has one of these lights. What was not run has none."""

    label: str
    lights: tuple[Light, ...]

    def holds(self, known: Known) -> bool:
        return known.light(self.label) in self.lights

    def judged(self) -> Iterator[str]:
        yield self.label


@dataclass(frozen=True, slots=True)
class _Many(Condition):
    parts: tuple[Condition, ...]

    def references(self) -> Iterator[Reference]:
        for part in self.parts:
            yield from part.references()

    def judged(self) -> Iterator[str]:
        for part in self.parts:
            yield from part.judged()

    def names(self) -> Iterator[str]:
        for part in self.parts:
            yield from part.names()


class Not(_Many):
    """A condition does not hold."""

    def holds(self, known: Known) -> bool:
        return not self.parts[0].holds(known)


class AllOf(_Many):
    """All of some conditions hold; they are asked in order, up to the first that does not."""

    def holds(self, known: Known) -> bool:
        return all(part.holds(known) for part in self.parts)


class AnyOf(_Many):
    """One of some conditions holds; they are asked in order, up to the first that does."""

    def holds(self, known: Known) -> bool:
        return any(part.holds(known) for part in self.parts)


@dataclass(frozen=True, slots=True)
class OfList(IsTrue):
    """All values of one list are true, or one is."""

    every: bool

    def holds(self, known: Known) -> bool:
        values = self.operand.of(known)
        if not isinstance(values, list):
            raise ConditionError(f"{'all' if self.every else 'any'!r} looks into a list, not into {shown(values)}")
        return all(values) if self.every else any(values)


def mentioned(condition: Condition) -> Mapping[str, None]:
    """Return the labels that a condition asks for anything, in its order."""
    return dict.fromkeys([*(reference.label for reference in condition.references()), *condition.judged()])


def same(left: Any, right: Any) -> bool:
    """Compare two JSON values: true is not 1, but 1 is 1.0."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return bool(left == right)
