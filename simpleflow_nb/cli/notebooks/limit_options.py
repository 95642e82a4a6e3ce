"""The options that limit a notebook, in words such as ``10m`` and ``2GiB``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ...application.packages import require_application
from ...application.single_notebooks import Limits
from ...exceptions import DefinitionError

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--timeout", metavar="DURATION", help="Stop it after so long: 90, 10m, 2h."),
    click.option("--cell-timeout", metavar="DURATION", help="Stop it when a cell takes so long."),
    click.option("--memory-limit", metavar="SIZE", help="Kill it when it has more memory: 500MB, 2GiB."),
    click.option("--output-limit", metavar="SIZE", help="Stop it when it prints more. [default: 100MB]"),
    click.option("--display-limit", metavar="SIZE", help="Stop it when it displays more: tables, pictures. [default: 500MB]"),
)


def limit_options(command: F) -> F:
    """Add ``--timeout``, ``--cell-timeout``, ``--memory-limit``, ``--output-limit``, ``--display-limit``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def given_limits(
    *,
    timeout: str | None,
    cell_timeout: str | None,
    memory_limit: str | None,
    output_limit: str | None,
    display_limit: str | None,
) -> Limits:
    """
    Raises:
        DefinitionError: one of them is no duration, or no size.
    """
    require_application()
    from deciders.specification.notebook_limits import duration_seconds, memory_bytes

    return Limits(
        _limit("--timeout", timeout, duration_seconds),
        _limit("--cell-timeout", cell_timeout, duration_seconds),
        _limit("--memory-limit", memory_limit, memory_bytes),
        _limit("--output-limit", output_limit, memory_bytes),
        _limit("--display-limit", display_limit, memory_bytes),
    )


def _limit(option: str, text: str | None, read: Callable[[Any], Any]) -> Any:
    if text is None:
        return None
    try:
        number: Any = float(text)
    except ValueError:
        number = text
    try:
        return read(number)
    except ValueError as error:
        raise DefinitionError(f"{option} {text}: give {error}") from None
