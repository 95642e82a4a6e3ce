"""The decider: what it remembers makes no difference, and what it cannot decide hurts nobody else."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from simpleflow_nb import Workflow, activity, payload
from simpleflow_nb.local.faults import invalid

from .manual_client import attributes
from .mixed_workflow import MixedWorkflow, column_of, double, flaky
from .unread_histories import Unread


def _comparable(events):
    """A history without what must differ between two runs: their ids and moments."""
    return [(event["eventType"], json.dumps(attributes(event), sort_keys=True)) for event in events]


def test_a_decider_that_forgets_everything_decides_the_same(stepped):
    histories = {}
    for cached_events in (400_000, 0):
        played = stepped(MixedWorkflow, cached_events=cached_events)
        ended = played.play(MixedWorkflow, 3)
        assert json.loads(ended["result"]) == {
            "last": 24,
            "failing": "TaskFailed('activity-decider.flaky-1', 'ValueError: never 1', "
            + repr(json.loads(json.dumps(_details(played))))
            + ")",
            "patched": True,
        }
        histories[cached_events] = _without_tracebacks(_comparable(played.events()))
        decisions = played.types().count("DecisionTaskCompleted")
        assert played.decider.decisions == decisions > 3
        assert played.decider.replays == (1 if cached_events else decisions)
    assert histories[0] == histories[400_000]


def _details(played):
    failed = [event for event in played.events() if event["eventType"] == "ActivityTaskFailed"]
    return attributes(failed[-1])["details"]


def _without_tracebacks(histories):
    return [(kind, text) for kind, text in histories if "traceback" not in text]


class Paged:
    """A service whose pages are short."""

    def __init__(self, service):
        self.service = service
        self.pages = 0

    def __getattr__(self, name):
        call = getattr(self.service, name)
        if name not in ("poll_for_decision_task", "get_workflow_execution_history"):
            return call

        def paged(**request):
            self.pages += 1
            return call(**request, maximumPageSize=3)

        return paged


@pytest.mark.parametrize("cached_events", [400_000, 0])
def test_a_history_that_comes_in_many_pages_is_decided_the_same(stepped, cached_events):
    whole, paged = stepped(MixedWorkflow), stepped(MixedWorkflow, cached_events=cached_events, service=Paged)
    whole.play(MixedWorkflow, 5)
    paged.play(MixedWorkflow, 5)
    assert paged.decider.service.pages > 8
    assert _without_tracebacks(_comparable(paged.events())) == _without_tracebacks(_comparable(whole.events()))


# ---- parking -----------------------------------------------------------------------------------------------------------------


class Changing(Workflow):
    name = "decider.changing"
    steps = (double, flaky)

    def run(self):
        return [self.submit(step, n).result for n, step in enumerate(self.steps)]


def test_an_execution_whose_code_has_changed_is_parked_until_the_code_is_right_again(stepped, monkeypatch):
    played = stepped(Changing, cached_events=0)
    monkeypatch.setattr(Changing, "steps", (double, double))
    run_id = played.begin(Changing)
    assert played.decides()
    assert played.works()
    monkeypatch.setattr(Changing, "steps", (flaky, double))
    assert played.decides()
    parked = played.parked[0]
    assert (parked.workflow_id, parked.run_id, parked.wait_seconds) == ("run", run_id, 1)
    reason = str(parked.error)
    assert reason.startswith(
        "event 6: history has ScheduleActivityTask(activity-decider.double-1, type decider.double); "
        "the code now has ScheduleActivityTask(activity-decider.flaky-1) at test_decider.py:"
    )
    assert reason.endswith("If the change is meant, guard it with self.patched('some-id')")
    marker, timer = played.events()[-2:]
    assert attributes(marker)["markerName"] == attributes(timer)["timerId"] == "_park-1"
    assert attributes(marker)["details"] == f"NonDeterminismError: {reason}"
    assert column_of(played, run_id, "reason") == f"NonDeterminismError: {reason}"

    for wait in (2, 4, 8):
        played.pass_time(wait / 2)
        played.the("DecisionTaskScheduled", count=wait.bit_length() + 1)
        assert played.decides()
        assert played.parked[-1].wait_seconds == wait
    monkeypatch.setattr(Changing, "steps", (double, double))  # deployed
    played.pass_time(8)
    played.the("DecisionTaskScheduled", count=6)
    played.act()
    assert attributes(played.events()[-1])["result"] == "[0,2]"
    assert column_of(played, run_id, "reason") is None


def test_the_wait_of_a_parked_execution_grows_to_an_hour(stepped):
    played = stepped(Broken)
    played.begin(Broken)
    waits = []
    for _ in range(15):
        assert played.decides()
        waits.append(played.parked[-1].wait_seconds)
        played.pass_time(waits[-1])
        played.the("DecisionTaskScheduled", count=len(waits) + 1)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600]


class Broken(Workflow):
    """Its history is unreadable: a payload that was never stored."""

    name = "decider.broken"

    def run(self, *args):
        payload.decode(payload.reference("never stored"), self.executor.load)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("{}", "no workflow of type 'flow' is known here, and the input names no class"),
        ("not JSON", "no workflow of type 'flow' is known here, and the input names no class"),
        (
            '{"__extra":{"class":"Lonely"}}',
            "'Lonely' is not a dotted path to a class, such as examples.basic.BasicWorkflow",
        ),
        (
            '{"__extra":{"class":"no.such.module.Class"}}',
            "no.such.module.Class: module no.such.module cannot be imported: No module named 'no'",
        ),
        (
            '{"__extra":{"class":"tests.service.test_decider.Missing"}}',
            "tests.service.test_decider.Missing: there is no such class in tests.service.test_decider",
        ),
        (
            '{"__extra":{"class":"tests.service.test_decider.double"}}',
            "tests.service.test_decider.double: it is not a Workflow in tests.service.test_decider",
        ),
        (
            '{"__extra":{"class":"raising_module.Class"}}',
            "raising_module.Class: importing raising_module raised ValueError: at import ({tmp_path}/raising_module.py:1)",
        ),
        (
            '{"__extra":{"class":"exiting_module.Class"}}',
            "exiting_module.Class: importing exiting_module raised SystemExit: 3 ({tmp_path}/exiting_module.py:1)",
        ),
        (
            '{"__extra":{"class":"leaving_module.Class"}}',
            "leaving_module.Class: importing leaving_module raised Leaving: now ({tmp_path}/leaving_module.py:2)",
        ),
        (
            '{"__extra":{"class":"simpleflow_nb.__main__.Class"}}',
            "simpleflow_nb.__main__.Class: simpleflow_nb.__main__ is a program, which is run and not imported",
        ),
        (payload.reference("{}"), f"payload {payload.digest('{}')[:12]} was never stored here"),
    ],
)
def test_what_cannot_be_found_or_read_is_parked_with_one_sentence(stepped, body, sentence, tmp_path, monkeypatch):
    (tmp_path / "raising_module.py").write_text("raise ValueError('at import')")
    (tmp_path / "exiting_module.py").write_text("raise SystemExit(3)")
    (tmp_path / "leaving_module.py").write_text("class Leaving(BaseException): ...\nraise Leaving('now')")
    monkeypatch.syspath_prepend(tmp_path)
    played = stepped()
    played.start(taskList={"name": "stepped"}, input=body)
    assert played.decides()
    assert str(played.parked[0].error) == sentence.replace("{tmp_path}", str(tmp_path))
    assert not played.decides()


def test_a_decider_that_was_given_its_workflows_imports_nothing_that_an_input_names(stepped, tmp_path, monkeypatch):
    (tmp_path / "foreign_module.py").write_text("from pathlib import Path\nPath(__file__).with_name('imported').touch()")
    monkeypatch.syspath_prepend(tmp_path)
    played = stepped(MixedWorkflow, Changing)
    played.start(taskList={"name": "stepped"}, input='{"args":[4],"__extra":{"class":"foreign_module.Late"}}')
    assert played.decides()
    assert str(played.parked[0].error) == (
        "no workflow of type 'flow' is known here: this decider was given decider.changing, decider.mixed and imports no "
        "other; start it with that workflow too, or let another task list have it"
    )
    assert not (tmp_path / "imported").exists()


class Regretful(Workflow):
    """Its hook looks at the history, also where only what is new was delivered."""

    name = "decider.regretful"

    def run(self):
        self.submit(double, 4).result
        self.next_signal("never").result

    def should_cancel(self, history):
        (task,) = history.activities.values()
        return task["result"] == "8" and history.cancel_requested["event_id"] < history.last_event_id

    def on_canceled(self, history):
        self.log(f"{len(history.events)} events")


@pytest.mark.parametrize("cached_events", [400_000, 0])
def test_a_hook_is_given_the_whole_history_however_much_of_it_is_remembered(stepped, cached_events, caplog):
    caplog.set_level(logging.INFO, "simpleflow_nb")
    played = stepped(Regretful, cached_events=cached_events, service=Paged)
    played.begin(Regretful)
    played.act()
    played.swf.request_cancel_workflow_execution(domain="local", workflowId="run")
    played.act()
    assert played.types()[-1] == "WorkflowExecutionCanceled"
    assert f"run: {len(played.events()) - 2} events" in caplog.messages


def test_a_history_that_a_hook_cannot_be_given_now_leaves_the_run_as_it_is(stepped):
    played = stepped(Regretful, service=Unread)
    played.begin(Regretful)
    played.act()
    played.swf.request_cancel_workflow_execution(domain="local", workflowId="run")
    played.decider.service.refuses = True
    with pytest.raises(ConnectionError):
        played.decides()
    played.decider.service.refuses = False
    played.pass_time(60)
    played.act()
    assert played.types()[-1] == "WorkflowExecutionCanceled"
    assert played.parked == []


def test_a_class_that_the_input_names_is_found_once_its_module_is_there(stepped, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    played = stepped()
    played.start(taskList={"name": "stepped"}, input='{"args":[4],"__extra":{"class":"late_module.Late"}}')
    assert played.decides()
    assert played.parked
    (tmp_path / "late_module.py").write_text(
        "from simpleflow_nb import Workflow\nclass Late(Workflow):\n    def run(self, x):\n        return x + 1\n"
    )
    played.pass_time(1)
    played.the("TimerFired")
    played.act()
    assert attributes(played.events()[-1])["result"] == "5"
    sys.modules.pop("late_module")


def test_a_poisoned_execution_does_not_hold_up_the_others(stepped):
    played = stepped(MixedWorkflow, Broken)
    for n in range(3):
        played.begin(Broken, workflow_id=f"bad-{n}")
        played.begin(MixedWorkflow, 2, workflow_id=f"good-{n}")
    played.act()
    assert [played.types(f"good-{n}")[-1] for n in range(3)] == ["WorkflowExecutionCompleted"] * 3
    assert [played.types(f"bad-{n}")[-1] for n in range(3)] == ["TimerStarted"] * 3
    assert {parked.workflow_id for parked in played.parked} == {"bad-0", "bad-1", "bad-2"}


class Refusing:
    """A service that finds fault with every response that completes a run."""

    def __init__(self, service):
        self.service = service

    def __getattr__(self, name):
        return getattr(self.service, name)

    def respond_decision_task_completed(self, **request):
        if any(one["decisionType"] == "CompleteWorkflowExecution" for one in request["decisions"]):
            raise invalid("I do not like the look of it")
        return self.service.respond_decision_task_completed(**request)


def test_an_execution_whose_decisions_the_service_refuses_is_parked_too(stepped):
    played = stepped(MixedWorkflow, service=Refusing)
    played.begin(MixedWorkflow, 1)
    played.act()
    assert str(played.parked[0].error) == "ValidationException: I do not like the look of it"
    assert played.types()[-1] == "TimerStarted"


# ---- late, long, many --------------------------------------------------------------------------------------------------------


def test_a_decision_that_comes_too_late_is_dropped_and_taken_again(stepped, caplog):
    caplog.set_level(logging.INFO)
    played = stepped(MixedWorkflow)
    run_id = played.begin(MixedWorkflow, 1)
    task = played.decider.poll()
    played.pass_time(3_600)
    played.the("DecisionTaskTimedOut")
    played.decider.decide(task)
    assert "the decision came too late" in caplog.text
    played.act()
    assert played.types(run_id=run_id)[-1] == "WorkflowExecutionCompleted"
    assert played.decider.replays == 2
    assert played.parked == []


def test_a_run_that_has_ended_is_not_remembered(stepped):
    played = stepped(MixedWorkflow)
    played.play(MixedWorkflow, 1)
    assert (len(played.decider.cache), played.decider.cache.weight) == (0, 0)


@activity.with_attributes(name="decider.echo")
def echo(value):
    return value


class Long(Workflow):
    name = "decider.long"

    def run(self, text):
        back = self.submit(echo, text).result
        self.submit(self.record_marker("long", back))
        assert back == text
        return [back, len(back)]


@pytest.mark.parametrize("cached_events", [400_000, 0])
def test_payloads_of_any_length_go_by_reference_and_come_back(stepped, cached_events):
    text = "é" * 100_000
    played = stepped(Long, cached_events=cached_events)
    body = payload.encode({"args": [text], "kwargs": {}})
    played.payloads.store(body)
    played.start(
        workflowType={"name": "decider.long", "version": "1"}, taskList={"name": "stepped"}, input=payload.reference(body)
    )
    played.act()
    assert played.parked == []
    events = {event["eventType"]: attributes(event) for event in played.events()}
    for kind, name in (
        ("ActivityTaskScheduled", "input"),
        ("ActivityTaskCompleted", "result"),
        ("MarkerRecorded", "details"),
        ("WorkflowExecutionCompleted", "result"),
    ):
        kept = events[kind][name]
        assert kept.startswith("simpleflow-nb+sha256:")
        assert text in str(payload.decode(kept, played.payloads.load))
    assert payload.decode(events["WorkflowExecutionCompleted"]["result"], played.payloads.load) == [text, 100_000]


def test_many_executions_are_decided_by_turns(stepped):
    played = stepped(MixedWorkflow, cached_events=300)  # some of them are forgotten on the way
    for n in range(8):
        played.begin(MixedWorkflow, 2, workflow_id=f"run-{n}")
    played.act()
    results = [json.loads(attributes(played.events(f"run-{n}")[-1])["result"])["last"] for n in range(8)]
    assert results == [8] * 8
    assert played.decider.replays > 8
