"""What is known of a notebook before it runs: whether there is a kernel for it."""

import json
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpec

from deciders.specification import (
    NotebookSpecification,
    SensorSpecification,
    Specification,
    WorkflowSpecification,
)
from workers.notebook_errors import NotebookRefused
from workers.notebook_kernels import missing_kernels
from workers.notebook_source import (
    NotebookSource,
    checked_parameters,
    read_notebook_source,
    unreadable_notebooks,
    unused_values,
)

R = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}


def specification(folder: Path, *notebooks: NotebookSpecification) -> Specification:
    workflows = tuple(WorkflowSpecification(name=name, notebooks=notebooks) for name in ("first", "second"))
    sensor = SensorSpecification(schedule=None, workflows=())
    return Specification(path=folder / "workflows.yml", inputs_dir=folder, workflows=workflows, sensor=sensor)


@pytest.mark.parametrize(
    ("metadata", "chosen", "message"),
    [
        ({}, None, None),
        ({"kernelspec": {"name": "my-environment", "language": "python"}}, None, None),  # runs on this interpreter
        ({"kernelspec": {"name": "my-environment"}, "language_info": {"name": "python"}}, None, None),
        ({"kernelspec": 5, "language_info": []}, None, None),
        ({"kernelspec": {"name": ["ir"]}}, None, None),
        (R, None, "notebook {path} wants kernel 'ir', which is not installed (there is 'python3')"),
        (R, "python3", None),
        (R, "julia", "kernel 'julia' for notebook {path} is not installed (there is 'python3')"),
        ({}, "python", None),
        ({}, "julia", "kernel 'julia' for notebook {path} is not installed (there is 'python3')"),
    ],
)
def test_a_kernel_that_is_not_installed_is_known_before_anything_runs(tmp_path, monkeypatch, metadata, chosen, message):
    monkeypatch.setenv("JUPYTER_PATH", "/nowhere")
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    found = missing_kernels(specification(tmp_path, NotebookSpecification(label="a", filename="a.ipynb", kernel=chosen)))
    assert found == ([message.format(path=path)] if message else [])


@pytest.mark.parametrize("content", ["", "[]", "{}", "[" * 100_000, '{"metadata": 5}', "\x00"])
def test_of_an_odd_file_no_kernel_is_known(tmp_path, content):
    (tmp_path / "a.ipynb").write_text(content)
    assert missing_kernels(specification(tmp_path, NotebookSpecification(label="a", filename="a.ipynb"))) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "{path} is not a notebook: it is empty"),
        (b"{", "{path} is not a notebook: expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b"[]", "{path} is not a notebook: it is JSON, but not a mapping"),
        (b'{"nbformat": 5, "cells": []}', "{path} is not a notebook: it is not of format 3 or 4"),
        (b'{"nbformat": 4}', "{path} is not a notebook: it has no list of cells"),
        (b"\xff", "{path} is not a notebook: it is not UTF-8 text (byte 0)"),
        (None, "notebook {path} does not exist"),
        (b'{"nbformat": 4, "cells": []}', None),
        (b'{"nbformat": 3, "worksheets": []}', None),
    ],
)
def test_a_file_that_is_no_notebook_is_known_before_anything_runs(tmp_path, content, message):
    path = tmp_path / "a.ipynb"
    if content is not None:
        path.write_bytes(content)
    found = unreadable_notebooks(specification(tmp_path, NotebookSpecification(label="a", filename="a.ipynb")))
    assert found == ([message.format(path=path)] if message else [])


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


def test_a_value_that_nothing_uses_is_told_of(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("# %% tags=['parameters']\nx = y = 1\n# %%\nx = 5\nprint(x, y)\n")
    source = read_notebook_source(path)
    assert unused_values(source, checked_parameters(source, {"x": 77, "y": 7})) == [
        "notebook 'a.py' sets 'x' in cell 2 before anything uses the value that is given"
    ]
    assert unused_values(source, {}) == []


def test_a_kernel_of_r_has_its_language_as_papermill_spells_it(tmp_path, monkeypatch):
    folder = tmp_path / "kernels" / "ir"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps({"argv": ["R"], "display_name": "R", "language": "R"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": R, "nbformat": 4, "nbformat_minor": 5}))
    source = read_notebook_source(path)
    assert (source.kernel_name, source.language) == ("ir", "R")


def test_a_script_is_asked_for_its_kernel_only_where_the_file_of_workflows_names_one(tmp_path):
    notebooks = (
        NotebookSpecification(label="a", filename="a.py"),
        NotebookSpecification(label="b", filename="b.py", kernel="julia"),
    )
    [sentence] = missing_kernels(specification(tmp_path, *notebooks))
    assert sentence.startswith(f"kernel 'julia' for notebook {tmp_path / 'b.py'} is not installed (there is ")
