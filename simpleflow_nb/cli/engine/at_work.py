"""Processes that work for a domain until they are told to stop, and what is said of it."""

from __future__ import annotations

import logging
import sys

import click

from ...processes.process_title import name_process
from ...processes.stopping import STOPPING, Stoppable, run_until_stopped
from ...processes.supervisor import Supervisor, is_child, this_command

logger = logging.getLogger(__name__)


def supervise(number: int, title: str, domain: str | None) -> None:
    """Run that many processes of this command instead of one; never returns."""
    supervisor = Supervisor(
        this_command(),
        number,
        on_start=lambda: _tell(f"{number} {title} at work in domain {domain}"),
        on_stop=lambda: _tell(STOPPING),
    )
    name_process(title)
    raise click.exceptions.Exit(supervisor.run())


def run(process: Stoppable, title: str, domain: str | None) -> None:
    """Run this process until it is told to stop, under that title."""
    name_process(f"{title}[running]")
    at_work = f"{title} at work in domain {domain}"

    def tell_stop() -> None:
        name_process(f"{title}[stopping]")
        _tell(STOPPING)

    run_until_stopped(process, on_start=lambda: _tell(at_work), on_stop=tell_stop)


def _tell(sentence: str) -> None:
    """Print a sentence for the person who has typed the command, or log it where nobody has."""
    if sys.stderr.isatty() and not is_child():
        click.echo(f"simpleflow-nb: {sentence}", err=True)
    else:
        logger.info(sentence)
