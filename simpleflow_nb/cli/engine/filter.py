"""``workflow.filter``: executions by several conditions."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import click

from ...inspection.filters import CLOSE_STATUSES, ExecutionFilter, filter_document, filter_table
from ..options import DAYS, Day
from ..place import opened_place, place_options
from ..printing import json_option, print_document, refuse_formats, show

DAY_SECONDS = 86_400


@click.command("workflow.filter")
@click.argument("words", nargs=-1, metavar="[DOMAIN]")
@place_options
@click.option("--status", "-s", type=click.Choice(["open", "closed"]), default="open", show_default=True, help="Which runs.")
@click.option(
    "--close-status",
    "-c",
    type=click.Choice(CLOSE_STATUSES, case_sensitive=False),
    help="How they have ended; closed ones only.",
)
@click.option("--tag", help="One of their tags.")
@click.option("--workflow-id", help="Their id.")
@click.option("--workflow-type-name", help="Name of their type.")
@click.option("--workflow-type-version", help="Version of their type.")
@click.option("--started-since", "-d", "days", type=DAYS, default=30, show_default=True, help="Started in the last N days.")
@click.option("--from-date", type=Day(), help="Started on this day, UTC, or later; instead of --started-since.")
@click.option("--to-date", type=Day(), help="Started on this day, UTC, or before.")
@json_option
@click.pass_context
def workflow_filter(
    ctx: click.Context,
    words: tuple[str, ...],
    status: str,
    close_status: str | None,
    tag: str | None,
    workflow_id: str | None,
    workflow_type_name: str | None,
    workflow_type_version: str | None,
    days: int,
    from_date: datetime | None,
    to_date: datetime | None,
    as_json: bool,
    **place: Any,
) -> None:
    """List executions that fit all conditions, newest first."""
    since = time.time() - days * DAY_SECONDS if from_date is None else from_date.replace(tzinfo=UTC).timestamp()
    wanted = ExecutionFilter(
        is_open=status == "open" and close_status is None,
        oldest=max(0.0, since),
        latest=None if to_date is None else to_date.replace(tzinfo=UTC).timestamp() + DAY_SECONDS,
        workflow_id=workflow_id,
        type_name=workflow_type_name,
        type_version=workflow_type_version,
        tag=tag,
        close_status=close_status,
    )
    with opened_place(words, needs=0, **place) as (there, _):
        if as_json:
            refuse_formats(ctx)
            print_document(filter_document(there.service, there.domain, wanted))
            return
        table = filter_table(there.service, there.domain, wanted)
    if not table.rows:
        hint = "; --status closed lists those that have ended" if wanted.is_open else ""
        click.echo(f"no executions fit{hint}", err=True)
    show(ctx, table)
