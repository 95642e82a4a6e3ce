"""The rules of replay, 13 and 14: what the service refuses.

Each test fails when its rule is taken out of the engine: ``test_sabotage.py`` takes them out. Every decision that
a :class:`~tests.replay.decision_checker.DecisionChecker` returns was made by a cached and by a replayed execution, and was
the same both times.
"""

from __future__ import annotations

from simpleflow_nb import futures
from simpleflow_nb.local.decisions import Quotas, attributes_of

from .decision_checker import DecisionChecker
from .scenarios import (
    clean,
    events_of,
    last_event,
    load,
    plot,
    quota_for,
    retried,
    short,
    shorts,
    workflow,
)

# ---- 13 and 14: refusals -------------------------------------------------------------------------------------------


def test_tasks_refused_by_a_quota_wait_behind_one_timer_and_go_first_then():
    """Rule 13: the refusal is the record; not sent again at once, and then ahead of all that waits, in order."""

    def run(w):
        tasks = w.map(load, range(2))
        signal = w.next_signal("go")
        held = w.submit(clean, signal)
        futures.wait(*tasks, held)

    refusing = [True]
    with DecisionChecker(workflow(run), refuse=lambda a: quota_for("load", a) if refusing[0] else None) as checker:
        checker.decide()
        assert len(events_of(checker, "ScheduleActivityTaskFailed")) == 2
        assert shorts(checker.decide()) == ["StartTimer _backoff-1"]
        refusing[0] = False
        checker.signal("go", 1)
        checker.fire("_backoff-1")
        assert shorts(checker.decide()) == [
            "ScheduleActivityTask load-1",
            "ScheduleActivityTask load-2",
            "ScheduleActivityTask clean-1",
        ]


def test_a_refusal_does_not_hold_up_what_the_quota_allows():
    """Rule 13: only what was refused waits behind the timer."""

    def run(w):
        w.submit(load)
        w.submit(clean).result
        w.submit(plot).result

    with DecisionChecker(workflow(run), refuse=lambda a: quota_for("load", a)) as checker:
        checker.decide()
        checker.decide()
        checker.complete("activity-clean-1")
        assert shorts(checker.decide()) == ["ScheduleActivityTask plot-1"]


def test_the_wait_after_refusals_doubles_until_a_task_is_scheduled():
    """Rule 13: 2, 4, 8 seconds ... up to 256; a success begins again at 2."""

    def run(w):
        w.submit(load).result
        w.submit(load).result

    refusals = [10]

    def refuse(a):
        refusals[0] -= 1
        return "OPEN_ACTIVITIES_LIMIT_EXCEEDED" if refusals[0] >= 0 else None

    waits = []
    with DecisionChecker(workflow(run), refuse=refuse) as checker:
        checker.decide()
        for n in range(1, 11):
            decision = checker.decide()[-1]
            assert short(decision) == f"StartTimer _backoff-{n}"
            waits.append(int(attributes_of(decision)["startToFireTimeout"]))
            checker.fire(f"_backoff-{n}")
            checker.decide()
        refusals[0] = 1
        checker.complete("activity-load-1")
        checker.decide()
        waits.append(int(attributes_of(checker.decide()[-1])["startToFireTimeout"]))
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 256, 256, 2]


def test_a_refusal_that_is_no_quota_fails_the_task():
    """Rule 13: asking again would not help."""

    def run(w):
        return str(w.submit(load).exception)

    with DecisionChecker(workflow(run), refuse=lambda a: "ACTIVITY_TYPE_DOES_NOT_EXIST") as checker:
        checker.decide()
        decisions = checker.decide()
        assert attributes_of(decisions[-1]) == {"result": '"activity-load-1: ACTIVITY_TYPE_DOES_NOT_EXIST"'}


def test_a_refused_retry_timer_fails_the_task_that_it_is_for():
    """Rule 14: no timer can carry the wait. The token bucket that avoids this is the decider process's."""

    def run(w):
        w.timer(100)
        return str(w.submit(retried).exception)

    with DecisionChecker(workflow(run), quotas=Quotas(open_timers=1)) as checker:
        checker.decide()
        checker.fail("activity-retried-1")
        assert shorts(checker.decide()) == ["StartTimer _retry-activity-retried-1-1"]
        assert attributes_of(checker.decide()[-1]) == {"result": '"activity-retried-1: OPEN_TIMERS_LIMIT_EXCEEDED"'}


def test_a_refused_backoff_timer_is_asked_for_again_with_a_longer_wait():
    """Rule 14: at the decision task that the refusal brings; what waits behind it is not forgotten."""

    def run(w):
        w.timer(100)
        w.submit(load).result

    with DecisionChecker(workflow(run), quotas=Quotas(open_timers=1), refuse=lambda a: quota_for("load", a)) as checker:
        checker.decide()
        assert shorts(checker.decide()) == ["StartTimer _backoff-1"]
        checker.fire("timer-1")
        decisions = checker.decide()
        assert shorts(decisions) == ["StartTimer _backoff-2"]
        assert attributes_of(decisions[0])["startToFireTimeout"] == "4"
        checker.refuse = None
        checker.fire("_backoff-2")
        assert shorts(checker.decide()) == ["ScheduleActivityTask load-1"]


def test_a_refused_timer_of_the_user_fails_its_future():
    """Rule 14: as any other task that the service refuses."""

    def run(w):
        w.timer(100)
        return str(w.timer(100).exception)

    with DecisionChecker(workflow(run), quotas=Quotas(open_timers=1)) as checker:
        checker.decide()
        assert attributes_of(checker.decide()[-1]) == {"result": '"timer-2: OPEN_TIMERS_LIMIT_EXCEEDED"'}


def test_the_timer_of_a_parked_run_may_be_refused():
    """Rule 14: the refusal itself brings the next decision task; how fast it is tried again is the decider process's."""

    def run(w):
        w.timer(100).result

    with DecisionChecker(workflow(run), quotas=Quotas(open_timers=1)) as checker:
        checker.decide()
        checker.signal("any")
        checker.start_decision()
        checker.park()
        assert last_event(checker, "StartTimerFailed")["timerId"] == "_park-1"
        assert checker.decide() == []
