"""Domains of one service: each has workflow ids, task lists, types and listings of its own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.service import LocalService

from .conformance import Conforming
from .manual_client import StillClock, schedule

FLOW = {"name": "flow", "version": "1"}
ALL = {"startTimeFilter": {"oldestDate": 0}}
DEFAULTS = {
    "defaultTaskList": {"name": "flows"},
    "defaultTaskStartToCloseTimeout": "60",
    "defaultExecutionStartToCloseTimeout": "86400",
    "defaultChildPolicy": "TERMINATE",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


def opened(path: Path, domain: str = "alpha") -> LocalService:
    return LocalService.open(path, clock=StillClock(), poll_seconds=0, domain=domain, workers_inside=False)


@pytest.fixture
def service(path: Path) -> Iterator[LocalService]:
    """With the domains ``alpha`` and ``beta``, which have the same types; a run of each has the id ``same``."""
    made = opened(path)
    swf: Any = Conforming(made)
    swf.register_domain(name="beta", workflowExecutionRetentionPeriodInDays="30")
    for domain in ("alpha", "beta"):
        swf.register_workflow_type(domain=domain, **FLOW, **DEFAULTS)
        swf.register_activity_type(domain=domain, name="task", version="1")
        swf.start_workflow_execution(domain=domain, workflowId="same", workflowType=FLOW, input=domain)
    yield made
    made.close()


def decide(swf: Any, domain: str, *decisions: dict[str, Any]) -> str:
    """The input of the run that was decided."""
    task = swf.poll_for_decision_task(domain=domain, taskList={"name": "flows"})
    swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=list(decisions))
    text: str = task["events"][0]["workflowExecutionStartedEventAttributes"]["input"]
    return text


def listed(swf: Any, domain: str) -> list[str]:
    infos = swf.list_open_workflow_executions(domain=domain, **ALL)["executionInfos"]
    return [info["execution"]["runId"] for info in infos]


def test_a_task_goes_to_the_domain_that_it_belongs_to(service: LocalService) -> None:
    swf: Any = Conforming(service)
    assert [decide(swf, domain, schedule("a-1")) for domain in ("beta", "alpha")] == ["beta", "alpha"]
    for domain in ("beta", "alpha"):
        pending = swf.count_pending_activity_tasks(domain=domain, taskList={"name": "work"})
        task = swf.poll_for_activity_task(domain=domain, taskList={"name": "work"})
        assert (pending["count"], [task["workflowExecution"]["runId"]]) == (1, listed(swf, domain))
        swf.respond_activity_task_completed(taskToken=task["taskToken"])
        assert not swf.poll_for_activity_task(domain=domain, taskList={"name": "work"}).get("taskToken")


def test_each_call_finds_the_runs_of_its_domain_alone(service: LocalService) -> None:
    swf: Any = Conforming(service)
    [alpha], [beta] = listed(swf, "alpha"), listed(swf, "beta")
    assert alpha != beta
    for domain, own, other in (("alpha", alpha, beta), ("beta", beta, alpha)):
        assert swf.count_open_workflow_executions(domain=domain, **ALL)["count"] == 1
        described = swf.describe_workflow_execution(domain=domain, execution={"workflowId": "same", "runId": own})
        assert "domain" not in described["executionInfo"]
        for call in (swf.describe_workflow_execution, swf.get_workflow_execution_history):
            with pytest.raises(Fault, match=r"^UnknownResourceFault: Unknown execution: workflowId=same, runId="):
                call(domain=domain, execution={"workflowId": "same", "runId": other})
    swf.terminate_workflow_execution(domain="beta", workflowId="same")
    assert (listed(swf, "alpha"), listed(swf, "beta")) == ([alpha], [])
    with pytest.raises(Fault, match=r"^UnknownResourceFault"):
        swf.signal_workflow_execution(domain="beta", workflowId="same", signalName="s")
    swf.signal_workflow_execution(domain="alpha", workflowId="same", signalName="s")


def test_a_type_is_registered_deprecated_and_known_in_its_domain_alone(service: LocalService) -> None:
    swf: Any = Conforming(service)
    swf.deprecate_activity_type(domain="beta", activityType={"name": "task", "version": "1"})
    swf.register_workflow_type(domain="beta", name="other", version="1", **DEFAULTS)
    for domain, types, event in (
        ("alpha", ["flow"], "ActivityTaskScheduled"),
        ("beta", ["flow", "other"], "ScheduleActivityTaskFailed"),
    ):
        infos = swf.list_workflow_types(domain=domain, registrationStatus="REGISTERED")["typeInfos"]
        assert [info["workflowType"]["name"] for info in infos] == types
        decide(swf, domain, schedule("a-1"))
        events = swf.get_workflow_execution_history(
            domain=domain, execution={"workflowId": "same", "runId": listed(swf, domain)[0]}
        )
        assert event in [one["eventType"] for one in events["events"]]
    with pytest.raises(Fault, match=r"^UnknownResourceFault: Unknown type: WorkflowType=\[name=other, version=1\]$"):
        swf.start_workflow_execution(domain="alpha", workflowId="x", workflowType={"name": "other", "version": "1"})


@pytest.mark.parametrize("home", ["alpha", "beta", "gamma"])
def test_domains_are_kept_apart_across_a_restart(home: str, service: LocalService, path: Path) -> None:
    runs = {domain: listed(service, domain) for domain in ("alpha", "beta")}
    service.close()
    again = opened(path, home)
    try:
        assert {domain: listed(again, domain) for domain in runs} == runs
        assert sorted(again.domains) == sorted({"alpha", "beta", home})
        assert [decide(again, domain) for domain in ("beta", "alpha")] == ["beta", "alpha"]
        reader = JournalReader(path)
        assert {domain: listed(reader, domain) for domain in runs} == runs
        reader.close()
    finally:
        again.close()


def test_what_a_journal_of_one_domain_holds_belongs_to_it(service: LocalService, path: Path) -> None:
    """As versions wrote it that named no domain beside runs and types."""
    [run_id] = listed(service, "alpha")
    service.close()
    with sqlite3.connect(path) as journal:
        journal.execute("DELETE FROM types WHERE kind LIKE '%@beta' OR name = 'beta'")
        journal.execute("UPDATE types SET kind = substr(kind, 1, instr(kind, '@') - 1) WHERE kind LIKE '%@%'")
        journal.execute("DELETE FROM runs WHERE run_id != ?", (run_id,))
        [(info,)] = journal.execute("SELECT info FROM runs")
        old = {key: value for key, value in json.loads(info).items() if key != "domain"}
        journal.execute("UPDATE runs SET info = ?", (json.dumps(old),))
    again = opened(path, "alpha")
    try:
        assert listed(again, "alpha") == [run_id]
        assert decide(again, "alpha", schedule("a-1")) == "alpha"
        assert again.count_pending_activity_tasks(domain="alpha", taskList={"name": "work"})["count"] == 1
    finally:
        again.close()


def test_domains_are_listed_in_pages_and_either_way(service: LocalService) -> None:
    swf: Any = Conforming(service)
    swf.register_domain(name="gamma", workflowExecutionRetentionPeriodInDays="30", description="the third")
    asked: dict[str, Any] = {"registrationStatus": "REGISTERED", "maximumPageSize": 2}
    first = swf.list_domains(**asked)
    second = swf.list_domains(**asked, nextPageToken=first["nextPageToken"])
    assert "nextPageToken" not in second
    assert [info["name"] for info in first["domainInfos"] + second["domainInfos"]] == ["alpha", "beta", "gamma"]
    assert second["domainInfos"] == [
        {
            "name": "gamma",
            "status": "REGISTERED",
            "description": "the third",
            "arn": "arn:aws:swf:local:000000000000:/domain/gamma",
        }
    ]
    assert swf.describe_domain(name="gamma")["domainInfo"] == second["domainInfos"][0]
    backwards = swf.list_domains(registrationStatus="REGISTERED", reverseOrder=True)
    assert [info["name"] for info in backwards["domainInfos"]] == ["gamma", "beta", "alpha"]
    assert swf.list_domains(registrationStatus="DEPRECATED")["domainInfos"] == []
    with pytest.raises(Fault, match="Invalid token: 'x'"):
        service.list_domains(registrationStatus="REGISTERED", nextPageToken="x")
    assert swf.found == []
