"""Activities whose bodies are functions of ``execute``."""

from __future__ import annotations

import json

import psutil

from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.processes.process_groups import ProcessGroups
from simpleflow_nb.testing import harness
from tests.unit import executed
from tests.unit.test_execute import family, is_gone, wait_until

from .one_activity import Cancelling, One, ended_as

HERE = executed.__name__


def test_an_activity_may_be_a_function_of_another_process_and_knows_its_context_there(one):
    end, _ = one(executed.activity_in_another_process, "return")
    assert end == {"result": f"activity-{HERE}.activity_in_another_process-1", "error": None}


def test_what_the_other_process_raised_is_what_failed(one):
    end, history = one(executed.activity_in_another_process, "raise")
    assert end["error"].endswith(": ExecutionError: Unusual: très étrange")
    told = ended_as(history)
    details = json.loads(told["details"])
    assert told["reason"] == "ExecutionError: Unusual: très étrange"
    assert (details["error_type"], details["message"]) == ("simpleflow_nb.exceptions.ExecutionError", "Unusual: très étrange")
    lines = "".join(details["traceback"])
    assert f"{HERE}.Unusual: très étrange\n\nThe above exception ended the process of the following call:\n\nTraceback" in lines


def test_log_lines_of_the_other_process_have_the_ids_of_the_task(one, capfd):
    end, history = one(executed.told_ids)
    task = f"activity-{HERE}.told_ids-1"
    run = history[0]["workflowExecutionStartedEventAttributes"]
    assert run["workflowType"]["name"] == One.name
    assert end["result"] == {
        "activity_id": task,
        "domain": DOMAIN,
        "event_id": "",
        "task_list": "testing",
        "task_type": "activity",
        "workflow_id": "One-1",
    }
    assert f"WARNING {HERE} [One-1 {task}]: in the other process\n" in capfd.readouterr().err


def test_cancelling_the_task_ends_the_other_process_with_all_that_it_started(monkeypatch, tmp_path):
    monkeypatch.setenv("ACTIVITY_SIGTERM_WAIT_SEC", "0.2")
    monkeypatch.setattr(Cancelling, "task", executed.patient_activity)
    with harness(Cancelling) as opened:
        started = opened.start(Cancelling, str(tmp_path / "pids"))
        members = family(tmp_path / "pids")
        assert len(members) == 3
        opened.signal(started[0], "cancel")
        assert opened.result(*started)[:2] == ["CANCELLED", "TaskCanceled"]
        wait_until(lambda: all(map(is_gone, members)))


def test_cancelling_the_task_ends_a_program(monkeypatch, tmp_path):
    monkeypatch.setattr(Cancelling, "task", executed.sleeping_activity)
    before = {child.pid for child in psutil.Process().children()}
    with harness(Cancelling) as opened:
        started = opened.start(Cancelling, 600)
        wait_until(lambda: {child.pid for child in psutil.Process().children()} - before)
        (program,) = [child for child in psutil.Process().children() if child.pid not in before]
        opened.signal(started[0], "cancel")
        assert opened.result(*started)[:2] == ["CANCELLED", "TaskCanceled"]
        wait_until(lambda: is_gone(program))


def test_the_worker_records_the_process_so_that_none_outlives_it(monkeypatch, tmp_path):
    monkeypatch.setenv("ACTIVITY_SIGTERM_WAIT_SEC", "0.2")
    monkeypatch.setattr(One, "task", executed.patient_activity)
    groups = ProcessGroups(tmp_path / "groups")
    with harness(One) as opened:
        opened.engine.worker.process_groups = groups
        opened.start(One, str(tmp_path / "pids"))
        members = family(tmp_path / "pids")
        assert [file.name for file in (tmp_path / "groups").iterdir()] == [str(members[0].pid)]
    wait_until(lambda: all(map(is_gone, members)))
    assert list((tmp_path / "groups").iterdir()) == []
