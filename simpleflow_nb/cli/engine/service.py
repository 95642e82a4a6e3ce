"""``service.start``: the local service for several processes on one machine."""

from __future__ import annotations

import ipaddress
import os
import queue
import signal
from pathlib import Path

import click

from ...environment import setting
from ...exceptions import DefinitionError, ServiceError
from ...local import checks
from ...local.faults import Fault
from ...local.http_service import HttpService
from ...local.journal_files import journal_path
from ...local.patience import JOURNAL_PATIENCE_SECONDS
from ...local.service import LocalService
from ...masking import SERVICE_TOKEN, SHORTEST_SERVICE_TOKEN, keep_secret
from ..process_title import TOKEN_OPTION, is_hidden_from_others

DEFAULT_PORT = 4617
_LOOK_SECONDS = 0.2

TRUSTED = (
    "without a token every user and every program of this machine may start, read and end runs; "
    "--token-file keeps it to those who have the token"
)
NOT_IMITATED = (
    "not imitated: child workflows, signals and cancel requests to other runs, Lambda, throttling, retention, "
    "tags and deprecation of domains, deletion of types"
)


@click.command("service.start")
@click.option(
    "--db", type=click.Path(path_type=Path, dir_okay=False), help="Journal. [default: .simpleflow-nb/journal.sqlite3]"
)
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
) -> None:
    """Serve SWF's calls on this machine: point boto3 and the AWS command line at it with AWS_ENDPOINT_URL."""
    address, colon, end = host.partition(":")
    if colon and end.isdigit():
        raise DefinitionError(f"--bind {host} has a port in it; give --bind {address} --port {end}")
    token = _token(token_file, typed_token)
    if token is None and not _is_loopback(host):
        raise DefinitionError(
            f"--bind {host} is open to other machines: give a token of 16 characters or more with --token-file or "
            "SIMPLEFLOW_NB_TOKEN"
        )
    try:
        checks.check_name("--domain", domain)
    except Fault as fault:
        raise DefinitionError(fault.message) from None
    journal = journal_path(db)
    service = LocalService.open(
        journal,
        durable=durable,
        domain=domain,
        workers_inside=False,
        poll_seconds=poll_seconds,
        journal_patience_seconds=journal_patience,
    )
    try:
        http = HttpService(service, host, port, token=token)
    except BaseException:
        service.close()
        raise
    stop: queue.SimpleQueue[None] = queue.SimpleQueue()  # the lock of an Event could be in the interrupted thread's hands
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.put(None))
    http.start()
    click.echo(f"AWS_ENDPOINT_URL={http.endpoint}  (domain {domain}, journal {journal}, process {os.getpid()})")
    if token is None:
        click.echo(TRUSTED)
    click.echo(NOT_IMITATED)
    while http.failure is None:
        try:
            stop.get(timeout=_LOOK_SECONDS)  # a signal that comes just before a wait without end would not end it
            break
        except queue.Empty:
            continue
    failure = http.failure
    http.close()
    if failure is not None:
        if not isinstance(failure, ServiceError):
            raise failure
        raise ServiceError(f"the service has ended: {failure}; what it had acknowledged is kept")


def _token(file: Path | None, typed: str | None) -> str | None:
    """What clients have to give; None if nobody has set it.

    Raises:
        DefinitionError: it was given twice, is too short, or stands in a file that cannot be read or has more in it.
    """
    if file is not None and typed is not None:
        raise DefinitionError("give --token-file alone, without --token")
    where, token = SERVICE_TOKEN, setting(SERVICE_TOKEN)
    if typed is not None:
        if not is_hidden_from_others():
            raise DefinitionError("--token can be read by everybody in ps; give --token-file FILE or SIMPLEFLOW_NB_TOKEN")
        click.echo(
            "simpleflow-nb: warning: --token was visible in ps during startup, and is in the shell's history; "
            "give --token-file FILE or SIMPLEFLOW_NB_TOKEN",
            err=True,
        )
        where, token = TOKEN_OPTION, typed.strip()
    elif file is not None:
        where, token = str(file), _file_text(file)
    elif not token:
        return None
    keep_secret(SERVICE_TOKEN, token)
    if len(token.split()) > 1:
        raise DefinitionError(f"the token in {where} has blanks or line ends in it; it is one word")
    if len(token) < SHORTEST_SERVICE_TOKEN:
        raise DefinitionError(f"the token in {where} has fewer than {SHORTEST_SERVICE_TOKEN} characters; that can be guessed")
    return token


def _file_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise DefinitionError(f"--token-file {file} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise DefinitionError(f"--token-file {file} is not text") from None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
