"""A backlog of many dates: each runs once, in little memory, whatever is killed on the way."""

from __future__ import annotations

import json
import random
import subprocess
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import psutil

from simpleflow_nb.inspection.executions import executions
from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.service import DOMAIN
from tests.acceptance.samples import command, environment, inputs, run_jsons, typed
from tests.launched import Launched
from tests.settings import count, is_soak

DATES = count(small=2, soak=1_000)
KILLS = count(small=1, soak=50)
WORKFLOWS = 3
MOST_MEGABYTES = 600  #: of our process and its fork server; kernels are the notebooks' own
LONGEST_SECONDS = count(small=4, soak=12)  #: until a kill; short enough that all of them fall into the work


def _file(folder: Path) -> Path:
    names = [f"flow_{number}" for number in range(WORKFLOWS)]
    notebooks = "{count: {filename: count.ipynb, parameters: {day: reference_date}}}"
    flows = "".join(f"  - {{name: {name}, notebooks: {notebooks}}}\n" for name in names)
    entries = "".join(f"    - workflow_name: {name}\n" for name in names)
    sensor = "available_dates_sensor:\n  schedule: null\n  source: {files: {calls: 'data/{date}.csv'}}\n  workflows:\n"
    days = tuple(f"{2013 + number // 336}-{number // 28 % 12 + 1:02}-{number % 28 + 1:02}" for number in range(DATES))
    return inputs(folder, dates=days, workflows=f"workflows:\n{flows}{sensor}{entries}")


def _kill_everything(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL for the process and all that it started, kernels in sessions of their own among them, in a random order."""
    try:
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        family = []
    random.shuffle(family)
    for one in family:
        try:
            one.kill()
        except psutil.NoSuchProcess:
            continue
    process.wait()


def _megabytes(pid: int) -> float:
    """Resident memory of the process and of its fork server; 0 when it is gone. What is below the server are kernels."""
    try:
        process = psutil.Process(pid)
        return sum(one.memory_info().rss for one in (process, *process.children())) / 1e6
    except psutil.NoSuchProcess:
        return 0.0


def test_a_backlog_runs_once_whatever_is_killed_on_the_way(tmp_path: Path) -> None:
    file, outputs = _file(tmp_path / "in"), tmp_path / "out"
    words = command("sensor.start", file, "--local", "--quiet", "--outputs", outputs)
    seed = random.randrange(10**6)
    moments = random.Random(seed)
    print(f"seed {seed}")
    killed, peak = 0, 0.0
    for _ in range(KILLS):
        with Launched(words, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            until = time.monotonic() + moments.uniform(0.5, LONGEST_SECONDS)
            while time.monotonic() < until:
                peak = max(peak, _megabytes(process.pid))
                time.sleep(0.1)
            killed += process.poll() is None
            _kill_everything(process)
    with Launched(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as last:
        assert last.stdout is not None
        said: list[str] = []
        reading = threading.Thread(target=lambda: said.append(last.stdout.read()))  # type: ignore[union-attr]
        reading.start()
        while last.poll() is None:
            peak = max(peak, _megabytes(last.pid))
            time.sleep(0.2)
        reading.join()
    # Who kills a process five times in a row at the same task is taken to mean it: that run fails, and is due again.
    assert last.returncode in ((0, 1) if KILLS >= 5 else (0,)), said
    assert peak < MOST_MEGABYTES
    if is_soak():
        assert killed == KILLS, "the work was over before the last of them"

    runs = DATES * WORKFLOWS
    begun = time.perf_counter()
    rows = json.loads(typed("status", file, "--json", "--outputs", outputs, cwd=tmp_path).stdout)["dates"]
    print(f"{runs} runs, {killed} times killed, peak {peak:.0f} MB, status in {time.perf_counter() - begun:.2f} s")
    if is_soak():
        assert time.perf_counter() - begun < 10  # a bound against accidents; how fast it is stands in the line above
    states = Counter(row["state"] for row in rows if row["workflow"])
    assert states == {"succeeded": runs}
    with closing(JournalReader(outputs / ".simpleflow-nb" / "journal.sqlite3")) as reader:
        closed = executions(reader, DOMAIN, is_open=False, typeFilter={"name": "notebook_workflow"})
        ends = Counter(info["closeStatus"] for info in closed)
        assert ends.pop("COMPLETED") == runs
        assert set(ends) <= ({"FAILED"} if KILLS >= 5 else set())
        assert list(executions(reader, DOMAIN, is_open=True)) == []
    statuses = [run["status"] for run in run_jsons(outputs)]
    assert statuses.count("succeeded") == runs  # what was killed began, and never ended
