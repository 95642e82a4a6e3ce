"""The options that limit a notebook, in words such as ``10m`` and ``2GiB``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--timeout", metavar="DURATION", help="Stop it after this time: 90, 10m, 2h."),
    click.option("--cell-timeout", metavar="DURATION", help="Stop it when a cell takes longer than this."),
    click.option("--memory-limit", metavar="SIZE", help="Kill it when it uses more memory than this: 500MB, 2GiB."),
    click.option("--output-limit", metavar="SIZE", help="Stop it when it prints more than this. [default: 100MB]"),
    click.option("--display-limit", metavar="SIZE", help="Stop it when tables and pictures take more. [default: 500MB]"),
)


def limit_options(command: F) -> F:
    """Add ``--timeout``, ``--cell-timeout``, ``--memory-limit``, ``--output-limit``, ``--display-limit``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
