"""The work that a call sets going, up to what can be started then.

What becomes of an item is decided when all that it needs is final, so that the order of ends changes no state (but for policies
that stop the rest after a failure). Two ways lead there: an end that is passed on, and items that become known after others
have ended. Ends that have been *passed on* are counted, never states, so that none counts twice. Work is linear: each item is
looked at once for each need within its family, and each label once for each other need.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any

from ...values.item import Item
from ...values.item_state import BAD, GOOD, ItemState
from ...wording import listed
from ..conditions import ConditionError
from ..graph import Graph
from ..outcomes import CONDITION_FAILS, Cause, CauseKind, Outcome, Settled, SliceEnd, Turn, UnfoldingError
from ..step import OnFailure, OnItemFailure
from .delegation import Delegate, Delegation
from .item_rows import AxisError, gathered_lists, rows_of_label
from .lookups import Lookup
from .progress import LabelProgress
from .slices import Slice
from .standings import refusal, standing, state_for

_S = ItemState

#: Returns what is known of an item from a former run, None if it has to run. It may ask for the axes and arguments of the item,
#: and must answer the same at every replay.
Kept = Callable[[Item], Outcome | None]


class Agenda:
    """The labels of a run, and what is to be done with them before the next call."""

    def __init__(
        self,
        graph: Graph,
        parameters: Mapping[str, Any],
        kept: Kept | None,
        *,
        stop_run: bool,
        part: Slice | None,
        delegate: Delegate | None = None,
        stopped: Mapping[str, Cause] | None = None,
    ) -> None:
        self.labels: Mapping[str, LabelProgress]
        if part is None:
            self.labels = {label: LabelProgress(graph.shapes[label]) for label in graph.order}
        else:
            self.labels = part.progress_of(graph)
        taken_whole = {} if part is None else part.progress_of_joined(graph)
        self.not_final = 0  # labels
        self.is_cut = False
        self.looks = 0
        self._place = graph.place
        self.in_file_order = sorted(self.labels.values(), key=lambda progress: graph.place[progress.label])
        self._parameters, self._kept, self._stop_run, self._slice = parameters, kept, stop_run, part
        self._failure: Cause | None = None  # after which the run stops, once noticed
        self._opening: deque[LabelProgress] = deque()  # labels all of whose gates are open
        self._fresh: deque[tuple[LabelProgress, int | None]] = deque()  # ends not yet passed on; None: of the label
        self._free: dict[str, LabelProgress] = {}  # labels that may have something to start
        self._settled: list[Settled] = []
        self._stops = dict(stopped or {})  # labels of which nothing starts any more
        self._stopped: list[tuple[str, Cause]] = []
        self.delegation = Delegation(graph, self.labels, delegate)
        for progress in self.labels.values():
            if not progress.is_final:
                self.not_final += 1
                self._connect(progress, taken_whole)

    def _connect(self, progress: LabelProgress, taken_whole: Mapping[str, LabelProgress]) -> None:
        for need in progress.shape.needs.values():
            producer = self.labels[need.label]
            if not need.share and need.label in taken_whole:
                producer = taken_whole[need.label]
            progress.producers[need.label] = producer
            if need.share:
                producer.item_consumers.append((progress, need.share))
            elif not producer.is_final:
                progress.gate += 1
                producer.label_consumers.append(progress)
        if progress.shape.follows is not None:
            progress.founder = founder = self.labels[progress.shape.follows]
            if not founder.is_final:
                progress.gate += 1
                founder.followers.append(progress)

    def begin(self) -> None:
        """Add every label that waits for no other."""
        self._opening.extend(one for one in self.labels.values() if not one.gate and not one.is_final)

    # ---- unfolding ---------------------------------------------------------------------------------------------------------

    def turn(self) -> Turn:
        """Carry through what a call has set going, and only then start what is ready, so that the lowest index comes first."""
        while self._opening or self._fresh:
            if self._failure is not None and not self.is_cut:
                self._settled += self.cut(self._failure)
            elif self._opening:
                self._open(self._opening.popleft())
            else:
                progress, place = self._fresh.popleft()
                if place is None:
                    self._pass_on_label(progress)
                else:
                    self._pass_on_item(progress, place)
        starts: list[Item] = []
        free, self._free = self._free, {}
        for label in sorted(free, key=self._place.__getitem__):
            starts += self._start(free[label])
        settled, self._settled = self._settled, []
        stopped, self._stopped = self._stopped, []
        return Turn(starts, settled, (), () if self.is_cut else tuple(self.delegation.ready()), tuple(stopped))

    def _pass_on_item(self, progress: LabelProgress, place: int) -> None:
        progress.passed[place] = 1
        for consumer, share in progress.item_consumers:
            if consumer.length and consumer.delegated is None:
                for theirs in range(place * share, (place + 1) * share):
                    self.looks += 1
                    self._came(consumer, theirs)
        if progress.ready:
            self._free[progress.label] = progress

    def _pass_on_label(self, progress: LabelProgress) -> None:
        self.delegation.note(progress.delegated or self.delegation.family_of(progress))
        for consumer in progress.label_consumers:
            self._opens(consumer)
        if progress.whole is not None:
            progress.is_heard_of = True
            for consumer, _ in progress.item_consumers:
                if consumer.delegated is not None:
                    continue
                for theirs in range(consumer.length or 0):
                    self.looks += 1
                    self._came(consumer, theirs)

    def _opens(self, progress: LabelProgress) -> None:
        self.looks += 1
        progress.gate -= 1
        if not progress.gate:
            self._opening.append(progress)

    def _came(self, progress: LabelProgress, place: int) -> None:
        progress.missing[place] -= 1
        if not progress.missing[place] and progress.states[place] is _S.PENDING:
            self._decide(progress, place)

    def _open(self, progress: LabelProgress) -> None:
        """All that the label as a whole needs is final: it is skipped, or fails, or its items become known."""
        if progress.whole is not None:
            return
        shape, step = progress.shape, progress.shape.step
        needs = [(need, progress.producers[need.label]) for need in shape.needs.values() if not need.share]
        if progress.founder is not None and progress.founder.whole is not None:
            needs.append((shape.need_of_founder(), progress.founder))
        found = [(standing(step, need, producer, None), need, producer) for need, producer in needs]
        if (cause := refusal(found, None)) is not None:
            self._end_whole(progress, _S.SKIPPED, cause)
            return
        if shape.handles and not self._is_handled_whole(progress):
            return
        if step.condition is not None and not shape.asks_items and not self._holds(progress, None):
            return
        try:
            if self._slice is not None and progress.label == self._slice.family:
                rows = self._slice.rows
            else:
                rows = rows_of_label(progress, self._parameters, is_cut=self._slice is not None)
            if step.gathers:
                progress.gathered = gathered_lists(progress, self._parameters)
        except AxisError as error:
            text = f"the items of {progress.label!r} cannot be made: {error}"
            self._end_whole(progress, _S.FAILED, Cause(CauseKind.FAILURE, Item(progress.label), text))
            return
        progress.rows = rows  # only now: those of a label that ended whole are none, for its followers too
        self._unfold(progress)

    def _is_handled_whole(self, progress: LabelProgress) -> bool:
        """A handler runs if a label failed that names it. Of members of its family that is asked item by item."""
        shape = progress.shape
        whole = [label for label in shape.handles if not shape.needs[label].share]
        progress.is_handled = any(progress.producers[label].state in BAD for label in whole)
        if not progress.is_handled and len(whole) == len(shape.handles):
            self._end_whole(progress, _S.SKIPPED, _nothing_failed(shape.handles))
            return False
        return True

    def _unfold(self, progress: LabelProgress) -> None:
        progress.length = length = len(progress.rows)
        progress.states, progress.missing = [_S.PENDING] * length, [0] * length
        progress.passed = bytearray(length)
        if progress.shape.founds_family and progress.founder is None:
            self.delegation.ask(progress)
        progress.delegated = self.delegation.family_of(progress)
        if progress.delegated is not None:
            self.delegation.note(progress.delegated)
            for follower in progress.followers:
                self._opens(follower)
            if not length:
                self._end_label(progress)
            return
        if progress.label in self._stops:
            self.stop(progress, self._stops[progress.label])
        for need in progress.shape.needs.values():
            producer, share = progress.producers[need.label], need.share
            if share and not producer.is_heard_of:
                self.looks += length
                for place in range(length):
                    if producer.length is None or not producer.passed[place // share]:
                        progress.missing[place] += 1
        for follower in progress.followers:
            self._opens(follower)
        if not length:
            self._end_label(progress)
        for place in range(length):
            self.looks += 1
            if not progress.missing[place] and progress.states[place] is _S.PENDING:
                self._decide(progress, place)

    def _decide(self, progress: LabelProgress, place: int) -> None:
        """All that the item needs is final: it is skipped, or fails, or is ready."""
        shape = progress.shape
        found = []
        for need in shape.needs.values():
            if need.share:
                self.looks += 1
                producer = progress.producers[need.label]
                found.append((standing(shape.step, need, producer, place), need, producer))
        if found and (cause := refusal(found, place)) is not None:
            self._settle(progress, place, _S.SKIPPED, cause)
            return
        if shape.handles and not progress.is_handled and not self._is_handled(progress, place):
            self._settle(progress, place, _S.SKIPPED, _nothing_failed(shape.handles))
            return
        if shape.asks_items and not self._holds(progress, place):
            return
        if self._kept is not None and (outcome := self._kept(progress.item(place))) is not None:
            if outcome.state not in GOOD:
                raise UnfoldingError(f"{progress.item(place)} cannot be kept as {outcome.state}")
            progress.note(place, outcome)
            self._settle(progress, place, _S.CACHED, None)
            return
        heappush(progress.ready, place)
        self._free[progress.label] = progress

    def _is_handled(self, progress: LabelProgress, place: int) -> bool:
        needs = [progress.shape.needs[label] for label in progress.shape.handles]
        return any(state_for(need, progress.producers[need.label], place) in BAD for need in needs if need.share)

    def _holds(self, progress: LabelProgress, place: int | None) -> bool:
        """Ask the condition; if it does not hold, or cannot be decided, the item or the label has ended."""
        condition = progress.shape.step.condition
        assert condition is not None  # only what has one is asked
        try:
            if condition.holds(Lookup(progress, place, self._parameters)):
                return True
        except ConditionError as error:
            named = progress.named(place)
            cause = Cause(CauseKind.FAILURE, named, f"'when' of {named} cannot be decided: {error}")
            self._settle(progress, place, _S.FAILED, cause)
            return False
        self._settle(progress, place, _S.SKIPPED, CONDITION_FAILS)
        return False

    def _start(self, progress: LabelProgress) -> list[Item]:
        starts, bound = [], progress.shape.step.max_parallel
        while progress.ready and (bound is None or progress.open < bound):
            place = heappop(progress.ready)
            if progress.states[place] is _S.PENDING:
                progress.states[place] = _S.RUNNING
                progress.open += 1
                progress.started += 1
                progress.begun.add(place)
                starts.append(progress.item(place))
        return starts

    # ---- ends --------------------------------------------------------------------------------------------------------------

    def _settle(self, progress: LabelProgress, place: int | None, state: ItemState, cause: Cause | None) -> None:
        """End what nothing was started for."""
        if place is None:
            self._end_whole(progress, state, cause)
        else:
            self._settled.append(Settled(progress.item(place), state, cause))
            self.end(progress, place, state, cause)

    def _end_whole(self, progress: LabelProgress, state: ItemState, cause: Cause | None) -> None:
        progress.whole, progress.why = state, cause
        self._settled.append(Settled(Item(progress.label), state, cause))
        self._end_label(progress)
        for follower in progress.followers:
            self._opens(follower)
        self._notice(progress, state, cause)

    def end(self, progress: LabelProgress, place: int, state: ItemState, cause: Cause | None) -> None:
        """Note the end of an item; `turn` passes it on."""
        progress.count(place, state, cause)
        self._fresh.append((progress, place))
        if state in BAD:
            if progress.shape.step.on_item_failure is OnItemFailure.STOP and progress.stop_root is None and not self.is_cut:
                self._stop_rest(progress, place)
            self._notice(progress, state, cause)
        if progress.ended == progress.length:
            self._end_label(progress)

    def _end_label(self, progress: LabelProgress) -> None:
        self.not_final -= 1
        self._fresh.append((progress, None))

    def _stop_rest(self, progress: LabelProgress, failed: int) -> None:
        """``on_item_failure: stop``: items that have not started are cancelled, wherever they are to be carried out."""
        progress.stop_root = progress.causes[failed]
        if progress.delegated is None:
            self._cancel_rest(progress, progress.stop_root)
        else:
            self._stopped.append((progress.label, progress.stop_root))

    def stop(self, progress: LabelProgress, root: Cause) -> None:
        """Start no more items of a label, because of a failure of one that is carried out elsewhere."""
        self._stops[progress.label] = root
        if progress.length is None or progress.is_final:
            return  # the rule applies once its items are known
        progress.stop_root = root
        self._cancel_rest(progress, root)
        if progress.is_final:
            self._end_label(progress)

    def _cancel_rest(self, progress: LabelProgress, root: Cause) -> None:
        cause = Cause(CauseKind.STOPPED, root.item, f"{root.text}, and on_item_failure of {progress.label!r} is stop")
        for place, state in enumerate(progress.states):
            self.looks += 1
            if state is _S.PENDING:
                progress.count(place, _S.CANCELLED, cause)
                self._settled.append(Settled(progress.item(place), _S.CANCELLED, cause))
                self._fresh.append((progress, place))

    def end_slice(self, progress: LabelProgress, first: int, ends: Sequence[SliceEnd]) -> None:
        """Note how the items of a label from a place on have ended in a slice."""
        # what failed by itself first: it, and not what was cancelled for it, is why nothing more of the label starts
        in_order = sorted(
            enumerate(ends, first), key=lambda one: one[1].cause is None or one[1].cause.kind is not CauseKind.FAILURE
        )
        for place, end in in_order:
            progress.open -= 1
            progress.started -= not end.began
            progress.own_skips += end.began and end.state is _S.SKIPPED
            progress.note(place, Outcome(end.state, end.light, end.values))
            self.end(progress, place, end.state, end.cause)

    def _notice(self, progress: LabelProgress, state: ItemState, cause: Cause | None) -> None:
        if self._stop_run and state in BAD and progress.shape.step.on_failure is OnFailure.STOP and self._failure is None:
            self._failure = cause

    def cut(self, why: Cause) -> list[Settled]:
        """End everything that has not started, so that nothing starts any more; return what has ended so."""
        self.is_cut = True
        cause = why
        if why.item is not None:
            cause = Cause(CauseKind.STOPPED, why.item, f"{why.text}, and the run stops at its first failure")
        ended = []
        for progress in self.in_file_order:
            if progress.is_final:
                continue
            if progress.length is None:
                progress.whole, progress.why = _S.CANCELLED, cause
                ended.append(Settled(Item(progress.label), _S.CANCELLED, cause))
            for place, state in enumerate(progress.states):
                if state is _S.PENDING:
                    progress.count(place, _S.CANCELLED, cause)
                    ended.append(Settled(progress.item(place), _S.CANCELLED, cause))
            self.not_final -= progress.is_final
        self._opening.clear()
        self._fresh.clear()
        self._free.clear()
        return ended


def _nothing_failed(handled: tuple[str, ...]) -> Cause:
    return Cause(CauseKind.NOTHING_FAILED, None, f"it runs only if {listed(handled).replace(' and ', ' or ')} fails")
