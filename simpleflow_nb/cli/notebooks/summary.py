"""What is said when a local run of notebook workflows has ended."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from ...application.run_states import BACKFILL_TYPE, ShownLabel, ShownRun, Watch, status_word
from ...application.shown_states import ShownEnd, ShownState
from ...exceptions import ExitCode
from ...processes.local_run import LocalRun
from ..progress import say

_MOST_REPORTS = 30
_MOST_FAILED = 30
_MOST_NOTES = 30
_MOST_HINTS = 3


def show_summary(run: LocalRun, watch: Watch, file: Path, *, ended: bool) -> int:
    """Say where the reports are, what warned, what failed and why, and what to type next; returns the exit code.

    Reports and the count go to standard output, the rest to standard error.
    """
    states, earlier = watch.states(), watch.earlier
    done, skipped, cancelled, failed = (
        [state for state in states if state.end == wanted]
        for wanted in (ShownEnd.SUCCEEDED, ShownEnd.SKIPPED, ShownEnd.CANCELLED, ShownEnd.FAILED)
    )
    completed = [state for state in states if state.status == "COMPLETED"]
    still_open = [state for state in states if state.status is None and state.run_id not in run.parked]
    unstarted = [] if ended else run.open_runs(BACKFILL_TYPE)  # has runs to start that are not among the states
    _show_reports([path for state in states if state.status for path in state.reports], earlier.reports)
    orange = [state for state in done if state.is_warned_of]
    if orange:
        click.echo("with warnings:", err=True)
        for state in orange:
            for label in state.labels:
                if warnings := label.warnings:
                    more = f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else ""
                    click.echo(f"  {state.title}  {label.name}: {warnings[0]}{more}", err=True)
        if earlier.warned:
            click.echo(f"  and {earlier.warned} earlier", err=True)
        _show_what_makes_missing_reports([state for state in orange if _lacks_reports(state)], file)
    _show_notes("ended early:", [(s, label, label.note) for s in done for label in s.labels if label.ended_in_cell is not None])
    said_nothing_to_do = [(s, one, one.note) for s in completed for one in s.labels if one.state == ShownState.SKIPPED]
    _show_notes("skipped:", said_nothing_to_do)
    if failed:
        click.echo("failed:", err=True)
        for state in failed[:_MOST_FAILED]:
            for line in _failure(state):
                click.echo(f"  {line}", err=True)
        if (left := len(failed) + earlier.ends[ShownEnd.FAILED] - _MOST_FAILED) > 0:
            click.echo(f"  and {left} more", err=True)
    number_cancelled = len(cancelled) + earlier.ends[ShownEnd.CANCELLED]
    if cancelled:
        runs = f"{number_cancelled} run{' was' if number_cancelled == 1 else 's were'}"
        say(f"{runs} cancelled; the next check starts {'it' if number_cancelled == 1 else 'them'} afresh")
    for parked in run.parked.values():
        say(f"{parked.workflow_id} cannot go on: {parked.error}")
    if states:
        total, number_done = len(states) + earlier.ends.total(), len(done) + earlier.ends[ShownEnd.SUCCEEDED]
        number_skipped, number_orange = len(skipped) + earlier.ends[ShownEnd.SKIPPED], len(orange) + earlier.warned
        text = f"{number_done} of {total} run{'s' if total != 1 else ''} succeeded"
        text += f" in {run.seconds():.0f} s" if done and not still_open else ""
        text += f", {number_skipped} skipped" if number_skipped else ""
        click.echo(text + (f", {number_orange} with warnings" if number_orange else ""))
    if still_open and not ended:
        number = len(still_open)
        them = "it" if number == 1 else "them"
        say(f"interrupted with {number} run{'s' if number > 1 else ''} open; the same command goes on with {them}")
    if unstarted:
        onward = "the cancellation of the rest is requested" if run.interrupts.count > 1 else "the same command goes on"
        say(f"interrupted before every run was started; {onward}")
    is_whole = not (failed or cancelled or still_open or unstarted or run.parked)
    return ExitCode.DONE if is_whole else ExitCode.RUN_FAILED


def _show_notes(head: str, notes: list[tuple[ShownRun, ShownLabel, str]]) -> None:
    if notes:
        click.echo(head, err=True)
    for state, label, note in notes[:_MOST_NOTES]:
        click.echo(f"  {state.title}  {label.name}: {note}", err=True)
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


def _lacks_reports(state: ShownRun) -> bool:
    return any(label.is_report and label.state == ShownState.FAILED for label in state.labels)


def _show_what_makes_missing_reports(states: list[ShownRun], file: Path) -> None:
    for state in states[:_MOST_HINTS]:
        command = shlex.join(["simpleflow-nb", "runs.retry", str(file), state.title])
        click.echo(f"  what makes the missing reports: {command}", err=True)
    if len(states) > _MOST_HINTS:
        click.echo(f"  and {len(states) - _MOST_HINTS} more runs lack reports", err=True)


def _failure(state: ShownRun) -> list[str]:
    """The run, each label that failed with its cause in full, and the labels that were not run for it."""
    failed = [label for label in state.labels if label.state == ShownState.FAILED and label.is_shown]
    if state.status != "FAILED" or not failed:
        because = f": {state.reason}" if state.reason else ""
        return [f"{state.title} {status_word(state.status or '')}{because}"]
    lines = [state.title] + [f"  {_cause(label)}" for label in failed]
    if skipped := _not_run(state):
        lines.append(f"  not run: {', '.join(skipped)}")
    return lines


def _cause(label: ShownLabel) -> str:
    return label.cause if label.cause.startswith(f"notebook {label.name!r} ") else f"{label.name}: {label.cause}"


def _not_run(state: ShownRun) -> list[str]:
    """The labels that were not run for a failure; those that need a skipped one were skipped with it."""
    from deciders.values.label_state import LabelState

    ends = {label.name: LabelState.read(label.state) for label in state.labels}
    for notebook in state.arguments.get("workflow", {}).get("notebooks", ()):  # each after those that it needs
        if notebook["label"] not in ends:
            needs = {ends[need] for need in notebook.get("needs", ()) if need in ends}
            ends[notebook["label"]] = LabelState.of_dependent(needs)
    return [name for name, end in ends.items() if end == LabelState.NOT_RUN]


def nothing_due(not_due: int) -> str:
    """What to say of a check that has started nothing, when so many pairs of a workflow and a date are not due."""
    if not not_due:
        return "nothing is due: no date is available, or the sensor names no workflow"
    return f"nothing is due ({not_due} dates are not; plan --why says why)"
