"""The end of a play beside what the oracle says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deciders.steps.graph import Graph
from deciders.steps.outcomes import Cause, CauseKind, Outcome
from deciders.steps.step import OnFailure
from deciders.steps.unfolding import Unfolding
from deciders.values.item import Item
from deciders.values.item_state import BAD, ItemState
from deciders.values.light import Light
from deciders.values.run_state import RunState

from .oracle import BADLY, End, Oracle, Root
from .random_graphs import PARAMETERS, random_kept, random_outcome

WasKept = Callable[[str, int], bool]  # label and index: it is known from a former run


def root_of(cause: Cause | None) -> Root | None:
    return None if cause is None or cause.item is None else (cause.item.label, cause.item.index)


def texts(value: Any) -> Any:
    if isinstance(value, list):
        return [texts(one) for one in value]
    if isinstance(value, dict):
        return {name: texts(one) for name, one in value.items()}
    return str(value) if isinstance(value, Item) else value


def stopped_items(run: Unfolding) -> dict[tuple[str, int], Root]:
    """The items that ``on_item_failure: stop`` cancelled, which the order of ends decides: after a failure of their label."""
    found: dict[tuple[str, int], Root] = {}
    for label in run.graph.steps:
        for index, state in enumerate(run.states(label)):
            cause = run.cause(Item(label, index))
            if cause is not None and cause.kind is CauseKind.STOPPED:
                root = root_of(cause)
                assert state is ItemState.CANCELLED
                assert root is not None
                assert root[0] == label
                failed = run.cause(Item(*root))
                assert failed is not None
                assert failed.kind is CauseKind.FAILURE
                assert run.states(label)[root[1] or 0] in BAD
                found[label, index] = root
    return found


def compare(run: Unfolding, graph: Graph, seed: int, *, kept: bool = False) -> None:
    """States, causes, axes, arguments and lights of everything, and the outcome of the run."""

    def known(label: str, index: int) -> Outcome | None:
        return random_kept(seed, Item(label, index)) if kept else None

    def outcome(label: str, index: int) -> Outcome:
        return known(label, index) or random_outcome(seed, label, index)

    compare_with(run, Oracle(graph, PARAMETERS, outcome, stopped_items(run)), lambda *item: known(*item) is not None)


def compare_with(run: Unfolding, oracle: Oracle, was_kept: WasKept) -> None:
    """Compare a play with an oracle that was told of the same outcomes."""
    for label in run.graph.steps:
        ends = oracle.ends[label]
        assert run.state(label) == oracle.state(label), label
        assert run.light(label) == oracle.light(label), label
        if isinstance(ends, End):
            assert run.length(label) is None, label
            assert root_of(run.cause(Item(label))) == ends.root, label
            continue
        assert run.states(label) == [end.state for end in ends.values()], label
        for index, end in enumerate(ends.values()):
            item = Item(label, index)
            assert texts(run.axes(item)) == end.row, item
            assert list(run.axes(item)) == list(end.row), item
            assert {axis: texts(list(one)) for axis, one in run.gathered(item).items()} == end.gathered, item
            assert root_of(run.cause(item)) == end.root, item
            if end.given is not None:
                assert texts(run.arguments(item)) == end.given, item
    wanted, outcome = end_of_run(oracle, was_kept), run.run_outcome()
    assert (outcome.state, outcome.light) == (wanted.state, wanted.light)
    assert (outcome.failed, outcome.went_on_without) == (wanted.failed, wanted.went_on_without)
    if wanted.first is None:
        assert outcome.failure is None
        return
    assert outcome.failure is not None
    assert (outcome.failure.item, outcome.failure.state, outcome.failure.more) == wanted.first


@dataclass(frozen=True)
class EndOfRun:
    """The end of a run, as the oracle has it."""

    state: RunState
    light: Light
    failed: tuple[str, ...]
    went_on_without: tuple[str, ...]
    first: tuple[Item, str, int] | None  # the failure that is reported, its state, and how many more there are


def end_of_run(oracle: Oracle, was_kept: WasKept) -> EndOfRun:
    """Work out the end of a run from those of its items."""
    bad = [label for label in oracle.steps if oracle.state(label) in BADLY]
    failed = tuple(label for label in bad if oracle.steps[label].on_failure is not OnFailure.CONTINUE)
    items = {label: [ends] if isinstance(ends, End) else list(ends.values()) for label, ends in oracle.ends.items()}
    told = [end for ends in items.values() for end in ends if end.given is not None]
    started = [
        end
        for label, ends in items.items()
        for index, end in enumerate(ends)
        if end.given is not None and not was_kept(label, index)
    ]
    state = RunState.FAILED if failed else RunState.SUCCEEDED
    if not failed and started and all(end.state == "skipped" for end in started):
        state = RunState.SKIPPED
    orange = len(bad) > len(failed) or any(end.light == "orange" for end in told)
    light = Light.RED if failed else Light.ORANGE if orange else Light.GREEN
    without = tuple(label for label in bad if label not in failed)
    return EndOfRun(state, light, failed, without, first_failure(oracle, failed[0]) if failed else None)


def first_failure(oracle: Oracle, label: str) -> tuple[Item, str, int]:
    """The failure of the lowest index of a label, its state, and how many more there are."""
    ends = oracle.ends[label]
    own = [
        end
        for index, end in enumerate([ends] if isinstance(ends, End) else ends.values())
        if end.state in BADLY and (label, index) not in oracle.stopped
    ]
    return Item(*(own[0].root or ())), own[0].state, len(own) - 1
