"""Whose workflows these are: asked by commands that look, and claimed by those that start something."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..exceptions import DefinitionError
from ..local.ownership import is_owned, owner_pid
from .held_outputs import holder_path
from .local_run import say

if TYPE_CHECKING:
    from deciders.specification import Specification
    from workers.records.run_records import RunRecords

F = TypeVar("F", bound=Callable[..., Any])


def adopt_option(command: F) -> F:
    text = "Take the workflows over from another file that had their names, or the outputs from another service."
    return click.option("--adopt", is_flag=True, help=text)(command)


def claim(specifications: Sequence[Specification], outputs: Path, *, domain: str | None = None, adopt: bool = False) -> None:
    """Remember whose the workflows are before anything of them is started: in ``domain``, or else on this machine.

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
    with RunRecords.open(outputs) as records:
        for specification in specifications:
            names = [workflow.name for workflow in specification.workflows]
            owners = WorkflowOwners(records, specification.file, outputs)
            for sentence in owners.claim(names, service, adopt=adopt):
                say(sentence)


def check_names(specification: Specification, outputs: Path) -> None:
    """As :func:`check_owner`, for commands that have not opened the records.

    Raises:
        DefinitionError: a workflow belongs to another file, whether that is there or not.
        RecordsError: the records cannot be read.
    """
    from workers.records.run_records import RunRecords

    from .run_rows import has_records

    if not has_records(outputs):
        return
    with RunRecords.open(outputs, to_look=True) as records:
        check_owner(specification, records, outputs)


def check_owner(specification: Specification, records: RunRecords, outputs: Path) -> None:
    """Whether what the records say is of this file's workflows; not asked where ``--adopt`` is about to make it so.

    Raises:
        DefinitionError: they are of another file, whether that is there or not; one sentence with both paths.
        RecordsError: the records cannot be read.
    """
    from workers.records.workflow_owners import WorkflowOwners

    if click.get_current_context().params.get("adopt"):
        return
    owners = WorkflowOwners(records, specification.file, outputs)
    if foreign := owners.foreign([workflow.name for workflow in specification.workflows]):
        raise DefinitionError(owners.sentence(foreign))
