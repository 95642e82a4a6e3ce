"""A step as the machine sees it: what it needs, which items it has, and what follows from their ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from .conditions import Condition
from .references import Reference, ValueName

#: More items of one label are refused unless its ``limit`` says otherwise.
DEFAULT_LIMIT = 1_000

#: The axis that ``repeat`` adds.
REPEAT_INDEX = "repeat_index"

#: An automatic parameter of repeated items; whoever carries them out computes it.
REPEAT_SEED = "repeat_seed"


class WhenSkipped(StrEnum):
    """A policy for what a step takes from something that was skipped, but not because of a failure."""

    SKIP = "skip"  #: it is skipped too
    NULL = "null"  #: it gets null


class OnFailure(StrEnum):
    """A policy for what needs a step that has failed."""

    STOP = "stop"  #: does not run, and the run fails at its end
    CONTINUE = "continue"  #: gets null, and the run may succeed


class OnItemFailure(StrEnum):
    """A policy for the other items of a label after one has failed."""

    CONTINUE = "continue"  #: all are tried
    STOP = "stop"  #: those not started are cancelled


@dataclass(frozen=True, slots=True)
class Listed:
    """The values of an axis, as the file lists them."""

    values: tuple[Any, ...]

    @property
    def label(self) -> None:
        """None: no label makes them."""
        return None


@dataclass(frozen=True, slots=True)
class FromParameter:
    """An axis whose values are those of a list among the parameters of the workflow."""

    name: str
    flatten: bool = False  #: lists in the list are opened

    @property
    def label(self) -> None:
        """None: no label makes them."""
        return None


@dataclass(frozen=True, slots=True)
class FromLabel:
    """An axis whose values a label has made."""

    label: str
    value: ValueName | None = None  #: None: its executed notebooks
    flatten: bool = False  #: lists in the list are opened
    or_null: bool = False  #: a label that ended as a whole gives one null, instead of no items

    @property
    def reference(self) -> Reference | None:
        """The value that must be known to have the axis; None if only the label's items must be."""
        return None if self.value is None else Reference(self.label, self.value)


AxisSource = Listed | FromParameter | FromLabel


@dataclass(frozen=True)
class Step:
    """One label of a workflow, with everything that decides when its items run."""

    label: str
    takes: tuple[str, ...] = ()  #: labels whose values or files it takes, in parameters
    after: tuple[str, ...] = ()  #: labels that must have ended before
    axes: Mapping[str, AxisSource] = field(default_factory=lambda: MappingProxyType({}))  #: the last varies fastest
    zip: bool = False  #: the axes go in step
    follows: str | None = None  #: the fan whose family it joins
    repeat: int | None = None  #: one axis more, the fastest
    rounds: bool = False  #: ``repeat`` is the slowest axis instead: all items, then all of them again
    gathers: bool = False  #: its axes make no items: each item takes all their combinations, see `Unfolding.gathered`
    when: Condition | Literal["always"] | None = None
    when_skipped: WhenSkipped = WhenSkipped.SKIP
    on_failure: OnFailure = OnFailure.STOP
    handler: str | None = None  #: the label that runs only if this one fails
    on_item_failure: OnItemFailure = OnItemFailure.CONTINUE
    max_parallel: int | None = None  #: of its items at once; None: no bound of its own
    limit: int = DEFAULT_LIMIT  #: items at most, axes times repeat; a plain follower has as many as what it follows

    @property
    def is_fan(self) -> bool:
        """True if it has a list of items, though that may have one, or none."""
        return (bool(self.axes) and not self.gathers) or self.repeat is not None or self.follows is not None

    @property
    def condition(self) -> Condition | None:
        """The condition to ask; None if there is none, also when it runs always."""
        return None if self.when is None or self.when == "always" else self.when

    @property
    def sources(self) -> tuple[str, ...]:
        """The labels that its axes come from."""
        return tuple(dict.fromkeys(source.label for source in self.axes.values() if source.label is not None))
