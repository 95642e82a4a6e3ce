"""What becomes of workflow code that is suspended: where it waits, how it is unwound, what it may not do."""

from __future__ import annotations

import contextvars
import gc
import weakref

from simpleflow_nb.local.decisions import attributes_of

from .decision_checker import DecisionChecker, Limits, execution_of, reloaded
from .scenarios import clean, here, load, workflow


def suspended(run):
    """An execution that waits, at its first decision."""
    execution = execution_of(workflow(run), Limits())
    with DecisionChecker(workflow(run)) as checker:
        checker.start_decision()
        execution.advance(reloaded(checker.run.events))
    return execution


def test_suspended_code_says_where_it_waits():
    def helper(w):
        return here(), w.submit(load).result

    def run(w):
        helper(w)

    execution = suspended(run)
    place = execution.where()
    assert [frame.name for frame in place][-2:] == ["run", "helper"]
    assert place[-1].filename == __file__
    assert place[-1].lineno == helper.__code__.co_firstlineno + 1
    assert execution.kill()
    assert execution.where() == []


def test_code_that_is_unwound_runs_its_finally_and_decides_nothing():
    seen = []

    def run(w):
        try:
            w.submit(load).result
        finally:
            seen.append("finally")
            for attempt in (
                lambda: w.submit(clean),
                lambda: w.timer(1),
                lambda: w.submit(w.record_marker("m")),
                lambda: w.patched("p"),
                lambda: w.next_signal("a"),
                lambda: w.submit(w.wait_signal("a")),
                lambda: w.uuid(),
                lambda: w.fail("no"),
            ):
                try:
                    attempt()
                    seen.append("it was possible")
                except BaseException as error:
                    seen.append(type(error).__name__)
            w.log("not heard")

    execution = suspended(run)
    queued = list(execution.queue)
    assert execution.kill()
    assert seen == ["finally", *["GreenletExit"] * 8]
    assert list(execution.queue) == queued
    assert not execution.log_lines
    assert not execution.finished


def test_code_that_swallows_its_end_is_left_behind():
    def run(w):
        while True:
            try:
                w.submit(load).result
            except BaseException:
                continue

    execution = suspended(run)
    assert not execution.kill(), "the caller must keep a reference"
    assert not execution.kill()


def test_an_execution_that_was_killed_is_freed():
    def run(w):
        w.submit(load).result

    class Held:
        pass

    held = Held()
    alive = weakref.ref(held)

    def holds(w, held=held):
        run(w)

    execution = suspended(holds)
    holds.__defaults__ = None
    del held
    assert alive() is not None
    execution.kill()
    del execution
    gc.collect()
    assert alive() is None


def test_context_variables_of_the_decider_are_seen_and_not_changed():
    variable = contextvars.ContextVar("variable", default="of nobody")
    seen = []

    def run(w):
        seen.append(variable.get())
        variable.set("of the code")
        w.next_signal("a").result
        seen.append(variable.get())

    variable.set("of the decider")
    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.signal("a")
        checker.start_decision()
        checker.cached.advance(checker.run.events[3:])
        assert variable.get() == "of the decider"
        assert seen == ["of the decider", "of the code"]


def test_waiting_outside_of_run_is_refused():
    """For example in a thread that the code started, or in ``should_cancel``."""

    def run(w):
        w.next_signal("never").result

    cls = workflow(run, should_cancel=lambda self: self.next_signal("advice").result)
    with DecisionChecker(cls) as checker:
        checker.decide()
        checker.request_cancel()
        decisions = checker.decide()
        assert attributes_of(decisions[-1])["reason"] == (
            "DefinitionError: a workflow can only wait inside run(), in the thread that runs it"
        )
