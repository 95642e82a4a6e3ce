"""The options that say which service a command works with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..processes.connection import DEFAULT_RETENTION_DAYS, DOMAIN_VARIABLE

F = TypeVar("F", bound=Callable[..., Any])

CREATION_HINT = "--create-domain makes it"  #: for commands with `domain_options`, where there is no such domain


def domain_options(command: F) -> F:
    """``--domain``, ``--region``, ``--create-domain``, ``--retention-days``."""
    command = click.option(
        "--retention-days",
        type=click.IntRange(0, 90),
        default=DEFAULT_RETENTION_DAYS,
        show_default=True,
        help="How long a created domain keeps closed runs.",
    )(command)
    command = click.option("--create-domain", is_flag=True, help="Register the domain if it does not exist.")(command)
    command = click.option("--region", envvar="AWS_DEFAULT_REGION", help="AWS region. [default: as boto3 finds it]")(command)
    return click.option("--domain", "-d", envvar=DOMAIN_VARIABLE, help=f"SWF domain. [default: ${DOMAIN_VARIABLE}]")(command)


def payloads_option(command: F) -> F:
    text = "Folder for payloads too long for a history, the same for all processes. [default: .simpleflow-nb/payloads here]"
    return click.option("--payloads", type=click.Path(path_type=Path, file_okay=False), help=text)(command)
