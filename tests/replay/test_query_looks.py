"""What a query may do while it looks at a run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simpleflow_nb import futures
from simpleflow_nb.canvas import Chain, Group
from simpleflow_nb.exceptions import DefinitionError, PayloadMissing

from .decision_checker import RUN_ID, DecisionChecker
from .observed_runs import observed
from .scenarios import load, strict, workflow

LOOKS_ONLY = "it only looks, and may not wait, submit, record or change the run"

REFUSED = [
    (lambda w: w.submit(load), "submit", LOOKS_ONLY),
    (lambda w: w.map(load, [1]), "map", LOOKS_ONLY),
    (lambda w: w.starmap(load, [[1]]), "starmap", LOOKS_ONLY),
    (lambda w: w.timer(1), "timer", LOOKS_ONLY),
    (lambda w: w.timer(timedelta(1)).result, "timer", LOOKS_ONLY),
    (lambda w: w.submit(w.start_timer("tea", 1)), "submit", LOOKS_ONLY),
    (lambda w: w.submit(w.cancel_timer("known")), "submit", LOOKS_ONLY),
    (lambda w: w.next_signal("a"), "next_signal", LOOKS_ONLY),
    (lambda w: w.submit(w.wait_signal("a")), "submit", LOOKS_ONLY),
    (lambda w: w.submit(w.record_marker("m")), "submit", LOOKS_ONLY),
    (lambda w: w.submit(w.record_marker("known")), "submit", LOOKS_ONLY),
    (lambda w: w.submit(w.continue_as_new()), "submit", LOOKS_ONLY),
    (lambda w: w.patched("p"), "patched", LOOKS_ONLY),
    (lambda w: w.deprecate_patch("p"), "deprecate_patch", LOOKS_ONLY),
    (lambda w: w.fail("no"), "fail", LOOKS_ONLY),
    (lambda w: w.log("heard"), "log", LOOKS_ONLY),
    (lambda w: w.random.random(), "random", LOOKS_ONLY),
    (lambda w: w.uuid(), "uuid", LOOKS_ONLY),
    (lambda w: w.open.cancel(), "cancel", LOOKS_ONLY),
    (lambda w: w.ended.cancel(), "cancel", LOOKS_ONLY),
    (lambda w: w.open.result, "result", "activity-load-2 has not ended (see future.done)"),
    (lambda w: w.open.exception, "exception", "activity-load-2 has not ended (see future.done)"),
    (lambda w: w.open.wait(), "wait", "activity-load-2 has not ended (see future.done)"),
    (lambda w: futures.wait(w.ended, w.open), "wait", "activity-load-2 has not ended (see future.done)"),
    (lambda w: futures.wait_any(w.open), "wait_any", "activity-load-2 has not ended (see future.done)"),
    (lambda w: list(futures.as_completed(w.open)), "as_completed", "none of them has ended (see future.done)"),
    (lambda w: futures.gather(w.open, w.ended), "gather", LOOKS_ONLY),
    (lambda w: w.submit(Group((load, 1))), "submit", LOOKS_ONLY),
    (lambda w: w.submit(Group()), "submit", LOOKS_ONLY),
    (lambda w: w.submit(Chain(load)), "submit", LOOKS_ONLY),
    (lambda w: w.submit(type(w)), "submit", LOOKS_ONLY),
    (lambda w: w.submit(w.signal("a")), "submit", LOOKS_ONLY),
    (lambda w: w.submit(w.cancel_workflow("x")), "submit", LOOKS_ONLY),
    (lambda w: w.timeout(3).__enter__(), "__enter__", LOOKS_ONLY),
    (lambda w: w.task_group().__enter__(), "__enter__", LOOKS_ONLY),
    (lambda w: w.cancellation, "cancellation", LOOKS_ONLY),
    (lambda w: w.cancel("no"), "cancel", LOOKS_ONLY),
]

ALLOWED = [
    (lambda w: w.ended.result, {"n": 1}),
    (lambda w: w.ended.exception, None),
    (lambda w: [w.ended.done, w.open.done, w.open.state, w.failed.finished], [True, False, "RUNNING", True]),
    (lambda w: futures.wait(w.ended, w.failed), [{"n": 1}, None]),
    (lambda w: futures.wait_any(w.open, w.ended).id, "activity-load-1"),
    (lambda w: futures.get_result_or_raise(w.ended), {"n": 1}),
    (lambda w: next(futures.as_completed(w.open, w.ended)).id, "activity-load-1"),
    (lambda w: str(w.failed.exception), "activity-strict-1: ValueError: no"),
    (lambda w: w.now().timestamp(), 1002.0),
    (lambda w: w.get_run_context()["run_id"], RUN_ID),
    (lambda w: [note.name for note in w.list_markers()], ["known"]),
]


def told(w):
    w.ended, w.open, w.failed = w.submit(load), w.submit(load), w.submit(strict)
    w.submit(w.start_timer("known", 100))
    w.submit(w.record_marker("known"))
    try:
        w.open.result
    except Exception:
        w.next_signal("never").result


@pytest.fixture(scope="module")
def told_history():
    with DecisionChecker(workflow(told)) as checker:
        checker.decide()
        checker.complete("activity-load-1", {"n": 1})
        checker.fail("activity-strict-1")
        checker.decide()
        return checker.run.events


@pytest.mark.parametrize(("look", "call", "because"), REFUSED)
def test_a_query_that_does_more_than_look_is_refused_even_if_it_catches_that(told_history, look, call, because):
    execution = observed(workflow(told), told_history)
    queued, lines = list(execution.queue), list(execution.log_lines)
    sentence = f"query 'q' cannot use {call} at test_query_looks.py:{look.__code__.co_firstlineno}: {because}"

    def catches():
        try:
            look(execution.program.workflow)
        except BaseException:
            return "all the same"

    for asked in (lambda: look(execution.program.workflow), catches):
        with pytest.raises(DefinitionError) as refused:
            execution.ask("query 'q'", asked)
        assert str(refused.value) == sentence
    assert (list(execution.queue), list(execution.log_lines)) == (queued, lines)
    assert execution.ask("query 'q'", lambda: "it can be asked again") == "it can be asked again"
    assert execution.kill()


@pytest.mark.parametrize(("look", "answer"), ALLOWED)
def test_a_query_may_read_futures_that_have_ended_and_whatever_changes_nothing(told_history, look, answer):
    execution = observed(workflow(told), told_history)
    assert execution.ask("query 'q'", lambda: look(execution.program.workflow)) == answer
    assert execution.kill()


def test_a_result_whose_payload_is_missing_is_no_answer_even_if_the_query_catches_that():
    from simpleflow_nb import payload

    def run(w):
        w.loaded = w.submit(load)
        w.next_signal("never").result

    def missing(digest):
        raise PayloadMissing(f"payload {digest[:4]} is gone")

    text = '"long"'
    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.end("activity-load-1", "Completed", result=payload.reference(text))
        checker.decide()
        execution = observed(checker.workflow_class, checker.run.events, load=missing)

        def catches():
            try:
                return execution.program.workflow.loaded.result
            except Exception:
                return None

        with pytest.raises(PayloadMissing, match=rf"payload {payload.digest(text)[:4]} is gone"):
            execution.ask("query 'q'", catches)
        execution.kill()
