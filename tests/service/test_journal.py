"""The journal: nothing acknowledged is lost, nothing else is visible, also when the disk breaks."""

from __future__ import annotations

import resource
import threading
import time

import pytest

from simpleflow_nb.exceptions import JournalError, ServiceError
from simpleflow_nb.local.clock import VirtualClock
from simpleflow_nb.local.service import DOMAIN, LocalService

from .manual_client import FLOW, ManualClient, attributes, complete, in_thread, opened, schedule
from .slow_journal import SlowJournal


def _wait_until(is_so):
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.002)


# ---- group commit ------------------------------------------------------------------------------------------------------------


def test_nothing_is_visible_before_it_is_durable(slow):
    client, journal = slow, slow.journal
    journal.leave.clear()
    starting, started = in_thread(client.start)
    assert journal.writing.wait(60)
    assert not client.decision_task().get("taskToken")
    filters = {"startTimeFilter": {"oldestDate": 0}}
    assert client.swf.list_open_workflow_executions(domain=DOMAIN, **filters)["executionInfos"] == []
    assert client.swf.count_pending_decision_tasks(domain=DOMAIN, taskList={"name": "flows"})["count"] == 0
    reading, read = in_thread(client.events)
    time.sleep(0.05)
    assert (started, read) == ([], [])
    journal.leave.set()
    starting.join(60)
    reading.join(60)
    assert len(read[0]) == 2
    assert client.decision_task()["workflowExecution"]["runId"] == started[0]


def test_a_close_is_told_only_when_it_is_durable(slow):
    client, journal = slow, slow.journal
    run_id = client.start()
    task = client.decision_task()
    journal.leave.clear()
    closing, _ = in_thread(lambda: client.respond(task, complete()))
    assert journal.writing.wait(60)
    assert client.local.wait_closed("run", run_id, 0.05) is None
    waiting, told = in_thread(lambda: client.local.wait_closed("run", run_id, 60))
    journal.leave.set()
    for thread in (closing, waiting):
        thread.join(60)
    assert told == ["COMPLETED"]


def test_a_caller_that_comes_while_a_batch_is_written_waits_for_the_next_one(slow):
    client, journal = slow, slow.journal
    client.start("a")
    before = journal.commits
    journal.leave.clear()
    first, _ = in_thread(lambda: client.signal("one", "a"))
    assert journal.writing.wait(60)
    others = [in_thread(lambda: client.signal("more", "a"))[0] for _ in range(5)]
    _wait_until(lambda: len(client.local.home.open_by_id["a"].events) == 8)
    assert all(thread.is_alive() for thread in [first, *others])
    journal.leave.set()
    for thread in [first, *others]:
        thread.join(60)
    assert journal.commits - before == 2  # the first, and one for the five others together
    assert client.types("a").count("WorkflowExecutionSignaled") == 6


def test_a_heartbeat_that_is_to_make_a_start_durable_waits_for_the_batch_that_has_it(slow):
    client, journal = slow, slow.journal
    client.start()
    client.decide(schedule("a-1"))
    task = client.activity_task()  # noted, to be written by anybody
    journal.leave.clear()
    signalling, _ = in_thread(lambda: client.signal("takes the start along"))
    assert journal.writing.wait(60)
    beating, beaten = in_thread(lambda: client.swf.record_activity_task_heartbeat(taskToken=task["taskToken"]))
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
    client = ManualClient(LocalService(journal, poll_seconds=60, clock=VirtualClock(), journal_patience_seconds=0))
    sentence = f"{path} cannot be written: database or disk is full"
    run_id = client.start()
    client.decide(schedule("a-1"))
    client.signal("acknowledged")
    polls = [
        _raised(client.activity_task),
        _raised(lambda: client.activity_task("idle")),
        _raised(lambda: client.decision_task("idle")),
    ]
    waiting = _raised(lambda: client.local.wait_closed("run", run_id))
    polls[0][0].join(60)  # it has the task
    _wait_until(
        lambda: client.local.home.activity_lists["idle"].waiting == 1 and client.local.home.decision_lists["idle"].waiting == 1
    )
    journal.fails = True
    journal.writing.clear()
    journal.leave.clear()
    writers = [_raised(lambda: client.signal("lost"))]
    assert journal.writing.wait(60)
    writers += [_raised(lambda: client.signal("lost too")) for _ in range(4)]
    _wait_until(
        lambda: sum(e["eventType"] == "WorkflowExecutionSignaled" for e in client.local.home.open_by_id["run"].events) == 6
    )
    journal.leave.set()
    for thread, raised in [*writers, *polls[1:], waiting]:
        thread.join(60)
        assert not thread.is_alive()
        assert raised == [f"ServiceError: {sentence}"]
    for call in (
        client.start,
        client.decision_task,
        client.activity_task,
        client.events,
        lambda: client.signal("later"),
        lambda: client.describe(run_id),
        lambda: client.local.terminate_workflow_execution(domain=DOMAIN, workflowId="run"),
        lambda: client.local.respond_activity_task_completed(taskToken="a1.5.7"),
        lambda: client.local.respond_decision_task_completed(taskToken="d1.2.3"),
        lambda: client.local.record_activity_task_heartbeat(taskToken="a1.5.7"),
        lambda: client.local.wait_closed("run", run_id),
        lambda: client.local.list_open_workflow_executions(domain=DOMAIN, startTimeFilter={"oldestDate": 0}),
    ):
        with pytest.raises(ServiceError) as refused:
            call()
        assert str(refused.value) == sentence
    client.close()

    client = opened(path)
    signals = [
        attributes(event)["signalName"] for event in client.events() if event["eventType"] == "WorkflowExecutionSignaled"
    ]
    assert signals == ["acknowledged"]
    client.close()


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
    client = opened(path, journal_patience_seconds=0)
    client.start()
    assert client.local.journal is not None
    (pages,) = client.local.journal._db.execute("PRAGMA page_count").fetchone()
    client.local.journal._db.execute(f"PRAGMA max_page_count = {pages}")

    def fill():
        for _ in range(100):
            client.signal("big", input="x" * 32_000)

    with pytest.raises(ServiceError, match=r"cannot be written: database or disk is full"):
        fill()
    acknowledged = (
        sum(event["eventType"] == "WorkflowExecutionSignaled" for event in client.local.home.open_by_id["run"].events) - 1
    )
    client.close()
    client = opened(path)
    assert client.types().count("WorkflowExecutionSignaled") == acknowledged
    client.close()


def test_after_its_end_the_service_says_that_it_has_ended(path):
    client = opened(path)
    client.start()
    client.close()
    for call in (client.start, lambda: client.signal("late"), client.events):
        with pytest.raises(ServiceError, match=r"^the local service (has ended|is stopping)$"):
            call()


# ---- many callers ------------------------------------------------------------------------------------------------------------


def test_many_callers_at_once_lose_nothing(path):
    """Starts, signals and ends from many threads; afterwards every history is whole, here and after a restart."""
    client = opened(path)

    def busy(n):
        for k in range(10):
            client.start(f"{n}-{k}", taskList={"name": f"list-{n}"})
            client.signal("s", f"{n}-{k}")
            client.decide(schedule("a-1", taskList={"name": f"work-{n}"}), task_list=f"list-{n}")
            client.finish("1", f"work-{n}")
            client.decide(complete(result="1"), task_list=f"list-{n}")

    raised = [_raised(lambda n=n: busy(n)) for n in range(8)]
    for thread, errors in raised:
        thread.join(60)
        assert errors == []
    wanted = {key: client.events(*key) for key in client.local.numbers}
    assert len(wanted) == 80
    assert {events[-1]["eventType"] for events in wanted.values()} == {"WorkflowExecutionCompleted"}
    client.close()
    client = opened(path)
    assert {key: client.events(*key) for key in client.local.numbers} == wanted
    assert FLOW in [info["workflowType"] for info in client.local.infos.values()]
    client.close()
