"""The journal: nothing acknowledged is lost, nothing else is visible, one owner."""

from __future__ import annotations

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from simpleflow_nb.exceptions import JournalError, JournalInUse, ServiceError
from simpleflow_nb.local.clock import VirtualClock
from simpleflow_nb.local.journal import Journal
from simpleflow_nb.local.ownership import is_owned, owner_pid
from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.requests import leave_request
from simpleflow_nb.local.service import DOMAIN, LocalService

from .desk import FLOW, Desk, attributes, complete, continue_as_new, marker, request_cancel, schedule, start_timer


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "journal.sqlite3"


def opened(path, **options) -> Desk:
    return Desk(LocalService.open(path, **{"poll_seconds": 0, "clock": VirtualClock(), **options}))


def _wait_until(is_so):
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.002)


# ---- reopening ---------------------------------------------------------------------------------------------------------------


def test_everything_is_there_again_after_a_restart(path):
    desk = opened(path)
    run_id = desk.start(input="1", tagList=["t"])
    desk.decide(schedule("a-1"), schedule("a-2"), start_timer("t", 3_600), marker("m"), executionContext="noted")
    closed = desk.start("closed")
    desk.decide(complete(result="2"))
    first = desk.start("continued")
    desk.decide(continue_as_new())
    desk.start("cancelled")
    desk.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="cancelled")
    before = {key: desk.events(*key) for key in desk.local.numbers}
    described = {key: desk.describe(key[1], key[0]) for key in desk.local.numbers}
    types = desk.swf.list_workflow_types(domain=DOMAIN, registrationStatus="REGISTERED")
    desk.close()

    desk = opened(path)
    assert {key: desk.events(*key) for key in desk.local.numbers} == before
    after = {key: desk.describe(key[1], key[0]) for key in desk.local.numbers}
    assert after == described
    wanted = {"startTimeFilter": {"oldestDate": 0}, "executionFilter": {"workflowId": "cancelled"}}
    listed = desk.swf.list_open_workflow_executions(domain=DOMAIN, **wanted)["executionInfos"]
    assert [info["cancelRequested"] for info in listed] == [True]
    assert desk.swf.list_workflow_types(domain=DOMAIN, registrationStatus="REGISTERED") == types
    assert desk.describe(closed, "closed")["executionInfo"]["closeStatus"] == "COMPLETED"
    second = attributes(desk.events("continued", first)[-1])["newExecutionRunId"]
    assert desk.decision_task()["workflowExecution"] == {"workflowId": "continued", "runId": second}
    assert [desk.activity_task()["activityId"] for _ in range(2)] == ["a-1", "a-2"]
    desk.pass_time(3_600)
    desk.wait_for("TimerFired")
    assert desk.describe(run_id)["executionInfo"]["tagList"] == ["t"]
    desk.close()


def test_work_that_was_in_the_hands_of_the_dead_process_ends_as_timed_out_and_is_given_out_again(path):
    desk = opened(path)
    desk.start()
    desk.decide(schedule("a-1"), schedule("a-2"))
    desk.activity_task()
    desk.start("deciding")
    desk.decision_task()
    desk.signal("kept")  # commits what was noted of the two starts
    desk.close()

    desk = opened(path)
    ended = desk.events()[-1] if desk.types()[-1] == "ActivityTaskTimedOut" else desk.events()[-2]
    assert attributes(ended) == {
        "timeoutType": "HEARTBEAT",
        "details": "the process that worked on it is gone",
        "scheduledEventId": 5,
        "startedEventId": 7,
    }
    assert desk.types("deciding")[-2:] == ["DecisionTaskTimedOut", "DecisionTaskScheduled"]
    assert desk.activity_task()["activityId"] == "a-2"
    assert not desk.activity_task().get("taskToken")
    workflows = [desk.decision_task()["workflowExecution"]["workflowId"] for _ in range(2)]
    assert sorted(workflows) == ["deciding", "run"]
    desk.close()


def test_a_start_that_was_not_written_when_the_process_died_is_as_if_it_had_not_been(path):
    desk = opened(path)
    desk.start()
    desk.decide(schedule("a-1"))
    run = desk.local.open_by_id["run"]
    durable = len(run.events)
    assert desk.activity_task()["activityId"] == "a-1"
    reader = JournalReader(path)
    seen = reader.get_workflow_execution_history(domain=DOMAIN, execution={"workflowId": "run"})["events"]
    reader.close()
    assert len(seen) == durable
    desk.close()


def test_timeouts_go_on_where_they_were(path):
    start = time.time()
    desk = opened(path, clock=VirtualClock(start))
    desk.start(executionStartToCloseTimeout="100")
    desk.decide(schedule("a-1", scheduleToStartTimeout="10"), start_timer("t", 20))
    desk.close()
    desk = opened(path, clock=VirtualClock(start + 9))
    assert "ActivityTaskTimedOut" not in desk.types()
    desk.pass_time(1)
    desk.wait_for("ActivityTaskTimedOut")
    desk.close()
    desk = opened(path, clock=VirtualClock(start + 25))
    desk.wait_for("TimerFired")
    desk.close()
    desk = opened(path, clock=VirtualClock(start + 101))
    desk.wait_for("WorkflowExecutionTimedOut")
    desk.close()


def test_a_cancel_request_that_a_worker_has_not_seen_yet_survives(path):
    desk = opened(path)
    desk.start()
    desk.decide(schedule("a-1"))
    task = desk.activity_task()
    desk.signal("wake")
    desk.decide(request_cancel("a-1"))
    desk.close()
    desk = opened(path, workers_inside=False)
    desk.close()
    desk = opened(path, workers_inside=False)
    assert task["activityId"] == "a-1"
    assert desk.types().count("ActivityTaskCancelRequested") == 1
    desk.close()


def test_a_started_decision_task_of_a_decider_elsewhere_still_times_out_after_a_restart(path):
    start = time.time()
    desk = opened(path, workers_inside=False, clock=VirtualClock(start))
    desk.start(taskStartToCloseTimeout="10")
    desk.decision_task()
    desk.close()
    desk = opened(path, workers_inside=False, clock=VirtualClock(start + 11))
    desk.wait_for("DecisionTaskTimedOut")
    desk.close()


def test_a_decision_task_on_an_override_list_still_goes_back_in_time_after_a_restart(path):
    start = time.time()
    desk = opened(path, clock=VirtualClock(start))
    desk.start()
    desk.decide(schedule("a-1"), taskList={"name": "mine"}, taskListScheduleToStartTimeout="5")
    desk.signal("wake")
    desk.close()
    desk = opened(path, clock=VirtualClock(start + 6))
    desk.wait_for("DecisionTaskTimedOut")
    desk.close()


# ---- group commit ------------------------------------------------------------------------------------------------------------


class SlowJournal(Journal):
    """Each write waits for leave, then takes as long as it takes."""

    def __init__(self, path):
        super().__init__(path)
        self.leave = threading.Event()
        self.leave.set()
        self.writing = threading.Event()

    def write(self, *parts):
        self.writing.set()
        assert self.leave.wait(60)
        super().write(*parts)
        self.writing.clear()


@pytest.fixture
def slow(tmp_path):
    """A desk whose journal writes only with leave: ``slow.journal.leave``."""
    (tmp_path / "state").mkdir()
    journal = SlowJournal(tmp_path / "state" / "journal.sqlite3")
    desk = Desk(LocalService(journal, poll_seconds=0, clock=VirtualClock()))
    desk.journal = journal  # type: ignore[attr-defined]
    yield desk
    journal.leave.set()
    desk.close()


def _in_thread(call):
    found: list = []
    thread = threading.Thread(target=lambda: found.append(call()), daemon=True)
    thread.start()
    return thread, found


def test_nothing_is_visible_before_it_is_durable(slow):
    desk, journal = slow, slow.journal
    journal.leave.clear()
    starting, started = _in_thread(desk.start)
    assert journal.writing.wait(60)
    assert not desk.decision_task().get("taskToken")
    filters = {"startTimeFilter": {"oldestDate": 0}}
    assert desk.swf.list_open_workflow_executions(domain=DOMAIN, **filters)["executionInfos"] == []
    assert desk.swf.count_pending_decision_tasks(domain=DOMAIN, taskList={"name": "flows"})["count"] == 0
    reading, read = _in_thread(desk.events)
    time.sleep(0.05)
    assert (started, read) == ([], [])
    journal.leave.set()
    starting.join(60)
    reading.join(60)
    assert len(read[0]) == 2
    assert desk.decision_task()["workflowExecution"]["runId"] == started[0]


def test_a_close_is_told_only_when_it_is_durable(slow):
    desk, journal = slow, slow.journal
    run_id = desk.start()
    task = desk.decision_task()
    journal.leave.clear()
    closing, _ = _in_thread(lambda: desk.respond(task, complete()))
    assert journal.writing.wait(60)
    assert desk.local.wait_closed("run", run_id, 0.05) is None
    waiting, told = _in_thread(lambda: desk.local.wait_closed("run", run_id, 60))
    journal.leave.set()
    for thread in (closing, waiting):
        thread.join(60)
    assert told == ["COMPLETED"]


def test_a_caller_that_comes_while_a_batch_is_written_waits_for_the_next_one(slow):
    desk, journal = slow, slow.journal
    desk.start("a")
    before = journal.commits
    journal.leave.clear()
    first, _ = _in_thread(lambda: desk.signal("one", "a"))
    assert journal.writing.wait(60)
    others = [_in_thread(lambda: desk.signal("more", "a"))[0] for _ in range(5)]
    _wait_until(lambda: len(desk.local.open_by_id["a"].events) == 8)
    assert all(thread.is_alive() for thread in [first, *others])
    journal.leave.set()
    for thread in [first, *others]:
        thread.join(60)
    assert journal.commits - before == 2  # the first, and one for the five others together
    assert desk.types("a").count("WorkflowExecutionSignaled") == 6


def test_a_heartbeat_that_is_to_make_a_start_durable_waits_for_the_batch_that_has_it(slow):
    desk, journal = slow, slow.journal
    desk.start()
    desk.decide(schedule("a-1"))
    task = desk.activity_task()  # noted, to be written by anybody
    journal.leave.clear()
    signalling, _ = _in_thread(lambda: desk.signal("takes the start along"))
    assert journal.writing.wait(60)
    beating, beaten = _in_thread(lambda: desk.swf.record_activity_task_heartbeat(taskToken=task["taskToken"]))
    beating.join(0.1)
    assert beaten == []
    journal.leave.set()
    for thread in (signalling, beating):
        thread.join(60)
    assert beaten == [{"cancelRequested": False}]


# ---- a disk that breaks ------------------------------------------------------------------------------------------------------


class FailingJournal(SlowJournal):
    """Fails every write from a certain one on, as a full disk does."""

    fails = False

    def write(self, *parts):
        if self.fails:
            self.writing.set()
            assert self.leave.wait(60)
            raise JournalError(f"{self.path} cannot be written: database or disk is full")
        super().write(*parts)


def test_a_broken_disk_stops_everything_and_takes_back_nothing_that_was_acknowledged(path):
    path.parent.mkdir()
    journal = FailingJournal(path)
    desk = Desk(LocalService(journal, poll_seconds=60, clock=VirtualClock()))
    sentence = f"{path} cannot be written: database or disk is full"
    run_id = desk.start()
    desk.decide(schedule("a-1"))
    desk.signal("acknowledged")
    polls = [
        _raised(desk.activity_task),
        _raised(lambda: desk.activity_task("idle")),
        _raised(lambda: desk.decision_task("idle")),
    ]
    waiting = _raised(lambda: desk.local.wait_closed("run", run_id))
    polls[0][0].join(60)  # it has the task
    _wait_until(lambda: desk.local.activity_lists["idle"].waiting == 1 and desk.local.decision_lists["idle"].waiting == 1)
    journal.fails = True
    journal.writing.clear()
    journal.leave.clear()
    writers = [_raised(lambda: desk.signal("lost"))]
    assert journal.writing.wait(60)
    writers += [_raised(lambda: desk.signal("lost too")) for _ in range(4)]
    _wait_until(lambda: sum(e["eventType"] == "WorkflowExecutionSignaled" for e in desk.local.open_by_id["run"].events) == 6)
    journal.leave.set()
    for thread, raised in [*writers, *polls[1:], waiting]:
        thread.join(60)
        assert not thread.is_alive()
        assert raised == [f"ServiceError: {sentence}"]
    for call in (
        desk.start,
        desk.decision_task,
        desk.activity_task,
        desk.events,
        lambda: desk.signal("later"),
        lambda: desk.describe(run_id),
        lambda: desk.local.terminate_workflow_execution(domain=DOMAIN, workflowId="run"),
        lambda: desk.local.respond_activity_task_completed(taskToken="a1.5.7"),
        lambda: desk.local.respond_decision_task_completed(taskToken="d1.2.3"),
        lambda: desk.local.record_activity_task_heartbeat(taskToken="a1.5.7"),
        lambda: desk.local.wait_closed("run", run_id),
        lambda: desk.local.list_open_workflow_executions(domain=DOMAIN, startTimeFilter={"oldestDate": 0}),
    ):
        with pytest.raises(ServiceError) as refused:
            call()
        assert str(refused.value) == sentence
    desk.close()

    desk = opened(path)
    signals = [attributes(event)["signalName"] for event in desk.events() if event["eventType"] == "WorkflowExecutionSignaled"]
    assert signals == ["acknowledged"]
    desk.close()


def _raised(call):
    """A thread that makes the call, and what it raised there."""
    raised: list[str] = []

    def run():
        try:
            call()
        except Exception as error:
            raised.append(f"{type(error).__name__}: {error}")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, raised


def test_a_lock_that_cannot_be_written_is_one_sentence_and_is_not_held(path):
    """On a full disk the lock file exists, empty, and its few bytes have no room."""
    path.parent.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(JournalError) as failed:
            LocalService.open(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(failed.value) == f"{path}.lock cannot be written: File too large"
    opened(path).close()


def test_a_disk_that_is_full_says_so(path):
    desk = opened(path)
    desk.start()
    assert desk.local.journal is not None
    (pages,) = desk.local.journal._db.execute("PRAGMA page_count").fetchone()
    desk.local.journal._db.execute(f"PRAGMA max_page_count = {pages}")

    def fill():
        for _ in range(100):
            desk.signal("big", input="x" * 32_000)

    with pytest.raises(ServiceError, match=r"cannot be written: database or disk is full"):
        fill()
    acknowledged = sum(event["eventType"] == "WorkflowExecutionSignaled" for event in desk.local.open_by_id["run"].events) - 1
    desk.close()
    desk = opened(path)
    assert desk.types().count("WorkflowExecutionSignaled") == acknowledged
    desk.close()


def test_after_its_end_the_service_says_that_it_has_ended(path):
    desk = opened(path)
    desk.start()
    desk.close()
    for call in (desk.start, lambda: desk.signal("late"), desk.events):
        with pytest.raises(ServiceError, match=r"^the local service (has ended|is stopping)$"):
            call()


# ---- files that are no journals ----------------------------------------------------------------------------------------------


def test_a_file_that_is_no_journal_is_refused_and_left_alone(path):
    path.parent.mkdir()
    path.write_bytes(b"this is not a database, but it is long enough to look like one" * 20)
    before = path.read_bytes()
    sentence = (
        f"{path} is not a readable journal: file is not a database; move it away to start afresh, or name another with --db"
    )
    for call in (LocalService.open, JournalReader):
        with pytest.raises(JournalError) as refused:
            call(path)
        assert str(refused.value) == sentence
    assert path.read_bytes() == before
    assert not is_owned(path)


def test_a_damaged_history_is_refused_in_one_sentence(path):
    desk = opened(path)
    desk.start()
    desk.close()
    db = sqlite3.connect(path)
    db.execute("UPDATE batches SET events = '[{'")
    db.commit()
    db.close()
    with pytest.raises(JournalError, match=rf"^{path} is not a readable journal: Expecting property name .*; move it away"):
        LocalService.open(path)
    reader = JournalReader(path)
    with pytest.raises(JournalError, match=rf"^{path} is not a readable journal: Expecting property name"):
        reader.get_workflow_execution_history(domain=DOMAIN, execution={"workflowId": "run"})
    reader.close()
    assert not is_owned(path)


@pytest.mark.parametrize("damage", ["UPDATE runs SET info = 'x'", "UPDATE types SET body = 'x'"])
def test_damage_elsewhere_is_refused_in_one_sentence_too(path, damage):
    desk = opened(path)
    desk.start()
    desk.close()
    db = sqlite3.connect(path)
    db.execute(damage)
    db.commit()
    db.close()
    with pytest.raises(JournalError, match=r"is not a readable journal: "):
        LocalService.open(path)


@pytest.mark.parametrize("version", ["2", "99"])
def test_a_journal_of_a_newer_version_is_refused_and_left_alone(path, version):
    opened(path).close()
    db = sqlite3.connect(path)
    db.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (version,))
    db.execute("DROP TABLE requests")  # as if the newer version had none
    db.commit()
    db.close()
    sentence = f"{path} was written by a newer version (schema {version}, this is 1); upgrade, or use --db"
    for call in (LocalService.open, JournalReader):
        with pytest.raises(JournalError) as refused:
            call(path)
        assert str(refused.value) == sentence
    db = sqlite3.connect(path)
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    db.close()
    assert "requests" not in tables


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ServiceError) as refused:
        LocalService.open(tmp_path / "file" / "journal.sqlite3")
    assert str(refused.value) == f"{tmp_path / 'file'} cannot be created: File exists"


def test_there_is_nothing_to_read_where_nothing_has_run(path):
    with pytest.raises(JournalError) as refused:
        JournalReader(path)
    assert str(refused.value) == f"{path} does not exist; nothing has run here yet (name another journal with --db)"
    assert not path.parent.exists()


# ---- other processes ---------------------------------------------------------------------------------------------------------

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
    desk = opened(path)
    run_id = desk.start(tagList=["t"])
    execution = {"workflowId": "run", "runId": run_id}
    desk.decide(schedule("a-1"))
    for n in range(3):
        desk.signal("more")
        reader = JournalReader(path)
        page = reader.get_workflow_execution_history(domain=DOMAIN, execution=execution)
        assert len(page["events"]) == 5 + 1 + 1 + n
        assert reader.describe_workflow_execution(domain=DOMAIN, execution=execution)["openCounts"]["openActivityTasks"] == 1
        infos = reader.list_open_workflow_executions(domain=DOMAIN, startTimeFilter={"oldestDate": 0})["executionInfos"]
        assert [info["execution"] for info in infos] == [execution]
        reader.close()
    desk.terminate()
    reader = JournalReader(path)
    infos = reader.list_closed_workflow_executions(domain=DOMAIN, startTimeFilter={"oldestDate": 0})["executionInfos"]
    assert [info["closeStatus"] for info in infos] == ["TERMINATED"]
    with pytest.raises(ServiceError, match=r"^only the owner of a journal knows which tasks wait$"):
        reader.count_pending_activity_tasks(domain=DOMAIN, taskList={"name": "work"})
    reader.close()
    desk.close()


def test_a_reader_works_when_nobody_owns_the_journal(path):
    desk = opened(path)
    desk.start()
    desk.close()
    before = sorted(os.listdir(path.parent))
    reader = JournalReader(path)
    assert reader.count_open_workflow_executions(domain=DOMAIN, startTimeFilter={"oldestDate": 0})["count"] == 1
    reader.close()
    assert set(os.listdir(path.parent)) <= {*before, path.name + "-wal", path.name + "-shm"}


def _leave(path, operation, arguments):
    """From another process, as another terminal does."""
    code = (
        "import json, sys; from pathlib import Path; from simpleflow_nb.local.requests import leave_request; "
        "leave_request(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]))"
    )
    subprocess.run([sys.executable, "-c", code, str(path), operation, json.dumps(arguments)], check=True)


RUN = {"domain": DOMAIN, "workflowId": "run"}


def test_the_owner_takes_the_requests_that_other_processes_leave(path):
    desk = opened(path)
    desk.start()
    _leave(path, "signal_workflow_execution", {**RUN, "signalName": "s", "input": "1"})
    assert attributes(desk.wait_for("WorkflowExecutionSignaled")) == {"signalName": "s", "input": "1"}
    _leave(path, "request_cancel_workflow_execution", RUN)
    desk.wait_for("WorkflowExecutionCancelRequested")
    _leave(path, "terminate_workflow_execution", {**RUN, "reason": "r"})
    assert attributes(desk.wait_for("WorkflowExecutionTerminated"))["reason"] == "r"
    desk.close()
    desk = opened(path)
    assert desk.types().count("WorkflowExecutionSignaled") == 1
    desk.close()


def test_requests_left_when_nobody_owns_the_journal_are_taken_by_the_next_owner_once(path):
    desk = opened(path)
    desk.start()
    desk.close()
    for n in range(3):
        leave_request(path, "signal_workflow_execution", {**RUN, "signalName": f"s{n}"})
    for _ in range(2):
        desk = opened(path)
        desk.wait_for("WorkflowExecutionSignaled", count=3)
        time.sleep(0.15)  # another look into the inbox
        names = [
            attributes(event)["signalName"] for event in desk.events() if event["eventType"] == "WorkflowExecutionSignaled"
        ]
        assert names == ["s0", "s1", "s2"]
        desk.close()


class Interrupted(LocalService):
    """Somebody else's events are written just before those of a request."""

    left_after_others: list[int]

    def signal_workflow_execution(self, **request):
        if request["signalName"] == "asked":
            thread, _ = _in_thread(lambda: self.signal_workflow_execution(domain=DOMAIN, workflowId="other", signalName="s"))
            thread.join(60)
            assert self.journal is not None
            self.left_after_others.append(_requests_left(self.journal.path))
        return super().signal_workflow_execution(**request)


def _requests_left(path) -> int:
    db = sqlite3.connect(path)
    try:
        return db.execute("SELECT count(*) FROM requests").fetchone()[0]
    finally:
        db.close()


def test_a_request_is_forgotten_only_by_the_transaction_that_writes_what_came_of_it(path):
    """Otherwise a death between the two loses it."""
    service = Interrupted.open(path, poll_seconds=0)
    assert isinstance(service, Interrupted)
    service.left_after_others = []
    desk = Desk(service)
    desk.start()
    desk.start("other")
    leave_request(path, "signal_workflow_execution", {**RUN, "signalName": "asked"})
    desk.wait_for("WorkflowExecutionSignaled")
    desk.close()
    assert service.left_after_others == [1]
    assert _requests_left(path) == 0


def test_a_request_that_is_refused_is_forgotten_and_said(path, caplog):
    desk = opened(path)
    desk.start()
    leave_request(path, "signal_workflow_execution", {"domain": DOMAIN, "workflowId": "nobody", "signalName": "s"})
    leave_request(path, "terminate_workflow_execution", {**RUN, "colour": "red"})
    leave_request(path, "signal_workflow_execution", {**RUN, "signalName": "fine"})
    desk.wait_for("WorkflowExecutionSignaled")
    desk.close()
    said = [record.getMessage() for record in caplog.records]
    assert said[0] == ("a request from another process was refused: UnknownResourceFault: Unknown execution: workflowId=nobody")
    assert "colour" in said[1]
    db = sqlite3.connect(path)
    assert db.execute("SELECT count(*) FROM requests").fetchone() == (0,)
    db.close()


def test_only_three_kinds_of_requests_can_be_left(path):
    opened(path).close()
    with pytest.raises(
        ValueError, match=r"^'start_workflow_execution' cannot be left as a request; one of signal_workflow_execution"
    ):
        leave_request(path, "start_workflow_execution", {})
    with pytest.raises(JournalError, match=r"does not exist; nothing has run here yet"):
        leave_request(path.with_name("other"), "signal_workflow_execution", {})


def test_many_callers_at_once_lose_nothing(path):
    """Starts, signals and ends from many threads; afterwards every history is whole, here and after a restart."""
    desk = opened(path)

    def busy(n):
        for k in range(10):
            desk.start(f"{n}-{k}", taskList={"name": f"list-{n}"})
            desk.signal("s", f"{n}-{k}")
            desk.decide(schedule("a-1", taskList={"name": f"work-{n}"}), task_list=f"list-{n}")
            desk.finish("1", f"work-{n}")
            desk.decide(complete(result="1"), task_list=f"list-{n}")

    raised = [_raised(lambda n=n: busy(n)) for n in range(8)]
    for thread, errors in raised:
        thread.join(60)
        assert errors == []
    wanted = {key: desk.events(*key) for key in desk.local.numbers}
    assert len(wanted) == 80
    assert {events[-1]["eventType"] for events in wanted.values()} == {"WorkflowExecutionCompleted"}
    desk.close()
    desk = opened(path)
    assert {key: desk.events(*key) for key in desk.local.numbers} == wanted
    assert FLOW in [info["workflowType"] for info in desk.local.infos.values()]
    desk.close()
