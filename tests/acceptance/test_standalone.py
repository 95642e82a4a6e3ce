"""One command that is decider and worker of one run: its log, and what interrupts do to it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from .process_fleet import DOMAIN, PATIENCE_SECONDS, WORKFLOWS, ProcessFleet, client, wait_for


@pytest.fixture
def unsupervised(tmp_path: Path) -> Iterator[ProcessFleet]:
    """A service with no supervised deciders or workers."""
    (tmp_path / "faulty.py").write_text(WORKFLOWS)
    fleet = ProcessFleet(tmp_path, supervised=False)
    yield fleet
    fleet.close()


def test_standalone_logs_objects_with_ids_when_it_is_asked_to(unsupervised: ProcessFleet) -> None:
    process = unsupervised.standalone(
        "faulty.Waiting", "--input", '[0, "note"]', LOG_LEVEL="INFO", SIMPLEFLOW_NB_LOG_FORMAT="json"
    )
    said, logged = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, said) == (0, '["waited","waited"]\n'), logged
    first, *lines = logged.splitlines()
    run_id = first.removeprefix("Waiting ")
    bodies = [body for body in map(json.loads, lines) if "workflow_id" in body]
    assert {(body["workflow_id"], body["run_id"]) for body in bodies} == {("Waiting", run_id)}
    assert [body["activity_id"] for body in bodies if body["message"] == "started"] == [
        "activity-faulty.wait_for-1",
        "activity-faulty.wait_for-2",
    ]


def test_standalone_refuses_a_log_format_that_there_is_not(unsupervised: ProcessFleet) -> None:
    process = unsupervised.standalone("faulty.Waiting", SIMPLEFLOW_NB_LOG_FORMAT="xml")
    _, error = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, error) == (2, "simpleflow-nb: SIMPLEFLOW_NB_LOG_FORMAT is 'xml'; text or json is expected\n")


def test_standalone_stops_at_one_interrupt_once_the_tasks_under_way_have_ended(unsupervised: ProcessFleet) -> None:
    note = unsupervised.folder / "note"
    process = unsupervised.standalone("faulty.Waiting", "--input", json.dumps([3, str(note)]))
    wait_for(note.exists, "the first activity", unsupervised.log)
    process.send_signal(signal.SIGINT)
    said, error = process.communicate(timeout=PATIENCE_SECONDS)
    started, stopping, stopped = error.splitlines()
    assert (process.returncode, said) == (1, "")
    assert stopping == (
        "simpleflow-nb: stopping: no new task is started, those under way end first; Ctrl-C again cancels the run"
    )
    assert stopped.startswith("simpleflow-nb: stopped; Waiting is still open. decider.start and worker.start with --domain")
    execution = {"workflowId": "Waiting", "runId": started.removeprefix("Waiting ")}
    swf = client(unsupervised.port)
    events = swf.get_workflow_execution_history(domain=DOMAIN, execution=execution)["events"]
    swf.close()
    assert [event["eventType"] for event in events if event["eventType"].startswith("ActivityTask")] == [
        "ActivityTaskScheduled",
        "ActivityTaskStarted",
        "ActivityTaskCompleted",
    ]
    wait_for(lambda: not unsupervised.orphans(), "the end of its processes", unsupervised.log)


def test_standalone_cancels_the_run_at_two_interrupts(unsupervised: ProcessFleet) -> None:
    note = unsupervised.folder / "note"
    process = unsupervised.standalone("faulty.Waiting", "--input", json.dumps([600, str(note)]))
    wait_for(note.exists, "the first activity", unsupervised.log)
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    said, error = process.communicate(timeout=PATIENCE_SECONDS)  # a decision task that was lost all the same times out
    assert (process.returncode, said) == (1, "")
    assert error == "simpleflow-nb: cancelling the run\nsimpleflow-nb: Waiting was cancelled\n"
    wait_for(lambda: not unsupervised.orphans(), "the end of its processes", unsupervised.log)


def test_standalone_leaves_at_three_interrupts_and_says_how_to_go_on(unsupervised: ProcessFleet) -> None:
    note = unsupervised.folder / "note"
    process = unsupervised.standalone("faulty.Waiting", "--input", json.dumps([600, str(note)]))
    wait_for(note.exists, "the first activity", unsupervised.log)
    assert process.stderr is not None
    for _ in range(3):
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
    said, error = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, said) == (1, "")
    left, how = error.splitlines()[-1].split(". ")
    assert left == "simpleflow-nb: Waiting has not ended yet; its cancellation is requested"
    assert how.startswith(f"decider.start and worker.start with --domain {DOMAIN} --task-list Waiting-")
    wait_for(lambda: not unsupervised.orphans(), "the end of its processes", unsupervised.log)
