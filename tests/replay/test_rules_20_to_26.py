"""The rules of replay, 20 to 26: what must read the same at every replay.

Each test fails when its rule is taken out of the engine: ``test_sabotage.py`` takes them out. Every decision that
a :class:`~tests.replay.decision_checker.DecisionChecker` returns was made by a cached and by a replayed execution, and was
the same both times.
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from simpleflow_nb import RetryPolicy, futures
from simpleflow_nb.exceptions import StaleCache
from simpleflow_nb.local.decisions import attributes_of
from simpleflow_nb.local.run import Run, rebuilt

from .decision_checker import DecisionChecker, Limits, execution_of, reloaded, state_of
from .scenarios import (
    clean,
    declared,
    gated,
    history_of_load_then_clean,
    load,
    replay_by,
    short,
    shorts,
    two_tasks_and_what_was_seen,
    workflow,
)

# ---- 20 to 26: the same at every replay ----------------------------------------------------------------------------


def test_now_is_the_moment_at_which_the_decision_task_was_started():
    """Rule 20: neither the clock of the decider nor the time of the last event that it has."""

    def run(w):
        times = [w.now().timestamp()]
        w.submit(load).result
        times.append(w.now().timestamp())
        w.submit(clean).result
        return times

    with DecisionChecker(workflow(run)) as checker:
        checker.clock = 2_000.0
        checker.start_decision()
        checker.clock = 2_500.0
        checker.respond(checker.decisions())
        checker.complete("activity-load-1")
        checker.clock = 3_000.0
        checker.start_decision()
        checker.clock = 4_000.0
        checker.respond(checker.decisions())
        checker.complete("activity-clean-1")
        assert attributes_of(checker.decide()[-1]) == {"result": "[2000.0,3000.0]"}


def test_ids_are_given_at_submit_whether_or_not_the_arguments_are_there():
    """Rule 21: per name, in the order of the code, not of what happens to be ready first."""

    def run(w):
        first = w.submit(clean)
        held, ready = w.submit(load, first), w.submit(load, 2)
        return [held.id, ready.id, *futures.wait(held, ready)]

    with DecisionChecker(workflow(run)) as checker:
        assert shorts(checker.decide()) == ["ScheduleActivityTask clean-1", "ScheduleActivityTask load-2"]
        checker.complete("activity-clean-1", 1)
        assert shorts(checker.decide()) == ["ScheduleActivityTask load-1"]
        checker.complete("activity-load-2", "of the second")
        checker.complete("activity-load-1", "of the first")
        result = json.loads(attributes_of(checker.decide()[-1])["result"])
        assert result == ["activity-load-1", "activity-load-2", "of the first", "of the second"]


def test_attempts_are_numbered_behind_the_id_and_a_lost_worker_is_none_of_them():
    """Rule 21: attempt n has the id ``<id>.n``. A silent worker says nothing of the task, up to five times in a row."""

    def run(w):
        return str(w.submit(declared("load", retry=1)).exception)

    with DecisionChecker(workflow(run)) as checker:
        assert shorts(checker.decide()) == ["ScheduleActivityTask load-1"]
        keys = ["activity-load-1"]
        for _ in range(5):
            checker.lose_worker(keys[-1])
            keys.append(attributes_of(checker.decide()[-1])["activityId"])
        checker.lose_worker(keys[-1])
        keys.append(attributes_of(checker.decide()[-1])["activityId"])
        assert keys == ["activity-load-1", *(f"activity-load-1.{n}" for n in range(2, 8))]
        checker.fail(keys[-1], "E: and it fails as well")
        assert attributes_of(checker.decide()[-1]) == {"result": '"activity-load-1: E: and it fails as well"'}


def test_the_jitter_of_a_retry_depends_on_nothing_but_its_run_task_and_attempt():
    """Rule 21: one stream for all would give other waits when tasks fail in another order."""
    jittery = declared("load", retry=RetryPolicy(attempts=2, first_wait=timedelta(hours=1), jitter=1.0))

    def run(w):
        futures.wait(w.map(jittery, range(2)))

    def waits(order, run_id):
        with DecisionChecker(workflow(run), run_id=run_id) as checker:
            checker.decide()
            for n in order:
                checker.fail(f"activity-load-{n}")
            return {short(one): attributes_of(one)["startToFireTimeout"] for one in checker.decide()}

    assert waits([1, 2], "run-1") == waits([2, 1], "run-1")
    assert waits([1, 2], "run-1") != waits([1, 2], "run-2")


def history_of_two_increments():
    def run(w):
        first, second = w.submit(load, 1), w.submit(load, by=100)
        return [first.result, second.result]

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-load-1", 2)
        checker.complete("activity-load-2", 101)
        checker.start_decision()
        return checker.run.events


def test_two_calls_of_one_activity_that_changed_places_are_caught():
    """Rule 22: their ids are the same, so each would be given the other's result."""

    def swapped(w):
        first, second = w.submit(load, by=100), w.submit(load, 1)
        return [first.result, second.result]

    error = replay_by(swapped, history_of_two_increments())
    assert error.event_id == 7
    assert str(error).startswith(
        "event 7: history has ScheduleActivityTask(activity-load-2) with an input that is now the one of activity-load-1: "
        "the two calls have changed places; the code now has ScheduleActivityTask(activity-load-2) at test_rules_20_to_26.py:"
    )


def test_one_call_less_before_another_of_the_same_activity_is_caught():
    """Rule 22: the second would be given the result of the first."""

    def fewer(w):
        return [w.submit(load, by=100).result, w.submit(load, by=100).result]

    def three(w):
        futures.wait(*(w.submit(load, n) for n in range(3)))

    def two(w):
        futures.wait(*(w.submit(load, n) for n in range(1, 4)))

    with DecisionChecker(workflow(three)) as checker:
        checker.decide()
        checker.signal("go")
        checker.start_decision()
        assert replay_by(two, checker.run.events).event_id == 7


@pytest.mark.parametrize("inputs", [[1, 3], [4, 3], [1.0, 2], ["1", "2"]])
def test_an_input_that_merely_changed_is_allowed(inputs):
    """Rule 22: a changed input is a difference only if it belongs to another call whose own input differs too."""

    def before(w):
        futures.wait(*(w.submit(load, n) for n in (1, 2)))

    def after(w):
        futures.wait(*(w.submit(load, n) for n in inputs))

    with DecisionChecker(workflow(before)) as checker:
        checker.decide()
        checker.signal("go")
        checker.start_decision()
        assert replay_by(after, checker.run.events) is None


def test_code_that_raises_where_history_goes_on_is_a_difference_and_not_the_end_of_the_run():
    """Rule 23: chained to what the code raised, so that its traceback is seen."""

    def broken(w):
        w.submit(load, 1)
        w.timer(5).result
        raise ZeroDivisionError("new code, new mistakes")

    error = replay_by(broken, history_of_load_then_clean())
    assert error.event_id == 12
    assert "history has ScheduleActivityTask(activity-clean-1, type clean); the code now has FailWorkflowExecution" in str(
        error
    )
    assert isinstance(error.__cause__, ZeroDivisionError)


def test_is_replaying_is_true_just_where_the_code_repeats_itself():
    """Rule 24: for logs. That code must not decide by it stands in its docstring; here is what happens when it does."""
    seen = []

    def run(w):
        seen.append(w.is_replaying)
        w.log("first")
        w.submit(load).result
        seen.append(w.is_replaying)
        w.log("second")

    lines: list[str] = []
    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        checker.start_decision()
        seen.clear()
        execution = execution_of(checker.workflow_class, Limits(), on_log=lines.append)
        execution.advance(checker.run.events)
    assert seen == [True, False]
    assert lines == ["second"]
    assert list(execution.log_lines) == ["first", "second"]

    def decides_by_it(w):
        w.submit(clean if w.is_replaying else load).result

    assert replay_by(decides_by_it, checker.run.events).event_id == 6


def test_a_decision_is_made_from_history_up_to_its_start_and_not_from_all_there_is():
    """Rule 25: the core refuses more; handing out no more is the service's and the decider process's part."""
    with DecisionChecker(workflow(two_tasks_and_what_was_seen)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        checker.start_decision()
        checker.complete("activity-clean-1")
        with pytest.raises(StaleCache, match="history does not end with the decision task that is open"):
            checker.new().advance(checker.run.events)


def test_a_decision_task_without_news_is_answered_with_nothing():
    """Rule 26: some services make them in bulk. That a cached one costs next to nothing is for the benchmarks to say."""
    with DecisionChecker(workflow(two_tasks_and_what_was_seen)) as checker:
        checker.decide()
        for _ in range(3):
            checker.run.want_decision(checker.clock)
            assert checker.decide() == []
        assert checker.stats["cached"] == 3
        checker.complete("activity-load-1")
        assert shorts(checker.decide()) == ["ScheduleActivityTask join-1"]


def test_a_run_is_rebuilt_from_its_history():
    """The service's own state after a restart is what history says; the checker compares them at every decision."""
    with DecisionChecker(workflow(gated)) as checker:
        checker.decide()
        checker.begin("activity-load-1")
        again = rebuilt(Run(1, "local", "played", "run-1"), reloaded(checker.run.events))
        assert {a.activity_id: bool(a.started) for a in again.activities.values()} == {
            "activity-load-1": True,
            "activity-load-2": False,
            "activity-load-3": False,
        }
        assert list(again.timers) == ["timer-1"]
        assert state_of(again) == state_of(checker.run)
