"""Tasks under simpleflow's names on SWF, and what failures tell of their tasks."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from simpleflow_nb import Workflow, activity, exceptions, task
from simpleflow_nb.canvas import Chain
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.history import Event, ExternalWorkflowExecutionEvent, History
from simpleflow_nb.swf import task as swf_task
from simpleflow_nb.swf.mapper.models.domain import Domain
from simpleflow_nb.swf.task import ContinueAsNewWorkflowTask, SignalTask, SwfTask, WorkflowTask
from simpleflow_nb.testing import RunFailed, harness, run_workflow

from . import middleware_functions as functions


@activity.with_attributes(version="1")
def add(x: int, y: int = 0) -> int:
    return x + y


@activity.with_attributes(version="1", raises_on_failure=False)
def broken(*args: Any, **kwargs: Any) -> None:
    raise ValueError("nope")


class Child(Workflow):
    name, version, task_list, tag_list = "tasks.child", "1", "deciders", ["a"]
    raises_on_failure = False

    def run(self, x):
        raise ValueError("no child")


class Choosing(Child):
    name = "tasks.choosing"

    def get_task_list(self, x, *more):
        return f"list-{x}"

    def get_tag_list(self, x, *more):
        return [f"tag-{x}"]


# ---- what tasks are and have -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (task.ActivityTask(add, 1), swf_task.ActivityTask),
        (task.NonPythonicActivityTask(add, 1), swf_task.NonPythonicActivityTask),
        (task.ChildWorkflowTask(Child, 1), swf_task.WorkflowTask),
        (task.WorkflowTask(None, Child, 1), swf_task.WorkflowTask),
        (task.ContinueAsNewWorkflowTask(None, Child, 1), swf_task.ContinueAsNewWorkflowTask),
        (task.SignalTask("go"), swf_task.SignalTask),
        (task.MarkerTask("m"), swf_task.MarkerTask),
        (task.TimerTask("t", 1), swf_task.TimerTask),
        (task.CancelTimerTask("t"), swf_task.CancelTimerTask),
        (WorkflowTask(None, Child, 1), task.WorkflowTask),
        (ContinueAsNewWorkflowTask(None, Child, 1), task.ContinueAsNewWorkflowTask),
        (SignalTask("go", "w", "r"), task.SignalTask),
    ],
)
def test_a_task_is_one_under_both_of_its_names(made, kind):
    assert isinstance(made, kind)
    assert isinstance(made, SwfTask)


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (task.ActivityTask(add, 1), WorkflowTask),
        (task.WorkflowTask(None, Child, 1), ContinueAsNewWorkflowTask),
        (WorkflowTask(None, Child, 1), ContinueAsNewWorkflowTask),
        (task.TimerTask("t", 1), SignalTask),
        (3, SwfTask),
    ],
)
def test_a_task_is_none_of_another_kind(made, kind):
    assert not isinstance(made, kind)


@pytest.mark.parametrize(
    ("made", "input"),
    [
        (task.ActivityTask(add, 1, y=2), {"args": [1], "kwargs": {"y": 2}}),
        (task.NonPythonicActivityTask(add, 1, 2), [1, 2]),
        (task.NonPythonicActivityTask(add, y=2), {"y": 2}),
        (WorkflowTask(None, Child, 1), {"args": [1], "kwargs": {}}),
    ],
)
def test_the_input_of_a_task_are_its_arguments(made, input):
    assert made.get_input() == input


@pytest.mark.parametrize(
    ("made", "task_list", "tag_list"),
    [
        (WorkflowTask(None, Child, 1), "deciders", ["a"]),
        (WorkflowTask(None, Child, 1, workflow_task_list="mine"), "mine", ["a"]),
        (WorkflowTask(None, Choosing, 1), "list-1", ["tag-1"]),
        (WorkflowTask(None, Choosing, 1, workflow_task_list="mine"), "mine", ["tag-1"]),
    ],
)
def test_a_child_has_the_task_list_and_tags_that_its_class_says(made, task_list, tag_list):
    assert (made.task_list, made.tag_list) == (task_list, tag_list)


def test_a_workflow_type_is_of_its_domain_and_not_asked_for():
    service = object()
    found = WorkflowTask.get_workflow_type(Domain("shop", service=service), "report", "2")
    assert (found.domain.name, found.name, found.version, found.service) == ("shop", "report", "2", service)


# ---- submitted -------------------------------------------------------------------------------------------------------------


class Counting(Workflow):
    name, version = "tasks.counting", "1"

    def run(self, n):
        if n < 3:
            self.submit(ContinueAsNewWorkflowTask(self.executor, type(self), n + 1))
        return n


class CountingTwo(Counting):
    version = "2"

    def run(self, n):
        return f"version 2 of {n}"


class Chained(Counting):
    def run(self, n):
        if n < 3:
            self.submit(Chain((add, n, 1), ContinueAsNewWorkflowTask(self.executor, type(self)), send_result=True)).result
        return n


class Upgrading(Counting):
    def run(self, n):
        self.submit(ContinueAsNewWorkflowTask(self.executor, CountingTwo, n))


class Leaving(Workflow):
    name, version = "tasks.leaving", "1"

    def run(self):
        self.submit(ContinueAsNewWorkflowTask(self.executor, Child, 1))


def test_a_workflow_continues_as_new_with_a_task():
    assert run_workflow(Counting, 0) == 3


def test_a_workflow_continues_as_new_at_the_end_of_a_chain_with_its_result():
    assert run_workflow(Chained, 0) == 3


def test_a_workflow_continues_as_another_version_of_itself():
    with harness(Upgrading, CountingTwo) as opened:
        assert opened.result(*opened.start(Upgrading, 5)) == "version 2 of 5"


def test_a_workflow_cannot_continue_as_another_type():
    with pytest.raises(RunFailed) as failed:
        run_workflow(Leaving)
    assert failed.value.reason == (
        "DefinitionError: tasks.leaving cannot continue as tasks.child, a run keeps its type; submit that class as a child"
    )


class Signalling(Workflow):
    name, version = "tasks.signalling", "1"

    def run(self):
        here = self.get_run_context()
        extra = {"by": "hand"}
        self.submit(SignalTask("go", here["workflow_id"], here["run_id"], None, extra, 1, two=2))
        return self.submit(self.wait_signal("go")).result


def test_a_signal_may_have_more_in_its_input_than_arguments():
    with harness(Signalling) as opened:
        ids = opened.start(Signalling)
        told = {"args": [1], "kwargs": {"two": 2}, "by": "hand", "__propagate": False}
        assert opened.result(*ids) == told
        history = History(opened.history(*ids))
    kinds = [
        (event.state, event.get("signal_name")) for event in history.events if isinstance(event, ExternalWorkflowExecutionEvent)
    ]
    assert kinds == [("signal_initiated", "go"), ("signaled", None)]
    assert {type(event) for event in history.events} == {Event, ExternalWorkflowExecutionEvent}


# ---- executed without a worker ---------------------------------------------------------------------------------------------


@pytest.fixture
def notes(tmp_path, monkeypatch):
    monkeypatch.setenv(functions.NOTES, str(tmp_path / "notes"))
    (tmp_path / "notes").touch()
    return functions.notes


def paths(*names: str) -> list[str]:
    return [f"{functions.__name__}.{name}" for name in names]


def test_an_executed_task_runs_between_its_middlewares(notes):
    made = task.ActivityTask(functions.in_thread, 1)
    made.load_middlewares({"pre": paths("first", "second"), "post": paths("after")})
    assert made.execute() == 2
    assert [call["called"] for call in notes()] == ["first", "second", "body", "after"]
    assert notes()[-1]["result"] == 2
    assert notes()[0]["context"] == {
        "name": functions.in_thread.name,
        "version": "1",
        "workflow_id": None,
        "run_id": None,
        "activity_id": None,
        "domain_name": None,
        "activity_task_list": None,
        "input": {"args": [1], "kwargs": {}},
    }


@pytest.mark.parametrize("given", [None, {}, {"pre": []}])
def test_a_task_needs_no_middlewares(given):
    made = task.ActivityTask(add, 1, y=2)
    made.load_middlewares(given)
    assert made.execute() == 3


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("first", "middleware first: write the module too, as in package.module.first"),
        ("", "middleware : write the module too, as in package.module.function"),
        ("no.where", "middleware no.where: no cannot be imported: ModuleNotFoundError: No module named 'no'"),
        ("os.nothing", "middleware os.nothing: there is no such function in os"),
        ("os.sep", "middleware os.sep: it cannot be called in os"),
    ],
)
def test_a_middleware_that_is_none_is_refused(path, told):
    with pytest.raises(DefinitionError) as refused:
        task.ActivityTask(add, 1).load_middlewares({"post": [path]})
    assert str(refused.value) == told


# ---- failures and their tasks ----------------------------------------------------------------------------------------------


def described(error: Any) -> list[Any]:
    of = error.payload
    return [type(error).__name__, type(of).__name__, of and [of.name, list(of.args), of.kwargs]]


class Failing(Workflow):
    name, version = "tasks.failing", "1"

    def run(self):
        one, child = self.submit(broken, 1, y=2), self.submit(Child, 3)
        dependent = self.submit(broken, one)
        cancelled = self.submit(self.start_timer("t", 60))
        cancelled.cancel()
        errors = [one.exception, child.exception, dependent.exception, cancelled.exception]
        return [*map(described, errors[:2]), len(errors[2].payload.args), described(errors[3])]


def test_a_failure_tells_its_task():
    assert run_workflow(Failing) == [
        ["TaskFailed", "ActivityTask", [broken.name, [1], {"y": 2}]],
        ["WorkflowFailed", "ChildWorkflowTask", ["workflow-tasks.child", [3], {}]],
        1,
        ["TaskCanceled", "NoneType", None],
    ]


class Judging(Failing):
    name = "tasks.judging"

    def run(self):
        return self.submit(broken, 1).exception.reason

    def on_task_failure(self, failure_context):
        assert failure_context.exception.payload.args == (1,)
        assert isinstance(failure_context.a_task, swf_task.ActivityTask)
        return failure_context.decide_abort() if failure_context.retry_count else failure_context.decide_retry()


def test_a_hook_is_told_the_task_of_a_failure():
    with pytest.raises(RunFailed, match="ValueError: nope"):
        run_workflow(Judging)


class Slow(Workflow):
    name, version, execution_timeout, raises_on_failure = "tasks.slow", "1", 9, False

    def run(self):
        self.timer(60).result


class Parent(Workflow):
    name, version = "tasks.parent", "1"

    def run(self):
        error = self.submit(Slow).exception
        return [type(error).__name__, error.timeout_type, error.timeout_value]


def test_the_timeout_of_a_child_tells_its_seconds():
    with harness(Parent, Slow) as opened:
        assert opened.result(*opened.start(Parent)) == ["WorkflowTimeout", "START_TO_CLOSE", 9]


@pytest.mark.parametrize(
    "error",
    [
        exceptions.TaskFailed("a-1", "ValueError: nope", "{}"),
        exceptions.TimeoutError("a-1", "HEARTBEAT", "beaten", 5),
        exceptions.TimeLimitExceeded("timer-1", 5),
        exceptions.WorkflowFailed("w", "no"),
    ],
)
def test_a_copy_of_a_failure_leaves_its_task_behind(error):
    error.task = task.ActivityTask(add, 1)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(again), str(again), again.task) == (type(error), str(error), None)
        assert getattr(again, "timeout_value", None) == getattr(error, "timeout_value", None)
