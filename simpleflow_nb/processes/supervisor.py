"""Several processes of one command: started, restarted when they die, stopped together."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

from ..environment import inherited, taken
from ..exit_codes import LASTING, ExitCode
from ..variables import SIMPLEFLOW_NB_CHILD, SIMPLEFLOW_NB_GATE

logger = logging.getLogger(__name__)

QUICK = (signal.SIGTERM, signal.SIGINT)  #: end a process at once; two signals, as two equal ones may arrive as one
_has_gate = taken(SIMPLEFLOW_NB_GATE)
_supervisor_pid = taken(SIMPLEFLOW_NB_CHILD)  # processes that this one starts are not supervised
_START_SECONDS = (
    60.0  #: a first process that gives up within this time, which includes retries of its first calls, never worked
)
_QUICK_SECONDS = 5.0  #: a process that dies sooner than this is restarted with growing waits
_LONGEST_WAIT_SECONDS = 60.0
_LOOK_SECONDS = 0.1


class Child:
    """A supervised process and its replacements, with how the last ones ended."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.started = self.not_before = 0.0
        self.starts = self.quick_deaths = 0


class Supervisor:
    """Keeps ``number`` processes of one command alive until SIGTERM or SIGINT.

    The first signal asks them to finish their tasks, the second to end at once. A process that dies is restarted, with
    doubling waits if it keeps dying quickly. A first process that ends with 2 or 3 (the command line is wrong, the service
    cannot be used) right after the start ends them all with that code: another one would fail too.

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
        self.environment = inherited({**(environment or {}), **child_environment()})
        self.children = [Child() for _ in range(number)]
        self.signals, self.on_start, self.on_stop = 0, on_start, on_stop

    def run(self) -> int:
        """Run until the end; return the exit code: 0 after a signal, else that of the processes."""
        for number in QUICK:
            signal.signal(number, self._on_signal)
        self.on_start()  # signals are handled from here on
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
                ignore_signals()
                return 0
            time.sleep(_LOOK_SECONDS)

    def _look_after(self, child: Child) -> int | None:
        """Start or restart a process; return an exit code if all have to end."""
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
        if code in LASTING and lived < _START_SECONDS and child.starts == 1:
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


def ignore_signals() -> None:
    """Let nothing change how a process ends that has ended its work.

    Python takes its handlers away while it shuts down: a second SIGTERM would then kill the process, as if it had failed.
    """
    for number in QUICK:
        signal.signal(number, signal.SIG_IGN)


def child_environment() -> dict[str, str]:
    """Return the environment that marks a process as supervised by this one."""
    return {SIMPLEFLOW_NB_CHILD.name: str(os.getpid())}


def is_child() -> bool:
    """Return whether this process was started by a supervisor, which may have died since."""
    return _supervisor_pid != 0


def is_orphan() -> bool:
    """Return whether this process was started by a supervisor that has died, and so cannot stop it."""
    return is_child() and os.getppid() != _supervisor_pid


def wait_at_gate() -> None:
    """Wait, if this process was started in advance, until the starter confirms that it is needed.

    Raises:
        SystemExit: the starter has ended without that.
    """
    if _has_gate:
        word = sys.stdin.buffer.read()
        if not word:
            raise SystemExit(ExitCode.RUN_FAILED)


def this_command() -> list[str]:
    """Return the command line of this process, to start another one."""
    return [sys.executable, "-m", "simpleflow_nb", *sys.argv[1:]]
