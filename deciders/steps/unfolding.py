"""The unfolding of a graph of steps: outcomes go in, items to start come out.

Everything follows from the order of the calls: the same calls give the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..values.item import Item
from ..values.item_state import BAD, FINAL, ItemState
from ..values.light import Light
from .axis_values import Row
from .graph import Graph
from .labels.agenda import Agenda, Kept
from .labels.delegation import Delegate
from .labels.lookups import taken
from .labels.progress import LabelProgress
from .labels.slices import Slice
from .outcomes import RUN_CANCELLED, Cause, CauseKind, Outcome, SliceEnd, Turn, UnfoldingError
from .run_outcome import RunOutcome, run_outcome

_S = ItemState


class Failure(NamedTuple):
    """An item that ended badly, as others are told of it."""

    item: Item  #: without an index: the label as a whole
    state: ItemState
    cause: Cause | None
    row: Row


class Unfolding:
    """One run of a graph of steps."""

    def __init__(
        self,
        graph: Graph,
        parameters: Mapping[str, Any] | None = None,
        *,
        kept: Kept | None = None,
        stop_run: bool = False,
        delegate: Delegate | None = None,
    ) -> None:
        """Prepare a run; `begin` begins it.

        ``parameters`` are those that conditions and axes may name, the automatic ones among them. ``kept`` is asked for each
        item that would start otherwise; ``max_parallel`` does not count what it knows. With ``stop_run`` the first failure,
        unless its step says ``on_failure: continue``, cancels everything that has not started. ``delegate`` says of each
        outermost family, once it is known how many items it has, whether these are carried out elsewhere (`Turn.stages`).
        """
        whole = Agenda(graph, dict(parameters or {}), kept, stop_run=stop_run, part=None, delegate=delegate)
        self._prepare(graph, whole)

    @classmethod
    def of_slice(
        cls,
        graph: Graph,
        part: Slice,
        parameters: Mapping[str, Any] | None = None,
        *,
        kept: Kept | None = None,
        stopped: Mapping[str, Cause] | None = None,
    ) -> Unfolding:
        """Prepare a slice of a run: of its members, only its items run. Items have the indexes that they have in the run.

        ``stopped`` are members of which nothing is to start, each with the failure in another slice because of which.

        Raises:
            ValueError: a member needs a label that the slice says nothing of.
        """
        self = cls.__new__(cls)
        agenda = Agenda(graph, dict(parameters or {}), kept, stop_run=False, part=part, stopped=stopped)
        self._prepare(graph, agenda)
        return self

    def _prepare(self, graph: Graph, agenda: Agenda) -> None:
        self.graph = graph
        self._agenda = agenda
        self._labels = agenda.labels
        self._has_begun = self._is_cancelled = self._cancelled_something = False

    # ---- calls -------------------------------------------------------------------------------------------------------------

    def begin(self) -> Turn:
        """Begin the run.

        Raises:
            UnfoldingError: it has begun.
        """
        if self._has_begun:
            raise UnfoldingError("the run has begun already")
        self._has_begun = True
        self._agenda.begin()
        return self._agenda.turn()

    def ended(self, item: Item, outcome: Outcome) -> Turn:
        """Note the outcome of an item that was started.

        Raises:
            UnfoldingError: the item does not run, or the outcome is no end; nothing has changed.
        """
        progress, place = self._at(item)
        if progress.states[place] is not _S.RUNNING:
            raise UnfoldingError(f"{item} {progress.states[place].said}, so it cannot end as {outcome.state}")
        if outcome.state not in FINAL:
            raise UnfoldingError(f"{item} cannot end as {outcome.state}, which is no end")
        progress.open -= 1
        progress.note(place, outcome)
        cause = None
        if outcome.state in BAD:
            if outcome.state is _S.CANCELLED and self._is_cancelled:
                cause, self._cancelled_something = RUN_CANCELLED, True
            else:
                named = progress.named(place)
                cause = Cause(CauseKind.FAILURE, named, f"{named} {outcome.state.said}")
        elif outcome.state is _S.SKIPPED:
            progress.own_skips += 1
        self._agenda.end(progress, place, outcome.state, cause)
        return self._agenda.turn()

    def slice_started(self, part: Slice) -> None:
        """Note that the items of a slice are carried out elsewhere from now on."""
        for label, places in self._places_of(part).items():
            progress = self._labels[label]
            for place in places:
                if progress.states[place] is not _S.PENDING:
                    raise UnfoldingError(f"{progress.item(place)} {progress.states[place].said}, so no slice can have it")
                progress.states[place] = _S.RUNNING
            progress.open += len(places)
            progress.started += len(places)

    def slice_ended(self, part: Slice, ends: Mapping[str, Sequence[SliceEnd]]) -> Turn:
        """Note how the items of a slice have ended: for each of its members all that it has there.

        Raises:
            UnfoldingError: they are not those of the slice; nothing has changed.
        """
        places = self._places_of(part)
        for label, there in places.items():
            if len(ends.get(label, ())) != len(there) or any(end.state not in FINAL for end in ends[label]):
                raise UnfoldingError(f"a slice has {len(there)} items of {label!r}, and {len(ends.get(label, ()))} ended")
        for label, there in places.items():
            self._agenda.end_slice(self._labels[label], there.start, ends[label])
        if self._is_cancelled:
            self._cancelled_something |= any(end.cause == RUN_CANCELLED for some in ends.values() for end in some)
        return self._agenda.turn()

    def items_of(self, part: Slice) -> dict[str, list[Item]]:
        """Return the items of a slice, by member."""
        return {label: [self._labels[label].item(n) for n in there] for label, there in self._places_of(part).items()}

    def items_beside(self, part: Slice) -> dict[str, list[Item]]:
        """Return the items of other labels that those of a slice may be given: of what they need, and of their axes."""
        found: dict[str, dict[Item, None]] = {}
        for label in part.ended:
            progress = self._labels[label]
            line = self.graph.lines.get(self.graph.shapes[label].family or "", {})
            there = range(len(progress.states))
            if part.family in line and label not in part.joined:
                there = there[part.first * line[part.family] : (part.first + len(part.rows)) * line[part.family]]
            found[label] = dict.fromkeys(progress.item(place) for place in there)
        for row in part.rows:
            for value in row.values():
                if isinstance(value, Item):
                    found.setdefault(value.label, {})[value] = None
        return {label: list(items) for label, items in found.items()}

    def stop(self, label: str, root: Cause) -> Turn:
        """Start no more items of a label, because one of them has failed in another slice: ``root``."""
        self._agenda.stop(self._labels[label], root)
        return self._agenda.turn()

    def ends(self, label: str) -> list[SliceEnd]:
        """Return the ends of a label's items, which are final, as whoever cut the slice takes them."""
        progress = self._labels[label]
        return [
            SliceEnd(
                state,
                progress.item_light(place) or Light.GREEN,
                progress.causes.get(place),
                progress.values.get(place, {}),
                place in progress.begun,
            )
            for place, state in enumerate(progress.states)
        ]

    def cancel(self) -> Turn:
        """Cancel the run: nothing starts any more, what waits has ended, and what runs keeps the end that it will come to.

        A run that is over is not changed. A second call returns what still runs.
        """
        if self.is_over:
            return Turn([], [])
        self._is_cancelled = True
        settled = self._agenda.cut(RUN_CANCELLED)
        self._cancelled_something |= bool(settled)
        running = [
            one.item(place)
            for one in self._agenda.in_file_order
            if one.open
            for place, state in enumerate(one.states)
            if state is _S.RUNNING
        ]
        return Turn([], settled, running)

    # ---- what is known -----------------------------------------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """True if everything has ended."""
        return not self._agenda.not_final

    @property
    def looks(self) -> int:
        """Items and labels looked at until now, lists that were made included."""
        return self._agenda.looks + sum(progress.looks for progress in self._labels.values())

    def state(self, label: str) -> ItemState:
        """Return the state of a label."""
        return self._labels[label].state

    def light(self, label: str) -> Light | None:
        """Return the light of a label that has ended; None if it, or an item of it, was not run."""
        return self._labels[label].light

    def length(self, label: str) -> int | None:
        """Return the number of items of a label; None if it is not known, or the label ended whole."""
        return self._labels[label].length

    def states(self, label: str) -> list[ItemState]:
        """Return the states of its items; none if they are not known, or the label ended whole."""
        return list(self._labels[label].states)

    def item_state(self, item: Item) -> ItemState:
        """Return the state of one item.

        Raises:
            UnfoldingError: there is no such item.
        """
        progress, place = self._at(item)
        return progress.states[place]

    def cause(self, item: Item) -> Cause | None:
        """Return why an item, or without an index a label as a whole, ended as it did; None if by itself, and not badly."""
        if item.index is None or self._labels[item.label].whole is not None:
            return self._labels[item.label].why
        progress, place = self._at(item)
        return progress.cause(place)

    def axes(self, item: Item) -> Row:
        """Return the values of the axes of an item, in the order in which they vary; tokens for what stays outside."""
        progress, place = self._at(item)
        return progress.rows[place]

    def gathered(self, item: Item) -> Mapping[str, Sequence[Any]]:
        """Return by axis the lists of which the item of a step that gathers takes all combinations, the last fastest.

        With ``zip`` they go in step. All items of the step share them; tokens stand for what stays outside.
        """
        progress, _ = self._at(item)
        return progress.gathered

    def arguments(self, item: Item) -> dict[str, Any]:
        """Return by label what the item takes: the item that made it, None for null, or a list of both for a whole fan.

        Everything that it takes of one fan has the same places as that list. All items that take a fan share the list.
        """
        progress, place = self._at(item)
        return {label: self._taken(progress, place, label) for label in progress.shape.step.takes}

    def failures(self, item: Item, label: str) -> list[Failure]:
        """Return what ended badly of a label that the item needs: of its family the item that is meant, else all its items.

        A label that failed as a whole is one failure, without an index.
        """
        progress, place = self._at(item)
        producer, share = progress.producers[label], progress.shape.needs[label].share
        if producer.whole is not None:
            return [Failure(Item(label), producer.whole, producer.why, {})] if producer.whole in BAD else []
        places = [place // share] if share else range(len(producer.states))
        return [
            Failure(producer.item(at), producer.states[at], producer.cause(at), producer.rows[at])
            for at in places
            if producer.states[at] in BAD
        ]

    def run_outcome(self) -> RunOutcome:
        """Return how the run stands, with the failure that it reports."""
        return run_outcome(self._agenda.in_file_order, is_cancelled=self._cancelled_something)

    def slice_of(self, family: str, members: Sequence[str], first: int, end: int) -> Slice:
        """Return the slice of an outermost family with its items from first to end, which is not included.

        ``members`` are labels of one of its stages (`Graph.stages`). Everything else that they need must be final, and the
        items of the family must be known.
        """
        return Slice.of(self.graph, self._labels, family, members, range(first, end))

    def _places_of(self, part: Slice) -> dict[str, range]:
        """The places of each member's items in a slice."""
        found = {}
        for label in part.members:
            share = self.graph.lines[self.graph.shapes[label].family or ""][part.family]
            there = range(len(self._labels[label].states))
            found[label] = there[part.first * share : (part.first + len(part.rows)) * share]
        return found

    def _taken(self, progress: LabelProgress, place: int, label: str) -> Any:
        return taken(progress, progress.shape.needs[label], progress.producers[label], place, None)

    def _at(self, item: Item) -> tuple[LabelProgress, int]:
        progress = self._labels.get(item.label)
        place = -1 if progress is None or item.index is None else item.index - progress.first
        if progress is None or not 0 <= place < len(progress.states):
            raise UnfoldingError(f"there is no item {item}")
        return progress, place
