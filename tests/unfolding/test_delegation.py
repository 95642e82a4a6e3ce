"""Families that are carried out in slices end as the rules say, as if the run had carried them out itself."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from deciders.steps.graph import Graph
from deciders.steps.labels.slices import Slice
from deciders.steps.outcomes import Cause, Outcome, Stage, Turn
from deciders.steps.unfolding import Unfolding
from deciders.values.item import Item
from deciders.values.item_state import FINAL, ItemState
from tests.settings import count
from tests.unit.steps.small_graphs import FAN, graph_of, step

from .comparison import compare
from .random_graphs import PARAMETERS, random_graph, random_outcome

_AT_A_TIME = 100


@dataclass
class DelegatedPlay:
    """A run whose families are cut into slices, each unfolded by itself; what comes next is drawn by the seed."""

    graph: Graph
    seed: int
    cancel_after: int | None = None
    run: Unfolding = field(init=False)
    slices: int = 0
    items_in_slices: int = 0

    def __post_init__(self) -> None:
        self.draw = random.Random(f"delegated {self.seed}")
        self.run = Unfolding(self.graph, PARAMETERS, delegate=lambda family, length: self.draw.random() < 0.7)
        self.running: list[Item] = []
        self.waiting: list[Slice] = []
        self.open: list[tuple[Slice, Unfolding, list[Item]]] = []
        self.stopped: dict[str, Cause] = {}

    def play(self) -> Unfolding:
        self.take(self.run.begin())
        steps = 0
        while self.running or self.waiting or self.open:
            steps += 1
            if steps == self.cancel_after:
                self.cancel()
                continue
            kinds = [kind for kind in ("running", "waiting", "open") if getattr(self, kind)]
            getattr(self, f"next_{self.draw.choice(kinds)}")()
        return self.run

    def take(self, turn: Turn) -> None:
        self.running += turn.starts
        for label, cause in turn.stopped:
            self.stopped[label] = cause
            for part, run, started in self.open:
                if label in part.members:
                    started += run.stop(label, cause).starts
        for stage in turn.stages:
            self.cut(stage)

    def cut(self, stage: Stage) -> None:
        length = self.run.length(stage.family)
        assert length
        first = 0
        while first < length:
            end = min(first + self.draw.randint(1, 3), length)
            self.waiting.append(self.run.slice_of(stage.family, stage.members, first, end))
            first = end

    def next_running(self) -> None:
        item = self.running.pop(self.draw.randrange(len(self.running)))
        assert item.index is not None
        self.take(self.run.ended(item, random_outcome(self.seed, item.label, item.index)))

    def next_waiting(self) -> None:
        part = self.waiting.pop(0)
        self.run.slice_started(part)
        stopped = {label: cause for label, cause in self.stopped.items() if label in part.members}
        run = Unfolding.of_slice(self.graph, part, PARAMETERS, stopped=stopped)
        self.slices += 1
        self.open.append((part, run, list(run.begin().starts)))

    def next_open(self) -> None:
        place = self.draw.randrange(len(self.open))
        part, run, started = self.open[place]
        if started:
            item = started.pop(self.draw.randrange(len(started)))
            assert item.index is not None
            self.items_in_slices += 1
            started += run.ended(item, random_outcome(self.seed, item.label, item.index)).starts
            return
        assert run.is_over
        del self.open[place]
        self.take(self.run.slice_ended(part, {label: run.ends(label) for label in part.members}))

    def cancel(self) -> None:
        turn = self.run.cancel()
        assert not turn.starts
        assert not turn.stages
        self.waiting.clear()
        for _, run, started in self.open:
            started[:] = run.cancel().running
        self.running[:] = [item for item in self.running if item in turn.running]


def check(seed: int) -> DelegatedPlay:
    graph = random_graph(seed)
    play = DelegatedPlay(graph, seed)
    run = play.play()
    assert run.is_over
    compare(run, graph, seed)
    cancelled = DelegatedPlay(graph, seed, cancel_after=1 + seed % 7)
    assert cancelled.play().is_over
    for label in graph.steps:
        assert cancelled.run.state(label) in FINAL
    return play


@pytest.mark.parametrize("first", range(0, count(300, 20_000), _AT_A_TIME))
def test_a_run_whose_families_are_cut_into_slices_ends_as_the_rules_say(first: int) -> None:
    slices = items = 0
    for seed in range(first, first + _AT_A_TIME):
        try:
            play = check(seed)
        except Exception as error:
            error.add_note(f"seed {seed}: play it alone with tests.unfolding.test_delegation.check({seed})")
            raise
        slices, items = slices + play.slices, items + play.items_in_slices
    assert slices > _AT_A_TIME // 2
    assert items > _AT_A_TIME


def test_a_stage_is_cut_once_everything_else_that_its_members_need_is_final() -> None:
    graph = graph_of(step("day", axes=FAN), step("table"), step("clean", follows="day", takes=("table",)))
    run = Unfolding(graph, delegate=lambda family, length: True)
    turn = run.begin()
    assert turn.starts == [Item("table", 0)]
    assert turn.stages == ()
    turn = run.ended(Item("table", 0), Outcome(ItemState.SUCCEEDED))
    assert turn.stages == (Stage("day", ("day", "clean")),)


def test_who_delegates_is_asked_once_for_each_outermost_family_and_not_for_an_empty_one() -> None:
    asked = []

    def delegate(family: str, length: int) -> bool:
        asked.append((family, length))
        return False

    run = Unfolding(
        graph_of(step("day", axes=FAN), step("twice", follows="day", repeat=2), step("none", repeat=0)), delegate=delegate
    )
    run.begin()
    assert asked == [("day", 3)]
