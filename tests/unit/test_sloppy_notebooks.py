"""Notebooks as other programs write them: taken where they can mean one thing only, else refused in a sentence."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from workers.notebooks.notebook_errors import NotebookRefused
from workers.notebooks.notebook_run import prepare_notebook
from workers.notebooks.notebook_source import checked_parameters, read_notebook_source
from workers.reports.conversion import ReportError, ReportOptions, convert_report

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
GOOD: dict[str, Any] = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python", "version": "3.11"},
        "papermill": {"parameters": {"x": 1}, "version": "2.7"},
        "title": "A title",
    },
    "cells": [
        {
            "cell_type": "markdown",
            "id": "a",
            "metadata": {"tags": ["t"]},
            "source": ["# Head\n", "![p](attachment:p.png)"],
            "attachments": {"p.png": {"image/png": PIXEL}},
        },
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {"tags": ["parameters"], "jupyter": {"source_hidden": False}, "papermill": {"status": "completed"}},
            "source": "x = 1",
            "execution_count": 1,
            "outputs": [],
        },
        {
            "cell_type": "code",
            "id": "c",
            "metadata": {"execution": {"iopub.status.busy": "2024"}},
            "source": ["x"],
            "execution_count": 2,
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": ["one\n"]},
                {"output_type": "execute_result", "execution_count": 2, "metadata": {}, "data": {"text/plain": ["1"]}},
                {"output_type": "display_data", "metadata": {"image/png": {"width": 1}}, "data": {"image/png": PIXEL}},
                {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]},
            ],
        },
        {"cell_type": "raw", "id": "d", "metadata": {"raw_mimetype": "text/plain"}, "source": "raw"},
    ],
}
OLD: dict[str, Any] = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {"name": "old", "signature": "s"},
    "worksheets": [
        {
            "metadata": {},
            "cells": [
                {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["Head\n", "line"]},
                {
                    "cell_type": "code",
                    "input": ["x = 1\n", "y = 2"],
                    "language": "python",
                    "collapsed": False,
                    "prompt_number": 1,
                    "metadata": {"tags": ["parameters"]},
                    "outputs": [
                        {"output_type": "stream", "stream": "stdout", "text": ["one\n"]},
                        {"output_type": "pyout", "prompt_number": 1, "text": ["1"], "html": "<b>1</b>", "metadata": {}},
                        {"output_type": "display_data", "png": PIXEL, "metadata": {"png": {"width": 1}}},
                        {"output_type": "display_data", "json": '{"a": 1}', "metadata": {}},
                        {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["t"]},
                    ],
                },
                {"cell_type": "html", "metadata": {}, "source": "<i>html</i>"},
            ],
        }
    ],
}
ODD: list[Any] = [None, 5, "text", [], [None], {}, {"text": None}, "\ud800"]
DROPPED = object()


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a JSON value, the value itself included."""
    yield here
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(item, (*here, key))


def mutants(notebook: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each place of a notebook dropped, and with everything odd in its stead."""
    for place in places(notebook):
        for odd in [*ODD, *([DROPPED] if place else [])]:
            made = copy.deepcopy(notebook)
            if not place:
                made = odd
            else:
                holder: Any = made
                for step in place[:-1]:
                    holder = holder[step]
                if odd is DROPPED:
                    del holder[place[-1]]
                else:
                    holder[place[-1]] = odd
            yield f"{'/'.join(map(str, place))} = {'dropped' if odd is DROPPED else json.dumps(odd)}", made


def is_one_sentence(text: str) -> bool:
    foreign = ("NoneType", "object", "iterable", "attribute", "Error", "Exception", "subscript", "Traceback", "format_")
    return "\n" not in text and not any(word in text for word in foreign) and text not in ("format", "cells")


@pytest.mark.parametrize("notebook", [GOOD, OLD], ids=["format 4", "format 3"])
def test_every_odd_notebook_is_read_or_refused_in_one_sentence_that_names_it(tmp_path: Path, notebook):
    path = tmp_path / "odd.ipynb"
    refusals = []
    for what, made in mutants(notebook):
        path.write_text(json.dumps(made))
        try:
            if not what.endswith(("null", "dropped")):  # what programs do; the rest is as odd for papermill as for us
                checked_parameters(read_notebook_source(path), {"x": 2})
                continue
            prepared = nbformat.read(prepare_notebook(path, {"x": 2}, tmp_path / "into"), 4)
            assert [cell.source for cell in prepared.cells if "injected-parameters" in cell.metadata.get("tags", ())] == [
                "# Parameters\nx = 2\n"
            ], what
        except NotebookRefused as refusal:
            refusals.append((what, str(refusal)))
    assert len(refusals) > 50
    assert [refusal for refusal in refusals if path.name not in refusal[1] or not is_one_sentence(refusal[1])] == []


@pytest.mark.parametrize("notebook", [GOOD, OLD], ids=["format 4", "format 3"])
def test_every_odd_notebook_makes_a_report_or_is_refused_in_one_sentence(tmp_path: Path, notebook):
    path, refusals = tmp_path / "odd.ipynb", []
    for what, made in mutants(notebook):
        path.write_text(json.dumps(made))
        try:
            convert_report(path, tmp_path / "odd.html", ReportOptions(format="html", code=True, streams=True, parameters=True))
        except ReportError as refusal:
            refusals.append((what, str(refusal)))
    assert [refusal for refusal in refusals if path.name not in refusal[1] or not is_one_sentence(refusal[1])] == []
