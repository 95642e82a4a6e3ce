"""A journal has one owner, and any number of readers beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from simpleflow_nb.exceptions import JournalInUse, ServiceError
from simpleflow_nb.local.ownership import is_owned, owner_pid
from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.service import DOMAIN, LocalService

from .manual_client import opened, schedule

_OWNER = """
import sys, time
from pathlib import Path
from simpleflow_nb.local.service import LocalService
service = LocalService.open(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.readline()
service.close()
"""


@pytest.fixture
def owner(path):
    """Another process that owns the journal."""
    process = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_owner_is_refused_with_the_pid_of_the_first(path, owner):
    with pytest.raises(JournalInUse) as refused:
        LocalService.open(path)
    assert refused.value.pid == owner.pid == owner_pid(path)
    assert str(refused.value) == (
        f"{path} is in use by process {owner.pid}; wait for it, stop it, or name another file with --db"
    )
    assert is_owned(path)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert not is_owned(path)
    opened(path).close()


def test_the_journal_is_free_again_after_an_ordinary_end(path, owner):
    owner.communicate("\n")
    assert owner.returncode == 0
    assert not is_owned(path)
    assert owner_pid(path) == 0
    opened(path).close()


def test_a_reader_beside_the_owner_sees_what_is_committed(path):
    client = opened(path)
    run_id = client.start(tagList=["t"])
    execution = {"workflowId": "run", "runId": run_id}
    client.decide(schedule("a-1"))
    for n in range(3):
        client.signal("more")
        reader = JournalReader(path)
        page = reader.get_workflow_execution_history(domain=DOMAIN, execution=execution)
        assert len(page["events"]) == 5 + 1 + 1 + n
        assert reader.describe_workflow_execution(domain=DOMAIN, execution=execution)["openCounts"]["openActivityTasks"] == 1
        infos = reader.list_open_workflow_executions(domain=DOMAIN, startTimeFilter={"oldestDate": 0})["executionInfos"]
        assert [info["execution"] for info in infos] == [execution]
        reader.close()
    client.terminate()
    reader = JournalReader(path)
    infos = reader.list_closed_workflow_executions(domain=DOMAIN, startTimeFilter={"oldestDate": 0})["executionInfos"]
    assert [info["closeStatus"] for info in infos] == ["TERMINATED"]
    with pytest.raises(ServiceError, match=r"^only the owner of a journal knows which tasks wait$"):
        reader.count_pending_activity_tasks(domain=DOMAIN, taskList={"name": "work"})
    reader.close()
    client.close()


def test_a_reader_works_when_nobody_owns_the_journal(path):
    client = opened(path)
    client.start()
    client.close()
    before = sorted(os.listdir(path.parent))
    reader = JournalReader(path)
    assert reader.count_open_workflow_executions(domain=DOMAIN, startTimeFilter={"oldestDate": 0})["count"] == 1
    reader.close()
    assert set(os.listdir(path.parent)) <= {*before, path.name + "-wal", path.name + "-shm"}
