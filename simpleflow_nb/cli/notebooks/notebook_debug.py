"""``notebook.debug``: a notebook of a run, to be opened or run by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ...application.files.packages import require_application
from ...application.files.specifications import read_specification
from ...application.files.workflow_files import default_file, is_no_domain, outputs_folder
from ...application.notebooks.debugged_notebooks import DebuggedRun, debugged_notebook, run_at_place, run_in_records
from ...exceptions import DefinitionError
from ..options import outputs_option
from ..place import has_place, opened_place, place_options
from ..printing import json_option, print_document
from ..unused_options import refuse_options
from .run_place import place_of_file


@click.command("notebook.debug")
@click.argument("words", nargs=-1, required=True, metavar="[FILE.yml | DOMAIN] RUN LABEL[:INDEX]")
@place_options
@outputs_option
@click.option("--into", type=click.Path(path_type=Path), help="Folder for it. [default: debug/WORKFLOW/INSTANCE/LABEL here]")
@json_option
@click.pass_context
def notebook_debug(
    ctx: click.Context, words: tuple[str, ...], outputs: Path | None, into: Path | None, as_json: bool, **place: Any
) -> None:
    """Prepare a notebook of a run with the very parameters that it had, and say how to open it.

    LABEL:INDEX is one of the items of a label that has several, such as day:3.
    Without FILE.yml, and with --local, --db or a domain, the run is looked for there. Nothing is executed, and what the run has
    left stays as it is.
    """
    require_application()
    if len(words) < 2:
        raise DefinitionError("name the run and the label of the notebook")
    *run, label = words
    found = debugged_notebook(_known_run(ctx, run, outputs, place), label, into)
    if found.has_changed:
        click.echo(f"{found.source} has changed since it ran; this is the present version", err=True)
    for path in found.kept:
        click.echo(f"what was here before is kept as {path}", err=True)
    if as_json:
        print_document(found.to_dict())
        return
    click.echo(f"{found.path}  ({found.how_it_went})")
    click.echo(f"open it:  {found.open_command}")
    click.echo(f"run it:   {found.run_command}")


def _known_run(ctx: click.Context, run: Sequence[str], outputs: Path | None, place: dict[str, Any]) -> DebuggedRun:
    is_named = len(run) == 2 and is_no_domain(run[0])
    if is_named or (len(run) == 1 and not has_place(place) and default_file() is not None):
        specification = read_specification(Path(run[0]) if is_named else None)
        folder = outputs_folder(outputs, specification.path)
        with place_of_file(folder, place) as there:
            return run_in_records(specification, folder, there, run[-1])
    refuse_options(ctx, "where no FILE.yml is named", {"outputs": "the run says where they are"})
    with opened_place(tuple(run), **place) as (there, words):
        return run_at_place(there, *words)
