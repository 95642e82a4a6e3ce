"""Steps of a played run: what happens outside before each decision, and what the run decides or returns in the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from simpleflow_nb import Workflow
from simpleflow_nb.local.decisions import attributes_of

from .decision_checker import CLOSING, DecisionChecker
from .scenarios import shorts, workflow

Step = Callable[[DecisionChecker], None]


def completes(task: str, value: Any = None) -> Step:
    """A worker completes ``load-1``."""
    return lambda checker: checker.complete(f"activity-{task}", value)


def fails(task: str, reason: str = "ValueError: no") -> Step:
    return lambda checker: checker.fail(f"activity-{task}", reason)


def cancels(task: str) -> Step:
    """The worker of a started task reports that it has cancelled it."""
    return lambda checker: checker.end(f"activity-{task}", "Canceled")


def begins(task: str) -> Step:
    return lambda checker: checker.begin(f"activity-{task}")


def fires(timer_id: str) -> Step:
    return lambda checker: checker.fire(timer_id)


def signaled(name: str, value: Any = None) -> Step:
    return lambda checker: checker.signal(name, value)


def asked_to_cancel(checker: DecisionChecker) -> None:
    checker.request_cancel()


def nothing(checker: DecisionChecker) -> None:
    """Another decision task without news."""
    checker.run.want_decision(checker.clock)


def together(*steps: Step) -> Step:
    """All of these before one decision."""

    def step(checker: DecisionChecker) -> None:
        for one in steps:
            one(checker)

    return step


def played(run: Callable[..., Any] | type[Workflow], *steps: Step, **options: Any) -> list[list[dict[str, Any]]]:
    """The decisions of each decision task, the first one before any step; every one is made in all ways there are."""
    cls = run if isinstance(run, type) else workflow(run)
    with DecisionChecker(cls, **options) as checker:
        found = [checker.decide()]
        for step in steps:
            step(checker)
            found.append(checker.decide())
        checker.check_end()
        return found


def decided(run: Callable[..., Any] | type[Workflow], *steps: Step, **options: Any) -> list[list[str]]:
    """The decisions of each decision task in short."""
    return [shorts(decisions) for decisions in played(run, *steps, **options)]


def end_of(run: Callable[..., Any] | type[Workflow], *steps: Step, **options: Any) -> tuple[str, dict[str, Any]]:
    """The type and the attributes of the decision that ends the run, which must be the last one."""
    *before, last = played(run, *steps, **options)
    assert not [one for decisions in before for one in decisions if one["decisionType"] in CLOSING], "it ended too early"
    assert last, "the run goes on"
    assert last[-1]["decisionType"] in CLOSING, last
    return last[-1]["decisionType"], attributes_of(last[-1])


def result_of(run: Callable[..., Any] | type[Workflow], *steps: Step, **options: Any) -> Any:
    """The result of the run, which must succeed after the last step and not before."""
    kind, attributes = end_of(run, *steps, **options)
    assert kind == "CompleteWorkflowExecution", attributes
    return json.loads(attributes.get("result", "null"))


def failure_of(run: Callable[..., Any] | type[Workflow], *steps: Step, **options: Any) -> str:
    """The reason for which the run fails after the last step."""
    kind, attributes = end_of(run, *steps, **options)
    assert kind == "FailWorkflowExecution", attributes
    reason: str = attributes["reason"]
    return reason
