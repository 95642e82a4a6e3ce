"""Code that starts other children than its history has."""

from __future__ import annotations

from simpleflow_nb import futures

from .children import (
    ONE,
    TWO,
    Child,
    Other,
    history_of_two_children,
)
from .scenarios import replay_by, strict


def test_two_children_of_one_class_that_changed_places_are_caught():
    def swapped(w):
        futures.wait(w.submit(Child, 2), w.submit(Child, 1))

    error = replay_by(swapped, history_of_two_children())
    assert (error.event_id, str(error)) == (
        7,
        f"event 7: history has StartChildWorkflowExecution({TWO}) with an input that is now the one of {ONE}: "
        f"the two calls have changed places; the code now has StartChildWorkflowExecution({TWO}) at "
        f"test_changed_children.py:{swapped.__code__.co_firstlineno + 1}. "
        "If the change is meant, guard it with self.patched('some-id')",
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
        f"StartChildWorkflowExecution({ONE}) at test_changed_children.py:{line}. "
        "If the change is meant, guard it with self.patched('some-id')"
    )


def test_a_child_of_another_class_or_an_activity_instead_is_a_difference():
    for code in (lambda w: w.submit(Other, 1).result, lambda w: w.submit(strict).result):
        error = replay_by(code, history_of_two_children())
        assert error.event_id == 6
        assert str(error).startswith(f"event 6: history has StartChildWorkflowExecution({ONE}); the code now has ")
