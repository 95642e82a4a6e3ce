"""``runs.watch``: a run that another process carries out, from beside it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.conftest import wait_until
from tests.acceptance.samples import command, environment, inputs, typed
from tests.launched import Launched
from tests.settings import PATIENCE_SECONDS

#: The notebook waits until somebody lets it go on.
HELD = """\
import pathlib, time
pathlib.Path({here!r}, "waits").touch()
while not pathlib.Path({here!r}, "go").exists():
    time.sleep(0.05)
assert {good}, "a bad day"
"""


def held(folder: Path, *, good: bool) -> Path:
    return inputs(folder / "in", dates=("2016-01-01",), count=HELD.format(here=str(folder), good=good))


def running(file: Path) -> Launched:
    """The run in a process of its own, once its notebook has begun."""
    words = command("sensor.start", file.name, "--local", "--once", "--quiet")
    process = Launched(words, cwd=file.parent, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return process


@contextmanager
def watching(file: Path) -> Iterator[subprocess.Popen[str]]:
    """The command, once the notebook of the run has begun."""
    wait_until(lambda: (file.parents[1] / "waits").exists())
    words = command("runs.watch", file.name, "days/2016-01-01")
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=file.parent, env=environment(), stdout=pipe, stderr=pipe, text=True) as process:
        yield process


@pytest.mark.parametrize(("good", "code", "last"), [(True, 0, "completed"), (False, 1, "failed")])
def test_a_run_is_shown_until_its_end(good: bool, code: int, last: str, tmp_path: Path) -> None:
    file = held(tmp_path, good=good)
    with running(file) as process:
        with watching(file) as watch:
            assert watch.stderr is not None
            first = watch.stderr.readline()
            (tmp_path / "go").touch()
            out, err = watch.communicate(timeout=PATIENCE_SECONDS)
        assert process.wait(PATIENCE_SECONDS) == code
    title = r"days/2016-01-01_[0-9a-f]{8}"
    assert re.fullmatch(rf"{title}  count running.*\n", first)
    assert re.search(rf"^{title}  count (done|FAILED) ", err, re.MULTILINE)
    assert re.search(rf"^{title}  {last}$", err, re.MULTILINE)
    assert watch.returncode == code
    cause = r"notebook 'count' failed in cell 2: AssertionError: a bad day \(see .*\)"
    failure = rf"failed:\n  {title}\n    {cause}\n    not run: report\n"
    assert ("1 of 1 run succeeded" in out + err) is good
    assert (re.search(failure, out + err) is None) is good


def test_the_end_of_one_that_has_ended_is_told_at_once(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=("2016-01-01",))
    typed("sensor.start", file.name, "--local", "--once", "--quiet", cwd=file.parent)
    done = typed("runs.watch", file.name, "days", "--json", cwd=file.parent)
    [run] = json.loads(done.stdout)["runs"]
    assert (done.returncode, done.stderr, run["state"]) == (0, "", "succeeded")


def test_an_interrupt_ends_the_watching_and_not_the_run(tmp_path: Path) -> None:
    file = held(tmp_path, good=True)
    with running(file) as process:
        with watching(file) as watch:
            assert watch.stderr is not None
            watch.stderr.readline()
            watch.send_signal(signal.SIGINT)
            out, err = watch.communicate(timeout=PATIENCE_SECONDS)
        assert (watch.returncode, out) == (1, "")
        assert "Traceback" not in err
        (tmp_path / "go").touch()
        assert process.wait(PATIENCE_SECONDS) == 0
