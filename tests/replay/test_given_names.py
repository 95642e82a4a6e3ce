"""Names, ids and settings that workflow code gives: refused where it gives them if the service would refuse them.

A refused decision parks the run, for somebody to look into, and goes on only when the code is mended.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from simpleflow_nb import Workflow
from simpleflow_nb.activity import PRIORITY_NOT_SET
from simpleflow_nb.task import ChildWorkflowTask

from .decision_checker import DecisionChecker
from .scenarios import declared, load, shorts, workflow
from .steps import decided, failure_of, fires, nothing

AGAIN = "of continue_as_new() is"
SECONDS = "99999999 are expected"
VERSION = "it has to be 1 to 64 characters, no ':', '/', '|' or controls, no blanks at its ends, not 'arn'"
NO_RUN_ID = "is not a run id: a text of 1 to 64 characters, or None"
NO_TARGET = "is not a workflow id: a text of 1 to 256 characters"
NO_PRIORITY = "a whole number from -2147483648 to 2147483647 is expected, or None"
ITS_ID = "__activity_id of load: a text of 1 to 256 characters, not beginning with an underscore"
NO_NAME = "it has to be 1 to 256 characters, no ':', '/', '|' or controls, no blanks at its ends, not 'arn'"
HALF = "a\ud800"


def child(**settings):
    """A class with these settings, of which a child is started."""
    return type("Child", (Workflow,), {"name": "child", "task_list": "decisions", "run": lambda self: None, **settings})


def again(**settings):
    return lambda w: w.submit(replace(w.continue_as_new(), **settings))


@pytest.mark.parametrize("name", ["", "x" * 257, 5, None, ["a"], HALF])
@pytest.mark.parametrize(
    ("give", "what"),
    [
        (lambda w, name: w.submit(w.signal(name, workflow_id="other")), "a signal"),
        (lambda w, name: w.next_signal(name), "a signal"),
        (lambda w, name: w.submit(w.wait_signal(name)), "a signal"),
        (lambda w, name: w.submit(w.record_marker(name)), "a marker"),
        (lambda w, name: w.submit(w.start_timer(name, 1)), "a timer"),
    ],
)
def test_a_name_is_a_text_that_the_service_takes(name, give, what):
    """A wait for a signal whose name is no text ended the decider."""

    def run(w):
        give(w, name).wait()

    own = "" if what == "a signal" else ", not beginning with an underscore"
    assert failure_of(run) == f"DefinitionError: {name!r:.80} cannot name {what}: a text of 1 to 256 characters{own}"


@pytest.mark.parametrize(
    ("give", "message"),
    [
        (lambda w: w.submit(w.signal("a", workflow_id=5)), f"5 {NO_TARGET}"),
        (lambda w: w.submit(w.signal("a", workflow_id="")), f"'' {NO_TARGET}"),
        (lambda w: w.submit(w.signal("a", workflow_id="x" * 257)), f"{'x' * 257!r:.80} {NO_TARGET}"),
        (lambda w: w.submit(w.signal("a", workflow_id=HALF)), f"{HALF!r} {NO_TARGET}"),
        (lambda w: w.submit(w.signal("a", workflow_id="b", run_id=7)), f"7 {NO_RUN_ID}"),
        (lambda w: w.submit(w.cancel_workflow(5)), f"5 {NO_TARGET}"),
        (lambda w: w.submit(w.cancel_workflow("")), f"'' {NO_TARGET}"),
        (lambda w: w.submit(w.cancel_workflow("b", "x" * 65)), f"{'x' * 65!r} {NO_RUN_ID}"),
        (lambda w: w.patched(None), "None cannot name a change: a text of 1 to 249 characters"),
        (lambda w: w.patched("x" * 250), f"{'x' * 250!r:.80} cannot name a change: a text of 1 to 249 characters"),
        (lambda w: w.deprecate_patch(3), "3 cannot name a change: a text of 1 to 249 characters"),
        (lambda w: w.submit(load, __priority="high"), f"__priority of load is 'high'; {NO_PRIORITY}"),
        (lambda w: w.submit(load, __priority=True), f"__priority of load is True; {NO_PRIORITY}"),
        (lambda w: w.submit(load, __priority=2**31), f"__priority of load is 2147483648; {NO_PRIORITY}"),
        (lambda w: w.submit(load, __activity_id=5), f"5 cannot name {ITS_ID}"),
        (lambda w: w.submit(load, __activity_id="_own"), f"'_own' cannot name {ITS_ID}"),
        (lambda w: w.submit(load, __activity_id="a:1"), f"__activity_id of load is 'a:1'; {NO_NAME}"),
        (
            lambda w: w.submit(load, __activity_id="day.3"),
            "__activity_id of load is 'day.3'; a point and a number at its end are those of a further attempt",
        ),
        (
            lambda w: [w.submit(load, __activity_id="day"), w.submit(load, __activity_id="day")],
            "'day' is the id of a task or timer of this run; give this task of load another one",
        ),
        (
            lambda w: w.submit(declared("load", idempotent=True), __activity_id="day"),
            "load has its id from its arguments; submit it without __activity_id",
        ),
        (
            lambda w: w.submit(child(), __activity_id="day"),
            "child is a workflow, and no activity has its id; get_workflow_id() gives it one",
        ),
        (lambda w: w.submit(child(), __priority="x"), f"__priority of child is 'x'; {NO_PRIORITY}"),
        (again(tag_list=["a"] * 6), "tag_list of continue_as_new() has 6 tags; an execution has at most 5"),
        (again(tag_list="a"), "tag_list of continue_as_new() is 'a'; a list of texts is expected, such as ['daily']"),
        (again(execution_timeout=-9), f"execution_timeout {AGAIN} -9; whole seconds from 1 to 31536000 are expected"),
        (again(decision_tasks_timeout=1.5), f"decision_tasks_timeout {AGAIN} 1.5; whole seconds from 0 to {SECONDS}"),
        (again(child_policy="KILL"), f"child_policy {AGAIN} 'KILL'; it is one of TERMINATE, REQUEST_CANCEL, ABANDON"),
        (again(version=2), f"version of continue_as_new() is 2; {VERSION}"),
        (again(task_list="a:b"), f"task_list of continue_as_new() is 'a:b'; {NO_NAME}"),
        (again(task_priority="1"), f"task_priority of continue_as_new() is '1'; {NO_PRIORITY}"),
    ],
)  # fmt: skip
def test_what_the_service_would_refuse_fails_the_run_where_it_is_given(give, message):
    def run(w):
        give(w).wait()

    assert failure_of(run) == f"DefinitionError: {message}"[:256]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "a:b"}, f"the type name of {{}} is 'a:b'; {NO_NAME}"),
        ({"version": ""}, f"{{}}.version is ''; {VERSION}"),
        ({"tag_list": ["a"] * 6}, "{}.tag_list has 6 tags; an execution has at most 5"),
        ({"tag_list": ["t" * 257]}, f"{{}}.tag_list has the tag {'t' * 257!r:.80}; a tag is a text of at most 256 characters"),
        ({"child_policy": "KILL"}, "{}.child_policy is 'KILL'; it is one of TERMINATE, REQUEST_CANCEL, ABANDON"),
        ({"execution_timeout": "soon"}, "{}.execution_timeout is 'soon'; whole seconds from 1 to 31536000 are expected"),
        ({"decision_tasks_timeout": -1}, "{}.decision_tasks_timeout is -1; whole seconds from 0 to 99999999 are expected"),
        ({"task_list": "a/b"}, f"the task list of {{}} is 'a/b'; {NO_NAME}"),
        ({"task_priority": 2**40}, f"{{}}.task_priority is {2**40}; {NO_PRIORITY}"),
        ({"get_workflow_id": lambda cls: HALF}, f"{{}}.get_workflow_id() is {HALF!r}; {NO_NAME}"),
    ],
)
def test_so_it_is_with_the_settings_of_a_child(settings, message):
    def run(w):
        w.submit(child(**settings)).wait()

    assert failure_of(run) == f"DefinitionError: {message.format(f'{__name__}.Child')}"[:256]


def test_a_list_of_its_own_is_a_task_list_too():
    def run(w):
        w.submit(ChildWorkflowTask(child(), workflow_task_list="a|b")).wait()

    assert failure_of(run) == f"DefinitionError: the task list of {__name__}.Child is 'a|b'; {NO_NAME}"


@pytest.mark.parametrize("given", [None, 0, -(2**31), PRIORITY_NOT_SET])
def test_priorities_that_the_service_takes_are_taken(given):
    def run(w):
        w.submit(load, __priority=given).wait()

    assert decided(run) == [["ScheduleActivityTask load-1"]]


def test_a_task_has_the_id_that_it_is_given_and_its_attempts_a_number_behind_it():
    def run(w):
        w.submit(declared("load", retry=1), __activity_id="day-3").wait()

    first, second = (lambda checker, id=id: checker.fail(id, "ValueError: no") for id in ("day-3", "day-3.2"))
    assert decided(run, first, second) == [
        ["ScheduleActivityTask day-3"],
        ["ScheduleActivityTask day-3.2"],
        ["CompleteWorkflowExecution"],
    ]


def test_timeouts_may_be_written_as_texts():
    def run(w):
        w.submit(child(execution_timeout="3600", decision_tasks_timeout="60")).wait()

    assert [line.partition(" ")[0] for line in decided(run)[0]] == ["StartChildWorkflowExecution"]


# ---- a run that cannot continue as new ---------------------------------------------------------------------------------------


def refused_with(*causes):
    left = list(causes)
    return {"ContinueAsNewWorkflowExecution": lambda attributes: left.pop(0) if left else None}


def continued(w):
    w.submit(replace(w.continue_as_new(), version="99"))


def test_a_run_that_the_service_does_not_let_continue_as_new_fails():
    """It asked again at once, and filled its history with refusals."""
    with DecisionChecker(workflow(continued), refuse_others=refused_with("WORKFLOW_TYPE_DOES_NOT_EXIST")) as checker:
        assert shorts(checker.decide()) == ["ContinueAsNewWorkflowExecution"]
        [last] = checker.decide()
        assert last["failWorkflowExecutionDecisionAttributes"]["reason"] == (
            "DefinitionError: the run cannot continue as new, version '99' of 'played': WORKFLOW_TYPE_DOES_NOT_EXIST"
        )
        checker.check_end()


def test_a_rate_that_does_not_let_it_is_waited_for():
    cause = "CONTINUE_AS_NEW_WORKFLOW_EXECUTION_RATE_EXCEEDED"
    found = decided(
        continued, nothing, fires("_backoff-1"), nothing, fires("_backoff-2"), refuse_others=refused_with(cause, cause)
    )
    assert found == [
        ["ContinueAsNewWorkflowExecution"],
        ["StartTimer _backoff-1"],
        ["ContinueAsNewWorkflowExecution"],
        ["StartTimer _backoff-2"],
        ["ContinueAsNewWorkflowExecution"],
    ]
