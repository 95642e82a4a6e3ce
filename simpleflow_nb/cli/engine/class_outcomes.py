"""Printing of a run of a workflow class that has ended, or was started."""

from __future__ import annotations

import click

from ... import payload
from ...application.class_runs import ClassOutcome
from ...application.run_states import shown_seconds
from ..progress import say


def show_class_outcome(outcome: ClassOutcome) -> None:
    """Say how a run has ended; its result goes to standard output, and so do the ids of one that others carry out."""
    workflow_id, spent = outcome.workflow_id, shown_seconds(outcome.seconds)
    if outcome.is_remote:
        click.echo(f"{workflow_id} {outcome.run_id}")
    elif outcome.parked is not None:
        say(f"{workflow_id} cannot go on: {outcome.parked}")
        say("fix the code and type the same command again: it goes on where it was")
    elif outcome.how == "open":
        say(f"{workflow_id} is interrupted; the same command goes on with it")
    elif outcome.how == "completed":
        click.echo(f"{workflow_id} completed in {spent}", err=True)
        if outcome.result is not None:
            click.echo(payload.encode(outcome.result))
    else:
        because = f": {outcome.reason}" if outcome.reason else ""
        say(f"{workflow_id} {outcome.how} after {spent}{because}")
        if outcome.traceback:
            click.echo(outcome.traceback.rstrip(), err=True)
