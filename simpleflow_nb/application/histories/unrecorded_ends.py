"""Ends of runs of this machine that no run records have: their histories are all that tells of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...constants import NOTEBOOK_TYPE
from ...exceptions import PayloadError
from ...inspection.executions import started_with
from ...local.reading import Reading
from ...local.service import DOMAIN
from ...processes.payload_directory import Payloads
from ..records.record_files import has_records

if TYPE_CHECKING:
    from workers.records.run_records import RunRecords


@dataclass(frozen=True)
class _End:
    run_id: str
    workflow: str
    identity: str
    started: datetime


def unrecorded_ends(service: Reading, outputs: Path | None, payloads: Payloads, *, closed_before: float) -> set[str]:
    """Run ids of runs of notebooks that ended before that moment (epoch seconds) without having been recorded, or of which
    that cannot be known. Each is looked for in the records of its own outputs folder.

    What completed was recorded before, or had nothing to record. An end is left out where the same instance was started and
    recorded since: it will never be recorded.

    Args:
        outputs: the folder that uses the journal; runs that name a former place of it are its own.

    Raises:
        RecordsError: the records of ``outputs`` cannot be read.
    """
    spared, places = set(), known_places(outputs) if outputs is not None else set()
    by_folder: dict[Path, list[_End]] = {}
    for info in _ended_otherwise(service, closed_before):
        run_id = info["execution"]["runId"]
        given = readable_arguments(service, info, payloads)
        try:
            then, workflow, identity = str(given["outputs"]), str(given["workflow"]["name"]), str(given["identity"])
        except (KeyError, TypeError):
            spared.add(run_id)
            continue
        folder = outputs if outputs is not None and is_own_place(then, places) else Path(then)
        end = _End(run_id, workflow, identity, datetime.fromtimestamp(info["startTimestamp"], UTC))
        by_folder.setdefault(folder, []).append(end)
    for folder, ends in by_folder.items():
        spared |= _missing(folder, ends, is_strict=folder == outputs)
    return spared


def readable_arguments(service: Reading, info: dict[str, Any], payloads: Payloads) -> dict[str, Any]:
    """Return the arguments of an execution, by name; empty when they cannot be read any more."""
    try:
        return started_with(service, info["domain"], info["execution"], payloads.load)
    except PayloadError:
        return {}


def known_places(outputs: Path) -> set[str]:
    """Return the paths where the folder is and where it was before, as far as that is known."""
    from workers.runs.outputs_location import former_places

    return {str(outputs), *former_places(outputs)}


def is_own_place(then: str, places: Collection[str]) -> bool:
    """Tell whether what was started with outputs in ``then`` has them now in the folder with those `known_places`.

    If there is no folder ``then`` any more, it was moved.
    """
    return then in places or not Path(then).is_dir()


def _ended_otherwise(service: Reading, closed_before: float) -> list[dict[str, Any]]:
    return [
        one.info
        for one in service.closed_executions(DOMAIN)
        if (one.closed_at or 0) < closed_before and one.close_status != "COMPLETED" and one.type_name == NOTEBOOK_TYPE
    ]


def _missing(folder: Path, ends: list[_End], *, is_strict: bool) -> set[str]:
    from workers.records.run_records import RecordsError, RunRecords

    run_ids = {end.run_id for end in ends}
    if not has_records(folder):
        return run_ids
    try:
        with RunRecords.open(folder, to_look=True) as records:
            missing = records.unrecorded(run_ids)
            return missing - _superseded(records, (end for end in ends if end.run_id in missing))
    except RecordsError:
        if is_strict:
            raise
        return run_ids


def _superseded(records: RunRecords, ends: Iterable[_End]) -> set[str]:
    return {end.run_id for end in ends if any(one.started > end.started for one in records.runs(end.workflow, end.identity))}
