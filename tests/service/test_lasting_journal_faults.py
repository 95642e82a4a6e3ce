"""``service.start`` whose journal cannot be written: what is acknowledged is kept, and it goes on or ends and says so."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..settings import count
from .process_threads import until
from .served import Served, served

LOCKED_SECONDS = count(2, 15)
WARNING = "WARNING simpleflow_nb.local.patience: "
BIG = "x" * 30_000


class Lock:
    """Another program that has locked a journal: a process, since locks of this one end with any descriptor of the file."""

    def __init__(self, journal: Path) -> None:
        program = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None); "
        program += "db.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read(); db.execute('ROLLBACK')"
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, journal], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "locked\n"

    def let_go(self) -> None:
        if self._process.returncode is None:
            self._process.communicate("")
        assert self._process.returncode == 0


@pytest.fixture
def locked_service(tmp_path: Path) -> Iterator[tuple[Served, Lock]]:
    with served(tmp_path / "journal.sqlite3") as service:
        service.register()
        assert service.start("closed")[0] == 200
        assert service.call("TerminateWorkflowExecution", domain="local", workflowId="closed")[0] == 200
        assert service.start("before")[0] == 200
        lock = Lock(service.journal)
        yield service, lock
        lock.let_go()


@pytest.mark.parametrize("operation", ["StartWorkflowExecution", "RegisterActivityType", "RegisterDomain"])
def test_a_journal_that_is_locked_for_a_while_delays_what_is_to_be_written_alone(
    locked_service: tuple[Served, Lock], operation: str
) -> None:
    service, lock = locked_service
    requests: dict[str, dict[str, Any]] = {
        "StartWorkflowExecution": {
            "domain": "local",
            "workflowId": "meanwhile",
            "workflowType": {"name": "flow", "version": "1"},
        },
        "RegisterActivityType": {"domain": "local", "name": "meanwhile", "version": "1"},
        "RegisterDomain": {"name": "meanwhile", "workflowExecutionRetentionPeriodInDays": "1"},
    }
    asked = {"domain": "local", "startTimeFilter": {"oldestDate": 0}}
    closed = service.call("ListClosedWorkflowExecutions", **asked)[1]["executionInfos"][0]["execution"]
    told: list[int] = []
    writing = threading.Thread(target=lambda: told.append(service.call(operation, **requests[operation])[0]))
    writing.start()
    free_at = time.monotonic() + LOCKED_SECONDS
    while time.monotonic() < free_at:
        assert service.open_ids() == {"before"}
        listed = service.call("ListDomains", registrationStatus="REGISTERED")[1]["domainInfos"]
        assert [info["name"] for info in listed] == ["local"]
        types = service.call("ListActivityTypes", domain="local", registrationStatus="REGISTERED")[1]["typeInfos"]
        assert types == []
        status, history = service.call("GetWorkflowExecutionHistory", domain="local", execution=closed)
        assert status == 200, history
        assert history["events"][-1]["eventType"] == "WorkflowExecutionTerminated"
        assert told == []
    lock.let_go()
    writing.join(60)
    assert told == [200]
    assert service.start("afterwards")[0] == 200
    service.process.terminate()
    code, said = service.ended()
    assert code == 0
    assert said[0] == f"{WARNING}{service.journal} cannot be written: database is locked; trying again for 40 s"
    assert said[1].startswith(f"{WARNING}the journal can be used again, after ")
    assert len(said) == 2


def test_a_journal_that_stays_locked_ends_the_service_in_one_line_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    with served(tmp_path / "journal.sqlite3", "--journal-patience", "0.5") as service:
        service.register()
        assert service.start("acknowledged")[0] == 200
        lock = Lock(service.journal)
        cause = f"{service.journal} cannot be written: database is locked"
        status, answered = service.start("not acknowledged")
        assert (status, answered["message"]) == (500, f"{cause}; tried again for 0.5 s")
        code, said = service.ended()
        assert code == 3
        last = f"simpleflow-nb: the service has ended: {cause}; tried again for 0.5 s; what it had acknowledged is kept"
        assert said == [f"{WARNING}{cause}; trying again for 0.5 s", last]
        lock.let_go()
    with served(service.journal) as service:
        assert service.open_ids() == {"acknowledged"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB, and nobody else's."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_disk_that_was_full_for_a_while_delays_what_was_to_be_written(small_disk: Path) -> None:
    with served(small_disk / "journal.sqlite3") as service:
        service.register()
        assert service.start("before")[0] == 200
        filler = small_disk / "filler"
        fill(filler)
        told: list[int] = []

        def write() -> None:  # more than the pages that the journal has already
            for number in range(20):
                told.append(service.start(f"big-{number}", input=BIG)[0])

        writing = threading.Thread(target=write)
        writing.start()
        until(lambda: not writing.is_alive() or full_for_a_while(told), "a write that waits")
        assert writing.is_alive()
        assert len(service.open_ids()) == 1 + len(told)
        filler.unlink()
        writing.join(60)
        assert told == [200] * 20
        assert len(service.open_ids()) == 21
    with served(service.journal) as service:
        assert len(service.open_ids()) == 21


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as written:
        try:
            while written.write(b"x" * 4096):
                pass
        except OSError:
            pass  # it is full


def full_for_a_while(told: list[int]) -> bool:
    before = len(told)
    time.sleep(0.7)
    return len(told) == before


def test_a_disk_that_stays_full_ends_the_service_in_one_line_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    """Files that may not grow stand for it."""
    limits = {resource.RLIMIT_FSIZE: 400_000}
    acknowledged = set()
    with served(tmp_path / "journal.sqlite3", "--journal-patience", "0.2", limits=limits) as service:
        service.register()
        while service.process.poll() is None:
            name = f"w-{len(acknowledged)}"
            status, _ = service.start(name, input=BIG)
            if status != 200:
                break
            acknowledged.add(name)
        code, said = service.ended()
        assert code == 3
        assert said[-1].startswith(f"simpleflow-nb: the service has ended: {service.journal} cannot be written: ")
        assert said[-1].endswith("; tried again for 0.2 s; what it had acknowledged is kept")
        assert len(said) == 2
    assert acknowledged
    with served(service.journal) as service:
        assert service.open_ids() == acknowledged
    assert os.path.getsize(service.journal)
