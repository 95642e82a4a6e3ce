"""Child executions: how they are named, started, held back, cancelled, retried and ended."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from simpleflow_nb import RetryPolicy, Workflow, futures
from simpleflow_nb.constants import MAX_OPEN_CHILD_COUNT
from simpleflow_nb.exceptions import DefinitionError, TaskFailed, WorkflowException
from simpleflow_nb.local.decisions import attributes_of
from simpleflow_nb.task import ChildWorkflowTask, WorkflowTask

from .decision_checker import DecisionChecker, Limits
from .scenarios import clean, load, replay_by, shorts, strict, workflow
from .steps import completes, decided, fails, failure_of, fires, result_of, together


class Child(Workflow):
    name, version, task_list = "child", "1", "children"

    def run(self, *args: Any, **kwargs: Any) -> None:
        raise AssertionError("it is never run here")


class Quiet(Child):
    raises_on_failure = False


class Retried(Child):
    retry = 1


class Patient(Child):
    retry = RetryPolicy(attempts=2, first_wait=timedelta(seconds=5))


class Once(Child):
    idempotent = True


class Named(Child):
    @classmethod
    def get_workflow_id(cls, workflow, day, **kwargs):
        return f"named {day}"


class Other(Child):
    name = "other"


ONE, TWO = (f"workflow-child-played--5e801b4--{n}" for n in (1, 2))


def starts(*ids: str) -> list[str]:
    return [f"StartChildWorkflowExecution {one}" for one in ids]


def started(workflow_id: str):
    return lambda checker: checker.start_child(workflow_id)


def ended(workflow_id: str, how: str = "Completed", **body: Any):
    return lambda checker: checker.end_child(workflow_id, how, **body)


def refused(workflow_id: str, cause: str):
    return lambda checker: checker.refuse_child(workflow_id, cause)


def delivered(checker: DecisionChecker) -> None:
    checker.deliver_all()


# ---- starting --------------------------------------------------------------------------------------------------------------


def test_a_child_is_started_with_the_settings_of_its_class_and_its_result_is_that_of_its_run():
    class Whole(Child):
        task_priority, tag_list, child_policy = 3, ["a", "b"], "ABANDON"
        execution_timeout, decision_tasks_timeout = 60, 5

    def run(w):
        return w.submit(Whole, 1, k=2).result

    with DecisionChecker(workflow(run)) as checker:
        (decision,) = checker.decide()[1:]
        assert attributes_of(decision) == {
            "workflowId": ONE,
            "workflowType": {"name": "child", "version": "1"},
            "taskList": {"name": "children"},
            "input": json.dumps(
                {"__extra": {"class": Whole.class_path()}, "args": [1], "kwargs": {"k": 2}}, separators=(",", ":")
            ),
            "childPolicy": "ABANDON",
            "executionStartToCloseTimeout": "60",
            "taskStartToCloseTimeout": "5",
            "taskPriority": "3",
            "tagList": ["a", "b"],
        }
        checker.complete_child(ONE, [1, 2])
        assert attributes_of(checker.decide()[-1]) == {"result": "[1,2]"}


def test_methods_of_the_class_may_give_the_list_and_the_tags_of_a_child():
    class Asked(Child):
        get_task_list = classmethod(lambda cls, workflow, day: f"list of {day}")
        get_tag_list = classmethod(lambda cls, workflow, day: [day])

    class Heir(Child):
        task_list, tag_list = None, Workflow.INHERIT_TAG_LIST

    def run(w):
        w.submit(Asked, "monday")
        w.submit(Heir)
        w.submit(WorkflowTask(w.executor, Child, workflow_task_list="own"))
        w.submit(Child, __priority=7)
        w.timer(1).result

    with DecisionChecker(workflow(run), started={"tagList": ["of the parent"]}) as checker:
        made = [attributes_of(one) for one in checker.decide()[1:5]]
        assert [(one["taskList"]["name"], one.get("tagList"), one.get("taskPriority")) for one in made] == [
            ("list of monday", ["monday"], None),
            ("decisions", ["of the parent"], None),
            ("own", None, None),
            ("children", None, "7"),
        ]


def test_a_child_without_a_result_gives_none():
    def run(w):
        return [w.submit(Child).result]

    assert result_of(run, ended(ONE)) == [None]


def test_the_ids_of_a_child_are_known_as_soon_as_they_exist():
    def run(w):
        child = w.submit(Child)
        seen = [[child.workflow_id, child.run_id, child.state]]
        for _ in range(2):
            w.timer(1).result
            seen.append([child.workflow_id, child.run_id, child.state])
        return seen

    assert result_of(run, fires("timer-1"), together(started(ONE), fires("timer-2"))) == [
        [ONE, None, "PENDING"],
        [ONE, None, "RUNNING"],
        [ONE, f"run of {ONE}", "RUNNING"],
    ]


def test_children_of_two_runs_of_one_parent_have_different_ids():
    def run(w):
        return w.submit(Child).workflow_id

    assert {result_of(run, run_id=run_id) for run_id in ("run-1", "run-2")} == {ONE, "workflow-child-played--5e901b5--1"}


def test_ids_of_children_are_given_at_submit_whether_or_not_their_arguments_are_there():
    def run(w):
        held, ready = w.submit(Child, w.submit(load)), w.submit(Child, 2)
        return [held.id, ready.id, *futures.wait(held, ready)]

    steps = completes("load-1", 1), ended(TWO, result='"two"'), ended(ONE, result='"one"')
    assert decided(run, *steps)[:2] == [["ScheduleActivityTask load-1", *starts(TWO)], starts(ONE)]
    assert result_of(run, *steps) == [ONE, TWO, "one", "two"]


@pytest.mark.parametrize("cls", [Child, Once, Named])
def test_an_argument_may_be_a_future_that_has_ended_already(cls):
    def run(w):
        argument = w.submit(load)
        argument.result
        w.submit(cls, argument).result

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-load-1", "a")
        (decision,) = checker.decide()
        assert attributes_of(decision)["workflowType"] == {"name": "child", "version": "1"}
        assert json.loads(attributes_of(decision)["input"])["args"] == ["a"]


def test_a_child_whose_argument_failed_is_never_started():
    def run(w):
        child = w.submit(Quiet, [w.submit(load)])
        return [str(child.exception), child.result]

    assert result_of(run, fails("load-1")) == [f"{ONE}: needs activity-load-1, which failed", None]


def test_iterators_and_generators_among_the_arguments_are_read_once():
    def run(w):
        w.submit(Child, (n for n in range(2)), map(str, [w.submit(load).id])).result

    with DecisionChecker(workflow(run)) as checker:
        decision = checker.decide()[-1]
        assert json.loads(attributes_of(decision)["input"])["args"] == [[0, 1], ["activity-load-1"]]


# ---- named and idempotent children -----------------------------------------------------------------------------------------


def test_equal_calls_of_an_idempotent_child_are_one_child():
    def run(w):
        one, other, third = w.submit(Once, 1), w.submit(Once, 1), w.submit(Once, 2)
        results = futures.wait(one, other, third)
        late = w.submit(Once, 1)
        return [one.id == other.id == late.id, one.id != third.id, *results, late.result, late.run_id, other.run_id]

    with DecisionChecker(workflow(run)) as checker:
        first, second = (attributes_of(one)["workflowId"] for one in checker.decide()[1:])
        checker.complete_child(first, "one")
        checker.decide()
        checker.complete_child(second, "two")
        result = json.loads(attributes_of(checker.decide()[-1])["result"])
        assert result == [True, True, "one", "one", "two", "one", f"run of {first}", f"run of {first}"]


def test_an_idempotent_child_with_pending_arguments_joins_the_one_that_they_turn_out_to_mean():
    def run(w):
        ready, held = w.submit(Once, 1), w.submit(Once, w.submit(load))
        return [*futures.wait(ready, held), ready.workflow_id == held.workflow_id]

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-load-1", 1)
        assert checker.decide() == []
        checker.complete_child(next(iter(checker.children)), 7)
        assert attributes_of(checker.decide()[-1])["result"] == "[7,7,true]"


def test_a_failure_of_an_idempotent_child_is_that_of_each_call():
    def run(w):
        one, other = w.submit(type("O", (Once, Quiet), {}), 1), w.submit(type("O", (Once, Quiet), {}), 1)
        return [str(one.exception), one.exception is other.exception, w.submit(type("O", (Once, Quiet), {}), 1).state]

    with DecisionChecker(workflow(run)) as checker:
        (child,) = (attributes_of(one)["workflowId"] for one in checker.decide()[1:])
        checker.end_child(child, "Failed", reason="E: no")
        assert json.loads(attributes_of(checker.decide()[-1])["result"]) == [f"{child}: E: no", True, "FINISHED"]


def test_a_class_may_name_its_children():
    def run(w):
        return [w.submit(Named, w.submit(load)).result, w.submit(Named, "b").workflow_id]

    assert decided(run, completes("load-1", "a"))[1] == starts("named a")
    assert result_of(run, completes("load-1", "a"), ended("named a", result="1")) == [1, "named b"]


def named(name: Any) -> type[Workflow]:
    return type("Misnamed", (Child,), {"get_workflow_id": lambda cls, *args: name, "raises_on_failure": False})


@pytest.mark.parametrize("pending", [False, True])
@pytest.mark.parametrize("name", ["x" * 257, 7, "a:b", "a/b", "a|b", "a\nb", "a\x9fb", "arn", " a", "a ", "\u2003a"])
def test_a_name_that_no_execution_can_have_is_refused_before_the_service_refuses_the_whole_decision(name, pending):
    def run(w):
        try:
            error = w.submit(named(name), w.submit(load) if pending else 1).exception
        except DefinitionError as refusal:
            error = refusal
        return str(error)

    said = result_of(run, *([completes("load-1")] if pending else []))
    assert said.endswith(
        f"tests.replay.test_children.Misnamed.get_workflow_id() is {name!r:.80}; it has to be "
        "1 to 256 characters, no ':', '/', '|' or controls, no blanks at its ends, not 'arn'"
    )


@pytest.mark.parametrize("pending", [False, True])
@pytest.mark.parametrize("name", [None, ""])
def test_a_child_that_its_class_does_not_name_has_an_id_of_the_run(name, pending):
    class Sometimes(Child):
        @classmethod
        def get_workflow_id(cls, workflow, day):
            return name if day == "any" else f"on {day}"

    class Idempotent(Sometimes):
        idempotent = True

    def run(w):
        day = w.submit(load) if pending else "any"
        twice = [w.submit(Sometimes, one) for one in (day, "monday", day)]
        once = [w.submit(Idempotent, day) for _ in range(2)]
        return [child.result for child in (*twice, *once)]

    *_, asked = decided(run, *([completes("load-1", "any")] if pending else []))
    ids = [one.removeprefix("StartChildWorkflowExecution ") for one in asked if one.startswith("StartChild")]
    [digest] = {one for one in ids if len(one) > len(ONE)}
    assert sorted(ids) == sorted([ONE, TWO, digest, *([] if pending else ["on monday"])])


@pytest.mark.parametrize("pending", [False, True])
def test_a_method_of_the_class_that_raises_is_the_failure_of_the_child(pending):
    class Broken(Quiet):
        @classmethod
        def get_workflow_id(cls, *args):
            raise KeyError("oops")

    def run(w):
        try:
            error = w.submit(Broken, w.submit(load) if pending else 1).exception
            assert isinstance(error, WorkflowException)
        except DefinitionError as refusal:
            error = refusal
        return [str(error), w.submit(clean).result]

    steps = [completes("load-1")] if pending else []
    said, _ = result_of(run, *steps, completes("clean-1"))
    assert said.endswith(f"{Broken.class_path()}.get_workflow_id() raised KeyError: 'oops'")


def test_a_named_child_that_is_retried_has_an_id_that_the_service_takes():
    class Long(Patient):
        get_workflow_id = classmethod(lambda cls, *args: "x" * 256)

    def run(w):
        return w.submit(Long).result

    with DecisionChecker(workflow(run)) as checker:
        (decision,) = checker.decide()[1:]
        assert attributes_of(decision)["workflowId"] == "x" * 256
        checker.end_child("x" * 256, "Failed", reason="E")
        (retry,) = checker.decide()
        timer_id = attributes_of(retry)["timerId"]
        checker.fire(timer_id)
        (again,) = checker.decide()
        second = attributes_of(again)["workflowId"]
        assert (len(timer_id) <= 256, len(second) <= 256, second != "x" * 256) == (True, True, True)
        checker.complete_child(second, 7)
        assert attributes_of(checker.decide()[-1])["result"] == "7"


# ---- refused ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cause",
    [
        *("WORKFLOW_TYPE_DOES_NOT_EXIST", "WORKFLOW_TYPE_DEPRECATED", "OPERATION_NOT_PERMITTED"),
        *("DEFAULT_CHILD_POLICY_UNDEFINED", "DEFAULT_TASK_LIST_UNDEFINED"),
        *("DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED", "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
    ],
)
def test_a_child_that_the_service_refuses_has_failed_for_its_cause(cause):
    def run(w):
        child = w.submit(Quiet)
        return [str(child.exception), child.result, child.run_id, w.executor.open_children]

    refuse = {"StartChildWorkflowExecution": lambda a: cause}
    assert result_of(run, lambda checker: None, refuse_others=refuse) == [f"{ONE}: {cause}", None, None, 0]


def test_a_child_whose_id_is_taken_has_failed_after_it_was_initiated():
    def run(w):
        try:
            w.submit(Named, "a").result
        except WorkflowException as error:
            return [type(error).__name__, str(error), w.executor.open_children]

    assert result_of(run, refused("named a", "WORKFLOW_ALREADY_RUNNING")) == (
        ["WorkflowFailed", "named a: WORKFLOW_ALREADY_RUNNING", 0]
    )


def quota(cause: str, times: int):
    left = [times]

    def refuse(a):
        left[0] -= 1
        return cause if left[0] >= 0 else None

    return {"StartChildWorkflowExecution": refuse}


def test_a_child_that_a_quota_refuses_is_started_after_the_backoff_timer():
    def run(w):
        return w.submit(Child).result

    steps = (lambda checker: None), fires("_backoff-1"), ended(ONE, result="1")
    options: dict[str, Any] = {"refuse_others": quota("OPEN_CHILDREN_LIMIT_EXCEEDED", 1)}
    assert decided(run, *steps, **options) == [
        starts(ONE),
        ["StartTimer _backoff-1"],
        starts(ONE),
        ["CompleteWorkflowExecution"],
    ]


def test_a_child_that_is_cancelled_while_its_start_was_under_way_and_refused_has_not_been_started():
    def run(w):
        child = w.submit(Child)
        child.cancel()
        return [child.state if child.exception else "", type(child.exception).__name__]

    steps = [lambda checker: None]
    options: dict[str, Any] = {"refuse_others": quota("OPEN_CHILDREN_LIMIT_EXCEEDED", 1)}
    assert result_of(run, *steps, **options) == ["CANCELLED", "WorkflowCanceled"]


def test_children_refused_for_their_rate_are_started_in_portions_each_after_a_pause():
    def run(w):
        w.map(Child, range(90))
        w.timer(3600).result

    with DecisionChecker(workflow(run), refuse_others=quota("CHILD_CREATION_RATE_EXCEEDED", 60)) as checker:
        assert shorts(checker.decide())[:90] == starts(*(f"{ONE[:-1]}{n}" for n in range(1, 91)))
        assert shorts(checker.decide()) == ["StartTimer _pace-1"]
        portions = []
        for n in range(1, 4):
            checker.fire(f"_pace-{n}")
            checker.evict()
            decisions = shorts(checker.decide())
            pauses = [one for one in decisions if "_pace" in one]
            assert pauses == ([f"StartTimer _pace-{n + 1}"] if n < 3 else [])
            portions.append(len(decisions) - len(pauses))
        assert portions == [24, 24, 12]
        assert len(checker.children) == 90


def test_the_pause_doubles_while_the_service_refuses_all_the_same():
    def run(w):
        w.submit(Child)
        w.timer(3600).result

    with DecisionChecker(workflow(run), refuse_others=quota("CHILD_CREATION_RATE_EXCEEDED", 4)) as checker:
        checker.decide()
        waits = []
        for n in range(1, 5):
            (timer,) = checker.decide()
            waits.append(int(attributes_of(timer)["startToFireTimeout"]))
            assert attributes_of(timer)["timerId"] == f"_pace-{n}"
            checker.fire(f"_pace-{n}")
            assert shorts(checker.decide()) == starts(ONE)
        assert waits == [2, 4, 8, 16]
        assert checker.cached.is_paced is False


def test_a_child_that_waits_for_its_turn_is_cancelled_at_once_and_never_started():
    def run(w):
        children = w.map(Child, range(3))
        w.submit(load).result
        children[1].cancel()
        return [children[1].state, type(children[1].exception).__name__, futures.wait(*children)]

    with DecisionChecker(workflow(run), refuse_others=quota("CHILD_CREATION_RATE_EXCEEDED", 3)) as checker:
        checker.decide()
        assert shorts(checker.decide()) == ["StartTimer _pace-1"]
        checker.complete("activity-load-1")
        assert checker.decide() == []
        checker.fire("_pace-1")
        assert shorts(checker.decide()) == starts(ONE, f"{ONE[:-1]}3")
        checker.complete_child(ONE, 1)
        checker.complete_child(f"{ONE[:-1]}3", 3)
        assert json.loads(attributes_of(checker.decide()[-1])["result"]) == ["CANCELLED", "WorkflowCanceled", [1, None, 3]]


def test_no_more_children_are_open_than_the_service_allows():
    def run(w):
        w.map(Child, range(MAX_OPEN_CHILD_COUNT + 2))
        w.timer(3600).result

    with DecisionChecker(workflow(run)) as checker:
        while not checker.run.timers or any(name.startswith("_wake") for name in checker.run.timers):
            checker.start_decision()
            checker.respond(checker.cached.advance(checker.run.events) if checker.cached else checker.decisions())
            for name in [one for one in checker.run.timers if one.startswith("_wake")]:
                checker.fire(name)
        assert len(checker.children) == MAX_OPEN_CHILD_COUNT
        checker.complete_child(ONE)
        assert shorts(checker.decide()) == starts(f"{ONE[:-1]}{MAX_OPEN_CHILD_COUNT + 1}")
        checker.refuse_child(TWO, "WORKFLOW_ALREADY_RUNNING")
        last = starts(f"{ONE[:-1]}{MAX_OPEN_CHILD_COUNT + 2}")
        assert shorts(checker.decide()) == [*last, "FailWorkflowExecution"], "the second one leaves its place to the last"


# ---- ends ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "body", "words", "kind", "state"),
    [
        ("Failed", {"reason": "E: no", "details": "d"}, ": E: no", "WorkflowFailed", "FINISHED"),
        ("TimedOut", {"timeoutType": "START_TO_CLOSE"}, ": timeout START_TO_CLOSE", "WorkflowTimeout", "FINISHED"),
        ("Terminated", {}, ": terminated", "WorkflowTerminated", "FINISHED"),
        ("Canceled", {"details": "d"}, ": cancelled", "WorkflowCanceled", "CANCELLED"),
    ],
)
def test_a_child_that_does_not_succeed_says_how_it_ended(how, body, words, kind, state):
    def run(w):
        child = w.submit(Child)
        try:
            child.result
        except WorkflowException as error:
            return [
                isinstance(error, TaskFailed),
                str(error),
                type(error).__name__,
                error.details,
                child.state,
                w.executor.open_children,
            ]

    assert result_of(run, ended(ONE, how, **body)) == [True, f"{ONE}{words}", kind, body.get("details"), state, 0]


def test_a_failed_child_is_raised_where_the_code_waits_unless_its_class_or_task_says_otherwise():
    def run(w):
        quiet = [w.submit(Quiet)]
        task = ChildWorkflowTask(Child)
        task.raises_on_failure = False
        quiet.append(w.submit(task))
        loud = w.submit(Child)
        try:
            w.timer(60).result
        except WorkflowException as error:
            return [error is loud.exception, *(one.result for one in quiet)]

    third = f"{ONE[:-1]}3"
    assert result_of(run, *(ended(one, "Failed", reason="E") for one in (ONE, TWO, third))) == [True, None, None]
    assert failure_of(lambda w: w.submit(Child).result, ended(ONE, "Failed", reason="E: no")) == (
        f'Workflow execution error in {ONE}: "E: no"'
    )


@pytest.mark.parametrize(("how", "body"), [("Failed", {"reason": "E"}), ("TimedOut", {"timeoutType": "START_TO_CLOSE"})])
def test_a_child_that_failed_or_timed_out_is_retried_as_another_execution(how, body):
    def run(w):
        child = w.submit(Retried, 1)
        return [child.result, child.id, child.workflow_id, child.run_id]

    steps = ended(ONE, how, **body), ended(f"{ONE}.2", result="7")
    assert decided(run, *steps)[1] == starts(f"{ONE}.2")
    assert result_of(run, *steps) == [7, ONE, f"{ONE}.2", f"run of {ONE}.2"]


@pytest.mark.parametrize("how", ["Terminated", "Canceled"])
def test_a_child_that_somebody_ended_is_not_retried(how):
    def run(w):
        return type(w.submit(type("R", (Retried, Quiet), {})).exception).__name__

    assert result_of(run, ended(ONE, how)) == f"Workflow{how}"


def test_a_retry_of_a_child_waits_as_its_policy_says_and_can_be_cancelled_meanwhile():
    def run(w):
        child = w.submit(Patient)
        w.submit(load).result
        child.cancel()
        return [child.state, type(child.exception).__name__, w.executor.open_children]

    steps = ended(ONE, "Failed", reason="E"), completes("load-1")
    assert decided(run, *steps)[1:] == [
        [f"StartTimer _retry-{ONE}-1"],
        [f"CancelTimer _retry-{ONE}-1", "CompleteWorkflowExecution"],
    ]
    assert result_of(run, *steps) == ["CANCELLED", "WorkflowCanceled", 0]


# ---- cancelling ------------------------------------------------------------------------------------------------------------


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


# ---- changed code ----------------------------------------------------------------------------------------------------------


def history_of_two_children():
    def run(w):
        futures.wait(w.submit(Child, 1), w.submit(Child, 2))

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete_child(ONE)
        checker.decide()
        return checker.run.events


def test_two_children_of_one_class_that_changed_places_are_caught():
    def swapped(w):
        futures.wait(w.submit(Child, 2), w.submit(Child, 1))

    error = replay_by(swapped, history_of_two_children())
    assert (error.event_id, str(error)) == (
        7,
        f"event 7: history has StartChildWorkflowExecution({TWO}) with an input that is now the one of {ONE}: "
        f"the two calls have changed places; the code now has StartChildWorkflowExecution({TWO}) at "
        f"test_children.py:{swapped.__code__.co_firstlineno + 1}. "
        "If the change is meant, guard it with workflow.patched('some-id')",
    )


def test_one_child_less_before_another_of_the_same_class_is_caught():
    def one_less(w):
        futures.wait(w.submit(Child, 2), w.submit(Child, 3))

    error = replay_by(one_less, history_of_two_children())
    assert error.event_id == 7


def test_another_input_of_a_child_is_allowed():
    def other(w):
        futures.wait(w.submit(Child, 1, more=True), w.submit(Child, 3))

    assert replay_by(other, history_of_two_children()) is None


def test_a_child_of_another_type_is_a_difference():
    class Renamed(Child):
        name = "renamed"

        @classmethod
        def get_workflow_id(cls, *args):
            return ONE

    def other(w):
        w.submit(Renamed, 1).result

    error = replay_by(other, history_of_two_children())
    line = other.__code__.co_firstlineno + 1
    assert str(error) == (
        f"event 6: history has StartChildWorkflowExecution({ONE}, type child); the code now has "
        f"StartChildWorkflowExecution({ONE}) at test_children.py:{line}. "
        "If the change is meant, guard it with workflow.patched('some-id')"
    )


def test_a_child_of_another_class_or_an_activity_instead_is_a_difference():
    for code in (lambda w: w.submit(Other, 1).result, lambda w: w.submit(strict).result):
        error = replay_by(code, history_of_two_children())
        assert error.event_id == 6
        assert str(error).startswith(f"event 6: history has StartChildWorkflowExecution({ONE}); the code now has ")
