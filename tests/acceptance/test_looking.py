"""Looking at what has run, for those who may not write there, and after a process was killed."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.samples import command, environment, inputs, typed
from tests.launched import Launched

_PR_CAPBSET_DROP, _OVERRIDES = 24, (1, 2)  #: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: linux/prctl.h, linux/capability.h
IDENTITY = "1e6bbce8"  #: its first characters, for that day
_LIBC = ctypes.CDLL(None, use_errno=True)


def bound_by_permissions() -> None:
    """For the process to come: root too is bound by what files allow."""
    for capability in _OVERRIDES:
        _LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def typed_without_overrides(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words),
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        preexec_fn=bound_by_permissions if os.geteuid() == 0 else None,
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = inputs(tmp_path_factory.mktemp("looking") / "in", dates=("2016-01-01",))
    done = typed("sensor.start", file, "--local", "--once", "--quiet", cwd=file.parent)
    assert done.returncode == 0, done.stderr
    return file


@pytest.fixture(scope="module")
def bound(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where a process of this user cannot be bound by permissions, or sees nothing of ours once it is."""
    secret = tmp_path_factory.mktemp("bound") / "secret"
    secret.touch(mode=0)
    looking = [sys.executable, "-c", f"import simpleflow_nb, os; print(os.access({str(secret)!r}, os.R_OK))"]
    preexec = bound_by_permissions if os.geteuid() == 0 else None
    seen = subprocess.run(looking, env=environment(), capture_output=True, text=True, check=False, preexec_fn=preexec)
    if seen.stdout != "False\n":
        pytest.skip("this system does not let root give up its right to read and write everything")


@pytest.fixture
def read_only(file: Path, bound: None) -> Iterator[Path]:
    state = file.parent / "outputs" / ".simpleflow-nb"
    for left in state.glob("*.sqlite3-*"):
        left.unlink()
    kept = [state, *(one for one in state.iterdir() if one.is_file())]
    modes = [one.stat().st_mode for one in kept]
    for one in kept:
        one.chmod(0o555 if one.is_dir() else 0o444)
    yield file
    for one, mode in zip(kept, modes, strict=True):
        one.chmod(mode)


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (("plan",), "0 runs due, 1 not due\n  1 already succeeded\n  (--why lists each)\n"),
        (("status",), "date        days\n2016-01-01  green\n1 of 1 run succeeded\n"),
    ],
)
def test_who_may_only_read_the_outputs_sees_what_has_run(words: tuple[str, ...], printed: str, read_only: Path) -> None:
    seen = typed_without_overrides(*words, read_only, cwd=read_only.parent)
    assert (seen.stdout, seen.stderr, seen.returncode) == (printed, "", 0)


def test_who_may_not_read_a_journal_is_not_told_to_move_it_away(read_only: Path) -> None:
    journal = read_only.parent / "outputs" / ".simpleflow-nb" / "journal.sqlite3"
    journal.chmod(0)
    seen = typed_without_overrides("status", read_only, cwd=read_only.parent)
    assert (seen.stderr, seen.returncode) == (
        f"simpleflow-nb: {journal} cannot be opened: unable to open database file; may this user read and write it?\n",
        3,
    )


def test_runs_left_by_a_killed_process_are_shown_as_interrupted(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=("2016-01-01",), count="import time; time.sleep(600)")
    started = tmp_path / "in/outputs/notebooks/days"
    with Launched(
        command("sensor.start", file, "--local", "--once", "--quiet"),
        cwd=file.parent,
        env=environment(),
    ) as process:
        limit = time.monotonic() + 180
        while not list(started.glob("*/count/config.json")) and time.monotonic() < limit:
            time.sleep(0.1)
        assert typed("status", file, cwd=file.parent).stdout == "date        days\n2016-01-01  running\n0 of 1 run succeeded\n"
        process.send_signal(signal.SIGKILL)
    sentence = "1 run was interrupted, and no process carries it out now; sensor.start --local goes on with it\n"
    assert typed("status", file, cwd=file.parent).stdout == (
        f"date        days\n2016-01-01  running\n0 of 1 run succeeded\n{sentence}"
    )
    assert typed("runs.list", file, cwd=file.parent).stderr == f"simpleflow-nb: {sentence}"
