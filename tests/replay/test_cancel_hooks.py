"""A workflow is asked whether a cancellation ends it, whenever the request comes."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

import pytest

from simpleflow_nb import Workflow
from simpleflow_nb.history import History
from simpleflow_nb.local.execution import LocalExecution
from simpleflow_nb.program import program
from simpleflow_nb.replay import Execution

STARTED: dict[str, Any] = {
    "workflowType": {"name": "w", "version": "1"},
    "taskList": {"name": "d"},
    "taskStartToCloseTimeout": "60",
    "executionStartToCloseTimeout": "3600",
    "childPolicy": "TERMINATE",
}


def decisions(cls: type[Workflow], **options: Any) -> list[dict[str, Any]]:
    """The decisions of a run whose cancellation was requested before anything was decided."""
    run = LocalExecution(1, "local", "w", "r")
    run.start(1.0, STARTED)
    run.request_cancel(2.0)
    run.start_decision(3.0, None)
    execution = Execution(program(cls), **options)
    decided = execution.advance(run.events)
    execution.kill()
    return decided


def first_decision(cls: type[Workflow]) -> list[str]:
    """The types of these decisions."""
    return [one["decisionType"] for one in decisions(cls)]


class Obedient(Workflow):
    def run(self) -> None:
        self.timer(5).result


class Stubborn(Obedient):
    def should_cancel(self) -> bool:
        return False


class Undecided(Obedient):
    """Written as for simpleflow: hooks are given the history."""

    seen: ClassVar[list[History]] = []

    def should_cancel(self, history: History) -> bool:
        self.seen.append(history)
        return False


class Curt(Obedient):
    def should_cancel(self) -> bool:
        return super().should_cancel()

    def on_canceled(self, history: History) -> None:
        super().on_canceled(history)
        raise ValueError(f"requested at event {history.cancel_requested_id} of {history.last_event_id}")


def has_history(self: Any, history: Any) -> bool:
    return isinstance(history, History)


def has_history_by_default(self: Any, history: Any = None) -> bool:
    return isinstance(history, History)


def has_history_after_another(self: Any, force: bool = False, history: Any = None) -> bool:
    return force is False and isinstance(history, History)


def has_history_by_name_alone(self: Any, *, history: Any) -> bool:
    return isinstance(history, History)


def has_history_by_place_alone(self: Any, history: Any = None, /) -> bool:
    return isinstance(history, History)


def has_history_under_another_name(self: Any, events: Any, force: bool = False) -> bool:
    return force is False and isinstance(events, History)


def has_history_among_all(self: Any, *arguments: Any, **options: Any) -> bool:
    return len(arguments) == 1 and isinstance(arguments[0], History) and not options


def keeps_its_default(self: Any, force: bool = False) -> bool:
    return force is False


def keeps_its_default_by_place_alone(self: Any, force: bool = False, /) -> bool:
    return force is False


def keeps_its_default_before_all(self: Any, force: bool = False, *arguments: Any) -> bool:
    return force is False and not arguments


def keeps_its_default_by_name_alone(self: Any, *, force: bool = False) -> bool:
    return force is False


def is_given_nothing(self: Any) -> bool:
    return True


def is_given_no_option(self: Any, **options: Any) -> bool:
    return not options


class Broken(Obedient):
    def __init__(self, executor: Execution) -> None:
        raise ValueError("no")


def test_a_request_before_the_first_decision_ends_a_run_that_does_not_object() -> None:
    assert first_decision(Obedient) == ["RecordMarker", "CancelWorkflowExecution"]


def test_a_request_before_the_first_decision_is_the_workflows_to_refuse() -> None:
    assert first_decision(Stubborn) == ["RecordMarker", "StartTimer"]


class Busy(Obedient):
    def on_canceled(self) -> None:
        self.timer(60)
        self.submit(self.record_marker("over", 1))


def test_what_a_hook_submits_although_the_run_is_over_is_dropped_with_a_note() -> None:
    lines: list[str] = []
    kinds = [one["decisionType"] for one in decisions(Busy, on_log=lines.append)]
    assert kinds == ["RecordMarker", "CancelWorkflowExecution"], "the marker is the engine's"
    first = Busy.on_canceled.__code__.co_firstlineno
    assert lines == [
        f"dropped, because the run is over: RecordMarker(over) at test_cancel_hooks.py:{first + 2}",
        f"dropped, because the run is over: StartTimer(timer-1) at test_cancel_hooks.py:{first + 1}",
    ]


def test_hooks_that_take_the_history_are_given_it() -> None:
    Undecided.seen.clear()
    assert first_decision(Undecided) == ["RecordMarker", "StartTimer"]
    [history] = Undecided.seen
    assert [(event.id, event.type, event.state) for event in history.events] == [
        (1, "WorkflowExecution", "started"),
        (2, "DecisionTask", "scheduled"),
        (3, "WorkflowExecution", "cancel_requested"),
        (4, "DecisionTask", "started"),
    ]
    assert history.cancel_requested_id == 3


def test_one_hook_may_take_the_history_and_the_other_not_and_both_may_ask_their_base_class() -> None:
    failed = decisions(Curt)[-1]["failWorkflowExecutionDecisionAttributes"]
    assert failed["reason"] == "ValueError: requested at event 3 of 4"


@pytest.mark.parametrize(
    "hook",
    [
        has_history,
        has_history_by_default,
        has_history_after_another,
        has_history_by_name_alone,
        has_history_by_place_alone,
        has_history_under_another_name,
        has_history_among_all,
        keeps_its_default,
        keeps_its_default_by_place_alone,
        keeps_its_default_before_all,
        keeps_its_default_by_name_alone,
        is_given_nothing,
        is_given_no_option,
    ],
    ids=lambda hook: hook.__name__,
)
def test_the_history_is_passed_only_to_a_parameter_of_that_name(hook: Any) -> None:
    assert first_decision(type("Asked", (Obedient,), {"should_cancel": hook})) == ["RecordMarker", "CancelWorkflowExecution"]
    told: list[bool] = []

    @functools.wraps(hook)
    def noting(*arguments: Any, **options: Any) -> None:
        told.append(hook(*arguments, **options))

    first_decision(type("Told", (Obedient,), {"on_canceled": noting}))
    assert told == [True]


def test_a_workflow_that_cannot_be_made_fails_its_run() -> None:
    run = LocalExecution(1, "local", "w", "r")
    run.start(1.0, STARTED)
    run.start_decision(3.0, None)
    decided = Execution(program(Broken)).advance(run.events)
    assert decided[-1]["failWorkflowExecutionDecisionAttributes"]["reason"] == "ValueError: no"


class Exit(BaseException):
    """Passes ``except Exception``, as the outcomes of pytest do."""


def leave(self: Any) -> None:
    raise Exit("now")


@pytest.mark.parametrize(
    ("name", "act", "kind", "reason"),
    [
        ("should_cancel", leave, "FailWorkflowExecution", "Exit: now"),
        ("on_canceled", leave, "FailWorkflowExecution", "Exit: now"),
        ("on_canceled", lambda self: self.fail("no more"), "FailWorkflowExecution", "no more"),
        ("on_canceled", lambda self: self.submit(self.continue_as_new()), "ContinueAsNewWorkflowExecution", None),
    ],
)
def test_whatever_a_hook_raises_ends_the_run_and_not_the_decider(name: str, act: Any, kind: str, reason: str | None) -> None:
    decision = decisions(type("Leaving", (Obedient,), {name: act}))[-1]
    assert (decision["decisionType"], decision.get("failWorkflowExecutionDecisionAttributes", {}).get("reason")) == (
        kind,
        reason,
    )


@pytest.mark.parametrize("name", ["should_cancel", "__init__"])
def test_an_interrupt_of_this_process_goes_through_a_hook_and_one_that_cannot_be_fails_the_run(name: str) -> None:
    def interrupt(self: Any, *_: Any) -> None:
        raise KeyboardInterrupt("of the code")

    cls = type("Interrupting", (Obedient,), {name: interrupt})
    with pytest.raises(KeyboardInterrupt):
        decisions(cls)
    if name == "should_cancel":
        failed = decisions(cls, is_interruptible=False)[-1]["failWorkflowExecutionDecisionAttributes"]
        assert failed["reason"] == "KeyboardInterrupt: of the code"
