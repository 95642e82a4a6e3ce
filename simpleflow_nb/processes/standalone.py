"""The decider and worker processes of one standalone run."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

from ..environment import inherited
from ..variables import SIMPLEFLOW_NB_GATE
from .supervisor import QUICK, child_environment

STICKY_SECONDS = 3  #: when its decider is stopped, a task waits for so long on that decider's list
_GRACE_SECONDS = 6.0  #: a worker needs a moment to kill processes and kernels
_HANG_UP_SECONDS = 0.5  # for the service to hear that the polls of stopped deciders are over, or it answers one of them


class StandaloneProcesses:
    """They load while this process makes sure of the service; :meth:`go` lets them work. The end of the block ends them."""

    def __init__(self) -> None:
        self._deciders: list[subprocess.Popen[bytes]] = []
        self._workers: list[subprocess.Popen[bytes]] = []
        self._decider_words: tuple[str, ...] = ()

    def __enter__(self) -> StandaloneProcesses:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def start_decider(self, *words: str) -> None:
        """A process of ``decider.start`` with these options."""
        self._decider_words = words
        self._deciders.append(self._started("decider.start", *words))

    def start_worker(self, *words: str) -> None:
        """A process of ``worker.start`` with these options."""
        self._workers.append(self._started("worker.start", *words))

    def _started(self, *words: str) -> subprocess.Popen[bytes]:
        environment = inherited({**child_environment(), SIMPLEFLOW_NB_GATE.name: "1"})
        command = [sys.executable, "-m", "simpleflow_nb", *words]
        return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, start_new_session=True)

    def go(self) -> None:
        for process in (*self._deciders, *self._workers):
            if process.stdin is not None and not process.stdin.closed:
                try:
                    process.stdin.write(b"go")
                    process.stdin.close()
                except BrokenPipeError:
                    continue  # it has ended; `dead` says so

    def dead(self) -> int | None:
        """The exit code of a process that has ended, None while all live."""
        return next((code for process in (*self._deciders, *self._workers) if (code := process.poll()) is not None), None)

    def stop(self) -> None:
        """No activity is scheduled any more; the workers finish those that they have."""
        _tell(self._deciders, *QUICK)
        _tell(self._workers, signal.SIGTERM)

    def decide_again(self) -> None:
        """After :meth:`stop`: the run can be closed. Once this returns, none that was stopped is given a task."""
        stopped = list(self._deciders)
        self.start_decider(*self._decider_words)
        self.go()
        _await_ends(stopped)
        time.sleep(_HANG_UP_SECONDS)

    def _end(self) -> None:
        """Ask them to end at once; polls on a list that nobody uses any more need not be waited for."""
        processes = [*self._deciders, *self._workers]
        _tell(processes, *QUICK)
        _await_ends(processes)
        for process in processes:
            if process.stdin is not None and not process.stdin.closed:
                process.stdin.close()


def _await_ends(processes: list[subprocess.Popen[bytes]]) -> None:
    """Wait for processes that were told to end; those that take long are killed."""
    until = time.monotonic() + _GRACE_SECONDS
    for process in processes:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _tell(processes: list[subprocess.Popen[bytes]], *numbers: int) -> None:
    for process in processes:
        if process.poll() is None:
            for number in numbers:
                process.send_signal(number)
