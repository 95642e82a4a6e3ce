"""Items of runs: the outcome of each notebook of a run, one row each in ``sfnb_items``.

The worker that executes an item writes its row; items that were not executed are written with the end of the run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .run_tables import aware, built_once, utc

if TYPE_CHECKING:
    import sqlalchemy as sa

_RUNS_OF_A_QUERY = 500  #: a database takes a bounded number of values
_INSTANCE_PART = 2  #: of ``notebooks/<workflow>/<instance>/<label>``

EMPTY_FAN = "empty fan"  #: kind of the one row of a label whose list of items is empty

ItemState = Literal["succeeded", "failed", "cancelled", "timed_out", "cached", "skipped"]


@dataclass(frozen=True, kw_only=True)
class ItemRecord:
    """The end of one item of a run: a label, or one of the items that a label is fanned out to."""

    run_id: str
    label: str
    index: int = 0  #: 0 as well for a label that is not fanned out
    slug: str | None = None  #: of the name of its folder; None for a label that is not fanned out
    kind: str = "notebook"  #: or `EMPTY_FAN`
    #: ``cached``: taken over from a run before; ``skipped``: its notebook said so, or it was not run, see ``reason``
    state: ItemState
    light: str | None = None  #: green, orange or red; None if it was not run
    attempt: int | None = None  #: 1 for the first; None if it was not run
    started: datetime | None = None  #: with a time zone; None if this run did not execute it
    ended: datetime | None = None  #: the same
    key: str | None = None  #: identifies its inputs, so that others with the same inputs find it; None if unknown
    taken_from: str | None = None  #: run id of the run that executed a ``cached`` item; None if unknown
    folder: str | None = None  #: relative to the outputs folder, with slashes
    #: why it was skipped, or a `deciders.values.item_reason.ItemReason`: why it ran although it ran before, or was kept
    reason: str | None = None
    error: str | None = None


class Reference(NamedTuple):
    """Something that a run has taken over and not copied."""

    owner: tuple[str, str] | None  #: workflow and instance of the run that has taken it over; None of one that goes on
    instance: tuple[str, str]  #: those of the folder where it is, as parts of its path


@built_once
def items_table() -> sa.Table:
    """Describe the table of items, as `workers.records.migrations` creates it; returns the same object each time."""
    import sqlalchemy as sa

    return sa.Table(
        "sfnb_items",
        sa.MetaData(),
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("label", sa.Text, primary_key=True),
        sa.Column("index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("slug", sa.Text),
        sa.Column("kind", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("light", sa.Text),
        sa.Column("attempt", sa.Integer),
        sa.Column("started", sa.DateTime(timezone=True)),
        sa.Column("ended", sa.DateTime(timezone=True)),
        *(sa.Column(name, sa.Text) for name in ("key", "taken_from", "folder", "reason", "error")),
    )


def write_item(connection: sa.Connection, item: ItemRecord) -> None:
    """Write the row of an executed item, unless a later attempt at it has written one."""
    import sqlalchemy as sa

    items = items_table()
    is_later = sa.or_(items.c.attempt.is_(None), items.c.attempt <= (item.attempt or 0))
    _put(connection, item, is_later)


def settle_items(connection: sa.Connection, settled: Iterable[ItemRecord]) -> None:
    """Make the rows of a run's items agree with their ends as the run itself saw them.

    A row with the same state is kept, as the worker that wrote it knows most. A row is written if it is missing, because its
    worker was lost or could not reach the database, or if it differs, because the answer of its worker never reached the run.
    """
    items = items_table()
    for item in settled:
        _put(connection, item, items.c.state != item.state)


def read_items_of(connection: sa.Connection, run_ids: Sequence[str]) -> Iterator[ItemRecord]:
    """Yield the items of runs, of each by label and index."""
    import sqlalchemy as sa

    items = items_table()
    for at in range(0, len(run_ids), _RUNS_OF_A_QUERY):
        chosen = items.c.run_id.in_(run_ids[at : at + _RUNS_OF_A_QUERY])
        query = sa.select(items).where(chosen).order_by(items.c.run_id, items.c.label, items.c.index)
        yield from (_item_of(row) for row in connection.execute(query).all())


def items_with_key(connection: sa.Connection, key: str) -> list[ItemRecord]:
    """Return what runs have executed with success under a key, the latest first."""
    import sqlalchemy as sa

    items = items_table()
    query = sa.select(items).where(items.c.key == key, items.c.state == "succeeded").order_by(items.c.ended.desc())
    return [_item_of(row) for row in connection.execute(query)]


def latest_items(connection: sa.Connection, label: str, below: str, most: int) -> list[ItemRecord]:
    """Return what runs have executed of a label with success, the latest first, in folders that begin with ``below``."""
    import sqlalchemy as sa

    items = items_table()
    is_one = (items.c.label == label, items.c.state == "succeeded", items.c.key.is_not(None))
    query = sa.select(items).where(*is_one, items.c.folder.startswith(below, autoescape=True))
    return [_item_of(row) for row in connection.execute(query.order_by(items.c.ended.desc()).limit(most))]


def references(connection: sa.Connection, runs: sa.Table) -> list[Reference]:
    """Return what all runs have taken over from others."""
    import sqlalchemy as sa

    items = items_table()
    joined = items.outerjoin(runs, runs.c.run_id == items.c.run_id)
    columns = (runs.c.workflow_name, runs.c.instance, items.c.folder)
    is_one = (items.c.state == "cached", items.c.folder.is_not(None))
    found = []
    for name, instance, folder in connection.execute(sa.select(*columns).select_from(joined).where(*is_one).distinct()):
        parts = folder.split("/")
        if len(parts) > _INSTANCE_PART:
            owner = (name, instance) if name is not None and instance is not None else None
            found.append(Reference(owner, (parts[_INSTANCE_PART - 1], parts[_INSTANCE_PART])))
    return found


def _put(connection: sa.Connection, item: ItemRecord, replaces: sa.ColumnElement[bool]) -> None:
    """Insert a row, or update an existing one if ``replaces`` holds for it."""
    import sqlalchemy as sa

    items, values = items_table(), _row_of(item)
    same = sa.and_(*(items.c[name] == values[name] for name in ("run_id", "label", "index")))
    # Writing comes first: in SQLite a transaction that has read cannot wait for another that writes.
    if connection.execute(sa.update(items).where(same, replaces).values(**values)).rowcount:
        return
    literals = sa.select(*(sa.literal(values[name], items.c[name].type).label(name) for name in values))
    is_there = sa.select(sa.literal(1)).select_from(items).where(same).exists()
    connection.execute(sa.insert(items).from_select(list(values), literals.where(~is_there)))


def _row_of(item: ItemRecord) -> dict[str, Any]:
    from ..secrets import masked

    values = {name.name: getattr(item, name.name) for name in dataclasses.fields(item)}
    for name in ("started", "ended"):
        values[name] = utc(values[name]) if values[name] is not None else None
    for name in ("reason", "error"):
        values[name] = masked(values[name]).replace("\0", "") if values[name] is not None else None
    return values


def _item_of(row: sa.Row[Any]) -> ItemRecord:
    values = dict(row._mapping)
    for name in ("started", "ended"):
        values[name] = aware(values[name]) if values[name] is not None else None
    return ItemRecord(**values)
