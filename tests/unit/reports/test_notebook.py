import json
from typing import Any

import pytest

from tests.unit.reports.samples import code, notebook, prose, shown
from workers.reports.notebook import UnreadableNotebook, read_notebook, shown_notebook

PRINT = {"output_type": "stream", "name": "stdout", "text": "x"}


def kinds(cells: list[dict[str, Any]], *, code: bool) -> list[tuple[int, bool, int]]:
    return [(cell.number, bool(cell.source), len(cell.outputs)) for cell in shown_notebook(notebook(*cells), code=code).cells]


@pytest.mark.parametrize(
    ("metadata", "source", "outputs"),
    [
        ({}, True, 1),
        *(({"tags": [tag]}, False, 1) for tag in ("hide_input", "remove-input", "parameters", "injected-parameters")),
        ({"jupyter": {"source_hidden": True}}, False, 1),
        ({"hide_input": True}, False, 1),
        ({"tags": ["remove_output"]}, True, 0),
        ({"jupyter": {"outputs_hidden": True}}, True, 0),
        ({"tags": ["no meaning here"], "jupyter": {"source_hidden": False}}, True, 1),
        ({"tags": "hide_input"}, False, 1),  # not a list
        ({"tags": "x, remove_output"}, True, 0),
        ({"tags": [["x"], 5]}, True, 1),
    ],
)
def test_tags_and_metadata_hide_parts_of_a_cell(metadata, source, outputs):
    assert kinds([code(PRINT, source="x", **metadata)], code=True) == [(1, source, outputs)]


@pytest.mark.parametrize("tags", [["remove_cell"], ["remove-cell"], ["hide-cell"], "remove_cell", "x, hide-cell"])
def test_tags_hide_a_whole_cell(tags):
    assert kinds([prose("x", tags=tags), code(PRINT, source="x", tags=tags), prose("y")], code=True) == [(3, True, 0)]


def test_input_is_hidden_unless_asked_for():
    assert kinds([code(PRINT, source="x")], code=False) == [(1, False, 1)]
    assert kinds([code(source="x")], code=False) == []


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ({"cell_type": "raw", "metadata": {}, "source": "x"}, "plain"),
        ({"cell_type": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": "x"}, "html"),
        ({"cell_type": "raw", "metadata": {"raw_mimetype": "text/latex"}, "source": "x"}, None),
        ({"cell_type": "markdown", "metadata": {"tags": ["papermill-error-cell-tag"]}, "source": "x"}, "failure"),
        ({"cell_type": "markdown", "source": ["a", "b"]}, "prose"),
        ({"cell_type": "markdown", "source": {"a": 1}}, None),
        ({"cell_type": "unheard of", "source": "x"}, None),
        ({"cell_type": "code", "outputs": 7, "source": 5, "metadata": []}, None),
        (None, None),
    ],
)
def test_cells_of_every_kind_however_odd(cell, kind):
    found = shown_notebook(notebook(cell), code=True).cells
    assert [cell.kind for cell in found] == ([kind] if kind else [])


def test_the_title_may_stand_in_the_metadata_or_in_a_heading_of_quarto():
    assert shown_notebook(notebook(title="A"), code=False).title == "A"
    raw = {"cell_type": "raw", "metadata": {}, "source": "---\ntitle: B\nformat: pdf\n---"}
    found = shown_notebook(notebook(raw, prose("x")), code=False)
    assert (found.title, [cell.number for cell in found.cells]) == ("B", [2])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b"\xff\xfe\x00", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[]", "it is JSON, but not a mapping"),
        (b'{"cells": 3}', "it has no list of cells"),
        (b'{"nbformat": 3, "worksheets": 5}', "it has no list of cells"),
        (b'{"nbformat": 3, "worksheets": [5]}', "its worksheet 1 has no list of cells"),
    ],
)
def test_a_file_that_is_not_a_notebook_is_refused(tmp_path, content, reason):
    path = tmp_path / "x.ipynb"
    path.write_bytes(content)
    with pytest.raises(UnreadableNotebook) as refused:
        read_notebook(path)
    assert str(refused.value) == reason


def test_a_notebook_of_format_3_is_upgraded(tmp_path):
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": "old"},
        "worksheets": [{"metadata": {}, "cells": [{"cell_type": "markdown", "metadata": {}, "source": "old prose"}]}],
    }
    path = tmp_path / "old.ipynb"
    path.write_text(json.dumps(old))
    assert [cell.source for cell in shown_notebook(read_notebook(path), code=False).cells] == ["old prose"]


def test_outputs_that_are_not_mappings_are_left_out():
    assert kinds([code(shown(text_plain="1"), 5, None, "x")], code=False) == [(1, False, 1)]


def test_a_cell_has_the_number_that_its_author_sees():
    cells = shown_notebook(
        notebook(
            prose("it failed", tags=["papermill-error-cell-tag"]),
            code(source="day = 1", tags=["parameters"]),
            code(source="day = 2", tags=["injected-parameters"]),
            prose("# Flows"),
            prose("here", tags=["papermill-error-cell-tag"]),
            code(source="answer()"),
        ),
        code=True,
    ).cells
    assert [(cell.number, cell.source) for cell in cells] == [(1, "it failed"), (2, "# Flows"), (2, "here"), (3, "answer()")]
