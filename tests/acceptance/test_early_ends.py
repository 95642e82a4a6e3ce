"""Notebooks that end before their last cell because they want to: exits, and runs that are skipped."""

import nbformat
import pytest

from tests.acceptance.conftest import run_json, sources_and_states
from workers.kernels.kernel import Kernel, own_python_spec
from workers.notebooks.notebook_run import NotebookFailed

SKIP = "from simpleflow_nb.notebooks import skip"
WRITE_REASON = "import os; open(os.environ['SIMPLEFLOW_NB_SKIP'], 'w').write('no data')"


def printed(into):
    return (into / "output.txt").read_text()


def errors_in(notebook):
    outputs = (output for cell in nbformat.read(notebook, 4).cells for output in cell.get("outputs", ()))
    return [output for output in outputs if output.output_type == "error"]


@pytest.mark.parametrize(
    ("leave", "cause"),
    [
        ("exit(1)", "SystemExit: 1"),
        ("quit(5)", "SystemExit: 5"),
        ("exit(True)", "SystemExit: True"),
        ("exit('no feed')", "SystemExit: no feed"),
        ("import sys; sys.exit('0')", "SystemExit: 0"),  # a text, which a shell would get as 1
        ("exit(2); exit(0)", "SystemExit: 2"),
        ("import pandas; exit(pandas.DataFrame({'a': [1]}))", "SystemExit: a 0 1"),
    ],
)
def test_leaving_with_a_status_fails_at_once(run, write, into, leave, cause):
    with pytest.raises(NotebookFailed) as failed:
        run(write("a = 1", f"print('before'); {leave}; print('behind')", "print('next')"), {}, into)
    assert str(failed.value) == f"notebook 'report' failed in cell 2: {cause} (see {into}/report.ipynb)"
    assert printed(into) == "before\n"
    assert run_json(into)["light"] == "red"


@pytest.mark.parametrize(
    "leave", ["exit()", "quit()", "exit(0)", "exit(False)", "import sys; sys.exit()", "raise SystemExit(None)"]
)
def test_leaving_without_a_status_is_a_success_that_says_where(run, write, into, leave):
    done = run(write("a = 1", f"print('before')\n{leave}\nprint('behind')", "print('next')"), {}, into)
    assert (done.status, done.light, done.ended_in_cell, done.skipped_for) == ("succeeded", "green", 2, None)
    assert printed(into) == "before\n"
    assert (run_json(into)["status"], run_json(into)["ended_in_cell"]) == ("succeeded", 2)
    notebook = nbformat.read(done.path, 4)
    assert notebook.cells[0].source == "<em>Ended by the notebook in cell 2.</em>"
    assert [output.output_type for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs] == ["stream"]


def test_an_exit_that_is_caught_ends_nothing(run, write, into):
    done = run(write("a = 1", "try:\n    exit(2)\nexcept SystemExit:\n    print('caught')", "print('next')"), {}, into)
    assert (done.status, done.ended_in_cell) == ("succeeded", None)
    assert printed(into) == "caught\nnext\n"


@pytest.mark.parametrize(
    ("cells", "ended_in", "reason"),
    [
        ([f"{SKIP}\nskip('no data')", "print('next')"], 2, "no data"),
        ([f"{SKIP}\ntry:\n    skip('no\\n data')\nexcept Exception:\n    print('not caught')"], 2, "no data"),
        ([f"{WRITE_REASON}; exit()", "print('next')"], 2, "no data"),
        ([WRITE_REASON, "print('next')"], None, "no data"),
        (["!echo no data > $SIMPLEFLOW_NB_SKIP"], None, "no data"),
        (["!touch $SIMPLEFLOW_NB_SKIP"], None, "it gave no reason"),
    ],
)
def test_a_notebook_says_that_there_is_nothing_to_do(run, write, into, cells, ended_in, reason):
    done = run(write("a = 1", *cells), {}, into)
    assert (done.status, done.light, done.ended_in_cell, done.skipped_for) == ("skipped", "green", ended_in, reason)
    record = run_json(into)
    assert (record["status"], record["light"], record["skipped_for"]) == ("skipped", "green", reason)
    where = f" in cell {ended_in}" if ended_in else ""
    top = nbformat.read(done.path, 4).cells[0]
    assert top.source == f"<em>Skipped by the notebook{where}: {reason}</em>"
    assert "not caught" not in printed(into)


def test_a_reason_is_not_read_to_the_end_of_a_large_file():
    kernel = Kernel.of("python3", own_python_spec())
    try:
        assert kernel.skip_reason() is None
        (kernel.folder / "skip.txt").write_text("no data, äh " * 100_000)
        assert kernel.skip_reason() == ("no data, äh " * 1_000)[:10_000]
    finally:
        kernel.kill()


def test_a_notebook_that_fails_is_not_skipped(run, write, into):
    with pytest.raises(NotebookFailed, match="ZeroDivisionError"):
        run(write("a = 1", WRITE_REASON, "1 / 0"), {}, into)
    assert (run_json(into)["status"], run_json(into)["skipped_for"]) == ("failed", None)


def test_an_exception_that_a_cell_is_meant_to_raise_fails_nothing(run, write, into):
    path = write("a = 1", "1 / 0", "print('next')")
    notebook = nbformat.read(path, 4)
    notebook.cells[1].metadata["tags"] = ["raises-exception"]
    nbformat.write(notebook, path)
    done = run(path, {}, into)
    assert (done.status, done.light) == ("succeeded", "green")
    assert [state for _, state in sources_and_states(done.path)] == ["completed"] * 3
    assert nbformat.read(done.path, 4).cells[1].outputs[0].ename == "ZeroDivisionError"


GROUP = "raise ExceptionGroup('two hosts', [ConnectionError('first refused'), ConnectionError('second refused')])"


@pytest.mark.parametrize(
    ("cell", "cause"),
    [
        (GROUP, "ExceptionGroup: two hosts (2 sub-exceptions)"),
        ("%nosuchmagic", "UsageError: Line magic function `%nosuchmagic` not found."),
        ("%%nosuchmagic\nx", "UsageError: Cell magic `%%nosuchmagic` not found."),
        ("def", "SyntaxError: invalid syntax"),
    ],
)
def test_a_failure_has_the_name_and_the_text_that_the_kernel_gives_it(run, write, into, cell, cause):
    with pytest.raises(NotebookFailed) as failed:
        run(write("a = 1", cell), {}, into, timeout_seconds=120)
    assert failed.value.cause.startswith(cause)
    errors = [
        o for c in nbformat.read(failed.value.notebook, 4).cells for o in c.get("outputs", ()) if o.output_type == "error"
    ]
    assert [error.ename for error in errors] == [cause.partition(":")[0]]


def test_the_handler_of_a_notebook_does_not_hide_a_failure(run, write, into):
    handler = "def handle(self, kind, value, trace, tb_offset=None):\n    print('handled')\n    return []\n"
    cell = handler + "get_ipython().set_custom_exc((KeyError,), handle)"
    with pytest.raises(NotebookFailed) as failed:
        run(write("a = 1", cell, "{}['x']"), {}, into)
    assert failed.value.cause == "KeyError: 'x'"


BROKEN = "class Broken:\n    def _repr_html_(self):\n        raise ValueError('bad')\n"


def test_a_result_that_cannot_be_shown_fails_with_its_own_error(run, write, into):
    with pytest.raises(NotebookFailed) as failed:
        run(write("a = 1", f"{BROKEN}Broken()"), {}, into)
    assert failed.value.cause == "ValueError: bad"
    errors = [
        o for c in nbformat.read(failed.value.notebook, 4).cells for o in c.get("outputs", ()) if o.output_type == "error"
    ]
    assert [(error.ename, error.evalue) for error in errors] == [("ValueError", "bad")]


NESTED = {
    "captured": "%%capture\n1 / 0",
    "a script": "%run {folder}/script.py",
    "a cell within the cell": "get_ipython().run_cell('1 / 0')",
    "displayed": f"{BROKEN}display(Broken())",
}


@pytest.mark.parametrize("nested", NESTED)
def test_an_error_that_a_cell_shows_is_its_failure_whatever_its_kernel_says(run, write, into, tmp_path, nested):
    (tmp_path / "script.py").write_text("1 / 0\n")
    with pytest.raises(NotebookFailed) as failed:
        run(write("a = 1", NESTED[nested].replace("{folder}", str(tmp_path)), "print('next')"), {}, into)
    assert failed.value.cause == ("ValueError: bad" if nested == "displayed" else "ZeroDivisionError: division by zero")
    assert printed(into) == ""


@pytest.mark.parametrize(
    ("leave", "status"), [("exit(4)", "failed"), ("exit()", "succeeded"), (f"{SKIP}\nskip('no')", "skipped")]
)
def test_leaving_counts_also_where_output_is_captured(run, write, into, leave, status):
    path = write("a = 1", f"%%capture\n{leave}", "print('next')")
    if status == "failed":
        with pytest.raises(NotebookFailed, match="failed in cell 2: SystemExit: 4"):
            run(path, {}, into)
    else:
        done = run(path, {}, into)
        assert (done.status, done.ended_in_cell) == (status, 2)
    assert printed(into) == ""


def test_the_text_of_an_exception_has_an_end(run, write, into):
    with pytest.raises(NotebookFailed):
        run(write("a = 1", "raise ValueError('x' * 5_000_000)"), {}, into)
    assert (into / "run.json").stat().st_size < 50_000
    assert (into / "report.ipynb").stat().st_size < 500_000
