"""``backfill``: runs that a person asks for by their dates."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ...application.asking.backfills import RERUNS, Backfill, BackfillPlan, carry_out, planned_backfill
from ...application.events import UnderWay
from ...application.services import Swf
from ...application.wording.backfills import backfill_lines, backfill_table
from ...exceptions import DefinitionError, ExitCode
from ..file_words import file_and_words
from ..options import Day, adopt_option, conditions_of, force_option, notebook_workers_option, outputs_option, quiet_option
from ..printing import json_option, print_document, print_lines, show, wants_table
from ..unused_options import refuse_options
from .run_place import chosen_project, run_place_options
from .summary import show_call


@click.command("backfill")
@file_and_words("NAME")
@click.option("--from", "first", required=True, type=Day(), metavar="DATE", help="The first reference date.")
@click.option("--to", "last", required=True, type=Day(), metavar="DATE", help="The last reference date.")
@click.option(
    "--rerun",
    type=click.Choice(RERUNS),
    default="missing",
    show_default=True,
    help="Dates that have not run yet; those and what failed or was skipped; what has run with notebooks that have changed "
    "since; everything, from scratch.",
)
@click.option("--latest-first", is_flag=True, help="Begin with the last date.")
@click.option("--max-parallel", type=click.IntRange(min=1), help="The most runs that are open at once. [default: no limit]")
@click.option("--only", metavar="LABEL", help="Run this notebook alone, and those it needs as far as they have not succeeded.")
@click.option("--dry-run", is_flag=True, help="Show what would be started, and start nothing.")
@click.option("--why", is_flag=True, help="With --dry-run, also list every date that is left out, with what it lacks.")
@notebook_workers_option
@quiet_option
@outputs_option
@adopt_option
@force_option
@run_place_options
@json_option
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
    adopt: bool,
    force: bool,
    as_json: bool,
    **place: Any,
) -> None:
    """Run workflow NAME for the available dates of a period that its entry chooses, also before its earliest_date.

    What runs is never started again. On this machine the runs are carried out here, or in the process that has the journal,
    and waited for. With --domain an execution starts them on SWF, and its id is printed.
    """
    if not dry_run and ctx.parent is not None:
        refuse_options(ctx.parent, "without --dry-run", ("style", "header"))
    wanted = Backfill(name, first.date(), last.date(), rerun, only, latest_first, force)
    wanted.check()
    if why and not dry_run:
        raise DefinitionError("--why goes with --dry-run")
    specification, folder, service = chosen_project(file, **place)
    plan = planned_backfill(specification, folder, service, wanted, adopt=adopt)
    if dry_run or not (plan.is_needed or as_json):
        _show_plan(ctx, plan, why=why, as_json=as_json)
        ctx.exit(ExitCode.DONE)
    if isinstance(service, Swf):
        refuse_options(ctx, "with --domain", ("nb_workers", "quiet"))
    how = conditions_of(nb_workers, adopt=adopt, force=force)
    call = carry_out(specification, folder, service, wanted, plan, most_at_once=max_parallel, conditions=how)
    ctx.exit(show_call(ctx, UnderWay(call), quiet=quiet, as_json=as_json))


def _show_plan(ctx: click.Context, plan: BackfillPlan, *, why: bool, as_json: bool) -> None:
    as_table = wants_table(ctx, as_json=as_json)
    if as_json:
        print_document(plan.to_dict())
    elif as_table:
        show(ctx, backfill_table(plan))
    else:
        print_lines(backfill_lines(plan, has_reasons=why))
