"""What programs other than Jupyter leave out of a notebook or write in another way, put right before it runs.

Taken is what can mean one thing only: what is missing or null is empty, tags in one text are a list, ids are made anew.
Refused is what would have to be guessed: a cell that is none, a kind that does not exist, code that is no text.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from deciders.notebooks.notebook_document import METADATA_KEY, NoNotebook, language_of_old, tags_of
from deciders.problems import kind_of, shown

_KINDS = ("code", "markdown", "raw")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: Papermill and nbclient write into these, and take for granted that they are mappings.
_MAPPINGS = ("kernelspec", "language_info", "papermill", "widgets", "jupyter", "execution")
_DEEPEST = 100


def put_right(document: dict[str, Any]) -> dict[str, Any]:
    """A notebook as `notebook_document` reads it, as valid as papermill and Jupyter want it.

    Outputs are left out: they are those of an earlier run. Keys that are not known stay.

    Raises:
        NoNotebook: what a cell is, or what it holds, cannot be known.
    """
    metadata = _metadata(document.get("metadata"))
    metadata.pop(METADATA_KEY, None)  # of an earlier run
    if (old := document.get("orig_nbformat")) is not None:
        metadata = {key: value for key, value in metadata.items() if key not in ("name", "signature")}
        metadata[METADATA_KEY] = {"upgraded_from_nbformat": old}
        language = language_of_old(document)
        if language is not None and not (metadata.get("language_info") or metadata.get("kernelspec")):
            metadata["language_info"] = {"name": language}
    seen: set[str] = set()
    cells = [_cell(number, cell, seen) for number, cell in enumerate(document["cells"], start=1)]
    if not isinstance(_in(metadata, "language_info", "name"), str):
        metadata.pop("language_info", None)
    if isinstance(name := _in(metadata, "kernelspec", "name"), str):
        metadata["kernelspec"] = {"display_name": name, **metadata["kernelspec"]}
    elif isinstance(language := metadata.pop("kernelspec", {}).get("language"), str):
        metadata.setdefault("language_info", {"name": language})
    made = {key: value for key, value in document.items() if key not in ("orig_nbformat", "orig_nbformat_minor")}
    made |= {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    if _is_deeper(made, _DEEPEST):
        raise NoNotebook(f"it is nested more than {_DEEPEST} levels deep")
    try:
        json.dumps(made, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NoNotebook("it holds half a character (a lone surrogate)") from None
    return made


def _cell(number: int, cell: Any, seen: set[str]) -> dict[str, Any]:
    if not isinstance(cell, dict):
        raise NoNotebook(f"cell {number} is {_called(cell)}, not a mapping")
    kind = cell.get("cell_type")
    if kind not in _KINDS:
        known = ", ".join(map(repr, _KINDS[:-1]))
        if kind is None:
            raise NoNotebook(f"cell {number} has no 'cell_type'; it is {known} or {_KINDS[-1]!r}")
        raise NoNotebook(f"cell {number} is of the type {shown(kind)}; there are {known} and {_KINDS[-1]!r}")
    metadata = _metadata(cell.get("metadata"))
    if tags := list(dict.fromkeys(tags_of(cell))):
        metadata["tags"] = tags
    else:
        metadata.pop("tags", None)
    made = {key: value for key, value in cell.items() if key not in ("outputs", "execution_count", "attachments", "language")}
    made |= {"id": _fresh_id(cell.get("id"), seen), "metadata": metadata, "source": _source(number, cell)}
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    elif isinstance(cell.get("attachments"), dict):
        # one that is none is told of by the report, where its picture would be
        made["attachments"] = {name: _bundle(item) for name, item in cell["attachments"].items() if isinstance(item, dict)}
    return made


def _bundle(attachment: dict[str, Any]) -> dict[str, Any]:
    joined = {kind: "".join(data) if _is_lines(data) else data for kind, data in attachment.items()}
    return {kind: data for kind, data in joined.items() if isinstance(data, str)}


def _is_lines(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(line, str) for line in value)


def _source(number: int, cell: dict[str, Any]) -> str:
    if "source" not in cell and cell.get("input"):
        raise NoNotebook(f"cell {number} has 'input' in place of 'source', as notebooks before format 4 have it")
    source = cell.get("source")
    lines = source if isinstance(source, list) else ["" if source is None else source]
    for line in lines:
        if not isinstance(line, str):
            raise NoNotebook(f"the source of cell {number} is {_called(line)}, not text")
    return "".join(lines)


def _metadata(value: Any) -> dict[str, Any]:
    """What a notebook or a cell says of itself; nothing where that is missing, null or no mapping, which nobody can read."""
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in value.items() if key not in _MAPPINGS or isinstance(item, dict)}


def _in(metadata: dict[str, Any], name: str, key: str) -> Any:
    return metadata.get(name, {}).get(key)


def _is_deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_is_deeper(item, levels - 1) for item in inner)


def _fresh_id(given: Any, seen: set[str]) -> str:
    """The id of a cell, or a new one where it has none, another cell's, or one that Jupyter refuses."""
    is_good = isinstance(given, str) and _ID.fullmatch(given) and given not in seen
    fresh: str = given if is_good else uuid.uuid4().hex[:8]
    seen.add(fresh)
    return fresh


def _called(value: Any) -> str:
    return f"the text {shown(value)}" if isinstance(value, str) else kind_of(value)
