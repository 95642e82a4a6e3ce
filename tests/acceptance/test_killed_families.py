"""Parents with children on a service of its own, while deciders and workers are killed: each child is started exactly once,
signals between them are never lost, and the child policy of a parent that is terminated is applied."""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from simpleflow_nb.local.reader import JournalReader
from tests.service.manual_client import attributes
from tests.service.related_histories import Histories, check_related
from tests.settings import count

from .process_fleet import DOMAIN, PATIENCE_SECONDS, ProcessFleet, client, wait_for

ROUNDS = count(small=3, soak=30)
KILLS_A_ROUND = count(small=2, soak=4)
CHILDREN = 3
POLICIES = {"TERMINATE": "Terminated", "REQUEST_CANCEL": "Canceled", "ABANDON": "Completed"}
SERVICE_KILLS = 10  #: one in so many kills is of the service

WORKFLOWS = """
from simpleflow_nb import Workflow, activity, futures


@activity.with_attributes(task_list="work", version="1", heartbeat_timeout=3, start_to_close_timeout=20, retry=10)
def double(number):
    return 2 * number


class Kin(Workflow):
    version, task_list, decision_tasks_timeout, execution_timeout = "1", "decide", 3, 3_600


class Child(Kin):
    name = "child"

    def run(self, number):
        parent = self.get_run_context()["parent_workflow_id"]
        doubled = self.submit(double, number).result
        self.submit(self.signal("ready", doubled, workflow_id=parent, propagate=False)).result
        return [doubled, self.next_signal("go").result["args"]]


class Parent(Kin):
    name = "parent"

    def run(self, first, last):
        children = [self.submit(Child, number) for number in range(first, last)]
        ready = [self.next_signal("ready").result["args"][0] for _ in children]
        for child in children:
            self.submit(self.signal("go", "from parent", workflow_id=child.workflow_id, propagate=False))
        return sorted(ready), futures.wait(children)


class Doomed(Kin):
    name = "doomed"

    def run(self, first, last):
        children = [self.submit(Child, number) for number in range(first, last)]
        for _ in children:
            self.next_signal("ready").result
        self.submit(self.record_marker("all are ready"))
        futures.wait(children)
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[ProcessFleet]:
    (tmp_path / "kin.py").write_text(WORKFLOWS)
    fleet = ProcessFleet(tmp_path, workflows=("kin.Parent", "kin.Child", "kin.Doomed"))
    yield fleet
    fleet.close()


def test_no_kill_starts_a_child_twice_loses_a_signal_or_lets_a_child_escape_its_parents_policy(fleet: ProcessFleet) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    choice = random.Random(seed)
    with closing(client(fleet.port)) as swf:
        types = {"domain": DOMAIN, "registrationStatus": "REGISTERED"}
        wait_for(lambda: len(swf.list_workflow_types(**types)["typeInfos"]) == 3, "the workflows' registration", fleet.log)
        for number in range(ROUNDS):
            _one_round(fleet, swf, choice, number)
    fleet.restart_ended()
    wait_for(lambda: len(fleet.children()) == 4, "two deciders and two workers", fleet.log)
    fleet.end()
    log = fleet.log.read_text()
    assert "Traceback" not in log, log[-8_000:]
    assert " CRITICAL " not in log
    _check(_histories(fleet.folder / ".simpleflow-nb" / "journal.sqlite3"))


def _one_round(fleet: ProcessFleet, swf: Any, choice: random.Random, number: int) -> None:
    policy = list(POLICIES)[number % len(POLICIES)]
    _start(swf, f"parent-{number}", "parent", number)
    _start(swf, f"doomed-{number}", "doomed", number, childPolicy=policy)
    for _ in range(KILLS_A_ROUND):
        time.sleep(choice.uniform(0, 0.6))
        _kill(fleet, choice)
    doomed = wait_for(lambda: _children_that_are_ready(swf, f"doomed-{number}"), "its children to be ready", fleet.log)
    _kill(fleet, choice)
    _insist(lambda: swf.terminate_workflow_execution(domain=DOMAIN, workflowId=f"doomed-{number}"))
    if policy == "ABANDON":
        for child in doomed:
            told = json.dumps({"args": ["from the test"], "kwargs": {}})
            _insist(lambda: swf.signal_workflow_execution(domain=DOMAIN, workflowId=child, signalName="go", input=told))  # noqa: B023
    wait_for(lambda: _open_ids(fleet, swf) == set(), f"the end of round {number}", fleet.log)


def _start(swf: Any, workflow_id: str, kind: str, number: int, **options: Any) -> None:
    request = {
        "domain": DOMAIN,
        "workflowId": workflow_id,
        "workflowType": {"name": kind, "version": "1"},
        "taskList": {"name": "decide"},
        "input": json.dumps({"args": [CHILDREN * number, CHILDREN * (number + 1)], "kwargs": {}}),
        **options,
    }
    _insist(lambda: swf.start_workflow_execution(**request))


def _kill(fleet: ProcessFleet, choice: random.Random) -> None:
    """Kill a decider or a worker, and now and then the service."""
    if choice.randrange(SERVICE_KILLS) == 0:
        fleet.restart_service(signal.SIGKILL)
        return
    children = wait_for(fleet.children, "a decider or a worker", fleet.log)
    try:
        choice.choice(children).kill()
    except psutil.NoSuchProcess:  # killed a moment ago
        return


def _children_that_are_ready(swf: Any, workflow_id: str) -> list[str]:
    """Return the ids of the children of an execution that waits for nothing but their ends; empty until then."""
    found = _insist(lambda: swf.list_open_workflow_executions(**_SINCE_EVER, executionFilter={"workflowId": workflow_id}))
    execution = found["executionInfos"][0]["execution"]
    events = _insist(lambda: swf.get_workflow_execution_history(domain=DOMAIN, execution=execution))["events"]
    if not any(attributes(event).get("markerName") == "all are ready" for event in events):
        return []
    kind = "ChildWorkflowExecutionStarted"
    return [attributes(event)["workflowExecution"]["workflowId"] for event in events if event["eventType"] == kind]


_SINCE_EVER = {"domain": DOMAIN, "startTimeFilter": {"oldestDate": 0}}


def _open_ids(fleet: ProcessFleet, swf: Any) -> set[str]:
    fleet.restart_ended()
    infos = _insist(lambda: swf.list_open_workflow_executions(**_SINCE_EVER))["executionInfos"]
    return {info["execution"]["workflowId"] for info in infos}


def _insist(call: Callable[[], Any]) -> Any:
    """Return the answer of a service that may be away for a moment, and may have done already what it is asked for again."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    lost = False
    while True:
        try:
            return call()
        except BotoCoreError:
            if time.monotonic() > give_up:
                raise
            lost = True
            time.sleep(0.1)
        except ClientError:
            if not lost:
                raise
            return None


def _histories(journal: Path) -> Histories:
    with closing(JournalReader(journal)) as reader:
        ids = [(one.workflow_id, one.run_id) for one in reader.changes().executions]
        found: Any = {one: reader.events(*one) for one in ids}
    return dict(found)


def _check(histories: Histories) -> None:
    check_related(histories)
    ends: Counter[tuple[str, str]] = Counter()
    for (workflow_id, _), events in histories.items():
        last = events[-1]["eventType"].removeprefix("WorkflowExecution")
        kinds = Counter(event["eventType"] for event in events)
        kind, _, number = workflow_id.partition("-")
        if kind == "parent":
            doubled = [2 * (CHILDREN * int(number) + n) for n in range(CHILDREN)]
            result = json.loads(attributes(events[-1])["result"])
            assert result == [doubled, [[one, ["from parent"]] for one in doubled]]
        if kind in ("parent", "doomed"):
            assert kinds["StartChildWorkflowExecutionInitiated"] == kinds["ChildWorkflowExecutionStarted"] == CHILDREN
            ends[kind, last] += 1
        else:
            parent = attributes(events[0])["parentWorkflowExecution"]["workflowId"]
            family, _, number = parent.partition("-")
            policy = list(POLICIES)[int(number) % len(POLICIES)]
            assert last == ("Completed" if family == "parent" else POLICIES[policy]), workflow_id
            ends["child", family] += 1
    assert ends == {
        ("parent", "Completed"): ROUNDS,
        ("doomed", "Terminated"): ROUNDS,
        ("child", "parent"): ROUNDS * CHILDREN,
        ("child", "doomed"): ROUNDS * CHILDREN,
    }
