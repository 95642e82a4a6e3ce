"""kill -9 at random instants: what was acknowledged is there, and every run comes to its end."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.replay import Execution
from simpleflow_nb.workflow import program

from ..settings import count
from .conformance import history_problems
from .crashing import Sums, expected
from .manual_client import attributes

KILLS_A_TEST = 6


@pytest.mark.parametrize("seed", range(count(1, 167)))
def test_nothing_acknowledged_is_lost_by_kill_9_and_every_run_ends(tmp_path, seed):
    path, rng = tmp_path / "journal.sqlite3", random.Random(seed)
    acknowledged: set[str] = set()
    for kill in range(KILLS_A_TEST + 1):
        lines, code = _run_until_killed(path, rng.uniform(0.0, 0.3) if kill < KILLS_A_TEST else None)
        acknowledged |= set(lines) - {"open", "end"}
        assert code in (-signal.SIGKILL, 0)
    assert "end" in lines
    reader = JournalReader(path)
    histories = {}
    for number, info in reader.infos.items():
        request = {"domain": DOMAIN, "execution": info["execution"]}
        histories[number] = reader.get_workflow_execution_history(**request)["events"]
    reader.close()
    ended, started = set(), set()
    for number, events in histories.items():
        assert history_problems(events) == []
        assert events[-1]["eventType"] == "WorkflowExecutionCompleted"
        arguments = json.loads(attributes(events[0])["input"])["args"]
        assert json.loads(attributes(events[-1])["result"]) == expected(*arguments)
        _check_replay(reader.infos[number]["execution"], events)
        started.add("started " + reader.infos[number]["execution"]["runId"])
        for event in events:
            if event["eventType"] in ("ActivityTaskCompleted", "ActivityTaskFailed"):
                body = attributes(event)
                ended.add(f"a{number}.{body['scheduledEventId']}.{body['startedEventId']}")
    assert acknowledged <= ended | started


def _check_replay(execution, events):
    replayed = Execution(program(Sums), run_id=execution["runId"], workflow_id=execution["workflowId"])
    assert replayed.advance(events) == []
    assert replayed.closed
    replayed.kill()


def _run_until_killed(path, seconds):
    """What the child said, in whole lines, and how it ended; killed that long after it had opened the journal, if at all."""
    command = [sys.executable, "-c", "import sys; from tests.service.crashing import main; main(sys.argv[1])", str(path)]
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
