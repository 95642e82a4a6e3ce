"""Signals and requests to cancel that a run sends, and signals that it passes on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simpleflow_nb import Workflow
from simpleflow_nb.canvas import Group
from simpleflow_nb.exceptions import PayloadMissing, TaskFailed
from simpleflow_nb.local.decisions import attributes_of
from simpleflow_nb.local.execution import LocalExecution
from simpleflow_nb.payload import encode, reference
from simpleflow_nb.task import SignalTask

from .children import ONE, TWO, Child
from .decision_checker import DecisionChecker
from .scenarios import clean, load, replay_by, short, shorts, workflow
from .steps import completes, decided, failure_of, fires, result_of, together

SIGNAL, CANCEL = "SignalExternalWorkflowExecution", "RequestCancelExternalWorkflowExecution"


def delivered(checker: DecisionChecker) -> None:
    checker.deliver_all()


def refused(cause: str):
    """The service could not carry out what it had accepted."""

    def step(checker: DecisionChecker) -> None:
        for initiated in list(checker.sent):
            checker.deliver(initiated, cause)

    return step


def nothing(checker: DecisionChecker) -> None:
    """What was refused has scheduled the next decision task itself."""


# ---- signals that the code sends -------------------------------------------------------------------------------------------


def test_a_signal_is_sent_with_its_arguments_and_its_future_ends_when_it_has_arrived():
    def run(w):
        return [w.submit(w.signal("go", 1, workflow_id="other", run_id="r", k=[w.submit(load).result])).result, "there"]

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-load-1", 5)
        (decision,) = checker.decide()
        assert attributes_of(decision) == {
            "workflowId": "other",
            "runId": "r",
            "signalName": "go",
            "input": '{"__propagate":true,"args":[1],"kwargs":{"k":[5]}}',
        }
        checker.deliver_all()
        assert attributes_of(checker.decide()[-1]) == {"result": '[null,"there"]'}


def test_a_signal_without_a_workflow_id_goes_to_the_run_itself_which_can_read_it():
    def run(w):
        w.submit(SignalTask("go", 7, control={"c": 1}))
        return w.submit(w.wait_signal("go")).result

    with DecisionChecker(workflow(run), run_id="run-1") as checker:
        decision = checker.decide()[-1]
        assert attributes_of(decision) == {
            "workflowId": "played",
            "runId": "run-1",
            "signalName": "go",
            "input": '{"__propagate":false,"args":[7],"kwargs":{}}',
            "control": '{"c":1}',
        }
        (initiated,) = checker.sent
        checker.run.signal(checker.clock, "go", attributes_of(decision)["input"], checker.run, initiated)
        checker.deliver_all()
        assert json.loads(attributes_of(checker.decide()[-1])["result"])["args"] == [7]


def test_a_signal_that_reaches_nobody_is_raised_where_the_code_waits():
    def run(w):
        w.submit(w.signal("go", workflow_id="nobody"))
        w.submit(load).result

    step = refused("UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION")
    assert failure_of(run, step) == 'Workflow execution error in signal-go-1: "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"'


def test_a_signal_need_not_raise():
    def run(w):
        quiet = w.submit(Group(w.signal("go", workflow_id="nobody"), raises_on_failure=False))
        (future,) = quiet.futures
        return [quiet.result, future.result, str(future.exception)]

    step = refused("UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION")
    assert result_of(run, step) == [[None], None, "signal-go-1: UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"]


def once(kind: str, cause: str, times: int = 1) -> dict[str, Any]:
    left = [times]

    def refuse(a):
        left[0] -= 1
        return cause if left[0] >= 0 else None

    return {"refuse_others": {kind: refuse}}


@pytest.mark.parametrize(
    ("kind", "submit", "said"),
    [
        (SIGNAL, lambda w: w.signal("go", workflow_id="other"), f"{SIGNAL} go to other"),
        (CANCEL, lambda w: w.cancel_workflow("other"), f"{CANCEL} other"),
    ],
)
def test_what_is_refused_for_its_rate_is_sent_again_after_the_backoff_timer(kind, submit, said):
    def run(w):
        return w.submit(submit(w)).result

    cause = f"{kind[:6].upper()}_RATE_EXCEEDED"
    assert decided(run, nothing, fires("_backoff-1"), delivered, **once(kind, cause)) == [
        [said],
        ["StartTimer _backoff-1"],
        [said],
        ["CompleteWorkflowExecution"],
    ]


@pytest.mark.parametrize("initiated", [True, False])
def test_a_quota_may_also_refuse_a_signal_that_it_had_accepted(initiated):
    def run(w):
        return w.submit(w.signal("go", workflow_id="other")).result

    cause = "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED"
    options = {} if initiated else once(SIGNAL, cause)
    steps = refused(cause) if initiated else nothing, fires("_backoff-1"), delivered
    assert decided(run, *steps, **options)[1:] == [
        ["StartTimer _backoff-1"],
        [f"{SIGNAL} go to other"],
        ["CompleteWorkflowExecution"],
    ]


def test_signals_that_are_refused_together_are_sent_again_in_their_order():
    def run(w):
        for n in range(4):
            w.submit(w.signal(f"s{n}", workflow_id="other"))
        w.timer(60).result

    again = decided(run, nothing, fires("_backoff-1"), **once(SIGNAL, "SIGNAL_RATE_EXCEEDED", 3))[2]
    assert again == [f"{SIGNAL} s{n} to other" for n in range(3)]


def test_a_signal_is_a_promise_that_is_not_taken_back():
    def run(w):
        future = w.submit(w.signal("go", workflow_id="other"))
        future.cancel()
        return [future.result, future.state]

    assert result_of(run, delivered) == [None, "FINISHED"]


@pytest.mark.parametrize("name", ["", "x" * 257])
def test_a_signal_needs_a_name_that_the_service_takes(name):
    def run(w):
        w.submit(w.signal(name, workflow_id="other"))

    assert failure_of(run) == f"DefinitionError: {name!r:.80} cannot name a signal: a text of 1 to 256 characters"


# ---- requests to cancel ----------------------------------------------------------------------------------------------------


def test_a_request_to_cancel_ends_when_it_has_arrived_and_raises_only_if_it_is_asked():
    def run(w):
        one, other = w.submit(w.cancel_workflow("a", "r")), w.submit(w.cancel_workflow("b"))
        w.submit(load).result
        found = [one.result]
        try:
            other.result
        except TaskFailed as error:
            found.append(str(error))
        return found

    def answers(checker):
        first, second = checker.sent
        checker.deliver(first)
        checker.deliver(second, "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION")

    assert decided(run)[0] == [f"{CANCEL} a", f"{CANCEL} b", "ScheduleActivityTask load-1"]
    assert result_of(run, answers, completes("load-1")) == [None, "cancel-b-2: UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"]


# ---- signals that are passed on --------------------------------------------------------------------------------------------


class Parent(Workflow):
    """Has two children, of which the first one has started before any signal comes."""

    name, task_list = "played", "decisions"

    def run(self):
        self.submit(Child)
        self.submit(Child)
        self.timer(3600).result


PARENT = {"parentWorkflowExecution": {"workflowId": "grandparent", "runId": "g"}, "parentInitiatedEventId": 5}
PROPAGATED = encode({"args": [1], "kwargs": {}, "__propagate": True})


def passed_on(
    text: str | None,
    *,
    cls: type[Workflow] = Parent,
    source: LocalExecution | None = None,
    started: dict[str, Any] | None = PARENT,
    ready: tuple[str, ...] = (ONE,),
    **options: Any,
) -> list[str]:
    """The decisions after that signal has come to a parent with these children ``ready``."""
    with DecisionChecker(cls, started=started, **options) as checker:
        checker.decide()
        for child in ready:
            checker.start_child(child)
        checker.run.signal(checker.clock, "go", text, source, 9 if source else 0)
        return shorts(checker.decide())


def sender(workflow_id: str, run_id: str) -> LocalExecution:
    return LocalExecution(3, "local", workflow_id, run_id)


def test_a_signal_that_says_so_is_sent_on_to_the_parent_and_the_children_that_have_started():
    assert passed_on(PROPAGATED) == [f"{SIGNAL} go to grandparent", f"{SIGNAL} go to {ONE}"]
    assert passed_on(PROPAGATED, ready=(TWO, ONE)) == [f"{SIGNAL} go to {one}" for one in ("grandparent", TWO, ONE)]
    assert passed_on(PROPAGATED, started=None, ready=()) == []


def test_a_signal_that_is_sent_on_is_the_same_signal():
    with DecisionChecker(Parent, started=PARENT) as checker:
        checker.decide()
        checker.start_child(ONE)
        checker.run.signal(checker.clock, "go", PROPAGATED)
        assert [attributes_of(one) for one in checker.decide()] == [
            {"workflowId": "grandparent", "runId": "g", "signalName": "go", "input": PROPAGATED},
            {"workflowId": ONE, "signalName": "go", "input": PROPAGATED},
        ]


@pytest.mark.parametrize(
    ("source", "targets"),
    [
        (sender("grandparent", "g"), [ONE]),
        (sender(ONE, f"run of {ONE}"), ["grandparent"]),
        (sender(ONE, "a later run of the child"), ["grandparent"]),
        (sender("a stranger", "s"), ["grandparent", ONE]),
        (sender("played", "run-1"), ["grandparent", ONE]),
    ],
)
def test_a_signal_does_not_go_back_to_who_sent_it(source, targets):
    assert passed_on(PROPAGATED, source=source) == [f"{SIGNAL} go to {one}" for one in targets]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "__propagate",
        "1",
        encode({"args": ["__propagate"], "kwargs": {}}),
        encode({"__propagate": False}),
        encode({"__propagate": 1}),
        encode([{"__propagate": True}]),
    ],
)
def test_other_signals_stay_here(text):
    assert passed_on(text) == []


def test_a_class_may_keep_signals_from_its_parent():
    class Reserved(Parent):
        propagate_signals_to_parent = False

    assert passed_on(PROPAGATED, cls=Reserved) == [f"{SIGNAL} go to {ONE}"]


def test_children_that_have_ended_get_no_signals():
    with DecisionChecker(Parent, started=PARENT) as checker:
        checker.decide()
        checker.complete_child(ONE)
        checker.run.signal(checker.clock, "go", PROPAGATED)
        assert shorts(checker.decide()) == [f"{SIGNAL} go to grandparent"]


def test_signals_are_sent_on_before_the_code_sees_them_and_in_their_order():
    def run(w):
        w.next_signal("b").result
        w.submit(clean).result

    steps = together(lambda c: c.run.signal(c.clock, "a", PROPAGATED), lambda c: c.run.signal(c.clock, "b", PROPAGATED))
    assert decided(run, steps, started=PARENT)[1] == [
        f"{SIGNAL} a to grandparent",
        f"{SIGNAL} b to grandparent",
        "ScheduleActivityTask clean-1",
    ]


def test_a_signal_that_cannot_be_sent_on_does_not_fail_the_run():
    def run(w):
        return w.submit(load).result

    steps = (
        lambda c: c.run.signal(c.clock, "a", PROPAGATED),
        refused("UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"),
        completes("load-1", 1),
    )
    assert result_of(run, *steps, started=PARENT) == 1


def test_a_signal_whose_payload_is_kept_outside_the_history_is_sent_on_by_its_reference():
    long = encode({"args": ["x" * 50], "kwargs": {}, "__propagate": True})
    store = {reference(long).split()[0].rpartition(":")[2]: long}
    with DecisionChecker(Parent, started=PARENT, load=store.__getitem__) as checker:
        checker.decide()
        checker.run.signal(checker.clock, "go", reference(long))
        note, decision = checker.decide()
        assert short(note) == "RecordMarker _forwarded", "replays need not read the payload again"
        assert attributes_of(decision)["input"] == reference(long)


def test_a_signal_whose_payload_is_missing_is_not_sent_on_and_that_is_remembered():
    long = encode({"args": [], "kwargs": {}, "__propagate": True})
    found: dict[str, str] = {}

    def load_payload(digest):
        try:
            return found[digest]
        except KeyError:
            raise PayloadMissing("there is none") from None

    with DecisionChecker(Parent, started=PARENT, load=load_payload) as checker:
        checker.decide()
        checker.run.signal(checker.clock, "go", reference(long))
        cold = checker.new()
        checker.start_decision()
        decisions = cold.advance(checker.run.events)
        assert list(map(short, decisions)) == ["RecordMarker _missing"]
        checker.respond(decisions)
        checker.cached = None
        found[reference(long).split()[0].rpartition(":")[2]] = long
        checker.signal("other", 1)
        assert shorts(checker.decide()) == [], "it came too late for that signal"


# ---- changed code ----------------------------------------------------------------------------------------------------------


def test_another_signal_or_another_target_is_a_difference_and_another_input_is_none():
    def history():
        with DecisionChecker(workflow(lambda w: w.submit(w.signal("go", 1, workflow_id="other")).result)) as checker:
            checker.decide()
            checker.deliver_all()
            return checker.run.events

    def with_other(name, target, *args):
        return lambda w: w.submit(w.signal(name, *args, workflow_id=target)).result

    assert replay_by(with_other("go", "other", 2), history()) is None
    for name, target in (("stop", "other"), ("go", "another")):
        error = replay_by(with_other(name, target), history())
        assert str(error).startswith(
            f"event 6: history has {SIGNAL}(go to other); the code now has {SIGNAL}({name} to {target}) at "
        )


def test_another_target_of_a_request_to_cancel_is_a_difference():
    with DecisionChecker(workflow(lambda w: w.submit(w.cancel_workflow("a")).result)) as checker:
        checker.decide()
        history = checker.run.events
    error = replay_by(lambda w: w.submit(w.cancel_workflow("b")).result, history)
    assert str(error).startswith(f"event 6: history has {CANCEL}(a); the code now has {CANCEL}(b) at ")
