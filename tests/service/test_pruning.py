"""Histories that leave the journal: which, what stays of them, and that a crash on the way loses nothing."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

import pytest

from simpleflow_nb import payload
from simpleflow_nb.exceptions import JournalError
from simpleflow_nb.local import journal_pruning
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.journal import Journal
from simpleflow_nb.local.journal_pruning import JournalPruning, referenced_payloads
from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.processes.payload_directory import PayloadDirectory, kept
from simpleflow_nb.processes.payload_pruning import GRACE_SECONDS, remove_unreferenced

from .desk import Desk, complete, opened

DAY = 80_000  #: a little less: what is open does not time out
LONG = "x" * 40_000


def closed(desk: Desk, workflow_id: str, **options: object) -> str:
    run_id = desk.start(workflow_id, **options)
    desk.decide(complete())
    return run_id


def is_child(desk: Desk, child: str, parent: str) -> None:
    """Children are not started by this service yet; listings tell of them all the same."""
    numbers = desk.local.home.latest_by_id
    desk.local.infos[numbers[child]]["parent"] = desk.local.infos[numbers[parent]]["execution"]


def known(desk: Desk) -> list[str]:
    return sorted(info["execution"]["workflowId"] for info in desk.local.infos.values())


def test_closed_executions_go_when_they_are_old_and_a_line_stays(path: Path) -> None:
    desk = opened(path)
    old = closed(desk, "old", tagList=["days", "2024-01-01", "more"])
    desk.start("open")
    desk.pass_time(DAY)
    closed(desk, "young")
    now = desk.local.clock.now()
    would = desk.local.would_prune(now - DAY / 2)
    assert (would.executions, would.history_bytes > 500) == (1, True)
    assert known(desk) == ["old", "open", "young"]
    assert desk.local.prune(now - DAY / 2) == would
    for _ in range(2):  # and after a restart
        assert known(desk) == ["open", "young"]
        with pytest.raises(Fault, match="Unknown execution: workflowId=old"):
            desk.local.get_workflow_execution_history(domain=DOMAIN, execution={"workflowId": "old", "runId": old})
        for wanted in ("old", "ol", "days/2024-01-01"):
            (gone,) = desk.local.pruned_executions(DOMAIN, wanted)
            assert gone == (DOMAIN, "old", old, "days/2024-01-01", now - DAY, "COMPLETED")
        assert desk.local.pruned_executions("another", "old") == desk.local.pruned_executions(DOMAIN, "young") == []
        assert desk.local.prune(now - DAY / 2).executions == 0
        desk.close()
        desk = opened(path)
    assert desk.start("old") != old  # the id is free
    desk.close()


def test_a_reader_says_what_would_go_and_has_nothing_to_remove_it_with(path: Path) -> None:
    desk = opened(path)
    closed(desk, "old")
    desk.pass_time(DAY)
    reader = JournalReader(path)
    now = desk.local.clock.now()
    assert reader.would_prune(now) == desk.local.would_prune(now)
    assert reader.would_prune(now).executions == 1
    assert not hasattr(reader, "prune")
    reader.close()
    desk.close()


def test_what_is_related_to_an_open_execution_stays_through_others_too(path: Path) -> None:
    desk = opened(path)
    for name in ("grandparent", "parent", "sister", "stranger"):
        closed(desk, name)
    desk.start("child")
    for child, parent in (("parent", "grandparent"), ("child", "parent"), ("sister", "parent")):
        is_child(desk, child, parent)
    desk.pass_time(1)
    assert desk.local.prune(desk.local.clock.now()).executions == 1
    assert known(desk) == ["child", "grandparent", "parent", "sister"]
    desk.terminate("child")
    desk.pass_time(1)
    assert desk.local.prune(desk.local.clock.now()).executions == 4
    desk.close()


def test_those_that_are_spared_stay(path: Path) -> None:
    desk = opened(path)
    spared = closed(desk, "spared")
    closed(desk, "other")
    desk.pass_time(DAY)
    desk.local.prune(desk.local.clock.now(), spared={spared})
    assert known(desk) == ["spared"]
    desk.close()


def test_the_file_gets_smaller_also_one_of_a_former_version(path: Path) -> None:
    for is_former in (False, True):
        file = path.with_name(f"{is_former}.sqlite3")
        if is_former:
            file.parent.mkdir(exist_ok=True)
            db = sqlite3.connect(file)
            db.execute("PRAGMA auto_vacuum=NONE")
            db.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
            db.commit()
            db.close()
        desk = opened(file)
        for number in range(100):
            closed(desk, f"run{number}", input="x" * 30_000)
        desk.pass_time(DAY)
        desk.local.prune(desk.local.clock.now())
        desk.start("next")
        assert sum(one.stat().st_size for one in file.parent.glob(f"{file.name}*")) < 200_000, is_former
        desk.close()


def test_a_failure_on_the_way_leaves_whole_executions(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simpleflow_nb.local.pruning._AT_ONCE", 2)
    desk = opened(path)
    run_ids = {f"run{number}": closed(desk, f"run{number}") for number in range(6)}
    desk.pass_time(DAY)
    journal = desk.local.journal
    assert journal is not None
    journal._db.execute(
        "CREATE TRIGGER fails BEFORE DELETE ON runs WHEN old.number = 4 BEGIN SELECT RAISE(ABORT, 'the disk is away'); END"
    )
    with pytest.raises(JournalError) as caught:
        desk.local.prune(desk.local.clock.now())
    sentence = f"{path} cannot be written: the disk is away; the histories of 2 executions had been removed by then"
    assert str(caught.value) == sentence
    for _ in range(2):  # and after a restart
        assert known(desk) == ["run2", "run3", "run4", "run5"]
        for name in known(desk):
            assert desk.types(name, run_ids[name])[-1] == "WorkflowExecutionCompleted"
        assert [bool(desk.local.pruned_executions(DOMAIN, f"run{number}")) for number in range(6)] == [True] * 2 + [False] * 4
        desk.close()
        desk = opened(path)
    desk.close()


@pytest.mark.parametrize("statement", ["VACUUM", "PRAGMA incremental_vacuum(1000)", "PRAGMA wal_checkpoint(TRUNCATE)"])
def test_histories_that_are_removed_are_said_to_be_also_where_the_file_cannot_get_smaller(
    path: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    executed = JournalPruning._executed

    def full(self: JournalPruning, text: str, *values: object) -> object:
        if text == statement:
            raise JournalError(f"{path} cannot be written: database or disk is full")
        return executed(self, text, *values)  # type: ignore[arg-type]

    if statement == "VACUUM":
        opened(path).close()
        db = sqlite3.connect(path)  # as a version has made it that gave nothing back
        db.execute("PRAGMA auto_vacuum=NONE")
        db.execute("VACUUM")
        db.close()
    desk = opened(path)
    for number in range(20):
        closed(desk, f"run{number}", input="x" * 30_000)
    desk.pass_time(DAY)
    with monkeypatch.context() as patch:
        patch.setattr(JournalPruning, "_executed", full)
        done = desk.local.prune(desk.local.clock.now())
        assert (done.executions, known(desk)) == (20, [])
        assert done.space_kept == f"{path} cannot be written: database or disk is full"
    size = sum(one.stat().st_size for one in path.parent.glob(f"{path.name}*"))
    done = desk.local.prune(desk.local.clock.now())  # with nothing more to remove
    assert (done.executions, done.space_kept) == (0, None)
    assert sum(one.stat().st_size for one in path.parent.glob(f"{path.name}*")) < size / 2
    desk.close()


def test_a_reader_beside_the_owner_is_told_that_a_history_has_just_gone(path: Path) -> None:
    desk = opened(path)
    run_id = closed(desk, "old")
    reader = JournalReader(path)
    desk.pass_time(DAY)
    desk.local.prune(desk.local.clock.now())
    with pytest.raises(Fault) as caught:
        reader.get_workflow_execution_history(domain=DOMAIN, execution={"workflowId": "old", "runId": run_id})
    assert caught.value.message == f"Unknown execution: workflowId=old, runId={run_id}; its history has just been removed"
    reader.close()
    desk.close()


def test_what_is_asked_for_while_somebody_writes_is_not_asked_of_the_connection_that_writes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = opened(path)
    old = closed(desk, "old")
    desk.pass_time(DAY)
    desk.local.prune(desk.local.clock.now())
    run_id = closed(desk, "young")
    desk.pass_time(1)
    with monkeypatch.context() as patch:
        patch.setattr(desk.local.journal, "_db", None)
        assert [one.run_id for one in desk.local.pruned_executions(DOMAIN, "old")] == [old]
        assert desk.types("young", run_id)[-1] == "WorkflowExecutionCompleted"
    desk.close()


def test_of_the_ends_that_are_remembered_the_oldest_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_pruning, "MOST_GONE", 2)
    desk = opened(path)
    for number in range(4):
        closed(desk, f"run{number}")
        desk.pass_time(1)
    desk.local.prune(desk.local.clock.now())
    assert [one.workflow_id for one in desk.local.pruned_executions(DOMAIN, "run")] == ["run3", "run2", "run1"]
    desk.close()


# ---- payloads ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def payloads(path: Path) -> PayloadDirectory:
    return PayloadDirectory(path.parent / "payloads")


def stored(payloads: PayloadDirectory, text: str, *, days_ago: float = 3) -> str:
    """The reference of a payload that was stored so long ago."""
    reference = kept(text, payloads)
    digest = payload.referenced_digest(reference)
    moment = time.time() - days_ago * DAY
    os.utime(payloads.path / str(digest)[:2] / f"{digest}.json", (moment, moment))
    return str(reference)


def is_there(payloads: PayloadDirectory, text: str) -> bool:
    return payloads.stored_at(payload.digest(text)) is not None


def pruned(desk: Desk, payloads: PayloadDirectory) -> int:
    """With everything that is closed now; how many payloads went."""
    desk.pass_time(1)
    desk.local.prune(desk.local.clock.now())
    assert desk.local.journal is not None
    would = remove_unreferenced(payloads, desk.local.journal, dry_run=True)
    assert remove_unreferenced(payloads, desk.local.journal) == would
    return would


def test_payloads_that_only_removed_histories_refer_to_are_removed_others_are_not(
    path: Path, payloads: PayloadDirectory
) -> None:
    desk = opened(path)
    inner, shared, requested = "i" + LONG, "s" + LONG, "r" + LONG
    outer = payload.encode({"within": stored(payloads, inner), "text": LONG})
    stored(payloads, "never named" + LONG)
    for number, text in enumerate((outer, shared, requested)):
        closed(desk, f"run{number}", input=stored(payloads, text))
    desk.start("open", input=payload.encode({"kwargs": {"specification": {"reference": payload.reference(shared)}}}))
    db = sqlite3.connect(path)
    db.execute(
        "INSERT INTO requests (id, operation, arguments) VALUES (99, 'signal_workflow_execution', ?)",
        (payload.encode({"input": payload.reference(requested)}),),
    )
    desk.local._inbox._seen = 99  # type: ignore[union-attr]  # nobody takes it
    db.commit()
    db.close()
    assert pruned(desk, payloads) == 2
    texts = (outer, inner, shared, requested, "never named" + LONG)
    assert [is_there(payloads, text) for text in texts] == [False, False, True, True, True]
    assert referenced_payloads(path) == {payload.digest(shared), payload.digest(requested)}
    assert not [one for one in payloads.path.rglob("*") if one.name.startswith(".")]
    desk.close()


@pytest.mark.parametrize("stays", ["young", "stored again", "another journal", "a domain"])
def test_a_payload_stays_that_is(stays: str, path: Path, payloads: PayloadDirectory) -> None:
    desk = opened(path)
    reference = stored(payloads, LONG, days_ago=0.5 if stays == "young" else 3)
    closed(desk, "run", input=reference)
    desk.local.clock.jump_to(time.time())
    if stays == "stored again":
        desk.pass_time(-1)
        moment = desk.local.clock.now() + GRACE_SECONDS
        os.utime(payloads.path / payload.digest(LONG)[:2] / f"{payload.digest(LONG)}.json", (moment, moment))
    elif stays == "another journal":
        beside = opened(path.with_name("beside.sqlite3"))
        beside.start("run", input=reference)
        beside.close()
    elif stays == "a domain":
        PayloadDirectory(payloads.path, shares=True).store("something else")
    assert pruned(desk, payloads) == 0
    assert is_there(payloads, LONG)
    journal = desk.local.journal
    assert isinstance(journal, Journal)
    with JournalPruning(journal) as file:
        assert bool(file.unreferenced()) is (stays in ("young", "a domain"))  # asked for again the next time
    desk.close()


def test_a_payload_that_is_stored_again_while_it_is_removed_stays(payloads: PayloadDirectory) -> None:
    stored(payloads, LONG)
    digest = payload.digest(LONG)
    seen = payloads.stored_at(digest)
    payloads.store(LONG)
    assert seen is not None
    payloads.remove(digest, seen)
    assert payloads.load(digest) == LONG


def test_what_was_to_be_removed_when_the_process_died_is_removed_the_next_time(path: Path, payloads: PayloadDirectory) -> None:
    desk = opened(path)
    closed(desk, "run", input=stored(payloads, LONG))
    desk.pass_time(1)
    desk.local.prune(desk.local.clock.now())
    desk.close()
    desk = opened(path)
    assert pruned(desk, payloads) == 1
    assert not is_there(payloads, LONG)
    desk.close()
