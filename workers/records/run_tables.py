"""The tables of run records, and a record as a row of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from deciders.values.label_state import LabelState
from deciders.values.light import Light
from deciders.values.run_state import RunState

from ..kept_paths import found_path, found_text
from .autoflow_records import AutoflowEnd
from .migrations import parameter_set_text

if TYPE_CHECKING:
    import sqlalchemy as sa

#: ``dated`` is of an entry of the sensor, ``by hand`` what somebody started for no entry
Kind = Literal["dated", "scenario", "child", "python", "by hand"]


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """The end of one run."""

    workflow_name: str
    identity: str  #: of the instance: md5 of its parameters (AutoFlow's rule)
    instance: str  #: the name in paths: ``<reference date>_<8 hex of the identity>``, without a date ``<8 hex>``
    reference_date: str | None  #: ISO date; None for a run without one
    parameters: dict[str, Any]  #: what has no JSON form is kept as text
    state: RunState
    light: Light
    started: datetime  #: with a time zone
    ended: datetime  #: with a time zone
    attempt: int  #: 1 for the first
    workflow_id: str
    run_id: str
    error: str | None
    artefacts: dict[str, str]  #: by `ArtefactKey` the paths; see `workers.kept_paths`
    reason: str | None = None  #: why it was run
    labels: dict[str, LabelState] = field(default_factory=dict)  #: by `ArtefactKey`; of reports those not simply made
    #: SHA-256 of its notebooks: of each file by name, at its start, and of what each label was executed from, by a key of
    #: `deciders.runs.reruns.of_label`
    notebooks: dict[str, str] | None = None
    data: dict[str, Any] | None = None  #: what is needed to see that its data have changed
    #: by `ArtefactKey`, why it is orange or was skipped, or where the notebook has ended itself
    notes: dict[str, list[str]] = field(default_factory=dict)
    #: of the entry that it was started for, as JSON has it; None when that was not kept
    date_stencil: list[Any] | None = None
    #: the dates of its stencil that were not available when it was started, as ISO text; None when that was not kept, as of
    #: stencils of which no date may lack
    missing_dates: list[str] | None = None
    kind: Kind | None = None  #: None when that was not kept, as all that follows
    workflow_file: str | None = None  #: where its workflow stands, seen from the outputs folder
    #: sensor, backfill, retry, scenario, parent, schedule, after, webhook, or the name of whoever started it
    started_by: str | None = None
    parent_run_id: str | None = None  #: of a child
    parent_label: str | None = None
    parent_index: int | None = None


@lru_cache(maxsize=1)
def runs_table() -> sa.Table:
    """The table of runs, as `workers.records.migrations` makes it; one object, which compiled statements need."""
    import sqlalchemy as sa

    # The number orders the records: one database counts for all machines, whose clocks may differ.
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


def record_of(row: sa.Row[Any], outputs: Path | None = None) -> RunRecord:
    """The record of a row; with the ``outputs`` folder its paths are absolute, where they are now."""
    values = dict(row._mapping)
    del values["id"], values["parameter_set"]
    for name in ("parameters", "artefacts", "labels", "notebooks", "data", "notes", "date_stencil", "missing_dates"):
        values[name] = json.loads(values[name]) if values[name] is not None else None
    for name in ("labels", "notes"):
        values[name] = values[name] or {}
    values["state"], values["light"] = RunState.read(values["state"]), Light(values["light"])
    values["labels"] = {name: LabelState.read(word) for name, word in values["labels"].items()}
    for name in ("started", "ended"):
        values[name] = aware(values[name])
    if outputs is not None:
        place = (outputs, values["workflow_name"], values["instance"])
        values["artefacts"] = {name: found_path(path, *place) for name, path in values["artefacts"].items()}
        if values["error"]:
            values["error"] = found_text(values["error"], *place)
        for name, notes in values["notes"].items():
            values["notes"][name] = [found_text(note, *place) for note in notes]
    return RunRecord(**values)


def autoflow_record(end: AutoflowEnd) -> RunRecord:
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
    """The moment as it is put in.

    Raises:
        ValueError: it has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"a run record needs times with a time zone, not {moment}")
    return moment.astimezone(UTC)


def aware(moment: datetime) -> datetime:
    """SQLite keeps no time zone; what was put in was UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
