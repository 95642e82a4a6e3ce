"""Watching executions at the cost of what is new: by the owner of a journal, and by a reader beside it that is kept."""

from __future__ import annotations

import os
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.exceptions import JournalError
from simpleflow_nb.inspection.executions import started_with
from simpleflow_nb.local.change_log import ChangeLog
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.local.watching import KnownExecution, Watching

from ..settings import count
from .desk import Desk, StillClock, complete, continue_as_new, fail, in_thread, opened, schedule, start_timer

Known = dict[str, tuple[str, str | None, float | None, list[dict[str, Any]]]]


class Follower:
    """Knows what it was told of, piece by piece, and nothing else."""

    def __init__(self, service: Watching) -> None:
        self.service, self.position = service, 0
        self.known: Known = {}

    def look(self) -> Known:
        changes = self.service.changes(self.position)
        self.position = changes.position
        if changes.is_whole:
            self.known = {}
        for run_id in changes.removed:
            self.known.pop(run_id, None)
        for one in changes.executions:
            events = self.known[one.run_id][3] if one.run_id in self.known else []
            events = events + self.service.events(one.workflow_id, one.run_id, since=len(events))
            self.known[one.run_id] = (one.workflow_id, one.close_status, one.closed_at, events)
        return self.known


def whole(reader: JournalReader) -> Known:
    return Follower(reader).look()


def settled(desk: Desk) -> None:
    """What may wait for the commit of somebody else does not wait any more."""
    for one in desk.local.open_executions(DOMAIN):
        desk.local.get_workflow_execution_history(domain=DOMAIN, execution=one.ids)


# ---- what an owner offers ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "journal"])
def owner(request, path):
    found = Desk() if request.param == "memory" else opened(path)
    yield found
    found.close()


def test_changes_tell_of_what_was_started_has_new_events_or_has_closed_since(owner):
    first = owner.start("one")
    changes = owner.local.changes()
    assert [(one.workflow_id, one.run_id, one.is_open) for one in changes.executions] == [("one", first, True)]
    assert changes.is_whole
    assert changes.removed == []
    assert owner.local.changes(changes.position).executions == []

    owner.start("two")
    owner.start("three")
    owner.signal("s", "one")
    changes = owner.local.changes(changes.position)
    assert [one.workflow_id for one in changes.executions] == ["one", "two", "three"]
    assert not changes.is_whole

    owner.terminate("two")
    changes = owner.local.changes(changes.position)
    assert [(one.workflow_id, one.close_status, one.closed_at) for one in changes.executions] == [
        ("two", "TERMINATED", owner.local.clock.timestamp())
    ]
    assert owner.local.changes(changes.position).executions == []


def test_events_are_those_behind_the_ones_that_were_seen(owner):
    run_id = owner.start()
    owner.signal("a")
    owner.signal("b")
    whole_history = owner.events()
    for since in range(len(whole_history) + 2):
        assert owner.local.events("run", run_id, since) == whole_history[since:]
        assert owner.local.events("run", run_id, since, most=1) == whole_history[since : since + 1]
    owner.terminate()
    whole_history = owner.events()
    for since in range(len(whole_history) + 2):
        assert owner.local.events("run", run_id, since) == whole_history[since:]
    with pytest.raises(Fault, match="Unknown execution: workflowId=run, runId=nobody"):
        owner.local.events("run", "nobody")


def test_the_start_of_a_task_is_seen_at_once_by_its_owner_alone(path):
    desk = opened(path)
    desk.start()
    desk.decide(schedule("a"))
    follower, reader = Follower(desk.local), JournalReader(path)
    run_id = next(iter(follower.look()))
    desk.activity_task()
    assert [event["eventType"] for event in follower.look()[run_id][3]][-1] == "ActivityTaskStarted"
    assert [event["eventType"] for event in reader.events("run", run_id)][-1] == "ActivityTaskScheduled"
    reader.close()
    desk.close()


def test_what_a_heartbeat_says_is_a_change_and_no_event(owner):
    owner.start()
    owner.decide(schedule("a"))
    task = owner.activity_task()
    position = owner.local.changes().position
    for _ in range(2):
        owner.swf.record_activity_task_heartbeat(taskToken=task["taskToken"], details="cell 3")
    scheduled = owner.the("ActivityTaskScheduled")["eventId"]
    changes = owner.local.changes(position)
    assert [one.notes for one in changes.executions] == [{scheduled: "cell 3"}]
    owner.swf.record_activity_task_heartbeat(taskToken=task["taskToken"], details="cell 3")
    assert owner.local.changes(changes.position).executions == []
    owner.swf.respond_activity_task_completed(taskToken=task["taskToken"])
    assert owner.local.changes(changes.position).executions[0].notes == {}


def test_what_is_not_durable_is_not_seen(slow):
    journal = slow.local.journal
    run_id = slow.start()
    seen = slow.local.changes()
    journal.leave.clear()
    thread, _ = in_thread(lambda: slow.signal("s"))
    assert journal.writing.wait(60)
    assert slow.local.changes(seen.position).executions == []
    assert [event["eventType"] for event in slow.local.events("run", run_id)][-1] == "DecisionTaskScheduled"
    journal.leave.set()
    thread.join(60)
    assert [one.run_id for one in slow.local.changes(seen.position).executions] == [run_id]
    assert [event["eventType"] for event in slow.local.events("run", run_id)][-1] == "WorkflowExecutionSignaled"


def test_the_start_of_a_task_shows_nothing_that_is_not_durable_before_it(slow):
    run_id = slow.start()
    slow.decide(schedule("a"))
    seen = slow.local.events("run", run_id)
    slow.local.journal.leave.clear()
    thread, _ = in_thread(lambda: slow.signal("s"))
    assert slow.local.journal.writing.wait(60)
    assert slow.activity_task()["activityId"] == "a"
    assert slow.local.events("run", run_id) == seen
    slow.local.journal.leave.set()
    thread.join(60)
    kinds = [event["eventType"] for event in slow.local.events("run", run_id, since=len(seen))]
    assert kinds[0] == "WorkflowExecutionSignaled"
    assert slow.types("run", run_id)[-1] == "ActivityTaskStarted"


def test_executions_can_be_asked_for_by_id_and_by_whether_they_are_open(owner):
    former = owner.start("one", tagList=["flights", "2013-02-22"], input="1")
    owner.terminate("one")
    latest, other = owner.start("one"), owner.start("two")
    found = owner.local.execution(DOMAIN, "one")
    assert isinstance(found, KnownExecution)
    assert (found.run_id, found.is_open, found.type_name, found.tags) == (latest, True, "flow", [])
    earlier = owner.local.execution(DOMAIN, "one", former)
    assert earlier is not None
    assert (earlier.close_status, earlier.tags, earlier.ids) == (
        "TERMINATED",
        ["flights", "2013-02-22"],
        {"workflowId": "one", "runId": former},
    )
    assert owner.local.started_attributes("one", former)["input"] == "1"
    assert owner.local.execution(DOMAIN, "nobody") is None
    assert owner.local.execution("elsewhere", "one") is None
    assert [one.run_id for one in owner.local.open_executions(DOMAIN)] == [latest, other]
    assert [one.run_id for one in owner.local.closed_executions(DOMAIN)] == [former]
    assert owner.local.closed_executions("elsewhere") == []


def test_who_does_not_know_what_was_removed_long_ago_has_to_begin_anew():
    log = ChangeLog(most_removed=2)
    for number in range(1, 6):
        log.note(number)
    before = log.position
    for number in (1, 2):
        log.note_removed(number, f"run {number}")
    assert (log.is_whole(before), log.removed(before), log.changed(before)) == (False, ["run 1", "run 2"], [])
    log.note_removed(3, "run 3")
    assert log.is_whole(before)
    assert (log.removed(before), log.changed(before)) == ([], [4, 5])
    assert log.removed(before + 1) == ["run 2", "run 3"]
    assert log.is_whole(log.position + 1)  # of another object


# ---- a reader beside it ------------------------------------------------------------------------------------------------------


def test_a_kept_reader_sees_what_its_owner_commits_and_survives_its_end(path):
    desk = opened(path)
    desk.start("one")
    reader = JournalReader(path)
    follower = Follower(reader)
    follower.look()
    desk.decide(start_timer("t", 60))
    assert follower.look() == Follower(desk.local).look()
    desk.close()
    assert follower.look() == whole(JournalReader(path))
    assert reader.changes(follower.position).executions == []
    clock = StillClock()
    clock.jump_to(clock.now() + 60)
    desk = opened(path, clock=clock)
    desk.start("two")
    desk.decide(complete(result="1"))
    assert [one.workflow_id for one in reader.changes(follower.position).executions] == ["one", "two"]
    assert follower.look() == Follower(desk.local).look()
    assert {status for _, status, *_ in follower.known.values()} == {None, "COMPLETED"}
    listed = reader.list_closed_workflow_executions(domain=DOMAIN, startTimeFilter={"oldestDate": 0})["executionInfos"]
    assert [info["execution"]["workflowId"] for info in listed] == ["one"]
    desk.close()
    reader.close()


def test_a_reader_that_is_not_asked_to_look_again_sees_the_journal_as_it_was(path):
    desk = opened(path)
    desk.start("one")
    reader = JournalReader(path)
    desk.start("two")
    assert [one.workflow_id for one in reader.open_executions(DOMAIN)] == ["one"]
    reader.refresh()
    assert [one.workflow_id for one in reader.open_executions(DOMAIN)] == ["one", "two"]
    reader.close()
    desk.close()


def test_a_reader_may_be_there_before_its_journal(path):
    reader = JournalReader(path, may_be_missing=True)
    follower = Follower(reader)
    assert follower.look() == {}
    assert (reader.open_executions(DOMAIN), reader.execution(DOMAIN, "run")) == ([], None)
    path.parent.mkdir()
    sqlite3.connect(path).close()
    assert follower.look() == {}  # a file with nothing in it yet
    desk = opened(path)
    desk.start()
    assert follower.look() == Follower(desk.local).look() != {}
    desk.close()
    reader.close()
    with pytest.raises(JournalError, match="does not exist; nothing has run here yet"):
        JournalReader(path.with_name("other"))


def test_a_reader_follows_a_journal_that_is_removed_and_one_that_is_put_in_its_place(path, tmp_path):
    desk = opened(path)
    desk.start("former")
    follower = Follower(JournalReader(path))
    assert [known[0] for known in follower.look().values()] == ["former"]
    desk.close()
    _remove(path)
    changes = follower.service.changes(follower.position)
    assert (changes.executions, changes.is_whole) == ([], True)
    assert follower.look() == {}
    other = opened(tmp_path / "other" / "journal.sqlite3")
    other.start("present")
    other.close()
    os.replace(tmp_path / "other" / "journal.sqlite3", path)
    assert [known[0] for known in follower.look().values()] == ["present"]
    desk = opened(path)
    desk.signal("s", "present")
    assert follower.look() == Follower(desk.local).look()
    desk.close()


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def test_a_reader_is_told_what_is_pruned_also_when_its_number_is_given_again(path):
    desk = opened(path)
    kept, gone = desk.start("kept"), desk.start("gone")
    reader = JournalReader(path)
    follower = Follower(reader)
    assert set(follower.look()) == {kept, gone}
    desk.terminate("gone")  # and the reader has not seen that
    desk.local.prune(desk.local.clock.now() + 1)
    desk.close()
    desk = opened(path)
    present = desk.start("present")
    found = desk.local.execution(DOMAIN, "present")
    assert found is not None
    assert found.number == 2
    changes = reader.changes(follower.position)
    assert changes.removed == [gone]
    assert set(follower.look()) == {kept, present}
    assert follower.look() == Follower(desk.local).look()
    with pytest.raises(Fault, match="Unknown execution: workflowId=gone"):
        reader.events("gone", gone)
    assert reader.execution(DOMAIN, "gone") is None
    desk.close()
    reader.close()


def test_a_reader_sees_types_and_domains_that_are_registered_while_it_is_there(path):
    desk = opened(path)
    reader = JournalReader(path)
    desk.swf.register_domain(name="other", workflowExecutionRetentionPeriodInDays="1")
    desk.swf.register_workflow_type(domain="other", name="new", version="1")
    reader.refresh()
    listed = reader.list_workflow_types(domain="other", registrationStatus="REGISTERED")
    assert [info["workflowType"]["name"] for info in listed["typeInfos"]] == ["new"]
    desk.swf.deprecate_workflow_type(domain="other", workflowType={"name": "new", "version": "1"})
    reader.refresh()
    assert reader.list_workflow_types(domain="other", registrationStatus="REGISTERED")["typeInfos"] == []
    reader.close()
    desk.close()


def test_a_look_with_nothing_new_reads_no_row_and_one_with_an_event_no_more_than_that(path):
    desk = opened(path)
    for number in range(200):
        desk.start(f"{number}")
        if number >= 3:
            desk.terminate(f"{number}")
    reader = JournalReader(path)
    journal: Any = reader.journal
    said: list[str] = []
    position = reader.changes().position
    journal._db.set_trace_callback(said.append)
    assert reader.changes(position).executions == []
    assert said == ["PRAGMA data_version"]
    desk.signal("s", "1")
    said.clear()
    steps: list[int] = []
    journal._db.set_progress_handler(lambda: steps.append(1), 10)
    assert [one.workflow_id for one in reader.changes(position).executions] == ["1"]
    assert len(steps) < 60, "as many steps of SQLite's machine as there are executions"
    reader.close()
    desk.close()


def test_what_an_execution_was_started_with_is_read_without_its_history(path):
    desk = opened(path)
    run_id = desk.start(input='{"kwargs": {"day": "2013-02-22"}}')
    for _ in range(50):
        desk.signal("s")
    reader = JournalReader(path)
    journal: Any = reader.journal
    execution = {"workflowId": "run", "runId": run_id}
    assert started_with(reader, DOMAIN, execution, lambda digest: "null") == {"day": "2013-02-22"}
    steps: list[int] = []
    journal._db.set_progress_handler(lambda: steps.append(1), 10)
    assert started_with(reader, DOMAIN, execution, lambda digest: "null") == {"day": "2013-02-22"}
    assert len(steps) < 20
    for since in range(3):
        for most in range(4):
            assert reader.events("run", run_id, since, most=most) == desk.events()[since : since + most]
    reader.close()
    desk.close()


# ---- whatever happens --------------------------------------------------------------------------------------------------------


class Life:
    """A journal on which something happens at random, its owner that changes, and those who watch."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path, self.random = path, random.Random(seed)
        self.clock = StillClock()
        self.desk = opened(path, clock=self.clock)
        self.tasks: list[dict[str, Any]] = []
        self.of_owner = Follower(self.desk.local)
        self.of_reader = Follower(JournalReader(path))
        self.serial = 0

    def step(self) -> str:
        name = self.random.choice(
            (
                *("start", "start", "signal", "decide", "decide", "decide", "work", "work", "finish", "finish", "beat"),
                *("time", "terminate", "cancel", "register", "prune", "restart", "restart and prune", "replace"),
            )
        )
        if name in ("replace", "restart and prune") and self.random.random() < 0.7:
            name = "decide"
        try:
            getattr(self, name.replace(" ", "_"))()
        except Fault:
            pass  # nothing of that is there
        return name

    def an_id(self) -> str:
        return self.random.choice("abcdef")

    def start(self) -> None:
        self.desk.start(self.an_id())

    def signal(self) -> None:
        self.desk.signal("s", self.an_id())

    def decide(self) -> None:
        task = self.desk.decision_task()
        if not task.get("taskToken"):
            return
        self.serial += 1
        choices = [
            [schedule(f"a{self.serial}")],
            [schedule(f"a{self.serial}"), start_timer(f"t{self.serial}", 60)],
            [],
            [complete(result="1")],
            [fail(reason="r")],
            [continue_as_new()],
        ]
        if self.random.random() < 0.9:  # else nobody ever answers it
            self.desk.respond(task, *self.random.choice(choices))

    def work(self) -> None:
        task = self.desk.activity_task()
        if task.get("taskToken"):
            self.tasks.append(task)

    def finish(self) -> None:
        if self.tasks:
            self.desk.swf.respond_activity_task_completed(taskToken=self.tasks.pop()["taskToken"])

    def beat(self) -> None:
        if self.tasks:
            self.desk.swf.record_activity_task_heartbeat(taskToken=self.tasks[-1]["taskToken"], details=str(self.serial))

    def time(self) -> None:
        self.desk.pass_time(self.random.choice([1, 60, 86_400]))

    def terminate(self) -> None:
        self.desk.terminate(self.an_id())

    def cancel(self) -> None:
        self.desk.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId=self.an_id())

    def register(self) -> None:
        self.serial += 1
        self.desk.swf.register_workflow_type(domain=DOMAIN, name=f"type{self.serial}", version="1")

    def prune(self) -> None:
        self.desk.local.prune(self.clock.now() - self.random.choice([0, 60]))

    def restart(self) -> None:
        self.desk.close()
        self._open()

    def restart_and_prune(self) -> None:
        self.prune()
        self.restart()
        self.desk.start("again")

    def replace(self) -> None:
        self.desk.close()
        if self.random.random() < 0.5:
            _remove(self.path)
            if self.random.random() < 0.5:
                assert self.of_reader.look() == {}
        else:
            other = opened(self.path.with_name("other"), clock=self.clock)
            other.start("other")
            other.close()
            _remove(self.path)
            os.replace(self.path.with_name("other"), self.path)
        self._open()

    def _open(self) -> None:
        self.desk, self.tasks = opened(self.path, clock=self.clock), []
        self.of_owner = Follower(self.desk.local)

    def check(self) -> None:
        """What the reader sees is what its owner has committed; once all is, both see the same, and so does a new reader."""
        if self.random.random() < 0.5:
            by_owner = self.of_owner.look()
            for run_id, (_, _, _, events) in self.of_reader.look().items():
                assert by_owner[run_id][3][: len(events)] == events
        if self.random.random() < 0.7:
            settled(self.desk)
            fresh = JournalReader(self.path)
            assert self.of_reader.look() == whole(fresh) == self.of_owner.look()
            reader = self.of_reader.service
            for one in "abcdef":
                assert _told(reader.execution(DOMAIN, one)) == _told(self.desk.local.execution(DOMAIN, one))
            assert [one.run_id for one in reader.open_executions(DOMAIN)] == [
                one.run_id for one in self.desk.local.open_executions(DOMAIN)
            ]
            fresh.close()

    def close(self) -> None:
        self.desk.close()


def _told(one: KnownExecution | None) -> tuple[Any, ...] | None:
    return None if one is None else (one.ids, one.number, one.type_name, one.tags, one.started, one.closed_at, one.close_status)


@pytest.mark.parametrize("seed", range(count(8, 200)))
def test_a_kept_reader_sees_what_the_owner_has_committed_after_every_step(path, seed):
    life = Life(path, seed)
    done = []
    for _ in range(80):
        done.append(life.step())
        life.check()
    life.close()
    assert len(set(done)) > 10
