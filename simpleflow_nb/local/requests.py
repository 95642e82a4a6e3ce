"""Starts, signals, cancellations and terminations that another process asks of the journal's owner.

They wait in the journal until the owner takes them, within a tenth of a second, or until the next owner starts.
"""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..exceptions import JournalError, ServiceError
from .checks import check_start
from .faults import Fault
from .journal import read_only_uri
from .ownership import is_owned, owner_pid

START = "start_workflow_execution"
OPERATIONS = (START, "signal_workflow_execution", "request_cancel_workflow_execution", "terminate_workflow_execution")

ANSWER_SECONDS = 10.0  #: an owner that cannot write its journal tries for longer; the request then waits with it
_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class LeftRequest:
    """A request that lies in a journal, or lay there."""

    journal: Path
    number: int
    workflow_id: str
    run_id: str | None = None  #: of the execution that a start asks for

    def wait(self, timeout_seconds: float = ANSWER_SECONDS) -> bool:
        """Wait until the owner has carried it out, durably; False when it still lies there then.

        It returns at once when nobody owns the journal: the next owner takes it.

        Raises:
            Fault: the owner refused it, with what a call of the service would have raised.
            JournalError: the journal cannot be read.
        """
        until = time.monotonic() + timeout_seconds
        while True:
            had_owner = is_owned(self.journal)
            if self._is_done():
                return True
            if time.monotonic() > until or not had_owner:
                return False
            time.sleep(_LOOK_SECONDS)

    def _is_done(self) -> bool:
        try:
            db = sqlite3.connect(read_only_uri(self.journal), uri=True, isolation_level=None, timeout=10)
            try:
                db.execute("BEGIN")
                if db.execute("SELECT 1 FROM requests WHERE id = ?", (self.number,)).fetchone():
                    return False
                answers = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'answers'").fetchone()
                query = "SELECT code, message FROM answers WHERE request = ?"
                refused = db.execute(query, (self.number,)).fetchone() if answers else None
                if refused is not None:
                    raise Fault(*refused)
                if self.run_id is not None and not self._is_known(db):
                    raise Fault("OperationNotPermittedFault", "the owner of the journal is a version that takes no starts")
                return True
            finally:
                db.close()
        except sqlite3.Error as error:
            raise JournalError(f"{self.journal} cannot be read: {error}") from None

    def _is_known(self, db: sqlite3.Connection) -> bool:
        return any(
            db.execute(
                f"SELECT 1 FROM {table} WHERE workflow_id = ? AND run_id = ?", (self.workflow_id, self.run_id)
            ).fetchone()
            for table in ("runs", "gone")
        )


def leave_request(journal: Path, operation: str, arguments: dict[str, Any]) -> LeftRequest:
    """Leave a request for the owner; it is durable when this returns. The run id of a start is decided here.

    Raises:
        Fault: ValidationException, a start with values that are refused whatever the owner knows.
        JournalError: the journal is not there or cannot be written.
        ValueError: not one of :data:`OPERATIONS`.
    """
    if operation not in OPERATIONS:
        raise ValueError(f"{operation!r} cannot be left as a request; one of {', '.join(OPERATIONS)} can")
    run_id = None
    if operation == START:
        _check(arguments)
        run_id = uuid.uuid4().hex
        arguments = {**arguments, "runId": run_id}
    if not journal.exists():
        raise JournalError(f"{journal} does not exist; nothing has run here yet")
    try:
        db = sqlite3.connect(journal, isolation_level=None, timeout=10)
        try:
            cursor = db.execute("INSERT INTO requests (operation, arguments) VALUES (?, ?)", (operation, json.dumps(arguments)))
            number = cursor.lastrowid or 0
        finally:
            db.close()
    except sqlite3.Error as error:
        raise JournalError(f"{journal} cannot be written: {error}") from None
    return LeftRequest(journal, number, arguments["workflowId"], run_id)


def _check(arguments: dict[str, Any]) -> None:
    check_start(
        arguments["workflowId"],
        task_list=arguments.get("taskList"),
        priority=arguments.get("taskPriority"),
        data=arguments.get("input"),
        execution_timeout=arguments.get("executionStartToCloseTimeout"),
        task_timeout=arguments.get("taskStartToCloseTimeout"),
        tags=arguments.get("tagList"),
        child_policy=arguments.get("childPolicy"),
    )


class OwnerByRequests:
    """The calls of a service that another process owns, each left as a request and answered as the service would.

    Args:
        answer_seconds: how long each waits for its answer.
    """

    def __init__(self, journal: Path, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self.journal, self.answer_seconds = journal, answer_seconds

    def start_workflow_execution(self, **arguments: Any) -> dict[str, Any]:
        """
        Raises:
            Fault: the owner refused it.
            ServiceError: it was not taken in time. It lies there still, and is carried out by who takes it.
        """
        return {"runId": self._ask(START, arguments).run_id}

    def signal_workflow_execution(self, **arguments: Any) -> dict[str, Any]:
        self._ask("signal_workflow_execution", arguments)
        return {}

    def request_cancel_workflow_execution(self, **arguments: Any) -> dict[str, Any]:
        self._ask("request_cancel_workflow_execution", arguments)
        return {}

    def terminate_workflow_execution(self, **arguments: Any) -> dict[str, Any]:
        self._ask("terminate_workflow_execution", arguments)
        return {}

    def _ask(self, operation: str, arguments: dict[str, Any]) -> LeftRequest:
        left = leave_request(self.journal, operation, arguments)
        if not left.wait(self.answer_seconds):
            if is_owned(self.journal):
                pid = owner_pid(self.journal)
                why = f"process {pid}, which has {self.journal}, has not taken it for {self.answer_seconds:g} s"
            else:
                why = f"nobody has {self.journal} any more"
            raise RequestLeft(f"{left.workflow_id}: what was asked is still to be done: {why}; the next owner does it")
        return left


class RequestLeft(ServiceError):
    """A request was not taken in time, and lies in the journal."""


class Inbox:
    """The owner's side: a connection of its own, so that looking never touches a transaction under way."""

    def __init__(self, journal: Path) -> None:
        self._db = sqlite3.connect(journal, isolation_level=None, check_same_thread=False, timeout=10)
        self._seen = 0

    def take(self) -> list[tuple[int, str, dict[str, Any]]]:
        """The requests not taken yet: (id, operation, arguments). They are deleted with the events that they lead to.

        Raises:
            JournalError: they cannot be read.
        """
        try:
            rows = self._db.execute(
                "SELECT id, operation, arguments FROM requests WHERE id > ? ORDER BY id", (self._seen,)
            ).fetchall()
            taken = [(number, operation, json.loads(arguments)) for number, operation, arguments in rows]
        except (sqlite3.Error, ValueError) as error:
            raise JournalError(f"the requests of other processes cannot be read: {error}") from None
        if rows:
            self._seen = rows[-1][0]
        return taken

    def close(self) -> None:
        self._db.close()
