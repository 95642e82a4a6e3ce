"""The tables of run records, and the conversion between records and rows."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import lru_cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from deciders.values.label_state import LabelState
from deciders.values.light import Light
from deciders.values.run_state import RunState

from ..kept_paths import found_path, found_text
from .autoflow_records import AutoflowEnd
from .migrations import parameter_set_text

if TYPE_CHECKING:
    import sqlalchemy as sa

T = TypeVar("T")

#: ``dated`` belongs to an entry of the sensor, ``by hand`` was started for no entry
Kind = Literal["dated", "scenario", "child", "python", "by hand"]


def _not_kept() -> None:
    """Default of values that are read late: a default proper would be found on the class before they are."""
    return None


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """The end of one run."""

    workflow_name: str
    identity: str  #: of the instance: md5 of its parameters (AutoFlow's rule)
    instance: str  #: the name in paths: ``<reference date>_<8 hex of the identity>``, without a date ``<8 hex>``
    reference_date: str | None  #: ISO date; None for a run without one
    parameters: dict[str, Any]  #: values without a JSON form are kept as text
    state: RunState
    light: Light
    started: datetime  #: with a time zone
    ended: datetime  #: with a time zone
    attempt: int  #: 1 for the first
    workflow_id: str
    run_id: str
    error: str | None
    artefacts: dict[str, str]  #: paths by `ArtefactKey`; see `workers.kept_paths`
    reason: str | None = field(default_factory=_not_kept)  #: why it was run
    labels: dict[str, LabelState] = field(default_factory=dict)  #: by `ArtefactKey`; reports only if not simply made
    #: SHA-256 of its notebooks: of each file at its start, by name, and of the source of each label, by
    #: `deciders.runs.reruns.of_label`
    notebooks: dict[str, str] | None = field(default_factory=_not_kept)
    data: dict[str, Any] | None = field(default_factory=_not_kept)  #: what is needed to see that its data have changed
    #: by `ArtefactKey`, why it is orange or was skipped, or where the notebook has ended itself
    notes: dict[str, list[str]] = field(default_factory=dict)
    #: of the entry that it was started for, as JSON has it; None when that was not kept
    date_stencil: list[Any] | None = field(default_factory=_not_kept)
    #: the dates of its stencil that were not available when it was started, as ISO text; None when that was not kept, as of
    #: stencils of which no date may lack
    missing_dates: list[str] | None = field(default_factory=_not_kept)
    kind: Kind | None = field(default_factory=_not_kept)  #: None when that was not kept, as all that follows
    workflow_file: str | None = field(default_factory=_not_kept)  #: where its workflow stands, seen from the outputs folder
    #: sensor, backfill, retry, scenario, parent, schedule, after, webhook, or the name of whoever started it
    started_by: str | None = field(default_factory=_not_kept)
    parent_run_id: str | None = field(default_factory=_not_kept)  #: of a child
    parent_label: str | None = field(default_factory=_not_kept)
    parent_index: int | None = field(default_factory=_not_kept)

    if not TYPE_CHECKING:  # else any name would pass for an attribute

        def __getattr__(self, name: str) -> Any:
            """Take a value from the row that the record was read from; called once for each, see `RecordReader`."""
            known = self.__dict__
            if (reader := known.get(_READER)) is None or (place := reader.places.get(name)) is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            value, decode = known[_ROW][place], _DECODERS.get(name)
            known[name] = value = decode(value, self, reader.outputs) if decode is not None else value
            return value


def built_once(build: Callable[[], T]) -> Callable[[], T]:
    """Return a function that gives the same object to all threads, also to those that ask at once.

    A statement on two descriptions of one table is wrong, and ``lru_cache`` alone lets each of several threads build its own.
    """
    lock, built = threading.Lock(), lru_cache(maxsize=1)(build)

    @wraps(build)
    def the_one() -> T:
        with lock:
            return built()

    return the_one


@built_once
def runs_table() -> sa.Table:
    """Describe the table of runs, as `workers.records.migrations` creates it; one object, which compiled statements need."""
    import sqlalchemy as sa

    # The id orders the records: the database assigns it for all machines, whose clocks may differ.
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Table(
        "sfnb_runs",
        sa.MetaData(),
        sa.Column("id", number, primary_key=True, autoincrement=True),
        sa.Column("workflow_name", sa.Text, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("instance", sa.Text, nullable=False),
        sa.Column("reference_date", sa.Text),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("light", sa.Text, nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("workflow_id", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("artefacts", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("reason", "labels", "notebooks", "data", "notes")),
        *(sa.Column(name, sa.Text) for name in ("date_stencil", "missing_dates")),
        *(sa.Column(name, sa.Text) for name in ("kind", "workflow_file", "started_by")),
        # the parameters without those of the date, as `deciders.parameter_set.written`: what the runs of an entry share
        sa.Column("parameter_set", sa.Text),
        *(sa.Column(name, sa.Text) for name in ("parent_run_id", "parent_label")),
        sa.Column("parent_index", sa.Integer),
    )


def row_of(record: RunRecord) -> dict[str, Any]:
    """Return the columns of a record, with known secrets masked."""
    from ..secrets import masked, masked_leaves

    def text(value: str) -> str:
        return masked(value).replace("\0", "")  # PostgreSQL has no NUL in texts

    parameters = text(json.dumps(masked_leaves(record.parameters), default=str))
    return {
        "workflow_name": record.workflow_name,
        "identity": record.identity,
        "instance": record.instance,
        "reference_date": record.reference_date,
        "parameters": parameters,
        "parameter_set": parameter_set_text(parameters),
        "state": str(record.state),
        "light": str(record.light),
        "started": utc(record.started),
        "ended": utc(record.ended),
        "attempt": record.attempt,
        "workflow_id": record.workflow_id,
        "run_id": record.run_id,
        "error": None if record.error is None else text(record.error),
        "artefacts": json.dumps(record.artefacts, default=str),
        "reason": None if record.reason is None else text(record.reason),
        "labels": json.dumps(record.labels),
        "notebooks": None if record.notebooks is None else json.dumps(record.notebooks),
        "data": None if record.data is None else json.dumps(record.data),
        "notes": text(json.dumps(record.notes)) if record.notes else None,
        "date_stencil": None if record.date_stencil is None else json.dumps(record.date_stencil),
        "missing_dates": None if record.missing_dates is None else json.dumps(record.missing_dates),
        "kind": record.kind,
        "workflow_file": record.workflow_file,
        "started_by": record.started_by,
        "parent_run_id": record.parent_run_id,
        "parent_label": record.parent_label,
        "parent_index": record.parent_index,
    }


@lru_cache(maxsize=4)
def record_columns(values: tuple[str, ...]) -> tuple[sa.ColumnElement[Any], ...]:
    """Columns of `runs_table` for a `RecordReader` of these values; times as the database driver gives them."""
    import sqlalchemy as sa

    runs = runs_table().c
    times = {name: sa.type_coerce(runs[name], sa.types.NullType()).label(name) for name in ("started", "ended")}
    return tuple(times.get(name, runs[name]) for name in _places(values))


class RecordReader:
    """Makes records of rows of `record_columns`; one reader for all rows of a query.

    A record takes its values from the row when they are read for the first time: a listing of thousands of runs reads few.
    """

    __slots__ = ("outputs", "places")

    def __init__(self, values: tuple[str, ...], outputs: Path | None) -> None:
        """``values`` are those that the rows were asked for, others a record does not have. With the ``outputs`` folder the
        paths of a record are absolute, where they are now."""
        self.places = _places(values)
        self.outputs = outputs

    def records_of(self, rows: Iterable[Sequence[Any]]) -> list[RunRecord]:
        found, new, set_values = [], object.__new__, object.__setattr__
        for row in rows:
            name, identity, instance, day = row[0], row[1], row[2], row[3]
            values = {"workflow_name": name, "identity": identity, "instance": instance, "reference_date": day}
            values[_ROW], values[_READER] = row, self
            record = new(RunRecord)
            set_values(record, "__dict__", values)
            found.append(record)
        return found


@lru_cache(maxsize=4)
def _places(values: tuple[str, ...]) -> Mapping[str, int]:
    return {name: place for place, name in enumerate(dict.fromkeys((*TOLD_APART, *values)))}


def _decoded_json(text: str | None, record: RunRecord, outputs: Path | None) -> Any:
    return json.loads(text) if text is not None else None


def _decoded_labels(text: str | None, record: RunRecord, outputs: Path | None) -> dict[str, LabelState]:
    return dict(_labels(text)) if text is not None else {}


@lru_cache(maxsize=1_000)
def _labels(text: str) -> dict[str, LabelState]:
    """Thousands of runs end alike."""
    return {name: LabelState.read(word) for name, word in (json.loads(text) or {}).items()}


def _decoded_artefacts(text: str, record: RunRecord, outputs: Path | None) -> dict[str, str]:
    found: dict[str, str] = json.loads(text)
    if outputs is None:
        return found
    return {name: found_path(path, outputs, record.workflow_name, record.instance) for name, path in found.items()}


def _decoded_error(text: str | None, record: RunRecord, outputs: Path | None) -> str | None:
    return found_text(text, outputs, record.workflow_name, record.instance) if text and outputs is not None else text


def _decoded_notes(text: str | None, record: RunRecord, outputs: Path | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = (json.loads(text) if text is not None else None) or {}
    if outputs is None:
        return found
    place = (outputs, record.workflow_name, record.instance)
    return {name: [found_text(note, *place) for note in notes] for name, notes in found.items()}


def _decoded_time(value: datetime | str, record: RunRecord, outputs: Path | None) -> datetime:
    return aware(datetime.fromisoformat(value) if isinstance(value, str) else value)


_DECODERS: Mapping[str, Callable[[Any, RunRecord, Path | None], Any]] = {
    "parameters": _decoded_json,
    "state": lambda word, record, outputs: RunState.read(word),
    "light": lambda word, record, outputs: Light(word),
    "started": _decoded_time,
    "ended": _decoded_time,
    "error": _decoded_error,
    "artefacts": _decoded_artefacts,
    "labels": _decoded_labels,
    "notebooks": _decoded_json,
    "data": _decoded_json,
    "notes": _decoded_notes,
    "date_stencil": _decoded_json,
    "missing_dates": _decoded_json,
}
TOLD_APART = ("workflow_name", "identity", "instance", "reference_date")  #: values that every row has, in front
EVERY_VALUE = tuple(field.name for field in fields(RunRecord))
_ROW, _READER = "_row", "_reader"  #: attributes of a record that was read


def autoflow_record(end: AutoflowEnd) -> RunRecord:
    """Return the record of a run that AutoFlow carried out, of which its database holds little more than the end."""
    return RunRecord(
        workflow_name=end.workflow_name,
        identity=end.identity,
        instance="",
        reference_date=None,
        parameters={},
        state=end.state,
        light=Light.of_end(end.state),
        started=aware(end.moment),
        ended=aware(end.moment),
        attempt=1,
        workflow_id="",
        run_id=f"autoflow-{end.number}",
        error=None,
        artefacts={},
    )


def utc(moment: datetime) -> datetime:
    """Convert the time to UTC, as rows store it.

    Raises:
        ValueError: it has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"a run record needs times with a time zone, not {moment}")
    return moment.astimezone(UTC)


def aware(moment: datetime) -> datetime:
    """Add the time zone, which SQLite does not store: times are stored in UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
