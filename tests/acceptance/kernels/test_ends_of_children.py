"""The fork server and the ends of what it has forked."""

from __future__ import annotations

import subprocess
import sys

from tests.acceptance.samples import ROOT

#: Every signal that comes while nobody waits is told by what is to be read afterwards.
ENDED_BEFORE_THE_WAIT = """\
import os, select, signal
from workers.kernels import fork_server_process as server
signal.signal(signal.SIGCHLD, lambda *_: None)
ends = server._ends_of_children()
if (pid := os.fork()) == 0:
    os._exit(0)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # it has ended, and so has its signal come
ready, _, _ = select.select([ends], [], [], 60)
assert ready == [ends]
server._reap()
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("reaped")
"""


def test_the_end_of_a_child_that_came_before_the_wait_ends_it() -> None:
    done = subprocess.run([sys.executable, "-c", ENDED_BEFORE_THE_WAIT], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("reaped\n", "")
