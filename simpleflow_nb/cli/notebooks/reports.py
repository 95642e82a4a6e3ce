"""``reports.make``: the reports of runs made anew, without running a notebook."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ...application.asking.remade_reports import REMAKES, ReportsMade, WantedReports, make_reports
from ...application.events import Note, ReportMade, UnderWay
from ...application.files.specifications import read_specification
from ...application.files.workflow_files import outputs_folder
from ...application.wording.reports import failed_sentence, made_lines
from ...exceptions import SimpleflowError
from ...masking import masked
from ..file_words import file_and_words
from ..options import Day, outputs_option
from ..printing import json_option, print_document, print_lines
from ..progress import say
from .run_place import chosen_service, run_place_options


class ReportsFailed(SimpleflowError):
    """At least one report could not be made; the others were."""


@click.command("reports.make")
@file_and_words("[RUN]")
@click.option("--from", "first", type=Day(), metavar="DATE", help="Of the runs from this reference date on.")
@click.option("--to", "last", type=Day(), metavar="DATE", help="Of the runs to this reference date.")
@click.option("--label", metavar="LABEL", help="Only the reports of this notebook.")
@click.option(
    "--remake",
    type=click.Choice(REMAKES),
    default="all",
    show_default=True,
    help="Reports that are not there; those, and what would come out otherwise now; all of them.",
)
@click.option("--nb-workers", type=click.IntRange(min=1), help="Reports that are made at once. [default: number of cores]")
@outputs_option
@run_place_options
@json_option
def reports_make(
    file: Path | None,
    run: str | None,
    first: datetime | None,
    last: datetime | None,
    label: str | None,
    remake: str,
    nb_workers: int | None,
    outputs: Path | None,
    as_json: bool,
    **place: Any,
) -> None:
    """Make the reports of RUN (NAME/DATE or a workflow id), of the runs of a period or of all runs anew. No notebook is run.

    They are made of the executed notebooks that are kept, with the output, templates and fonts that FILE.yml names now, by this
    process, wherever the runs are kept; --domain says where to look for runs that are going on, which are left alone. The
    records say afterwards what came of it. Exit code 1: a report could not be made; 2: there is nothing that fits.
    """
    wanted = WantedReports(run, first.date() if first else None, last.date() if last else None, label, remake)
    wanted.check()
    specification = read_specification(file)
    folder = outputs_folder(outputs, specification.path)
    made = UnderWay(make_reports(specification, folder, chosen_service(folder, **place), wanted, workers=nb_workers))
    _show_progress(made, as_json=as_json)
    _show(made.result(), remake, as_json=as_json)


def _show_progress(made: UnderWay[ReportsMade], *, as_json: bool) -> None:
    for event in made:
        if isinstance(event, Note):
            say(event.text)
        elif isinstance(event, ReportMade):
            if not as_json:
                click.echo(masked(event.path))
            for warning in event.warnings:
                click.echo(masked(f"warning: {event.run}  {event.report}: {warning}"), err=True)


def _show(made: ReportsMade, remake: str, *, as_json: bool) -> None:
    """Print which reports were made.

    Raises:
        ReportsFailed: at least one report could not be made.
    """
    if as_json:
        print_document(made.to_dict())
    else:
        print_lines(made_lines(made, remake))
    if made.failed:
        raise ReportsFailed(masked(failed_sentence(made)))
