"""A resident sensor: what it takes does not depend on how many runs it has seen.

By default a few runs, for what is opened and not closed; as a soak 400 runs in 30 minutes with a check every 2 s, for memory.
"""

from __future__ import annotations

import subprocess
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import psutil

from simpleflow_nb.inspection.executions import executions
from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.service import DOMAIN
from tests.acceptance.conftest import wait_until
from tests.acceptance.samples import command, environment, inputs
from tests.settings import count, is_soak

RUNS = count(small=10, soak=400)
WARM = count(small=2, soak=20)  #: after so many everything is loaded, and what starting takes is given back
#: In so many the sensor begins a new history, whose events are in memory until then: the peaks of as many are compared.
PERIOD = count(small=4, soak=80)
GAP_SECONDS = count(small=0, soak=45) / 10
MOST_BYTES_A_RUN = 5_000
KEPT_SECONDS = 300
_LOOKS_SECONDS = 2 * 60  #: it looks each minute where so little is kept
_QUIET_SECONDS = 2.0

WORKFLOWS = """\
keep_history: 5 min
workflows:
  - name: days
    notebooks:
      count: {filename: count.ipynb, parameters: {day: reference_date}}
available_dates_sensor:
  schedule: "* * * * * */2"
  source: {files: {calls: 'data/{date}.csv'}}
  workflows:
    - workflow_name: days
"""


@dataclass
class Taken:
    """What a process takes while nothing runs."""

    resident: int
    threads: int
    descriptors: int

    @classmethod
    def by(cls, process: psutil.Process) -> Taken:
        """The least within a moment: a run may be under way."""
        until, found = time.monotonic() + _QUIET_SECONDS, []
        while time.monotonic() < until:
            found.append((process.memory_info().rss, process.num_threads(), process.num_fds()))
            time.sleep(0.05)
        return cls(*map(min, zip(*found, strict=True)))

    def is_no_more_than(self, before: Taken) -> bool:
        """In threads and descriptors; SQLite opens a temporary file when it first needs one, and keeps it."""
        return self.threads <= before.threads and self.descriptors <= before.descriptors + 1


def _peak(process: psutil.Process, data: Path, outputs: Path, numbers: range) -> Taken:
    """A new date appears, is run, and then the next one; the most memory that is taken between two of them, and at the end the
    threads and descriptors.
    """
    resident = 0
    for number in numbers:
        begun = time.monotonic()
        (data / f"{date(2000, 1, 1) + timedelta(number)}.csv").write_text("a\n")
        done = number + 1
        wait_until(lambda: len(list((outputs / "notebooks" / "days").glob("*/count/run.json"))) >= done)  # noqa: B023
        time.sleep(max(0.0, GAP_SECONDS - (time.monotonic() - begun)))
        resident = max(resident, process.memory_info().rss)
    return replace(Taken.by(process), resident=resident)


def test_a_sensor_does_not_grow_with_the_runs_that_it_has_seen(tmp_path: Path) -> None:
    file, outputs = inputs(tmp_path / "in", dates=(), workflows=WORKFLOWS), tmp_path / "out"
    words = command("sensor.start", file, "--local", "--outputs", outputs, "--nb-workers", 1)
    said = tmp_path / "said"
    with open(said, "w") as file_said, subprocess.Popen(words, env=environment(), stdout=file_said, stderr=file_said) as sensor:
        process, data = psutil.Process(sensor.pid), file.parent / "data"
        try:
            _peak(process, data, outputs, range(WARM))
            before = _peak(process, data, outputs, range(WARM, WARM + PERIOD))
            _peak(process, data, outputs, range(WARM + PERIOD, RUNS - PERIOD))
            after = _peak(process, data, outputs, range(RUNS - PERIOD, RUNS))
            wait_until(lambda: Taken.by(process).is_no_more_than(before))  # on a busy machine a run may still be under way
            closed, now = _oldest_end(outputs), time.time()
            journal = sum(one.stat().st_size for one in (outputs / ".simpleflow-nb").glob("journal.sqlite3*"))
        finally:
            sensor.terminate()
            sensor.wait(120)
    grown = (after.resident - before.resident) / (RUNS - WARM - PERIOD)
    print(f"{RUNS} runs: {before} -> {after}, {grown:.0f} bytes a run, journal {journal / 1e6:.1f} MB")
    assert f"{RUNS} of {RUNS} runs succeeded" in said.read_text()
    if is_soak():
        assert grown < MOST_BYTES_A_RUN
        assert now - closed < KEPT_SECONDS + _LOOKS_SECONDS
        assert "removed the histories of" in said.read_text()


def _oldest_end(outputs: Path) -> float:
    with closing(JournalReader(outputs / ".simpleflow-nb" / "journal.sqlite3")) as reader:
        return min(float(info["closeTimestamp"]) for info in executions(reader, DOMAIN, is_open=False))
