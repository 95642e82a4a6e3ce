"""What is known of a notebook before it runs: its values, and the language of its kernel."""

import json
from decimal import Decimal
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpec

from workers.notebooks import notebook_source
from workers.notebooks.notebook_errors import NotebookRefused
from workers.notebooks.notebook_source import NotebookSource, checked_parameters, read_notebook_source, unused_values

R = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}


def in_language(kernel: str, language: str) -> NotebookSource:
    cell = {"cell_type": "code", "id": "a", "metadata": {"tags": ["parameters"]}, "source": "x = 1", "outputs": []}
    notebook = nbformat.from_dict({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    spec = KernelSpec(language=language)
    return NotebookSource(
        path=Path("a.ipynb"), sha256="", notebook=notebook, kernel_name=kernel, kernel_spec=spec, language=language
    )


@pytest.mark.parametrize(
    ("kernel", "language", "value", "sentence"),
    [
        ("ir", "R", [1, None, {"a": True}], None),
        ("bash", "bash", "text", None),
        ("bash", "bash", [1], None),
        ("bash", "bash", {"a": 1}, "parameter 'x' of notebook 'a.ipynb': papermill cannot write a mapping in bash"),
        (
            "gophernotes",
            "go",
            1,
            "notebook 'a.ipynb' cannot take 'x': papermill does not know how values are written in its language, go",
        ),
    ],
)
def test_values_that_the_language_of_a_notebook_cannot_take_are_refused(kernel, language, value, sentence):
    source = in_language(kernel, language)
    if sentence is None:
        assert checked_parameters(source, {"x": value}) == {"x": value}
        return
    with pytest.raises(NotebookRefused) as refused:
        checked_parameters(source, {"x": value})
    assert str(refused.value) == sentence


def test_a_value_that_nothing_uses_is_reported(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("# %% tags=['parameters']\nx = y = 1\n# %%\nx = 5\nprint(x, y)\n")
    source = read_notebook_source(path)
    assert unused_values(source, checked_parameters(source, {"x": 77, "y": 7})) == [
        "notebook 'a.py' sets 'x' in cell 2 before anything uses the value that is given"
    ]
    assert unused_values(source, {}) == []


def test_the_cells_of_a_notebook_are_looked_at_once_for_all_that_is_asked_of_its_parameters(tmp_path, monkeypatch):
    path = tmp_path / "a.py"
    path.write_text("# %% tags=['parameters']\nx = y = 1\n# %% tags=['injected-parameters']\ny = 3\n# %%\nx = 5\nprint(x, y)\n")
    source = read_notebook_source(path)
    looked_at = []
    known = notebook_source.parameters_of
    monkeypatch.setattr(notebook_source, "parameters_of", lambda *of, **how: looked_at.append(of) or known(*of, **how))
    values = checked_parameters(source, {"x": 77, "y": 7})
    assert unused_values(source, values) == [
        "notebook 'a.py' sets 'x' in cell 3 before anything uses the value that is given"  # its place in the file
    ]
    assert len(looked_at) == 1


def test_a_notebook_that_is_given_no_values_is_not_looked_at(tmp_path, monkeypatch):
    path = tmp_path / "a.py"
    path.write_text("# %% tags=['parameters']\nx = 1\n")
    source = read_notebook_source(path)
    monkeypatch.delattr(notebook_source, "parameters_of")
    assert unused_values(source, checked_parameters(source, {})) == []


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (float("nan"), "NaN"),
        ([float("-inf")], "-Infinity"),
        (Decimal("Infinity"), "Infinity"),
        ({"a": Decimal("sNaN")}, "NaN"),
    ],
)
def test_a_number_that_json_has_not_is_refused_in_the_sentence_that_all_ways_share(value, word):
    with pytest.raises(NotebookRefused) as refused:
        checked_parameters(in_language("python3", "python"), {"x": value})
    assert str(refused.value) == f"parameter 'x' of notebook 'a.ipynb': {word} is not a JSON value; give null or a number"


def test_a_kernel_of_r_has_its_language_as_papermill_spells_it(tmp_path, monkeypatch):
    folder = tmp_path / "kernels" / "ir"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps({"argv": ["R"], "display_name": "R", "language": "R"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": R, "nbformat": 4, "nbformat_minor": 5}))
    source = read_notebook_source(path)
    assert (source.kernel_name, source.language) == ("ir", "R")
