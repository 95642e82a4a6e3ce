"""Activities that no worker could run, or no service would take: refused where they are declared."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from simpleflow_nb import Activity, RetryPolicy, Workflow, activity
from simpleflow_nb.canvas import Group
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.testing import RunFailed, run_workflow

VERSION = "it has to be 1 to 64 characters, no ':', '/', '|' or controls, no blanks at its ends, not 'arn'"
RULE = "1 to 256 characters, no ':', '/', '|' or controls, no blanks at its ends, not 'arn'"
NO_NAME = f"cannot be the name of an activity type: {RULE}"
STRICT = f"it has to be {RULE}"
NO_RETRY = "it is a number of retries, 0 or more, or a RetryPolicy"
NO_PRIORITY = "a whole number from -2147483648 to 2147483647 is expected, or None"
FUNCTION = "builtins.builtin_function_or_method is not a JSON value: <built-in function len>"
ASYNC = "cannot be an activity, it is an asynchronous generator; return what it yields as a list"


def plain(value=None):
    return value


async def asynchronous_items():
    yield 1


class Idle:
    pass


class Asynchronous:
    async def execute(self):
        yield 1


@dataclass
class Adding:
    left: int
    right: int = 1

    def execute(self):
        return self.left + self.right


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (asynchronous_items, f"asynchronous_items {ASYNC}"),
        (Asynchronous, f"Asynchronous {ASYNC}"),
        (Idle, "Idle has no execute(); a class that is an activity has one, which does the work"),
        ("plain", "'plain' cannot be an activity; decorate a function, or a class with execute()"),
        (5, "5 cannot be an activity; decorate a function, or a class with execute()"),
        (None, "an activity without a function needs a name"),
    ],
)
def test_what_no_worker_can_run_is_no_activity(body, message):
    """A coroutine was the result of the task, which is no JSON value, and was never awaited."""
    with pytest.raises(DefinitionError) as raised:
        activity.with_attributes()(body)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "a\nb"}, f"'a\\nb' {NO_NAME}"),
        ({"name": 5}, f"5 {NO_NAME}"),
        ({"name": "a\ud800"}, f"'a\\ud800' {NO_NAME}"),
        ({"version": "a:b"}, f"activity {{}}: version is 'a:b'; {VERSION}"),
        ({"version": ""}, f"activity {{}}: version is ''; {VERSION}"),
        ({"task_list": "a:b"}, f"activity {{}}: task_list is 'a:b'; {STRICT}"),
        ({"task_list": 5}, f"activity {{}}: task_list is 5; {STRICT}"),
        ({"task_priority": "high"}, f"activity {{}}: task_priority is 'high'; {NO_PRIORITY}"),
        ({"task_priority": 2**31}, f"activity {{}}: task_priority is 2147483648; {NO_PRIORITY}"),
        ({"retry": "3"}, f"retry is '3'; {NO_RETRY}"),
        ({"retry": -1}, f"retry is -1; {NO_RETRY}"),
        ({"meta": [1]}, "activity {}: meta is [1]; it is a mapping"),
        ({"meta": {"a": len}}, f"activity {{}}: meta['a']: {FUNCTION}"),
    ],
)  # fmt: skip
def test_a_setting_that_the_service_would_refuse_is_refused_at_once(settings, message):
    with pytest.raises(DefinitionError) as raised:
        activity.with_attributes(**settings)(plain)
    assert str(raised.value) == message.format(f"{__name__}.plain")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"attempts": "2"}, "attempts is '2'; it is a whole number"),
        ({"attempts": 1.5}, "attempts is 1.5; it is a whole number"),
        ({"first_wait": 5}, "first_wait is 5; it is a timedelta"),
        ({"longest_wait": "1h"}, "longest_wait is '1h'; it is a timedelta"),
        ({"factor": "2"}, "factor is '2'; it is a number"),
        ({"jitter": None}, "jitter is None; it is a number"),
        ({"not_retried": "ValueError"}, "not_retried is 'ValueError'; it is a tuple of class names, such as ('ValueError',)"),
        (
            {"not_retried": (ValueError,)},
            "not_retried is (<class 'ValueError'>,); it is a tuple of class names, such as ('ValueError',)",
        ),
    ],
)
def test_a_policy_of_other_types_is_refused(settings, message):
    """A class among the names never matched, and its errors were retried all the same."""
    with pytest.raises(TypeError) as raised:
        RetryPolicy(**settings)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Group(()), "() cannot be a member of a group; put an activity or a class first in it"),
        (lambda: Group(max_parallel="2"), "max_parallel is '2'; it is a whole number"),
        (lambda: Group(max_parallel=1.5), "max_parallel is 1.5; it is a whole number"),
    ],
)
def test_a_group_of_nothing_that_it_could_run_is_refused(make, message):
    with pytest.raises(DefinitionError) as raised:
        make()
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("body", "args", "result"),
    [(Adding, (1,), 2), (lambda x: x, (3,), 3), (len, ([1],), 1), (Activity(len, name="n"), ([],), 0)],
)
def test_functions_classes_and_activities_of_all_kinds_can_be_activities(body, args, result):
    assert activity.with_attributes(name="some", meta={"a": [1]})(body).execute(*args) == result


# ---- two activities of one name ----------------------------------------------------------------------------------------------


def made(value, *, name=None):
    @activity.with_attributes(name=name)
    def inner(more):
        return [value, more]

    return inner


def wrapped(function):
    def inner(*args):
        return function(*args)

    return activity.with_attributes()(inner)


def submitted(*tasks):
    class Both(Workflow):
        name = "both"

        def run(self):
            return [self.submit(tasks[0], 1).result, self.submit(Group((tasks[1], 2))).result]

    return run_workflow(Both)


two_lambdas = [activity.with_attributes()(lambda more: ["first", more]), activity.with_attributes()(lambda more: 1)]
two_lambdas[1] = activity.with_attributes()(
    lambda more: ["second", more],
)


@pytest.mark.parametrize(
    ("tasks", "name"),
    [
        (lambda: two_lambdas, "<lambda>"),
        (lambda: [made("a"), made("b")], "made.<locals>.inner"),
        (lambda: [made([1]), made(len)], "made.<locals>.inner"),
        (lambda: [wrapped(plain), wrapped(submitted)], "wrapped.<locals>.inner"),
        (lambda: [activity.with_attributes(name="n")(lambda more, n=n: [n, more]) for n in (1, 2)], "n"),
    ],
)
def test_of_two_activities_of_one_name_only_the_second_can_be_submitted(tasks, name):
    """Workers look bodies up by name: the body of the second was run for the first, and its result was taken."""
    with pytest.raises(RunFailed) as raised:
        submitted(*tasks())
    name = name if name == "n" else f"{__name__}.{name}"
    assert f"DefinitionError: {name} is the name of two activities, test_activity_declarations.py:" in str(raised.value)


def test_the_same_function_may_be_declared_again():
    """So it is in a module that is imported under two names, and with a factory that is called again."""
    assert submitted(made({"a": 1}), made({"a": 1})) == [[{"a": 1}, 1], [[{"a": 1}, 2]]]
    assert submitted(made("a", name="left"), made("b", name="right")) == [["a", 1], [["b", 2]]]
    assert submitted(activity.with_attributes()(plain), activity.with_attributes()(plain)) == [1, [2]]
