"""Tasks whose function decides their ids, as ``get_task_id`` of simpleflow's activities does."""

from __future__ import annotations

from typing import Any

import pytest

from simpleflow_nb import activity
from simpleflow_nb.exceptions import DefinitionError

from .scenarios import load
from .steps import completes, decided, fails, failure_of, result_of


@activity.with_attributes(raises_on_failure=False)
class Sent:
    def __init__(self, day: str, copies: int = 1) -> None:
        self.day, self.copies = day, copies

    @classmethod
    def get_task_id(cls, workflow: Any, day: str, copies: int = 1) -> str:
        return f"{type(workflow).__name__} {day}"

    def execute(self) -> str:
        raise AssertionError("it is never run here")


NAME = f"{__name__}.Sent"


def test_a_task_has_the_id_that_its_class_decides():
    def run(w):
        return [w.submit(Sent, "monday").result, w.submit(Sent, w.submit(load), copies=2).result]

    steps = [completes(f"{NAME}-run monday", 1), completes("load-1", "tuesday"), completes(f"{NAME}-run tuesday", 2)]
    assert [one for batch in decided(run, *steps) for one in batch if "load" not in one][:2] == [
        f"ScheduleActivityTask {NAME}-run monday",
        f"ScheduleActivityTask {NAME}-run tuesday",
    ]
    assert result_of(run, *steps) == [1, 2]


@pytest.mark.parametrize("pending", [False, True])
def test_tasks_with_equal_ids_are_one(pending):
    def run(w):
        day = w.submit(load) if pending else "monday"
        return [one.result for one in [w.submit(Sent, day), w.submit(Sent, day, copies=2)]]

    steps = [completes("load-1", "monday")] if pending else []
    assert result_of(run, *steps, completes(f"{NAME}-run monday", 7)) == [7, 7]


def test_a_named_task_is_retried_under_its_id_with_the_number_of_the_attempt():
    def run(w):
        return w.submit(activity.with_attributes(retry=1)(Sent), "monday").result

    steps = [fails(f"{NAME}-run monday"), completes(f"{NAME}-run monday.2", 3)]
    assert result_of(run, *steps) == 3


@pytest.mark.parametrize("pending", [False, True])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "is ''; it has to be a text, no ':', '/', '|', controls or blank at its end"),
        ("a/b", "is 'a/b'; it has to be a text, no ':', '/', '|', controls or blank at its end"),
        ("a ", "is 'a '; it has to be a text, no ':', '/', '|', controls or blank at its end"),
        (KeyError("oops"), "raised KeyError: 'oops'"),
    ],
)
def test_an_id_that_cannot_be_one_fails_the_task_and_nothing_else(given, said, pending):
    @activity.with_attributes(name="named.badly", raises_on_failure=False)
    class Bad:
        def __init__(self, day: str) -> None:
            self.day = day

        def execute(self) -> str:
            return self.day

        @staticmethod
        def get_task_id(workflow: Any, day: str) -> str:
            if isinstance(given, Exception):
                raise given
            return given

    def run(w):
        try:
            error = w.submit(Bad, w.submit(load) if pending else 1).exception
        except DefinitionError as refusal:
            error = refusal
        return str(error)

    assert result_of(run, *([completes("load-1", 1)] if pending else [])).endswith(f"named.badly.get_task_id() {said}")


def test_a_failure_that_nobody_looks_at_fails_the_run():
    @activity.with_attributes(name="named.twice")
    class Bad:
        def __init__(self, day: str) -> None:
            self.day = day

        def execute(self) -> str:
            return self.day

        @staticmethod
        def get_task_id(workflow: Any, day: str) -> str:
            raise KeyError(day)

    def run(w):
        w.submit(Bad, w.submit(load)).result

    assert failure_of(run, completes("load-1", "x")) == (
        "Workflow execution error in named.twice: \"DefinitionError: named.twice.get_task_id() raised KeyError: 'x'\""
    )
