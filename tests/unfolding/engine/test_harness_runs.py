"""Random graphs run through the engine, with bodies that end as planned: all is as the machine and the oracle say."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from deciders.notebook_workflow import NotebookWorkflow
from deciders.steps.outcomes import Outcome
from deciders.steps.step import OnItemFailure
from deciders.steps.unfolding import Unfolding
from deciders.values.item import Item
from deciders.values.item_state import ItemState
from simpleflow_nb.testing import Harness, RunFailed, harness, replay_workflow
from tests.settings import count

from .planned_ends import PlannedEnds, planned
from .recorded_ends import RecordedEnds
from .walked_histories import KeptInRun, WalkedHistory, outcome_of
from .written_graphs import arguments, workflow_of, writable_graph

_AT_A_TIME = 20


@pytest.fixture(autouse=True)
def silent(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Do without the tracebacks of the failures that are planned."""
    with caplog.at_level(logging.CRITICAL, "simpleflow_nb"):
        yield


def check(seed: int) -> WalkedHistory:
    """Run one graph, and compare."""
    walked = _walked(seed)
    RecordedEnds(walked, workflow_of(writable_graph(seed), seed)).check()
    return walked


def _walked(seed: int, known: KeptInRun | None = None, **more: Any) -> WalkedHistory:
    """Run a graph, and walk through its history."""
    ends = PlannedEnds(seed)
    workflow = workflow_of(writable_graph(seed), seed)
    with harness(NotebookWorkflow, activities=ends.bodies(), workers=1 + seed % 3) as place:
        run = place.start(NotebookWorkflow, **arguments(seed), **more)
        status = _close_status(place, run)
        events = place.history(*run)
        walked = WalkedHistory(events, workflow, place.engine.payloads.load, kept=known)
    assert walked.outcomes == {item: _told(seed, item, walked) for item in walked.outcomes}
    assert set(ends.executed.values()) <= {1}
    assert walked.record is not None
    assert status == ("FAILED" if walked.record["state"] == "failed" else "COMPLETED")
    replay_workflow(NotebookWorkflow, events, run=run)
    return walked


def _close_status(place: Harness, run: tuple[str, str]) -> str | None:
    try:
        place.result(*run)
    except RunFailed as failed:
        return failed.status
    return "COMPLETED"


def _told(seed: int, item: Item, walked: WalkedHistory) -> Outcome:
    outcome = planned(seed, item)
    if not outcome.state.ended_well:
        return Outcome(outcome.state)
    wanted = walked.graph.wanted[item.label]
    return Outcome(outcome.state, outcome.light, {name: outcome.values[name] for name in wanted})


@pytest.mark.parametrize("first", range(0, count(60, 500), _AT_A_TIME))
def test_a_random_graph_ends_in_the_engine_as_the_machine_says(first: int) -> None:
    for seed in range(first, first + _AT_A_TIME):
        try:
            check(seed)
        except Exception as error:
            error.add_note(f"seed {seed}: play it alone with tests.unfolding.engine.test_harness_runs.check({seed})")
            raise


def check_retry(seed: int) -> int:
    """Run one graph again with a part of what its first run has left; returns how many items were kept."""
    workflow = workflow_of(writable_graph(seed), seed)
    first = _walked(seed)
    left = {item: one for item, one in first.results.items() if random.Random(f"left {seed}/{item}").random() < 0.6}
    by_key = {item for item in left if item.label in workflow.known_by_key}
    kept_items: dict[str, dict[str, Any]] = {}
    for item in by_key:
        kept_items.setdefault(item.label, {})[first.given[item]["key"]] = left[item]

    def kept(machine: Unfolding, item: Item) -> Outcome | None:
        """What is known by its key is kept if all that it takes is: its label says nothing then of what it was made of."""
        if item not in left or (item in by_key and not all(_is_cached(machine, one) for one in _made_of(machine, item))):
            return None
        return outcome_of(left[item], workflow.graph.wanted[item.label], ItemState.CACHED)

    second = _walked(seed, kept, kept={item.label: left[item] for item in left if item not in by_key}, kept_items=kept_items)
    cached = {item: one for item, one in left.items() if _exists(second.machine, item) and _is_cached(second.machine, item)}
    RecordedEnds(second, workflow, cached).check()
    return len(cached)


def _made_of(machine: Unfolding, item: Item) -> list[Item]:
    found = [*machine.arguments(item).values(), *machine.axes(item).values()]
    return [one for part in found for one in (part if isinstance(part, list) else [part]) if isinstance(one, Item)]


def _exists(machine: Unfolding, item: Item) -> bool:
    return (item.index or 0) < (machine.length(item.label) or 0)


def _is_cached(machine: Unfolding, item: Item) -> bool:
    return machine.item_state(item) is ItemState.CACHED


@pytest.mark.parametrize("first", range(0, count(40, 400), _AT_A_TIME))
def test_a_retry_keeps_what_ended_well_item_by_item_and_ends_as_the_machine_says(first: int) -> None:
    kept = 0
    for seed in range(first, first + _AT_A_TIME):
        if any(step.on_item_failure is OnItemFailure.STOP for step in writable_graph(seed).steps.values()):
            continue  # what the order of ends decides may be otherwise the next time, and keys with it
        try:
            kept += check_retry(seed)
        except Exception as error:
            error.add_note(f"seed {seed}: play it alone with tests.unfolding.engine.test_harness_runs.check_retry({seed})")
            raise
    assert kept


def test_random_runs_end_in_every_way_and_take_every_form() -> None:
    """Generators that stop making something would make the other tests pass for nothing."""
    seen: Counter[str] = Counter()
    for seed in range(60):
        walked = check(seed)
        assert walked.record is not None
        seen.update([f"run {walked.record['state']} {walked.record['light']}"])
        seen.update(f"label {state}" for state in walked.record["labels"].values())
        seen.update(f"item {one['state']}" for one in walked.record.get("items", ()))
        for given in walked.given.values():
            seen.update(form for form in ("upstream", "files", "failures", "scraps", "index", "key") if given.get(form))
        seen["tried again"] += any(len(ends) > 1 for ends in walked.attempts.values())
        seen["went on without"] += any("went on without" in text for text in map(str, walked.record.get("notes", {}).values()))
        seen["several of a bounded label"] += any(
            (step.max_parallel or 0) > 1 and (walked.machine.length(label) or 0) > 2
            for label, step in walked.graph.steps.items()
        )
    wanted = {
        *("run succeeded green", "run succeeded orange", "run failed red"),
        *("label done", "label failed", "label skipped", "label not run"),
        *("item succeeded", "item failed", "item skipped", "item cancelled"),
        *("upstream", "files", "failures", "scraps", "index", "key"),
        *("tried again", "went on without", "several of a bounded label"),
    }
    assert {what for what in wanted if not seen[what]} == set()
