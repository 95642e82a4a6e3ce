"""``workflow.query``, ``workflow.stack``: a run's history is replayed here, to ask its code something."""

from __future__ import annotations

from typing import Any

import click

from ... import payload
from ...application.executions.notebook_executions import execution_meant
from ...application.executions.run_queries import answer_of, queries_in
from ...application.executions.run_stacks import stack_of
from ...application.wording.looks import answer_table, moment_lines, queries_table, stack_lines, stack_table
from ...environment import value_of
from ...exceptions import DefinitionError, QueryFailed
from ...local.service import DOMAIN
from ...masking import masked
from ...variables import SWF_DOMAIN
from ..arguments import given_arguments
from ..place import has_place, opened_place, place_options
from ..printing import documents_alone, json_option, print_document, print_lines, refuse_formats, show, wants_table
from ..progress import say
from .workflow import run_arguments


def class_option(command: Any) -> Any:
    text = "The run's class, such as package.module.Class. [default: the one named in its input]"
    return click.option("--class", "workflow", metavar="CLASS", help=text)(command)


@click.command("workflow.query")
@click.argument("words", nargs=-1, required=True, metavar="[DOMAIN] RUN [NAME]")
@place_options
@click.option(
    "--input", "-i", "text", help="Arguments of the query as JSON: a list, a value, or {'args': [...], 'kwargs': {...}}."
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="One keyword argument; the value is read as YAML.")
@click.option("--run-id", help="One of several runs of a workflow id. [default: the open one, or the latest]")
@class_option
@json_option
@click.pass_context
def workflow_query(
    ctx: click.Context,
    words: tuple[str, ...],
    text: str | None,
    settings: tuple[str, ...],
    run_id: str | None,
    workflow: str | None,
    as_json: bool,
    **place: Any,
) -> None:
    """Ask a run, open or closed: NAME is a @query method of its class; without NAME those are listed.

    The run's history is replayed here, in a folder that has its code; nothing is sent to its service. The answer is printed as
    JSON. It is the state after the last decision that is recorded: what has arrived since, the code has not seen yet.
    """
    names_query = names_method(words, place, "a query")
    arguments = given_arguments(text, None, settings)
    if arguments and not names_query:
        raise DefinitionError("--input and --set are arguments of a query; name it behind the run")
    as_table = wants_table(ctx, as_json=as_json) if names_query else not as_json
    if as_json:
        refuse_formats(ctx)
    with opened_place(words, needs=1 + names_query, **place) as (there, (run, *names)), documents_alone(as_json=True):
        execution = execution_meant(there, run, run_id)
        if not names:
            found = queries_in(there, execution, workflow=workflow)
        else:
            try:
                answer = answer_of(there, execution, names[0], arguments, workflow=workflow)
            except QueryFailed as error:
                say(masked(str(error)))
                if error.traceback:
                    click.echo(masked(error.traceback.rstrip()), err=True)
                ctx.exit(error.exit_code)
    if not names:
        if as_json:
            print_document(found.to_dict())
        elif not found.queries:
            say(f"{found.workflow} has no queries; write @query before a method of it")
        else:
            show(ctx, queries_table(found))
    elif as_json:
        print_document(answer.to_dict())
    elif as_table:
        show(ctx, answer_table(answer, is_json="json" in ctx.obj["style"]))
    else:
        for line in moment_lines(answer.moment):
            say(masked(line))
        click.echo(payload.encode(answer.answer))


def names_method(words: tuple[str, ...], place: dict[str, Any], what: str) -> bool:
    """Tell whether the words end with the name of a method of the run's class, ``what`` of it.

    Raises:
        DefinitionError: there are too many.
    """
    if (place["local"] or place["db"] is not None) and len(words) > 1 and words[0] == DOMAIN:
        words = words[1:]
    is_elsewhere = has_place(place) or (len(words) < 3 and value_of(SWF_DOMAIN) is not None)
    count = len(words) - (not is_elsewhere)
    if count > 2:
        raise DefinitionError(f"{' '.join(words)}: give a run and the name of {what}; --run-id is for the run id")
    return count == 2


@click.command("workflow.stack")
@run_arguments
@class_option
@json_option
@click.pass_context
def workflow_stack(ctx: click.Context, run: tuple[str, ...], workflow: str | None, as_json: bool, **place: Any) -> None:
    """Show where the code of an open run waits, line by line, and for what.

    The run's history is replayed here, in a folder that has its code; nothing is sent to its service.
    """
    as_table = wants_table(ctx, as_json=as_json)
    with opened_place(run, **place) as (there, words), documents_alone(as_json=True):
        stack = stack_of(there, execution_meant(there, *words), workflow=workflow)
    if as_json:
        print_document(stack.to_dict())
    elif as_table:
        show(ctx, stack_table(stack))
    else:
        print_lines(map(masked, stack_lines(stack)))
