"""Output of ``!command`` is passed on as it comes, and not kept.

IPython collects all output of a command until it ends, and searches the whole of it twenty times a second: a command that
prints without end uses up the memory and the time of the kernel.
"""

from __future__ import annotations

import codecs
import sys
import time
from typing import Any

READ_BYTES = 65_536
FLUSH_SECONDS = 0.05
END_SECONDS = 0.2  #: for the last output of a command that was interrupted


def install(shell: Any, settings: Any) -> None:
    """Run commands in a terminal of their own, as IPython does. Nothing is done where that is impossible."""
    try:
        import pexpect  # type: ignore[import-untyped, unused-ignore]
        from ipykernel import zmqshell
        from IPython.core import interactiveshell
        from IPython.utils import process
        from IPython.utils._process_posix import ProcessHandler
    except ImportError:
        return
    modules: list[Any] = [process, interactiveshell, zmqshell]

    def run(command: str) -> int:
        """Run a command; return its exit status, or minus the number of the signal that ended it."""
        child = pexpect.spawn(ProcessHandler().sh, args=["-c", command], timeout=None)
        words = codecs.getincrementaldecoder("utf-8")("replace")
        flushed = time.monotonic()

        def passes_on(wait_seconds: float) -> bool:
            nonlocal flushed
            try:
                print(words.decode(child.read_nonblocking(READ_BYTES, timeout=wait_seconds)), end="")
            except pexpect.TIMEOUT:
                pass
            except pexpect.EOF:
                return False
            if time.monotonic() - flushed > FLUSH_SECONDS:
                sys.stdout.flush()
                flushed = time.monotonic()
            return True

        try:
            while passes_on(FLUSH_SECONDS):
                continue
        except KeyboardInterrupt:
            try:
                child.sendintr()
                until = time.monotonic() + END_SECONDS
                while passes_on(FLUSH_SECONDS) and time.monotonic() < until:
                    continue
            finally:
                child.terminate(force=True)
        sys.stdout.flush()
        child.close(force=True)
        if child.exitstatus is None:
            return -int(child.signalstatus or 0)
        return int(child.exitstatus) if child.exitstatus <= 128 else 128 - int(child.exitstatus)

    for module in modules:  # each has imported the name
        if hasattr(module, "system"):
            module.system = run
