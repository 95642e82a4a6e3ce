"""Random graphs run by fleets whose calls are lost, doubled and late, and whose processes are killed: they end all the same."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator

import pytest

from deciders.steps.outcomes import Outcome
from deciders.values.item import Item
from deciders.values.item_state import ItemState
from tests.service.manual_client import Event, attributes
from tests.settings import count

from .notebook_fleets import NotebookFleet, played
from .planned_ends import planned, times_out
from .recorded_ends import RecordedEnds
from .walked_histories import WalkedHistory
from .written_graphs import workflow_of, writable_graph

_AT_A_TIME = 20
_MOST_LOST = 5  # attempts of a task in a row that do not count, as their workers are lost


@pytest.fixture(autouse=True)
def silent(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Do without the tracebacks of the failures that are planned."""
    with caplog.at_level(logging.CRITICAL, "simpleflow_nb"):
        yield


def check(seed: int) -> tuple[NotebookFleet, WalkedHistory, list[Event]]:
    """Play the fleet of a seed, and compare its run."""
    fleet, run_id, events = played(seed)
    workflow = workflow_of(writable_graph(seed), seed)
    is_refused = bool(fleet.throttle.causes) or fleet.rates is not None
    walked = WalkedHistory(events, workflow, fleet.payloads.load, is_refused=is_refused)
    _check_executed(fleet)
    fleet.replay(run_id, events)
    if walked.was_cancelled:
        kind = events[-1]["eventType"].removeprefix("WorkflowExecution")
        assert kind in ("Canceled", "Completed", "Failed"), kind
        assert (walked.record is None) == (kind == "Canceled"), "only a run that nothing of was cancelled is recorded"
        assert walked.record is None or walked.record["state"] != "cancelled"
        return fleet, walked, events
    for item in walked.outcomes:
        _check_outcome(fleet, item, walked)
    RecordedEnds(walked, workflow).check()
    assert walked.record is not None
    is_failed = walked.record["state"] == "failed"
    assert events[-1]["eventType"] == f"WorkflowExecution{'Failed' if is_failed else 'Completed'}"
    return fleet, walked, events


def _check_executed(fleet: NotebookFleet) -> None:
    """No attempt is executed twice, unless the service that handed it out forgot that when it died with its own workers."""
    if not (fleet.path is not None and fleet.workers_inside):
        twice = {attempt: times for attempt, times in fleet.ends.executed.items() if times > 1}
        assert not twice, f"executed more than once: {twice}"


def _check_outcome(fleet: NotebookFleet, item: Item, walked: WalkedHistory) -> None:
    """An item ends as planned, or in a timeout if all workers that took it were lost."""
    outcome, plan = walked.outcomes[item], planned(fleet.seed, item)
    if outcome.state is ItemState.TIMED_OUT:
        lost = walked.attempts[item][-_MOST_LOST - 1 :]
        assert lost == ["ActivityTaskTimedOut"] * (_MOST_LOST + 1), f"{item} has ended after {walked.attempts[item]}"
        return
    assert not (fleet.times_out and times_out(fleet.seed, item)), f"{item} has ended, and no worker has ended it"
    wanted = walked.graph.wanted[item.label] if plan.state.ended_well else ()
    assert outcome == Outcome(plan.state, plan.light, {name: plan.values[name] for name in wanted})


@pytest.mark.parametrize("first", range(0, count(60, 500), _AT_A_TIME))
def test_a_random_graph_ends_as_the_machine_says_whatever_goes_wrong(first: int) -> None:
    for seed in range(first, first + _AT_A_TIME):
        try:
            check(seed)
        except Exception as error:
            error.add_note(f"seed {seed}: play it alone with tests.unfolding.engine.test_notebook_fleets.check({seed})")
            raise


def test_a_seed_is_always_the_same_run() -> None:
    for seed in (1, 3):
        assert played(seed)[1:] == played(seed)[1:]


def test_everything_that_can_go_wrong_does() -> None:
    """A simulation that stops doing something would pass the tests above for nothing."""
    seen: Counter[str] = Counter()
    for seed in range(1_000, 1_000 + count(60, 200)):
        fleet, walked, events = check(seed)
        seen += fleet.stats + fleet.network.stats + fleet.throttle.causes
        seen.update(event["eventType"] for event in events)
        seen.update(str(outcome.state) for outcome in walked.outcomes.values())
        seen["recorded after a cancellation"] += walked.was_cancelled and walked.record is not None
        seen["lost and tried again"] += any("ActivityTaskTimedOut" in ends[:-1] for ends in walked.attempts.values())
        seen.update(f"cause {attributes(event)['cause']}" for event in events if "cause" in attributes(event))
    wanted = {
        *("process killed", "service restarted", "decided cold", "came too late", "lost and tried again"),
        *("lost: respond", "answer lost: respond", "doubled: respond", "late: respond", "killed after: respond"),
        *("ACTIVITY_CREATION_RATE_EXCEEDED", "DecisionTaskTimedOut", "ActivityTaskTimedOut", "ActivityTaskFailed"),
        *("WorkflowExecutionCompleted", "WorkflowExecutionFailed", "WorkflowExecutionCanceled"),
        *("succeeded", "failed", "skipped", "timed_out"),
    }
    assert {what for what in wanted if not seen[what]} == set()
