"""Runs that edits have left behind, and reports that are gone: how they are told, with the command that makes them anew."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ...application.run_rows import RunRow, counted

if TYPE_CHECKING:
    from deciders.runs.due_runs import DueRuns
    from deciders.runs.reruns import NotebookChanges
    from deciders.specification import Specification
    from workers.runs.reports_of_runs import EndedRun

    from .definition import CurrentPlan

    Changes = Mapping[tuple[str, str], NotebookChanges | None]  #: by workflow name and identity; None: not known

Run = tuple[str, str, str]  #: workflow name, identity, reference date; empty without one

_MOST_FILES = 3
_PLACE = ("outputs", "local", "db", "domain", "region")


def older_text(runs: Iterable[Run], current: CurrentPlan, file: Path) -> str:
    """``14 of them with an older a.ipynb (`backfill ...` makes them anew)``, of runs that succeeded, for each workflow, and of
    how many it is not known; empty when there is nothing of the kind. ``file`` is the workflow file as commands take it.
    """
    changes: Changes = current.changes
    dates: dict[str, list[str]] = defaultdict(list)
    of_unknown_data: dict[str, list[str]] = defaultdict(list)
    files: dict[str, tuple[dict[str, None], dict[str, None]]] = defaultdict(lambda: ({}, {}))
    unknown = 0
    for name, identity, day in runs:
        change = changes.get((name, identity))
        if (name, identity) in current.unknown_data:
            of_unknown_data[name].append(day)
        if change is None:
            unknown += (name, identity) in changes
        elif change.changed or change.added:
            dates[name].append(day)
            for found, more in zip(files[name], change, strict=True):
                found.update(dict.fromkeys(more))
    parts = []
    for name, days in dates.items():
        parts.append(f"{len(days)} of them {_made(*files[name])} {_remedy(file, name, days, 'changed')}")
    if unknown:
        parts.append(f"of {unknown} of them it is not known which notebooks they were made with")
    for name, days in of_unknown_data.items():
        parts.append(f"of {len(days)} of them it is not known with which data {_remedy(file, name, days, 'all')}")
    return ", ".join(parts)


def _remedy(file: Path, name: str, days: Sequence[str], rerun: str) -> str:
    command = typed_command("backfill", file, name, "--from", min(days), "--to", max(days), "--rerun", rerun)
    return f"(`{command}` makes {'it' if len(days) == 1 else 'them'} anew)"


def older_names(change: NotebookChanges | None) -> str:
    """``with an older a.ipynb``, of one run; empty when nothing is known to have changed."""
    return _made(change.changed, change.added) if change is not None and (change.changed or change.added) else ""


def older_files(change: NotebookChanges | None) -> list[str] | None:
    """For JSON: the files that are others now; None where it is not known."""
    return [*change.changed, *change.added] if change is not None else None


def typed_command(name: str, *words: Any) -> str:
    """A command to paste: quoted, with those options of this one that say where the runs are."""
    context = click.get_current_context()
    place = []
    for option in _PLACE:
        if context.get_parameter_source(option) is ParameterSource.COMMANDLINE:
            value = context.params[option]
            place += [f"--{option}"] if value is True else [f"--{option}", str(value)]
    return shlex.join(["simpleflow-nb", name, *map(str, words), *place])


def lacking_reports(specification: Specification, rows: Iterable[RunRow], outputs: Path) -> dict[str, list[str]]:
    """By run id the reports that runs which succeeded should have, and have not, such as ``count.pdf``."""
    from workers.artefacts import Artefacts
    from workers.runs.reports_of_runs import file_name, missing_reports

    artefacts, found = Artefacts(outputs), {}
    for row in rows:
        if row.has_succeeded and (missing := missing_reports(ended_run(specification, row), artefacts)):
            found[row.run_id] = [file_name(report) for report in missing]
    return found


def ended_run(specification: Specification, row: RunRow) -> EndedRun:
    """The run of a row, as far as its reports are concerned."""
    from workers.runs.reports_of_runs import EndedRun

    return EndedRun(
        workflow=specification.workflow(row.workflow),
        instance=row.instance or "",
        run_id=row.run_id,
        reference_date=row.reference_date,
        labels=row.labels,
        artefacts=row.artefacts,
        parameters=row.parameters,
    )


def succeeded_early(specification: Specification, current: CurrentPlan) -> list[Run]:
    """Runs that succeeded for dates before the ``earliest_date`` of their entry, which a backfill reaches. Looked for only
    where there is something to say of runs that have ended."""
    behind = {key for key, change in current.changes.items() if change is None or older_names(change)}
    if not behind and not current.unknown_data:
        return []
    from deciders.runs.due_runs import due_runs
    from deciders.values.run_state import RunState

    known = _instances(current.due_runs)
    early = []
    for run in due_runs(specification, current.available, {}, since=date.min).due:
        key = (run.workflow_name, run.identity)
        if key not in known and key in current.ends and current.ends[key].state == RunState.SUCCEEDED:
            early.append((*key, run.day.isoformat()))
    return early


def left_behind(
    specification: Specification, rows: Sequence[RunRow], current: CurrentPlan | None, lacking: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """What ``status`` says of runs that succeeded, and that edits of notebooks or the loss of reports have left behind."""
    done = [row for row in rows if row.has_succeeded]
    if current is not None:
        from deciders.values.reason import Reason, ReasonKind

        yield from _older_lines(specification, done, current, Reason.of(ReasonKind.ALREADY_SUCCEEDED).text)
        skipped = [row for row in rows if row.was_skipped]
        yield from _older_lines(specification, skipped, current, str(skipped[0].state) if skipped else "")
    days = [row.reference_date or "" for row in done if row.run_id in lacking]
    if days:
        number = sum(len(names) for names in lacking.values())
        what, them = ("report is", "it") if number == 1 else ("reports are", "them")
        period = ("--from", min(days), "--to", max(days)) if all(days) else ()  # else of all runs: some have no date
        command = typed_command("reports.make", specification.path, *period, "--remake", "missing")
        yield f"{number} {what} missing of {counted(len(days), 'run')} that succeeded (`{command}` makes {them})"


def _older_lines(specification: Specification, done: Sequence[RunRow], current: CurrentPlan, ended: str) -> Iterator[str]:
    changes = current.changes
    runs = [(row.workflow, row.identity, row.reference_date or "") for row in done]
    older = {run[:2] for run in runs if older_names(changes.get(run[:2]))}
    behind = older | {run[:2] for run in runs if run[:2] in current.unknown_data}
    beyond = behind - _within_reach(specification, current, behind)
    if text := older_text([run for run in runs if run[:2] not in beyond], current, specification.path):
        yield f"{len(done)} {ended}, {text}"
    for has_date in (True, False):
        out_of_reach = {run[:2] for run in runs if run[:2] in older & beyond and bool(run[2]) == has_date}
        if out_of_reach:
            kind = "run" if has_date else "run without a date"
            them = f"1 {kind} was" if len(out_of_reach) == 1 else f"{len(out_of_reach)} {kind.replace('run', 'runs', 1)} were"
            found = [change for run in runs if run[:2] in out_of_reach and (change := changes[run[:2]]) is not None]
            names = _made(*(dict.fromkeys(name for change in found for name in change[place]) for place in (0, 1)))
            where = ", for dates or parameters that the sensor does not name now" if has_date else ""
            yield f"{them} made {names}{where}; workflow.start makes one of them anew"


def _within_reach(specification: Specification, current: CurrentPlan, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the instances that a backfill can start: of the entries as they are now, for dates that are available."""
    from deciders.runs.due_runs import due_runs

    found = _instances(current.due_runs)
    if not wanted <= found:  # a backfill also takes dates before the earliest one
        found |= _instances(due_runs(specification, current.available, {}, since=date.min))
    return wanted & found


def _instances(planned: DueRuns) -> set[tuple[str, str]]:
    due = {(run.workflow_name, run.identity) for run in planned.due}
    return due | {(one.workflow_name, one.identity) for one in planned.not_due if one.identity is not None}


def _made(changed: Iterable[str], added: Iterable[str]) -> str:
    parts = [f"{word} {_listed(list(names))}" for word, names in (("with an older", changed), ("without", added)) if names]
    return " or ".join(parts)


def _listed(names: list[str]) -> str:
    more = f" or {len(names) - _MOST_FILES} more" if len(names) > _MOST_FILES else ""
    return " or ".join(names[:_MOST_FILES]) + more
