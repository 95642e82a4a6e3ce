"""``service.start``: the local service for several processes on one machine."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import click

from ...constants import STATE_FOLDER
from ...exceptions import DefinitionError
from ...inspection.documents import document_of
from ...local.journal_files import JOURNAL, journal_path
from ...local.patience import JOURNAL_PATIENCE_SECONDS
from ...local.served_journal import ServedJournal
from ...processes.interrupts import Interrupts
from ...processes.process_title import TOKEN_OPTION
from ...processes.service_token import TYPED_TOKEN, checked_token
from ...variables import AWS_ENDPOINT_URL
from ..printing import print_line

DEFAULT_PORT = 4617


@click.command("service.start")
@click.option("--db", type=click.Path(path_type=Path, dir_okay=False), help=f"Journal. [default: {STATE_FOLDER}/{JOURNAL}]")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0 takes a free one.")
@click.option("--bind", "host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    help="File with what clients give as access key id; needed beyond loopback. [default: SIMPLEFLOW_NB_TOKEN]",
)
@click.option(TOKEN_OPTION, "typed_token", help="The same for all to read in ps and in the shell's history: do not use it.")
@click.option("--domain", "domain", default="local", show_default=True, help="Domain that exists from the start.")
@click.option(
    "--poll-seconds", type=click.FloatRange(0.1, 60), default=60, show_default=True, help="How long a poll waits for a task."
)
@click.option(
    "--journal-patience",
    type=click.FloatRange(0, 3600),
    default=JOURNAL_PATIENCE_SECONDS,
    show_default=True,
    help="How many seconds a journal that cannot be written is tried again, before the service ends with exit code 3.",
)
@click.option("--durable", is_flag=True, help="Survive a power cut as well, at the price of a disk flush for each step.")
@click.option(
    "--quotas",
    is_flag=True,
    help="Throttle calls and decisions as Amazon SWF does in a new account; they are otherwise unlimited.",
)
@click.option("--json", "as_json", is_flag=True, help="Print where it serves as one line of JSON, for programs.")
def service_start(
    db: Path | None,
    port: int,
    host: str,
    token_file: Path | None,
    typed_token: str | None,
    domain: str,
    poll_seconds: float,
    journal_patience: float,
    durable: bool,
    quotas: bool,
    as_json: bool,
) -> None:
    """Serve SWF's calls on this machine: point boto3 and the AWS command line at it with AWS_ENDPOINT_URL."""
    address, colon, end = host.partition(":")
    if colon and end.isdigit():
        raise DefinitionError(f"--bind {host} has a port in it; give --bind {address} --port {end}")
    token = checked_token(host, token_file, typed_token)
    if typed_token is not None:
        click.echo(f"simpleflow-nb: warning: {TYPED_TOKEN}", err=True)
    served = ServedJournal(
        journal_path(db),
        domain=domain,
        host=host,
        port=port,
        token=token,
        durable=durable,
        poll_seconds=poll_seconds,
        journal_patience_seconds=journal_patience,
        quotas=quotas,
    )
    # until it is closed an interrupt is counted; before it is open it ends us as it would anybody
    with ExitStack() as handlers, served.serving() as endpoint:
        interrupts = handlers.enter_context(Interrupts())
        _tell(endpoint, served, as_json=as_json)
        served.wait(lambda: interrupts.count > 0)


def _tell(endpoint: str, served: ServedJournal, *, as_json: bool) -> None:
    pid, notes = os.getpid(), served.notes
    if as_json:
        service = {"endpoint": endpoint, "domain": served.domain, "journal": str(served.journal), "pid": pid, "notes": notes}
        print_line(document_of("service", service))
        return
    click.echo(f"{AWS_ENDPOINT_URL.name}={endpoint}  (domain {served.domain}, journal {served.journal}, process {pid})")
    for note in notes:
        click.echo(note)
