"""Reports made in a separate process, so that a hostile notebook harms nothing else.

``make_report`` hands the work to a child process (``conversion_server``) and watches its time and its memory. The child is kept
for the next report, which then costs no start and no imports; one that has grown, or that a report has ended, is replaced.
"""

import atexit
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from simpleflow_nb.environment import inherited

from .conversion import Report, ReportError, ReportOptions, write_report

#: a child that uses more than this after a report is not reused
KEPT_MEMORY_BYTES = 280_000_000
#: the number of idle children that are kept
KEPT_CHILDREN = 4

_HOME = Path(__file__).parents[2]
_LOOK_SECONDS = 0.05
_FAMILY_LOOK_SECONDS = 0.5  # listing the children of a process reads all of /proc
_END_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of one report; a report that exceeds them is given up."""

    time_seconds: float = 180.0  #: from its request to its end; a new child has to start in it, too
    memory_bytes: int = 1_500_000_000  #: resident memory of the child and all that it starts, looked at 20 times a second


class ReportStopped(ReportError):
    """The report exceeded its time or memory limit, or its process died. A retry may succeed."""


def make_report(
    notebook: Path,
    target: Path,
    options: ReportOptions = ReportOptions(),
    *,
    limits: Limits = Limits(),
    on_wait: Callable[[], None] | None = None,
) -> Report:
    """Do the same as ``convert_report``, in a child process and within ``limits``.

    ``on_wait`` is called about 20 times a second; what it raises ends the child and leaves this function. Whatever happens,
    a file at ``target`` is replaced in one step or left alone. May be called from several threads at once.

    Raises:
        ReportError: as for ``convert_report``.
        ReportStopped: a limit was reached, or the child died.
    """
    notebook, target = Path(notebook).absolute(), Path(target).absolute()
    child = _taken()
    is_reusable = False
    try:
        answer = child.answer(notebook, options, limits, on_wait)
        if "refused" in answer:
            is_reusable = True
            raise ReportError(answer["refused"])
        if "crashed" in answer:
            raise ReportStopped(f"the report of {notebook} cannot be made: {answer['crashed'][:500]}")
        write_report(target, child.product.read_bytes())
        is_reusable = True
        return Report(path=target, pages=answer["pages"], warnings=tuple(answer["warnings"]))
    finally:
        _give_back(child) if is_reusable else child.end()


def end_idle_children() -> None:
    """End the children kept for later reports; the next one starts anew. Done automatically when this process ends."""
    while _idle:
        with contextlib.suppress(IndexError):  # another thread has taken the last one
            _idle.pop().end()


def idle_children() -> list["ReportChild"]:
    """Return the children that are kept and idle, for inspection."""
    with _lock:
        return list(_idle)


class ReportChild:
    """One child process and its folder for temporary files."""

    def __init__(self) -> None:
        import psutil

        self.scratch = Path(tempfile.mkdtemp(prefix="sfnb-report-"))
        self.product = self.scratch / "product"
        self._said = self.scratch / "said.txt"
        # -P: a file of the user's in the working directory must not be taken for a library
        program = f"import sys; sys.path.insert(0, {str(_HOME)!r}); from workers.reports.conversion_server import main; main()"
        with open(self._said, "wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-W", "ignore", "-c", program, str(os.getpid()), str(self.scratch)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env=inherited({"TMPDIR": str(self.scratch)}),
                start_new_session=True,  # Ctrl-C is this process's business, and what the child starts can be killed with it
            )
        self._watched = psutil.Process(self.process.pid)
        self._family_bytes, self._family_seen = 0, 0.0

    def answer(
        self, notebook: Path, options: ReportOptions, limits: Limits, on_wait: Callable[[], None] | None
    ) -> dict[str, Any]:
        """Return the child's answer to one request.

        Raises:
            ReportStopped: it took too much of something, or died.
        """
        request = {"notebook": str(notebook), "target": str(self.product), "options": asdict(options)}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        end = time.monotonic() + limits.time_seconds
        with contextlib.suppress(BrokenPipeError):  # it has died; how is found below
            self.process.stdin.write(json.dumps(request, default=str).encode() + b"\n")
            self.process.stdin.flush()
        received = b""
        while not received.endswith(b"\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], _LOOK_SECONDS)
            if ready:
                part = os.read(self.process.stdout.fileno(), 1 << 16)
                if not part:
                    raise ReportStopped(f"the report of {notebook} cannot be made: {self._death()}")
                received += part
                continue
            if on_wait is not None:
                on_wait()
            if time.monotonic() > end:
                raise ReportStopped(f"the report of {notebook} took more than {limits.time_seconds:g} s and was given up")
            if self.memory_bytes(with_children=True) > limits.memory_bytes:
                raise ReportStopped(
                    f"the report of {notebook} needed more than {limits.memory_bytes / 1e6:,.0f} MB of memory and was given up"
                )
        answer: dict[str, Any] = json.loads(received)
        return answer

    def memory_bytes(self, *, with_children: bool) -> int:
        """Return the resident memory; that of processes started by the child is up to half a second old."""
        import psutil

        try:
            if with_children and time.monotonic() > self._family_seen + _FAMILY_LOOK_SECONDS:
                self._family_seen, self._family_bytes = time.monotonic(), 0
                for member in self._watched.children(recursive=True):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        self._family_bytes += member.memory_info().rss
            own: int = self._watched.memory_info().rss
            return own + (self._family_bytes if with_children else 0)
        except psutil.NoSuchProcess:
            return 0  # its end is seen in its output

    def is_alive(self) -> bool:
        """Return True until the process can be waited for: the threads of a killed process end one by one."""
        import psutil

        try:
            return self.process.poll() is None and self._watched.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def end(self) -> None:
        """Kill the child and what it has started, and remove its folder."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self.process.wait(_END_SECONDS)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _death(self) -> str:
        code = self.process.wait(_END_SECONDS)
        if code == -signal.SIGKILL:
            return "its process was killed by SIGKILL, perhaps because memory ran out"
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        last = self._said.read_bytes()[-4_000:].decode("utf-8", "replace").strip().splitlines()[-1:]
        return f"its process {how}" + (f" ({last[0]})" if last else "")


_idle: list[ReportChild] = []
_lock = threading.Lock()


def _taken() -> ReportChild:
    while True:
        with _lock:
            child = _idle.pop() if _idle else None
        if child is None:
            return ReportChild()
        if child.is_alive():
            return child
        child.end()


def _give_back(child: ReportChild) -> None:
    child.product.unlink(missing_ok=True)
    with _lock:
        if len(_idle) < KEPT_CHILDREN and child.memory_bytes(with_children=False) < KEPT_MEMORY_BYTES:
            _idle.append(child)
            return
    child.end()


atexit.register(end_idle_children)
# what is forked from this process has no children here, and must not write to those of its parent
os.register_at_fork(after_in_child=_idle.clear)
