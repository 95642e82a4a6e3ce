"""Commands that were interrupted once go on when they are typed again, as they say."""

from __future__ import annotations

import json
import signal
import subprocess
from datetime import date
from pathlib import Path

import pytest

from simpleflow_nb.notebooks import Local, Project
from tests.acceptance.conftest import wait_until
from tests.acceptance.samples import DATES, command, environment, inputs, notebook, typed
from tests.launched import Launched

WAITS = "import os, time\nopen('begun', 'w').close()\nwhile not os.path.exists('../../../../../go'): time.sleep(0.05)"


def _interrupted(words: list[object], folder: Path, begun: int = 1) -> str:
    """Type the command, interrupt it once its notebooks wait, let them end, and return what it said."""
    with Launched(command(*words), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as one:
        wait_until(lambda: len(list(folder.glob("out/notebooks/days/*/count/begun"))) >= begun)
        one.send_signal(signal.SIGINT)
        assert one.stderr is not None
        said = next(line for line in one.stderr if "no new task is started" in line)
        (folder / "go").touch()
        stdout, stderr = one.communicate(timeout=180)
    assert one.returncode == 1, said + stderr
    return stdout + stderr


@pytest.mark.parametrize("rerun", ["missing", "failed", "changed", "all"])
def test_a_backfill_goes_on_with_the_runs_that_it_has_started(rerun: str, tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES[:2], count=WAITS)
    period = ("--from", DATES[0], "--to", DATES[1], "--nb-workers", "2")
    words = ["backfill", file, "days", *period, "--rerun", rerun, "--quiet", "--outputs", tmp_path / "out"]
    if rerun == "changed":  # of which only what has run is due
        (tmp_path / "go").touch()
        assert typed(*(word if word != "changed" else "missing" for word in words), cwd=tmp_path).returncode == 0
        for path in (tmp_path / "go", *tmp_path.glob("out/notebooks/days/*/count/begun")):
            path.unlink()
        notebook(file.with_name("count.ipynb"), "day = None", f"print('new')\n{WAITS}")
    said = _interrupted(words, tmp_path, begun=2)
    assert "interrupted with 2 runs open; the same command goes on with them\n" in said
    planned = typed(*words, "--dry-run", "--json", cwd=tmp_path)
    assert (len(json.loads(planned.stdout)["to_start"]), len(json.loads(planned.stdout)["interrupted"])) == (0, 2)
    done = typed(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("2 of 2 runs succeeded in "), done.stdout
    assert "simpleflow-nb: going on with 2 interrupted runs\n" in done.stderr
    again = typed(*words, "--dry-run", "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["interrupted"] == []


def test_a_retry_goes_on_with_the_run_that_it_has_started(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES[:1], count="raise ValueError('no')")
    outputs = ("--quiet", "--outputs", tmp_path / "out")
    assert typed("sensor.start", file, "--local", "--once", *outputs, cwd=tmp_path).returncode == 1
    notebook(file.with_name("count.ipynb"), "day = None", WAITS)
    words = ["runs.retry", file, f"days/{DATES[0]}", *outputs]
    said = _interrupted(words, tmp_path)
    assert "interrupted with 1 run open; the same command goes on with it\n" in said
    done = typed(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1].partition(" in ")[0]) == (0, "1 of 1 run succeeded"), done.stderr
    assert "simpleflow-nb: going on with 1 interrupted run\n" in done.stderr
    assert typed(*words, cwd=tmp_path).stdout.startswith("nothing to retry: ")


def test_a_backfill_of_a_program_that_was_given_up_goes_on(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES[:2], count=WAITS)
    notebook(file.with_name("report.ipynb"), "counted = ''", "print(counted)")
    project = Project.open(file, outputs=tmp_path / "out", service=Local())
    period = (date.fromisoformat(DATES[0]), date.fromisoformat(DATES[1]))
    with project.backfill("days", *period, workers=2) as call:
        for _ in call:
            if len(list(tmp_path.glob("out/notebooks/days/*/count/begun"))) == 2:
                break
        (tmp_path / "go").touch()
    assert [run.state for run in project.runs().runs] == ["running", "running"]
    outcome = project.backfill("days", *period, workers=2).result()
    assert outcome.is_success
    assert [run.state for run in project.runs().runs] == ["succeeded", "succeeded"]
    assert len(outcome.runs) == 2
