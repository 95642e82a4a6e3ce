"""``workflow.graph``: labels or tasks, and what leads from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ...application.executions.notebook_executions import execution_meant
from ...application.files.workflow_files import default_file, has_ending, is_no_domain, outputs_folder
from ...application.graphs.drawings import FORMATS, Drawing, drawn
from ...application.graphs.task_graphs import graph_of_tasks
from ...constants import NOTEBOOK_TYPE
from ...exceptions import DefinitionError
from ...inspection.executions import history
from ...masking import masked
from ..notebooks.run_place import chosen_service
from ..options import outputs_option
from ..place import has_place, opened_place, place_options
from ..progress import say
from ..unused_options import refuse_options


@click.command("workflow.graph")
@click.argument("words", nargs=-1, required=True, metavar="FILE.yml:NAME | [FILE.yml | DOMAIN] RUN")
@click.option(
    "--format",
    "format",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="text, for Mermaid, for Graphviz, or a picture.",
)
@place_options
@outputs_option
@click.pass_context
def workflow_graph(ctx: click.Context, words: tuple[str, ...], format: str, outputs: Path | None, **place: Any) -> None:
    """Print the graph of a workflow of a file, or of a run with the states of its labels or tasks.

    NAME alone is a workflow of the workflows.yml here. Of a run of a Python workflow the history tells which tasks had ended
    when others were scheduled. No other program is needed, and the drawing refers to nothing outside of itself.
    """
    drawing = _drawing(ctx, words, format, outputs, place)
    for note in drawing.notes:
        say(masked(note))
    click.echo(masked(drawing.text), nl=False)


def _drawing(ctx: click.Context, words: Sequence[str], format: str, outputs: Path | None, place: dict[str, Any]) -> Drawing:
    file, colon, name = words[0].rpartition(":")
    if colon and has_ending(file):
        if len(words) > 1:
            raise DefinitionError(f"{' '.join(words)}: give FILE.yml:NAME, or FILE.yml and a run")
        refuse_options(ctx, "for FILE.yml:NAME, of which no run is drawn", ("outputs", "local", "db", "domain", "region"))
        return _of_workflow(Path(file), name, format)
    if len(words) == 2 and is_no_domain(words[0]):
        return _of_file(Path(words[0]), words[1], format, outputs, place)
    if len(words) == 1 and has_ending(words[0]):
        raise DefinitionError(f"{words[0]} has workflows by name; write {words[0]}:NAME, or name a run of it")
    if len(words) == 1 and not has_place(place):
        _refuse_class(words[0])
        if default_file() is not None:
            return _of_file(None, words[0], format, outputs, place)
    refuse_options(ctx, "where no FILE.yml is named", {"outputs": "the service has the run"})
    with opened_place(tuple(words), **place) as (there, run):
        execution = execution_meant(there, *run)
        kind = history(there.service, there.domain, execution)[0]["workflowExecutionStartedEventAttributes"]["workflowType"]
        if kind["name"] == NOTEBOOK_TYPE:
            say("the tasks of a run of notebooks; workflow.graph FILE.yml RUN draws its labels")
        return drawn(graph_of_tasks(there, execution), format)


def _of_workflow(file: Path, name: str, format: str) -> Drawing:
    from ...application.files.packages import require_application
    from ...application.files.specifications import read_specification
    from ...application.graphs.file_graphs import graph_of_workflow

    require_application()
    return drawn(graph_of_workflow(read_specification(file).workflow(name)), format)


def _of_file(file: Path | None, name: str, format: str, outputs: Path | None, place: dict[str, Any]) -> Drawing:
    from ...application.files.packages import require_application
    from ...application.files.specifications import read_specification
    from ...application.graphs.file_graphs import graph_of_name

    require_application()
    specification = read_specification(file)
    folder = outputs_folder(outputs, specification.path)
    return drawn(graph_of_name(specification, folder, chosen_service(folder, **place), name), format)


def _refuse_class(word: str) -> None:
    """Refuse a workflow class.

    Raises:
        DefinitionError: the word is the dotted path of one: what its tasks are, only a run of it tells.
    """
    from ...exceptions import SimpleflowError
    from ...processes.workflow_classes import workflow_class

    if "." not in word or "/" in word:
        return
    try:
        workflow_class(word)
    except SimpleflowError:
        return  # it is the id of a run
    raise DefinitionError(
        f"{word} is a class, whose tasks are known from the history of a run alone; name a run of it: "
        "workflow.graph --local RUN, or workflow.graph DOMAIN RUN"
    )
