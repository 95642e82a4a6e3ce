"""A fan of notebooks whose process is killed at any moment: no attempt at an item runs twice, and its join has all in order."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from simpleflow_nb.inspection.executions import executions
from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.service import DOMAIN
from tests.acceptance.samples import command, environment, notebook, typed
from tests.launched import Launched
from tests.settings import PATIENCE_SECONDS, count

KILLS = count(small=3, soak=10)
ITEMS = 60
_LONGEST_PAUSE_SECONDS = 0.4  # about as long as a notebook takes

WORKFLOWS = f"""\
workflows:
  - name: fan
    notebooks:
      item: {{filename: item.ipynb, for_each: {{n: {list(range(ITEMS))}}}, max_parallel: 4, parameters: {{n: n}}}}
      total: {{filename: total.ipynb, parameters: {{parts: item}}}}
available_dates_sensor: null
"""
#: One line in the folder of the attempt, and one in the folder of the test.
ITEM = """\
for place in ("ran.txt", "../../../../../../ran.txt"):
    with open(place, "a") as file:
        file.write(f"{n}\\n")
"""
TOTAL = """\
import json
with open("total.json", "w") as file:
    json.dump(parts, file)
"""


@pytest.fixture
def temporary() -> Iterator[Path]:
    """The folder for temporary files of the commands; its path is short enough for sockets."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="k-") as folder:
        yield Path(folder)


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def wait_for_items(ran: Path, number: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until so many items have run, in whatever attempt, or the process has ended."""
    until = time.monotonic() + PATIENCE_SECONDS
    while len(lines(ran)) < number and process.poll() is None:
        assert time.monotonic() < until, f"{len(lines(ran))} of {number} items have run"
        time.sleep(0.01)


def test_killed_at_random_moments_a_fan_runs_each_attempt_once_and_its_join_has_all_in_order(
    tmp_path: Path, temporary: Path
) -> None:
    notebook(tmp_path / "item.ipynb", "n = None", ITEM)
    notebook(tmp_path / "total.ipynb", "parts = None", TOTAL)
    file, outputs, ran = tmp_path / "workflows.yml", tmp_path / "out", tmp_path / "ran.txt"
    file.write_text(WORKFLOWS)
    words = ("workflow.start", f"{file}:fan", "--local", "--outputs", outputs)
    seed = random.randrange(10**6)
    moments = random.Random(seed)
    print(f"seed {seed}")
    for _ in range(KILLS):
        with Launched(
            command(*words), env=environment(TMPDIR=str(temporary)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            wait_for_items(ran, len(lines(ran)) + moments.randint(2, 5), process)
            time.sleep(moments.uniform(0, _LONGEST_PAUSE_SECONDS))
            process.kill()
    last = typed(*words, cwd=tmp_path, TMPDIR=str(temporary))
    assert last.returncode == 0, last.stderr

    attempts: dict[int, list[str]] = {number: [] for number in range(ITEMS)}  # how each ended, the last one last
    executed = 0
    for folder in sorted(outputs.glob("notebooks/fan/**/item/*/"), key=lambda folder: ".attempts" not in folder.parts):
        number = int(folder.name.partition("-")[0])
        times = lines(folder / "ran.txt")
        assert times in ([], [str(number)]), f"{folder} has run more than once"
        executed += len(times)
        record = folder / "run.json"  # not yet written if the process was killed as the folder was made
        attempts[number].append(json.loads(record.read_text())["status"] if record.exists() else "lost")
        assert record.exists() or not times
    assert len(lines(ran)) == executed  # none ran elsewhere
    for number, states in attempts.items():
        assert states[-1] == "succeeded", number
        assert {"lost", "succeeded"}.issuperset(states), number  # it may have ended, and the process before it could say so

    [total] = outputs.glob("notebooks/fan/*/total/total.json")
    parts = json.loads(total.read_text())
    assert [Path(part).parent.name for part in parts] == [f"{number}-{number}" for number in range(ITEMS)]
    with closing(sqlite3.connect(outputs / ".simpleflow-nb" / "runs.sqlite3")) as records:
        rows = records.execute(
            'SELECT "index", state, attempt FROM sfnb_items WHERE label = \'item\' ORDER BY "index"'
        ).fetchall()
        runs = records.execute("SELECT state FROM sfnb_runs").fetchall()
    assert rows == [(number, "succeeded", len(attempts[number])) for number in range(ITEMS)]
    assert runs == [("succeeded",)]
    with closing(JournalReader(outputs / ".simpleflow-nb" / "journal.sqlite3")) as reader:
        found = list(executions(reader, DOMAIN, is_open=False, typeFilter={"name": "notebook_workflow"}))
        assert [info["closeStatus"] for info in found] == ["COMPLETED"]  # one run all the time
        assert list(executions(reader, DOMAIN, is_open=True)) == []
