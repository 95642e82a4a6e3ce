"""Random graphs, played several times: invariants after every call, the oracle at the end."""

from __future__ import annotations

from collections import Counter

import pytest

from deciders.steps.outcomes import CauseKind
from deciders.steps.step import OnItemFailure
from deciders.values.item import Item
from deciders.values.run_state import RunState
from tests.settings import count

from .comparison import compare
from .random_graphs import random_graph
from .watched_plays import bound_of_looks, counted, ends_of, watched_play

_AT_A_TIME = 100


def check(seed: int) -> Counter[str]:
    """Play one graph: an order of ends twice, another one, what a former run has left, a cancellation, a stop at a failure."""
    graph = random_graph(seed)
    play = watched_play(graph, seed, 0)
    assert watched_play(graph, seed, 0).log == play.log, "the same calls were answered otherwise"
    compare(play.run, graph, seed)
    assert play.run.looks <= bound_of_looks(graph, play.run)
    other = watched_play(graph, seed, 1)
    compare(other.run, graph, seed)
    if all(step.on_item_failure is OnItemFailure.CONTINUE for step in graph.steps.values()):
        assert ends_of(play.run) == ends_of(other.run), "the order of ends has changed an end"
    kept = watched_play(graph, seed, 4, kept=True)
    compare(kept.run, graph, seed, kept=True)
    seen = counted(play.run)
    cut = watched_play(graph, seed, 2, cancelled=True)
    ended = [cut.run.cause(Item(label, None)) for label in graph.steps if cut.run.length(label) is None]
    ended += [cut.run.cause(Item(one, at)) for one in graph.steps for at in range(cut.run.length(one) or 0)]
    was_ended = any(cause is not None and cause.kind is CauseKind.CANCELLED for cause in ended)
    assert (cut.run.run_outcome().state is RunState.CANCELLED) == was_ended
    seen += Counter({f"cut {what}": number for what, number in counted(cut.run).items()})
    stopped = watched_play(graph, seed, 3, stop_run=True)
    outcome = stopped.run.run_outcome()
    assert outcome.state is not RunState.CANCELLED
    if outcome.failed:
        assert outcome.state is RunState.FAILED
    else:
        compare(stopped.run, graph, seed)  # what is pardoned stops nothing
    return seen + Counter({f"stopped {what}": number for what, number in counted(stopped.run).items()})


@pytest.mark.parametrize("first", range(0, count(300, 20_000), _AT_A_TIME))
def test_a_random_graph_ends_as_the_rules_say_whatever_the_order_of_its_ends(first: int) -> None:
    for seed in range(first, first + _AT_A_TIME):
        try:
            check(seed)
        except Exception as error:
            error.add_note(f"seed {seed}: play it alone with tests.unfolding.test_random_graphs.check({seed})")
            raise
