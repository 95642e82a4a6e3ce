"""The arguments of a run that is started from the command line, and how the run is to be marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from .. import payload
from ..application.files.typed_values import typed_values
from ..constants import MAX_RUN_SECONDS
from ..exceptions import DefinitionError
from ..invisible import invisible_in
from ..masking import refuse_secrets

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--input", "-i", "text", help="Arguments as JSON: a list, a value, or {'args': [...], 'kwargs': {...}}."),
    click.option("--input-file", type=click.File(encoding="utf-8"), help="The same from a file; - reads standard input."),
    click.option(
        "--set", "settings", multiple=True, metavar="NAME=VALUE", help="One keyword argument; the value is read as YAML."
    ),
    click.option("--tags", help="Up to five, separated by commas."),
    click.option("--execution-timeout", type=click.IntRange(1, MAX_RUN_SECONDS), help="Seconds after which the run is ended."),
)


def arguments_options(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def given_arguments(
    text: str | None, input_file: Any, settings: tuple[str, ...], takes_names: Callable[[], bool] = lambda: False
) -> dict[str, Any]:
    """Return ``{"args": [...], "kwargs": {...}}``, each only when there is one. For ``takes_names`` see `payload.parse_input`.

    Raises:
        DefinitionError: text that is no input, a setting that is none, text and a file, or a secret among them.
    """
    if input_file is not None:
        if text is not None:
            raise DefinitionError("--input and --input-file exclude each other; give one")
        try:
            text = input_file.read()
        except UnicodeDecodeError as error:
            raise DefinitionError(f"--input-file {input_file.name}: it is not UTF-8 at byte {error.start + 1}") from None
    try:
        arguments = payload.parse_input(text, takes_names)
    except ValueError as error:
        raise DefinitionError(f"--input: {error}") from None
    keywords = {**arguments.pop("kwargs", {}), **set_values(settings)}
    given = arguments | ({"kwargs": keywords} if keywords else {})
    refuse_secrets(given)
    return given


def set_values(pairs: Sequence[str]) -> dict[str, Any]:
    """Return the values of ``--set``, and print the warnings of them. See `typed_values`.

    Raises:
        DefinitionError: one of them is none.
    """
    values, warnings = typed_values(pairs)
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    return values


def checked_id(given: str | None) -> str | None:
    """Return the workflow id as it was given; None if none was.

    Raises:
        DefinitionError: a workflow id holds a character that nobody sees; what else it may not hold is the service's to say.
    """
    if given is not None and (invisible := invisible_in(given)) is not None:
        raise DefinitionError(f"--workflow-id {given!r} holds the invisible character {invisible}; write it without")
    return given


def given_tags(tags: str | None) -> list[str]:
    return [tag.strip() for tag in tags.split(",") if tag.strip()] if tags else []
