"""Summary that is printed when runs of notebook workflows have ended."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from ...application.events import CheckEnded, Event, RunEnded, Started, UnderWay
from ...application.outcomes import LabelOutcome, Outcome, RunOutcome
from ...application.run_rows import counted
from ...application.shown_states import ShownEnd
from ...exceptions import ExitCode
from ..printing import print_document
from ..progress import say, shown

_MOST_REPORTS = 30
_MOST_FAILED = 30
_MOST_NOTES = 30
_MOST_HINTS = 3


def show_call(ctx: click.Context, call: UnderWay[Outcome], *, quiet: bool, as_json: bool) -> ExitCode:
    """Show what happens until a call has ended, then what came of it; returns the exit code."""
    also = None if as_json else _show_event
    outcome = shown(call, quiet=quiet, color=ctx.obj["color"], also=also)
    return show_outcome(outcome, as_json=as_json)


def _show_event(event: Event) -> None:
    """Print the events of what others carry out, as they happen."""
    if isinstance(event, Started):
        click.echo(f"{event.execution.workflow_id} {event.execution.run_id}")
    elif isinstance(event, RunEnded) and event.run.has_ended_well:
        for path in event.run.reports:
            click.echo(f"  {path}")
    elif isinstance(event, RunEnded):
        click.echo(f"  {_failure(event.run)[0]}", err=True)
    elif isinstance(event, CheckEnded) and event.started:
        click.echo(f"{event.succeeded} of {counted(event.started, 'run')} succeeded")
    elif isinstance(event, CheckEnded):
        click.echo(nothing_due(event.not_due))


def show_outcome(outcome: Outcome, *, as_json: bool = False) -> ExitCode:
    """Print everything that came of a call, for people or for programs; returns the exit code."""
    if as_json:
        print_document(outcome.to_dict())
    elif outcome.left_to is not None:
        runs, pid = counted(outcome.left_to.runs, "run"), outcome.left_to.pid
        click.echo(f"left {runs} to the sensor that has the journal (process {pid})")
    elif not outcome.started:  # else events have told it all
        show_summary(outcome)
        for note in outcome.notes:
            say(note)
        if outcome.not_due is not None:
            click.echo(nothing_due(outcome.not_due))
    return ExitCode.DONE if outcome.is_success else ExitCode.RUN_FAILED


def show_summary(outcome: Outcome) -> None:
    """Say where the reports are, what warned, what failed and why, and what to type next.

    Reports and the count go to standard output, the rest to standard error.
    """
    runs, earlier, counts = outcome.runs, outcome.earlier, outcome.counts
    done = [run for run in runs if run.has_succeeded]
    failed = [run for run in runs if run.has_failed]
    _show_reports([path for run in runs for path in run.reports], earlier.reports)
    orange = [run for run in done if run.has_warnings]
    if orange:
        click.echo("with warnings:", err=True)
        for run in orange:
            for label in run.labels:
                if warnings := label.warnings:
                    more = f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else ""
                    click.echo(f"  {run.title}  {label.name}: {warnings[0]}{more}", err=True)
        if earlier.warned:
            click.echo(f"  and {earlier.warned} earlier", err=True)
        _show_what_makes_missing_reports([run for run in orange if run.lacks_reports], outcome.file)
    _show_notes("ended early:", [(run, one) for run in done for one in run.labels if one.ended_in_cell is not None])
    succeeded = [run for run in runs if run.has_ended_well]
    _show_notes("skipped:", [(run, one) for run in succeeded for one in run.labels if one.was_skipped])
    if failed:
        click.echo("failed:", err=True)
        for run in failed[:_MOST_FAILED]:
            for line in _failure(run):
                click.echo(f"  {line}", err=True)
        if (left := counts[ShownEnd.FAILED] - _MOST_FAILED) > 0:
            click.echo(f"  and {left} more", err=True)
    if number := counts[ShownEnd.CANCELLED]:
        were, them = ("run was", "it") if number == 1 else ("runs were", "them")
        say(f"{number} {were} cancelled; the next check starts {them} afresh")
    for sentence in outcome.parked:
        say(sentence)
    if runs:
        _show_count(outcome, len(orange) + earlier.warned)
    _show_interruption(outcome)


def _show_count(outcome: Outcome, orange: int) -> None:
    counts = outcome.counts
    is_any_done = any(run.has_succeeded for run in outcome.runs)
    text = f"{counts[ShownEnd.SUCCEEDED]} of {counted(counts.total(), 'run')} succeeded"
    text += f" in {outcome.seconds:.0f} s" if is_any_done and not outcome.open_runs else ""
    text += f", {counts[ShownEnd.SKIPPED]} skipped" if counts[ShownEnd.SKIPPED] else ""
    click.echo(text + (f", {orange} with warnings" if orange else ""))


def _show_interruption(outcome: Outcome) -> None:
    still_open = len(outcome.open_runs)
    if still_open and outcome.was_interrupted:
        them = "it" if still_open == 1 else "them"
        say(f"interrupted with {counted(still_open, 'run')} open; the same command goes on with {them}")
    if outcome.has_unstarted:
        onward = "the cancellation of the rest is requested" if outcome.is_cancelled else "the same command goes on"
        say(f"interrupted before every run was started; {onward}")


def _show_notes(head: str, notes: Sequence[tuple[RunOutcome, LabelOutcome]]) -> None:
    if notes:
        click.echo(head, err=True)
    for run, label in notes[:_MOST_NOTES]:
        click.echo(f"  {run.title}  {label.name}: {label.note}", err=True)
    if len(notes) > _MOST_NOTES:
        click.echo(f"  and {len(notes) - _MOST_NOTES} more", err=True)


def _show_reports(reports: list[str], earlier: int) -> None:
    number = len(reports) + earlier
    if not number:
        return
    click.echo(f"{number} report{'s' if number > 1 else ''}:")
    for path in reports[-_MOST_REPORTS:]:
        click.echo(f"  {path}")
    if number > _MOST_REPORTS:
        click.echo(f"  and {number - len(reports[-_MOST_REPORTS:])} earlier ones")


def _show_what_makes_missing_reports(runs: Sequence[RunOutcome], file: Path) -> None:
    for run in runs[:_MOST_HINTS]:
        command = shlex.join(["simpleflow-nb", "runs.retry", str(file), run.title])
        click.echo(f"  what makes the missing reports: {command}", err=True)
    if len(runs) > _MOST_HINTS:
        click.echo(f"  and {len(runs) - _MOST_HINTS} more runs lack reports", err=True)


def _failure(run: RunOutcome) -> list[str]:
    """Return the lines of a run: its title, each label that failed with its cause in full, and the labels not run for it."""
    from deciders.values.run_error import LabelError
    from deciders.values.run_state import RunState

    failed = [label for label in run.labels if label.has_failed]
    if run.state != RunState.FAILED or not failed:
        because = f": {run.reason}" if run.reason else ""
        return [f"{run.title} {run.state}{because}"]
    lines = [run.title] + [f"  {LabelError(label.name, label.cause).text}" for label in failed]
    if run.not_run:
        lines.append(f"  not run: {', '.join(run.not_run)}")
    return lines


def nothing_due(not_due: int) -> str:
    """Return the sentence for a check that has started nothing.

    ``not_due`` is the number of pairs of a workflow and a date that are not due.
    """
    if not not_due:
        return "nothing is due: no date is available, or the sensor names no workflow"
    return f"nothing is due ({not_due} dates are not; plan --why says why)"
