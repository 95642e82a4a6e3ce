"""What workflow code gives to its tasks: taken as it is at submit, and refused there if it cannot be sent."""

from __future__ import annotations

import json
from collections import OrderedDict, defaultdict, namedtuple

import pytest

from simpleflow_nb import Workflow, futures
from simpleflow_nb.canvas import Group
from simpleflow_nb.local.decisions import attributes_of

from .scenarios import clean, load, retried
from .steps import completes, fails, failure_of, fires, played, result_of, together

Pair = namedtuple("Pair", "left right")


class Child(Workflow):
    name, task_list = "child", "decisions"

    def run(self, *args, **kwargs):
        raise NotImplementedError


def inputs_of(decisions):
    """The arguments of each task and child among the decisions."""
    bodies = [json.loads(attributes_of(one)["input"]) for one in decisions if "input" in attributes_of(one)]
    return [[*body["args"], *body["kwargs"].values()] for body in bodies]


# ---- values that the code changes after it has given them --------------------------------------------------------------------


@pytest.mark.parametrize("submitted", [load, Child])
def test_a_task_has_its_arguments_as_they_were_when_it_was_submitted(submitted):
    """A batch that is filled again, a mapping in which the next value is set: each task has its own."""

    def run(w):
        batch, options = [], {"n": [0]}
        for n in range(1, 3):
            batch.append(n)
            options["n"][0] = n
            w.submit(submitted, batch, (batch, 5), options=options)
            batch.clear()
        w.next_signal("never").wait()

    assert inputs_of(played(run)[0]) == [[[1], [[1], 5], {"n": [1]}], [[2], [[2], 5], {"n": [2]}]]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (OrderedDict(a=[1]), {"a": [1]}),
        (defaultdict(list, a=[1]), {"a": [1]}),
        (Pair([1], 2), [[1], 2]),
        ({3, 1}, [1, 3]),
        (type("Rows", (list,), {})([1]), [1]),
    ],
)
def test_so_it_is_with_values_of_other_types(given, sent):
    def run(w):
        w.submit(load, given)
        if isinstance(given, Pair):
            given.left.append(2)
        else:
            given.clear()
        w.next_signal("never").wait()

    assert inputs_of(played(run)[0]) == [[sent]]


def test_a_task_that_waits_for_an_argument_has_the_others_as_they_were():
    def run(w):
        table, names = w.submit(load), ["a"]
        w.submit(clean, names, [table])
        table.wait()
        names.append("b")
        w.next_signal("never").wait()

    assert inputs_of(played(run, completes("load-1", 1))[-1]) == [[["a"], [1]]]


def test_a_retry_has_the_arguments_of_the_first_attempt():
    def run(w):
        names = ["a"]
        w.submit(retried, names)
        names.append("b")
        w.next_signal("never").wait()

    assert inputs_of(played(run, fails("retried-1"), fires("_retry-activity-retried-1-1"))[-1]) == [[["a"]]]


def test_a_group_has_the_members_that_it_had_when_it_was_submitted():
    def run(w):
        for limit in (1, 2):
            group = Group((load, 1), (load, 2), max_parallel=limit)
            future = w.submit(group)
            group.append(load, 3)
            futures.wait(future)
            w.log(future.result)
        return [len(line) for line in (future.result,)]

    assert result_of(run, completes("load-1"), completes("load-2"), together(completes("load-3"), completes("load-4"))) == [2]


# ---- values that cannot be sent ----------------------------------------------------------------------------------------------


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def endless():
    value = []
    value.append(value)
    return value


KEYS = "a mapping has keys of different types (int, str); make texts of all of them"
DIGITS = "Exceeds the limit (4300 digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit"


@pytest.mark.parametrize("submitted", [load, Child])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (10**5_000, f"ValueError: an argument of {{}}: {DIGITS}"),
        ([{"n": -(10**5_000)}], f"ValueError: an argument of {{}}: {DIGITS}"),
        ({1: 2, "a": 3}, f"TypeError: an argument of {{}}: {KEYS}"),
        ([{"a": [{1: 2, "a": 3}]}], f"TypeError: an argument of {{}}: {KEYS}"),
        (nested(20_000), "RecursionError: an argument of {} is nested too deeply, or contains itself"),
        (nested(600), "RecursionError: an argument of {} is nested too deeply, or contains itself"),
        (endless(), "RecursionError: an argument of {} is nested too deeply, or contains itself"),
    ],
    ids=["long number", "long number within", "keys", "keys within", "deep", "less deep", "endless"],
)
def test_a_value_that_cannot_be_written_fails_the_run_where_it_is_submitted(submitted, value, message):
    """Such a run was parked before, for a fault of the engine, and nobody could mend it."""

    def run(w):
        w.submit(submitted, value).wait()

    name = "child" if submitted is Child else "load"
    assert failure_of(run) == message.format(name)


@pytest.mark.parametrize(
    ("give", "message"),
    [
        (lambda w: w.continue_as_new(1), "what run() returned: simpleflow_nb.task.ContinueAsNewTask is not a JSON value (it is "
         "carried out by self.submit(...)): ContinueAsNewTask(args=(1,), kwargs={}, version=None, task_list=None, task_prior"),
        (lambda w: {1: w.submit(load)}.values(), "what run() returned: builtins.dict_values is not a JSON value: "
         "dict_values([<Future activity-load-1 PENDING>])"),
        (lambda w: (w.submit(load) for _ in range(2)), "what run() returned: simpleflow_nb.futures.Future is not a JSON value "
         "(ask it for its result, or await it; yield does not wait): <Future activity-load-1 PENDING>"),
        (lambda w: w.submit(w.record_marker("m", object)), "the details of marker 'm': builtins.type is not a JSON value: "
         "<class 'object'>"),
        (lambda w: w.submit(w.start_timer("t", 1, control=object)), "the control of timer 't': builtins.type is not a JSON "
         "value: <class 'object'>"),
        (lambda w: w.submit(w.signal("s", control=object)), "the control of signal 's': builtins.type is not a JSON value: "
         "<class 'object'>"),
    ],
)  # fmt: skip
def test_the_message_about_what_has_no_json_form_says_what_would_be_right(give, message):
    def run(w):
        return give(w)

    assert failure_of(run) == f"TypeError: {message}"


@pytest.mark.parametrize(
    ("give", "what"),
    [
        (lambda w: endless(), "what run() returned"),
        (lambda w: w.submit(w.record_marker("m", endless())), "the details of marker 'm'"),
        (lambda w: w.submit(w.signal("s", endless())), "the input of signal 's'"),
        (lambda w: w.submit(w.continue_as_new(endless())), "the input of played"),
    ],
)
def test_a_value_that_contains_itself_is_named(give, what):
    def run(w):
        return give(w)

    assert failure_of(run) == f"RecursionError: {what} is nested too deeply, or contains itself"
