"""Notebooks run by real kernels: how they are run, and what they leave."""

import asyncio
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import nbformat
import pytest

from tests.acceptance.conftest import run_json, sources_and_states
from workers.lights import Light
from workers.notebooks.notebook_run import run_notebook
from workers.notebooks.scraps import read_scraps

pytestmark = pytest.mark.usefixtures("forked")


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


@pytest.mark.parametrize("leave", ["import sys; sys.exit(0)", "exit()"])
def test_leaving_a_notebook_early_on_purpose_is_no_failure(write, into, leave):
    result = run_notebook(write("a = 1", leave, "raise ValueError('never')"), {}, into)
    assert result.light is Light.GREEN
    assert [state for _, state in sources_and_states(result.path)] == ["completed", "completed", "pending"]


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
    values = {"a": None, "b": [1.5, True, {"k": "quote \" ' \\ \n é {x}"}], "c": -0.0, "d": "", "e": -(10**20)}
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
