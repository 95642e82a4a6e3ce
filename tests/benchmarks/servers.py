"""The services that deciders and workers are measured on, each in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": "eu-west-1"}
DOMAIN = "bench"

#: moto itself looks once, and once more a second later: in a chain every step would take that second.
_MOTO = """
import time
import moto.swf.models
from moto.server import ThreadedMotoServer

def waking(poll, pending):
    def polled(self, domain_name, task_list, *rest, **more):
        until = time.monotonic() + 1
        while not getattr(self, pending)(domain_name, task_list) and time.monotonic() < until:
            time.sleep(0.005)
        return poll(self, domain_name, task_list, *rest, **more)
    return polled

backend = moto.swf.models.SWFBackend
moto.swf.models.sleep = lambda seconds: None
backend.poll_for_decision_task = waking(backend.poll_for_decision_task, "count_pending_decision_tasks")
backend.poll_for_activity_task = waking(backend.poll_for_activity_task, "count_pending_activity_tasks")
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
while True:
    time.sleep(3600)
"""

_CANNED = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
body = open(sys.argv[1], "rb").read()
head = "HTTP/1.1 200 OK\\r\\nContent-Type: application/x-amz-json-1.0\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body)
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.wfile.write(head.encode() + body)
    def log_message(self, *_):
        pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def moto() -> Iterator[str]:
    """The address of a fresh moto server whose polls wake at once; it has no domain yet."""
    process = subprocess.Popen([sys.executable, "-c", _MOTO], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    with _ended(process):
        yield _line(process).strip()


@contextmanager
def service_start() -> Iterator[str]:
    """The address of a fresh ``service.start`` with a journal on disk and the domain of the benchmarks."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["service.start", "--db", str(Path(folder) / "journal.sqlite3"), "--port", "0", "--domain", DOMAIN]
        process = subprocess.Popen(
            [sys.executable, "-m", "simpleflow_nb", *words],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        with _ended(process):
            found = re.search(r"AWS_ENDPOINT_URL=(\S+)", _line(process))
            assert found is not None
            yield found[1]


@contextmanager
def canned(body: bytes) -> Iterator[str]:
    """The address of a server that answers everything at once with that body."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "body"
        path.write_bytes(body)
        process = subprocess.Popen([sys.executable, "-c", _CANNED, str(path)], stdout=subprocess.PIPE, text=True)
        with _ended(process):
            yield _line(process).strip()


SERVERS = {"moto (with polls that wake)": moto, "service.start": service_start}


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
