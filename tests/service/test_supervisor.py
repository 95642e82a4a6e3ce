"""The supervisor: how it starts its processes again, and ends them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.exit_codes import LASTING

ROOT = Path(__file__).parents[2]

SUPERVISE = """
import logging, sys
from simpleflow_nb.processes.supervisor import Supervisor
logging.basicConfig(level="WARNING", format="%(message)s", stream=sys.stderr)
sys.exit(Supervisor([sys.executable, "-c", sys.argv[1]], int(sys.argv[2])).run())
"""


def supervising(code: str, number: int, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, code, str(number)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        **options,
    )


@pytest.mark.parametrize("code", sorted(LASTING))
def test_what_cannot_start_ends_the_supervisor_with_its_code(code: int) -> None:
    process = supervising(f"raise SystemExit({code})", 3)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (code, "")


def test_what_keeps_dying_is_started_later_and_later() -> None:
    process = supervising("raise SystemExit(1)", 1)
    assert process.stderr is not None
    lines = [process.stderr.readline() for _ in range(3)]
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert [re.sub(r"process \d+|after \d+", lambda found: found[0].split()[0] + " N", line) for line in lines] == [
        "process N ended with exit code 1 after N s; starting another in 1 s\n",
        "process N ended with exit code 1 after N s; starting another in 2 s\n",
        "process N ended with exit code 1 after N s; starting another in 4 s\n",
    ]


CHILD = """
import os, signal, sys, time
signals = []
def say(line):  # in one write: two processes share the pipe
    os.write(1, line.encode() + b"\\n")
signal.signal(signal.SIGTERM, lambda *_: signals.append("TERM"))
signal.signal(signal.SIGINT, lambda *_: signals.append("INT"))
say("ready")
while not signals:
    time.sleep(0.01)
say("finishing")
until = time.monotonic() + SECONDS
while time.monotonic() < until:
    if "INT" in signals:
        say("at once")
        sys.exit(0)
    time.sleep(0.01)
say("done")
"""


@pytest.mark.parametrize(("signals", "seconds", "how"), [(1, 0.5, "done"), (2, 60, "at once")])
def test_one_signal_lets_processes_finish_and_two_do_not(signals: int, seconds: float, how: str) -> None:
    process = supervising(CHILD.replace("SECONDS", str(seconds)), 2)
    assert process.stdout is not None
    for said in ["ready\n", "finishing\n"][:signals]:  # two signals at once would be one
        assert [process.stdout.readline() for _ in range(2)] == [said] * 2
        process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert [line for line in rest.splitlines() if line != "finishing"] == [how] * 2


LATE = """
import os, signal, sys
from simpleflow_nb.processes.stopping import run_until_stopped
from simpleflow_nb.processes.supervisor import Supervisor

class Work:
    def run(self): pass
    def stop(self): pass

class Late:
    def __del__(self, kill=os.kill, own=os.getpid(), number=signal.SIGTERM):  # while the interpreter shuts down
        kill(own, number)

def supervise():
    Supervisor([sys.executable, "-c", "import signal; signal.pause()"], 1, on_start=lambda: os.kill(os.getpid(), 15)).run()

def work():
    run_until_stopped(Work(), on_start=lambda: None, on_stop=lambda: None)

globals()[sys.argv[1]]()
os.late = Late()
"""


@pytest.mark.parametrize("what", ["supervise", "work"])
def test_a_signal_that_comes_while_a_process_shuts_down_does_not_change_its_exit_code(what: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LATE, what],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
