"""``backfill``: runs that a person asks for by their dates; and how runs that are asked for are carried out."""

from __future__ import annotations

import dataclasses
import shlex
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...application.not_due import not_due_table, stencil_of, telling_stencils
from ...application.owners import claim
from ...application.run_rows import counted, instance_history, instance_states, shown_settings
from ...exceptions import DefinitionError, ExitCode
from ...inspection.tables import Table, formatted
from ...processes.connection import connected, payload_directory
from ...processes.decider import Decider
from ...processes.worker import usable_cores
from ..file_words import file_and_words
from ..options import Day, adopt_option, outputs_option
from ..printing import show, wants_table
from ..progress import say
from ..unused_options import refuse_options
from .definition import read_specification
from .notebook_run import checked_outputs, run_requests
from .run_place import check_one_place, opened_run_place, run_place_options

if TYPE_CHECKING:
    from deciders.runs.due_runs import NotDue, Run
    from deciders.runs.reruns import RunHistory, Verdict
    from deciders.specification import Specification
    from deciders.values.reason import Reason
    from deciders.values.run_state import RunState

_MOST_SHOWN = 100
_CHANGED = "changed"


@click.command("backfill")
@file_and_words("NAME")
@click.option("--from", "first", required=True, type=Day(), metavar="DATE", help="The first reference date.")
@click.option("--to", "last", required=True, type=Day(), metavar="DATE", help="The last reference date.")
@click.option(
    "--rerun",
    type=click.Choice(["missing", "failed", _CHANGED, "all"]),
    default="missing",
    show_default=True,
    help="Dates that have not run yet; those and what failed or was skipped; what has run with notebooks that have changed "
    "since; everything, from scratch.",
)
@click.option("--latest-first", is_flag=True, help="Begin with the last date.")
@click.option("--max-parallel", type=click.IntRange(min=1), help="So many runs are open at once. [default: no limit]")
@click.option("--only", metavar="LABEL", help="Run this notebook alone, and those it needs as far as they have not succeeded.")
@click.option("--dry-run", is_flag=True, help="Show what would be started, and start nothing.")
@click.option("--why", is_flag=True, help="With --dry-run, also list every date that is left out, with what it lacks.")
@click.option("--nb-workers", type=click.IntRange(min=1), help="Notebooks that run at once. [default: number of cores]")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@outputs_option
@adopt_option
@run_place_options
@click.pass_context
def backfill(
    ctx: click.Context,
    file: Path | None,
    name: str,
    first: datetime,
    last: datetime,
    rerun: str,
    latest_first: bool,
    max_parallel: int | None,
    only: str | None,
    dry_run: bool,
    why: bool,
    nb_workers: int | None,
    quiet: bool,
    outputs: Path | None,
    adopt: bool,
    **place: Any,
) -> None:
    """Run workflow NAME for the available dates of a period that its entry chooses, also before its earliest_date.

    What runs is never started again. A running sensor of FILE.yml on this machine takes the runs over; else they are carried
    out here and waited for. With --domain an execution starts them on SWF, and its id is printed.
    """
    if not dry_run and ctx.parent is not None:
        refuse_options(ctx.parent, "without --dry-run", ("style", "header"))
    if first > last:
        raise DefinitionError(f"--from {first.date()} is after --to {last.date()}")
    if why and not dry_run:
        raise DefinitionError("--why goes with --dry-run")
    specification = read_specification(file)
    from deciders.runs.run_requests import BACKFILL, requests_for

    _check_names(specification, name, only)
    folder = checked_outputs(outputs, specification)
    with opened_run_place(folder, **place) as there:
        states = instance_states(specification, folder, there, adopt=adopt)
        counts = rerun == _CHANGED or (rerun == "failed" and has_data_that_count(specification, name))
        history = instance_history(specification, folder, there, adopt=adopt) if counts else None
    chosen, left_out, without_data = _chosen(specification, name, first.date(), last.date(), states, rerun, history)
    chosen.sort(key=lambda run: run.day, reverse=latest_first)
    if dry_run or not chosen:
        _show(ctx, chosen, left_out, without_data, why=why)
        ctx.exit(ExitCode.DONE)
    requests = requests_for(chosen, only=only, gives_way=True, started_by=BACKFILL)
    code = carry_out(
        ctx,
        specification,
        folder,
        requests,
        announcement=f"{counted(len(chosen), 'run')} of {name}, {len(left_out)} left out",
        most_at_once=max_parallel,
        nb_workers=nb_workers,
        quiet=quiet,
        adopt=adopt,
        **place,
    )
    ctx.exit(code)


def _check_names(specification: Specification, name: str, only: str | None) -> None:
    from deciders.problems import did_you_mean

    workflow = specification.workflow(name)
    labels = [notebook.label for notebook in workflow.notebooks]
    if only is not None and only not in labels:
        raise DefinitionError(f"{name} has no notebook {only!r}{did_you_mean(only, labels)}")
    if specification.sensor is None:
        from deciders.specification import NO_SENSOR

        started = f"workflow.start {shlex.quote(f'{specification.path}:{name}')}"
        raise DefinitionError(f"there are no dates to run {name} for: {NO_SENSOR}; {started} runs it once")
    if not any(entry.workflow_name == name for entry in specification.entries):
        raise DefinitionError(f"no entry of the sensor names {name}, so there are no parameters and dates to run it with")


def _chosen(
    specification: Specification,
    name: str,
    first: date,
    last: date,
    states: dict[tuple[str, str], RunState],
    rerun: str,
    history: RunHistory | None,
) -> tuple[list[Run], list[NotDue], list[date]]:
    """The runs to start, why others of the period are left out, and which of its days have no data at all.

    Raises:
        SourceError: the available dates cannot be read, or not whether their data have changed.
    """
    from deciders.runs.due_runs import NotDue, considered_days, due_runs
    from deciders.values.reason import Reason, ReasonKind
    from deciders.values.run_state import RunState
    from workers.sources.available_dates import read_available_dates

    available = read_available_dates(specification)
    running = {key: state for key, state in states.items() if state == RunState.RUNNING}
    plan = due_runs(specification, available, running, since=first)
    left_out = [one for one in plan.not_due if one.workflow_name == name and first <= one.reference_date <= last]
    ordinals = considered_days(specification.sensor, available)[0] if specification.sensor is not None else set()
    period = range(first.toordinal(), last.toordinal() + 1)
    without_data = [date.fromordinal(ordinal) for ordinal in period if ordinal not in ordinals]

    def leave_out(run: Run, reason: Reason) -> None:
        left_out.append(NotDue(run.workflow_name, run.day, run.identity, reason, run.configured_parameters, run.date_stencil))

    chosen = []
    for run in plan.due:
        state = states.get((run.workflow_name, run.identity))
        if run.workflow_name != name or run.day > last:
            continue
        if rerun == _CHANGED and history is not None:
            change = _change_of(specification, run, state, history)
            if change.is_due:
                reason = Reason.of(ReasonKind.BACKFILL, because=change.reason)
                chosen.append(dataclasses.replace(run, reason=reason, keeps_labels=change.keeps_labels))
            else:
                leave_out(run, change.reason)
            continue
        if state == RunState.SUCCEEDED and rerun != "all":
            leave_out(run, Reason.of(ReasonKind.NEEDS_RERUN_ALL))
        elif state in (RunState.FAILED, RunState.SKIPPED) and rerun == "missing":
            leave_out(run, Reason.of(ReasonKind.NEEDS_RERUN_FAILED, state=state))
        else:
            keeps = rerun != "all" and (history is None or keeps_labels(specification, run, history))
            because = Reason.of(ReasonKind.BACKFILL_MISSING)
            because = Reason.of(ReasonKind.BACKFILL_STATE, state=state) if state is not None else because
            reason = Reason.of(ReasonKind.BACKFILL, because=because)
            chosen.append(dataclasses.replace(run, reason=reason, keeps_labels=keeps))
    return chosen, sorted(left_out, key=lambda one: one.reference_date), without_data


def has_data_that_count(specification: Specification, name: str) -> bool:
    return "data_changed" in specification.workflow(name).rerun_when


def keeps_labels(specification: Specification, run: Run, history: RunHistory) -> bool:
    """Whether a run that is tried again may keep notebooks: not when its data have changed, or it is not known whether.

    Raises:
        SourceError: it cannot be read whether they have.
    """
    from deciders.runs.reruns import change_of

    end = history.ends.get((run.workflow_name, run.identity))
    if end is None:
        return True
    return change_of(specification.workflow(run.workflow_name), end, run.needed_days, history).keeps_labels


def _change_of(specification: Specification, run: Run, state: RunState | None, history: RunHistory) -> Verdict:
    """Whether an instance is other than it would be made now.

    Raises:
        SourceError: its workflow is run again when data change, and it cannot be read whether they have.
    """
    from deciders.runs.reruns import Verdict, change_of
    from deciders.values.reason import Reason, ReasonKind

    end = history.ends.get((run.workflow_name, run.identity))
    if state is None:
        return Verdict(False, Reason.of(ReasonKind.NEEDS_RERUN_MISSING))
    if end is None or end.notebooks is None:
        return Verdict(False, Reason.of(ReasonKind.UNKNOWN_NOTEBOOKS, state=state))
    return change_of(specification.workflow(run.workflow_name), end, run.needed_days, history)


def carry_out(
    ctx: click.Context,
    specification: Specification,
    folder: Path,
    requests: list[dict[str, Any]],
    *,
    announcement: str | None = None,
    most_at_once: int | None,
    nb_workers: int | None,
    quiet: bool,
    adopt: bool,
    db: Path | None,
    local: bool,
    domain: str | None,
    region: str | None,
) -> int:
    check_one_place(local, domain)
    if domain is None or local or db is not None:
        return run_requests(
            specification,
            folder,
            requests,
            db=db,
            slots=nb_workers or usable_cores(),
            most_at_once=most_at_once,
            quiet=quiet,
            color=ctx.obj["color"],
            adopt=adopt,
            announcement=announcement,
        )
    refuse_options(ctx, "with --domain", ("nb_workers", "quiet"))
    from deciders.activities import DECISIONS
    from deciders.workflow_types import BACKFILL, NOTEBOOK, application_workflows
    from workers.runs.backfills import start_backfill
    from workers.runs.run_starts import REMOTE_STARTS_PER_SECOND

    with connected(domain, region) as service:
        for sentence in claim([specification], folder, domain=domain, adopt=adopt):
            say(sentence)
        Decider(service, domain, DECISIONS, application_workflows(NOTEBOOK, BACKFILL)).register_types()
        workflow_id, run_id = start_backfill(
            service,
            domain,
            specification,
            str(folder),
            payload_directory(None, folder),
            requests,
            most_at_once=most_at_once,
            starts_per_second=REMOTE_STARTS_PER_SECOND,
        )
    if run_id is None:
        raise DefinitionError(f"the same is under way as {workflow_id}")
    if announcement is not None:
        click.echo(announcement, err=True)
    click.echo(f"{workflow_id} {run_id}")
    return ExitCode.DONE


def _show(ctx: click.Context, chosen: list[Run], left_out: list[NotDue], without_data: list[date], *, why: bool) -> None:
    from deciders.dates.missing_dates import shown_periods

    as_table = wants_table(ctx)
    shown = chosen if as_table else chosen[:_MOST_SHOWN]
    stencils = [stencil_of(run) for run in shown] if as_table else telling_stencils(shown)
    table = Table(["date", "workflow", "parameters", *(["date_stencil"] if as_table or stencils else []), "why"])
    for number, run in enumerate(shown):
        row = [run.day.isoformat(), run.workflow_name, shown_settings(run.configured_parameters)]
        table.rows.append([*row, *stencils[number : number + 1], run.reason.because.text])
    if as_table:
        show(ctx, table)
        return
    if chosen:
        click.echo(formatted(table, with_header=True))
    if len(chosen) > _MOST_SHOWN:
        click.echo(f"and {len(chosen) - _MOST_SHOWN} more")
    click.echo(f"{counted(len(chosen), 'run')} to start, {len(left_out)} left out")
    for group, count in Counter(one.reason.group for one in left_out).most_common():
        click.echo(f"  {group.counted(count)}")
    if why:
        if left_out:
            click.echo(formatted(not_due_table(left_out), with_header=True))
        if without_data:
            click.echo(f"no data for {', '.join(shown_periods(without_data))}")
