"""Runs that edits have left behind, and reports that are gone: how they are told, with the command that makes them anew."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ...application.older_runs import OlderRuns, OutOfReach, older_runs, within_reach
from ...application.plans import Plan
from ...application.run_rows import RunRow, counted

if TYPE_CHECKING:
    from deciders.specification import Specification

_PLACE = ("outputs", "local", "db", "domain", "region")


def older_text(found: OlderRuns, file: Path) -> str:
    """Return ``14 of them with an older a.ipynb (`backfill ...` makes them anew)`` for each workflow, and of how many it is not
    known; empty when there is nothing of the kind. ``file`` is the workflow file as commands take it."""
    parts = []
    for one in found.older:
        parts.append(f"{len(one.days)} of them {one.made} {_remedy(file, one.workflow, one.days, 'changed')}")
    if found.unknown_notebooks:
        parts.append(f"of {found.unknown_notebooks} of them the notebooks that they were made with are not known")
    for name, days in found.unknown_data.items():
        parts.append(f"of {len(days)} of them it is not known with which data {_remedy(file, name, days, 'all')}")
    return ", ".join(parts)


def _remedy(file: Path, name: str, days: Sequence[str], rerun: str) -> str:
    command = typed_command("backfill", file, name, "--from", min(days), "--to", max(days), "--rerun", rerun)
    return f"(`{command}` makes {'it' if len(days) == 1 else 'them'} anew)"


def typed_command(name: str, *words: Any) -> str:
    """Return a command to paste: quoted, with those options of this one that say where the runs are."""
    context = click.get_current_context()
    place = []
    for option in _PLACE:
        if context.get_parameter_source(option) is ParameterSource.COMMANDLINE:
            value = context.params[option]
            place += [f"--{option}"] if value is True else [f"--{option}", str(value)]
    return shlex.join(["simpleflow-nb", name, *map(str, words), *place])


def left_behind(
    specification: Specification, rows: Sequence[RunRow], plan: Plan | None, lacking: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """Yield the lines of ``status`` about runs that succeeded and were left behind.

    Edits of notebooks or the loss of reports have left them behind.
    """
    done = [row for row in rows if row.has_succeeded]
    if plan is not None:
        from deciders.values.reason import Reason, ReasonKind

        yield from _older_lines(specification, done, plan, Reason.of(ReasonKind.ALREADY_SUCCEEDED).text)
        skipped = [row for row in rows if row.was_skipped]
        yield from _older_lines(specification, skipped, plan, str(skipped[0].state) if skipped else "")
    days = [row.reference_date or "" for row in done if row.run_id in lacking]
    if days:
        number = sum(len(names) for names in lacking.values())
        what, them = ("report is", "it") if number == 1 else ("reports are", "them")
        period = ("--from", min(days), "--to", max(days)) if all(days) else ()  # else of all runs: some have no date
        command = typed_command("reports.make", specification.path, *period, "--remake", "missing")
        yield f"{number} {what} missing of {counted(len(days), 'run')} that succeeded (`{command}` makes {them})"


def _older_lines(specification: Specification, done: Sequence[RunRow], plan: Plan, ended: str) -> Iterator[str]:
    runs = [(row.workflow, row.identity, row.reference_date or "") for row in done]
    reachable, out_of_reach = within_reach(specification, plan, runs)
    if text := older_text(older_runs(reachable, plan), specification.path):
        yield f"{len(done)} {ended}, {text}"
    yield from map(_out_of_reach, out_of_reach)


def _out_of_reach(found: OutOfReach) -> str:
    kind = "" if found.have_dates else " without a date"
    them = f"1 run{kind} was" if found.runs == 1 else f"{found.runs} runs{kind} were"
    where = ", for dates or parameters that the sensor does not name now" if found.have_dates else ""
    return f"{them} made {found.made}{where}; workflow.start makes one of them anew"
