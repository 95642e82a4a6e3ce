"""Arguments that are kept outside the history, and cannot be read when a child is to be started with them."""

from __future__ import annotations

from typing import Any

import pytest

from simpleflow_nb import Workflow, payload
from simpleflow_nb.exceptions import PayloadError

from .decision_checker import DecisionChecker
from .scenarios import clean, load, shorts, workflow

TEXT = '"a long result"'


class Quiet(Workflow):
    """A child whose failure nobody would hear of."""

    name, version, task_list = "child", "1", "children"
    raises_on_failure = False

    def run(self, *args: Any) -> None:
        raise AssertionError("it is never run here")


class Once(Quiet):
    idempotent = True


class Named(Quiet):
    @classmethod
    def get_workflow_id(cls, workflow, result):
        return f"child of {result}"


@pytest.mark.parametrize("child", [Quiet, Once, Named])
def test_a_child_whose_argument_cannot_be_read_parks_the_run_and_starts_once_it_can(child):
    is_away = True

    def read(digest: str) -> str:
        if is_away:
            raise PayloadError("the store is away")
        return TEXT

    def run(w):
        w.submit(child, w.submit(load))
        w.submit(clean).result

    with DecisionChecker(workflow(run), load=read) as checker:
        checker.decide()
        checker.end("activity-load-1", "Completed", result=payload.reference(TEXT))
        execution = checker.new()
        checker.start_decision()
        with pytest.raises(PayloadError, match="the store is away"):
            execution.advance(checker.run.events)
        is_away = False
        again = checker.new()
        [started] = again.advance(checker.run.events)
        assert shorts([started])[0].startswith("StartChildWorkflowExecution")
