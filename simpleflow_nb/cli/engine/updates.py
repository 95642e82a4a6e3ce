"""``workflow.update``: an open run is asked to change, and its answer is waited for."""

from __future__ import annotations

from typing import Any

import click

from ... import payload
from ...application.executions.notebook_executions import execution_meant
from ...application.executions.run_updates import ANSWER_SECONDS, RunUpdate, RunUpdates, answered, send, updates_in
from ...application.places import Place
from ...application.wording.looks import update_sent, update_table, updates_table
from ...masking import masked
from ..arguments import given_arguments
from ..place import opened_place, place_options
from ..printing import documents_alone, json_option, print_document, refuse_formats, show, wants_table
from ..progress import say
from ..unused_options import refuse_options
from .looking import class_option, names_method

_OF_A_REQUEST = {
    "text": "name the update that they are for, behind the run",
    "settings": "name the update that they are for, behind the run",
    "is_unchecked": "name the update that is to be sent, behind the run",
}


@click.command("workflow.update")
@click.argument("words", nargs=-1, required=True, metavar="[DOMAIN] RUN [NAME]")
@place_options
@click.option(
    "--input", "-i", "text", help="Arguments of the update as JSON: a list, a value, or {'args': [...], 'kwargs': {...}}."
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="One keyword argument; the value is read as YAML.")
@click.option(
    "--timeout",
    "seconds",
    type=click.FloatRange(min=0),
    default=ANSWER_SECONDS,
    show_default=True,
    help="Seconds to wait for the answer; 0 sends the request and prints its id.",
)
@click.option(
    "--id",
    "id",
    help="Id of the request, which is carried out once however often it is sent; without NAME the answer to it is asked for.",
)
@click.option("--run-id", help="One of several runs of a workflow id. [default: the open one, or the latest]")
@class_option
@click.option(
    "--unchecked", "is_unchecked", is_flag=True, help="Send it without a check here, for which the run's code is needed."
)
@json_option
@click.pass_context
def workflow_update(
    ctx: click.Context,
    words: tuple[str, ...],
    text: str | None,
    settings: tuple[str, ...],
    seconds: float,
    id: str | None,
    run_id: str | None,
    workflow: str | None,
    is_unchecked: bool,
    as_json: bool,
    **place: Any,
) -> None:
    """Ask an open run to change, and wait for its answer.

    NAME is an @update method of the run's class; without NAME those are listed. The run's history is replayed here first, in a
    folder that has its code: nothing is sent if there is no such update, if it does not take these arguments, or if its
    validator refuses them. The answer is printed as JSON.
    """
    is_named = names_method(words, place, "an update")
    if not is_named:
        refuse_options(ctx, "without an update", _OF_A_REQUEST)
    is_list = not is_named and id is None
    as_table = wants_table(ctx, as_json=as_json) if not is_list else not as_json
    if as_json:
        refuse_formats(ctx)
    arguments = given_arguments(text, None, settings)
    with opened_place(words, needs=1 + is_named, **place) as (there, (run, *names)), documents_alone(as_json=True):
        execution = execution_meant(there, run, run_id)
        found: RunUpdate | RunUpdates
        if is_list:
            found = updates_in(there, execution, workflow=workflow)
        elif names:
            sent = send(there, execution, names[0], arguments, id=id, workflow=workflow, is_checked=not is_unchecked)
            found = _waited_for(there, execution, sent, seconds) if seconds else sent
        else:
            assert id is not None
            found = answered(there, execution, id, timeout_seconds=seconds)
    if as_json:
        print_document(found.to_dict())
    elif isinstance(found, RunUpdates):
        if not found.updates:
            say(f"{found.workflow} has no updates; write @update before a method of it")
        else:
            show(ctx, updates_table(found))
    elif as_table:
        show(ctx, update_table(found, is_json="json" in ctx.obj["style"]))
    elif found.is_answered:
        click.echo(payload.encode(found.answer))
    else:
        say(masked(update_sent(found)))
        click.echo(found.id)


def _waited_for(there: Place, execution: dict[str, str], sent: RunUpdate, seconds: float) -> RunUpdate:
    """Return the answer. The id of the request is said first: whoever interrupts this asks for the answer with it."""
    say(masked(update_sent(sent)))
    return answered(there, execution, sent.id, timeout_seconds=seconds, sent=sent)
