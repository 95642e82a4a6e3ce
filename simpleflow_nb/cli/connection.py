"""The options that say which service a command works with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..application.services import Local, Service, Swf
from ..constants import STATE_FOLDER
from ..processes.connection import DEFAULT_RETENTION_DAYS, named_domain
from ..variables import SWF_DOMAIN
from .options import region_option

F = TypeVar("F", bound=Callable[..., Any])

CREATION_HINT = "--create-domain makes it"  #: for commands with `domain_options`, where there is no such domain


def domain_options(command: F) -> F:
    """Add ``--domain``, ``--region``, ``--create-domain``, ``--retention-days``."""
    kind, text = click.IntRange(0, 90), "How long a created domain keeps closed runs."
    option = click.option("--retention-days", type=kind, default=DEFAULT_RETENTION_DAYS, show_default=True, help=text)
    command = option(command)
    command = click.option("--create-domain", is_flag=True, help="Register the domain if it does not exist.")(command)
    command = region_option(command)
    text = f"SWF domain. [default: ${SWF_DOMAIN.name}]"
    return click.option("--domain", "-d", envvar=SWF_DOMAIN.name, help=text)(command)


def service_to_start_on(ctx: click.Context, local: Local) -> Service:
    """Return the service that the options of this module mean beside ``--local``: this machine, or a domain.

    Raises:
        DefinitionError: neither was named.
    """
    given = ctx.params
    if given["local"]:
        return local
    domain = named_domain(given["domain"])
    return Swf(domain, given["region"], given["create_domain"], given["payloads"], given["retention_days"], hint=CREATION_HINT)


def payloads_option(command: F) -> F:
    text = f"Folder for payloads too long for a history, the same for all processes. [default: {STATE_FOLDER}/payloads here]"
    return click.option("--payloads", type=click.Path(path_type=Path, file_okay=False), help=text)(command)
