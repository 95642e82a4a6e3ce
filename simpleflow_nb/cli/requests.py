"""``workflow.cancel``, ``signal``, ``terminate``: asked of the journal's owner, or of the next one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ..exceptions import DefinitionError
from ..local.ownership import is_owned
from ..local.reader import JournalReader
from ..local.requests import leave_request
from ..local.service import DOMAIN
from .options import db_option, local_option, require_local
from .run_states import status_word
from .workflow import found_journal, found_run, run_arguments, split_run


def _ask(local: bool, db: Path | None, run: tuple[str, ...], operation: str, **arguments: Any) -> None:
    require_local(local)
    journal = found_journal(db)
    name, run_id = split_run(run)
    reader = JournalReader(journal)
    try:
        execution = found_run(reader, name, run_id)
        described = reader.describe_workflow_execution(domain=DOMAIN, execution=execution)
    finally:
        reader.close()
    if described["executionInfo"]["executionStatus"] == "CLOSED":
        how = status_word(described["executionInfo"]["closeStatus"])
        raise DefinitionError(f"{execution['workflowId']} has ended already ({how})")
    body = {"domain": DOMAIN, **execution, **{key: value for key, value in arguments.items() if value is not None}}
    leave_request(journal, operation, body)
    when = "now" if is_owned(journal) else "when the next local run begins: nobody owns the journal now"
    click.echo(f"{execution['workflowId']}: asked; it takes effect {when}")


@click.command("workflow.cancel")
@run_arguments
@local_option
@db_option
def workflow_cancel(run: tuple[str, ...], local: bool, db: Path | None) -> None:
    """Ask an execution to end; its code may clean up."""
    _ask(local, db, run, "request_cancel_workflow_execution")


@click.command("workflow.terminate")
@run_arguments
@local_option
@db_option
@click.option("--reason", help="Kept in the history.")
def workflow_terminate(run: tuple[str, ...], local: bool, db: Path | None, reason: str | None) -> None:
    """End an execution here and now."""
    _ask(local, db, run, "terminate_workflow_execution", reason=reason)


@click.command("workflow.signal")
@run_arguments
@click.option("--name", "-n", "signal_name", required=True, help="The signal's name.")
@click.option("--input", "-i", "text", help="The signal's input, JSON; other text is passed as a string.")
@local_option
@db_option
def workflow_signal(run: tuple[str, ...], signal_name: str, text: str | None, local: bool, db: Path | None) -> None:
    """Send a signal to an execution."""
    if text is not None:
        try:
            json.loads(text)
        except ValueError:
            text = json.dumps(text)
    _ask(local, db, run, "signal_workflow_execution", signalName=signal_name, input=text)
