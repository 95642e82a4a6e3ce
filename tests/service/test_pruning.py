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

from .manual_client import ManualClient, complete, opened

DAY = 80_000  #: a little less: what is open does not time out
LONG = "x" * 40_000


def closed(client: ManualClient, workflow_id: str, **options: object) -> str:
    run_id = client.start(workflow_id, **options)
    client.decide(complete())
    return run_id


def is_child(client: ManualClient, child: str, parent: str) -> None:
    """Children are not started by this service yet; listings tell of them all the same."""
    numbers = client.local.home.latest_by_id
    client.local.infos[numbers[child]]["parent"] = client.local.infos[numbers[parent]]["execution"]


def known(client: ManualClient) -> list[str]:
    return sorted(info["execution"]["workflowId"] for info in client.local.infos.values())


def test_closed_executions_go_when_they_are_old_and_a_line_stays(path: Path) -> None:
    client = opened(path)
    old = closed(client, "old", tagList=["days", "2024-01-01", "more"])
    client.start("open")
    client.pass_time(DAY)
    closed(client, "young")
    now = client.local.clock.now()
    would = client.local.would_prune(now - DAY / 2)
    assert (would.executions, would.history_bytes > 500) == (1, True)
    assert known(client) == ["old", "open", "young"]
    assert client.local.prune(now - DAY / 2) == would
    for _ in range(2):  # and after a restart
        assert known(client) == ["open", "young"]
        with pytest.raises(Fault, match="Unknown execution: workflowId=old"):
            client.local.get_workflow_execution_history(domain=DOMAIN, execution={"workflowId": "old", "runId": old})
        for wanted in ("old", "ol", "days/2024-01-01"):
            (gone,) = client.local.gone_executions(DOMAIN, wanted)
            assert gone == (DOMAIN, "old", old, "days/2024-01-01", now - DAY, "COMPLETED")
        assert client.local.gone_executions("another", "old") == client.local.gone_executions(DOMAIN, "young") == []
        assert client.local.prune(now - DAY / 2).executions == 0
        client.close()
        client = opened(path)
    assert client.start("old") != old  # the id is free
    client.close()


def test_a_reader_says_what_would_go_and_has_nothing_to_remove_it_with(path: Path) -> None:
    client = opened(path)
    closed(client, "old")
    client.pass_time(DAY)
    reader = JournalReader(path)
    now = client.local.clock.now()
    assert reader.would_prune(now) == client.local.would_prune(now)
    assert reader.would_prune(now).executions == 1
    assert not hasattr(reader, "prune")
    reader.close()
    client.close()


def test_what_is_related_to_an_open_execution_stays_through_others_too(path: Path) -> None:
    client = opened(path)
    for name in ("grandparent", "parent", "sister", "stranger"):
        closed(client, name)
    client.start("child")
    for child, parent in (("parent", "grandparent"), ("child", "parent"), ("sister", "parent")):
        is_child(client, child, parent)
    client.pass_time(1)
    assert client.local.prune(client.local.clock.now()).executions == 1
    assert known(client) == ["child", "grandparent", "parent", "sister"]
    client.terminate("child")
    client.pass_time(1)
    assert client.local.prune(client.local.clock.now()).executions == 4
    client.close()


def test_those_that_are_spared_stay(path: Path) -> None:
    client = opened(path)
    spared = closed(client, "spared")
    closed(client, "other")
    client.pass_time(DAY)
    client.local.prune(client.local.clock.now(), spared={spared})
    assert known(client) == ["spared"]
    client.close()


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
        client = opened(file)
        for number in range(100):
            closed(client, f"run{number}", input="x" * 30_000)
        client.pass_time(DAY)
        client.local.prune(client.local.clock.now())
        client.start("next")
        assert sum(one.stat().st_size for one in file.parent.glob(f"{file.name}*")) < 200_000, is_former
        client.close()


def test_a_failure_on_the_way_leaves_whole_executions(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simpleflow_nb.local.pruning._AT_ONCE", 2)
    client = opened(path)
    run_ids = {f"run{number}": closed(client, f"run{number}") for number in range(6)}
    client.pass_time(DAY)
    journal = client.local.journal
    assert journal is not None
    journal._db.execute(
        "CREATE TRIGGER fails BEFORE DELETE ON runs WHEN old.number = 4 BEGIN SELECT RAISE(ABORT, 'the disk is away'); END"
    )
    with pytest.raises(JournalError) as caught:
        client.local.prune(client.local.clock.now())
    sentence = f"{path} cannot be written: the disk is away; the histories of 2 executions had been removed by then"
    assert str(caught.value) == sentence
    for _ in range(2):  # and after a restart
        assert known(client) == ["run2", "run3", "run4", "run5"]
        for name in known(client):
            assert client.types(name, run_ids[name])[-1] == "WorkflowExecutionCompleted"
        assert [bool(client.local.gone_executions(DOMAIN, f"run{number}")) for number in range(6)] == [True] * 2 + [False] * 4
        client.close()
        client = opened(path)
    client.close()


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
    client = opened(path)
    for number in range(20):
        closed(client, f"run{number}", input="x" * 30_000)
    client.pass_time(DAY)
    with monkeypatch.context() as patch:
        patch.setattr(JournalPruning, "_executed", full)
        done = client.local.prune(client.local.clock.now())
        assert (done.executions, known(client)) == (20, [])
        assert done.space_kept == f"{path} cannot be written: database or disk is full"
    size = sum(one.stat().st_size for one in path.parent.glob(f"{path.name}*"))
    done = client.local.prune(client.local.clock.now())  # with nothing more to remove
    assert (done.executions, done.space_kept) == (0, None)
    assert sum(one.stat().st_size for one in path.parent.glob(f"{path.name}*")) < size / 2
    client.close()


def test_a_reader_beside_the_owner_is_told_that_a_history_has_just_gone(path: Path) -> None:
    client = opened(path)
    run_id = closed(client, "old")
    reader = JournalReader(path)
    client.pass_time(DAY)
    client.local.prune(client.local.clock.now())
    with pytest.raises(Fault) as caught:
        reader.get_workflow_execution_history(domain=DOMAIN, execution={"workflowId": "old", "runId": run_id})
    assert caught.value.message == f"Unknown execution: workflowId=old, runId={run_id}; its history has just been removed"
    reader.close()
    client.close()


def test_what_is_asked_for_while_somebody_writes_is_not_asked_of_the_connection_that_writes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = opened(path)
    old = closed(client, "old")
    client.pass_time(DAY)
    client.local.prune(client.local.clock.now())
    run_id = closed(client, "young")
    client.pass_time(1)
    with monkeypatch.context() as patch:
        patch.setattr(client.local.journal, "_db", None)
        assert [one.run_id for one in client.local.gone_executions(DOMAIN, "old")] == [old]
        assert client.types("young", run_id)[-1] == "WorkflowExecutionCompleted"
    client.close()


def test_of_the_ends_that_are_remembered_the_oldest_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_pruning, "MOST_GONE", 2)
    client = opened(path)
    for number in range(4):
        closed(client, f"run{number}")
        client.pass_time(1)
    client.local.prune(client.local.clock.now())
    assert [one.workflow_id for one in client.local.gone_executions(DOMAIN, "run")] == ["run3", "run2", "run1"]
    client.close()


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


def pruned(client: ManualClient, payloads: PayloadDirectory) -> int:
    """With everything that is closed now; how many payloads went."""
    client.pass_time(1)
    client.local.prune(client.local.clock.now())
    assert client.local.journal is not None
    would = remove_unreferenced(payloads, client.local.journal, dry_run=True)
    assert remove_unreferenced(payloads, client.local.journal) == would
    return would


def test_payloads_that_only_removed_histories_refer_to_are_removed_others_are_not(
    path: Path, payloads: PayloadDirectory
) -> None:
    client = opened(path)
    inner, shared, requested = "i" + LONG, "s" + LONG, "r" + LONG
    outer = payload.encode({"within": stored(payloads, inner), "text": LONG})
    stored(payloads, "never named" + LONG)
    for number, text in enumerate((outer, shared, requested)):
        closed(client, f"run{number}", input=stored(payloads, text))
    client.start("open", input=payload.encode({"kwargs": {"specification": {"reference": payload.reference(shared)}}}))
    db = sqlite3.connect(path)
    db.execute(
        "INSERT INTO requests (id, operation, arguments) VALUES (99, 'signal_workflow_execution', ?)",
        (payload.encode({"input": payload.reference(requested)}),),
    )
    client.local._inbox._seen = 99  # type: ignore[union-attr]  # nobody takes it
    db.commit()
    db.close()
    assert pruned(client, payloads) == 2
    texts = (outer, inner, shared, requested, "never named" + LONG)
    assert [is_there(payloads, text) for text in texts] == [False, False, True, True, True]
    assert referenced_payloads(path) == {payload.digest(shared), payload.digest(requested)}
    assert not [one for one in payloads.path.rglob("*") if one.name.startswith(".")]
    client.close()


@pytest.mark.parametrize("stays", ["young", "stored again", "another journal", "a domain"])
def test_a_payload_stays_that_is(stays: str, path: Path, payloads: PayloadDirectory) -> None:
    client = opened(path)
    reference = stored(payloads, LONG, days_ago=0.5 if stays == "young" else 3)
    closed(client, "run", input=reference)
    client.local.clock.jump_to(time.time())
    if stays == "stored again":
        client.pass_time(-1)
        moment = client.local.clock.now() + GRACE_SECONDS
        os.utime(payloads.path / payload.digest(LONG)[:2] / f"{payload.digest(LONG)}.json", (moment, moment))
    elif stays == "another journal":
        beside = opened(path.with_name("beside.sqlite3"))
        beside.start("run", input=reference)
        beside.close()
    elif stays == "a domain":
        PayloadDirectory(payloads.path, shares=True).store("something else")
    assert pruned(client, payloads) == 0
    assert is_there(payloads, LONG)
    journal = client.local.journal
    assert isinstance(journal, Journal)
    with JournalPruning(journal) as file:
        assert bool(file.unreferenced()) is (stays in ("young", "a domain"))  # asked for again the next time
    client.close()


def test_a_payload_that_is_stored_again_while_it_is_removed_stays(payloads: PayloadDirectory) -> None:
    stored(payloads, LONG)
    digest = payload.digest(LONG)
    seen = payloads.stored_at(digest)
    payloads.store(LONG)
    assert seen is not None
    payloads.remove(digest, seen)
    assert payloads.load(digest) == LONG


def test_what_was_to_be_removed_when_the_process_died_is_removed_the_next_time(path: Path, payloads: PayloadDirectory) -> None:
    client = opened(path)
    closed(client, "run", input=stored(payloads, LONG))
    client.pass_time(1)
    client.local.prune(client.local.clock.now())
    client.close()
    client = opened(path)
    assert pruned(client, payloads) == 1
    assert not is_there(payloads, LONG)
    client.close()
