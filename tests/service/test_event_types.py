"""Every type of event that SWF has occurs here, each held against SWF's model; the few that cannot are named."""

from __future__ import annotations

from collections import Counter

from simpleflow_nb.local.service import DOMAIN

from .conformance import model
from .manual_client import (
    ManualClient,
    cancel,
    cancel_timer,
    complete,
    continue_as_new,
    fail,
    marker,
    request_cancel,
    request_cancel_external,
    schedule,
    schedule_lambda,
    signal_external,
    start_child,
    start_timer,
)

#: They would need Lambda functions that can be scheduled; a decision to schedule one fails at once.
UNREACHABLE = {
    "LambdaFunctionScheduled",
    "LambdaFunctionStarted",
    "LambdaFunctionCompleted",
    "LambdaFunctionFailed",
    "LambdaFunctionTimedOut",
    "StartLambdaFunctionFailed",
}


def _activities(client: ManualClient) -> None:
    client.start("activities")
    unknown = {"name": "nothing", "version": "1"}
    client.decide(*[schedule(f"a-{n}") for n in range(5)], schedule("b", activityType=unknown), request_cancel("nothing"))
    client.finish()
    client.swf.respond_activity_task_failed(taskToken=client.activity_task()["taskToken"], reason="r")
    token = client.activity_task()["taskToken"]
    client.decide(request_cancel("a-2"), schedule("late", scheduleToStartTimeout="10"))
    client.swf.respond_activity_task_canceled(taskToken=token)
    client.pass_time(10)
    client.decide(complete())


def _decisions(client: ManualClient) -> None:
    client.start("decisions")
    client.decide(marker("m"), start_timer("t", 5), start_timer("t", 5), start_timer("u", 5), schedule_lambda("f"))
    client.decide(cancel_timer("u"), cancel_timer("u"))
    client.pass_time(5)
    client.decision_task()
    client.pass_time(60)
    for close in (complete(), fail(), cancel(), continue_as_new()):
        task = client.decision_task()
        client.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="decisions")
        client.respond(task, close)
    client.decide(continue_as_new())
    client.decide(cancel())


def _others(client: ManualClient) -> None:
    client.start("parent")
    children = [start_child(f"c-{n}", taskList={"name": f"c-{n}"}, executionStartToCloseTimeout="50") for n in range(5)]
    client.decide(*children, start_child("c-0"))
    client.decide(signal_external("c-0", "s"), request_cancel_external("c-0"))
    client.decide(signal_external("nobody", "s"), request_cancel_external("nobody"))
    for n, close in enumerate((complete(), fail(), cancel())):
        client.decide(close, task_list=f"c-{n}")
    client.terminate("c-3")
    client.pass_time(50)
    client.decide(fail())


def test_every_type_of_event_occurs_but_those_of_lambda_functions() -> None:
    client, forbidding = ManualClient(), ManualClient(not_permitted=["RecordMarker"])
    for play in (_activities, _decisions, _others):
        play(client)
    forbidding.start()
    forbidding.decide(marker("m"))
    seen: Counter[str] = Counter()
    for one in (client, forbidding):
        for workflow_id, run_id in list(one.local.numbers):
            seen.update(one.types(workflow_id, run_id))
        assert one.swf.found == []
        one.close()
    every = set(model().shape_for("EventType").enum)
    assert len(every) == 54
    assert every - seen.keys() == UNREACHABLE
    assert len(seen) == 48
