"""Decisions as they are sent: their ids, and how many fit into one request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpleflow_nb import Activity, futures
from simpleflow_nb.constants import MAX_DATA_CHARACTERS, MAX_ID_CHARACTERS
from simpleflow_nb.exceptions import DefinitionError, NonDeterminismError, TaskFailed
from simpleflow_nb.local.decisions import attributes_of
from simpleflow_nb.payload import reference
from simpleflow_nb.replay import Execution
from simpleflow_nb.replay.calls import commands

from .decision_checker import DecisionChecker, Limits
from .scenarios import Task, clean, declared, join, load, shorts, workflow

characters = st.sampled_from(["a", '"', "\n", "\x00", "ä", "\u2028", "\U0001f600"])
texts = st.builds(lambda one, n: one * n, characters, st.sampled_from([0, 1, 10, 900, 1_100, 32_768, 40_000]))
names = st.builds(lambda one, n: one * n, st.sampled_from(["a", "ä", "\U0001f600"]), st.integers(1, 256))


def schedule(name, text, meta):
    task: Task = Activity(None, name=name, task_list=name, meta={"m": meta})
    future: futures.Future[Any] = futures.Future(
        Execution(print), "ScheduleActivityTask", commands.activity_id(name, 1), name, task
    )
    future.args = (text,)
    return commands.decision(future, None, "decisions")


decisions = st.lists(
    st.builds(schedule, names, texts, texts)
    | st.builds(commands.marker, names, texts)
    | st.builds(commands.timer, names, st.integers(0, 99_999_999), texts),
    max_size=8,
)


def as_sent(decision):
    """With the reference in place of every text that is too long for a field."""
    if isinstance(decision, dict):
        return {key: as_sent(value) for key, value in decision.items()}
    if isinstance(decision, str) and len(decision) > MAX_DATA_CHARACTERS:
        return reference(decision)
    return decision


@given(decisions, st.integers(10_000, 400_000))
def test_a_response_never_exceeds_the_limit_and_always_makes_progress(made, limit):
    fit = commands.fitting(made, limit)
    assert (fit >= 1) == bool(made)
    sent = len(json.dumps([as_sent(one) for one in made[:fit]]).encode())
    assert fit <= 1 or sent <= limit


def test_what_is_short_is_not_split():
    made = [schedule("load", "x" * 100, None) for _ in range(100)]
    assert commands.fitting(made) == 100


@given(
    st.lists(st.tuples(st.sampled_from(["a", "a-1", "a-1.2", "timer", "x" * 250, "x" * 256]), st.integers(1, 20)), max_size=20)
)
def test_ids_of_tasks_never_collide_and_never_exceed_what_the_service_takes(calls):
    ids = set()
    distinct = set(calls)
    for name, n in distinct:
        id = commands.activity_id(name, n)
        retry = f"{commands.RETRY}{id}-{10**15}"
        assert max(len(id), len(f"{id}.{10**15}"), len(retry)) <= MAX_ID_CHARACTERS
        ids |= {id, f"{id}.2", f"{id}.3"}
    assert len(ids) == 3 * len(distinct)


@given(st.lists(st.sampled_from(["timer-1", "timer-2", "timer-3", "tea", None]), max_size=8))
def test_a_timer_without_a_name_never_takes_one_that_the_user_gave(wanted):
    made = []

    def run(w):
        for name in wanted:
            made.append((name, w.timer(1) if name is None else w.submit(w.start_timer(name, 1))))
        futures.wait(*(future for _, future in made))

    with DecisionChecker(workflow(run)) as checker:
        checker.start_decision()
        execution = checker.new()
        execution.advance(checker.run.events)
        ids = [future.id for name, future in made if name is None]
        assert len(set(ids)) == len(ids)
        assert all(future.id == name for name, future in made if name is not None)
        for_users = {future for name, future in made if name is not None}
        for_nobody = {future for name, future in made if name is None}
        shared = for_users & for_nobody
        assert not shared or all(f.id.startswith("timer-") for f in shared), "asked for by its name after it was made"


def test_an_activity_never_takes_the_id_of_a_timer():
    def timer_first(w):
        w.submit(w.start_timer("activity-load-1", 5))
        w.submit(load)

    def task_first(w):
        w.submit(load)
        w.submit(w.start_timer("activity-load-1", 5))

    reasons = []
    for code in (timer_first, task_first):
        with DecisionChecker(workflow(code)) as checker:
            reasons.append(attributes_of(checker.decide()[-1])["reason"])
    assert reasons == [
        "DefinitionError: a timer of this run is named 'activity-load-1', as the next task of load; give it another name",
        "DefinitionError: 'activity-load-1' cannot name a timer: it is the id of a task of this run",
    ]
    assert issubclass(DefinitionError, Exception)


def test_an_idempotent_task_runs_once_for_the_same_arguments():
    once = declared("once", idempotent=True)

    def run(w):
        number = w.submit(load)
        first, second, other = w.submit(once, 1), w.submit(once, number), w.submit(once, 2)
        results = futures.wait(first, second, other)
        return [first.id == second.id, first.id == other.id, *results, w.submit(once, 1).result]

    with DecisionChecker(workflow(run)) as checker:
        decisions = checker.decide()
        ids = [attributes_of(one)["activityId"] for one in decisions[1:]]
        assert len(ids) == 3
        checker.complete("activity-load-1", 1)
        assert shorts(checker.decide()) == [], "the arguments are there, and are those of the first"
        checker.complete(ids[1], "one")
        checker.complete(ids[2], "two")
        assert attributes_of(checker.decide()[-1]) == {"result": '[true,false,"one","one","two","one"]'}


def test_the_failure_of_an_idempotent_task_is_that_of_all_who_asked():
    once = declared("once", idempotent=True)

    def run(w):
        first, second = w.submit(once, 1), w.submit(once, 1)
        return [type(first.exception).__name__, first.exception is second.exception, str(w.submit(clean, second).exception)]

    with DecisionChecker(workflow(run)) as checker:
        id = attributes_of(checker.decide()[-1])["activityId"]
        checker.fail(id)
        result = json.loads(attributes_of(checker.decide()[-1])["result"])
        assert result == ["TaskFailed", True, f"activity-clean-1: needs {id}, which failed"]


def test_an_idempotent_task_that_never_ran_is_named_by_its_activity():
    once = declared("once", idempotent=True)

    def run(w):
        never = w.submit(once, w.submit(load))
        return str(w.submit(join, never).exception)

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.fail("activity-load-1")
        assert attributes_of(checker.decide()[-1]) == {"result": '"activity-join-1: needs once, which failed"'}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (object, "builtins.type is not a JSON value: <class 'object'>"),
        ([{"a": object}], "builtins.type is not a JSON value: <class 'object'>"),
        ({(1, 2): 3}, "keys must be str, int, float, bool or None, not tuple"),
    ],
)
def test_an_argument_without_a_json_form_is_the_codes_mistake_at_its_line(wrong, message):
    """Else it would come up when the decision is sent, and park the run as a fault of the engine."""

    def run(w):
        pending = w.submit(load)
        seen = []
        for args, kwargs in (((wrong,), {}), ((pending, wrong), {}), ((pending,), {"k": wrong})):
            try:
                w.submit(clean, *args, **kwargs)
            except TypeError as error:
                seen.append(str(error))
        return seen

    with DecisionChecker(workflow(run)) as checker:
        assert json.loads(attributes_of(checker.decide()[-1])["result"]) == [f"an argument of clean: {message}"] * 3


def test_a_generator_among_the_arguments_is_read_once_and_sent_as_often_as_needed():
    """A retry, a replay and the check of a replay read the arguments again."""

    def run(w):
        first = w.submit(clean)
        w.submit(declared("load", retry=1), (n for n in (1, first)), by={"m": map(str, [1])}).result

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-clean-1", 2)
        inputs = []
        for attempt in ("activity-load-1", "activity-load-1.2"):
            (decision,) = checker.decide()
            inputs.append(json.loads(attributes_of(decision)["input"]))
            checker.fail(attempt)
        assert inputs == [{"args": [[1, 2]], "kwargs": {"by": {"m": ["1"]}}}] * 2


def test_a_large_response_is_split_by_its_bytes():
    def run(w):
        futures.wait(*(w.submit(load, "x" * 30_000) for _ in range(60)))

    with DecisionChecker(workflow(run)) as checker:
        counts = []
        for n in (1, 2):
            decisions = checker.decide()
            counts.append(sum(one["decisionType"] == "ScheduleActivityTask" for one in decisions))
            assert len(json.dumps(decisions)) < 1_000_000
            if n == 1:
                checker.fire("_wake-1")
        assert sum(counts) == 60
        assert counts[0] < 60


@pytest.mark.parametrize("limit", [2, 3])
def test_a_limit_that_leaves_no_room_still_makes_progress(limit):
    def run(w):
        futures.wait(w.map(load, range(3)))

    with DecisionChecker(workflow(run), limits=Limits(decisions=limit)) as checker:
        for _ in range(12):
            checker.decide()
            wakes = [timer for timer in checker.run.timers if timer.startswith("_wake-")]
            if not wakes:
                break
            checker.fire(wakes[0])
        assert len(checker.run.activities) == 3


def test_differences_and_failures_survive_pickling():
    import pickle

    for error in (NonDeterminismError(3, "had", "now"), TaskFailed("a", "b", "c")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
