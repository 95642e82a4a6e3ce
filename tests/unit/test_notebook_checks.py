"""What is known of the notebooks of a file before anything runs: whether they can be read, and in which kernel they run."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from deciders.notebooks import notebook_document
from deciders.specification import (
    NotebookSpecification,
    SensorSpecification,
    Specification,
    WorkflowSpecification,
    load_with_warnings,
)
from workers.notebooks.notebook_checks import notebook_findings

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
    notebook = NotebookSpecification(label="a", filename="a.ipynb", kernel=chosen)
    found = notebook_findings(specification(tmp_path, notebook)).missing_kernels
    assert found == ((message.format(path=path),) if message else ())


@pytest.mark.parametrize("content", ["", "[]", "{}", "[" * 100_000, '{"metadata": 5}', "\x00"])
def test_of_an_odd_file_no_kernel_is_known(tmp_path, content):
    (tmp_path / "a.ipynb").write_text(content)
    found = notebook_findings(specification(tmp_path, NotebookSpecification(label="a", filename="a.ipynb")))
    assert found.missing_kernels == found.substituted_kernels == ()


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
    found = notebook_findings(specification(tmp_path, NotebookSpecification(label="a", filename="a.ipynb")))
    assert found.unreadable == ((message.format(path=path),) if message else ())


def test_a_script_is_asked_for_its_kernel_only_where_the_file_of_workflows_names_one(tmp_path):
    notebooks = (
        NotebookSpecification(label="a", filename="a.py"),
        NotebookSpecification(label="b", filename="b.py", kernel="julia"),
    )
    [sentence] = notebook_findings(specification(tmp_path, *notebooks)).missing_kernels
    assert sentence.startswith(f"kernel 'julia' for notebook {tmp_path / 'b.py'} is not installed (there is ")


MINE = {"kernelspec": {"name": "mine", "language": "python"}}


def write(path: Path, *, nbformat: int = 4, metadata: object = None, tags: str = "") -> None:
    cell = {"cell_type": "code", "metadata": {"tags": [tags] if tags else []}, "source": "x = 1", "outputs": []}
    worksheets = {"worksheets": [{"cells": [cell]}]} if nbformat == 3 else {}
    path.write_text(json.dumps({"cells": [cell], "metadata": metadata or {}, "nbformat": nbformat, **worksheets}))


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a text has been read as JSON."""
    times: Counter[str] = Counter()
    loads = json.loads
    monkeypatch.setattr(notebook_document.json, "loads", lambda text: times.update([text]) or loads(text))
    return times


def test_a_notebook_is_read_once_for_all_its_checks(tmp_path, monkeypatch, parsed):
    monkeypatch.setenv("JUPYTER_PATH", "/nowhere")
    write(tmp_path / "old.ipynb", nbformat=3)
    write(tmp_path / "r.ipynb", metadata=R)
    write(tmp_path / "mine.ipynb", metadata=MINE)
    (tmp_path / "bad.ipynb").write_text('{"nbformat": 3, "worksheets": [{"cells": [5]}]}')
    names = ("old", "r", "mine", "bad", "gone")
    read = Counter[str]()
    read_bytes = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.update([path.name]) or read_bytes(path))
    found = notebook_findings(
        specification(
            tmp_path,
            *(NotebookSpecification(label=name, filename=f"{name}.ipynb") for name in names),
            NotebookSpecification(label="again", filename="mine.ipynb", kernel_fallback=False),
        )
    )
    assert found.unreadable == (
        f"{tmp_path / 'bad.ipynb'} is not a notebook: cell 1 is 5, not a mapping",
        f"notebook {tmp_path / 'gone.ipynb'} does not exist (did you mean 'mine.ipynb'?)",
    )
    assert found.outdated == tuple(
        f"{tmp_path / name} is of nbformat 3, and is upgraded to 4 each time it runs; open and save it in Jupyter once"
        for name in ("old.ipynb", "bad.ipynb")
    )
    assert found.missing_kernels == tuple(
        f"notebook {tmp_path / f'{name}.ipynb'} wants kernel {kernel!r}, which is not installed (there is 'python3'){why}"
        for name, kernel, why in (("r", "ir", ""), ("mine", "mine", ", and kernel_fallback is false"))
    )
    [substituted] = found.substituted_kernels
    assert substituted.startswith("notebook 'mine.ipynb': kernel 'mine' is not installed, and Python ")
    assert read == {f"{name}.ipynb": 1 for name in names}
    assert set(parsed.values()) == {1}


@pytest.mark.parametrize(
    ("tag", "times"),
    [("", 0), ("parameters", 0), ("injected-parameters", 1), ("injected\\u002dparameters", 1)],
)
def test_of_a_notebook_without_parameters_only_what_an_earlier_run_has_left_is_looked_for(tmp_path, parsed, tag, times):
    write(tmp_path / "a.ipynb", tags="TAG")
    text = (tmp_path / "a.ipynb").read_text().replace("TAG", tag)
    (tmp_path / "a.ipynb").write_text(text)
    (tmp_path / "workflows.yml").write_text(
        "workflows: [{name: days, notebooks: {a: {filename: a.ipynb}}}]\n"
        "available_dates_sensor: {schedule: null, workflows: [], cdr_types: [calls]}\n"
    )
    _, warnings = load_with_warnings(tmp_path / "workflows.yml")
    assert [one.message for one in warnings] == times * [
        "notebook 'a' is given no parameters, so those count that an earlier run has left in 'a.ipynb' (cell 1, tagged "
        "'injected-parameters'); take that cell out, or give them"
    ]
    assert parsed[text] == times
