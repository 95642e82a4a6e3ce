"""What workflow code can ask of its workflow: markers, timers, random numbers and ids, a priority, to continue as a new run."""

from __future__ import annotations

import json
from datetime import timedelta

from simpleflow_nb import Activity, futures
from simpleflow_nb.local.decisions import attributes_of

from .decision_checker import DecisionChecker
from .scenarios import declared, short, shorts, workflow


def test_the_same_marker_is_recorded_once():
    def run(w):
        for value in (1, 2, 1):
            w.submit(w.record_marker("m", value))
        w.submit(w.record_marker("n"))
        return [[m.name, m.details] for m in w.list_markers()] + [[m.name, m.details] for m in w.list_markers(all=True)]

    with DecisionChecker(workflow(run)) as checker:
        decisions = checker.decide()
        assert shorts(decisions)[:-1] == ["RecordMarker m", "RecordMarker m", "RecordMarker n"]
        last, every = [["m", 2], ["n", None]], [["m", 1], ["m", 2], ["n", None]]
        assert json.loads(attributes_of(decisions[-1])["result"]) == last + every


def test_a_named_timer_is_one_timer():
    def run(w):
        first, again = w.submit(w.start_timer("tea", 5)), w.submit(w.start_timer("tea", 7))
        w.submit(w.cancel_timer("tea"))
        return [first is again, first.state]

    with DecisionChecker(workflow(run)) as checker:
        assert shorts(checker.decide()) == ["StartTimer tea", "CancelTimer tea", "CompleteWorkflowExecution"]


def test_a_timer_is_rounded_up_to_whole_seconds():
    def run(w):
        futures.wait(w.timer(0), w.timer(0.1), w.timer(timedelta(minutes=1, milliseconds=1)))

    with DecisionChecker(workflow(run)) as checker:
        assert [attributes_of(one)["startToFireTimeout"] for one in checker.decide()[1:]] == ["0", "1", "61"]


def test_random_numbers_and_ids_are_those_of_the_run():
    def run(w):
        return [w.random.random(), w.random.random(), str(w.uuid()), str(w.uuid())]

    def drawn(run_id):
        with DecisionChecker(workflow(run), run_id=run_id) as checker:
            return json.loads(attributes_of(checker.decide()[-1])["result"])

    assert drawn("one") == drawn("one")
    assert len({*drawn("one"), *drawn("two")}) == 8


def test_a_run_that_continues_as_new_keeps_what_it_was_started_with():
    def run(w):
        w.submit(w.continue_as_new(1, by=2))

    cls = workflow(run)
    with DecisionChecker(cls) as checker:
        decisions = checker.decide()
        attributes = attributes_of(decisions[-1])
        assert short(decisions[-1]) == "ContinueAsNewWorkflowExecution"
        assert attributes["taskList"] == {"name": "decisions"}
        expected = {"args": [1], "kwargs": {"by": 2}, "__extra": {"class": cls.class_path()}}
        assert json.loads(attributes["input"]) == expected
        assert checker.run.close_status == "CONTINUED_AS_NEW"


def test_an_activity_may_be_given_a_priority_at_submit():
    urgent = declared("urgent", task_priority=1)

    class Derived(Activity):
        pass

    def run(w):
        w.submit(urgent)
        w.submit(urgent, __priority=9)
        w.submit(Derived(None, name="derived"), __priority=None)

    with DecisionChecker(workflow(run)) as checker:
        assert [attributes_of(one).get("taskPriority") for one in checker.decide()[1:4]] == ["1", "9", None]
