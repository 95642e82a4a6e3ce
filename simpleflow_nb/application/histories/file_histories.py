"""Histories of a journal that belong to a workflow file: of its workflows, its sensors and its backfills."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...constants import BACKFILL_TYPE, ITEMS_TYPE, NOTEBOOK_TYPE, SCENARIOS_TYPE, SENSOR_TYPE
from ...local.reading import Reading
from ...local.service import DOMAIN
from ...processes.payload_directory import Payloads
from ..records.record_files import has_records
from ..states.sensors import sensor_id
from .unrecorded_ends import is_own_place, known_places, readable_arguments

if TYPE_CHECKING:
    from deciders.specification import Specification


def histories_of_others(
    service: Reading, specification: Specification, outputs: Path, payloads: Payloads, *, closed_before: float
) -> set[str]:
    """Run ids of what ended before that moment (epoch seconds) and is not of this file with these outputs: how long it is kept
    is not this file's to say. Runs of workflows that the file had before are its own, unless another file has the name now.

    Raises:
        RecordsError: the run records, where it is written whose a workflow is, cannot be read.
    """
    names, places = _own_names(specification, outputs), known_places(outputs)
    ended = [one.info for one in service.closed_executions() if (one.closed_at or 0) < closed_before]

    def is_own(info: dict[str, Any]) -> bool:
        kind = info["workflowType"]["name"]
        known = (NOTEBOOK_TYPE, ITEMS_TYPE, SENSOR_TYPE, BACKFILL_TYPE, SCENARIOS_TYPE)
        if info["domain"] != DOMAIN or kind not in known:
            return False
        if kind in (NOTEBOOK_TYPE, ITEMS_TYPE) and not names.intersection(info["tagList"][:1]):
            return False
        if kind == SENSOR_TYPE and info["execution"]["workflowId"] == sensor_id(specification.file):
            return True
        given = readable_arguments(service, info, payloads)
        if "outputs" in given and not is_own_place(str(given["outputs"]), places):
            return False
        return kind in (NOTEBOOK_TYPE, ITEMS_TYPE) or _is_of(given, specification, outputs)

    return {info["execution"]["runId"] for info in ended if not is_own(info)}


def _is_of(given: dict[str, Any], specification: Specification, outputs: Path) -> bool:
    """Tell whether a sensor, a backfill or a set of scenarios is of the file.

    For one from before the outputs were moved, the name of the file alone is compared.
    """
    asked = given.get("specification")
    if not isinstance(asked, dict) or not asked.get("path"):
        return False
    then = Path(str(asked.get("inputs_dir")), Path(str(asked["path"])).name)
    return then == specification.file or (given.get("outputs") != str(outputs) and then.name == specification.file.name)


def _own_names(specification: Specification, outputs: Path) -> set[str]:
    from workers.records.run_records import RunRecords
    from workers.records.workflow_owners import WorkflowOwners

    names = {workflow.name for workflow in specification.workflows}
    if not has_records(outputs):
        return names
    with RunRecords.open(outputs, to_look=True) as records:
        owners = WorkflowOwners(records, specification.file, outputs)
        return names - {one.name for one in owners.foreign(names)} | owners.owned()
