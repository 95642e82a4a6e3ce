"""The rules of replay, 15 to 19: futures.

Each test fails when its rule is taken out of the engine: ``test_sabotage.py`` takes them out. Every decision that
a :class:`~tests.replay.decision_checker.DecisionChecker` returns was made by a cached and by a replayed execution, and was
the same both times.
"""

from __future__ import annotations

import json

import greenlet
import pytest

from simpleflow_nb import futures
from simpleflow_nb.exceptions import DependencyFailed, TaskFailed
from simpleflow_nb.local.decisions import attributes_of

from .decision_checker import DecisionChecker, reloaded
from .scenarios import (
    clean,
    declared,
    join,
    last_event,
    load,
    plot,
    quota_for,
    retried,
    shorts,
    strict,
    workflow,
)

# ---- 15 to 19: futures ---------------------------------------------------------------------------------------------


def test_a_timer_is_cancelled_at_once_and_its_late_end_is_ignored():
    """Rule 15: it fired while the decision that cancels it was on its way; CancelTimerFailed is the record."""

    def run(w):
        timer = w.timer(10)
        w.submit(load).result
        timer.cancel()
        w.submit(clean).result
        return timer.state

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        checker.start_decision()
        decisions = checker.decisions()
        assert shorts(decisions) == ["CancelTimer timer-1", "ScheduleActivityTask clean-1"]
        checker.fire("timer-1")
        checker.respond(decisions)
        assert last_event(checker, "CancelTimerFailed")["cause"] == "TIMER_ID_UNKNOWN"
        checker.complete("activity-clean-1")
        assert attributes_of(checker.decide()[-1]) == {"result": '"CANCELLED"'}


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (lambda checker: checker.complete("activity-load-1", 1), "FINISHED"),
        (lambda checker: checker.fail("activity-load-1"), "FINISHED"),
        (lambda checker: checker.end("activity-load-1", "Canceled"), "CANCELLED"),
    ],
)
def test_an_activity_that_is_asked_to_end_ends_with_whatever_comes(end, state):
    """Rule 15: cancelling is a request to its worker; until it is answered the task is running."""

    def run(w):
        first = w.submit(declared("load", retry=5))
        w.submit(clean).result
        first.cancel()
        before = first.state
        first.exception
        return [before, first.state, first.key]

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.begin("activity-load-1")
        checker.complete("activity-clean-1")
        assert shorts(checker.decide()) == ["RequestCancelActivityTask load-1"]
        end(checker)
        result = json.loads(attributes_of(checker.decide()[-1])["result"])
        assert result == ["RUNNING", state, "activity-load-1"], "and it is not retried after a cancel"


def test_a_task_that_is_held_is_cancelled_without_a_decision():
    """Rule 15: the service does not know it yet."""

    def run(w):
        signal = w.next_signal("go")
        held = w.submit(load, signal)
        held.cancel()
        w.submit(clean).result
        return held.state

    with DecisionChecker(workflow(run)) as checker:
        assert shorts(checker.decide()) == ["ScheduleActivityTask clean-1"]
        checker.signal("go", 1)
        assert checker.decide() == []
        checker.complete("activity-clean-1")
        assert attributes_of(checker.decide()[-1]) == {"result": '"CANCELLED"'}


def test_a_task_that_was_refused_is_cancelled_without_a_decision():
    """Rule 15: it is in nobody's hands while the quota's timer runs."""

    def run(w):
        refused = w.submit(load)
        w.next_signal("stop").result
        refused.cancel()
        w.next_signal("stop").result
        return refused.state

    with DecisionChecker(workflow(run), refuse=lambda a: quota_for("load", a)) as checker:
        checker.decide()
        checker.decide()
        checker.signal("stop")
        assert checker.decide() == []
        checker.fire("_backoff-1")
        assert checker.decide() == []
        checker.signal("stop")
        assert attributes_of(checker.decide()[-1]) == {"result": '"CANCELLED"'}


def test_a_task_that_waits_for_its_retry_is_cancelled_with_the_timer_of_the_retry():
    """Rule 15: the timer is all that the service knows of it then."""

    def run(w):
        first = w.submit(retried)
        w.next_signal("stop").result
        first.cancel()
        w.submit(load).result
        return first.state

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.fail("activity-retried-1")
        assert shorts(checker.decide()) == ["StartTimer _retry-activity-retried-1-1"]
        checker.signal("stop")
        assert shorts(checker.decide()) == ["CancelTimer _retry-activity-retried-1-1", "ScheduleActivityTask load-1"]
        checker.complete("activity-load-1")
        assert attributes_of(checker.decide()[-1]) == {"result": '"CANCELLED"'}


def test_a_signal_that_came_before_anybody_asked_is_kept_in_order():
    """Rule 16: per name; each wait takes the next one."""

    def run(w):
        w.submit(load).result
        one, two, three = (w.next_signal("a") for _ in range(3))
        return [one.result, two.result, three.result]

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        for value in (1, 2):
            checker.signal("a", value)
        checker.signal("b", 9)
        checker.complete("activity-load-1")
        assert checker.decide() == []
        checker.signal("a", 3)
        assert attributes_of(checker.decide()[-1]) == {"result": "[1,2,3]"}


def test_the_latest_signal_is_another_reading_that_takes_nothing_away():
    """Rule 16: ``wait_signal`` is simpleflow's: the last one wins, for everybody, as often as asked."""

    def run(w):
        w.submit(load).result
        latest = w.submit(w.wait_signal("a")).result
        again = w.submit(w.wait_signal("a")).result
        return [latest, again, w.next_signal("a").result, w.next_signal("a").result]

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.signal("a", 1)
        checker.signal("a", 2)
        checker.complete("activity-load-1")
        assert attributes_of(checker.decide()[-1]) == {"result": "[2,2,1,2]"}


@pytest.mark.parametrize("asked", ["before it came", "afterwards"])
def test_who_waits_for_the_latest_signal_takes_it_from_nobody_who_waits_for_the_next(asked):
    """Rule 16, also where the waiting began before the signal came, and in whichever order."""

    def run(w):
        latest = [w.submit(w.wait_signal("a"))]
        taken = [w.next_signal("a")] if asked == "before it came" else []
        latest.append(w.submit(w.wait_signal("a")))
        found = [one.result for one in latest]
        taken = taken or [w.next_signal("a")]
        return [*found, taken[0].result, w.next_signal("a").result]

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.signal("a", 1)
        checker.signal("a", 2)
        assert attributes_of(checker.decide()[-1]) == {"result": "[1,1,1,2]"}


def test_a_result_that_the_code_does_not_wait_for_does_not_wake_it():
    """Rule 17: its state changes at once; the code goes on only for what it awaits, or for a failure that is due."""

    def run(w):
        awaited, other = w.submit(load), w.submit(clean)
        awaited.result
        return other.result

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        execution = checker.cached
        checker.complete("activity-clean-1", 7)
        checker.start_decision()
        switches = []
        greenlet.settrace(lambda what, pair: switches.append((what, pair[1])))
        try:
            assert execution.advance(reloaded(checker.run.events[3:])) == []
        finally:
            greenlet.settrace(None)
        assert switches == []
        assert execution.tasks["activity-clean-1"].finished


def test_wait_any_gives_the_one_that_ended_first_whatever_its_place_in_the_list():
    """Rule 18: smallest event id, not smallest index."""

    def run(w):
        tasks = [w.submit(load), w.submit(clean), w.submit(plot)]
        w.submit(join).result
        return [futures.wait_any(*tasks).id, [future.id for future in futures.as_completed(tasks)]]

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        for name in ("clean", "plot", "load", "join"):
            checker.complete(f"activity-{name}-1")
        first = "activity-clean-1"
        expected = [first, [first, "activity-plot-1", "activity-load-1"]]
        assert json.loads(attributes_of(checker.decide()[-1])["result"]) == expected


def test_failures_are_raised_in_the_order_of_history_each_once_at_any_wait():
    """Rule 19: also at a wait that need not block, whatever it waits for."""

    def run(w):
        done = w.submit(load)
        w.submit(strict, 1)
        w.submit(strict, 2)
        w.next_signal("go").exception
        seen = []
        for _ in range(3):
            try:
                seen.append(done.result)
            except TaskFailed as error:
                seen.append(str(error))
        return seen

    def waits(w):
        try:
            return run(w)
        except TaskFailed as error:
            return [str(error), *rest(w)]

    def rest(w):
        done = w.executor.tasks["activity-load-1"]
        try:
            done.result
        except TaskFailed as error:
            return [str(error), done.result]
        return ["nothing was raised"]

    with DecisionChecker(workflow(waits)) as checker:
        checker.decide()
        checker.complete("activity-load-1", "done")
        checker.fail("activity-strict-2", "E: second task first")
        checker.fail("activity-strict-1", "E: first task second")
        result = json.loads(attributes_of(checker.decide()[-1])["result"])
        assert result == ["activity-strict-2: E: second task first", "activity-strict-1: E: first task second", "done"]


def test_a_failure_is_raised_where_run_returns_too():
    """Rule 19: a run whose task failed does not complete because nobody looked."""

    def run(w):
        first = w.submit(load)
        first.exception
        w.submit(strict, first)
        return "fine"

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.fail("activity-load-1")
        decisions = checker.decide()
        assert shorts(decisions) == ["FailWorkflowExecution"]
        reason = 'Workflow execution error in activity-strict-1: "needs activity-load-1, which failed"'
        assert attributes_of(decisions[0]) == {"reason": reason}


def test_a_task_that_could_not_run_is_raised_only_if_what_it_needed_is_not():
    """Rule 19: one failure, one exception."""

    def run(w):
        quiet, loud = w.submit(load), w.submit(strict)
        w.submit(strict, loud)
        dependent = w.submit(strict, {"in": [quiet]})
        seen = []
        for _ in range(4):
            try:
                w.next_signal("go").result
            except TaskFailed as error:
                seen.append([type(error).__name__, str(error)])
        assert isinstance(dependent.exception, DependencyFailed)
        return seen

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.fail("activity-load-1", "E: quiet")
        checker.fail("activity-strict-1", "E: loud")
        for _ in range(4):
            checker.signal("go")
        assert json.loads(attributes_of(checker.decide()[-1])["result"]) == [
            ["DependencyFailed", "activity-strict-3: needs activity-load-1, which failed"],
            ["TaskFailed", "activity-strict-1: E: loud"],
        ]


def test_what_is_due_to_be_raised_is_never_raised_into_the_engine():
    """Rule 19: arguments are put into an input while a failure waits for the code; only the code may see it."""
    once = declared("once", idempotent=True)  # its id is made of its arguments, before the code goes on

    def run(w):
        first = w.submit(load)
        w.submit(once, first)
        w.submit(strict)
        try:
            first.result
        except TaskFailed:
            return "the code saw it"

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-load-1", 3)
        checker.fail("activity-strict-1")
        decisions = checker.decide()
        assert [one["decisionType"] for one in decisions] == ["ScheduleActivityTask", "CompleteWorkflowExecution"]
        assert attributes_of(decisions[0])["input"] == '{"args":[3],"kwargs":{}}'
        assert attributes_of(decisions[1]) == {"result": '"the code saw it"'}
