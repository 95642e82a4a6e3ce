"""Printing of what came of runs of notebook workflows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import click

from ...application.events import Event, UnderWay
from ...application.outcomes import Outcome
from ...application.wording.summaries import Line, event_lines, outcome_lines
from ...exceptions import ExitCode
from ..printing import print_document
from ..progress import shown

Told = TypeVar("Told", bound=Outcome)


def show_call(ctx: click.Context, call: UnderWay[Outcome], *, quiet: bool, as_json: bool) -> ExitCode:
    """Show what happens until a call has ended, then what came of it; returns the exit code."""
    return shown_call(ctx, call, quiet=quiet, as_json=as_json)[1]


def shown_call(ctx: click.Context, call: UnderWay[Told], *, quiet: bool, as_json: bool) -> tuple[Told, ExitCode]:
    """Do the same, and return the outcome as well, of which there is more to show."""
    also = None if as_json else _show_event
    outcome = shown(call, quiet=quiet, color=ctx.obj["color"], also=also)
    return outcome, show_outcome(outcome, as_json=as_json)


def show_outcome(outcome: Outcome, *, as_json: bool = False) -> ExitCode:
    """Print everything that came of a call, for people or for programs; returns the exit code."""
    if as_json:
        print_document(outcome.to_dict())
    else:
        _print(outcome_lines(outcome))
    return ExitCode.DONE if outcome.is_success else ExitCode.RUN_FAILED


def _show_event(event: Event) -> None:
    _print(event_lines(event))


def _print(lines: Iterable[Line]) -> None:
    for line in lines:
        click.echo(line.text, err=line.is_aside)
