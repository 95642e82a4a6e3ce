"""Scraps that notebooks have glued with scrapbook, without a kernel, scrapbook or pandas: those that are JSON."""

from __future__ import annotations

import json
import os
from typing import Any

# scrapbook's own: application/scrapbook.scrap.<encoder>+json holds {"name", "data", "encoder", "version"}
_PREFIX, _SUFFIX = "application/scrapbook.scrap.", "+json"
_READABLE = ("json", "text")


def read_scraps(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the scraps of an executed notebook by name; the last one of a name counts, as in scrapbook.

    Only what was encoded as JSON or text; data frames and figures are left out.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no notebook.
    """
    with open(path, "rb") as file:
        notebook = json.load(file)
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError(f"{os.fspath(path)} is no notebook: it has no cells")
    found: dict[str, Any] = {}
    for cell in cells:
        for output in cell.get("outputs", ()) if isinstance(cell, dict) else ():
            data = output.get("data") if isinstance(output, dict) else None
            for kind, scrap in data.items() if isinstance(data, dict) else ():
                if kind.startswith(_PREFIX) and kind.endswith(_SUFFIX) and _is_readable(scrap):
                    found[scrap["name"]] = scrap["data"]
    return found


def scrap_output(name: str, value: Any) -> dict[str, Any]:
    """Return the output of a cell that has glued a JSON value, for a notebook that no kernel has executed."""
    scrap = {"name": name, "data": value, "encoder": "json", "version": 1}
    return {"output_type": "display_data", "data": {f"{_PREFIX}json{_SUFFIX}": scrap}, "metadata": {}}


def _is_readable(scrap: Any) -> bool:
    return isinstance(scrap, dict) and scrap.get("encoder") in _READABLE and "name" in scrap and "data" in scrap
