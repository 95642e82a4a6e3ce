"""``workflow.cancel``, ``signal``, ``terminate``: asked of the service, or of the owner of a local journal."""

from __future__ import annotations

from typing import Any

import click

from ... import payload
from ...application.run_states import status_word
from ...exceptions import DefinitionError
from ...inspection.documents import document_of
from ...local.ownership import is_owned
from ...local.requests import leave_request
from ..arguments import refuse_secrets
from ..printing import json_option, print_document
from .place import opened_place
from .workflow import run_arguments, run_of


def _ask(run: tuple[str, ...], place: dict[str, Any], operation: str, *, as_json: bool, **arguments: Any) -> None:
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
            takes_effect = True
        else:
            leave_request(there.journal, operation, body)
            takes_effect = is_owned(there.journal)
    if as_json:
        asked = {"workflow_id": execution["workflowId"], "run_id": execution["runId"], "takes_effect_now": takes_effect}
        print_document(document_of("request", asked))
        return
    when = "now" if takes_effect else "when the next local run begins: nobody owns the journal now"
    click.echo(f"{execution['workflowId']}: asked; it takes effect {when}")


@click.command("workflow.cancel")
@run_arguments
@json_option
def workflow_cancel(run: tuple[str, ...], as_json: bool, **place: Any) -> None:
    """Ask an execution to end; its code may clean up."""
    _ask(run, place, "request_cancel_workflow_execution", as_json=as_json)


@click.command("workflow.terminate")
@run_arguments
@click.option("--reason", help="Kept in the history.")
@json_option
def workflow_terminate(run: tuple[str, ...], as_json: bool, reason: str | None, **place: Any) -> None:
    """End an execution here and now."""
    _ask(run, place, "terminate_workflow_execution", as_json=as_json, reason=reason)


@click.command("workflow.signal")
@run_arguments
@click.option("--name", "-n", "signal_name", required=True, help="The signal's name.")
@click.option("--input", "-i", "text", help="The signal's input, JSON; other text is passed as a string.")
@json_option
def workflow_signal(run: tuple[str, ...], as_json: bool, signal_name: str, text: str | None, **place: Any) -> None:
    """Send a signal to an execution."""
    if text is not None:
        try:
            text = payload.encode(payload.parse_value(text))
        except ValueError as error:
            raise DefinitionError(f"--input: {error}") from None
    _ask(run, place, "signal_workflow_execution", as_json=as_json, signalName=signal_name, input=text)
