"""A process that is killed at any moment: the same command goes on, and nothing is lost, done twice or left behind."""

from __future__ import annotations

import os
import random
import re
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from simpleflow_nb.inspection.executions import executions
from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.service import DOMAIN
from tests.acceptance.conftest import wait_until
from tests.acceptance.samples import DATES, command, environment, inputs, run_jsons, typed
from tests.launched import Launched
from tests.settings import count

KILLS = count(small=3, soak=10)
LONGEST_SECONDS = 3.5  # a whole undisturbed check takes about as long
ORPHAN_SECONDS = 60  # a kernel looks once a second whether its parent lives


@pytest.fixture
def temporary() -> Iterator[Path]:
    """The folder for temporary files of the commands; its path is short enough for sockets."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="k-") as folder:
        yield Path(folder)


def processes_of(*folders: Path) -> list[str]:
    """The processes that work in these folders, or have them in their command."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = [process.info["cwd"] or "", *(process.info["cmdline"] or ())]
        if process.pid != os.getpid() and any(str(folder) in word for folder in folders for word in words):
            found.append(f"{process.pid} {' '.join(words)}")
    return found


def no_processes_of(*folders: Path) -> bool:
    until = time.monotonic() + ORPHAN_SECONDS
    while time.monotonic() < until and processes_of(*folders):
        time.sleep(0.1)
    return not processes_of(*folders)


def test_killed_at_random_moments_every_run_succeeds_once_and_nothing_is_left(tmp_path: Path, temporary: Path) -> None:
    file, outputs = inputs(tmp_path / "in"), tmp_path / "out"
    words = ("sensor.start", file, "--local", "--once", "--outputs", outputs)
    seed = random.randrange(10**6)
    moments = random.Random(seed)
    print(f"seed {seed}")
    for _ in range(KILLS):
        with Launched(
            command(*words), env=environment(TMPDIR=str(temporary)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(moments.uniform(0.4, LONGEST_SECONDS))
            process.kill()
    last = typed(*words, cwd=tmp_path, TMPDIR=str(temporary))
    assert last.returncode == 0, last.stderr

    with closing(sqlite3.connect(outputs / ".simpleflow-nb" / "runs.sqlite3")) as records:
        rows = records.execute("SELECT reference_date, state, light FROM sfnb_runs ORDER BY reference_date").fetchall()
    assert rows == [(date, "succeeded", "green") for date in DATES]
    with closing(JournalReader(outputs / ".simpleflow-nb" / "journal.sqlite3")) as reader:
        closed = list(executions(reader, DOMAIN, is_open=False, typeFilter={"name": "notebook_workflow"}))
        assert Counter(info["closeStatus"] for info in closed) == {"COMPLETED": len(DATES)}
        assert {info["tagList"][1] for info in closed} == set(DATES)
        assert list(executions(reader, DOMAIN, is_open=True)) == []
    whole = [run for run in run_jsons(outputs) if ".attempts" not in run["file"].parts]
    assert [(run["label"], run["status"]) for run in whole] == [("count", "succeeded"), ("report", "succeeded")] * len(DATES)
    assert "running" not in {run["status"] for run in run_jsons(outputs)}  # what was killed is on record as lost
    assert [pdf.read_bytes()[:5] for pdf in outputs.glob("reports/days/2016-*/report.pdf")] == [b"%PDF-"] * len(DATES)

    assert no_processes_of(tmp_path, temporary), processes_of(tmp_path, temporary)
    assert list(temporary.iterdir()) == []
    assert [path for path in outputs.glob("**/*.tmp") if ".attempts" not in path.parts] == []
    left = [path.name for part in ("processes", "scratch") for path in (outputs / ".simpleflow-nb" / part).iterdir()]
    assert left == []
    again = typed(*words, cwd=tmp_path, TMPDIR=str(temporary))
    assert (again.returncode, again.stdout) == (0, "nothing is due (4 dates are not; plan --why says why)\n")


def test_the_second_process_on_the_same_outputs_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    words = ("sensor.start", inputs(tmp_path / "in", dates=()), "--local", "--outputs", tmp_path / "out")
    with Launched(command(*words), env=environment(), stderr=subprocess.PIPE, text=True) as first:
        assert first.stderr is not None
        assert first.stderr.readline() == "looking for new dates at '0 6 * * *' (UTC); Ctrl-C stops\n"
        second = typed(*words, cwd=tmp_path)
        journal = tmp_path / "out" / ".simpleflow-nb" / "journal.sqlite3"
        assert (second.returncode, second.stdout) == (3, "")
        assert second.stderr == (
            f"simpleflow-nb: a sensor of workflows.yml runs here already, in process {first.pid}; "
            "sensor.reload lets it go on with the file as it is now, sensor.stop ends it\n"
        )
        looking = typed("workflow.list", "--local", "--db", journal, cwd=tmp_path)
        assert re.fullmatch(r"sensor-in-[0-9a-f]{8}  sensor_workflow  OPEN\n", looking.stdout)
        first.send_signal(signal.SIGTERM)
        assert first.wait(180) == 0


WORKFLOW = """\
import os, pathlib, time
from simpleflow_nb import Workflow, activity

@activity.with_attributes()
def step(number):
    with open("steps.txt", "a") as file:
        file.write(f"{number}\\n")
    while number == 3 and pathlib.Path("stop").exists():
        time.sleep(0.01)
    return number

class Steps(Workflow):
    name, version = "steps", "1"

    def run(self, last):
        return [self.submit(step, number).result for number in range(1, last + 1)]
"""


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    """A folder with a workflow of steps, one after the other; the third waits while the file ``stop`` is there."""
    (tmp_path / "mine.py").write_text(WORKFLOW)
    (tmp_path / "stop").touch()
    return tmp_path


def at_third_step(folder: Path, *words: str) -> Launched:
    process = Launched(
        command("workflow.start", "--local", "mine.Steps", "--input", "[5]", *words),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 180
    steps = folder / "steps.txt"
    while time.monotonic() < until and not (steps.exists() and steps.read_text().endswith("3\n")):
        time.sleep(0.01)
    return process


def done_steps(folder: Path) -> str:
    return "".join((folder / "steps.txt").read_text().split())


def test_a_workflow_that_is_killed_goes_on_and_what_had_ended_is_not_done_again(steps: Path) -> None:
    with at_third_step(steps) as process:
        process.kill()
    (steps / "stop").unlink()
    done = typed("workflow.start", "--local", "mine.Steps", "--input", "[5]", cwd=steps)
    assert (done.returncode, done.stdout, done_steps(steps)) == (0, "[1,2,3,4,5]\n", "123345")
    assert re.match(r"simpleflow-nb: going on with steps-1-\d+ \(--new starts another run\)\n", done.stderr)
    again = typed("workflow.start", "--local", "mine.Steps", "--input", "[1]", cwd=steps)
    assert (again.returncode, again.stdout, "going on" in again.stderr) == (0, "[1]\n", False)


def test_new_starts_another_run_and_leaves_the_interrupted_one_alone(steps: Path) -> None:
    with at_third_step(steps) as process:
        process.kill()
    (steps / "stop").unlink()
    done = typed("workflow.start", "--local", "mine.Steps", "--input", "[5]", "--new", cwd=steps)
    assert (done.returncode, done.stdout, done_steps(steps)) == (0, "[1,2,3,4,5]\n", "12312345")
    still = typed("workflow.list", "--local", cwd=steps)
    assert re.fullmatch(r"steps-1-\d+  steps  OPEN\n", still.stdout)
    first = typed("workflow.start", "--local", "mine.Steps", "--input", "[5]", cwd=steps)
    assert (first.returncode, done_steps(steps)) == (0, "12312345345")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_once_it_lets_tasks_end_starts_none_and_says_how_to_go_on(steps: Path, number: signal.Signals) -> None:
    with at_third_step(steps, "--quiet") as process:
        process.send_signal(number)
        assert process.stderr is not None
        said = process.stderr.readline()
        assert said == "simpleflow-nb: stopping: no new task is started, 1 under way will end first; Ctrl-C again cancels\n"
        (steps / "stop").unlink()
        assert re.fullmatch(
            r"simpleflow-nb: steps-1-\d+ is interrupted; the same command goes on with it\n", process.stderr.read()
        )
        assert process.wait(180) == 1
    assert done_steps(steps) == "123"
    done = typed("workflow.start", "--local", "mine.Steps", "--input", "[5]", "--quiet", cwd=steps)
    assert (done.returncode, done.stdout, done_steps(steps)) == (0, "[1,2,3,4,5]\n", "12345")


def test_a_backfill_whose_runs_wait_for_room_ends_with_the_tasks_under_way(tmp_path: Path) -> None:
    waits = "open('begun', 'w').close()\nimport os, time\nwhile not os.path.exists('../../../../../go'): time.sleep(0.05)"
    file = inputs(tmp_path / "in", dates=DATES[:3], count=waits)
    period = ("--from", DATES[0], "--to", DATES[2], "--max-parallel", "1", "--quiet", "--outputs", tmp_path / "out")
    words = ("backfill", file, "days", *period)
    with Launched(command(*words), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: list(tmp_path.glob("out/notebooks/days/*/count/begun")) != [])
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        next(line for line in process.stderr if line.startswith("simpleflow-nb: stopping: no new task is started, "))
        (tmp_path / "go").touch()
        stdout, stderr = process.communicate(timeout=180)
    assert (process.returncode, stdout) == (1, "0 of 1 run succeeded\n"), stderr
    assert stderr.endswith("simpleflow-nb: interrupted before every run was started; the same command goes on\n")
    assert len(list(tmp_path.glob("out/notebooks/days/*/count/begun"))) == 1
    done = typed(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1].partition(" in ")[0]) == (0, "3 of 3 runs succeeded"), done.stderr


def test_interrupted_twice_it_kills_kernels_and_cancels_the_runs(tmp_path: Path, temporary: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES[:1], count="open('begun', 'w').close()\nimport time; time.sleep(600)")
    words = ("sensor.start", file, "--local", "--once", "--quiet", "--outputs", tmp_path / "out")
    with Launched(
        command(*words), env=environment(TMPDIR=str(temporary)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 180
        while time.monotonic() < until and not list(tmp_path.glob("out/notebooks/days/*/count/begun")):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.readline().startswith("simpleflow-nb: stopping: no new task is started, 1 under way")
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=180)
    assert (process.returncode, stdout) == (1, "0 of 1 run succeeded\n")
    assert stderr == (
        "simpleflow-nb: cancelling the open runs\nsimpleflow-nb: 1 run was cancelled; the next check starts it afresh\n"
    )
    assert no_processes_of(tmp_path, temporary)
    assert list(temporary.iterdir()) == []
    planned = typed("plan", file, "--outputs", tmp_path / "out", cwd=tmp_path)
    assert planned.stdout.endswith("1 run due, 0 not due\n")
