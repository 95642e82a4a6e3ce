"""Files that are no journals, damaged ones, and those of another version: each is refused in one sentence."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.application.services import Local
from simpleflow_nb.exceptions import JournalError, ServiceError
from simpleflow_nb.local.journal import Journal
from simpleflow_nb.local.ownership import is_owned
from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.service import DOMAIN, LocalService

from .manual_client import opened


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
    client = opened(path)
    client.start()
    client.close()
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
    client = opened(path)
    client.start()
    client.close()
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


@pytest.mark.parametrize("statement", ["", "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"])
def test_a_file_that_its_owner_has_just_created_is_read_as_no_journal(path: Path, statement: str) -> None:
    path.parent.mkdir()
    path.touch()
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)
    with pytest.raises(JournalError) as refused:
        JournalReader(path)
    assert str(refused.value) == f"{path} is empty; nothing has run here yet (name another journal with --db)"
    with Local(db=path).opened(path.parent) as place:
        assert (place.service, place.is_interrupted) == (None, False)
    with closing(JournalReader(path, may_be_missing=True)) as reader:
        assert not reader.is_begun
        opened(path).close()
        reader.refresh()
        assert reader.is_begun


@pytest.mark.parametrize(("make", "kind"), [(os.mkdir, "a folder"), (os.mkfifo, "no file")])
@pytest.mark.parametrize("opening", [LocalService.open, Journal, JournalReader])
def test_what_is_no_file_is_refused_at_once(opening: Any, make: Callable[[Path], None], kind: str, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    make(path)
    with pytest.raises(JournalError) as refused:
        opening(path)
    assert str(refused.value) == f"{path} is not a journal: it is {kind}; move it away, or name another with --db"


@pytest.mark.parametrize("table", ["sfnb_runs (a)", "runs (a)", "meta (key, value); CREATE TABLE things (a)"])
@pytest.mark.parametrize("opening", [LocalService.open, Journal, JournalReader])
def test_a_database_of_something_else_is_no_journal_and_is_left_as_it_is(opening: Any, table: str, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"CREATE TABLE {table}")
    before = path.read_bytes()
    with pytest.raises(JournalError) as refused:
        opening(path)
    name = "things" if "things" in table else table.split()[0]
    assert str(refused.value) == (
        f"{path} is not a journal: it is a database of something else, with table {name!r}; name another with --db"
    )
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]
