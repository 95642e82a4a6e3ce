"""A notebook ready to run: a copy of the source with papermill's cell of parameters."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode

from .notebook_source import NotebookSource
from .papermill_stores import load_papermill

_NOT_PRINTED = logging.NullHandler()


def parameterized_notebook(source: NotebookSource, parameters: Mapping[str, Any]) -> NotebookNode:
    """Return a copy of the notebook with the parameters in a cell of their own, after the one tagged ``parameters``.

    Uses papermill's parts: papermill itself would treat braces in a path as templates, change the directory of the whole
    process, and treat an expected exception of a cell (tag ``raises-exception``) as a failure.
    """
    load_papermill()
    import papermill
    from papermill.parameterize import parameterize_notebook

    notebook = copy.deepcopy(source.notebook)
    notebook.metadata["papermill"] = {
        "default_parameters": {},
        "parameters": {},
        "environment_variables": {},
        "version": papermill.__version__,
        "input_path": str(source.path),
        "output_path": None,
    }
    for cell in notebook.cells:
        cell.metadata.setdefault("tags", [])  # papermill searches the tags of every cell
    if parameters:
        # Of a notebook without a cell for them it logs a warning, which Python would print on its own.
        logging.getLogger("papermill").addHandler(_NOT_PRINTED)
        notebook = parameterize_notebook(notebook, dict(parameters), kernel_name=source.kernel_name, language=source.language)
    for cell in notebook.cells:
        cell.metadata["papermill"] = {}
    return notebook
