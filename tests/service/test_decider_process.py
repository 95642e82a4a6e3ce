"""Decider processes: what they do when decisions, tasks and the service go wrong."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from simpleflow_nb import Workflow
from simpleflow_nb.exceptions import ServiceError
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.engine import Engine

from . import bodies
from .process_threads import ConnectionClosedError, ProcessThreads, throttled, until


def of(workflow_id: str, request: dict[str, Any], processes: ProcessThreads) -> bool:
    """Whether a response to a decision task is for that execution."""
    number = int(request["taskToken"][1:].partition(".")[0])
    run = processes.service.runs.get(number)
    return run is not None and run.workflow_id == workflow_id


def test_interleaved_executions_are_replayed_once_each_and_then_come_on_the_own_list(processes: ProcessThreads) -> None:
    process = processes.decider()
    runs = {f"run-{n}": processes.start(bodies.Chain, 10 * n, 4, workflow_id=f"run-{n}") for n in range(5)}
    processes.worker()
    ends = {workflow_id: processes.end_of(run_id, workflow_id) for workflow_id, run_id in runs.items()}
    assert ends == {f"run-{n}": ("COMPLETED", str(10 * n + 4)) for n in range(5)}
    assert process.decider.replays == 5
    for workflow_id, run_id in runs.items():
        lists = [
            event["decisionTaskScheduledEventAttributes"]["taskList"]["name"]
            for event in processes.history(run_id, workflow_id)
            if event["eventType"] == "DecisionTaskScheduled"
        ]
        assert [name.partition("~")[0] for name in lists] == ["decide"] * len(lists)
        assert ["~" in name for name in lists] == [False] + [True] * (len(lists) - 1)


def test_a_poisoned_history_parks_its_execution_and_hurts_no_other(processes: ProcessThreads) -> None:
    poisoned = True

    def poison(real: Any, request: dict[str, Any]) -> Any:
        answer = real(**request)
        if poisoned and answer.get("workflowExecution", {}).get("workflowId") == "bad":
            strange = {**answer["events"][-2], "eventType": "WorkflowExecutionTeleported"}
            return {**answer, "events": [*answer["events"][:-2], strange, answer["events"][-1]]}
        return answer

    processes.interceptor.replacements["poll_for_decision_task"] = poison
    processes.decider()
    processes.worker()
    bad = processes.start(bodies.Chain, 1, 2, workflow_id="bad")
    good = [processes.start(bodies.Chain, n, 2, workflow_id=f"good-{n}") for n in range(3)]
    ends = [processes.end_of(run_id, f"good-{n}") for n, run_id in enumerate(good)]
    assert ends == [("COMPLETED", str(n + 2)) for n in range(3)]
    until(lambda: processes.parked, "the poisoned execution parked")
    assert {parked.workflow_id for parked in processes.parked} == {"bad"}
    marker = next(e for e in processes.history(bad, "bad") if e["eventType"] == "MarkerRecorded")[
        "markerRecordedEventAttributes"
    ]
    assert (marker["markerName"], marker["details"]) == (
        "_park-1",
        "HistoryError: event 2: 'WorkflowExecutionTeleported' is not an event that this version can read",
    )
    poisoned = False
    assert processes.end_of(bad, "bad") == ("COMPLETED", "3")


def test_a_decision_that_the_service_refuses_parks_its_execution_and_hurts_no_other(processes: ProcessThreads) -> None:
    refusals = iter([True, False])

    def refuse(real: Any, request: dict[str, Any]) -> Any:
        if of("bad", request, processes) and next(refusals, False):
            raise Fault("ValidationException", "1 validation error detected")
        return real(**request)

    processes.interceptor.replacements["respond_decision_task_completed"] = refuse
    processes.decider()
    processes.worker()
    bad = processes.start(bodies.Chain, 1, 1, workflow_id="bad")
    good = processes.start(bodies.Chain, 5, 1, workflow_id="good")
    assert processes.end_of(good, "good") == ("COMPLETED", "6")
    assert processes.end_of(bad, "bad") == ("COMPLETED", "2")
    assert [str(parked.error) for parked in processes.parked] == ["ValidationException: 1 validation error detected"]
    assert processes.failures == []


@pytest.mark.parametrize("how", ["throttled", "lost on the way there", "lost on the way back"])
def test_a_decision_that_is_not_delivered_is_made_again(how: str, processes: ProcessThreads) -> None:
    spoilt = 0

    def spoil(real: Any, request: dict[str, Any]) -> Any:
        nonlocal spoilt
        if spoilt == 0:
            spoilt += 1
            if how == "throttled":
                raise throttled()
            if how == "lost on the way back":
                real(**request)
            raise ConnectionClosedError
        return real(**request)

    processes.interceptor.replacements["respond_decision_task_completed"] = spoil
    process = processes.decider()
    processes.worker()
    run_id = processes.start(bodies.Hurried, 1, 3)
    assert processes.end_of(run_id) == ("COMPLETED", "4")
    assert processes.kinds(run_id).count("DecisionTaskTimedOut") == (0 if how == "lost on the way back" else 1)
    assert processes.kinds(run_id).count("ActivityTaskScheduled") == 3
    assert process.decider.replays == 2
    assert process.decider.sticky_list is not None


def test_a_history_that_cannot_be_read_just_now_parks_nothing(processes: ProcessThreads) -> None:
    """The rest of a paged history comes from the service too."""
    pages = 0

    def small_pages(real: Any, request: dict[str, Any]) -> Any:
        nonlocal pages
        if "nextPageToken" in request:
            pages += 1
            if pages == 1:
                raise ConnectionClosedError
        return real(**request, maximumPageSize=2)

    processes.interceptor.replacements["poll_for_decision_task"] = small_pages
    processes.decider()
    processes.worker()
    assert processes.end_of(processes.start(bodies.Hurried, 1, 1)) == ("COMPLETED", "2")
    assert processes.parked == []
    assert pages > 1


def test_a_stopped_decider_finishes_what_came_and_hands_its_executions_back(processes: ProcessThreads) -> None:
    stopped = threading.Event()

    def wait_for_stop(real: Any, request: dict[str, Any]) -> Any:
        stopped.wait(60)
        return real(**request)

    processes.interceptor.replacements["respond_decision_task_completed"] = wait_for_stop
    process = processes.decider(sticky_seconds=1)
    runs = [processes.start(bodies.Chain, n, 1, workflow_id=f"run-{n}") for n in range(3)]
    for n, run_id in enumerate(runs):
        until(lambda: processes.kinds(run_id, f"run-{n}")[-1] == "DecisionTaskStarted", "all three were taken")  # noqa: B023
    process.stop()
    stopped.set()
    processes.end(process, times=0)
    responses = processes.interceptor.requests["respond_decision_task_completed"]
    assert ["taskList" in response for response in responses] == [True, False, False]
    assert processes.failures == []
    processes.decider(service=processes.service)
    processes.worker()
    ends = [processes.end_of(run_id, f"run-{n}") for n, run_id in enumerate(runs)]
    assert ends == [("COMPLETED", str(n + 1)) for n in range(3)]


def test_a_task_that_its_dead_process_does_not_take_goes_to_everybody(processes: ProcessThreads) -> None:
    killed = processes.decider(sticky_seconds=1)
    run_id = processes.start(bodies.Chain, 1, 2)
    until(lambda: "ActivityTaskScheduled" in processes.kinds(run_id), "the first decision")
    processes.end(killed, times=2)
    own = next(name for name in processes.service.home.decision_lists if "~" in name)
    until(lambda: not processes.service.home.decision_lists[own].waiting, "the end of its polls")
    processes.decider()
    processes.worker()
    assert processes.end_of(run_id) == ("COMPLETED", "3")
    late = [event for event in processes.history(run_id) if event["eventType"] == "DecisionTaskTimedOut"]
    assert [event["decisionTaskTimedOutEventAttributes"]["timeoutType"] for event in late] == ["SCHEDULE_TO_START"]


def test_where_the_service_ignores_own_lists_they_are_given_up_and_the_cache_still_serves(processes: ProcessThreads) -> None:
    def ignore(real: Any, request: dict[str, Any]) -> Any:
        return real(**{k: v for k, v in request.items() if not k.startswith("taskList")})

    processes.interceptor.replacements["respond_decision_task_completed"] = ignore
    process = processes.decider()
    processes.worker()
    assert processes.end_of(processes.start(bodies.Chain, 1, 3)) == ("COMPLETED", "4")
    assert process.decider.sticky_list is None
    assert process.decider.replays == 1


def test_deciders_and_workers_wait_for_a_service_that_is_away(processes: ProcessThreads) -> None:
    away = True

    def spoil(real: Any, request: dict[str, Any]) -> Any:
        if away:
            raise ConnectionClosedError
        return real(**request)

    for name in ("poll_for_decision_task", "poll_for_activity_task"):
        processes.interceptor.replacements[name] = spoil
    processes.decider()
    processes.worker()
    run_id = processes.start(bodies.Chain, 1, 1)
    until(lambda: len(processes.interceptor.requests.get("poll_for_activity_task", ())) > 4, "several tries")
    away = False
    assert processes.end_of(run_id) == ("COMPLETED", "2")
    assert processes.failures == []


def test_a_service_that_is_broken_ends_them(processes: ProcessThreads) -> None:
    def broken(real: Any, request: dict[str, Any]) -> Any:
        raise ServiceError("the disk is full")

    for name in ("poll_for_decision_task", "poll_for_activity_task"):
        processes.interceptor.replacements[name] = broken
    processes.decider()
    processes.worker()
    until(lambda: len(processes.failures) == 2, "both ended")
    assert [str(error) for error in processes.failures] == ["the disk is full"] * 2


def test_polls_that_are_refused_from_the_first_end_them(processes: ProcessThreads, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(real: Any, request: dict[str, Any]) -> Any:
        raise Fault("ValidationException", "1 validation error detected:\n it is no name")

    for name in ("poll_for_decision_task", "poll_for_activity_task"):
        processes.interceptor.replacements[name] = refuse
    processes.decider()
    processes.worker()
    until(lambda: len(processes.failures) == 2, "both ended")
    assert sorted(f"{type(error).__name__}: {error}" for error in processes.failures) == [
        f"DefinitionError: the service refuses polls of {name!r}: 1 validation error detected: it is no name"
        for name in ("decide", "work")
    ]
    assert caplog.messages == []


def test_polls_that_are_refused_later_are_made_again(processes: ProcessThreads) -> None:
    polls: dict[str, int] = {}  # that each thread has made

    def refuse_second(real: Any, request: dict[str, Any]) -> Any:
        name = threading.current_thread().name
        polls[name] = polls.get(name, 0) + 1
        if polls[name] == 2:
            raise Fault("ValidationException", "1 validation error detected")
        return real(**request)

    for name in ("poll_for_decision_task", "poll_for_activity_task"):
        processes.interceptor.replacements[name] = refuse_second
    processes.decider()
    processes.worker()
    until(lambda: len(polls) == 6 and min(polls.values()) > 2, "a third poll of each thread")
    assert processes.end_of(processes.start(bodies.Chain, 1, 1)) == ("COMPLETED", "2")
    assert processes.failures == []


def test_a_decider_that_is_stopped_while_workflow_code_blocks_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Its answer finds the service closed: what was to be expected is no error."""
    entered, released = threading.Event(), threading.Event()

    class Blocks(Workflow):
        def run(self) -> int:
            entered.set()
            released.wait(60)
            return 1

    service = LocalService()
    engine = Engine(service, DOMAIN, decision_list="x", task_lists={"x": 1}, workflows=[Blocks])
    engine.start()
    service.start_workflow_execution(
        domain=DOMAIN, workflowId="w", workflowType={"name": Blocks.type_name(), "version": "1"}, taskList={"name": "x"}
    )
    assert entered.wait(60)
    engine.stop()
    service.close()
    released.set()
    assert engine.join(60)
    assert (engine.failure, [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]) == (None, [])
