"""A fan in slices, of which one is lost, or items fail."""

from __future__ import annotations

import pytest

from simpleflow_nb import Workflow, payload
from simpleflow_nb.exceptions import TaskFailed, WorkflowException

from .scenarios import clean, load, strict
from .steps import completes, failure_of, played, result_of

KEPT = {"results": [2, 3], "failures": {}}
FIRST, SECOND = (f"workflow-simpleflow_nb.slice-played--5e801b4--{n}" for n in (1, 2))


@pytest.mark.parametrize("how", ["Failed", "Terminated"])
def test_a_slice_that_is_lost_leaves_its_items_without_results_and_moves_no_others(how):
    found = []

    def run(w):
        future = w.for_each(load, range(4), slice_size=2)
        try:
            future.wait()
        except WorkflowException:
            future.wait()
        found.append((future.result, [type(error).__name__ for error in future.exception.exceptions]))

    def starts(checker):
        checker.start_child(FIRST)
        checker.start_child(SECOND)

    def ends(checker):
        checker.end_child(FIRST, how, **({"reason": "no"} if how == "Failed" else {}))
        checker.complete_child(SECOND, KEPT)

    played(run, starts, ends)
    lost = f"Workflow{how}"
    assert found
    assert set(map(repr, found)) == {repr(([None, None, 2, 3], [lost, lost, "NoneType", "NoneType"]))}


def both_started(checker):
    checker.start_child(FIRST)
    checker.start_child(SECOND)


@pytest.mark.parametrize("first", ["Failed", "Terminated", "Canceled"])
@pytest.mark.parametrize("is_last", [False, True])
def test_the_loss_of_a_slice_is_raised_once(first, is_last):
    def run(w):
        future = w.for_each(strict, range(4), slice_size=2)
        caught = []
        for task in (load, clean):
            try:
                w.submit(task).wait()
            except TaskFailed as error:
                caught.append(type(error).__name__)
        return [caught, future.done]

    def ends(checker):
        both_started(checker)
        ends = [lambda: checker.end_child(FIRST, first), lambda: checker.complete_child(SECOND, KEPT)]
        for end in reversed(ends) if is_last else ends:
            end()

    assert result_of(run, ends, completes("clean-1")) == [[f"Workflow{first}"], True]


def test_the_failure_of_an_item_is_raised_beside_the_loss_of_another_slice():
    def run(w):
        w.for_each(strict, range(4), slice_size=2)
        caught = []
        for task in (load, clean, load):
            try:
                w.submit(task).wait()
            except TaskFailed as error:
                caught.append(error.reason)
        return caught

    def ends(checker):
        both_started(checker)
        checker.complete_child(FIRST, {"results": [None, 1], "failures": {"0": ["strict-1", "ValueError: no", None]}})
        checker.end_child(SECOND, "Terminated")

    assert result_of(run, ends, completes("load-2")) == ["ValueError: no", "terminated"]


def test_a_fan_of_something_else_than_an_activity_is_refused():
    assert failure_of(lambda w: w.for_each(3, [1])) == (
        "DefinitionError: 3 is not an activity; for_each() runs one for each item"
    )


def test_a_slice_of_an_activity_that_its_decider_has_not_imported_fails():
    text = payload.encode({"args": ["shop.unknown", [1]]})
    assert failure_of(Workflow.Slice, text=text) == (
        "DefinitionError: activity shop.unknown is not known to this decider; import its module where the workflow class is"
    )
