"""What became of each run, in a database: the memory of the sensor and the source of status pages.

SQLite in the outputs folder by default; any database that SQLAlchemy knows through ``AUTOFLOW_DB_URI``. Only ends are
recorded: what is running is asked of the service. A database that AutoFlow made may be used; its table is read, never
altered.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from deciders.runs.reruns import LastEnd
from deciders.values.run_state import SAYS_NOTHING, RunState
from simpleflow_nb.constants import STATE_FOLDER
from simpleflow_nb.environment import setting

from ..kept_paths import found_text, kept_path, kept_text
from .autoflow_records import read_autoflow_ends, read_autoflow_instances
from .run_database import RecordsError, RunDatabase
from .run_items import ItemRecord, read_items, settle_items, write_item
from .run_queries import failures_since_success, latest_cells, latest_ends, latest_states, latest_unhashed, of_no_entry
from .run_tables import RunRecord, autoflow_record, aware, record_of, row_of

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["ItemRecord", "RecordsError", "RunRecord", "RunRecords"]


def records_file(outputs: Path) -> Path:
    """Where the records of an outputs folder are, unless a database is named for them."""
    return outputs / STATE_FOLDER / "runs.sqlite3"


class LatestCell(NamedTuple):
    """What a page of all runs shows of the latest run of an instance."""

    workflow_name: str
    identity: str
    instance: str
    reference_date: str | None
    parameter_set: str | None  #: None of a run that a process of 0.1 has just recorded
    state: str
    light: str


class RunRecords(RunDatabase):
    """What became of the runs, in a database. A run has one record, by its run id.

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
        uri = setting("AUTOFLOW_DB_URI")
        if uri:
            found = cls(uri.replace("{}", quote(read_secret("AUTOFLOW_DB_PASSWORD", ""), safe="")), to_look=to_look)
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
        """Whether the records lie in this outputs folder, rather than in a database that several may share."""
        place = records_file(outputs.absolute()).parent
        return self._is_sqlite and Path(os.path.abspath(self.location)).parent == Path(os.path.normpath(place))

    def record(self, record: RunRecord, items: Iterable[ItemRecord] = ()) -> None:
        """Keep the end of a run, in one transaction. A run id that is known is overwritten, so it may be done again.

        ``items`` are its items as it saw them end: what their workers have written of them stands, where it does not say
        otherwise.

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
        """Keep the end of an item, whose run goes on. A later attempt at it overwrites it, an earlier one does not."""
        kept = self._kept_item(item)
        with self.transaction() as connection:
            write_item(connection, kept)

    def items(self, run_id: str) -> list[ItemRecord]:
        """The items of a run that are recorded, by label and index; none of a run of version 0.1."""
        with self.transaction() as connection:
            found = read_items(connection, run_id)
        if self._outputs is None:
            return found
        outputs = self._outputs
        return [_texts_of(item, lambda text: found_text(text, outputs, "", "")) for item in found]

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
        """(workflow name, identity) of each instance of which AutoFlow has recorded anything, if only that it began."""
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
        """Replace a record by what ``change`` makes of it, in one transaction, and return that; None without such a run."""
        import sqlalchemy as sa

        runs = self._runs
        with self.transaction(exclusive=True) as connection:
            row = connection.execute(sa.select(runs).where(runs.c.run_id == run_id)).first()
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
        """Those of the run ids that have no record."""
        import sqlalchemy as sa

        left = sorted(set(run_ids))
        missing = set(left)
        with self.transaction() as connection:
            for at in range(0, len(left), 500):
                chosen = self._runs.c.run_id.in_(left[at : at + 500])
                missing -= set(connection.execute(sa.select(self._runs.c.run_id).where(chosen)).scalars())
        return missing

    def runs(self, workflow_name: str | None = None, identity: str | None = None) -> list[RunRecord]:
        """Every record, of one workflow or one of its instances, in the order in which they were made."""
        import sqlalchemy as sa

        runs = self._runs
        query = sa.select(runs).order_by(runs.c.id)
        if workflow_name is not None:
            query = query.where(runs.c.workflow_name == workflow_name)
        if identity is not None:
            query = query.where(runs.c.identity == identity)
        with self.transaction() as connection:
            return [self._found(row) for row in connection.execute(query)]

    def succeeded(self, workflow_name: str, identity: str) -> RunRecord | None:
        """The run that makes this instance done: its latest that was neither cancelled nor partial, if that succeeded.

        An instance that only AutoFlow has run comes with what AutoFlow kept: no instance, parameters or artefacts.
        """
        import sqlalchemy as sa

        runs = self._runs
        with self.transaction() as connection:
            row = connection.execute(
                sa.select(runs)
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
        """How many runs of the instance are recorded, however they ended. AutoFlow's are not counted."""
        import sqlalchemy as sa

        runs = self._runs
        with self.transaction() as connection:
            return connection.execute(
                sa.select(sa.func.count())
                .select_from(runs)
                .where(runs.c.workflow_name == workflow_name, runs.c.identity == identity)
            ).scalar_one()

    def latest(self, workflow_name: str | None = None) -> list[RunRecord]:
        """Newest record of each instance, of one workflow or of all, by workflow, reference date and instance.

        Partial runs do not count.
        Instances without a reference date come first within their workflow. AutoFlow's rows are not among them.
        """
        import sqlalchemy as sa

        runs = self._runs
        whole = runs.c.state != RunState.PARTIAL
        newest = sa.select(sa.func.max(runs.c.id)).where(whole).group_by(runs.c.workflow_name, runs.c.instance)
        query = sa.select(runs).where(runs.c.id.in_(newest))
        if workflow_name is not None:
            query = query.where(runs.c.workflow_name == workflow_name)
        with self.transaction() as connection:
            records = [self._found(row) for row in connection.execute(query)]
        return sorted(records, key=lambda record: (record.workflow_name, record.reference_date or "", record.instance))

    def latest_cells(self) -> list[LatestCell]:
        """The same runs as `latest` gives, in the order in which they were made, without what only one at a time is asked for.

        Of thousands of runs this takes a tenth of the time.
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

    def _found(self, row: sa.Row[Any]) -> RunRecord:
        return record_of(row, self._outputs)


def _texts_of(item: ItemRecord, change: Callable[[str], str]) -> ItemRecord:
    reason = change(item.reason) if item.reason is not None else None
    return dataclasses.replace(item, reason=reason, error=change(item.error) if item.error is not None else None)


@lru_cache(maxsize=1_000)
def _hashes(text: str) -> Mapping[str, str]:
    """Of thousands of runs most were made with the same notebooks; they share one mapping."""
    found: dict[str, str] = json.loads(text)
    return found
