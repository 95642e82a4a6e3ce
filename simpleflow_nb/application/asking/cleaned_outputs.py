"""Removing what old runs left in the outputs folder."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...constants import NOTEBOOK_TYPE
from ...inspection.documents import SCHEMA
from ...masking import masked
from ..arguments import check_number
from ..records.held_outputs import check_no_other_journal
from ..records.owners import check_names
from ..records.record_files import has_records
from ..records.run_rows import RunRow, run_rows

if TYPE_CHECKING:
    from deciders.parameter_set import ParameterSet
    from deciders.specification import Specification
    from workers.records.run_items import Reference

    from ..places import Place
    from ..services import Service


_REMOTE_LOOK_SECONDS = 1.0  #: AWS limits listings to a few a second

#: A century is as good as for ever.
MOST_DAYS = 36_500


@dataclass(frozen=True)
class Cleaned:
    """Folders that were removed or, in a dry run, would be."""

    folders: tuple[Path, ...]
    runs: int  #: whose folders these are
    looked_at: int  #: runs
    freed_bytes: int
    is_dry_run: bool

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "is_dry_run": self.is_dry_run,
            "runs": self.runs,
            "looked_at": self.looked_at,
            "freed_bytes": self.freed_bytes,
            "folders": [masked(str(folder)) for folder in self.folders],
        }


def clean_outputs(
    specification: Specification, outputs: Path, service: Service, keep_days: int, *, dry_run: bool = False
) -> Cleaned:
    """Remove notebooks and reports of runs that ended more than ``keep_days`` days ago, with their earlier attempts.

    Records stay, so that nothing is due again. What runs is never touched, nor are the newest reports of each parameter set,
    to which the links ``latest`` of a workflow lead, nor what a run that is kept has taken over from another one. With
    ``dry_run`` nothing is removed.

    Raises:
        DefinitionError: ``keep_days`` is not from 0 to 36,500, a workflow belongs to another file, or a process runs workflows
            with these outputs elsewhere.
        ServiceError: the journal or the records cannot be read, or the service cannot be reached.
        OutputsError: a folder cannot be removed. Those before it are removed. A full disk does not matter.
    """
    from workers.artefacts import OutputsError
    from workers.runs.old_outputs import remove_folder, size_bytes

    check_number("keep_days", keep_days, least=0, most=MOST_DAYS)
    check_names(specification, outputs)
    began = datetime.now(UTC)
    with service.opened(outputs) as place:
        check_no_other_journal(outputs, place.journal)
        rows = run_rows(specification, outputs, place)
        removable = _removable(specification, outputs, rows, began - timedelta(days=keep_days))
        removed, freed, runs = list[Path](), 0, 0
        begun = _BegunSince(began, outputs, service, place)
        for row, folders in removable:
            size = sum(map(size_bytes, folders))
            if not dry_run and ((row.workflow, row.identity) in begun.instances() or _is_referred_to(row, outputs)):
                continue  # adding up sizes and removing folders take minutes, in which a retry may begin
            runs += 1
            freed += size
            removed += folders
            for folder in folders if not dry_run else ():
                try:
                    remove_folder(folder)
                except OSError as error:
                    raise OutputsError(f"{folder} cannot be removed: {(error.strerror or str(error)).lower()}") from None
    return Cleaned(tuple(removed), runs, len(rows), freed, dry_run)


def _removable(
    specification: Specification, outputs: Path, rows: Sequence[RunRow], oldest: datetime
) -> Iterator[tuple[RunRow, list[Path]]]:
    """Yield the runs that ended before ``oldest``, with their folders: those that have any, and are not to be kept."""
    from workers.artefacts import path_part
    from workers.runs.latest_links import linked_instances
    from workers.runs.old_outputs import folders_of, newest_instances, referred_instances

    # An instance may have several identities only in theory; a folder is kept if any run of it is.
    kept = {(row.workflow, row.instance) for row in rows if row.ended is None or row.ended >= oldest}
    kept |= newest_instances(outputs, _succeeded(specification, rows))
    linked = {name: linked_instances(outputs, name) for name in {row.workflow for row in rows}}
    kept_parts = {
        (path_part(row.workflow), path_part(row.instance))
        for row in rows
        if row.instance and ((row.workflow, row.instance) in kept or path_part(row.instance) in linked[row.workflow])
    }
    kept_parts |= referred_instances(_references(outputs), kept_parts)
    for row in rows:
        if not row.instance or (path_part(row.workflow), path_part(row.instance)) in kept_parts:
            continue
        if folders := folders_of(outputs, row.workflow, row.instance):
            yield row, folders


def _references(outputs: Path) -> list[Reference]:
    from workers.records.run_records import RunRecords

    if not has_records(outputs):
        return []
    with RunRecords.open(outputs, to_look=True) as records:
        return records.references()


def _is_referred_to(row: RunRow, outputs: Path) -> bool:
    """Tell whether a run that goes on has just taken over something of this one."""
    from workers.artefacts import path_part

    place = (path_part(row.workflow), path_part(row.instance))
    return any(one.owner is None and one.instance == place for one in _references(outputs))


class _BegunSince:
    """Instances of which a run is open, or has ended, that began after the rows were read."""

    def __init__(self, began: datetime, outputs: Path, service: Service, place: Place) -> None:
        self._began, self._outputs, self._service, self._place = began, outputs, service, place
        self._instances: frozenset[tuple[str, str]] = frozenset()
        self._next_look = 0.0

    def instances(self) -> frozenset[tuple[str, str]]:
        """Return them by workflow name and identity.

        Raises:
            DefinitionError: a process runs workflows with these outputs elsewhere by now.
        """
        if time.monotonic() >= self._next_look:
            check_no_other_journal(self._outputs, self._place.journal)
            if self._place.service is not None:
                self._instances = self._at(self._place)
            else:  # nothing had run here then
                with self._service.opened(self._outputs) as now:
                    self._instances = self._at(now) if now.service is not None else frozenset()
            self._next_look = time.monotonic() + (_REMOTE_LOOK_SECONDS if self._place.journal is None else 0.0)
        return self._instances

    def _at(self, place: Place) -> frozenset[tuple[str, str]]:
        from deciders.runs.identity import identity_of_run
        from deciders.workflow_types import executions_of_type

        if place.journal is not None:
            place.service.refresh()
        infos = [
            info
            for is_open, oldest in ((True, 0.0), (False, self._began.timestamp()))
            for info in executions_of_type(place.service, place.domain, NOTEBOOK_TYPE, is_open=is_open, oldest=oldest)
        ]
        return frozenset(((info.get("tagList") or [""])[0], identity_of_run(info["execution"]["workflowId"])) for info in infos)


def _succeeded(specification: Specification, rows: Sequence[RunRow]) -> Iterator[tuple[ParameterSet, str, str]]:
    from deciders.parameter_set import ParameterSet, written, written_stencil
    from deciders.runs.entries import Entries, set_of_entry

    entries = Entries(specification)
    for row in rows:
        if row.has_succeeded and row.instance:
            entry = row.entry_of(entries)
            stencil = written_stencil(row.date_stencil) if row.date_stencil is not None else None
            own = ParameterSet(row.workflow, written(row.parameters), stencil if row.reference_date is not None else "")
            yield set_of_entry(entry) if entry is not None else own, row.reference_date or "", row.instance
