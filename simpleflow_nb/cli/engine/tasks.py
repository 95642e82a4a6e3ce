"""``task.info``: looking at one task of an execution."""

from __future__ import annotations

from typing import Any

import click

from ...application.executions.notebook_executions import execution_meant
from ...environment import value_of
from ...exceptions import DefinitionError
from ...inspection import documents
from ...inspection import executions as inspection
from ...variables import SWF_DOMAIN
from ..place import has_place, opened_place, place_options
from ..printing import json_option, print_document, refuse_formats, show


@click.command("task.info")
@click.argument("words", nargs=-1, required=True, metavar="[DOMAIN] RUN [RUN_ID] TASK_ID")
@place_options
@click.option("--details", is_flag=True, help="Show the details of a failure too, such as its traceback.")
@json_option
@click.pass_context
def task_info(ctx: click.Context, words: tuple[str, ...], details: bool, as_json: bool, **place: Any) -> None:
    """Show one task of an execution: its last attempt, or the one that TASK_ID ends with."""
    *run, task = words
    if not run:
        raise DefinitionError(f"name the run before the task {task!r}; workflow.list shows which runs there are")
    if len(run) == 1 and not has_place(place) and value_of(SWF_DOMAIN) is None:
        raise DefinitionError(
            f"{' '.join(words)}: name the domain, the run and the task; or the run and the task, with --domain (or SWF_DOMAIN) "
            "or --local"
        )
    with opened_place(tuple(run), **place) as (there, found):
        execution = execution_meant(there, *found)
        if as_json:
            refuse_formats(ctx)
            print_document(documents.task_document(there.service, there.domain, execution, task))
            return
        table = inspection.task_table(there.service, there.domain, execution, task, with_details=details)
    show(ctx, table)
