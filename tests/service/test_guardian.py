"""A guardian ends whatever its child has started, at whichever moment it looks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to a guardian")

_OVERTAKEN = """
import os, subprocess, sys
from simpleflow_nb.processes import guardian

guardian.expect_child()
reader, writer = os.pipe()
child = guardian.fork()
if child == 0:
    guardian.lead_session()
    daemon = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    os.write(writer, str(daemon.pid).encode())
    daemon.wait()
print(os.read(reader, 20).decode())

look, kill = guardian.descendants, guardian._kill_group
guardian._kill_group = lambda leader: None

def overtaken(pid):
    # It has seen the child alive, and no children of the child's any more: they have just become ours.
    guardian.descendants = look
    kill(child)
    while guardian.exit_status(child) is None:
        pass
    return [child]

guardian.descendants = overtaken
guardian.end_all(child)
"""


def test_a_look_that_is_overtaken_by_the_childs_end_leaves_no_daemon_behind():
    guarding = subprocess.run(
        [sys.executable, "-c", _OVERTAKEN], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    daemon = int(guarding.stdout)
    try:
        assert not psutil.pid_exists(daemon) or psutil.Process(daemon).status() == psutil.STATUS_ZOMBIE
    finally:
        if psutil.pid_exists(daemon):
            os.kill(daemon, 9)
