"""kill -9 at random instants, with several executions in one call: what one history says of another, that one says too."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.local.reader import JournalReader

from ..settings import count
from .conformance import history_problems
from .manual_client import Event, attributes
from .relating import CHILD_ENDS, CHILDREN, FAMILIES, POLICIES

KILLS_A_TEST = 6

Id = tuple[str, str]  # workflow id and run id
Histories = dict[Id, list[Event]]


@pytest.mark.parametrize("seed", range(count(2, 150)))
def test_no_kill_parts_a_child_from_its_parent_or_a_signal_from_its_sender(tmp_path: Path, seed: int) -> None:
    path, rng = tmp_path / "journal.sqlite3", random.Random(seed)
    for kill in range(KILLS_A_TEST + 1):
        lines, code = _run_until_killed(path, rng.uniform(0.0, 0.15) if kill < KILLS_A_TEST else None)
        assert code in (-signal.SIGKILL, 0)
        _check(_histories(path))
    assert lines[-1] == "end"
    _check_ended(_histories(path))


def _histories(path: Path) -> Histories:
    """Read what is in the file, as nobody has mended it yet."""
    if not path.exists():
        return {}
    reader = JournalReader(path, may_be_missing=True)
    found: Any = {(one.workflow_id, one.run_id): [] for one in reader.changes().executions}
    for workflow_id, run_id in found:
        found[workflow_id, run_id] = reader.events(workflow_id, run_id)
    reader.close()
    return found


def _check(histories: Histories) -> None:
    for events in histories.values():
        assert history_problems(events) == []
    _check_children(histories)
    _check_messages(histories, "Signal", "WorkflowExecutionSignaled", "ExternalWorkflowExecutionSignaled")
    _check_messages(histories, "RequestCancel", "WorkflowExecutionCancelRequested", "ExternalWorkflowExecutionCancelRequested")
    _check_policies(histories)


def _check_children(histories: Histories) -> None:
    """Each start and each end of a child is in both histories, once, unless the parent had closed before."""
    for execution, events in histories.items():
        started = attributes(events[0])
        if "parentWorkflowExecution" not in started:
            continue
        parent, initiated = _id(started["parentWorkflowExecution"]), started["parentInitiatedEventId"]
        of_child = [event for event in histories[parent] if attributes(event).get("initiatedEventId") == initiated]
        kinds = Counter(event["eventType"] for event in of_child)
        assert kinds["ChildWorkflowExecutionStarted"] == 1
        if "continuedExecutionRunId" not in started:
            assert _id(attributes(of_child[0])["workflowExecution"]) == execution
        last = events[-1]["eventType"].removeprefix("WorkflowExecution")
        told = [event for event in of_child if event["eventType"] in CHILD_ENDS]
        if f"ChildWorkflowExecution{last}" in CHILD_ENDS and not _is_closed(histories[parent]):
            assert [event["eventType"] for event in told] == [f"ChildWorkflowExecution{last}"]
        for event in told:
            ended = histories[_id(attributes(event)["workflowExecution"])]
            assert ended[-1]["eventType"] == event["eventType"].removeprefix("Child")
        assert len(told) <= 1


def _check_messages(histories: Histories, kind: str, arrival: str, answer: str) -> None:
    """Everything sent is answered in the history of its sender, and arrived exactly once if the answer says so."""
    answered: Counter[tuple[Id, int, Id]] = Counter()
    arrived: Counter[tuple[Id, int, Id]] = Counter()
    for execution, events in histories.items():
        for event in events:
            a = attributes(event)
            if event["eventType"] == f"{kind}ExternalWorkflowExecutionInitiated" and not _is_closed_with(events, a):
                replies = [one for one in events if attributes(one).get("initiatedEventId") == event["eventId"]]
                assert [one["eventType"] for one in replies] in ([answer], [f"{kind}ExternalWorkflowExecutionFailed"])
            if event["eventType"] == answer:
                answered[execution, a["initiatedEventId"], _id(a["workflowExecution"])] += 1
            if event["eventType"] == arrival and a.get("externalInitiatedEventId"):
                sender = _id(a["externalWorkflowExecution"])
                sent = histories[sender][a["externalInitiatedEventId"] - 1]
                assert sent["eventType"] == f"{kind}ExternalWorkflowExecutionInitiated"
                arrived[sender, a["externalInitiatedEventId"], execution] += 1
    assert set(arrived.values()) <= {1}
    silent = {message for message in arrived if _is_closed_with(histories[message[0]], _sent(histories, message))}
    assert answered == Counter({message: 1 for message in arrived if message not in silent})


def _check_policies(histories: Histories) -> None:
    """What a termination does to the children has happened with it."""
    for (workflow_id, _), events in histories.items():
        if not workflow_id.startswith("doomed") or events[-1]["eventType"] != "WorkflowExecutionTerminated":
            continue
        if "parentWorkflowExecution" in attributes(events[0]):
            continue
        policy = attributes(events[-1])["childPolicy"]
        ended = {attributes(e)["workflowExecution"]["workflowId"] for e in events if e["eventType"] in CHILD_ENDS}
        for index in range(CHILDREN):
            child = f"{workflow_id}.{index}"
            newest = [run for (name, _), run in histories.items() if name == child][-1]
            causes = [attributes(event).get("cause") for run in _runs(histories, child) for event in run]
            if child in ended or policy == "ABANDON":
                assert "CHILD_POLICY_APPLIED" not in causes
                continue
            assert causes.count("CHILD_POLICY_APPLIED") == 1
            if policy == "TERMINATE":
                assert attributes(newest[-1])["cause"] == "CHILD_POLICY_APPLIED"


def _check_ended(histories: Histories) -> None:
    """Every execution has come to the end that its code wants."""
    ends = {}
    for (workflow_id, _), events in histories.items():
        ends[workflow_id] = events[-1]["eventType"].removeprefix("WorkflowExecution")
    wanted: dict[str, str] = {}
    for n in range(FAMILIES):
        wanted |= {
            f"family-{n}": "Completed",
            f"family-{n}.0": "Completed",
            f"family-{n}.1": "Failed",
            f"family-{n}.2": "Canceled",
        }
        how = {"TERMINATE": "Terminated", "REQUEST_CANCEL": "Canceled", "ABANDON": "Completed"}[POLICIES[n % len(POLICIES)]]
        wanted |= {f"doomed-{n}": "Terminated"} | {f"doomed-{n}.{index}": how for index in range(CHILDREN)}
    assert ends == wanted


def _runs(histories: Histories, workflow_id: str) -> list[list[Event]]:
    return [events for (name, _), events in histories.items() if name == workflow_id]


def _sent(histories: Histories, message: tuple[Id, int, Id]) -> dict[str, Any]:
    return attributes(histories[message[0]][message[1] - 1])


def _is_closed(events: list[Event]) -> bool:
    kind = events[-1]["eventType"]
    return kind.startswith("WorkflowExecution") and kind not in (
        "WorkflowExecutionStarted",
        "WorkflowExecutionSignaled",
        "WorkflowExecutionCancelRequested",
    )


def _is_closed_with(events: list[Event], sent: dict[str, Any]) -> bool:
    """Tell whether the response that sent something also closed the sender, which then gets no answer."""
    closing = attributes(events[-1]) if _is_closed(events) else {}
    return closing.get("decisionTaskCompletedEventId") == sent["decisionTaskCompletedEventId"]


def _id(ids: dict[str, str]) -> Id:
    return ids["workflowId"], ids["runId"]


def _run_until_killed(path: Path, seconds: float | None) -> tuple[list[str], int]:
    """Return what the child said, in whole lines, and how it ended; killed that long after it had opened the journal."""
    command = [sys.executable, "-c", "import sys; from tests.service.relating import main; main(sys.argv[1])", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    said = process.stdout.readline()
    killer = threading.Timer(120 if seconds is None else seconds, process.kill)
    killer.start()
    said += process.stdout.read()
    killer.cancel()
    code = process.wait()
    process.stdout.close()
    return said.decode().split("\n")[:-1], code
