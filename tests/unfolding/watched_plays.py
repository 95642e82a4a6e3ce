"""Plays of random graphs, each call of which is looked at: the invariants of every run, whatever its rules say."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from deciders.steps.graph import Graph
from deciders.steps.outcomes import CauseKind, Outcome, Settled, Turn
from deciders.steps.step import OnFailure, OnItemFailure
from deciders.steps.unfolding import Unfolding
from deciders.values.item import Item
from deciders.values.item_state import BAD, FINAL, GOOD, ItemState
from deciders.values.run_state import RunState

from .random_graphs import PARAMETERS, random_kept, random_outcome

PENDING, RUNNING, SKIPPED, CANCELLED = (ItemState[name] for name in ("PENDING", "RUNNING", "SKIPPED", "CANCELLED"))


@dataclass
class Seen:
    """A label as it was after the last call."""

    state: ItemState
    states: list[ItemState]
    length: int | None


class Watch:
    """Everything that holds after every call, and for what each call answers.

    No item is asked for twice, nor told twice to have ended; an item starts, or is skipped, only when all that it needs is
    final; at most ``max_parallel`` of a label run at once, the lowest index first, and as soon as it can. Numbers of items
    and final states never change, states of labels follow from those of their items, and nothing starts after a cancellation.
    """

    def __init__(self, run: Unfolding) -> None:
        self.run, self.graph = run, run.graph
        self.started: set[Item] = set()
        self.running: set[Item] = set()
        self.told: dict[Item, ItemState] = {}
        self.last: dict[str, Seen] = {}
        self.is_cut = False

    def is_met(self, label: str, index: int) -> bool:
        """Everything that the item needs is final."""
        for need in self.graph.shapes[label].needs.values():
            if need.share and self.run.length(need.label) is not None:
                if self.run.states(need.label)[index // need.share] not in FINAL:
                    return False
            elif self.run.state(need.label) not in FINAL:
                return False
        return True

    def answered(self, turn: Turn, ended: Item | None = None, state: ItemState | None = None) -> None:
        if ended is not None:
            assert state is not None
            self.running.remove(ended)
            self.told[ended] = state
        for one in turn.settled:
            self._settled(one)
        assert not (self.is_cut and turn.starts), "something started after the end of all starts"
        for item in turn.starts:
            assert item not in self.started, f"{item} is asked for twice"
            self.started.add(item)
            self.running.add(item)
        order = [(self.graph.place[item.label], item.index) for item in turn.starts]
        assert order == sorted(order), "labels start as they stand in the file, items by their index"
        self._look(turn)

    def _settled(self, one: Settled) -> None:
        assert one.item not in self.told, f"the end of {one.item} is told twice"
        assert one.item not in self.started, f"{one.item} was started, and settled"
        assert one.state in FINAL
        self.told[one.item] = one.state
        assert self.run.cause(one.item) == one.cause

    def _look(self, turn: Turn) -> None:
        for label in self.graph.steps:
            states, state, length = self.run.states(label), self.run.state(label), self.run.length(label)
            step = self.graph.steps[label]
            running = [index for index, one in enumerate(states) if one is RUNNING]
            assert running == sorted(item.index or 0 for item in self.running if item.label == label)
            bound = step.max_parallel
            assert bound is None or len(running) <= bound, f"{label} has {len(running)} at once"
            ready = [index for index, one in enumerate(states) if one is PENDING and self.is_met(label, index)]
            assert not ready or len(running) == bound, f"{label}: {ready} could start"
            for item in turn.starts:
                if item.label == label and item.index is not None:
                    assert self.is_met(label, item.index), f"{item} started too early"
                    assert not [index for index in ready if index < item.index], f"{item} started before {ready}"
            if step.on_item_failure is OnItemFailure.STOP and BAD & set(states):
                assert PENDING not in states, f"{label} was to stop"
            if not self.is_cut:
                for index, one in enumerate(states):
                    assert one is not SKIPPED or self.is_met(label, index), f"{label}:{index} was skipped too early"
            assert state == worked_out(self.run, label, self.started)
            self._compare(label, Seen(state, states, length))
            for index, one in enumerate(states):
                if one in FINAL:
                    assert self.told[Item(label, index)] == one, f"{label}:{index} ended as {one}, and nobody was told"
            if length is None and state in FINAL:
                assert self.told[Item(label)] == state
        assert self.run.is_over == all(self.run.state(label) in FINAL for label in self.graph.steps)
        assert (self.run.run_outcome().state is RunState.RUNNING) != self.run.is_over

    def _compare(self, label: str, now: Seen) -> None:
        before = self.last.get(label)
        self.last[label] = now
        if before is None:
            return
        if before.state in FINAL:
            assert before == now, f"{label} has changed after its end"
        if before.length is not None:
            assert before.length == now.length
        for old, new in zip(before.states, now.states, strict=False):
            assert old not in FINAL or old is new, f"{label}: {old} -> {new}"
            assert not (old is RUNNING and new is PENDING)

    def over(self) -> None:
        """Everything that holds at the end of every run."""
        assert self.run.is_over, {label: self.run.states(label) for label in self.graph.steps}
        assert not self.running
        for label in self.graph.steps:
            count = self.run.length(label)
            items = [Item(label)] if count is None else [Item(label, index) for index in range(count)]
            assert all(item in self.told for item in items)


def worked_out(run: Unfolding, label: str, started: set[Item]) -> ItemState:
    """The state of a label from those of its items; of one that has none, what it says."""
    states, length = run.states(label), run.length(label)
    if length is None:
        state = run.state(label)
        assert state in (PENDING, SKIPPED, CANCELLED, ItemState.FAILED)
        return state
    if not FINAL.issuperset(states):
        return RUNNING if any(Item(label, index) in started for index in range(length)) else PENDING
    if {ItemState.FAILED, ItemState.TIMED_OUT} & set(states):
        return ItemState.FAILED
    if CANCELLED in states:
        return CANCELLED
    causes = [run.cause(Item(label, index)) for index in range(length)]
    not_run = [one for one, cause in zip(states, causes, strict=True) if one is SKIPPED and cause and cause.is_failure]
    if not_run or (states and set(states) == {SKIPPED}):
        return SKIPPED
    return ItemState.CACHED if states and set(states) == {ItemState.CACHED} else ItemState.SUCCEEDED


@dataclass
class WatchedPlay:
    run: Unfolding
    log: list[object] = field(default_factory=list)
    was_cancelled: bool = False


def watched_play(
    graph: Graph, seed: int, order: int, *, cancelled: bool = False, stop_run: bool = False, kept: bool = False
) -> WatchedPlay:
    """Play a graph to its end; ``order`` draws the order of ends, and the moment of a cancellation."""
    draw = random.Random(f"order {seed} {order}")
    known = partial(random_kept, seed) if kept else None
    run = Unfolding(graph, PARAMETERS, stop_run=stop_run, kept=known)
    watch, play = Watch(run), WatchedPlay(run)
    turn = run.begin()
    watch.answered(turn)
    play.log.append(turn)
    running = list(turn.starts)
    cut_at = draw.randrange(8) if cancelled else -1
    while running:
        if len(play.log) == cut_at + 1:
            turn = run.cancel()
            play.was_cancelled = watch.is_cut = True
            watch.answered(turn)
            assert sorted(turn.running) == sorted(running)
            again = run.cancel()
            assert (again.settled, sorted(again.running)) == ([], sorted(running))
            play.log.append(turn)
            for label in graph.steps:
                assert PENDING not in run.states(label), f"{label} waits, and the run is cancelled"
        item = running.pop(draw.randrange(len(running)))
        assert item.index is not None
        outcome = random_outcome(seed, item.label, item.index)
        if play.was_cancelled and draw.random() < 0.6:
            outcome = Outcome(CANCELLED)
        turn = run.ended(item, outcome)
        if stop_run and outcome.state in BAD and graph.steps[item.label].on_failure is OnFailure.STOP:
            watch.is_cut = True
        if stop_run and any(one.cause and one.cause.kind is CauseKind.STOPPED for one in turn.settled):
            watch.is_cut |= any(
                graph.steps[one.item.label].on_item_failure is not OnItemFailure.STOP or one.item.index is None
                for one in turn.settled
                if one.cause and one.cause.kind is CauseKind.STOPPED
            )
        watch.answered(turn, item, outcome.state)
        play.log.append((item, outcome.state, turn))
        running += turn.starts
    watch.over()
    nothing = run.cancel()
    assert nothing == Turn([], [])
    return play


def bound_of_looks(graph: Graph, run: Unfolding) -> int:
    """More looks than that are not linear: each item for each need, each label for each need, each list once."""
    looks = 0
    for label, shape in graph.shapes.items():
        looks += (
            len(shape.needs)
            + 2
            + 8 * len(shape.step.axes) * (4 if shape.step.gathers else 1)
            + len(run.states(label)) * (3 * len(shape.needs) + 4)
        )
        looks += sum(4 * len(run.states(need)) for need in shape.needs)
    return looks


def ends_of(run: Unfolding) -> dict[str, object]:
    """Everything that no order of ends may change."""
    return {
        label: (
            run.state(label),
            run.states(label),
            run.cause(Item(label)),
            [run.cause(Item(label, index)) for index in range(run.length(label) or 0)],
        )
        for label in run.graph.steps
    }


def counted(run: Unfolding) -> Counter[str]:
    """How items and labels ended, to see that random graphs reach everything."""
    seen: Counter[str] = Counter()
    for label in run.graph.steps:
        length = run.length(label)
        items = [Item(label)] if length is None else [Item(label, index) for index in range(length)]
        states = [run.state(label)] if length is None else run.states(label)
        for item, state in zip(items, states, strict=True):
            cause = run.cause(item)
            seen[f"{'whole ' if length is None else ''}{state}{f' {cause.kind}' if cause else ''}"] += 1
        seen[f"label {run.state(label)}"] += 1
        seen[f"need {'good' if run.state(label) in GOOD else 'other'}"] += 1
    outcome = run.run_outcome()
    seen[f"run {outcome.state} {outcome.light}"] += 1
    return seen
