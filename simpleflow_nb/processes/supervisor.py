"""Several processes of one kind: started, restarted when they die, stopped together."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from types import FrameType

logger = logging.getLogger(__name__)

CHILD = "SIMPLEFLOW_NB_CHILD"  #: set in the environment of supervised processes
UNREACHABLE = 3
_QUICK_SECONDS = 5.0  #: a process that dies sooner than this is restarted later and later
_LONGEST_WAIT_SECONDS = 60.0
_LOOK_SECONDS = 0.1


class Child:
    """One place for a process, and how its last ones went."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.started = self.not_before = 0.0
        self.quick_deaths = 0


class Supervisor:
    """Keeps ``number`` processes of one command alive until SIGTERM or SIGINT.

    The first signal asks them to finish what they have, the second to end at once. A process that dies is started again;
    one that keeps dying quickly is, with doubling waits. One that ends with 2 or 3 (the command line is wrong, the service
    cannot be used) right after the start ends them all with that code: it would not do better the next time.
    """

    def __init__(self, command: Sequence[str], number: int, environment: Mapping[str, str] | None = None) -> None:
        self.command = list(command)
        self.environment = {**os.environ, **(environment or {}), CHILD: "1"}
        self.children = [Child() for _ in range(number)]
        self.signals = 0

    def run(self) -> int:
        """The exit code: 0 after a signal, else why nothing can go on."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        told = 0
        while True:
            if self.signals > told:
                told = self.signals
                self._tell(signal.SIGTERM)
            for child in self.children:
                code = self._look_after(child)
                if code is not None:
                    self._tell(signal.SIGTERM)
                    self._tell(signal.SIGTERM)
                    self._wait_all()
                    return code
            if self.signals and not any(child.process is not None for child in self.children):
                return 0
            time.sleep(_LOOK_SECONDS)

    def _look_after(self, child: Child) -> int | None:
        """Start it when it is not there; the exit code of the whole when its end says that nothing can go on."""
        now = time.monotonic()
        if child.process is None:
            if not self.signals and now >= child.not_before:
                child.process = subprocess.Popen(self.command, env=self.environment, start_new_session=True)
                child.started = now
            return None
        code = child.process.poll()
        if code is None:
            return None
        pid, child.process = child.process.pid, None
        lived = now - child.started
        if self.signals:
            return None
        if code in (2, UNREACHABLE) and lived < _QUICK_SECONDS and child.quick_deaths == 0:
            return code
        child.quick_deaths = child.quick_deaths + 1 if lived < _QUICK_SECONDS else 0
        wait = min(2.0 ** (child.quick_deaths - 1), _LONGEST_WAIT_SECONDS) if child.quick_deaths else 0.0
        child.not_before = now + wait
        logger.warning("process %d ended with %d after %.0f s; starting another in %.0f s", pid, code, lived, wait)
        return None

    def _tell(self, number: int) -> None:
        for child in self.children:
            if child.process is not None and child.process.poll() is None:
                child.process.send_signal(number)

    def _wait_all(self) -> None:
        for child in self.children:
            if child.process is not None:
                child.process.wait()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1


def is_child() -> bool:
    """Whether this process was started by a supervisor."""
    return CHILD in os.environ


def this_command() -> list[str]:
    """The command line of this process, for another one like it."""
    return [sys.executable, "-m", "simpleflow_nb", *sys.argv[1:]]
