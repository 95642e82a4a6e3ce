"""``notebook.run`` and ``notebook.debug`` as a user types them, and a notebook's own settings in a workflow file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.acceptance.conftest import wait_until
from tests.acceptance.samples import DATES, command, environment, inputs, notebook, typed
from tests.launched import Launched
from workers.kept_paths import present_config

SCRIPT = "# %% [markdown]\n# # Prepare\n\n# %% tags=['parameters']\nn, day = 1, None\n\n# %%\nprint(n, day)\n\n# %%\n{last}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prep.py").write_text(SCRIPT.format(last="print('Warning: few rows')"))
    (tmp_path / "bad.py").write_text(SCRIPT.format(last="1 / (n - 3)"))
    (tmp_path / "values.yml").write_text("n: 5\nday: 2016-01-31\n")
    (tmp_path / "values.json").write_text('{"n": 6, "day": "2016-02-01"}')
    return tmp_path


def test_one_notebook_is_run_with_its_parameters_and_its_path_printed(folder: Path) -> None:
    done = typed("notebook.run", "prep.py", "--params", "values.yml", "--set", "n=7", cwd=folder)
    assert (done.returncode, done.stdout) == (0, f"{folder}/prep/prep.ipynb\n")
    assert done.stderr == (
        "cell 1 of 4: Prepare\ncell 2 of 4: Prepare\ncell 3 of 4: Prepare\ncell 4 of 4: Prepare\norange: Warning: few rows\n"
    )
    assert (folder / "prep" / "output.txt").read_text() == "7 2016-01-31\nWarning: few rows\n"
    again = typed("notebook.run", "prep.py", "--params", "values.json", "--quiet", cwd=folder)
    assert (again.returncode, again.stderr) == (0, "orange: Warning: few rows\n")
    assert (folder / "prep" / "output.txt").read_text() == "6 2016-02-01\nWarning: few rows\n"


def test_what_yaml_reads_otherwise_than_written_is_told(folder: Path) -> None:
    (folder / "odd.yml").write_text("day: 12:30\n")
    done = typed("notebook.run", "prep.py", "--params", "odd.yml", "--set", "n=NO", "--prepare-only", cwd=folder)
    assert (done.returncode, done.stdout) == (0, f"{folder}/prep/prep.ipynb\n")
    assert done.stderr == (
        "warning: --params odd.yml:1: 12:30 was read as 750, a number to the base 60; write '12:30' in quotes for the text, "
        "or 750\n"
        "warning: --set n=NO: NO was read as false; write --set 'n=\"NO\"' for the text\n"
    )


def test_a_notebook_that_fails_shows_its_traceback_and_one_sentence(folder: Path) -> None:
    done = typed("notebook.run", "bad.py", "--set", "n=3", "--into", "there", "--quiet", cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "----> 1 1 / (n - 3)" in done.stderr
    assert done.stderr.splitlines()[-1] == (
        f"simpleflow-nb: notebook 'bad' failed in cell 4: ZeroDivisionError: division by zero (see {folder}/there/bad.ipynb)"
    )


def test_a_notebook_can_be_prepared_without_being_run(folder: Path) -> None:
    done = typed("notebook.run", "bad.py", "--set", "n=3", "--prepare-only", cwd=folder)
    assert (done.returncode, done.stdout) == (0, f"{folder}/bad/bad.ipynb\n")
    prepared = nbformat.read(folder / "bad" / "bad.ipynb", 4)
    assert [cell.source for cell in prepared.cells if "injected-parameters" in cell.metadata.get("tags", ())] == [
        "# Parameters\nn = 3\n"
    ]
    assert [cell.outputs for cell in prepared.cells if cell.cell_type == "code"] == [[], [], [], []]
    assert sorted(entry.name for entry in (folder / "bad").iterdir()) == ["bad.ipynb", "config.json"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["no.py"], "notebook {folder}/no.py does not exist"),
        (
            ["prep.py", "--set", "m=1"],
            "notebook 'prep.py' has no parameter 'm'; its cell tagged 'parameters' sets 'day' and 'n'",
        ),
        (["prep.py", "--set", "m"], "--set m: write it as name=value"),
        (["prep.py", "--set", "n=1", "--set", "n=2"], "--set n=2: n is given twice"),
        (["prep.py", "--set", "n=.nan"], "--set n=.nan: NaN is not a JSON value; give null or a number"),
        (
            ["prep.py", "--params", "nan.yml"],
            "--params nan.yml:2: the parameter 'n': NaN is not a JSON value; give null or a number",
        ),
        (["prep.py", "--params", "twice.yml"], "--params twice.yml:2: 'n' is given twice (first in line 1)"),
        (
            ["prep.py", "--params", "nan.json"],
            "--params nan.json: the file is not JSON: NaN is not a JSON value; give null or a number",
        ),
        (["prep.py", "--params", "twice.json"], "--params twice.json: the file is not JSON: it has the key 'n' twice"),
        (["prep.py", "--params", "no.yml"], "--params no.yml: there is no such file"),
        (["prep.py", "--params", "list.yml"], "--params list.yml: the file must be a mapping of names to values"),
        (
            ["prep.py", "--params", "prep.json"],
            "--params prep.json: the file is not JSON: Expecting value: line 1 column 1 (char 0)",
        ),
        (["prep.py", "--into", "."], "{folder} has files that no earlier run has left; name another folder with --into"),
        (["prep.py", "--into", "prep.py"], "{folder}/prep.py is a file; name a folder with --into"),
        (
            ["prep.py", "--timeout", "soon"],
            "--timeout soon: give a duration of at most 30 days, such as 90 (seconds), 10m or 2h",
        ),
        (
            ["prep.py", "--memory-limit", "1"],
            "--memory-limit 1: give an amount of memory of at least 1 MB, such as 500MB or 2GiB",
        ),
        (
            ["prep.py", "--kernel", "nope"],
            "kernel 'nope' for notebook {folder}/prep.py is not installed (there is 'python3')",
        ),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_written(folder: Path, words: list[str], sentence: str) -> None:
    (folder / "list.yml").write_text("- 1\n")
    (folder / "prep.json").write_text("n: 1\n")
    (folder / "nan.yml").write_text("day: 1\nn: .nan\n")
    (folder / "twice.yml").write_text("n: 1\nn: 2\n")
    (folder / "nan.json").write_text('{"n": NaN}')
    (folder / "twice.json").write_text('{"n": 1, "n": 2}')
    before = sorted(folder.iterdir())
    done = typed("notebook.run", *words, cwd=folder, JUPYTER_PATH="/nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"simpleflow-nb: {sentence.format(folder=folder)}\n"
    assert sorted(folder.iterdir()) == before


def test_an_executed_notebook_never_overwrites_its_source(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    notebook(tmp_path / "a" / "a.ipynb", "n = 1", "print(n)")
    (tmp_path / "a" / "run.json").write_text("{}")
    content = (tmp_path / "a" / "a.ipynb").read_bytes()
    done = typed("notebook.run", "a/a.ipynb", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        f"simpleflow-nb: notebook {tmp_path}/a/a.ipynb would be overwritten by the executed one; run it into another folder\n",
    )
    assert (tmp_path / "a" / "a.ipynb").read_bytes() == content


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_notebook_is_on_record(folder: Path, number: signal.Signals) -> None:
    (folder / "slow.py").write_text(SCRIPT.format(last="open('on', 'w'); import time; time.sleep(600)"))
    with Launched(
        command("notebook.run", "slow.py", "--quiet"), cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until((folder / "slow" / "on").exists, 180)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=180)
    assert process.returncode == 1
    assert stderr.splitlines()[-1] == (
        f"simpleflow-nb: notebook 'slow' failed in cell 4: Cancelled: on request (see {folder}/slow/slow.ipynb)"
    )
    record = json.loads((folder / "slow" / "run.json").read_text())
    assert (record["status"], record["error"]["cell"]) == ("cancelled", 4)


LIMITED = """\
workflows:
  - name: days
    notebooks:
      count:
        filename: count.py
        parameters: {day: reference_date}
        timeout: 10m
        cell_timeout: 4
        memory_limit: 4GB
        kernel: python3
        env: {WHO: me}
available_dates_sensor:
  schedule: null
  source: {files: {calls: 'data/{date}.csv'}}
  workflows: [{workflow_name: days}]
"""


def test_a_failed_notebook_of_a_run_is_prepared_with_its_exact_parameters(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES[:1], workflows=LIMITED)
    source = "# %% tags=['parameters']\nday = None\n# %%\nimport os, time\nprint(day, os.environ['WHO'])\ntime.sleep(600)\n"
    (tmp_path / "in" / "count.py").write_text(source)
    first = typed("sensor.start", file, "--local", "--once", "--outputs", tmp_path / "out", cwd=tmp_path)
    [folder] = (tmp_path / "out" / "notebooks" / "days").iterdir()
    assert first.returncode == 1, first.stderr
    assert "failed in cell 2: TimeoutError: the cell was stopped after 4 s" in first.stderr
    assert (folder / "count" / "output.txt").read_text() == "2016-01-01 me\n"
    record = json.loads((folder / "count" / "run.json").read_text())
    assert record["kernel"] == {"name": "python3", "origin": "fork", "reason": None}
    assert record["peak_memory_bytes"] > 10**6

    done = typed("notebook.debug", "--local", f"days/{DATES[0]}", "count", cwd=tmp_path)
    prepared = tmp_path / "debug/days" / folder.name / "count/count.ipynb"
    failure = "attempt 1 failed in cell 2: TimeoutError: the cell was stopped after 4 s"
    again = (
        f"{tmp_path}/in/count.py --params {prepared.parent}/parameters.json --into {prepared.parent}/again"
        " --timeout 600 --cell-timeout 4 --memory-limit 4GB"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"{prepared}  ({failure})\n"
        f"open it:  env WHO=me jupyter lab {prepared}\n"
        f"run it:   env WHO=me simpleflow-nb notebook.run {again}\n"
    )
    for words, at in (((file, "--outputs", tmp_path / "out"), tmp_path), (("--outputs", tmp_path / "out"), file.parent)):
        named = typed("notebook.debug", *words, f"days/{DATES[0]}", "count", "--into", prepared.parent, cwd=at)
        assert (named.returncode, named.stdout) == (0, done.stdout), named.stderr
    config = json.loads((prepared.parent / "config.json").read_text())
    was = json.loads((folder / "count" / "config.json").read_text())
    assert (was["source"], was["relative_to_outputs"]) == ("../in/count.py", [])
    assert config == present_config(was, tmp_path / "out")
    assert (config["environment"], config["limits"]) == (
        {"WHO": "me"},
        {
            "timeout_seconds": 600,
            "cell_timeout_seconds": 4,
            "memory_limit_bytes": 4_000_000_000,
            "printed_limit_bytes": 100_000_000,
            "displayed_limit_bytes": 500_000_000,
        },
    )
    cells = [cell.source for cell in nbformat.read(prepared, 4).cells]
    assert cells[1] == '# Parameters\nday = "2016-01-01"\n'

    of_r = "# ---\n# jupyter:\n#   kernelspec: {display_name: R, language: R, name: ir}\n# ---\n"
    (tmp_path / "in" / "count.py").write_text(of_r + source.replace("600", "0"))
    changed = typed("notebook.debug", "--local", f"days/{DATES[0]}", "count", cwd=tmp_path)
    assert changed.stderr == (
        f"{tmp_path}/in/count.py has changed since it ran; this is the present version\n"
        f"what was here before is kept as {prepared.parent}/count.1.ipynb\n"
    )
    again += " --kernel python3"
    assert changed.stdout.endswith(f" {again}\n")
    rerun = subprocess.run(
        command("notebook.run", *again.split(), "--quiet"),
        env=environment(WHO="me"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (rerun.returncode, rerun.stdout) == (0, f"{prepared.parent}/again/count.ipynb\n"), rerun.stderr
    prepared.write_text(prepared.read_text().replace("print(day", "print('edited', day"))
    edited, parameters = prepared.read_bytes(), (prepared.parent / "parameters.json").read_bytes()
    for _ in range(2):
        kept = typed("notebook.debug", "--local", f"days/{DATES[0]}", "count", cwd=tmp_path)
        assert kept.returncode == 0, kept.stderr
    names = {path.name for path in prepared.parent.iterdir()}
    assert {name for name in names if name.endswith(".ipynb")} == {"count.ipynb", "count.1.ipynb", "count.2.ipynb"}
    assert (prepared.parent / "count.2.ipynb").read_bytes() == edited
    assert (prepared.parent / "parameters.json").read_bytes() == parameters
    (tmp_path / "in" / "count.py").rename(tmp_path / "away.py")
    unprepared = typed("notebook.debug", "--local", f"days/{DATES[0]}", "count", cwd=tmp_path)
    assert unprepared.returncode == 2, unprepared.stderr
    assert {path.name for path in prepared.parent.iterdir()} == names
    wrong = typed("notebook.debug", "--local", f"days/{DATES[0]}", "cuont", cwd=tmp_path)
    assert (wrong.returncode, wrong.stderr) == (
        2,
        "simpleflow-nb: the run has no notebook 'cuont' (did you mean 'count'?); it has count\n",
    )


def test_papermill_finds_the_engine_by_its_name(tmp_path: Path) -> None:
    notebook(tmp_path / "in.ipynb", "n = 1", "print(n)", "import os; print(os.getcwd())", "1 / (n - 3)")
    program = [sys.executable, "-m", "papermill", "--engine", "simpleflow-nb", "--no-progress-bar"]
    kernel = ["-k", "python3", "-l", "python"]
    done = subprocess.run(
        [*program, *kernel, "-p", "n", "5", "in.ipynb", "out.ipynb"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    executed = nbformat.read(tmp_path / "out.ipynb", 4)
    printed = [out.text for cell in executed.cells for out in cell.get("outputs", ()) if out.output_type == "stream"]
    assert printed == ["5\n", f"{tmp_path}\n"]
    failed = subprocess.run(
        [*program, *kernel, "-p", "n", "3", "in.ipynb", "out.ipynb"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (failed.returncode, "ZeroDivisionError" in failed.stderr) == (1, True)
    assert nbformat.read(tmp_path / "out.ipynb", 4).metadata.papermill.exception is True


def test_the_info_of_an_open_run_says_which_cell_each_notebook_is_at(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES[:1], count="open('on', 'w').close()\nimport time; time.sleep(600)")
    words = ("sensor.start", file, "--local", "--once", "--quiet", "--outputs", tmp_path / "out")
    with Launched(command(*words), env=environment(), stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: list(tmp_path.glob("out/notebooks/days/*/count/on")), 180)
        info: dict[str, str] = {}

        def progress() -> str | None:
            looked = typed("--format", "json", "--header", "workflow.info", "--local", f"days/{DATES[0]}", cwd=tmp_path)
            info.update(json.loads(looked.stdout)[0])
            return info["progress"]

        wait_until(lambda: progress() == "count: cell 2 of 2", 180)
        process.kill()


def test_a_wrong_setting_of_kernels_is_said_before_anything_runs(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES[:1])
    done = typed("sensor.start", file, "--local", "--once", cwd=tmp_path, SIMPLEFLOW_NB_KERNELS="thread")
    assert (done.returncode, done.stderr) == (
        2,
        "simpleflow-nb: SIMPLEFLOW_NB_KERNELS is 'thread'; fork or spawn is expected\n",
    )
