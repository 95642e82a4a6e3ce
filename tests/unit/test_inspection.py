"""Executions as tables: every column for a fixed history, and every format whole."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.application.executions.notebook_executions import execution_meant
from simpleflow_nb.application.places import Place
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.inspection.documents import iso_time, profile_document, task_document
from simpleflow_nb.inspection.executions import (
    found_execution,
    history,
    history_table,
    info_table,
    list_table,
    profile_table,
    task_table,
    tasks_table,
)
from simpleflow_nb.inspection.filters import ExecutionFilter, filter_document, filter_table
from simpleflow_nb.inspection.tables import FORMATS, Table, formatted
from simpleflow_nb.inspection.task_rows import split_id
from simpleflow_nb.local.clock import Clock
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.payload_directory import PayloadDirectory

NOON = 1_704_110_400.0  # 1 January 2024, 12:00 UTC


class ManualClock(Clock):
    """A clock that goes on only when it is told to."""

    def __init__(self) -> None:
        self.moment = NOON

    def now(self) -> float:
        return self.moment


class Played:
    """An execution of two activities, the first of which fails once."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.service = LocalService(clock=self.clock, poll_seconds=0)
        types = {"name": "sums", "version": "1"}
        self.service.register_workflow_type(domain=DOMAIN, **types)
        for name in ("load", "add"):
            self.service.register_activity_type(domain=DOMAIN, name=f"pkg.{name}", version="1")
        self.execution = self.start("sums-1", tags=["a=1", "b"])
        self.decide([self.scheduled("load", "activity-pkg.load-1"), self.scheduled("add", "activity-pkg.add-1")])
        self.wait(1)
        load, add = self.polled(), self.polled()
        self.wait(2)
        self.service.respond_activity_task_failed(taskToken=load, reason="OSError: no such file", details="{}")
        self.decide([self.scheduled("load", "activity-pkg.load-1.2")])
        self.wait(4)
        self.service.respond_activity_task_completed(taskToken=add, result="7")
        again = self.polled()
        self.wait(0.5)
        self.service.respond_activity_task_completed(taskToken=again, result='{"rows": 3}')
        done = {
            "decisionType": "CompleteWorkflowExecution",
            "completeWorkflowExecutionDecisionAttributes": {"result": "[3,7]"},
        }
        self.decide([done], context='{"log":["3 rows"]}')

    def start(self, workflow_id: str, *, kind: str = "sums", tags: list[str] | None = None) -> dict[str, str]:
        started = self.service.start_workflow_execution(
            domain=DOMAIN,
            workflowId=workflow_id,
            workflowType={"name": kind, "version": "1"},
            taskList={"name": "decisions"},
            tagList=tags,
            childPolicy="TERMINATE",
            executionStartToCloseTimeout="3600",
            taskStartToCloseTimeout="60",
            input='{"__extra":{"class":"pkg.Sums"},"args":[1],"kwargs":{}}',
        )
        return {"workflowId": workflow_id, "runId": started["runId"]}

    def scheduled(self, name: str, activity_id: str) -> dict[str, Any]:
        attributes = {
            "activityId": activity_id,
            "activityType": {"name": f"pkg.{name}", "version": "1"},
            "taskList": {"name": "work"},
            "heartbeatTimeout": "NONE",
            "scheduleToCloseTimeout": "NONE",
            "scheduleToStartTimeout": "NONE",
            "startToCloseTimeout": "300",
        }
        return {"decisionType": "ScheduleActivityTask", "scheduleActivityTaskDecisionAttributes": attributes}

    def decide(self, decisions: list[dict[str, Any]], *, context: str | None = None) -> None:
        task = self.service.poll_for_decision_task(domain=DOMAIN, taskList={"name": "decisions"})
        self.service.respond_decision_task_completed(taskToken=task["taskToken"], decisions=decisions, executionContext=context)

    def polled(self) -> str:
        token: str = self.service.poll_for_activity_task(domain=DOMAIN, taskList={"name": "work"})["taskToken"]
        return token

    def wait(self, seconds: float) -> None:
        self.clock.moment += seconds


@pytest.fixture(scope="module")
def played() -> Any:
    made = Played()
    yield made
    made.service.close()


def test_the_list_has_simpleflows_columns(played: Played) -> None:
    table = list_table(played.service, DOMAIN, status="closed", started_since_days=100 * 365)
    assert formatted(table, with_header=True) == "Workflow ID  Workflow Type  Status\nsums-1       sums           COMPLETED"


def test_info_is_one_row_with_simpleflows_columns_first(played: Played) -> None:
    table = info_table(played.service, DOMAIN, played.execution)
    assert list(zip(table.header, table.rows[0], strict=True)) == [
        ("domain", "local"),
        ("workflow_type.name", "sums"),
        ("workflow_type.version", "1"),
        ("task_list", "decisions"),
        ("workflow_id", "sums-1"),
        ("run_id", played.execution["runId"]),
        ("tag_list", "a=1,b"),
        ("execution_time", 7.5),
        ("input", {"args": [1], "kwargs": {}}),
        ("status", "COMPLETED"),
        ("events", 20),
        ("result", "[3,7]"),
        ("reason", None),
        ("log", "3 rows"),
        ("warning", None),
        ("activities", None),
        ("waiting_signals", None),
    ]


def test_tasks_are_newest_first_with_id_and_attempt_apart(played: Played) -> None:
    assert formatted(tasks_table(played.service, DOMAIN, played.execution), with_header=True) == "\n".join(
        [
            "Tasks     Last State  Last State Time                   Scheduled Time                    ID"
            "                   Attempt  Reason",
            "pkg.load  completed   2024-01-01 12:00:07.500000+00:00  2024-01-01 12:00:03.000000+00:00  activity-pkg.load-1  2",
            "pkg.add   completed   2024-01-01 12:00:07.000000+00:00  2024-01-01 12:00:00.000000+00:00  activity-pkg.add-1   1",
            "pkg.load  failed      2024-01-01 12:00:03.000000+00:00  2024-01-01 12:00:00.000000+00:00  activity-pkg.load-1  1"
            "        OSError: no such file",
        ]
    )
    assert len(tasks_table(played.service, DOMAIN, played.execution, most=2).rows) == 2


@pytest.mark.parametrize(
    ("task", "row"),
    [
        ("activity-pkg.load-1", ["activity-pkg.load-1.2", "completed", '{"rows": 3}', None]),
        ("activity-pkg.load-1.2", ["activity-pkg.load-1.2", "completed", '{"rows": 3}', None]),
        ("activity-pkg.add-1", ["activity-pkg.add-1", "completed", "7", None]),
    ],
)
def test_a_task_is_shown_by_its_last_attempt(played: Played, task: str, row: list[Any]) -> None:
    table = task_table(played.service, DOMAIN, played.execution, task)
    assert table.header == ["type", "id", "name", "version", "state", "timestamp", "input", "result", "reason"]
    shown = dict(zip(table.header, table.rows[0], strict=True))
    assert [shown[name] for name in ("id", "state", "result", "reason")] == row
    assert task_document(played.service, DOMAIN, played.execution, task)["task"]["id"] == row[0].removesuffix(".2")


def test_a_task_is_shown_with_its_details_if_they_are_asked_for(played: Played) -> None:
    table = task_table(played.service, DOMAIN, played.execution, "activity-pkg.add-1", with_details=True)
    assert table.header[-2:] == ["reason", "details"]


def test_a_task_that_is_not_there_is_refused(played: Played) -> None:
    with pytest.raises(DefinitionError) as refused:
        task_table(played.service, DOMAIN, played.execution, "activity-pkg.load-1.3")
    assert str(refused.value) == "sums-1 has no task 'activity-pkg.load-1.3'; workflow.tasks shows which it has"


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ({}, ["sums-1"]),
        ({"workflow_id": "sums-1"}, ["sums-1"]),
        ({"workflow_id": "sums"}, []),
        ({"type_name": "sums"}, ["sums-1"]),
        ({"type_name": "sums", "type_version": "2"}, []),
        ({"type_version": "1"}, ["sums-1"]),
        ({"tag": "b"}, ["sums-1"]),
        ({"tag": "c"}, []),
        ({"workflow_id": "sums-1", "tag": "c"}, []),
        ({"close_status": "COMPLETED", "type_name": "sums", "tag": "a=1"}, ["sums-1"]),
        ({"close_status": "FAILED"}, []),
        ({"oldest": NOON, "latest": NOON}, ["sums-1"]),
        ({"oldest": NOON + 1}, []),
        ({"latest": NOON - 1}, []),
    ],
)
def test_executions_are_filtered_by_all_conditions(played: Played, conditions: dict[str, Any], found: list[str]) -> None:
    wanted = ExecutionFilter(is_open=False, **conditions)
    assert [info["execution"]["workflowId"] for info in wanted.found(played.service, DOMAIN)] == found
    assert len(filter_document(played.service, DOMAIN, wanted)["executions"]) == len(found)


def test_filtered_executions_have_what_a_listing_tells(played: Played) -> None:
    table = filter_table(played.service, DOMAIN, ExecutionFilter(is_open=False))
    assert dict(zip(table.header, table.rows[0], strict=True)) == {
        "Workflow ID": "sums-1",
        "Workflow Type": "sums",
        "Workflow Version": "1",
        "Run ID": played.execution["runId"],
        "Status": "CLOSED",
        "Close Status": "COMPLETED",
        "Start Timestamp": "2024-01-01 12:00:00.000000+00:00",
        "Close Timestamp": "2024-01-01 12:00:07.500000+00:00",
        "Cancel Requested": False,
        "Tags": "a=1,b",
        "Parent Workflow ID": None,
        "Parent Run ID": None,
    }


def test_the_profile_has_the_longest_task_first(played: Played) -> None:
    assert formatted(profile_table(played.service, DOMAIN, played.execution), with_header=True) == "\n".join(
        [
            "Task                   Last State  Scheduled         Time Scheduled  Start             Time Running  End"
            "               Percentage of total time",
            "activity-pkg.add-1     completed   2024-01-01 12:00  1.00            2024-01-01 12:00  6.00"
            "          2024-01-01 12:00  70.59",
            "activity-pkg.load-1    failed      2024-01-01 12:00  1.00            2024-01-01 12:00  2.00"
            "          2024-01-01 12:00  23.53",
            "activity-pkg.load-1.2  completed   2024-01-01 12:00  4.00            2024-01-01 12:00  0.50"
            "          2024-01-01 12:00  5.88",
        ]
    )


def test_the_history_has_a_row_for_each_event(played: Played) -> None:
    events = history(played.service, DOMAIN, played.execution)
    rows = formatted(history_table(events), "tsv").splitlines()
    assert len(rows) == 20
    assert rows[0].split("\t")[:3] == ["1", "2024-01-01 12:00:00.000000+00:00", "WorkflowExecutionStarted"]
    assert rows[-1].split("\t") == [
        "20",
        "2024-01-01 12:00:07.500000+00:00",
        "WorkflowExecutionCompleted",
        '"{""decisionTaskCompletedEventId"":19,""result"":""[3,7]""}"',
    ]


def test_a_profile_for_programs_has_rounded_numbers(played: Played) -> None:
    rows = profile_table(played.service, DOMAIN, played.execution).rows
    assert [(row[3], row[5], row[7]) for row in rows] == [(1.0, 6.0, 70.59), (1.0, 2.0, 23.53), (4.0, 0.5, 5.88)]
    tasks = profile_document(played.service, DOMAIN, played.execution)["tasks"]
    assert [(one["seconds_waited"], one["seconds_run"], one["share"]) for one in tasks] == [
        (1.0, 6.0, 0.7059),
        (1.0, 2.0, 0.2353),
        (4.0, 0.5, 0.0588),
    ]


def test_times_of_documents_have_microseconds_of_whole_seconds_too() -> None:
    assert [iso_time(moment) for moment in (NOON, NOON + 0.125, datetime.fromtimestamp(NOON, UTC), None)] == [
        "2024-01-01T12:00:00.000000+00:00",
        "2024-01-01T12:00:00.125000+00:00",
        "2024-01-01T12:00:00.000000+00:00",
        None,
    ]


def test_executions_of_one_moment_are_listed_the_last_one_first() -> None:
    made = Played()
    try:
        for number in range(1, 4):
            made.start(f"same-{number}")
        of_type: Any = {"domain": DOMAIN, "startTimeFilter": {"oldestDate": NOON}}
        newest = made.service.list_open_workflow_executions(**of_type)["executionInfos"]
        oldest = made.service.list_open_workflow_executions(**of_type, reverseOrder=True)["executionInfos"]
        names = [info["execution"]["workflowId"] for info in newest]
        assert names == ["same-3", "same-2", "same-1"]
        assert [info["execution"]["workflowId"] for info in oldest] == names[::-1]
    finally:
        made.service.close()


TABLE = Table(
    ["Name", "Seconds", "Note"], [["load", 1.5, 'a "b", c'], ["add <é>", None, {"k": [1]}]]
)  # quotes, nothing to say, not ASCII, a value with a structure

SHOWN = {
    ("tabular", False): "load     1.50  a \"b\", c\nadd <é>        {'k': [1]}",
    ("tabular", True): "Name     Seconds  Note\nload     1.50     a \"b\", c\nadd <é>           {'k': [1]}",
    ("human", False): ("Name     load\nSeconds  1.50\nNote     a \"b\", c\n\nName     add <é>\nSeconds\nNote     {'k': [1]}"),
    ("json", False): '[["load",1.5,"a \\"b\\", c"],["add <é>",null,{"k":[1]}]]',
    ("json", True): (
        '[{"Name":"load","Note":"a \\"b\\", c","Seconds":1.5},{"Name":"add <é>","Note":{"k":[1]},"Seconds":null}]'
    ),
    ("prettyjson", False): (
        '[\n  {\n    "Name": "load",\n    "Note": "a \\"b\\", c",\n    "Seconds": 1.5\n  },\n'
        '  {\n    "Name": "add <é>",\n    "Note": {\n      "k": [\n        1\n      ]\n    },\n    "Seconds": null\n  }\n]'
    ),
    ("csv", False): 'load,1.5,"a ""b"", c"\nadd <é>,,{\'k\': [1]}',
    ("csv", True): 'Name,Seconds,Note\nload,1.5,"a ""b"", c"\nadd <é>,,{\'k\': [1]}',
    ("tsv", True): 'Name\tSeconds\tNote\nload\t1.5\t"a ""b"", c"\nadd <é>\t\t{\'k\': [1]}',
}


@pytest.mark.parametrize(("style", "with_header"), SHOWN)
def test_every_format_is_what_it_is_documented_to_be(style: str, with_header: bool) -> None:
    assert formatted(TABLE, style, with_header=with_header) == SHOWN[style, with_header]


@pytest.mark.parametrize("style", FORMATS)
def test_a_table_without_rows_is_no_trouble(style: str) -> None:
    empty = {"json": "[]", "prettyjson": "[]"}
    assert formatted(Table(["Name"]), style) == empty.get(style, "")


@pytest.mark.parametrize(
    ("activity_id", "task"),
    [
        ("activity-pkg.load-1", ("activity-pkg.load-1", 1)),
        ("activity-pkg.load-1.2", ("activity-pkg.load-1", 2)),
        ("activity-pkg.load-0f3a.12", ("activity-pkg.load-0f3a", 12)),
        ("mine", ("mine", 1)),
    ],
)
def test_an_id_names_a_task_and_its_attempt(activity_id: str, task: tuple[str, int]) -> None:
    assert split_id(activity_id) == task


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        ("nix", "workflow 'nix' is not known here; workflow.list shows which are"),
        ("b", "'b' is the beginning of 2 workflow ids: b-1, b-2; give more of it"),
    ],
)
def test_a_run_that_is_unknown_or_not_unique_is_refused(run: str, sentence: str, tmp_path: Path) -> None:
    made = Played()
    try:
        made.start("b-1")
        made.start("b-2")
        with pytest.raises(DefinitionError) as refused:
            found_execution(made.service, DOMAIN, run)
        assert str(refused.value) == sentence
        assert found_execution(made.service, DOMAIN, "sums") == made.execution
        assert found_execution(made.service, DOMAIN, "b-2")["workflowId"] == "b-2"
        place = Place(made.service, DOMAIN, PayloadDirectory(tmp_path))
        run_id = made.execution["runId"]
        assert execution_meant(place, made.execution["workflowId"], "".join(f"%{ord(c):02X}" for c in run_id)) == made.execution
    finally:
        made.service.close()
