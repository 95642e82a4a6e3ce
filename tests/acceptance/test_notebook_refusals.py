"""Notebooks that are refused before anything runs."""

import pytest

from workers.notebooks.notebook_run import NotebookRefused, run_notebook

pytestmark = pytest.mark.usefixtures("forked")


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
        (b"[]", "{path} is not a notebook: it is JSON, but not a mapping"),
        (b'{"nbformat": 4, "nbformat_minor": 5}', "{path} is not a notebook: it has no list of cells"),
        (b"\xff", "{path} is not a notebook: it is not UTF-8 text (byte 0)"),
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
