"""A label while it runs: its items, as far as they are known, and who waits for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...values.item import Item
from ...values.item_state import BAD, GOOD, ItemState
from ...values.light import Light
from ..axis_values import Row
from ..graph import Shape
from ..outcomes import Cause, CauseKind, Outcome
from ..references import ValueName
from ..step import OnFailure

_S = ItemState


class LabelProgress:
    """The states of a label's items, and of the label.

    Items are known here by their *places*, from 0: in a slice the item of place 0 has the index `first`. All members of a
    family are cut at the same item, so that item i of one belongs to item i // share of the other by place as by index.
    """

    def __init__(self, shape: Shape, first: int = 0) -> None:
        self.shape, self.first, self.label = shape, first, shape.step.label
        self.gate = 0  # labels, and the founder, that must be known before this one's items can be
        self.producers: dict[str, LabelProgress] = {}  # what it needs, by label
        self.founder: LabelProgress | None = None  # of a follower: the label whose items its own come from
        self.whole: ItemState | None = None  # its state, if it ended before its items were known
        self.why: Cause | None = None
        self.length: int | None = None  # its items, once they are known
        self.rows: Sequence[Row] = ()
        self.gathered: Mapping[str, Sequence[Any]] = {}  # lists of which each item takes all combinations, by axis
        self.states: list[ItemState] = []
        self.causes: dict[int, Cause] = {}
        self.values: dict[int, Any] = {}
        self.orange: set[int] = set()
        self.missing: list[int] = []  # of each item: ends of other items that it has not heard of
        self.ready: list[int] = []  # a heap
        self.begun: set[int] = set()  # items that were started
        self.open = self.ended = self.started = self.own_skips = self.not_run = 0
        self.counts = dict.fromkeys((*GOOD, *BAD, _S.SKIPPED), 0)
        self.label_consumers: list[LabelProgress] = []
        self.item_consumers: list[tuple[LabelProgress, int]] = []  # with how many of their items share one of these
        self.followers: list[LabelProgress] = []  # whose items come from these
        self.lists: dict[tuple[str, ValueName | None], list[Any]] = {}  # of fans that it takes whole, made once
        self.passed = bytearray()  # of each item: its consumers have heard of its end
        self.is_heard_of = False  # as a label that ended whole
        self.stop_root: Cause | None = None  # the failure after which ``on_item_failure: stop`` cancelled the rest
        self.delegated: str | None = None  # the family that is carried out elsewhere, and this one's items with it
        self.is_handled = False  # a handler that runs for all its items, because a whole label has failed
        self.looks = 0
        self._blame: tuple[Cause | None] | None = None

    @property
    def is_final(self) -> bool:
        """True if its state never changes any more."""
        return self.whole is not None or self.ended == self.length

    @property
    def state(self) -> ItemState:
        """The state of the label, from its items' unless it ended whole."""
        if self.whole is not None:
            return self.whole
        if self.length is None or (not self.started and self.ended < self.length):
            return _S.PENDING
        if self.ended < self.length:
            return _S.RUNNING
        counts = self.counts
        if counts[_S.FAILED] or counts[_S.TIMED_OUT]:
            return _S.FAILED
        if counts[_S.CANCELLED]:
            return _S.CANCELLED
        if self.not_run or (self.length and counts[_S.SKIPPED] == self.length):
            return _S.SKIPPED
        return _S.CACHED if self.length and counts[_S.CACHED] == self.length else _S.SUCCEEDED

    @property
    def light(self) -> Light | None:
        """The worst light of its items; None if something of it was not run, which is neither good nor bad."""
        if self.whole is not None:
            return _light_of(self.whole, self.why)
        if any(self.counts[state] for state in BAD):
            return Light.RED
        return Light.ORANGE if self.orange else None if self.not_run else Light.GREEN

    def item_light(self, place: int) -> Light | None:
        """Return the light of an item that has ended; None if it was not run."""
        return Light.ORANGE if place in self.orange else _light_of(self.states[place], self.causes.get(place))

    def item(self, place: int) -> Item:
        """Return the item as it is named outside."""
        return Item(self.label, self.first + place)

    def named(self, place: int | None) -> Item:
        """Return the item as people name it: by its label alone if it is the only one, or the label as a whole is meant."""
        return Item(self.label) if place is None or self.shape.family is None else self.item(place)

    def cause(self, place: int | None) -> Cause | None:
        """Return the cause of the end of an item, or of the label as a whole."""
        if self.whole is not None:
            return self.why
        return None if place is None else self.causes.get(place)

    def root(self, place: int) -> Cause:
        """Return the failure that is behind the end of an item."""
        cause = self.causes[place]
        if cause.kind is CauseKind.STOPPED and self.stop_root is not None:
            return self.stop_root
        return cause

    @property
    def blame(self) -> Cause | None:
        """The failure because of which nothing runs that takes the whole label; None if there is none.

        It is that of the lowest index. Under ``on_failure: continue`` its own failures are pardoned, not those of others.
        """
        if self._blame is None:
            of_others = self.shape.step.on_failure is OnFailure.CONTINUE
            places = (
                place
                for place, cause in self.causes.items()
                if cause.is_failure and (not of_others or self.states[place] is _S.SKIPPED)
            )
            lowest = min(places, default=None)
            self.looks += len(self.causes)
            self._blame = (None if lowest is None else self.root(lowest),)
        return self._blame[0]

    def note(self, place: int, outcome: Outcome) -> None:
        """Keep what an outcome says besides its state, of an item that ended well."""
        if outcome.state in GOOD:
            if outcome.light is not Light.GREEN:
                self.orange.add(place)
            if outcome.values:
                self.values[place] = outcome.values

    def count(self, place: int, state: ItemState, cause: Cause | None) -> None:
        """Note the final state of an item."""
        self.states[place] = state
        self.ended += 1
        self.counts[state] += 1
        if cause is not None:
            self.causes[place] = cause
            if state is _S.SKIPPED and cause.is_failure:
                self.not_run += 1


def _light_of(state: ItemState, cause: Cause | None) -> Light | None:
    if state in BAD:
        return Light.RED
    return None if cause is not None and cause.is_failure else Light.GREEN
