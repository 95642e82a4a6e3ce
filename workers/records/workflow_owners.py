"""Owners of workflows: the file and the service that a workflow's runs belong to, the first that used its name.

They are stored in the database of the run records. The records have only the names of workflows, so that two files with a
workflow of the same name would take each other's dates for done.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simpleflow_nb.exceptions import ExitCode, SimpleflowError

from .run_records import RunRecords

if TYPE_CHECKING:
    import sqlalchemy as sa

LOCAL = "local"  #: the service of a journal, on one machine


class WorkflowTaken(SimpleflowError):
    """A workflow belongs to another file, or its outputs to another service; one sentence with both."""

    exit_code = ExitCode.WRONG


@dataclass(frozen=True)
class ForeignWorkflow:
    """A workflow of this file that belongs to another one."""

    name: str
    owner: Path  #: present path
    is_there: bool  #: False: the owner was removed, moved or renamed, or is mounted elsewhere


@dataclass(frozen=True)
class _Row:
    workflow_name: str
    file: str  #: relative to the outputs folder, as the paths were written
    outputs: str  #: absolute, on the machine that claimed it
    service: str


def domain_service(domain: str) -> str:
    """Return the name of the service of a domain, as :data:`LOCAL` is that of a journal."""
    return f"domain {domain}"


class WorkflowOwners:
    """The owners of workflows in one database, from the point of view of a file with one outputs folder.

    Paths are compared as they are written, without following links, so that a project that is moved as a whole, or mounted
    elsewhere, stays the same; paths that differ mean the same file if the file system says so. If several outputs folders share
    a database, equal relative paths mean different files if both files exist.
    """

    def __init__(self, records: RunRecords, file: Path, outputs: Path) -> None:
        self.records = records
        self.file, self.outputs = os.path.abspath(file), os.path.abspath(outputs)
        try:
            self._relative = os.path.relpath(self.file, self.outputs)
        except ValueError:  # on another drive
            self._relative = self.file
        #: the database lies in the outputs folder, and so belongs to it alone, even after both were copied
        self._is_own_database = records.is_in(outputs)
        self.place = f"outputs in {self.outputs}" if self._is_own_database else f"run records in {records.location}"

    def claim(self, names: Collection[str], service: str, *, adopt: bool = False) -> list[str]:
        """Register these workflows as this file's, with ``service`` (:data:`LOCAL` or a `domain_service`) for their runs. One
        transaction decides between processes that claim at once.

        ``adopt`` takes them over from their former owners. Returns a sentence about each takeover.

        Raises:
            WorkflowTaken: another file has one of the names, or another service the outputs; nothing has changed.
            RecordsError: the database cannot be used.
        """
        with self.records.transaction() as connection:
            rows = _rows(connection)
        if not self._changes(rows, names, service, adopt=adopt)[0]:
            return []
        import sqlalchemy as sa

        table = owners_table()
        with self.records.transaction(exclusive=True) as connection:
            changes, said = self._changes(_rows(connection), names, service, adopt=adopt)
            for change in changes:
                connection.execute(sa.delete(table).where(table.c.workflow_name == change.workflow_name))
                connection.execute(sa.insert(table).values(**vars(change), claimed=datetime.now(UTC)))
        return said

    def foreign(self, names: Collection[str]) -> list[ForeignWorkflow]:
        """Return the workflows that belong to another file.

        Raises:
            RecordsError: the database cannot be read.
        """
        with self.records.transaction() as connection:
            rows = _rows(connection)
        return [
            ForeignWorkflow(row.workflow_name, owner, owner.exists())
            for row in rows
            for owner in [self._owner(row)]
            if row.workflow_name in names and not self._is_mine(owner)
        ]

    def owned(self) -> set[str]:
        """Return the names of workflows that belong to this file, including those that it no longer has.

        Raises:
            RecordsError: the database cannot be read.
        """
        with self.records.transaction() as connection:
            rows = _rows(connection)
        return {row.workflow_name for row in rows if self._is_mine(self._owner(row))}

    @staticmethod
    def of_name(records: RunRecords, name: str, outputs: Path) -> Path | None:
        """Return the workflow file that a workflow of that name belongs to; None if it belongs to none.

        Raises:
            RecordsError: the database cannot be read.
        """
        with records.transaction() as connection:
            found = next((row for row in _rows(connection) if row.workflow_name == name), None)
        # as a view of its own: the file of whoever asks is not among those that are compared
        return WorkflowOwners(records, outputs, outputs)._owner(found) if found is not None else None

    def sentence(self, foreign: Sequence[ForeignWorkflow]) -> str:
        """Say which file they belong to, with both paths, and give advice."""
        first = foreign[0]
        more = sum(one.owner == first.owner for one in foreign) - 1
        name = repr(first.name) + (f" (and {more} more)" if more else "")
        if first.is_there:
            return (
                f"workflow {name} belongs to {first.owner} ({self.place}), and {self.file} names it too; give it another name "
                "there, or --adopt (of sensor.start, workflow.start, backfill and runs.retry) takes its runs over"
            )
        return (
            f"workflow {name} belongs to {first.owner} ({self.place}), which is not there any more; if {self.file} is that "
            "file, moved or renamed, --adopt (of sensor.start, workflow.start, backfill and runs.retry) takes its runs over"
        )

    def _changes(self, rows: list[_Row], names: Collection[str], service: str, *, adopt: bool) -> tuple[list[_Row], list[str]]:
        """Return the rows to write, and sentences about them.

        Raises:
            WorkflowTaken: without ``adopt``.
        """
        known = {row.workflow_name: row for row in rows}
        owners = {name: self._owner(known[name]) for name in sorted(names) if name in known}
        foreign = [ForeignWorkflow(name, owner, owner.exists()) for name, owner in owners.items() if not self._is_mine(owner)]
        if foreign and not adopt:
            raise WorkflowTaken(self.sentence(foreign))
        shared = [row for row in rows if row.workflow_name in names or self._is_own_database or row.outputs == self.outputs]
        others = [row for row in shared if row.service != service]
        if others and not adopt:
            raise WorkflowTaken(
                f"{self.place} are used by {_shown(others[0].service)} for workflow {others[0].workflow_name!r}, and "
                f"{_shown(service)} would know nothing of those runs; stop what runs there, then --adopt takes them over"
            )
        said = [f"workflow {one.name!r} is taken over from {one.owner}" for one in foreign]
        for other in dict.fromkeys(row.service for row in others):
            said.append(f"{self.place} are taken over from {_shown(other)}; what is open there goes on unless it is stopped")
        changes = {row.workflow_name: _Row(row.workflow_name, row.file, row.outputs, service) for row in others}
        taken = {one.name for one in foreign}
        for name in names:
            row = known.get(name)
            has_moved = row is not None and not self._is_own_database and self._is_elsewhere(row)
            if row is None or name in taken or has_moved:
                changes[name] = _Row(name, self._relative, self.outputs, service)
            if row is not None and has_moved and name not in taken:
                said.append(
                    f"workflow {name!r} had its outputs in {row.outputs}, where its file is no more; it counts as moved here"
                )
        return list(changes.values()), said

    def _owner(self, row: _Row) -> Path:
        base = self.outputs if self._is_own_database or self._is_elsewhere(row) else row.outputs
        return Path(os.path.normpath(os.path.join(base, row.file)))

    def _is_elsewhere(self, row: _Row) -> bool:
        """Return True if its outputs folder is another one, and its file cannot be found from there."""
        return row.outputs != self.outputs and not os.path.exists(os.path.normpath(os.path.join(row.outputs, row.file)))

    def _is_mine(self, owner: Path) -> bool:
        try:
            return str(owner) == self.file or os.path.samefile(owner, self.file)
        except OSError:  # one of them does not exist
            return False


@lru_cache(maxsize=1)
def owners_table() -> sa.Table:
    """Describe the table of owners, as `workers.records.migrations` creates it."""
    import sqlalchemy as sa

    return sa.Table(
        "sfnb_workflow_files",
        sa.MetaData(),
        sa.Column("workflow_name", sa.Text, primary_key=True),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("outputs", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("claimed", sa.DateTime(timezone=True), nullable=False),
    )


def _rows(connection: sa.Connection) -> list[_Row]:
    import sqlalchemy as sa

    table = owners_table()
    columns: Any = (table.c.workflow_name, table.c.file, table.c.outputs, table.c.service)
    return [_Row(*row) for row in connection.execute(sa.select(*columns).order_by(table.c.workflow_name))]


def _shown(service: str) -> str:
    return "local runs" if service == LOCAL else service
