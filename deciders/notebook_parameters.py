"""What a notebook says it takes: the names that its cell tagged ``parameters`` assigns.

Read from the file as JSON (or as a script with cells) and Python's own grammar, so a machine that only decides needs
no papermill. That the tag is
``parameters`` and that the first such cell counts is papermill's convention.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TAG = "parameters"


@dataclass(frozen=True)
class NotebookParameters:
    """What is known about a notebook's parameters."""

    has_cell: bool  #: some cell has the tag ``parameters``
    names: frozenset[str] | None  #: what that cell assigns; None when that cannot be told (R, Julia, a cell magic, ...)


def read_notebook_parameters(path: Path) -> NotebookParameters | None:
    """The parameters of the notebook in ``path``; None when the file is no JSON notebook of format 4 (or unreadable).

    A ``.py`` file is read as jupytext's percent format: a line that begins with ``# %%`` begins a cell, and may have
    ``tags=["parameters"]``.
    """
    if path.suffix == ".py":
        return _parameters_of_script(path)
    try:
        notebook = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return None
    for cell in cells:
        if _TAG in _tags(cell):
            return NotebookParameters(True, assigned_names(_source(cell)) if _is_python(notebook) else None)
    return NotebookParameters(False, None)


def _parameters_of_script(path: Path) -> NotebookParameters | None:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return None
    cells = re.split(r"^(?=# ?%%)", text, flags=re.MULTILINE)
    for cell in cells[1:]:
        head, _, body = cell.partition("\n")
        tags = re.search(r"\btags=(\[[^\]]*\])", head)
        if tags and _TAG in re.findall(r"""["']([^"']*)["']""", tags[1]):
            return NotebookParameters(True, assigned_names(body))
    return NotebookParameters(False, None)


def assigned_names(source: str) -> frozenset[str] | None:
    """Every name that the cell binds at its top level, also inside ``if``, ``try``, ``with`` and ``for``.

    Lines that begin with ``%``, ``!`` or ``?`` are IPython's and are passed over. None when the rest is not Python, or
    when a star import may bind anything.
    """
    if source.lstrip().startswith("%%"):
        return None
    lines = ["pass" if line.startswith(("%", "!", "?")) else line for line in source.splitlines()]
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    names: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
            continue
        if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        waiting.extend(ast.iter_child_nodes(node))
    return None if "*" in names else frozenset(names)


def _tags(cell: Any) -> list[Any]:
    metadata = cell.get("metadata") if isinstance(cell, dict) else None
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return tags if isinstance(tags, list) else []


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _is_python(notebook: dict[str, Any]) -> bool:
    """A notebook that names no language is taken for Python, as Jupyter does."""
    metadata = notebook.get("metadata")
    if not isinstance(metadata, dict):
        return True
    kernel, language = metadata.get("kernelspec"), metadata.get("language_info")
    named = [
        kernel.get("language") if isinstance(kernel, dict) else None,
        language.get("name") if isinstance(language, dict) else None,
    ]
    return all(str(name).lower() in ("python", "ipython", "python3") for name in named if name)
