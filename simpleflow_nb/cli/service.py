"""``service.start``: the local service for several processes on one machine."""

from __future__ import annotations

import ipaddress
import os
import queue
import signal
from pathlib import Path

import click

from ..exceptions import DefinitionError
from ..local import checks
from ..local.faults import Fault
from ..local.http_service import HttpService
from ..local.service import LocalService
from .options import journal_path

DEFAULT_PORT = 4617
_LOOK_SECONDS = 0.2

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
@click.option("--token", envvar="SIMPLEFLOW_NB_TOKEN", help="What clients give as access key id; needed beyond loopback.")
@click.option("--domain", "domain", default="local", show_default=True, help="Domain that exists from the start.")
@click.option(
    "--poll-seconds", type=click.FloatRange(0.1, 60), default=60, show_default=True, help="How long a poll waits for a task."
)
@click.option("--durable", is_flag=True, help="Survive a power cut as well, at the price of a disk flush for each step.")
def service_start(
    db: Path | None, port: int, host: str, token: str | None, domain: str, poll_seconds: float, durable: bool
) -> None:
    """Serve SWF's calls on this machine: point boto3 and the AWS command line at it with AWS_ENDPOINT_URL."""
    address, colon, end = host.partition(":")
    if colon and end.isdigit():
        raise DefinitionError(f"--bind {host} has a port in it; give --bind {address} --port {end}")
    if token is None and not _is_loopback(host):
        raise DefinitionError(f"--bind {host} is open to other machines: give a --token of 16 characters or more")
    if token is not None and len(token) < 16:
        raise DefinitionError("the --token has fewer than 16 characters; that can be guessed")
    try:
        checks.check_name("--domain", domain)
    except Fault as fault:
        raise DefinitionError(fault.message) from None
    journal = journal_path(db)
    service = LocalService.open(journal, durable=durable, domain=domain, workers_inside=False, poll_seconds=poll_seconds)
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
    click.echo(NOT_IMITATED)
    while True:
        try:
            stop.get(timeout=_LOOK_SECONDS)  # a signal that comes just before a wait without end would not end it
            break
        except queue.Empty:
            continue
    http.close()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
