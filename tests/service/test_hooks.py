"""Hooks of a workflow around its decisions, and at the failure of a task."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simpleflow_nb import RetryPolicy, Workflow, activity
from simpleflow_nb.constants import MAX_DATA_CHARACTERS
from simpleflow_nb.exceptions import TaskFailed
from simpleflow_nb.processes.payload_directory import MemoryPayloads
from simpleflow_nb.task import ActivityTask, TaskFailureContext
from simpleflow_nb.testing import RunFailed, harness

from .manual_client import attributes
from .unread_histories import Unread

CALLS: list[Any] = []


@activity.with_attributes()
def increased(x):
    return x + 1


@activity.with_attributes()
def at_least_three(x):
    if x < 3:
        raise ValueError(f"{x} is too small")
    return x


@pytest.fixture(autouse=True)
def no_calls():
    CALLS.clear()


class Told(Workflow):
    """Notes the calls of all its hooks."""

    name = "hooks.told"

    def before_replay(self, history):
        CALLS.append(("before_replay", history.last_event_id))

    def after_replay(self, history):
        CALLS.append(("after_replay", history.last_event_id))

    def on_completed(self, history):
        CALLS.append(("on_completed", history.last_event_id))

    def on_failure(self, history, reason, details=None):
        CALLS.append(("on_failure", reason, json.loads(details)["error_type"]))

    def after_closed(self, history):
        CALLS.append(("after_closed", history.last_event_id))

    def run(self, fails):
        found = self.submit(increased, 1).result
        if fails:
            raise KeyError(found)
        return found


@pytest.mark.parametrize("cached_events", [400_000, 0])
def test_hooks_are_called_once_for_each_decision_in_simpleflows_order(stepped, cached_events):
    played = stepped(Told, cached_events=cached_events)
    played.begin(Told, False)
    played.act()
    first, second = (event["eventId"] for event in played.events() if event["eventType"] == "DecisionTaskStarted")
    assert [
        ("before_replay", first),
        ("after_replay", first),
        ("before_replay", second),
        ("on_completed", second),
        ("after_replay", second),
        ("after_closed", second),
    ] == CALLS


def test_a_failed_run_tells_its_reason_and_details_to_its_hook(stepped):
    played = stepped(Told)
    played.begin(Told, True)
    played.act()
    assert ("on_failure", "KeyError: 2", "KeyError") in CALLS
    assert [name for name, *_ in CALLS][-2:] == ["after_replay", "after_closed"]


class Meddling(Workflow):
    """Its hooks do what they may not, or fail."""

    name = "hooks.meddling"

    def before_replay(self, history):
        self.submit(increased, 7)

    def after_replay(self, history):
        raise OSError("the disk is full")

    def run(self):
        return self.submit(increased, 1).result


@pytest.mark.parametrize("cached_events", [400_000, 0])
def test_a_hook_that_submits_or_fails_is_told_of_and_changes_nothing(stepped, cached_events):
    played = stepped(Meddling, cached_events=cached_events)
    run_id = played.begin(Meddling)
    played.act()
    assert played.parked == []
    assert attributes(played.events()[-1])["result"] == "2"
    assert sum(event["eventType"] == "ActivityTaskScheduled" for event in played.events()) == 1
    lines = json.loads(played.describe(run_id)["latestExecutionContext"])["log"]
    assert lines[0].startswith("before_replay() raised DefinitionError: before_replay() cannot use submit at test_hooks.py:")
    assert lines[1] == "after_replay() raised OSError: the disk is full"


class Careless(Workflow):
    """Its hook reads an input, which may be kept outside the history."""

    name = "hooks.careless"

    def before_replay(self, history):
        for task in history.activities.values():
            CALLS.append(len(task["input"]["args"][0]))

    def run(self, n):
        first = self.submit(length, "x" * n)
        self.submit(increased, first).wait()
        return first.result


@activity.with_attributes()
def length(text):
    return len(text)


class Forgetful(MemoryPayloads):
    """Loses what it is told to."""

    def lose(self) -> None:
        self._texts.clear()


@pytest.mark.parametrize("cached_events", [400_000, 0])
def test_a_hook_that_reads_a_lost_payload_is_told_of_and_parks_no_run(stepped, cached_events):
    played = stepped(Careless, cached_events=cached_events)
    store = Forgetful()
    played.payloads = played.decider.payloads = played.worker.payloads = store
    played.begin(Careless, MAX_DATA_CHARACTERS)
    assert played.decides()
    assert played.works()
    store.lose()
    played.act()
    assert played.parked == []
    assert attributes(played.events()[-1])["result"] == str(MAX_DATA_CHARACTERS)
    assert CALLS == []


# ---- on_task_failure ---------------------------------------------------------------------------------------------------------


class Judging(Workflow):
    """Decides about failures as it is told."""

    name = "hooks.judging"

    def on_task_failure(self, failure_context):
        CALLS.append((failure_context.task_name.rpartition(".")[2], failure_context.retry_count, failure_context.task_message))
        return {
            "nothing": lambda context: None,
            "none": lambda context: context,
            "ignore": lambda context: context.decide_ignore(),
            "cancel": lambda context: context.decide_cancel(),
            "abort": lambda context: context.decide_abort(),
            "more": self.with_more,
            "instead": lambda context: context.decide_handled(ActivityTask(at_least_three, 9)),
        }[self.what](failure_context)

    def with_more(self, context):
        context.a_task.args = (context.a_task.args[0] + 1,)
        return context.decide_retry(60)

    def run(self, what):
        self.what = what
        future = self.submit(at_least_three, 1)
        return [future.result, future.state, str(future.exception)]


@pytest.mark.parametrize(
    ("what", "end"),
    [
        ("ignore", [None, "FINISHED", "activity-tests.service.test_hooks.at_least_three-1: ValueError: 1 is too small"]),
        ("more", [3, "FINISHED", "None"]),
        ("instead", [9, "FINISHED", "None"]),
    ],
)
def test_a_failure_that_the_workflow_decides_about_has_this_end(what, end):
    with harness(Judging) as service:
        assert service.result(*service.start(Judging, what)) == end


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("nothing", "ValueError: 1 is too small"),
        ("none", "ValueError: 1 is too small"),
        ("abort", "ValueError: 1 is too small"),
        ("cancel", "cancelled"),
    ],
)
def test_a_failure_that_is_not_taken_away_fails_the_run(what, reason):
    with harness(Judging) as service, pytest.raises(RunFailed) as failed:
        service.result(*service.start(Judging, what))
    assert failed.value.reason == f'Workflow execution error in activity-{at_least_three.name}-1: "{reason}"'
    assert CALLS == [("at_least_three", 0, "1 is too small")]


def test_a_retry_of_the_workflow_waits_with_a_timer_and_takes_the_changed_arguments():
    with harness(Judging) as service:
        ids = service.start(Judging, "more")
        service.result(*ids)
        events = service.history(*ids)
    assert [attributes(one)["startToFireTimeout"] for one in events if one["eventType"] == "TimerStarted"] == ["60", "60"]
    inputs = [json.loads(attributes(one)["input"])["args"] for one in events if one["eventType"] == "ActivityTaskScheduled"]
    assert inputs == [[1], [2], [3]]
    assert {count: message for _, count, message in CALLS} == {0: "1 is too small", 1: "2 is too small"}


class NoStock(Exception):
    """An exception of a module of the program."""


@activity.with_attributes()
def raising(kind):
    raise {"builtin": KeyError("tea"), "own": NoStock("tea")}[kind]


@pytest.mark.parametrize(
    ("kind", "error", "cls", "message"), [("builtin", "KeyError", KeyError, "'tea'"), ("own", "NoStock", NoStock, "tea")]
)
def test_the_context_of_a_failure_has_the_exception_of_the_activity(kind, error, cls, message):
    class Asking(Workflow):
        name = "hooks.asking"

        def on_task_failure(self, failure_context):
            CALLS.append(failure_context)
            return failure_context.decide_ignore()

        def run(self):
            return self.submit(raising, kind).result

    with harness(Asking) as service:
        assert service.result(*service.start(Asking)) is None
    told = CALLS[0]
    assert (told.task_error, told.task_error_type, told.task_message) == (error, cls, message)
    assert (told.reason, told.details["message"]) == (f"{error}: {message}", message)
    assert "in raising\n" in "".join(told.details["traceback"])


@pytest.mark.parametrize(
    "details", [None, "", "killed", '["a"]', '{"error_type": "never.imported.Error"}', '{"error_type": 7}']
)
def test_a_failure_of_no_known_exception_has_no_class(details):
    context = TaskFailureContext(None, {}, None, TaskFailed, details=details)
    assert context.task_error_type is None


class Confused(Workflow):
    """Its hook fails."""

    name = "hooks.confused"

    def on_task_failure(self, failure_context):
        raise LookupError("no rule for this")

    def run(self):
        return self.submit(at_least_three, 1).result


def test_a_hook_at_a_failure_that_fails_itself_fails_the_run():
    with harness(Confused) as service, pytest.raises(RunFailed) as failed:
        service.result(*service.start(Confused))
    assert failed.value.reason == "LookupError: no rule for this"


def test_the_retry_policy_of_a_task_goes_on_where_the_hook_leaves_it():
    retried = activity.Activity(at_least_three.callable, name="tests.service.test_hooks.retried", retry=RetryPolicy.times(2))

    class Leaving(Workflow):
        name = "hooks.leaving"

        def on_task_failure(self, failure_context):
            CALLS.append(failure_context.attempt_number)

        def run(self):
            return self.submit(retried, 1).result

    with harness(Leaving, activities={retried: at_least_three.callable}) as service, pytest.raises(RunFailed):
        service.result(*service.start(Leaving))
    assert sorted(set(CALLS)) == [1, 2, 3]


class Backwards(Workflow):
    """Each of its parts looks back at the history."""

    name = "hooks.backwards"

    def on_task_failure(self, failure_context):
        CALLS.append(failure_context.history.last_event_id)
        return failure_context.decide_ignore()

    def run(self, looks):
        done = self.submit(at_least_three, 1).exception is not None
        if looks:
            done = self.get_event_details("activity", f"activity-{at_least_three.name}-1")["state"]
        return done


class Undisturbed(Backwards):
    name, activities_raise = "hooks.undisturbed", False
    on_task_failure = Workflow.on_task_failure

    def run(self, looks):
        try:
            return super().run(looks)
        except ConnectionError:
            return "nobody has told"


@pytest.mark.parametrize(
    ("cls", "argument", "result"),
    [
        (Told, False, 2),
        (Backwards, False, True),
        (Undisturbed, True, "failed"),
    ],
)
def test_a_history_that_cannot_be_read_now_is_nobodys_failure_and_the_decision_is_made_later(stepped, cls, argument, result):
    played = stepped(cls, service=Unread)
    played.begin(cls, argument)
    played.decides()
    played.works()
    played.decider.service.refuses = True
    CALLS.clear()
    with pytest.raises(ConnectionError):
        played.decides()
    assert CALLS == []
    played.decider.service.refuses = False
    played.pass_time(60)
    played.act()
    assert played.parked == []
    assert json.loads(attributes(played.events()[-1])["result"]) == result
    if cls is Told:
        assert [name for name, _ in CALLS] == ["before_replay", "on_completed", "after_replay", "after_closed"]
