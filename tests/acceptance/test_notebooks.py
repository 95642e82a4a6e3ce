"""Notebooks run by real kernels."""

import asyncio
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import nbformat
import pytest

from tests.acceptance.conftest import is_running, wait_until
from workers.lights import Light
from workers.notebooks import NotebookFailed, NotebookRefused, run_notebook
from workers.scraps import read_scraps

BROKEN = {"name": "broken", "display_name": "Broken", "language": "python"}


@pytest.fixture(autouse=True)
def forked(forking, temporary, no_kernel_is_left, monkeypatch):
    """Kernels are forked where nothing else is said; what their origin could matter for is in kernels/."""
    monkeypatch.setattr("workers.kernels.supply._shared", forking)


def run_json(into):
    return json.loads((into / "run.json").read_text())


def sources_and_states(path):
    cells = nbformat.read(path, 4).cells
    return [(cell.source.split("\n")[0], cell.metadata.papermill.status) for cell in cells if cell.cell_type == "code"]


def failure_of(path, parameters, into, **options):
    with pytest.raises(NotebookFailed) as failed:
        run_notebook(path, parameters, into, **options)
    return failed.value


def test_a_notebook_leaves_what_is_needed_to_know_how_it_went(write, into):
    path = write("a = 1; days = []", "# Sum\ntext", "print('sum', a + 1)\nopen('made.txt', 'w').write(days[0])")
    seen: list[object] = []
    result = run_notebook(
        path,
        {"a": 41, "days": (date(2016, 1, 1),)},
        into,
        attempt=2,
        on_progress=lambda *now: seen.append(now),
        on_kernel_started=lambda pid: seen.append(os.getpgid(pid) == pid),
    )

    assert (result.path, result.light, result.status, result.warnings) == (
        into / "report.ipynb",
        Light.GREEN,
        "succeeded",
        (),
    )
    assert seen == [True, (1, 3, ""), (2, 3, "Sum"), (3, 3, "Sum")]
    names = sorted(entry.name for entry in into.iterdir())
    assert names == ["config.json", "made.txt", "output.txt", "report.ipynb", "run.json"]
    assert (into / "output.txt").read_text() == "sum 42\n"
    assert (into / "made.txt").read_text() == "2016-01-01"
    config, record = json.loads((into / "config.json").read_text()), run_json(into)
    assert config["parameters"] == {"a": 41, "days": ["2016-01-01"]}
    assert config["source_sha256"] == record["source_sha256"]
    assert (record["status"], record["light"], record["attempt"], record["error"]) == ("succeeded", "green", 2, None)
    assert record["duration_seconds"] == result.duration_seconds
    notebook = nbformat.read(result.path, 4)
    nbformat.validate(notebook)
    assert notebook.metadata.papermill.input_path == str(path)
    assert notebook.metadata.papermill.parameters == {"a": 41, "days": ["2016-01-01"]}


def test_a_warning_makes_it_orange_and_streams_do_not_break_each_others_lines(write, into):
    path = write(
        "import sys",
        "print('half a line, ', end=''); sys.stdout.flush()\n"
        "print('Warning: check the data', file=sys.stderr); sys.stderr.flush()\n"
        "print('the other half')",
        "print('open', end='')",
        "print('\\u26a0\\ufe0f mind')",
    )
    result = run_notebook(path, {}, into, label="a/b {x}")
    assert result.light is Light.ORANGE
    assert result.warnings == ("Warning: check the data", "\u26a0\ufe0f mind")
    assert result.path == into / "a%2Fb {x}.ipynb"
    assert (into / "output.txt").read_text() == (
        "Warning: check the data\nhalf a line, the other half\nopen\n\u26a0\ufe0f mind\n"
    )
    assert run_json(into)["warnings"] == list(result.warnings)


def test_a_cell_that_raises_is_named_and_the_half_run_notebook_kept(write, into):
    path = write("a = 1", "# Part", "print(1 / a)", "print('never')")
    failed = failure_of(path, {"a": 0}, into)

    assert str(failed) == (f"notebook 'report' failed in cell 3: ZeroDivisionError: division by zero (see {into}/report.ipynb)")
    assert (failed.label, failed.cell, failed.ename, failed.evalue) == ("report", 3, "ZeroDivisionError", "division by zero")
    assert "----> 1 print(1 / a)" in failed.traceback
    assert "\x1b" not in failed.traceback
    copy = pickle.loads(pickle.dumps(failed))
    assert (str(copy), copy.notebook, copy.traceback) == (str(failed), into / "report.ipynb", failed.traceback)
    states = sources_and_states(failed.notebook)
    assert states == [
        ("a = 1", "completed"),
        ("# Parameters", "completed"),
        ("print(1 / a)", "failed"),
        ("print('never')", "pending"),
    ]
    banner = nbformat.read(failed.notebook, 4).cells[0].source
    assert re.sub("<.*?>", "", banner) == "Cell 3 failed: ZeroDivisionError: division by zero Go to the cell"
    record = run_json(into)
    assert (record["status"], record["light"]) == ("failed", "red")
    assert record["error"] == {"cell": 3, "ename": "ZeroDivisionError", "evalue": "division by zero"}


@pytest.mark.parametrize(
    ("death", "reason"),
    [
        ("os._exit(3)", "the kernel exited with status 3"),
        ("os.kill(os.getpid(), 9)", "the kernel was killed by SIGKILL, perhaps because memory ran out"),
        ("import ctypes; ctypes.string_at(0)", "the kernel was killed by SIGSEGV"),
    ],
)
def test_a_kernel_that_dies_takes_its_children_along_and_its_cell_says_why(write, into, death, reason):
    path = write(
        "import os, subprocess, sys, time",
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open('child.txt', 'w').write(str(child.pid))\nprint('last words'); sys.stdout.flush(); time.sleep(0.5)\n" + death,
        "print('never')",
    )
    failed = failure_of(path, {}, into)
    assert str(failed) == f"notebook 'report' failed in cell 2: DeadKernelError: {reason} (see {into}/report.ipynb)"
    assert [state for _, state in sources_and_states(failed.notebook)] == ["completed", "failed", "pending"]
    outputs = [cell for cell in nbformat.read(failed.notebook, 4).cells if cell.cell_type == "code"][1].outputs
    assert [(output.output_type, output.get("evalue")) for output in outputs] == [("stream", None), ("error", reason)]
    assert (into / "output.txt").read_text() == "last words\n"
    child = int((into / "child.txt").read_text())
    wait_until(lambda: not is_running(child))  # killed before run_notebook returned; gone when the system has got to it


def test_a_notebook_that_takes_too_long_is_interrupted(write, into):
    failed = failure_of(write("import time; time.sleep(600)", "never"), {}, into, timeout_seconds=8)
    assert str(failed) == f"notebook 'report' failed in cell 1: TimeoutError: stopped after 8 s (see {into}/report.ipynb)"
    assert "KeyboardInterrupt" in failed.traceback
    assert [state for _, state in sources_and_states(failed.notebook)] == ["failed", "pending"]


def test_time_that_is_over_before_the_kernel_answers_is_said_so(write, into):
    failed = failure_of(write("a = 1"), {}, into, timeout_seconds=0.001)
    assert str(failed) == (
        f"notebook 'report' failed before its first cell: TimeoutError: stopped after 0.001 s (see {into}/report.ipynb)"
    )
    assert sources_and_states(failed.notebook) == [("a = 1", "pending")]


class Cancelled(Exception):
    pass


def test_an_exception_from_on_progress_ends_the_kernel_and_keeps_the_notebook(write, into):
    def cancel(cell, cells, heading):
        if cell == 2:
            raise Cancelled("by the operator")

    with pytest.raises(Cancelled, match=r"^by the operator$"):
        run_notebook(write("a = 1", "b = 2", "c = 3"), {"a": 2}, into, on_progress=cancel)
    assert sources_and_states(into / "report.ipynb") == [
        ("a = 1", "completed"),
        ("# Parameters", "completed"),
        ("b = 2", "failed"),
        ("c = 3", "pending"),
    ]
    assert run_json(into)["error"] == {"cell": None, "ename": "Cancelled", "evalue": "by the operator"}


def test_an_exception_from_on_kernel_started_ends_the_kernel(write, into):
    def cancel(pid):
        raise Cancelled

    with pytest.raises(Cancelled):
        run_notebook(write("a = 1"), {}, into, on_kernel_started=cancel)
    assert run_json(into)["status"] == "failed"


def test_ctrl_c_ends_the_kernel_and_keeps_the_notebook(write, into):
    def interrupt(cell, cells, heading):
        if cell == 2:
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

    with pytest.raises(KeyboardInterrupt):
        run_notebook(write("a = 1", "import time; time.sleep(600)"), {}, into, on_progress=interrupt)
    assert [state for _, state in sources_and_states(into / "report.ipynb")] == ["completed", "failed"]


def test_a_killed_worker_leaves_no_kernel(write, into, temporary):
    path = write(
        "import os, time", "open('pid.txt', 'w').write(str(os.getpid()))\nos.rename('pid.txt', 'pid')\ntime.sleep(600)"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", f"from workers.notebooks import *; run_notebook({str(path)!r}, {{}}, {str(into)!r})"]
    )
    wait_until((into / "pid").exists)
    kernel = int((into / "pid").read_text())
    worker.kill()
    worker.wait()
    wait_until(lambda: not is_running(kernel))
    assert run_json(into)["status"] == "running"
    assert nbformat.read(into / "report.ipynb", 4).cells


@pytest.mark.parametrize("leave", ["import sys; sys.exit(0)", "exit()"])
def test_leaving_a_notebook_early_on_purpose_is_no_failure(write, into, leave):
    result = run_notebook(write("a = 1", leave, "raise ValueError('never')"), {}, into)
    assert result.light is Light.GREEN
    assert [state for _, state in sources_and_states(result.path)] == ["completed", "completed", "pending"]


def test_leaving_with_a_status_is_a_failure(write, into):
    failed = failure_of(write("a = 1", "import sys; sys.exit(4)"), {}, into)
    assert str(failed) == f"notebook 'report' failed in cell 2: SystemExit: 4 (see {into}/report.ipynb)"


def test_notebooks_run_at_once_in_threads_each_in_its_own_folder_and_environment(write, tmp_path):
    path = write("name = ''", "import os; print(name, os.getcwd(), os.environ['SHARE'])")
    here = os.getcwd()

    def run(name):
        run_notebook(path, {"name": name}, tmp_path / name, environment={"SHARE": name * 2})
        return (tmp_path / name / "output.txt").read_text()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(run, "abc")) == [f"{name} {tmp_path / name} {name * 2}\n" for name in "abc"]
    assert os.getcwd() == here


def test_a_notebook_can_be_run_from_inside_an_event_loop(write, into):
    async def run():
        return run_notebook(write("a = 1", "import asyncio; await asyncio.sleep(0); print(a)"), {"a": 2}, into)

    asyncio.run(run())
    assert (into / "output.txt").read_text() == "2\n"


def test_what_one_notebook_glues_another_reads(write, tmp_path):
    first = write("a = 1", "import scrapbook as sb; sb.glue('sum', {'of': a})", name="first.ipynb")
    second = write("first = ''", "import scrapbook as sb; print(sb.read_notebook(first).scraps['sum'].data)", name="2.ipynb")
    made = run_notebook(first, {"a": 5}, tmp_path / "first").path
    run_notebook(second, {"first": made}, tmp_path / "second")
    assert (tmp_path / "second" / "output.txt").read_text() == "{'of': 5}\n"


@pytest.mark.parametrize("name", ["python3", "somebodys-env"])
def test_python_notebooks_run_on_this_interpreter_wherever_path_leads(write, into, name, monkeypatch):
    path = write(
        "a = 1", "import sys; print(sys.executable)", kernelspec={"name": name, "display_name": "P", "language": "python"}
    )
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("JUPYTER_PATH", "/nowhere")
    run_notebook(path, {}, into)
    assert (into / "output.txt").read_text() == f"{sys.executable}\n"


def test_parameters_arrive_as_they_were_given(write, into):
    values = {"a": None, "b": [1.5, True, {"k": "quote \" ' \\ \n é {x}"}], "c": float("nan"), "d": "", "e": -(10**20)}
    path = write("a = b = 0\nc, (d, e) = 1, (2, 3)\n%matplotlib --list", "import json; print(json.dumps([a, b, c, d, e]))")
    run_notebook(path, values, into)
    assert (into / "output.txt").read_text().splitlines()[-1] == json.dumps(list(values.values()))


def test_a_python_file_in_percent_format_runs_without_a_file_beside_it(tmp_path, into):
    path = tmp_path / "prep.py"
    path.write_text("# %% [markdown]\n# # Prepare\n\n# %% tags=['parameters']\na = 1\n\n# %%\nprint(a)\n")
    result = run_notebook(path, {"a": 3}, into)
    assert result.path == into / "prep.ipynb"
    assert (into / "output.txt").read_text() == "3\n"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["out", "prep.py"]


def test_secrets_are_masked_in_all_that_is_kept(write, into, monkeypatch):
    token = "tok-1234567890-secret"
    monkeypatch.setenv("FLOWAPI_TOKEN", token)
    path = write(
        "a = 1",
        "import os, sys, time; t = os.environ['FLOWAPI_TOKEN']; print(t)\n"
        "print(t[:8], end=''); sys.stdout.flush(); time.sleep(0.3); print(t[8:])\nraise ValueError(t)",
    )
    failed = failure_of(path, {}, into)
    assert failed.evalue == "***"
    for kept in into.iterdir():
        assert token not in kept.read_text(), kept
    assert token not in str(failed) + failed.traceback
    assert (into / "output.txt").read_text() == "***\n***\n"


def test_much_output_is_all_there(write, into):
    path = write("a = 1", "for n in range(100_000): print(n)", *["display(a)"] * 30)
    run_notebook(path, {}, into)
    assert (into / "output.txt").read_text() == "".join(f"{n}\n" for n in range(100_000))


def test_the_version_of_the_source_is_noted(write, into, tmp_path):
    path = write("a = 1")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "report.ipynb"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *arguments], check=True)
    run_notebook(path, {}, into)
    clean = run_json(into)
    path.write_text(path.read_text().replace("a = 1", "a = 2"))
    run_notebook(path, {}, into)
    dirty = run_json(into)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert [(record["git_commit"], record["git_dirty"]) for record in (clean, dirty)] == [(commit, False), (commit, True)]
    assert clean["source_sha256"] != dirty["source_sha256"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"treshold": 3},
            "notebook 'report.ipynb' has no parameter 'treshold' (did you mean 'threshold'?); "
            "its cell tagged 'parameters' sets 'mode' and 'threshold'",
        ),
        (
            {"a": 1, "modes": 2},
            "notebook 'report.ipynb' has no parameter 'a' and no 'modes' (did you mean 'mode'?); "
            "its cell tagged 'parameters' sets 'mode' and 'threshold'",
        ),
        ({"mode": object()}, "parameter 'mode' of notebook 'report.ipynb': a object does not survive JSON"),
        ({"mode": {1, 2}}, "parameter 'mode' of notebook 'report.ipynb': a set does not survive JSON"),
        (
            {"mode": [{1: 2}]},
            "parameter 'mode' of notebook 'report.ipynb': the key 1 of a mapping is not a text, so it does not survive JSON",
        ),
        ({"mode": "\ud800"}, "parameter 'mode' of notebook 'report.ipynb': a lone surrogate in a text has no JSON form"),
    ],
)
def test_wrong_parameters_are_refused_and_nothing_runs(write, into, parameters, message):
    path = write("threshold = 1\nmode: str = 'x'")
    with pytest.raises(NotebookRefused) as refused:
        run_notebook(path, parameters, into)
    assert str(refused.value) == message
    assert not into.exists()


def test_parameters_need_a_cell_that_is_tagged(write, into):
    with pytest.raises(NotebookRefused) as refused:
        run_notebook(write("a = 1", tagged=False), {"a": 1, "b": 2}, into)
    assert str(refused.value) == (
        "notebook 'report.ipynb' has no cell tagged 'parameters', so it cannot take 'a' and 'b'; "
        "tag the cell that sets their defaults"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "{path} is not a notebook: expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b"[]", "{path} is not a notebook of format 3 or 4"),
        (b'{"nbformat": 4, "nbformat_minor": 5}', "{path} is not a notebook: KeyError: 'cells'"),
        (b"\xff", "notebook {path} is not UTF-8 text (byte 0)"),
    ],
)
def test_a_file_that_is_no_notebook_is_refused(tmp_path, into, content, message):
    path = tmp_path / "report.ipynb"
    path.write_bytes(content)
    with pytest.raises(NotebookRefused) as refused:
        run_notebook(path, {}, into)
    assert str(refused.value) == message.format(path=path)


def test_a_missing_notebook_is_refused_with_a_guess(write, into, tmp_path):
    write("a = 1")
    with pytest.raises(NotebookRefused) as refused:
        run_notebook(tmp_path / "repord.ipynb", {}, into)
    assert str(refused.value) == f"notebook {tmp_path}/repord.ipynb does not exist (did you mean 'report.ipynb'?)"


def test_a_kernel_of_another_language_that_is_not_installed_is_refused(write, into, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", "/nowhere")
    path = write("a = 1", kernelspec={"name": "ir", "display_name": "R", "language": "R"})
    with pytest.raises(NotebookRefused) as refused:
        run_notebook(path, {}, into)
    assert str(refused.value) == f"notebook {path} wants kernel 'ir', which is not installed (there is 'python3')"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (["/nowhere/kernel"], "its program /nowhere/kernel cannot be started: No such file or directory"),
        ([sys.executable, "-c", "import sys; sys.exit('no licence')"], "it exited with status 1; it said: no licence"),
    ],
)
def test_a_kernel_that_does_not_start_is_a_failure_that_says_why(write, into, tmp_path, monkeypatch, program, reason):
    folder = tmp_path / "jupyter" / "kernels" / "broken"
    folder.mkdir(parents=True)
    specification = {"argv": [*program, "{connection_file}"], "display_name": "Broken", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(specification))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    failed = failure_of(write("a = 1", kernelspec=BROKEN), {}, into)
    assert str(failed) == (
        f"notebook 'report' failed before its first cell: KernelNotStarted: {reason} (see {into}/report.ipynb)"
    )
    assert failed.cell is None


def test_importing_the_module_does_not_import_papermill():
    script = "import sys, workers.notebooks; print(sorted({'papermill', 'nbformat', 'zmq'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_what_was_glued_as_json_is_read_without_a_kernel(write, into):
    path = write(
        "a = 1",
        "import scrapbook as sb, pandas as pd",
        "sb.glue('sum', {'of': [a]}); sb.glue('text', 'x'); sb.glue('frame', pd.DataFrame({'a': [1]}), 'pandas')",
        "sb.glue('sum', a + 1)",
    )
    assert read_scraps(run_notebook(path, {"a": 5}, into).path) == {"sum": 6, "text": "x"}
    with pytest.raises(ValueError, match=r"run.json is no notebook: it has no cells$"):
        read_scraps(into / "run.json")
