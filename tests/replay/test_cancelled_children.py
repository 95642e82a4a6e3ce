"""Child executions that are cancelled: before they have started, and after."""

from __future__ import annotations

from simpleflow_nb.local.decisions import attributes_of

from .children import (
    ONE,
    Child,
    Named,
    Quiet,
    Retried,
    delivered,
    ended,
    started,
)
from .decision_checker import DecisionChecker, Limits
from .scenarios import load, shorts, workflow
from .steps import completes, decided, result_of, together


def cancels_after_load(child):
    def run(w):
        future = w.submit(child)
        w.submit(load).result
        future.cancel()
        future.cancel()
        error = future.exception
        return [future.state, type(error).__name__, w.executor.open_children]

    return run


CANCEL = f"RequestCancelExternalWorkflowExecution {ONE}"


def test_a_started_child_is_asked_to_cancel_and_is_cancelled_when_it_says_so():
    run = cancels_after_load(Child)
    steps = together(started(ONE), completes("load-1")), delivered, ended(ONE, "Canceled")
    assert decided(run, *steps)[1:] == [[CANCEL], [], ["CompleteWorkflowExecution"]]
    assert result_of(run, *steps) == ["CANCELLED", "WorkflowCanceled", 0]


def test_a_child_that_has_not_started_is_asked_to_cancel_once_it_has():
    run = cancels_after_load(Child)
    steps = completes("load-1"), started(ONE), delivered, ended(ONE, "Canceled")
    assert decided(run, *steps)[1:4] == [[], [CANCEL], []]
    assert result_of(run, *steps) == ["CANCELLED", "WorkflowCanceled", 0]


def test_a_child_whose_start_is_left_over_for_the_next_response_is_asked_to_cancel_once_it_has_started():
    def run(w):
        w.map(load, range(3))
        child = w.submit(Child)
        w.timer(5)
        child.cancel()
        child.exception

    with DecisionChecker(workflow(run), limits=Limits(decisions=3)) as checker:
        checker.decide()
        assert not checker.children
        for n in range(1, 3):
            checker.fire(f"_wake-{n}")
            checker.decide()
        checker.start_child(ONE)
        assert CANCEL in shorts(checker.decide())


def test_a_child_that_ends_before_the_request_reaches_it_has_its_own_end():
    run = cancels_after_load(Quiet)

    def too_late(checker):
        (initiated,) = checker.sent
        checker.deliver(initiated, "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION")

    steps = together(started(ONE), completes("load-1")), together(ended(ONE, result="1"), too_late)
    assert result_of(run, *steps) == ["FINISHED", "NoneType", 0]


def test_a_child_that_fails_after_it_was_asked_to_cancel_is_not_retried():
    run = cancels_after_load(type("R", (Retried, Quiet), {}))
    steps = together(started(ONE), completes("load-1")), delivered, ended(ONE, "Failed", reason="E")
    assert result_of(run, *steps) == ["FINISHED", "WorkflowFailed", 0]


def test_a_child_that_waits_for_its_arguments_is_cancelled_at_once():
    def run(w):
        argument = w.submit(load)
        child, named_child = w.submit(Child, argument), w.submit(Named, argument)
        for one in (child, named_child):
            one.cancel()
        argument.result
        return [[one.state, str(one.exception), type(one.exception).__name__] for one in (child, named_child)]

    assert decided(run, completes("load-1"))[1] == ["CompleteWorkflowExecution"]
    assert result_of(run, completes("load-1")) == [
        ["CANCELLED", f"{ONE}: cancelled", "WorkflowCanceled"],
        ["CANCELLED", "child: cancelled", "WorkflowCanceled"],
    ]


def test_a_request_to_cancel_a_child_reaches_whichever_of_its_runs_is_open():
    """A child may have continued as new since it was started; its parent is not told."""

    def run(w):
        child = w.submit(Child)
        w.submit(load).result
        child.cancel()
        child.exception

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.start_child(ONE)
        checker.complete("activity-load-1")
        (decision,) = checker.decide()
        assert attributes_of(decision) == {"workflowId": ONE}
