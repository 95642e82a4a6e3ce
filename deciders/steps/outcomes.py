"""Outcomes of items and their causes: what the machine is told, and what it answers.

Heavy values stay outside; the machine sees tokens and lengths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from ..values.item import Item
from ..values.item_state import ItemState
from ..values.light import Light
from .references import ValueName

_NONE: Mapping[ValueName, Any] = MappingProxyType({})


class UnfoldingError(ValueError):
    """A call that is impossible in the present state: a mistake of the caller, not of the file."""


class Outside(NamedTuple):
    """A value that stays outside of the machine: no condition can ask for it, but an axis can have its items."""

    length: int | None = None  #: of a list; None: it is no list


class Part(NamedTuple):
    """A value that stays outside, as the value of an axis."""

    item: Item  #: that made it
    value: ValueName
    place: int | None  #: in its list; None: the whole value


class CauseKind(StrEnum):
    """Kind of a cause, for programs."""

    FAILURE = "failure"  #: `Cause.item` failed: this one, or the first on the way to it
    STOPPED = "stopped"  #: `Cause.item` failed, and a policy says that nothing of this label, or of the run, starts after that
    CONDITION = "condition"  #: its condition does not hold
    NEED_SKIPPED = "need_skipped"  #: it takes a value from what was skipped
    NOTHING_FAILED = "nothing_failed"  #: it runs only if something else fails
    CANCELLED = "cancelled"  #: the run was cancelled


class Cause(NamedTuple):
    """The cause of one end. Two ends have equal causes whatever the order in which others ended."""

    kind: CauseKind
    item: Item | None  #: the failure behind it; None: no failure is
    text: str  #: one sentence or clause, without the label that it is about

    @property
    def is_failure(self) -> bool:
        """True if a failure is behind it, so that what needs it is not run either."""
        return self.item is not None

    def __str__(self) -> str:
        return self.text


RUN_CANCELLED = Cause(CauseKind.CANCELLED, None, "the run was cancelled")
CONDITION_FAILS = Cause(CauseKind.CONDITION, None, "its condition does not hold")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of an item that was started, or is known from a former run."""

    state: ItemState  #: a final one
    light: Light = Light.GREEN  #: of an item that ended well; one that ended badly is red, whatever this is
    #: what `Graph.wanted` names: JSON, or `Outside`; only of an item that ended well
    values: Mapping[ValueName, Any] = field(default_factory=lambda: _NONE)


class Settled(NamedTuple):
    """An end that nothing was started for."""

    item: Item  #: without an index: the label as a whole, which has no items then
    state: ItemState
    cause: Cause | None  #: None: known from a former run


class Stage(NamedTuple):
    """Members of a family that is carried out elsewhere, in slices: all else that they need is final."""

    family: str
    members: tuple[str, ...]  #: labels, in file order; none of them ended whole


class SliceEnd(NamedTuple):
    """The end of an item in a slice."""

    state: ItemState
    light: Light = Light.GREEN
    cause: Cause | None = None
    values: Mapping[ValueName, Any] = MappingProxyType({})
    began: bool = True  #: False: nothing was started for it


class Turn(NamedTuple):
    """The answer to a call: everything that it has changed. The same calls always give the same order."""

    starts: list[Item]  #: to be started now, in this order
    settled: list[Settled]  #: what ended by itself, each once
    running: Sequence[Item] = ()  #: of a cancellation: to be asked to end
    stages: Sequence[Stage] = ()  #: to be cut into slices now
    stopped: Sequence[tuple[str, Cause]] = ()  #: labels carried out elsewhere of which nothing is to start any more
