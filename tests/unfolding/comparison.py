"""The end of a play beside what the oracle says."""

from __future__ import annotations

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

    def outcome(label: str, index: int) -> Outcome:
        known = random_kept(seed, Item(label, index)) if kept else None
        return random_outcome(seed, label, index) if known is None else known

    oracle = Oracle(graph, PARAMETERS, outcome, stopped_items(run))
    for label in graph.steps:
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
    _compare_run(run, graph, oracle, seed, kept)


def _compare_run(run: Unfolding, graph: Graph, oracle: Oracle, seed: int, kept: bool) -> None:
    bad = [label for label in graph.steps if oracle.state(label) in BADLY]
    failed = tuple(label for label in bad if graph.steps[label].on_failure is not OnFailure.CONTINUE)
    items = {label: [ends] if isinstance(ends, End) else list(ends.values()) for label, ends in oracle.ends.items()}
    told = [end for ends in items.values() for end in ends if end.given is not None]
    started = [
        end
        for label, ends in items.items()
        for index, end in enumerate(ends)
        if end.given is not None and not (kept and random_kept(seed, Item(label, index)))
    ]
    state = RunState.FAILED if failed else RunState.SUCCEEDED
    if not failed and started and all(end.state == "skipped" for end in started):
        state = RunState.SKIPPED
    orange = len(bad) > len(failed) or any(end.light == "orange" for end in told)
    outcome = run.run_outcome()
    assert (outcome.state, outcome.failed) == (state, failed)
    assert outcome.went_on_without == tuple(label for label in bad if label not in failed)
    assert outcome.light == (Light.RED if failed else Light.ORANGE if orange else Light.GREEN)
    if not failed:
        assert outcome.failure is None
        return
    first = failed[0]
    own = [
        (index, end) for index, end in enumerate(items[first]) if end.state in BADLY and (first, index) not in oracle.stopped
    ]
    assert outcome.failure is not None
    assert (outcome.failure.item, outcome.failure.state) == (Item(*(own[0][1].root or ())), own[0][1].state)
    assert outcome.failure.more == len(own) - 1
