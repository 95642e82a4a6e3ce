"""``workflow.cancel``, ``signal``, ``terminate``: asked of the service, or of the owner of a local journal."""

from __future__ import annotations

from typing import Any

import click

from ... import payload
from ...application.run_states import status_word
from ...exceptions import DefinitionError
from ...local.ownership import is_owned
from ...local.requests import leave_request
from ..arguments import refuse_secrets
from .place import opened_place
from .workflow import run_arguments, run_of


def _ask(run: tuple[str, ...], place: dict[str, Any], operation: str, **arguments: Any) -> None:
    with opened_place(run, **place) as there:
        execution = run_of(there)
        described = there.service.describe_workflow_execution(domain=there.domain, execution=execution)
        if described["executionInfo"]["executionStatus"] == "CLOSED":
            how = status_word(described["executionInfo"]["closeStatus"])
            raise DefinitionError(f"{execution['workflowId']} has ended already ({how})")
        given = {key: value for key, value in arguments.items() if value is not None}
        refuse_secrets(given)
        body = {"domain": there.domain, **execution, **given}
        if there.journal is None:
            getattr(there.service, operation)(**body)
            when = "now"
        else:
            leave_request(there.journal, operation, body)
            when = "now" if is_owned(there.journal) else "when the next local run begins: nobody owns the journal now"
    click.echo(f"{execution['workflowId']}: asked; it takes effect {when}")


@click.command("workflow.cancel")
@run_arguments
def workflow_cancel(run: tuple[str, ...], **place: Any) -> None:
    """Ask an execution to end; its code may clean up."""
    _ask(run, place, "request_cancel_workflow_execution")


@click.command("workflow.terminate")
@run_arguments
@click.option("--reason", help="Kept in the history.")
def workflow_terminate(run: tuple[str, ...], reason: str | None, **place: Any) -> None:
    """End an execution here and now."""
    _ask(run, place, "terminate_workflow_execution", reason=reason)


@click.command("workflow.signal")
@run_arguments
@click.option("--name", "-n", "signal_name", required=True, help="The signal's name.")
@click.option("--input", "-i", "text", help="The signal's input, JSON; other text is passed as a string.")
def workflow_signal(run: tuple[str, ...], signal_name: str, text: str | None, **place: Any) -> None:
    """Send a signal to an execution."""
    if text is not None:
        try:
            text = payload.encode(payload.parse_value(text))
        except ValueError as error:
            raise DefinitionError(f"--input: {error}") from None
    _ask(run, place, "signal_workflow_execution", signalName=signal_name, input=text)
