"""Hooks that are written wrongly: the run is told, or the log; the decider goes on with all others."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simpleflow_nb import Workflow, activity
from simpleflow_nb.task import ActivityTask
from simpleflow_nb.testing import RunFailed, harness, run_workflow

OTHER = "on_task_failure() has decided for {}, not for a task of {}; another activity is submitted by run()"


@activity.with_attributes()
def failing(x):
    raise ValueError(f"no {x}")


@activity.with_attributes()
def other(x):
    return x


def odd(run=None, **hooks):
    return type("Odd", (Workflow,), {"name": "odd", "__module__": __name__, "run": run or (lambda self: 1), **hooks})


def reason_of(cls):
    with pytest.raises(RunFailed) as raised:
        run_workflow(cls)
    assert raised.value.status == "FAILED"
    return raised.value.reason


def leaves(*_):
    raise SystemExit(3)


async def asynchronous(self, *_):
    return False


@pytest.mark.parametrize("name", ["before_replay", "after_replay", "on_completed", "after_closed"])
def test_a_hook_that_exits_is_told_of_and_the_decider_goes_on(name):
    """It ended the thread that decides, and every other run waited."""
    with harness() as service:
        assert service.result(*service.start(odd(**{name: leaves}))) == 1


@pytest.mark.parametrize("name", ["should_cancel", "on_canceled", "on_task_failure", "before_replay", "on_completed"])
def test_a_hook_that_is_async_fails_the_run(name):
    """It was called and never awaited: a run that should not be cancelled was."""
    message = f"DefinitionError: {__name__}.Odd.{name}() is async; a hook never waits, write a plain def"
    assert reason_of(odd(**{name: asynchronous})) == message


def decides(decision):
    return odd(run=lambda self: self.submit(failing, 1).result, on_task_failure=lambda self, context: decision(context))


def with_arguments(**changes):
    def decision(context):
        for name, value in changes.items():
            setattr(context.a_task, name, value)
        return context.decide_retry() if context.retry_count < 1 else None

    return decides(decision)


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (decides(lambda c: True), "DefinitionError: on_task_failure() returned True; return the context, or None"),
        (decides(lambda c: c.decide_retry(-5)), "DefinitionError: a timer of -5 seconds: it takes 0 to 99999999"),
        (decides(lambda c: c.decide_retry(10**9)), "DefinitionError: a timer of 1000000000 seconds: it takes 0 to 99999999"),
        (
            decides(lambda c: c.decide_handled(ActivityTask(other, 1))),
            f"DefinitionError: {OTHER.format(f'ActivityTask({__name__}.other)', f'{__name__}.failing')}",
        ),
        (decides(lambda c: c.decide_handled(None)), f"DefinitionError: {OTHER.format('None', f'{__name__}.failing')}"),
        (with_arguments(args=5), "DefinitionError: on_task_failure() has set args to 5; a tuple is expected"),
        (with_arguments(kwargs=None), "DefinitionError: on_task_failure() has set kwargs to None; a mapping is expected"),
        (
            with_arguments(args=(len,)),
            f"TypeError: an argument of {__name__}.failing: builtins.builtin_function_or_method is not a JSON value: "
            "<built-in function len>",
        ),
    ],
)
def test_a_decision_about_a_failure_that_cannot_be_carried_out_fails_the_run(cls, message):
    """It parked the run, or the task was tried without end."""
    assert reason_of(cls)[:250] == message[:250]


def test_a_wait_before_a_retry_may_be_a_timedelta():
    def decision(context):
        return context.decide_retry(timedelta(minutes=1)) if context.retry_count < 1 else context.decide_ignore()

    assert run_workflow(decides(decision)) is None
