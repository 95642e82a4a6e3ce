"""Hooks, conditions and methods of children, which the engine calls beside the code, and what they raise."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from simpleflow_nb import Workflow
from simpleflow_nb.canvas import Chain

from .decision_checker import DecisionChecker
from .scenarios import clean, join, load, shorts, workflow
from .steps import asked_to_cancel, completes, decided, failure_of


def leave(*_: Any, **__: Any) -> Any:
    sys.exit("no more")


def interrupt(*_: Any, **__: Any) -> Any:
    raise KeyboardInterrupt("of this process")


def waits(w):
    w.submit(load).result


def waiting_until(condition):
    def run(w):
        future = w.submit(load)
        w.wait_until(lambda: future.done and condition())

    return run


class Child(Workflow):
    name, version, task_list = "child", "1", "children"

    def run(self, *args: Any) -> None:
        raise AssertionError("it is never run here")


def decided_by(execution, checker: DecisionChecker) -> list[str]:
    """What one execution decides, which is kept: hooks are not called for decisions that others have made."""
    checker.start_decision()
    execution.read_events = lambda until: checker.run.events[:until]
    decisions = execution.advance(checker.run.events[execution.next_id - 1 :])
    checker.respond(decisions)
    return shorts(decisions)


def parent_of(**methods: Any):
    child = type("Asked", (Child,), methods)

    def run(w):
        w.submit(child, w.submit(load)).result

    return run, child.class_path()


def test_a_condition_that_exits_fails_the_run_where_it_waits():
    assert failure_of(waiting_until(leave), completes("load-1")) == "SystemExit: no more"


@pytest.mark.parametrize("name", ["before_replay", "after_replay", "on_completed", "after_closed"])
def test_a_hook_that_exits_changes_no_decision_and_is_told_of(name):
    with DecisionChecker(workflow(waits, **{name: leave})) as checker:
        execution = checker.new()
        assert decided_by(execution, checker) == ["ScheduleActivityTask load-1"]
        checker.complete("activity-load-1")
        assert decided_by(execution, checker) == ["CompleteWorkflowExecution"]
        assert f"{name}() raised SystemExit: no more" in execution.log_lines


def runs_beside(w):
    w.submit(Chain(load, clean))
    w.submit(join).result


@pytest.mark.parametrize(
    ("run", "step", "end"),
    [
        (waits, asked_to_cancel, "CancelWorkflowExecution"),
        (runs_beside, completes("join-1"), "CompleteWorkflowExecution"),
    ],
)
def test_a_hook_that_is_refused_after_the_code_was_unwound_is_told_of_too(run, step, end):
    def submits(self, history):
        self.submit(load)

    with DecisionChecker(workflow(run, after_closed=submits)) as checker:
        execution = checker.new()
        decided_by(execution, checker)
        step(checker)
        assert decided_by(execution, checker) == [end]
        [line] = execution.log_lines
        assert line.startswith("after_closed() raised DefinitionError: after_closed() cannot use submit at test_hooks.py:")


@pytest.mark.parametrize("method", ["get_workflow_id", "get_task_list", "get_tag_list"])
def test_a_method_of_a_child_that_exits_is_the_failure_of_the_child(method):
    run, path = parent_of(**{method: leave})
    assert f"{path}.{method}() raised SystemExit: no more" in failure_of(run, completes("load-1"))


@pytest.mark.parametrize(
    "cls",
    [
        workflow(waiting_until(interrupt)),
        workflow(waits, before_replay=interrupt),
        workflow(parent_of(get_task_list=interrupt)[0]),
    ],
)
def test_an_interrupt_of_this_process_goes_through_all_of_them(cls):
    with pytest.raises(KeyboardInterrupt, match="of this process"):
        decided(cls, completes("load-1"))


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("look", [lambda w: w.submit(clean), lambda w: w.next_signal("go").result])
def test_a_condition_that_does_more_than_look_fails_the_run_and_changes_nothing(look, is_first):
    def run(w):
        future = w.submit(load)
        w.wait_until(lambda: (is_first or future.done) and look(w))

    failure = failure_of(run, *([] if is_first else [completes("load-1")]))
    assert failure.startswith("DefinitionError: the condition of wait_until() cannot use ")
    assert f" at test_hooks.py:{look.__code__.co_firstlineno}: " in failure
