"""Workflow code that fails, is no longer what it was, or is not there: how the run ends, and what is said."""

from __future__ import annotations

import json
from asyncio import CancelledError

import pytest
from greenlet import GreenletExit

from simpleflow_nb import Workflow
from simpleflow_nb.local.decisions import attributes_of
from simpleflow_nb.program import program
from simpleflow_nb.replay import Execution

from .decision_checker import DecisionChecker, Limits, execution_of, reloaded
from .scenarios import clean, here, join, load, replay_by, short, workflow


def test_fail_cannot_be_caught_by_code_that_catches_exceptions():
    def run(w):
        try:
            w.fail("no more", "because")
        except Exception:
            return "caught"

    with DecisionChecker(workflow(run)) as checker:
        (_, decision) = checker.decide()
        assert (short(decision), attributes_of(decision)) == (
            "FailWorkflowExecution",
            {"reason": "no more", "details": "because"},
        )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("bad"), "ValueError: bad"),
        (SystemExit(3), "SystemExit: 3"),
        (GeneratorExit(), "GeneratorExit: "),
        (CancelledError("inner"), "CancelledError: inner"),
        (GreenletExit("mine"), "GreenletExit: mine"),
    ],
)
def test_an_exception_that_leaves_run_fails_the_run_and_not_the_decider(error, reason):
    def run(w):
        raise error

    with DecisionChecker(workflow(run)) as checker:
        decision = checker.decide()[-1]
        assert short(decision) == "FailWorkflowExecution"
        attributes = attributes_of(decision)
        assert attributes["reason"] == reason
        details = json.loads(attributes["details"])
        assert details["error_type"] == type(error).__name__
        assert "raise error" in details["traceback"]


@pytest.mark.parametrize("how", ["fail", "raise"])
def test_what_failing_code_decides_does_not_depend_on_what_is_secret_on_the_machine(how, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "pass-word-1")

    def run(w):
        if how == "fail":
            w.fail("pass-word-1" + "x" * 300, "pass-word-1")
        raise ValueError("pass-word-1" + "x" * 300)

    with DecisionChecker(workflow(run)) as checker:
        attributes = attributes_of(checker.decide()[-1])
    begin = "" if how == "fail" else "ValueError: "
    assert attributes["reason"] == f"{begin}pass-word-1{'x' * 300}"[:256]
    assert "pass-word-1" in attributes["details"]


def test_a_reason_may_be_anything_that_has_a_text():
    with DecisionChecker(workflow(lambda w: w.fail(ValueError("no more"), 17))) as checker:
        assert attributes_of(checker.decide()[-1]) == {"reason": "no more", "details": "17"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_what_is_meant_for_the_decider_goes_through_to_it(error):
    def run(w):
        w.submit(load)
        raise error

    execution = execution_of(workflow(run), Limits())
    with DecisionChecker(workflow(run)) as checker:
        checker.start_decision()
        with pytest.raises(error):
            execution.advance(reloaded(checker.run.events))
        assert execution.finished is None


def test_an_interrupt_that_cannot_be_one_of_the_process_fails_the_run():
    def run(w):
        raise KeyboardInterrupt("of the code")

    with DecisionChecker(workflow(run)) as checker:
        checker.start_decision()
        execution = Execution(program(workflow(run)), is_interruptible=False)
        decision = execution.advance(reloaded(checker.run.events))[-1]
        assert attributes_of(decision)["reason"] == "KeyboardInterrupt: of the code"


class Unwordable(Exception):
    def __str__(self):
        raise ValueError("no words")


def test_an_exception_without_a_text_fails_the_run_in_words_of_python():
    def run(w):
        raise Unwordable

    with DecisionChecker(workflow(run)) as checker:
        attributes = attributes_of(checker.decide()[-1])
        assert attributes["reason"] == "Unwordable: <exception str() failed>"
        assert json.loads(attributes["details"])["message"] == "<exception str() failed>"


class Exit(BaseException):
    """Passes ``except Exception``, as the outcomes of pytest do."""


def test_whatever_the_constructor_of_a_workflow_raises_fails_the_run():
    def leave(self, executor):
        raise Exit("now")

    with DecisionChecker(type("Leaving", (Workflow,), {"name": "leaving", "__init__": leave})) as checker:
        assert attributes_of(checker.decide()[-1])["reason"] == "Exit: now"


def test_a_workflow_without_run_says_so():
    with DecisionChecker(type("Empty", (Workflow,), {"name": "empty"})) as checker:
        reason = attributes_of(checker.decide()[-1])["reason"]
        assert reason == "NotImplementedError: Empty.run() is what the workflow does; write it"


def test_a_difference_names_the_line_of_the_code_whichever_way_it_decided():
    lines = {}

    def before(w):
        w.submit(load).result

    def by_map(w):
        lines["by_map"] = here() + 1
        w.map(clean, [1])

    def by_starmap(w):
        lines["by_starmap"] = here() + 1
        w.starmap(clean, [(1,)])

    def by_timer(w):
        lines["by_timer"] = here() + 1
        w.timer(1)

    def by_marker(w):
        lines["by_marker"] = here() + 1
        w.submit(w.record_marker("m"))

    with DecisionChecker(workflow(before)) as checker:
        checker.decide()
        checker.signal("a")
        checker.start_decision()
        for code in (by_map, by_starmap, by_timer, by_marker):
            error = replay_by(code, checker.run.events)
            assert f" at test_failing_code.py:{lines[code.__name__]}." in str(error)

    def cancels(w):
        first, timer = w.submit(load), w.submit(w.start_timer("tea", 1))
        w.next_signal("a").result
        lines["cancels"] = here() + 1
        timer.cancel()
        first.result

    def cancels_the_task(w):
        first = w.submit(load)
        w.submit(w.start_timer("tea", 1))
        w.next_signal("a").result
        lines["cancels_the_task"] = here() + 1
        first.cancel()
        first.result

    def cancels_by_name(w):
        first = w.submit(load)
        w.submit(w.start_timer("tea", 1))
        w.next_signal("a").result
        lines["cancels_by_name"] = here() + 1
        w.submit(w.cancel_timer("tea"))
        first.result

    def waits(w):
        first = w.submit(load)
        w.submit(w.start_timer("tea", 1))
        w.next_signal("a").result
        w.submit(join)
        first.result

    with DecisionChecker(workflow(waits)) as checker:
        checker.decide()
        checker.signal("a")
        checker.decide()
        checker.signal("a")
        checker.start_decision()
        for code in (cancels, cancels_the_task, cancels_by_name):
            error = replay_by(code, checker.run.events)
            assert f" at test_failing_code.py:{lines[code.__name__]}." in str(error)
