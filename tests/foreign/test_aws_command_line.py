"""The AWS command line against ``service.start``: each call is a command that somebody could type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.served import served

from .aws_command_line import AwsCommandLine, found_program
from .cache import NotFetched

pytestmark = pytest.mark.slow

DOMAIN = ("--domain", "typed")
EVER = "oldestDate=2020-01-01"
RESERVE = {
    "decisionType": "ScheduleActivityTask",
    "scheduleActivityTaskDecisionAttributes": {
        "activityId": "reserve-1",
        "activityType": {"name": "reserve", "version": "1"},
        "input": "thé, 茶",
    },
}
NOTE = {"decisionType": "RecordMarker", "recordMarkerDecisionAttributes": {"markerName": "noted", "details": "x"}}
TIMER = {"decisionType": "StartTimer", "startTimerDecisionAttributes": {"timerId": "t", "startToFireTimeout": "3600"}}
COMPLETE = {
    "decisionType": "CompleteWorkflowExecution",
    "completeWorkflowExecutionDecisionAttributes": {"result": '{"reserved": true}'},
}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsCommandLine]:
    """The command line, at a service that has a domain with a workflow type and an activity type, both registered with it."""
    try:
        program = found_program()
    except NotFetched as error:
        pytest.skip(f"the AWS command line is not to be had: {error}")
    journal: Path = tmp_path_factory.mktemp("typed") / "journal.sqlite3"
    with served(journal, "--poll-seconds", "0.2") as service:
        aws = AwsCommandLine(program, f"http://127.0.0.1:{service.port}")
        assert aws.call("register-domain", "--name", "typed", "--workflow-execution-retention-period-in-days", "1") is None
        workflow = ("--name", "order", "--workflow-version", "1", "--default-child-policy", "TERMINATE")
        tasks = ("--default-task-list", "name=deciders", "--default-task-start-to-close-timeout", "300")
        whole = ("--default-execution-start-to-close-timeout", "3600")
        assert aws.call("register-workflow-type", *DOMAIN, *workflow, *tasks, *whole) is None
        never = ("schedule-to-start", "schedule-to-close", "start-to-close", "heartbeat")
        timeouts = [word for name in never for word in (f"--default-task-{name}-timeout", "NONE")]
        activity = ("--name", "reserve", "--activity-version", "1", "--default-task-list", "name=workers")
        assert aws.call("register-activity-type", *DOMAIN, *activity, *timeouts) is None
        yield aws


def start(aws: AwsCommandLine, workflow_id: str, *words: str) -> str:
    """Start an execution; give the words that name it as ``--execution``."""
    started = ("--workflow-id", workflow_id, "--workflow-type", "name=order,version=1")
    run_id = aws.call("start-workflow-execution", *DOMAIN, *started, *words)["runId"]
    return f"workflowId={workflow_id},runId={run_id}"


def decide(aws: AwsCommandLine, *decisions: dict[str, Any]) -> dict[str, Any]:
    """Answer the next decision task, whose history is read a page of two events at a time."""
    task: dict[str, Any] = aws.call("poll-for-decision-task", *DOMAIN, "--task-list", "name=deciders", "--page-size", "2")
    answer = ("--task-token", task["taskToken"], "--decisions", json.dumps(decisions), "--execution-context", "by hand")
    assert aws.call("respond-decision-task-completed", *answer) is None
    return task


def types_of(events: list[dict[str, Any]]) -> list[str]:
    return [event["eventType"] for event in events]


def test_an_execution_is_decided_and_worked_on_by_typing(aws: AwsCommandLine) -> None:
    execution = start(aws, "order-1", "--input", "tea", "--tag-list", "tea", "urgent")
    first = decide(aws, RESERVE, NOTE, TIMER)
    assert first["workflowExecution"]["workflowId"] == "order-1"
    assert types_of(first["events"]) == ["WorkflowExecutionStarted", "DecisionTaskScheduled", "DecisionTaskStarted"]

    work = aws.call("poll-for-activity-task", *DOMAIN, "--task-list", "name=workers")
    assert (work["activityId"], work["activityType"]) == ("reserve-1", {"name": "reserve", "version": "1"})
    assert work["input"] == "thé, 茶"
    token = ("--task-token", work["taskToken"])
    assert aws.call("record-activity-task-heartbeat", *token, "--details", "half") == {"cancelRequested": False}
    assert aws.call("respond-activity-task-completed", *token, "--result", "reserved") is None
    empty = aws.call("poll-for-activity-task", *DOMAIN, "--task-list", "name=workers")
    assert empty == {"taskToken": "", "startedEventId": 0}

    signal = ("--workflow-id", "order-1", "--signal-name", "approve", "--input", "Ann")
    assert aws.call("signal-workflow-execution", *DOMAIN, *signal) is None
    second = decide(aws, COMPLETE)
    assert second["previousStartedEventId"] == 3
    expected = [
        *types_of(first["events"]),
        "DecisionTaskCompleted",
        "ActivityTaskScheduled",
        "MarkerRecorded",
        "TimerStarted",
        "ActivityTaskStarted",
        "ActivityTaskCompleted",
        "DecisionTaskScheduled",
        "WorkflowExecutionSignaled",
        "DecisionTaskStarted",
    ]
    assert types_of(second["events"]) == expected

    asked = ("get-workflow-execution-history", *DOMAIN, "--execution", execution)
    whole = aws.call(*asked, "--page-size", "3")["events"]
    assert types_of(whole) == [*expected, "DecisionTaskCompleted", "WorkflowExecutionCompleted"]
    assert [event["eventId"] for event in whole] == list(range(1, 15))
    assert whole[-1]["workflowExecutionCompletedEventAttributes"]["result"] == '{"reserved": true}'
    some = aws.call(*asked, "--page-size", "3", "--max-items", "4", "--reverse-order")
    rest = aws.call(*asked, "--page-size", "3", "--starting-token", some["NextToken"], "--reverse-order")
    assert [event["eventId"] for event in some["events"]] == [14, 13, 12, 11]
    assert [event["eventId"] for event in rest["events"]] == list(range(10, 0, -1))

    described = aws.call("describe-workflow-execution", *DOMAIN, "--execution", execution)
    info = described["executionInfo"]
    assert (info["executionStatus"], info["closeStatus"], info["tagList"]) == ("CLOSED", "COMPLETED", ["tea", "urgent"])
    assert described["latestExecutionContext"] == "by hand"
    assert described["executionConfiguration"] == {
        "taskStartToCloseTimeout": "300",
        "executionStartToCloseTimeout": "3600",
        "taskList": {"name": "deciders"},
        "childPolicy": "TERMINATE",
    }


def test_executions_are_listed_and_counted_by_what_is_typed(aws: AwsCommandLine) -> None:
    for number in range(3):
        start(aws, f"idle-{number}", "--tag-list", "idle", "--task-list", "name=nobody")
    opened = ("list-open-workflow-executions", *DOMAIN, "--start-time-filter", EVER)
    tagged = ("--tag-filter", "tag=idle")
    assert ids(aws.call(*opened, *tagged, "--page-size", "1")) == ["idle-2", "idle-1", "idle-0"]
    some = aws.call(*opened, *tagged, "--page-size", "2", "--max-items", "2", "--reverse-order")
    rest = aws.call(*opened, *tagged, "--page-size", "2", "--starting-token", some["NextToken"], "--reverse-order")
    assert (ids(some), ids(rest)) == (["idle-0", "idle-1"], ["idle-2"])
    assert aws.call("count-open-workflow-executions", *DOMAIN, "--start-time-filter", EVER, *tagged) == {
        "count": 3,
        "truncated": False,
    }
    pending = aws.call("count-pending-decision-tasks", *DOMAIN, "--task-list", "name=nobody")
    assert pending == {"count": 3, "truncated": False}

    end = ("--workflow-id", "idle-1", "--reason", "not needed", "--child-policy", "TERMINATE")
    assert aws.call("terminate-workflow-execution", *DOMAIN, *end) is None
    status = ("--close-status-filter", "status=TERMINATED")
    closed = aws.call("list-closed-workflow-executions", *DOMAIN, "--close-time-filter", EVER, *status)
    assert [(info["closeStatus"], info["tagList"]) for info in closed["executionInfos"]] == [("TERMINATED", ["idle"])]
    one = ("--execution-filter", "workflowId=idle-1")
    count = aws.call("count-closed-workflow-executions", *DOMAIN, "--start-time-filter", EVER, *one)
    assert count == {"count": 1, "truncated": False}
    typed = ("--type-filter", "name=order,version=2")
    assert ids(aws.call("list-closed-workflow-executions", *DOMAIN, "--start-time-filter", EVER, *typed)) == []
    types = aws.call("list-activity-types", *DOMAIN, "--registration-status", "REGISTERED", "--name", "reserve")
    assert [info["activityType"] for info in types["typeInfos"]] == [{"name": "reserve", "version": "1"}]


def test_a_domain_is_tagged_and_deprecated_by_typing(aws: AwsCommandLine) -> None:
    name = ("--name", "old")
    retention = ("--workflow-execution-retention-period-in-days", "NONE")
    tags = ("--tags", "key=team,value=tea", "key=stage,value=test")
    assert aws.call("register-domain", *name, *retention, *tags) is None
    described = aws.call("describe-domain", *name)
    assert described["configuration"] == {"workflowExecutionRetentionPeriodInDays": "NONE"}
    arn = ("--resource-arn", described["domainInfo"]["arn"])
    assert aws.call("untag-resource", *arn, "--tag-keys", "stage") is None
    assert aws.call("tag-resource", *arn, "--tags", "key=team,value=coffee") is None
    assert aws.call("list-tags-for-resource", *arn) == {"tags": [{"key": "team", "value": "coffee"}]}
    assert aws.call("deprecate-domain", *name) is None
    deprecated = aws.call("list-domains", "--registration-status", "DEPRECATED", "--page-size", "1")
    assert [info["name"] for info in deprecated["domainInfos"]] == ["old"]


def ids(answer: dict[str, Any]) -> list[str]:
    return [info["execution"]["workflowId"] for info in answer["executionInfos"]]


@pytest.fixture(scope="module")
def refusal_code(aws: AwsCommandLine) -> int:
    return aws.refusal_code()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("describe-workflow-execution", *DOMAIN, "--execution", "workflowId=nobody,runId=none"),
            "(UnknownResourceFault) when calling the DescribeWorkflowExecution operation: "
            "Unknown execution: workflowId=nobody, runId=none",
        ),
        (
            ("register-domain", "--name", "typed", "--workflow-execution-retention-period-in-days", "1"),
            "(DomainAlreadyExistsFault) when calling the RegisterDomain operation: typed",
        ),
        (
            ("register-activity-type", *DOMAIN, "--name", "reserve", "--activity-version", "1"),
            "(TypeAlreadyExistsFault) when calling the RegisterActivityType operation: ActivityType=[name=reserve, version=1]",
        ),
        (
            ("respond-activity-task-completed", "--task-token", "none"),
            "(ValidationException) when calling the RespondActivityTaskCompleted operation: Invalid token: 'none'",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_refused_command_says_which_fault_it_is_and_fails_as_with_amazon(
    aws: AwsCommandLine, refusal_code: int, words: tuple[str, ...], said: str
) -> None:
    assert aws.refused(*words) == (refusal_code, f"An error occurred {said}")
