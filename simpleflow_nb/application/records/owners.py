"""Whose workflows these are: asked by commands that look, and claimed by those that start something."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...exceptions import DefinitionError
from ...local.ownership import is_owned, owner_pid
from .held_outputs import holder_path
from .record_files import has_records

if TYPE_CHECKING:
    from deciders.specification import Specification
    from workers.records.run_records import RunRecords


def claim(
    specifications: Sequence[Specification], outputs: Path, *, domain: str | None = None, adopt: bool = False
) -> list[str]:
    """Remember whose the workflows are before anything of them is started: in ``domain``, or else on this machine.

    Gives what is to be said of it: a sentence for each workflow that was taken over.

    Raises:
        WorkflowTaken: another file has one of their names, or another service the outputs.
        DefinitionError: a process here works on the outputs while ``domain`` is to; one sentence.
        RecordsError: the run records cannot be used.
    """
    from workers.records.run_records import RunRecords
    from workers.records.workflow_owners import LOCAL, WorkflowOwners, domain_service

    holder = holder_path(outputs)
    if domain is not None and is_owned(holder):
        pid = owner_pid(holder)
        who = f"process {pid}" if pid else "another process"
        raise DefinitionError(
            f"{who} runs workflows with outputs in {outputs} on this machine, and domain {domain} would know nothing of those "
            "runs; stop it first"
        )
    service = domain_service(domain) if domain is not None else LOCAL
    told: list[str] = []
    with RunRecords.open(outputs) as records:
        for specification in specifications:
            names = [workflow.name for workflow in specification.workflows]
            owners = WorkflowOwners(records, specification.file, outputs)
            told += owners.claim(names, service, adopt=adopt)
    return told


def check_names(specification: Specification, outputs: Path, *, adopt: bool = False) -> None:
    """Check the names as :func:`check_owner` does, for commands that have not opened the records.

    Raises:
        DefinitionError: a workflow belongs to another file, whether that is there or not.
        RecordsError: the records cannot be read.
    """
    from workers.records.run_records import RunRecords

    if not has_records(outputs):
        return
    with RunRecords.open(outputs, to_look=True) as records:
        check_owner(specification, records, outputs, adopt=adopt)


def check_owner(specification: Specification, records: RunRecords, outputs: Path, *, adopt: bool = False) -> None:
    """Check that the records are of this file's workflows; not where ``--adopt`` is about to make it so.

    Raises:
        DefinitionError: they are of another file, whether that is there or not; one sentence with both paths.
        RecordsError: the records cannot be read.
    """
    from workers.records.workflow_owners import WorkflowOwners

    if adopt:
        return
    owners = WorkflowOwners(records, specification.file, outputs)
    if foreign := owners.foreign([workflow.name for workflow in specification.workflows]):
        raise DefinitionError(owners.sentence(foreign))
