"""The file of a notebook as data: its text, its JSON, and its cells in the form of format 4, whatever format it has.

Only what the formats say is done here; what other programs leave out or write otherwise is put right by those who run a
notebook (`workers.notebooks.sloppy_notebooks`), and passed over by those who show one.
"""

from __future__ import annotations

import codecs
import json
from typing import Any

from simpleflow_nb.exceptions import DefinitionError

FORMATS = (1, 2, 3, 4)

#: papermill's tag of the cell with the values of a run.
INJECTED_TAG = "injected-parameters"
#: papermill's, for the cells that it puts into a notebook that failed; whoever runs the notebook again takes them out.
ERROR_TAG = "papermill-error-cell-tag"
EARLY_END_TAG = "simpleflow-nb-early-end"  #: beside that one, where nothing has failed

#: In the metadata of an executed notebook: what was done to it before it ran, and where it has ended itself.
METADATA_KEY = "simpleflow_nb"

#: The longer mark first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TYPES_OF_OUTPUTS = {"pyout": "execute_result", "pyerr": "error"}
_MIME_TYPES = {
    "text": "text/plain",
    "html": "text/html",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "latex": "text/latex",
    "json": "application/json",
    "javascript": "application/javascript",
}


class NoNotebook(DefinitionError, ValueError):
    """Why a file is no notebook, said so that it can follow the file's name and a colon."""


class NotJson(NoNotebook):
    """It is not even JSON."""


def notebook_text(content: bytes) -> str:
    """The text of a notebook's file: UTF-8, or what the mark at its beginning says, which is left out.

    Raises:
        NotJson: it is not text.
    """
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise NotJson(f"it is not {encoding.removesuffix('-sig').upper()} text (byte {error.start})") from None


def notebook_document(content: bytes) -> dict[str, Any]:
    """The content of an ``.ipynb`` file in the form of format 4: a mapping whose ``cells`` are a list of whatever is there.

    Where the file has an earlier format, ``orig_nbformat`` says which. One that has cells and no word on its format is
    taken for format 4.

    Raises:
        NoNotebook: it is not text, not JSON, of another format, or it has no list of cells.
    """
    text = notebook_text(content)
    if not text.strip():
        raise NotJson("it is empty")
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise NotJson(f"{str(error)[:1].lower()}{str(error)[1:]}") from None
    except RecursionError:
        raise NotJson("it is nested too deeply") from None
    except ValueError:  # Python's limit for the digits of a number
        raise NotJson("it holds a number of too many digits") from None
    if not isinstance(document, dict):
        raise NoNotebook("it is JSON, but not a mapping")
    number = document.get("nbformat")
    if number is None:
        number = 4
    if isinstance(number, bool) or number not in FORMATS:
        raise NoNotebook("it is not of format 3 or 4")
    cells = _cells_of_old(document) if number in (2, 3) else document.get("cells")
    if not isinstance(cells, list):
        raise NoNotebook("it has no list of cells")
    made = {key: value for key, value in document.items() if key not in ("worksheets", "orig_nbformat")}
    if number == 4:
        return made | {"nbformat": 4}
    upgraded = [_upgraded_cell(cell) if isinstance(cell, dict) else cell for cell in cells]
    return made | {"nbformat": 4, "nbformat_minor": 0, "orig_nbformat": int(number), "cells": upgraded}


def tags_of(cell: Any) -> list[str]:
    """The tags of a cell. One text in place of the list may hold several, with commas between them."""
    metadata = cell.get("metadata") if isinstance(cell, dict) else None
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    if isinstance(tags, str):
        tags = [tag.strip() for tag in tags.split(",")]
    return [tag for tag in tags if isinstance(tag, str) and tag] if isinstance(tags, list) else []


def source_of(cell: Any) -> str:
    """The text of a cell, which may stand there line by line; empty where it is no text."""
    return joined_text(cell.get("source") if isinstance(cell, dict) else None)


def joined_text(value: object) -> str:
    """The text of a notebook's multi-line string: one string, or a list of them; empty for anything else."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def language_of_old(document: dict[str, Any]) -> str | None:
    """The language that the cells of a notebook before format 4 were written in, where it is not Python."""
    for cell in document["cells"]:
        language = cell.get("language") if isinstance(cell, dict) else None
        if isinstance(language, str) and language.lower() not in ("", "python", "ipython"):
            return language
    return None


def _cells_of_old(document: dict[str, Any]) -> Any:
    """The cells of all worksheets, one behind the other: Jupyter itself never made more than one."""
    worksheets = document.get("worksheets")
    if not isinstance(worksheets, list):
        return None
    cells: list[Any] = []
    for number, worksheet in enumerate(worksheets, start=1):
        found = worksheet.get("cells") if isinstance(worksheet, dict) else None
        if not isinstance(found, list):
            raise NoNotebook(f"its worksheet {number} has no list of cells")
        cells += found
    return cells


def _upgraded_cell(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell of formats 1 to 3 as format 4 writes it; ``language`` stays, for :func:`language_of_old`."""
    made = {key: value for key, value in cell.items() if key not in ("input", "code", "text", "prompt_number", "collapsed")}
    source = next((cell[key] for key in ("source", "input", "code", "text") if key in cell), "")
    kind = cell.get("cell_type")
    if kind == "code":
        made |= {"source": source, "execution_count": cell.get("prompt_number")}
        if "collapsed" in cell and isinstance(cell.get("metadata"), dict | None):
            made["metadata"] = {**(cell.get("metadata") or {}), "collapsed": cell["collapsed"]}
        outputs = cell.get("outputs")
        if isinstance(outputs, list):
            made["outputs"] = [_upgraded_output(output) if isinstance(output, dict) else output for output in outputs]
    elif kind == "heading":
        level = made.pop("level", 1)
        text = "".join(part for part in source if isinstance(part, str)) if isinstance(source, list) else str(source)
        hashes = "#" * min(max(level, 1), 6) if isinstance(level, int) else "#"
        made |= {"cell_type": "markdown", "source": f"{hashes} {' '.join(text.split())}"}
    else:
        made |= {"cell_type": "markdown" if kind in ("html", "text") else kind, "source": source}
    return made


def _upgraded_output(output: dict[str, Any]) -> dict[str, Any]:
    kind = output.get("output_type")
    if kind == "stream":
        return {key: value for key, value in output.items() if key != "stream"} | {"name": output.get("stream", "stdout")}
    made: dict[str, Any] = {**output, "output_type": _TYPES_OF_OUTPUTS.get(str(kind), kind)}
    if kind not in ("pyout", "display_data"):
        return made
    metadata = made.pop("metadata", None)
    if isinstance(metadata, dict):
        metadata = {_MIME_TYPES.get(key, key): value for key, value in metadata.items()}
    count = made.pop("prompt_number", None)
    data = {_MIME_TYPES.get(key, key): value for key, value in made.items() if key != "output_type"}
    if isinstance(text := data.get("application/json"), str):  # format 3 kept it as text
        try:
            data["application/json"] = json.loads(text)
        except (ValueError, RecursionError):
            pass  # it stays the text that it is
    result = {"output_type": made["output_type"], "metadata": metadata, "data": data}
    return result | ({"execution_count": count} if kind == "pyout" else {})
