"""A moto server over HTTP, for tests on something that is not ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer
from moto.swf import swf_backends

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}


@contextmanager
def moto_endpoint() -> Iterator[str]:
    """The address of a fresh moto server."""
    for regions in swf_backends.values():  # one for all servers of a process, and kept when they stop
        for backend in regions.values():
            backend.reset()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """These environment variables, and AWS credentials, for the length of the block."""
    former = dict(os.environ)
    os.environ.update(CREDENTIALS | values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(former)
