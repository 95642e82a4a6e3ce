"""The journal: nothing acknowledged is lost, nothing else is visible, also when the disk breaks."""

from __future__ import annotations

import resource
import threading
import time

import pytest

from simpleflow_nb.exceptions import JournalError, ServiceError
from simpleflow_nb.local.clock import VirtualClock
from simpleflow_nb.local.service import DOMAIN, LocalService

from .desk import FLOW, Desk, attributes, complete, in_thread, opened, schedule
from .slow_journal import SlowJournal


def _wait_until(is_so):
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.002)


# ---- group commit ------------------------------------------------------------------------------------------------------------


def test_nothing_is_visible_before_it_is_durable(slow):
    desk, journal = slow, slow.journal
    journal.leave.clear()
    starting, started = in_thread(desk.start)
    assert journal.writing.wait(60)
    assert not desk.decision_task().get("taskToken")
    filters = {"startTimeFilter": {"oldestDate": 0}}
    assert desk.swf.list_open_workflow_executions(domain=DOMAIN, **filters)["executionInfos"] == []
    assert desk.swf.count_pending_decision_tasks(domain=DOMAIN, taskList={"name": "flows"})["count"] == 0
    reading, read = in_thread(desk.events)
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
    closing, _ = in_thread(lambda: desk.respond(task, complete()))
    assert journal.writing.wait(60)
    assert desk.local.wait_closed("run", run_id, 0.05) is None
    waiting, told = in_thread(lambda: desk.local.wait_closed("run", run_id, 60))
    journal.leave.set()
    for thread in (closing, waiting):
        thread.join(60)
    assert told == ["COMPLETED"]


def test_a_caller_that_comes_while_a_batch_is_written_waits_for_the_next_one(slow):
    desk, journal = slow, slow.journal
    desk.start("a")
    before = journal.commits
    journal.leave.clear()
    first, _ = in_thread(lambda: desk.signal("one", "a"))
    assert journal.writing.wait(60)
    others = [in_thread(lambda: desk.signal("more", "a"))[0] for _ in range(5)]
    _wait_until(lambda: len(desk.local.home.open_by_id["a"].events) == 8)
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
    signalling, _ = in_thread(lambda: desk.signal("takes the start along"))
    assert journal.writing.wait(60)
    beating, beaten = in_thread(lambda: desk.swf.record_activity_task_heartbeat(taskToken=task["taskToken"]))
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
    desk = Desk(LocalService(journal, poll_seconds=60, clock=VirtualClock(), journal_patience_seconds=0))
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
    _wait_until(
        lambda: desk.local.home.activity_lists["idle"].waiting == 1 and desk.local.home.decision_lists["idle"].waiting == 1
    )
    journal.fails = True
    journal.writing.clear()
    journal.leave.clear()
    writers = [_raised(lambda: desk.signal("lost"))]
    assert journal.writing.wait(60)
    writers += [_raised(lambda: desk.signal("lost too")) for _ in range(4)]
    _wait_until(
        lambda: sum(e["eventType"] == "WorkflowExecutionSignaled" for e in desk.local.home.open_by_id["run"].events) == 6
    )
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
    desk = opened(path, journal_patience_seconds=0)
    desk.start()
    assert desk.local.journal is not None
    (pages,) = desk.local.journal._db.execute("PRAGMA page_count").fetchone()
    desk.local.journal._db.execute(f"PRAGMA max_page_count = {pages}")

    def fill():
        for _ in range(100):
            desk.signal("big", input="x" * 32_000)

    with pytest.raises(ServiceError, match=r"cannot be written: database or disk is full"):
        fill()
    acknowledged = (
        sum(event["eventType"] == "WorkflowExecutionSignaled" for event in desk.local.home.open_by_id["run"].events) - 1
    )
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


# ---- many callers ------------------------------------------------------------------------------------------------------------


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
