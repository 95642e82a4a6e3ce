"""The ends of runs of notebook workflows: while others carry them out, and when all have ended."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ...inspection.tables import counted
from ..events import CheckEnded, Event, RemoteRunEnded, Started
from ..outcomes import LabelOutcome, Outcome, RunOutcome
from ..states.shown_states import ShownEnd

_MOST_REPORTS = 30
_MOST_FAILED = 30
_MOST_NOTES = 30
_MOST_HINTS = 3


class Line(NamedTuple):
    """A line, and whether it is said beside the result: on standard error, where there is one."""

    text: str
    is_aside: bool = False


def event_lines(event: Event) -> Iterator[Line]:
    """Yield what there is to say of an event in runs that others carry out."""
    if isinstance(event, Started):
        yield Line(f"{event.execution.workflow_id} {event.execution.run_id}")
    elif isinstance(event, RemoteRunEnded) and event.run.has_ended_well:
        yield from (Line(f"  {path}") for path in event.run.reports)
    elif isinstance(event, RemoteRunEnded):
        yield _aside(f"  {failure_lines(event.run)[0]}")
    elif isinstance(event, CheckEnded) and event.started:
        yield Line(f"{event.succeeded} of {counted(event.started, 'run')} succeeded")
    elif isinstance(event, CheckEnded):
        yield Line(nothing_due(event.not_due))


def outcome_lines(outcome: Outcome) -> Iterator[Line]:
    """Yield everything that came of a call, but for what `event_lines` has said of it."""
    if not outcome.started:  # else events have told it all
        yield from summary_lines(outcome)
        yield from map(_said, outcome.notes)
        if outcome.not_due is not None:
            yield Line(nothing_due(outcome.not_due))


def summary_lines(outcome: Outcome) -> Iterator[Line]:
    """Yield where the reports are, what warned, what failed and why, and what to type next.

    All but the reports and the count are asides.
    """
    runs, earlier, counts = outcome.runs, outcome.earlier, outcome.counts
    done = [run for run in runs if run.has_succeeded]
    failed = [run for run in runs if run.has_failed]
    yield from _report_lines([path for run in runs for path in run.reports], earlier.reports)
    orange = [run for run in done if run.has_warnings]
    if orange:
        yield _aside("with warnings:")
        for run in orange:
            warned = [(label.name, label.warnings) for label in run.labels if label.warnings]
            for name, warnings in warned[:_MOST_NOTES]:
                more = f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else ""
                yield _aside(f"  {run.title}  {name}: {warnings[0]}{more}")
            if len(warned) > _MOST_NOTES:
                yield _aside(f"  {run.title}  and {len(warned) - _MOST_NOTES} more; runs.show --json has all of them")
        if earlier.warned:
            yield _aside(f"  and {earlier.warned} earlier")
        yield from _missing_report_lines([run for run in orange if run.lacks_reports], outcome.file)
    yield from _note_lines("ended early:", [(run, one) for run in done for one in run.labels if one.ended_in_cell is not None])
    succeeded = [run for run in runs if run.has_ended_well]
    yield from _note_lines("skipped:", [(run, one) for run in succeeded for one in run.labels if one.was_skipped])
    if failed:
        yield _aside("failed:")
        for run in failed[:_MOST_FAILED]:
            yield from (_aside(f"  {line}") for line in failure_lines(run))
        if (left := counts[ShownEnd.FAILED] - _MOST_FAILED) > 0:
            yield _aside(f"  and {left} more")
    if number := counts[ShownEnd.CANCELLED]:
        were, them = ("run was", "it") if number == 1 else ("runs were", "them")
        yield _said(f"{number} {were} cancelled; the next check starts {them} afresh")
    yield from map(_said, outcome.parked)
    if runs:
        yield _count(outcome, len(orange) + earlier.warned)
    yield from _interruption(outcome)


def _count(outcome: Outcome, orange: int) -> Line:
    counts = outcome.counts
    is_any_done = any(run.has_succeeded for run in outcome.runs)
    text = f"{counts[ShownEnd.SUCCEEDED]} of {counted(counts.total(), 'run')} succeeded"
    text += f" in {outcome.seconds:.0f} s" if is_any_done and not outcome.open_runs else ""
    text += f", {counts[ShownEnd.SKIPPED]} skipped" if counts[ShownEnd.SKIPPED] else ""
    return Line(text + (f", {orange} with warnings" if orange else ""))


def _interruption(outcome: Outcome) -> Iterator[Line]:
    if outcome.goes_on_with is not None:
        yield _said(f"no longer waiting; what was asked for goes on in process {outcome.goes_on_with}")
        return
    still_open = len(outcome.open_runs)
    if still_open and outcome.was_interrupted:
        them = "it" if still_open == 1 else "them"
        yield _said(f"interrupted with {counted(still_open, 'run')} open; the same command goes on with {them}")
    if outcome.has_unstarted:
        onward = "the cancellation of the rest is requested" if outcome.is_cancelled else "the same command goes on"
        yield _said(f"interrupted before every run was started; {onward}")


def _note_lines(head: str, notes: Sequence[tuple[RunOutcome, LabelOutcome]]) -> Iterator[Line]:
    if notes:
        yield _aside(head)
    for run, label in notes[:_MOST_NOTES]:
        yield _aside(f"  {run.title}  {label.name}: {label.note}")
    if len(notes) > _MOST_NOTES:
        yield _aside(f"  and {len(notes) - _MOST_NOTES} more")


def _report_lines(reports: list[str], earlier: int) -> Iterator[Line]:
    number = len(reports) + earlier
    if not number:
        return
    yield Line(f"{counted(number, 'report')}:")
    yield from (Line(f"  {path}") for path in reports[-_MOST_REPORTS:])
    if number > _MOST_REPORTS:
        yield Line(f"  and {number - len(reports[-_MOST_REPORTS:])} earlier ones")


def _missing_report_lines(runs: Sequence[RunOutcome], file: Path) -> Iterator[Line]:
    for run in runs[:_MOST_HINTS]:
        command = shlex.join(["simpleflow-nb", "runs.retry", str(file), run.title])
        yield _aside(f"  what makes the missing reports: {command}")
    if len(runs) > _MOST_HINTS:
        yield _aside(f"  and {len(runs) - _MOST_HINTS} more runs lack reports")


def failure_lines(run: RunOutcome) -> list[str]:
    """Return the lines of a run: its title, each label that failed with its cause in full, and the labels not run for it."""
    from deciders.values.run_error import LabelError
    from deciders.values.run_state import RunState

    failed = [label for label in run.labels if label.has_failed]
    if run.state != RunState.FAILED or not failed:
        because = f": {run.reason}" if run.reason else ""
        return [f"{run.title} {run.state}{because}"]
    lines = [run.title] + [f"  {LabelError(label.name, label.cause).text}" for label in failed[:_MOST_FAILED]]
    if left := len(failed) - len(lines[1:]):
        lines.append(f"  and {left} more; runs.show --json has all of them")
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


def _aside(text: str) -> Line:
    return Line(text, is_aside=True)


def _said(sentence: str) -> Line:
    """Return a sentence that is ours, and not the workflow's."""
    return _aside(f"simpleflow-nb: {sentence}")
