"""``workflow.cancel``, ``signal``, ``terminate``, ``restart``: asked of the service, or of the owner of a local journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ... import payload
from ...application.executions.execution_requests import (
    ExecutionRequest,
    cancel_execution,
    signal_execution,
    terminate_execution,
)
from ...application.executions.notebook_executions import execution_meant
from ...application.executions.restarts import restart_execution
from ...application.places import Place
from ...application.wording.journals import asked
from ...exceptions import DefinitionError
from ..place import opened_place
from ..printing import json_option, print_document
from .ends import show_started
from .workflow import run_arguments


def _ask(
    run: tuple[str, ...], place: dict[str, Any], ask: Callable[[Place, dict[str, str]], ExecutionRequest], *, as_json: bool
) -> None:
    with opened_place(run, **place) as (there, words):
        request = ask(there, execution_meant(there, *words))
    if as_json:
        print_document(request.to_dict())
        return
    click.echo(asked(request.workflow_id, takes_effect_now=request.takes_effect_now))


@click.command("workflow.cancel")
@run_arguments
@json_option
def workflow_cancel(run: tuple[str, ...], as_json: bool, **place: Any) -> None:
    """Ask an execution to end; its code may clean up."""
    _ask(run, place, cancel_execution, as_json=as_json)


@click.command("workflow.terminate")
@run_arguments
@click.option("--reason", help="Kept in the history.")
@json_option
def workflow_terminate(run: tuple[str, ...], as_json: bool, reason: str | None, **place: Any) -> None:
    """End an execution here and now."""
    _ask(run, place, lambda there, execution: terminate_execution(there, execution, reason), as_json=as_json)


@click.command("workflow.restart")
@run_arguments
@json_option
def workflow_restart(run: tuple[str, ...], as_json: bool, **place: Any) -> None:
    """End an execution, and start one with the same id, input, tags and settings; print its ids."""
    with opened_place(run, **place) as (there, words):
        again = restart_execution(there, execution_meant(there, *words))
    show_started(again["workflowId"], again["runId"], as_json=as_json)


@click.command("workflow.signal")
@run_arguments
@click.option("--name", "-n", "signal_name", required=True, help="The signal's name.")
@click.option(
    "--input", "-i", "text", help="The signal's input: JSON, or text that begins with neither { nor [, passed as a string."
)
@json_option
def workflow_signal(run: tuple[str, ...], as_json: bool, signal_name: str, text: str | None, **place: Any) -> None:
    """Send a signal to an execution."""
    if text is not None:
        try:
            text = payload.encode(payload.parse_value(text))
        except ValueError as error:
            raise DefinitionError(f"--input: {error}") from None
    _ask(run, place, lambda there, execution: signal_execution(there, execution, signal_name, text), as_json=as_json)
