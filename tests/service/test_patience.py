"""A journal that fails for a while: tried again, and nothing of it is seen before it is kept."""

from __future__ import annotations

import logging
import resource
import socket
import sqlite3
import threading
import time

import pytest

from simpleflow_nb.exceptions import JournalError, ServiceError
from simpleflow_nb.local import connections
from simpleflow_nb.local.http_service import HttpService
from simpleflow_nb.local.journal import Journal
from simpleflow_nb.local.patience import Patience, may_pass
from simpleflow_nb.local.requests import Inbox, leave_request
from simpleflow_nb.local.service import DOMAIN, LocalService

from .manual_client import ManualClient, StillClock, in_thread, opened
from .process_threads import until
from .slow_journal import SlowJournal


class Failing(SlowJournal):
    """Fails so many writes, of both kinds."""

    failures = 0

    def write(self, *parts):
        self._fail()
        super().write(*parts)

    def write_types(self, *parts):
        self._fail()
        super().write_types(*parts)

    def _fail(self):
        if self.failures > 0:
            self.failures -= 1
            raise JournalError(f"{self.path} cannot be written: database or disk is full")


@pytest.fixture
def failing(path):
    path.parent.mkdir()
    journal = Failing(path)
    client = ManualClient(LocalService(journal, poll_seconds=0, clock=StillClock(), journal_patience_seconds=60))
    yield client, journal
    client.close()


def test_what_failed_at_first_is_written_once(failing, path):
    client, journal = failing
    journal.failures = 3
    run_id = client.start()
    journal.failures = 2
    client.signal("s")
    journal.failures = 4
    client.swf.register_activity_type(domain=DOMAIN, name="late", version="1")
    assert journal.failures == 0
    assert client.types() == ["WorkflowExecutionStarted", "DecisionTaskScheduled", "WorkflowExecutionSignaled"]
    written = [event["eventType"] for event in Journal(path).events(1)]
    assert written == client.types()
    assert client.decision_task()["workflowExecution"]["runId"] == run_id
    names = [
        info["activityType"]["name"]
        for info in client.swf.list_activity_types(domain=DOMAIN, registrationStatus="REGISTERED")["typeInfos"]
    ]
    assert names == ["late", "task"]


def test_a_retried_write_is_invisible_meanwhile_and_reads_are_answered(failing):
    client, journal = failing
    closed = client.start("closed")
    client.terminate("closed")
    journal.failures = 10**6
    starting, started = in_thread(client.start)
    registering, registered = in_thread(lambda: client.swf.register_activity_type(domain=DOMAIN, name="late", version="1"))
    until(lambda: journal.failures < 10**6 - 4, "some tries")
    filters = {"startTimeFilter": {"oldestDate": 0}}
    assert client.swf.list_open_workflow_executions(domain=DOMAIN, **filters)["executionInfos"] == []
    assert client.describe(closed, "closed")["executionInfo"]["executionStatus"] == "CLOSED"
    assert not client.decision_task().get("taskToken")
    assert len(client.swf.list_activity_types(domain=DOMAIN, registrationStatus="REGISTERED")["typeInfos"]) == 1
    assert (started, registered) == ([], [])
    journal.failures = 0
    starting.join(60)
    registering.join(60)
    assert client.decision_task()["workflowExecution"]["runId"] == started[0]
    assert registered == [{}]


def test_two_who_register_the_same_at_once_are_not_both_told_that_they_did(failing):
    client, journal = failing
    journal.failures = 10**6
    told = []

    def register():
        try:
            client.local.register_activity_type(domain=DOMAIN, name="same", version="1")
            told.append("registered")
        except Exception as error:
            told.append(error.code)

    threads = [threading.Thread(target=register) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: journal.failures < 10**6, "a try")
    journal.failures = 0
    for thread in threads:
        thread.join(60)
    assert sorted(told) == ["TypeAlreadyExistsFault"] * 3 + ["registered"]


def test_who_stops_does_not_wait_for_a_journal_that_fails(failing):
    client, journal = failing
    journal.failures = 10**6
    raised = []

    def start():
        try:
            client.start()
        except ServiceError as error:
            raised.append(str(error))

    starting = threading.Thread(target=start)
    starting.start()
    until(lambda: journal.failures < 10**6, "a try")
    before = time.monotonic()
    client.close()
    starting.join(60)
    assert time.monotonic() - before < 30  # half of what it would have been tried
    assert raised == [f"{journal.path} cannot be written: database or disk is full; tried again for 60 s"]


def test_a_row_that_is_refused_for_what_it_says_is_not_tried_again(path):
    client = opened(path, journal_patience_seconds=60)
    client.start()
    journal = client.local.journal
    with pytest.raises(JournalError) as refused:
        journal.write([(1, 0, [])], [], [])
    assert not may_pass(refused.value)
    assert not Patience(60).wait(refused.value)
    client.close()


def test_a_transaction_that_could_not_be_undone_does_not_swallow_the_next_one(path):
    client = opened(path)
    client.start()
    journal = client.local.journal
    journal._db.execute("BEGIN IMMEDIATE")  # as an undoing that failed leaves it
    client.signal("kept")
    reader = sqlite3.connect(path)
    assert reader.execute("SELECT count(*) FROM batches WHERE events LIKE '%\"kept\"%'").fetchone() == (1,)
    reader.close()
    client.close()


class SleepDrivenClock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self):
        self.moment, self.slept = 1_000.0, []

    def monotonic(self):
        return self.moment

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.moment += seconds


@pytest.mark.parametrize("seconds", [0, 40])
def test_patience_ends_and_says_how_long_it_was(caplog, monkeypatch, seconds):
    hands = SleepDrivenClock()
    monkeypatch.setattr("simpleflow_nb.local.patience.time", hands)
    patience, error = Patience(seconds), JournalError("it is full")
    while patience.wait(error):
        pass
    assert sum(hands.slept) == pytest.approx(seconds)
    assert all(pause <= 1 for pause in hands.slept)
    assert hands.slept[:4] == ([0.005, 0.01, 0.02, 0.04] if seconds else [])
    tried = f"; tried again for {seconds} s" if seconds else ""
    assert str(patience.given_up(error)) == f"it is full{tried}"
    warnings = [record.message for record in caplog.records]
    assert warnings == ([f"it is full; trying again for {seconds} s"] if seconds else [])


def test_what_passes_in_a_moment_is_no_warning_and_what_lasted_is_told_to_be_over(caplog, monkeypatch):
    hands = SleepDrivenClock()
    monkeypatch.setattr("simpleflow_nb.local.patience.time", hands)
    patience, error = Patience(40), JournalError("it is full")
    for _ in range(4):
        assert patience.wait(error)
    patience.succeeded()
    assert caplog.records == []
    while not caplog.records:
        assert patience.wait(error)
    patience.succeeded()
    assert caplog.records[-1].message.startswith("the journal can be used again, after ")
    assert patience.wait(error)
    assert hands.slept[-1] == 0.005


def test_a_journal_that_is_locked_when_it_is_opened_is_not_called_damaged(path, monkeypatch):
    opened(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    connect = sqlite3.connect

    class Impatient(sqlite3.Connection):
        def execute(self, text, *values):
            return super().execute(text.replace("busy_timeout=10000", "busy_timeout=1"), *values)

    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, **options, factory=Impatient))
    with pytest.raises(JournalError) as refused:
        LocalService.open(path)
    assert str(refused.value) == f"{path} cannot be used: database is locked"
    other.close()


# ---- the timekeeper ----------------------------------------------------------------------------------------------------------


def test_requests_of_others_that_cannot_be_read_for_a_moment_are_taken_later(path, monkeypatch):
    failures = [JournalError("the requests of other processes cannot be read: disk I/O error")] * 3
    take = Inbox.take

    def failing_at_first(inbox):
        if failures:
            raise failures.pop()
        return take(inbox)

    client = opened(path)
    client.start()
    monkeypatch.setattr(Inbox, "take", failing_at_first)
    leave_request(path, "signal_workflow_execution", {"domain": DOMAIN, "workflowId": "run", "signalName": "s"})
    until(lambda: "WorkflowExecutionSignaled" in client.types(), "the signal")
    assert failures == []
    client.close()


def test_a_timekeeper_that_fails_ends_the_service_and_does_not_leave_it_without_timers(path, monkeypatch, caplog):
    client = opened(path)
    monkeypatch.setattr(Inbox, "take", lambda inbox: 1 / 0)
    until(lambda: client.local.broken is not None, "the end")
    with pytest.raises(ServiceError, match=r"^division by zero$"):
        client.start()
    assert "the timekeeper raised ZeroDivisionError" in caplog.text
    client.close()


# ---- connections -------------------------------------------------------------------------------------------------------------


def test_a_service_that_takes_no_connections_any_more_says_so():
    http = HttpService(LocalService(poll_seconds=1))
    assert http.failure is None
    http.start()
    assert http.failure is None
    http._server.shutdown()
    http._thread.join(60)
    assert str(http.failure) == "the thread that takes connections has ended"
    http.close()


def test_without_a_descriptor_left_there_is_a_pause_between_tries(monkeypatch, caplog):
    """Others of the process have them all: what waits in the listening socket must not keep a core busy."""
    http = HttpService(LocalService(poll_seconds=1), most_connections=50)
    http.start()
    port = int(http.endpoint.rsplit(":", 1)[1])
    connection = socket.socket()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    monkeypatch.setattr(connections, "_NO_DESCRIPTORS_PAUSE_SECONDS", 0.2)
    caplog.set_level(logging.WARNING, "simpleflow_nb.local.connections")
    resource.setrlimit(resource.RLIMIT_NOFILE, (connection.fileno() + 1, hard))
    try:
        connection.connect(("127.0.0.1", port))
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        until(lambda: len(caplog.records) >= 2, "two tries")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    connection.settimeout(60)
    assert connection.recv(12) == b"HTTP/1.1 200"
    assert {record.message for record in caplog.records} == {"no connection can be taken: too many open files"}
    assert len(caplog.records) < 50
    connection.close()
    http.close()


def test_the_connection_that_was_waited_for_longest_makes_room():
    http = HttpService(LocalService(poll_seconds=1, workers_inside=False), most_connections=8)
    http.start()
    host, port = http.endpoint.removeprefix("http://").split(":")
    others = [socket.create_connection((host, int(port)), 60) for _ in range(40)]
    with socket.create_connection((host, int(port)), 60) as late:
        late.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert late.recv(12) == b"HTTP/1.1 200"
    assert others[0].recv(1) == b""  # the oldest was closed
    for one in others:
        one.close()
    http.close()
