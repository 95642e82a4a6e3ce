"""Printing of the start and the end of an execution."""

from __future__ import annotations

import click

from ... import payload
from ...application.states.execution_ends import ExecutionEnd
from ...application.states.run_states import shown_seconds
from ...exceptions import ExitCode
from ...inspection.documents import document_of
from ..printing import print_document
from ..progress import say


def show_started(workflow_id: str, run_id: str, *, as_json: bool) -> None:
    """Print the ids of an execution that others carry out."""
    if as_json:
        print_document(document_of("execution", {"workflow_id": workflow_id, "run_id": run_id}))
    else:
        click.echo(f"{workflow_id} {run_id}")


def show_end(end: ExecutionEnd, *, as_json: bool, times: bool = True) -> ExitCode:
    """Say how it has ended; its result goes to standard output. Returns the exit code.

    ``times``: say how long it took.
    """
    if as_json:
        print_document(end.to_dict())
    for note in end.notes:
        say(note)
    if end.notes:
        return ExitCode.RUN_FAILED
    took = shown_seconds(end.seconds or 0.0)
    if end.is_completed:
        if times:
            click.echo(f"{end.sentence} in {took}", err=True)
        if end.result is not None and not as_json:
            click.echo(payload.encode(end.result))
        return ExitCode.DONE
    because = f": {end.reason}" if end.reason else ""
    say(f"{end.sentence}{f' after {took}' if times else ''}{because}")
    if end.traceback:
        click.echo(end.traceback.rstrip(), err=True)
    return ExitCode.RUN_FAILED
