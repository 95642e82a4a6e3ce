"""Several processes of one kind: started, restarted when they die, stopped together."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

from ..exceptions import ExitCode

logger = logging.getLogger(__name__)

CHILD = "SIMPLEFLOW_NB_CHILD"  #: in the environment of supervised processes: the supervisor's process id
GATE = "SIMPLEFLOW_NB_GATE"  #: a process started ahead of time: loads what it needs, and goes on when its standard input ends
QUICK = (signal.SIGTERM, signal.SIGINT)  #: two signals that are not taken for one: end at once
_has_gate = bool(os.environ.pop(GATE, ""))
_supervisor_pid = int(os.environ.pop(CHILD, "0"))  # taken out: what this process starts is not supervised
_START_SECONDS = 60.0  #: a first process that gives up within this time never worked, retries of its first calls included
_QUICK_SECONDS = 5.0  #: a process that dies sooner than this is restarted later and later
_LONGEST_WAIT_SECONDS = 60.0
_LOOK_SECONDS = 0.1


class Child:
    """One place for a process, and how its last ones went."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.started = self.not_before = 0.0
        self.starts = self.quick_deaths = 0


class Supervisor:
    """Keeps ``number`` processes of one command alive until SIGTERM or SIGINT.

    The first signal asks them to finish what they have, the second to end at once. A process that dies is started again;
    one that keeps dying quickly is, with doubling waits. A first process that ends with 2 or 3 (the command line is wrong,
    the service cannot be used) right after the start ends them all with that code: the next one would do no better.

    A process learns from :func:`is_orphan` that its supervisor was killed.
    """

    def __init__(
        self,
        command: Sequence[str],
        number: int,
        environment: Mapping[str, str] | None = None,
        *,
        on_start: Callable[[], None] = lambda: None,
        on_stop: Callable[[], None] = lambda: None,
    ) -> None:
        self.command = list(command)
        self.environment = {**os.environ, **(environment or {}), **child_environment()}
        self.children = [Child() for _ in range(number)]
        self.signals, self.on_start, self.on_stop = 0, on_start, on_stop

    def run(self) -> int:
        """The exit code: 0 after a signal, else why nothing can go on."""
        for number in QUICK:
            signal.signal(number, self._on_signal)
        self.on_start()  # now a signal is heard
        told = 0
        while True:
            if self.signals > told:
                if not told:
                    self.on_stop()
                told = self.signals
                self._tell(*(QUICK if told > 1 else QUICK[:1]))
            for child in self.children:
                code = self._look_after(child)
                if code is not None:
                    self._tell(*QUICK)
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
                child.starts += 1
            return None
        code = child.process.poll()
        if code is None:
            return None
        pid, child.process = child.process.pid, None
        if self.signals:
            return None
        lived = now - child.started
        if code in (ExitCode.WRONG, ExitCode.UNREACHABLE) and lived < _START_SECONDS and child.starts == 1:
            return code
        child.quick_deaths = child.quick_deaths + 1 if lived < _QUICK_SECONDS else 0
        wait = min(2.0 ** (child.quick_deaths - 1), _LONGEST_WAIT_SECONDS) if child.quick_deaths else 0.0
        child.not_before = now + wait
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        logger.warning("process %d %s after %.0f s; starting another in %.0f s", pid, how, lived, wait)
        return None

    def _tell(self, *numbers: int) -> None:
        for child in self.children:
            if child.process is not None and child.process.poll() is None:
                for number in numbers:
                    child.process.send_signal(number)

    def _wait_all(self) -> None:
        for child in self.children:
            if child.process is not None:
                child.process.wait()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1


def child_environment() -> dict[str, str]:
    """What tells a process that this one looks after it."""
    return {CHILD: str(os.getpid())}


def is_child() -> bool:
    """Whether this process was started by a supervisor, which may have died since."""
    return _supervisor_pid != 0


def is_orphan() -> bool:
    """Whether the supervisor that started this process is gone: nobody else will tell it to end."""
    return is_child() and os.getppid() != _supervisor_pid


def wait_at_gate() -> None:
    """Wait, if this process was started ahead of time, until the one that started it has made sure that it is needed.

    Raises:
        SystemExit: it never came to that.
    """
    if _has_gate:
        word = sys.stdin.buffer.read()
        if not word:
            raise SystemExit(ExitCode.RUN_FAILED)


def this_command() -> list[str]:
    """The command line of this process, for another one like it."""
    return [sys.executable, "-m", "simpleflow_nb", *sys.argv[1:]]
