"""The runs of a workflow file, ended and open, as one kind of row: what ``status`` and ``runs.*`` show."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...constants import NOTEBOOK_TYPE
from ...inspection.documents import iso_time
from ..arguments import check_text
from .owners import check_owner
from .record_files import has_records

if TYPE_CHECKING:
    from deciders.runs.entries import Entries
    from deciders.runs.reruns import RerunFacts
    from deciders.specification import ConfiguredWorkflow, Specification
    from deciders.values.label_state import LabelState
    from deciders.values.light import Light
    from deciders.values.run_error import RunError
    from deciders.values.run_state import RunState
    from workers.records.run_records import RunRecord, RunRecords

    from ..places import Place


def _none() -> None:
    """Default of values that are read late: a default proper would be found on the class before they are."""
    return None


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """One run: the latest of its instance, or one of several."""

    workflow: str
    identity: str
    instance: str | None
    reference_date: str | None
    parameters: dict[str, Any]
    state: RunState
    light: Light | None = field(default_factory=_none)  #: None while it runs
    attempt: int | None = field(default_factory=_none)
    started: datetime | None = field(default_factory=_none)
    ended: datetime | None = field(default_factory=_none)
    reason: str | None = field(default_factory=_none)  #: why it was run
    error: str | None = field(default_factory=_none)
    labels: dict[str, LabelState] = field(default_factory=dict)
    artefacts: dict[str, str] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)  #: by `ArtefactKey`, see `workers.records.run_tables`
    workflow_id: str = field(default_factory=str)
    run_id: str = field(default_factory=str)
    #: of the entry that it was started for; None where that was not kept
    date_stencil: list[Any] | None = field(default_factory=_none)
    #: those of its stencil that were not available; None where that was not kept
    missing_dates: list[str] | None = field(default_factory=_none)

    if not TYPE_CHECKING:  # else any name would pass for an attribute

        def __getattr__(self, name: str) -> Any:
            """Take a value from the record that the row shows; called once for each, see `_row`."""
            known = self.__dict__
            if name not in _LATE or (record := known.get(_RECORD)) is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            known[name] = value = getattr(record, name)
            return value

    @property
    def title(self) -> str:
        """NAME/INSTANCE, which commands take back as RUN."""
        return f"{self.workflow}/{self.instance or self.reference_date or self.identity[:8]}"

    @property
    def is_of_scenario(self) -> bool:
        """Tell whether it is the run of a scenario, whose instance is named otherwise than by its date and identity."""
        from deciders.runs.identity import instance_name

        return bool(self.instance) and self.instance != instance_name(self.reference_date, self.identity)

    def entry_of(self, entries: Entries) -> ConfiguredWorkflow | None:
        """Return the entry of the sensor that would start the same instance now; None if none would."""
        return entries.of_run(self.workflow, self.reference_date, self.identity, self.parameters, self.date_stencil)

    @property
    def first_note(self) -> str:
        """The first of what is to be said of its labels and reports, with the label where there are several; may be empty."""
        from deciders.values.artefact_key import ArtefactKey

        for name, notes in self.notes.items():
            return f"{ArtefactKey.parse(name).shown}: {notes[0]}" if len(self.labels) > 1 else notes[0]
        return ""

    @property
    def is_running(self) -> bool:
        from deciders.values.run_state import RunState

        return self.state == RunState.RUNNING

    @property
    def has_succeeded(self) -> bool:
        from deciders.values.run_state import RunState

        return self.state == RunState.SUCCEEDED

    @property
    def was_skipped(self) -> bool:
        """Tell whether its notebooks said that there was nothing to do."""
        from deciders.values.run_state import RunState

        return self.state == RunState.SKIPPED

    @property
    def stencil(self) -> str:
        """Its date stencil in a few characters; empty where that was not kept."""
        from deciders.parameter_set import written_stencil

        return written_stencil(self.date_stencil) if self.date_stencil is not None else ""

    @property
    def set(self) -> str:
        """Its parameters in a few characters."""
        return shown_settings(self.parameters)

    @property
    def seconds(self) -> float | None:
        """Duration in seconds; None while it runs, or where that was not kept."""
        return (self.ended - self.started).total_seconds() if self.started and self.ended else None

    @property
    def run_error(self) -> RunError | None:
        """Failure of the run: what failed in it, and why; None where nothing did."""
        from deciders.values.run_error import RunError

        return RunError.parse(self.error) if self.error else None

    def to_dict(self) -> dict[str, Any]:
        """One run among others: a part of a document."""
        return {
            "run": self.title,
            "workflow": self.workflow,
            "reference_date": self.reference_date,
            "instance": self.instance,
            "identity": self.identity,
            "parameters": self.parameters,
            "date_stencil": self.date_stencil,
            "missing_dates": self.missing_dates,
            "state": str(self.state),
            "light": self.light or "",
            "attempt": self.attempt,
            "started": iso_time(self.started),
            "ended": iso_time(self.ended),
            "seconds": round(self.seconds, 3) if self.seconds is not None else None,
            "reason": self.reason,
            "error": self.error,
            "labels": {name: str(state) for name, state in self.labels.items()},
            "artefacts": dict(self.artefacts),
            "notes": {name: list(notes) for name, notes in self.notes.items()},
            "workflow_id": self.workflow_id,
            "run_id": self.run_id,
        }


def told_apart(known: Sequence[Hashable], stencils: list[str]) -> list[str]:
    """Return the stencils of runs, if any two differ in theirs of which the same is ``known`` otherwise; else none of them."""
    first: dict[Hashable, str] = {}
    differ = any(first.setdefault(one, stencil) != stencil for one, stencil in zip(known, stencils, strict=True))
    return stencils if differ else []


def run_rows(
    specification: Specification, outputs: Path, place: Place, *, every_run: bool = False, adopt: bool = False
) -> list[RunRow]:
    """Return the latest run of each instance of the file's workflows, or ``every_run``, by workflow, date and parameters.

    Raises:
        RecordsError: the records cannot be read.
    """
    names = {workflow.name for workflow in specification.workflows}
    records: list[RunRecord] = []
    # Read before the records, as an end is recorded before its execution closes.
    running = running_rows(names, place)
    with opened_records(specification, outputs, adopt=adopt) as opened:
        if opened is not None:
            records = opened.runs(values=_READ) if every_run else opened.latest(values=_READ)
            unrecorded = unrecorded_ends(names, outputs, place, opened)
            running = still_open(running, unrecorded, opened)
            if unrecorded and not every_run:
                unrecorded = list({(record.workflow_name, record.identity): record for record in unrecorded}.values())
                newer = {(record.workflow_name, record.identity) for record in unrecorded}
                records = [one for one in records if (one.workflow_name, one.identity) not in newer]
            records = records + unrecorded
    # a workflow class may have the name of one of these workflows
    rows = [_row(record) for record in records if record.workflow_name in names and record.kind != "python"]
    if running and not every_run:
        busy = {(row.workflow, row.identity) for row in running}
        rows = [row for row in rows if (row.workflow, row.identity) not in busy]
    rows += running
    return _in_order(rows)


def _in_order(rows: Sequence[RunRow]) -> list[RunRow]:
    """Sort the rows by workflow, date and parameters. Few share a date, so that the parameters of few have to be decoded."""
    found: list[RunRow] = []
    by_date = sorted(rows, key=_workflow_and_date)
    for _, same in groupby(by_date, _workflow_and_date):
        first, *others = same
        found += sorted((first, *others), key=lambda row: row.set) if others else (first,)
    return found


def _workflow_and_date(row: RunRow) -> tuple[str, str]:
    return row.workflow, row.reference_date or ""


def instance_states(
    specification: Specification, outputs: Path, place: Place, *, adopt: bool = False
) -> dict[tuple[str, str], RunState]:
    """(workflow name, identity) -> running, succeeded, skipped or failed, as the sensor would see it.

    Raises:
        RecordsError: the records cannot be read.
    """
    from workers.runs.run_starts import open_runs

    states: dict[tuple[str, str], RunState] = {}
    with opened_records(specification, outputs, adopt=adopt) as opened:
        if opened is not None:
            states = opened.states()
            for record in unrecorded_ends({workflow.name for workflow in specification.workflows}, outputs, place, opened):
                if not record.state.says_nothing:
                    states[record.workflow_name, record.identity] = record.state.of_instance
    return states | (open_runs(place.service, place.domain) if place.service is not None else {})


def rerun_facts(specification: Specification, outputs: Path, place: Place, *, adopt: bool = False) -> RerunFacts:
    """Return how instances ended, as far as that is known, with the notebooks as they are now.

    Instances that early versions recorded are among them.

    Raises:
        RecordsError: the records cannot be read.
    """
    import dataclasses

    from deciders.runs.reruns import RerunFacts
    from workers.runs.kept_labels import notebook_hashes
    from workers.runs.notebook_versions import with_hashes_of_folders
    from workers.runs.sensor_check import add_recovered_ends, present_facts

    with opened_records(specification, outputs, adopt=adopt) as opened:
        if opened is None:
            return RerunFacts()
        facts = present_facts(specification, opened)
        unrecorded = unrecorded_ends({workflow.name for workflow in specification.workflows}, outputs, place, opened)
        add_recovered_ends({}, facts.ends, unrecorded)
        ends = with_hashes_of_folders(specification, outputs, opened, facts.ends)
    hashes = {workflow.name: notebook_hashes(workflow, specification.inputs_dir) for workflow in specification.workflows}
    return dataclasses.replace(facts, ends=ends, notebooks=hashes)


@contextmanager
def opened_records(specification: Specification, outputs: Path, *, adopt: bool) -> Iterator[RunRecords | None]:
    """Open the records to look at them; None where there are none yet.

    Raises:
        DefinitionError: a workflow of the file belongs to another one.
        RecordsError: they cannot be read.
    """
    from workers.records.run_records import RunRecords

    if not has_records(outputs):
        yield None
        return
    with RunRecords.open(outputs, to_look=True) as opened:
        check_owner(specification, opened, outputs, adopt=adopt)
        yield opened


def unrecorded_ends(names: set[str], outputs: Path, place: Place, records: RunRecords) -> list[RunRecord]:
    """Return the ends that the next check of the sensor will record, in their order."""
    from workers.runs.recovered_ends import recovered_ends

    if place.service is None:
        return []
    return recovered_ends(place.service, place.domain, records, names=names, outputs=str(outputs), payloads=place.payloads)


_RECORD = "_record"  #: attribute of a row that shows a record
#: values of the record that its row takes when they are read, under the same names: to decode those of thousands takes long
_LATE = (
    *("parameters", "state", "light", "attempt", "started", "ended", "reason", "error", "labels", "artefacts", "notes"),
    *("workflow_id", "run_id", "date_stencil", "missing_dates"),
)
_READ = (*_LATE, "kind")


def _row(record: RunRecord) -> RunRow:
    row = object.__new__(RunRow)
    values = {"workflow": record.workflow_name, "identity": record.identity, "instance": record.instance}
    object.__setattr__(row, "__dict__", {**values, "reference_date": record.reference_date, _RECORD: record})
    return row


def attempt_rows(specification: Specification, outputs: Path, place: Place, row: RunRow) -> list[RunRow]:
    """Return every run of the instance of a run, ended and open, in the order of `run_rows`.

    Raises:
        RecordsError: the records cannot be read.
    """
    running = [one for one in running_rows({row.workflow}, place) if one.identity == row.identity]
    with opened_records(specification, outputs, adopt=False) as opened:
        records: list[RunRecord] = []
        if opened is not None:
            ended = unrecorded_ends({row.workflow}, outputs, place, opened)
            ended = [one for one in ended if one.identity == row.identity]
            running = still_open(running, ended, opened)
            records = [*opened.runs(row.workflow, row.identity, values=_READ), *ended]
    return _in_order([*(_row(one) for one in records if one.kind != "python"), *running])


def still_open(running: Sequence[RunRow], unrecorded: Sequence[RunRecord], records: RunRecords) -> list[RunRow]:
    """Return the rows of `running_rows` whose end is neither on record nor among the ``unrecorded`` ones."""
    left = records.unrecorded(row.run_id for row in running) - {record.run_id for record in unrecorded}
    return [row for row in running if row.run_id in left]


def running_rows(names: set[str], place: Place) -> list[RunRow]:
    """Return the open runs of these workflows, newest first; their parameters stand in their histories. None where nothing
    has run yet.
    """
    from datetime import UTC

    from deciders.runs.identity import identity_of_run
    from deciders.runs.run_tags import RunTags
    from deciders.values.run_state import RunState
    from deciders.workflow_types import executions_of_type

    from ...inspection.executions import started_with
    from ...inspection.task_rows import epoch

    found, service, domain = list[RunRow](), place.service, place.domain
    if service is None:
        return found
    for info in executions_of_type(service, domain, NOTEBOOK_TYPE, is_open=True):
        execution = {key: info["execution"][key] for key in ("workflowId", "runId")}
        tags = RunTags.of_execution(info.get("tagList"), execution["workflowId"])
        if tags.workflow not in names:
            continue
        given = started_with(service, domain, execution, place.payloads.load)
        identity = identity_of_run(execution["workflowId"])
        found.append(
            RunRow(
                workflow=tags.workflow,
                identity=identity,
                instance=given.get("instance") or tags.instance,
                reference_date=tags.reference_date,
                parameters=given.get("parameters", {}),
                state=RunState.RUNNING,
                started=datetime.fromtimestamp(epoch(info["startTimestamp"]), UTC),
                reason=(given.get("origin") or {}).get("reason"),
                workflow_id=execution["workflowId"],
                run_id=execution["runId"],
                date_stencil=(given.get("origin") or {}).get("date_stencil"),
                missing_dates=(given.get("origin") or {}).get("missing_dates"),
            )
        )
    return found


def found_row(rows: Sequence[RunRow], run: str) -> RunRow:
    """Return the run that RUN means, see `deciders.runs.run_reference`.

    Raises:
        DefinitionError: there is none, or several fit; one sentence.
    """
    from deciders.runs.run_reference import found_run

    check_text("run", run)
    return found_run(rows, run)


def interruption(rows: Sequence[RunRow], place: Place) -> str:
    """Return a sentence about runs that are open while no process carries them out; nothing where there are none."""
    number = sum(row.is_running for row in rows)
    if not number or not place.is_interrupted:
        return ""
    what, them = ("1 run was", "it") if number == 1 else (f"{number} runs were", "them")
    return f"{what} interrupted, and no process carries {them} out now; sensor.start --local goes on with {them}"


def shown_settings(parameters: dict[str, Any]) -> str:
    """Return a set of parameters in a few characters; those that every run has are left out."""
    from deciders.parameter_set import written

    return written(parameters)
