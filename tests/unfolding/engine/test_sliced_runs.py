"""Random graphs whose fans are cut into slices, each an execution of its own: they end as if nothing had been cut."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from deciders.items_workflow import ItemsWorkflow
from deciders.notebook_workflow import NotebookWorkflow
from deciders.specification import WorkflowSpecification
from deciders.steps.outcomes import Outcome
from deciders.steps.step import OnItemFailure
from deciders.steps.unfolding import Unfolding
from deciders.values.item import Item
from simpleflow_nb import payload
from simpleflow_nb.testing import RunFailed, harness
from tests.service.manual_client import attributes
from tests.settings import count

from ..random_graphs import PARAMETERS
from .planned_ends import RECORD, PlannedEnds, planned
from .recorded_ends import RecordedEnds
from .written_graphs import arguments, workflow_of, writable_graph

_AT_A_TIME = 20


@pytest.fixture(autouse=True)
def silent(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Do without the tracebacks of the failures that are planned."""
    with caplog.at_level(logging.CRITICAL, "simpleflow_nb"):
        yield


@dataclass
class SlicedRun:
    """A run whose items were carried out anywhere, and the machine that was told of the ends that are planned for them."""

    machine: Unfolding
    outcomes: dict[Item, Outcome]
    results: dict[Item, dict[str, Any]]
    given: dict[Item, dict[str, Any]]
    record: dict[str, Any] | None


def unfolded(workflow: WorkflowSpecification, seed: int) -> tuple[Unfolding, dict[Item, Outcome]]:
    """The machine at the end of a run that is not cut."""
    run, outcomes = Unfolding(workflow.graph, PARAMETERS), dict[Item, Outcome]()
    waiting = list(run.begin().starts)
    while waiting:
        item = waiting.pop(0)
        outcome = outcomes[item] = planned(seed, item)
        waiting += run.ended(item, outcome).starts
    return run, outcomes


def check(seed: int) -> int:
    """Run one graph in slices of a few items, and compare; returns how many slices there were."""
    ends, workflow = PlannedEnds(seed), workflow_of(writable_graph(seed), seed)
    with harness(NotebookWorkflow, ItemsWorkflow, activities=ends.bodies()) as place:
        run = place.start(NotebookWorkflow, **arguments(seed), fan_chunk=1 + seed % 3)
        try:
            place.result(*run)
        except RunFailed as failed:
            if failed.status != "FAILED":
                raise
        events, load = place.history(*run), place.engine.payloads.load
    kinds = [event["eventType"] for event in events]
    [recorded] = [
        attributes(event)
        for event in events
        if event["eventType"] == "ActivityTaskScheduled" and attributes(event)["activityType"]["name"] == RECORD
    ]
    record = payload.decode_input(recorded["input"], load)["kwargs"]
    assert set(ends.executed.values()) <= {1}
    machine, outcomes = unfolded(workflow, seed)
    RecordedEnds(SlicedRun(machine, outcomes, ends.results, ends.given, record), workflow).check()
    return kinds.count("StartChildWorkflowExecutionInitiated")


@pytest.mark.parametrize("first", range(0, count(40, 500), _AT_A_TIME))
def test_a_random_graph_that_is_cut_into_slices_ends_as_the_machine_says(first: int) -> None:
    slices = 0
    for seed in range(first, first + _AT_A_TIME):
        if any(step.on_item_failure is OnItemFailure.STOP for step in writable_graph(seed).steps.values()):
            continue  # the order of ends decides what is stopped
        try:
            slices += check(seed)
        except Exception as error:
            error.add_note(f"seed {seed}: play it alone with tests.unfolding.engine.test_sliced_runs.check({seed})")
            raise
    assert slices
