"""Names of artefacts, values that a notebook does not declare, and what it prints, for programs with folders of their own."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.conftest import Write
from workers.notebooks import ArtefactNames, prepare_notebook, run_notebook
from workers.notebooks.notebook_errors import NotebookRefused

pytestmark = pytest.mark.usefixtures("forked")


def names_of(stem: str) -> ArtefactNames:
    return ArtefactNames(notebook=f"{stem}_done.ipynb", config=None, output=f"{stem}.txt", record=f"{stem}.json")


def test_two_notebooks_share_a_folder_if_their_artefacts_have_names(write: Write, into):
    for stem in ("one", "two"):
        path = write("a = 1", f"print('{stem}', a)", name=f"{stem}.ipynb")
        result = run_notebook(path, {"a": 2}, into, names=names_of(stem))
        assert result.path == into / f"{stem}_done.ipynb"
    found = sorted(path.name for path in into.iterdir())
    assert found == ["one.json", "one.txt", "one_done.ipynb", "two.json", "two.txt", "two_done.ipynb"]
    assert ((into / "one.txt").read_text(), (into / "two.txt").read_text()) == ("one 2\n", "two 2\n")
    assert json.loads((into / "one.json").read_text())["status"] == "succeeded"


def test_warnings_are_looked_for_in_the_output_of_that_name(write: Write, into):
    result = run_notebook(write("print('warning: look')"), None, into, names=names_of("one"))
    assert (result.light, result.warnings) == ("orange", ("warning: look",))


def test_values_that_a_notebook_does_not_declare_are_set_at_its_top(write: Write, into):
    path = write("print(a, b)", tagged=False)
    with pytest.raises(NotebookRefused, match="has no cell tagged 'parameters', so it cannot take 'a' and 'b'"):
        run_notebook(path, {"a": 1, "b": [2]}, into)
    result = run_notebook(path, {"a": 1, "b": [2]}, into, takes_undeclared=True)
    assert result.light == "green"
    assert (into / "output.txt").read_text() == "1 [2]\n"


def test_values_that_the_cell_of_defaults_lacks_are_set_after_it(write: Write, into):
    path = write("a = 1; b = 0", "print(a, b, c)")
    run_notebook(path, {"b": 2, "c": 3}, into, takes_undeclared=True)
    assert (into / "output.txt").read_text() == "1 2 3\n"


def test_a_value_at_the_top_that_a_cell_sets_again_turns_the_run_orange(write: Write, into):
    result = run_notebook(write("a = 1", "print(a)", tagged=False), {"a": 2}, into, takes_undeclared=True)
    told = "notebook 'report.ipynb' sets 'a' in cell 1 before anything uses the value that is given"
    assert (result.light, result.warnings) == ("orange", (told,))


def test_a_prepared_notebook_has_the_same_names_and_values(write: Write, into):
    path = prepare_notebook(write("print(a)", tagged=False), {"a": 1}, into, names=names_of("one"), takes_undeclared=True)
    assert [entry.name for entry in into.iterdir()] == [path.name] == ["one_done.ipynb"]
    assert [cell["source"] for cell in json.loads(path.read_text())["cells"]] == [["# Parameters\n", "a = 1\n"], ["print(a)"]]


def test_printed_text_is_told_while_the_notebook_runs_line_by_line(write: Write, into, monkeypatch):
    monkeypatch.setenv("SIMPLEFLOW_NB_SECRETS", "DOOR")
    monkeypatch.setenv("DOOR", "open sesame")
    told: list[tuple[str, str]] = []

    def printed(text: str) -> None:
        told.append((text, json.loads((into / "run.json").read_text())["status"]))

    run_notebook(
        write("print('one'); print('open sesame')", "print('two', end='')", tagged=False), None, into, on_printed=printed
    )
    assert "".join(text for text, _ in told) == (into / "output.txt").read_text() == "one\n***\ntwo\n"
    assert {status for _, status in told} == {"running"}


def test_what_a_callback_raises_ends_the_notebook_which_is_kept(write: Write, into):
    def full(text: str) -> None:
        raise RuntimeError("nobody reads this")

    with pytest.raises(RuntimeError, match="nobody reads this"):
        run_notebook(write("print('one')", "open('two', 'w')", tagged=False), None, into, on_printed=full)
    record = json.loads((into / "run.json").read_text())
    assert (record["status"], record["error"]["evalue"]) == ("failed", "nobody reads this")
    assert not (into / "two").exists()
