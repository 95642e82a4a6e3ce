"""Runs that edits have left behind, and reports that are gone: how they are told, with the command that makes them anew."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...inspection.tables import counted
from ..looking.older_runs import OlderRuns, OutOfReach, older_runs, within_reach
from ..looking.plans import Plan
from ..records.run_rows import RunRow

if TYPE_CHECKING:
    from deciders.specification import Specification


def older_text(found: OlderRuns, file: Path, place: Sequence[str]) -> str:
    """Return ``14 of them with an older a.ipynb (`backfill ...` makes them anew)`` for each workflow, and of how many it is not
    known; empty when there is nothing of the kind.

    ``file`` is the workflow file as commands take it, ``place`` the options that say where its runs are.
    """
    parts = []
    for one in found.older:
        parts.append(f"{len(one.days)} of them {one.made} {_remedy(file, one.workflow, one.days, 'changed', place)}")
    if found.unknown_notebooks:
        parts.append(f"of {found.unknown_notebooks} of them the notebooks that they were made with are not known")
    for name, days in found.unknown_data.items():
        parts.append(f"of {len(days)} of them it is not known with which data {_remedy(file, name, days, 'all', place)}")
    return ", ".join(parts)


def _remedy(file: Path, name: str, days: Sequence[str], rerun: str, place: Sequence[str]) -> str:
    command = _command("backfill", file, name, "--from", min(days), "--to", max(days), "--rerun", rerun, *place)
    return f"(`{command}` makes {'it' if len(days) == 1 else 'them'} anew)"


def _command(name: str, *words: object) -> str:
    """Return a command ready to paste."""
    return shlex.join(["simpleflow-nb", name, *map(str, words)])


def left_behind(
    specification: Specification,
    rows: Sequence[RunRow],
    plan: Plan | None,
    lacking: Mapping[str, Sequence[str]],
    place: Sequence[str],
) -> Iterator[str]:
    """Yield the lines of ``status`` about runs that succeeded and were left behind.

    Edits of notebooks or the loss of reports have left them behind. ``place`` is the options that say where the runs are, for
    the commands that make them anew.
    """
    done = [row for row in rows if row.has_succeeded]
    if plan is not None:
        from deciders.values.reason import Reason, ReasonKind

        yield from _older_lines(specification, done, plan, Reason.of(ReasonKind.ALREADY_SUCCEEDED).text, place)
        skipped = [row for row in rows if row.was_skipped]
        yield from _older_lines(specification, skipped, plan, str(skipped[0].state) if skipped else "", place)
    days = [row.reference_date or "" for row in done if row.run_id in lacking]
    if days:
        number = sum(len(names) for names in lacking.values())
        what, them = ("report is", "it") if number == 1 else ("reports are", "them")
        period = ("--from", min(days), "--to", max(days)) if all(days) else ()  # else of all runs: some have no date
        command = _command("reports.make", specification.path, *period, "--remake", "missing", *place)
        yield f"{number} {what} missing of {counted(len(days), 'run')} that succeeded (`{command}` makes {them})"


def _older_lines(
    specification: Specification, done: Sequence[RunRow], plan: Plan, ended: str, place: Sequence[str]
) -> Iterator[str]:
    runs = [(row.workflow, row.identity, row.reference_date or "") for row in done]
    reachable, out_of_reach = within_reach(specification, plan, runs)
    if text := older_text(older_runs(reachable, plan), specification.path, place):
        yield f"{len(done)} {ended}, {text}"
    yield from map(_out_of_reach, out_of_reach)


def _out_of_reach(found: OutOfReach) -> str:
    kind = "" if found.have_dates else " without a date"
    them = f"1 run{kind} was" if found.runs == 1 else f"{found.runs} runs{kind} were"
    where = ", for dates or parameters that the sensor does not name now" if found.have_dates else ""
    return f"{them} made {found.made}{where}; workflow.start makes one of them anew"
