"""Flows called by a flow that runs: its kernel, and scripts that this starts, tell the process that runs it.

Without that, a build would count as unchanged although one of its flows has changed. They are told through a file, which an
environment variable of the kernel names, as it may be any process below the kernel that runs a flow.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from simpleflow_nb.environment import value_of
from simpleflow_nb.variables import SIMPLEFLOW_NB_CALLED_FLOWS


@dataclass(frozen=True)
class CalledFlow:
    """One call of a flow by another one."""

    source: str  #: absolute path
    source_sha256: str
    record: str  #: absolute path of its run's record
    started: str | None  #: time at which its run began; None if it did not end well, was only prepared, or ran as a script


@dataclass(frozen=True)
class OuterFlow:
    """The flow in whose kernel, or below it, this process runs."""

    path: Path  #: of the file that is told of calls
    is_forced: bool  #: it runs whatever has changed, and so does what it calls
    notebook: Path  #: the executed notebook, as far as it has run

    def note(self, call: CalledFlow) -> None:
        """Tell of a call. Nothing is done if the outer flow has ended: then no run of it goes by what it called."""
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND)  # appended in one piece, as threads may call flows
        except FileNotFoundError:
            return
        try:
            os.write(file, f"{json.dumps(asdict(call))}\n".encode())
        finally:
            os.close(file)

    def calls(self) -> list[CalledFlow]:
        """Return the calls so far; of one flow in one place the last."""
        return _calls(self.path)


def outer_flow() -> OuterFlow | None:
    """Return the flow in whose kernel this process runs; None if there is none, or it has ended."""
    named = value_of(SIMPLEFLOW_NB_CALLED_FLOWS)
    if named is None:
        return None
    try:
        with open(named, encoding="utf-8") as file:
            line = file.readline()
    except FileNotFoundError:
        return None
    if not line:
        return None  # another run of it begins
    told = json.loads(line)
    return OuterFlow(Path(named), told["is_forced"], Path(told["notebook"]))


class CalledFlows:
    """The calls of one run of a flow, while it runs."""

    def __init__(self, path: Path, *, is_forced: bool, notebook: Path) -> None:
        """Begin the file in ``path``, which is there, and is removed by who has made it."""
        self._path = path
        told = {"is_forced": is_forced, "notebook": str(notebook)}
        path.write_text(f"{json.dumps(told)}\n", encoding="utf-8")
        self.environment = {SIMPLEFLOW_NB_CALLED_FLOWS.name: str(path)}  #: for the kernel

    def read(self) -> list[CalledFlow]:
        """Return the calls so far; of one flow in one place the last."""
        return _calls(self._path)


def _calls(path: Path) -> list[CalledFlow]:
    try:
        _, *lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []  # the outer flow has ended meanwhile
    calls = [CalledFlow(**json.loads(line)) for line in lines]
    return list({call.record: call for call in calls}.values())
