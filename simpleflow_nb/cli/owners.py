"""Whose workflows these are: asked by commands that look, and claimed by those that start something."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..constants import STATE_FOLDER
from ..exceptions import DefinitionError, ServiceError
from ..local.ownership import is_owned, owner_pid
from .local_run import say

if TYPE_CHECKING:
    from deciders.specification import Specification
    from workers.run_records import RunRecords

F = TypeVar("F", bound=Callable[..., Any])


def adopt_option(command: F) -> F:
    text = "Take the workflows over from another file that had their names, or the outputs from another service."
    return click.option("--adopt", is_flag=True, help=text)(command)


def claim(specifications: Sequence[Specification], outputs: Path, *, domain: str | None = None, adopt: bool = False) -> None:
    """Remember whose the workflows are before anything of them is started: in ``domain``, or else on this machine.

    Raises:
        DefinitionError: another file has one of their names, another service the outputs, or a process here works on them
            while ``domain`` is to; one sentence.
        ServiceError: the run records cannot be used.
    """
    from workers.run_records import RecordsError, RunRecords
    from workers.workflow_owners import LOCAL, WorkflowOwners, WorkflowTaken, domain_service

    holder = outputs / STATE_FOLDER / "outputs"
    if domain is not None and is_owned(holder):
        pid = owner_pid(holder)
        who = f"process {pid}" if pid else "another process"
        raise DefinitionError(
            f"{who} runs workflows with outputs in {outputs} on this machine, and domain {domain} would know nothing of those "
            "runs; stop it first"
        )
    service = domain_service(domain) if domain is not None else LOCAL
    try:
        with RunRecords.open(outputs) as records:
            for specification in specifications:
                names = [workflow.name for workflow in specification.workflows]
                owners = WorkflowOwners(records, specification.file, outputs)
                for sentence in owners.claim(names, service, adopt=adopt):
                    say(sentence)
    except WorkflowTaken as error:
        raise DefinitionError(str(error)) from None
    except RecordsError as error:
        raise ServiceError(str(error)) from None


def check_names(specification: Specification, outputs: Path) -> None:
    """For commands that change what the workflows have left, or are about to start some: the owner alone will do.

    Raises:
        DefinitionError: a workflow belongs to another file, whether that is there or not.
        ServiceError: the records cannot be read.
    """
    from workers.run_records import RecordsError, RunRecords

    from .run_rows import has_records

    if not has_records(outputs):
        return
    try:
        with RunRecords.open(outputs, to_look=True) as records:
            check_owner(specification, records, outputs, is_strict=True)
    except RecordsError as error:
        raise ServiceError(str(error)) from None


def check_owner(specification: Specification, records: RunRecords, outputs: Path, *, is_strict: bool = False) -> None:
    """Whether what the records say is of this file's workflows. Where the owner is not there any more, which is also so where
    the file is mounted elsewhere, a line of warning will do for who only looks; ``--adopt`` has its own answer.

    Raises:
        DefinitionError: they are of another file, which is there, or the command could have been given ``--adopt``, or
            ``is_strict``; one sentence with both paths.
        RecordsError: the records cannot be read.
    """
    from workers.workflow_owners import WorkflowOwners

    context = click.get_current_context()
    if context.params.get("adopt"):
        return
    owners = WorkflowOwners(records, specification.file, outputs)
    foreign = owners.foreign([workflow.name for workflow in specification.workflows])
    refused = foreign if is_strict or "adopt" in context.params else [one for one in foreign if one.is_there]
    if refused:
        raise DefinitionError(owners.sentence(refused))
    if foreign and (sentence := owners.sentence(foreign)) != context.meta.get(__name__):
        context.meta[__name__] = sentence  # once, however often a command looks
        click.echo(f"warning: {sentence}", err=True)
