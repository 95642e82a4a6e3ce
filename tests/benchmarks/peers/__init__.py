"""Other engines, each in a virtual environment and a process of its own.

A peer's script reads one JSON request a line and answers with one JSON line: ``{"elapsed": seconds, "cpu": seconds}``,
or ``{"error": sentence}``. Between requests it waits on its input and costs nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Contestant, Sample

ENVIRONMENTS = Path(__file__).resolve().parents[3] / ".venv-peers"

REQUIREMENTS = {
    "simpleflow": "simpleflow==0.36.0",
    "durabletask": "durabletask==1.12.0",
    "dbos": "dbos==3.4.0",
    "nextpipe": "nextpipe==0.7.3",
    "webpdf": "nbconvert[webpdf]==7.17.2",
}


class PeerError(Exception):
    """A peer cannot be installed, started or asked; one sentence."""


class Peer:
    """A running peer."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name, self._process = name, process

    def ask(self, **request: Any) -> Sample:
        """One measurement, made by the peer itself."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps(request), file=self._process.stdin, flush=True)
            answer = json.loads(self._process.stdout.readline())
        except (OSError, ValueError):
            raise PeerError(f"{self.name} ended without an answer; what it said stands above") from None
        if "error" in answer:
            raise PeerError(f"{self.name} cannot do {request}: {answer['error']}")
        return Sample(answer["elapsed"], answer["cpu"])

    def contestant(self, **request: Any) -> Contestant:
        return lambda: self.ask(**request)


@contextmanager
def running(names: Sequence[str]) -> Iterator[dict[str, Peer]]:
    """The peers of these names, installed if need be and started; ended with the ``with`` block."""
    with ExitStack() as ends:
        peers = {}
        for name in names:
            python = installed(name)
            module = f"tests.benchmarks.peers.{name}_peer"
            process = ends.enter_context(
                subprocess.Popen(
                    [python, "-m", module],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=ENVIRONMENTS.parent,
                )
            )
            assert process.stdin is not None
            ends.callback(process.stdin.close)
            peers[name] = Peer(REQUIREMENTS[name].replace("==", " "), process)
        yield peers


def installed(name: str) -> str:
    """The interpreter of the peer's environment, which is made on first use and when the requirement has changed.

    Raises:
        PeerError: it cannot be installed.
    """
    folder, requirement = ENVIRONMENTS / name, REQUIREMENTS[name]
    python, complete = folder / "bin" / "python", folder / "requirement.txt"
    wanted = f"{requirement} on Python {sys.version.split()[0]}"
    if complete.is_file() and complete.read_text() == wanted:
        return str(python)
    print(f"installing {requirement} into {folder.relative_to(ENVIRONMENTS.parent)} ...", flush=True)
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no reason given"]
            raise PeerError(f"{requirement} cannot be installed into {folder}: {last[0]}; --no-peers leaves it out")
    complete.write_text(wanted)
    return str(python)
