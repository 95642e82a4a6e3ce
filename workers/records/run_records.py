"""Records of how runs ended, in a database: the memory of the sensor and the source of status pages.

The database is SQLite in the outputs folder by default, or through ``AUTOFLOW_DB_URI`` any that SQLAlchemy supports. Only ends
are recorded; the service knows what is running. A database made by AutoFlow may be used: its table is read and never altered.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from deciders.runs.reruns import LastEnd
from deciders.values.run_state import SAYS_NOTHING, RunState
from simpleflow_nb.constants import STATE_FOLDER
from simpleflow_nb.environment import value_of
from simpleflow_nb.variables import AUTOFLOW_DB_PASSWORD, AUTOFLOW_DB_URI

from ..kept_paths import found_text, kept_path, kept_text
from .autoflow_records import read_autoflow_ends, read_autoflow_instances
from .run_database import RecordsError, RunDatabase
from .run_items import (
    ItemRecord,
    Reference,
    items_with_key,
    latest_items,
    read_items_of,
    references,
    settle_items,
    write_item,
)
from .run_queries import (
    failures_since_success,
    latest_cells,
    latest_ends,
    latest_records,
    latest_states,
    latest_unhashed,
    of_no_entry,
)
from .run_tables import EVERY_VALUE, RecordReader, RunRecord, autoflow_record, aware, record_columns, row_of

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["ItemRecord", "RecordsError", "RunRecord", "RunRecords"]


def records_file(outputs: Path) -> Path:
    """Return the file of an outputs folder's records, used unless a database is configured."""
    return outputs / STATE_FOLDER / "runs.sqlite3"


class LatestCell(NamedTuple):
    """Latest run of an instance, as far as a page of all runs shows it."""

    workflow_name: str
    identity: str
    instance: str
    reference_date: str | None
    parameter_set: str | None  #: None of a run that a process of 0.1 has just recorded
    state: str
    light: str


class RunRecords(RunDatabase):
    """Records of how runs ended, in a database, one for each run id.

    Raises:
        RecordsError: see `workers.records.run_database`. Every method may raise it.
    """

    _outputs: Path | None = None  #: that of the runs; their paths are kept relative to it

    @classmethod
    def open(cls, outputs: Path, *, to_look: bool = False) -> RunRecords:
        """The records that belong to an outputs folder; ``to_look`` as above.

        Paths below that folder are kept relative to it, and come back absolute: a folder that was moved finds its files.

        ``AUTOFLOW_DB_URI`` if it is set, its ``{}`` standing for the URL-quoted secret ``AUTOFLOW_DB_PASSWORD`` (both from
        ``/run/secrets`` first, then the environment; no password is an empty one); the file
        ``<outputs>/.simpleflow-nb/runs.sqlite3``, made if it is missing, otherwise.
        """
        from ..secrets import read_secret

        outputs = outputs.absolute()
        uri = value_of(AUTOFLOW_DB_URI)
        if uri:
            found = cls(uri.replace("{}", quote(read_secret(AUTOFLOW_DB_PASSWORD.name, ""), safe="")), to_look=to_look)
            found._outputs = outputs
            return found
        path = records_file(outputs)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise RecordsError(f"folder {path.parent} of the run records cannot be made: {reason}") from None
        import sqlalchemy as sa

        # Not an f-string: a path may hold `?` and other characters that mean something in a URI.
        found = cls(sa.URL.create("sqlite", database=str(path)).render_as_string(hide_password=False), to_look=to_look)
        found._outputs = outputs
        return found

    def is_in(self, outputs: Path) -> bool:
        """Tell whether the records are in this outputs folder rather than in a database that several folders may share."""
        place = records_file(outputs.absolute()).parent
        return self._is_sqlite and Path(os.path.abspath(self.location)).parent == Path(os.path.normpath(place))

    def record(self, record: RunRecord, items: Iterable[ItemRecord] = ()) -> None:
        """Record the end of a run, in one transaction. A record with the same run id is overwritten, so a retry is safe.

        ``items`` are the run's items as the run saw them end; other values that their workers have written are kept.

        Raises:
            ValueError: a time without a time zone.
        """
        import sqlalchemy as sa

        values = row_of(self._kept(record))
        runs = self._runs
        with self.transaction() as connection:
            known = connection.execute(sa.update(runs).where(runs.c.run_id == record.run_id).values(**values))
            if not known.rowcount:
                connection.execute(sa.insert(runs).values(**values))
            settle_items(connection, map(self._kept_item, items))

    def record_item(self, item: ItemRecord) -> None:
        """Record the end of an item while its run goes on. A later attempt overwrites it, an earlier one does not."""
        kept = self._kept_item(item)
        with self.transaction() as connection:
            write_item(connection, kept)

    def items(self, run_id: str) -> list[ItemRecord]:
        """Return the recorded items of a run, by label and index; none for a run of version 0.1."""
        with self.transaction() as connection:
            found = list(read_items_of(connection, [run_id]))
        return [self._found_item(item) for item in found]

    def items_of(self, run_ids: Sequence[str]) -> dict[str, list[ItemRecord]]:
        """Return the items of several runs, each as `items` does; runs without any are left out."""
        found: dict[str, list[ItemRecord]] = {}
        with self.transaction() as connection:
            for item in read_items_of(connection, run_ids):
                found.setdefault(item.run_id, []).append(self._found_item(item))
        return found

    def items_with_key(self, key: str) -> list[ItemRecord]:
        """Return what runs have executed with success under a key, whatever their workflows, the latest first."""
        with self.transaction() as connection:
            return items_with_key(connection, key)

    def latest_items(self, label: str, below: str, most: int = 1) -> list[ItemRecord]:
        """Return the latest items with a key that were executed with success of a label, in folders below that one."""
        with self.transaction() as connection:
            return latest_items(connection, label, below, most)

    def references(self) -> list[Reference]:
        """Return what all runs have taken over, from others or from former runs of their instances."""
        with self.transaction() as connection:
            return references(connection, self._runs)

    def states(self) -> dict[tuple[str, str], RunState]:
        """(workflow name, identity) -> `RunState.of_instance` of its latest run: succeeded, skipped or failed.

        A cancelled or partial run changes nothing: what was there before it stands. Where only AutoFlow has rows, its latest
        ``success`` or ``failed`` counts and ``running`` says nothing, as it stays for ever after a crash.
        """
        with self.transaction() as connection:
            ends = read_autoflow_ends(connection)
            states = {(end.workflow_name, end.identity): end.state for end in ends}
            for name, identity, state in connection.execute(latest_states()):
                states[name, identity] = RunState.read(state).of_instance
        return states

    def autoflow_instances(self) -> set[tuple[str, str]]:
        """Return (workflow name, identity) of each instance that AutoFlow has a row of, even if only of its start."""
        with self.transaction() as connection:
            return read_autoflow_instances(connection)

    def ends(self) -> dict[tuple[str, str], LastEnd]:
        """(workflow name, identity) -> what is known of its latest run that was neither cancelled nor partial.

        AutoFlow's rows are not among them: they say nothing beyond the state.
        """
        with self.transaction() as connection:
            counts = {(name, identity): count for name, identity, count in connection.execute(failures_since_success())}
            rows = connection.execute(latest_ends()).all()
        return {
            (row.workflow_name, row.identity): LastEnd(
                state=RunState.read(row.state),
                ended=aware(row.ended),
                failures=counts.get((row.workflow_name, row.identity), 0),
                notebooks=_hashes(row.notebooks) if row.notebooks is not None else None,
                data=json.loads(row.data) if row.data is not None else None,
            )
            for row in rows
        }

    def unhashed(self) -> dict[tuple[str, str], str]:
        """(workflow name, identity) -> instance, of those whose latest end (see `ends`) says nothing of its notebooks.

        An early version recorded them.
        """
        with self.transaction() as connection:
            rows = connection.execute(latest_unhashed())
            return {(row.workflow_name, row.identity): row.instance for row in rows}

    def amend(self, run_id: str, change: Callable[[RunRecord], RunRecord]) -> RunRecord | None:
        """Replace a record by the result of ``change``, in one transaction, and return it; None if there is no such run."""
        import sqlalchemy as sa

        runs = self._runs
        with self.transaction(exclusive=True) as connection:
            row = connection.execute(sa.select(*record_columns(EVERY_VALUE)).where(runs.c.run_id == run_id)).first()
            if row is None:
                return None
            record = change(self._found(row))
            connection.execute(sa.update(runs).where(runs.c.run_id == run_id).values(**row_of(self._kept(record))))
            return record

    def successes(self) -> dict[tuple[str, str], set[str]]:
        """(workflow name, ISO reference date) -> the identities of its instances that have ever succeeded.

        Without those that were only ever started by hand, with what no entry of the sensor had (see `of_no_entry`).
        """
        import sqlalchemy as sa

        runs, found = self._runs, dict[tuple[str, str], set[str]]()
        query = (
            sa.select(runs.c.workflow_name, runs.c.reference_date, runs.c.identity)
            .where(runs.c.state == RunState.SUCCEEDED, runs.c.reference_date.is_not(None))
            .distinct()
        )
        with self.transaction() as connection:
            strangers = {(name, identity) for name, identity in connection.execute(of_no_entry())}
            for name, day, identity in connection.execute(query):
                if (name, identity) not in strangers:
                    found.setdefault((name, day), set()).add(identity)
        return found

    def unrecorded(self, run_ids: Iterable[str]) -> set[str]:
        """Return the run ids without a record."""
        import sqlalchemy as sa

        left = sorted(set(run_ids))
        missing = set(left)
        with self.transaction() as connection:
            for at in range(0, len(left), 500):
                chosen = self._runs.c.run_id.in_(left[at : at + 500])
                missing -= set(connection.execute(sa.select(self._runs.c.run_id).where(chosen)).scalars())
        return missing

    def runs(
        self, workflow_name: str | None = None, identity: str | None = None, *, values: tuple[str, ...] = EVERY_VALUE
    ) -> list[RunRecord]:
        """Return every record, or those of one workflow or instance, in the order in which they were made.

        They have no other ``values`` than these and those by which runs are told apart.
        """
        import sqlalchemy as sa

        runs = self._runs
        query = sa.select(*record_columns(values)).order_by(runs.c.id)
        if workflow_name is not None:
            query = query.where(runs.c.workflow_name == workflow_name)
        if identity is not None:
            query = query.where(runs.c.identity == identity)
        return RecordReader(values, self._outputs).records_of(self._rows(query))

    def succeeded(self, workflow_name: str, identity: str) -> RunRecord | None:
        """Return the run by which this instance is done: the latest that was neither cancelled nor partial, if it succeeded.

        An instance that only AutoFlow has run comes with what AutoFlow kept: no instance, parameters or artefacts.
        """
        import sqlalchemy as sa

        runs = self._runs
        with self.transaction() as connection:
            row = connection.execute(
                sa.select(*record_columns(EVERY_VALUE))
                .where(
                    runs.c.workflow_name == workflow_name,
                    runs.c.identity == identity,
                    runs.c.state.not_in(SAYS_NOTHING),
                )
                .order_by(runs.c.id.desc())
                .limit(1)
            ).first()
            if row is not None:
                record = self._found(row)
                return record if record.state == RunState.SUCCEEDED else None
            ends = read_autoflow_ends(connection, (workflow_name, identity))
        return next((autoflow_record(end) for end in ends if end.state == RunState.SUCCEEDED), None)

    def attempts(self, workflow_name: str, identity: str) -> int:
        """Count the recorded runs of the instance, however they ended, without AutoFlow's."""
        import sqlalchemy as sa

        runs = self._runs
        with self.transaction() as connection:
            return connection.execute(
                sa.select(sa.func.count())
                .select_from(runs)
                .where(runs.c.workflow_name == workflow_name, runs.c.identity == identity)
            ).scalar_one()

    def latest(self, workflow_name: str | None = None, *, values: tuple[str, ...] = EVERY_VALUE) -> list[RunRecord]:
        """Return the newest record of each instance, of one workflow or of all, by workflow, reference date and instance.

        Partial runs do not count. Instances without a reference date come first within their workflow. AutoFlow's rows are not
        among them. A record decodes its values when they are read; it has no other ``values`` than these and those by which
        runs are told apart.
        """
        query = latest_records(values)
        if workflow_name is not None:
            query = query.where(self._runs.c.workflow_name == workflow_name)
        found: dict[str, list[Sequence[Any]]] = {}
        for row in self._rows(query):
            found.setdefault(row[0], []).append(row)
        # The runs of one workflow mostly come in order, those of all do not.
        rows = (row for name in sorted(found) for row in sorted(found[name], key=_date_and_instance))
        return RecordReader(values, self._outputs).records_of(rows)

    def latest_cells(self) -> list[LatestCell]:
        """Return the runs of `latest`, in the order in which they were made, with the few values that a page of all runs shows.

        For thousands of runs this takes a third of the time.
        """
        with self.transaction() as connection:
            return [LatestCell(*row) for row in connection.execute(latest_cells())]

    def _kept(self, record: RunRecord) -> RunRecord:
        if self._outputs is None:
            return record
        outputs = self._outputs
        return dataclasses.replace(
            record,
            artefacts={name: kept_path(path, outputs) for name, path in record.artefacts.items()},
            error=kept_text(record.error, outputs) if record.error is not None else None,
            notes={name: [kept_text(note, outputs) for note in notes] for name, notes in record.notes.items()},
        )

    def _kept_item(self, item: ItemRecord) -> ItemRecord:
        if self._outputs is None:
            return item
        outputs = self._outputs
        return _texts_of(item, lambda text: kept_text(text, outputs))

    def _found_item(self, item: ItemRecord) -> ItemRecord:
        if self._outputs is None:
            return item
        outputs = self._outputs
        return _texts_of(item, lambda text: found_text(text, outputs, "", ""))

    def _found(self, row: sa.Row[Any]) -> RunRecord:
        [record] = RecordReader(EVERY_VALUE, self._outputs).records_of((row,))
        return record

    def _rows(self, query: sa.Select[Any]) -> Sequence[Sequence[Any]]:
        """Return the rows of a query of `record_columns`, all at once: thousands one by one take longer."""
        with self.transaction() as connection:
            return connection.execute(query).all()


def _date_and_instance(row: Sequence[Any]) -> tuple[str, str]:
    """Return the place of a row of `record_columns` among those of its workflow."""
    return row[3] or "", row[2]


def _texts_of(item: ItemRecord, change: Callable[[str], str]) -> ItemRecord:
    reason = change(item.reason) if item.reason is not None else None
    return dataclasses.replace(item, reason=reason, error=change(item.error) if item.error is not None else None)


@lru_cache(maxsize=1_000)
def _hashes(text: str) -> Mapping[str, str]:
    """Of thousands of runs most were made with the same notebooks; they share one mapping."""
    found: dict[str, str] = json.loads(text)
    return found
