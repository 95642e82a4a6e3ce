"""A notebook as a reader of the report sees it: which cells, and what of them."""

import html
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from deciders.notebooks.notebook_document import (
    EARLY_END_TAG,
    ERROR_TAG,
    INJECTED_TAG,
    METADATA_KEY,
    NoNotebook,
    NotJson,
    notebook_document,
    source_of,
    tags_of,
)
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.payload import HALF_CHARACTER

#: tags that leave out a cell, its input or its outputs
REMOVED_CELL = frozenset(("remove_cell", "remove-cell", "hide_cell", "hide-cell", "remove_all", "remove-all"))
HIDDEN_INPUT = frozenset((
    "remove_input", "remove-input", "hide_input", "hide-input", "remove_code", "hide_code", "hide-code",
    "parameters", INJECTED_TAG,
))  # fmt: skip
HIDDEN_OUTPUT = frozenset(("remove_output", "remove-output", "hide_output", "hide-output", "remove_outputs"))
#: what a run adds: the same cell has one number in reports and in the messages of the run
_ADDED_BY_A_RUN = frozenset((INJECTED_TAG, ERROR_TAG))
_NUMBER_LIMIT = 100_000


class UnreadableNotebook(DefinitionError):
    """The file is not a notebook; the message says why in a few words."""


@dataclass(frozen=True, kw_only=True)
class ShownCell:
    """What is to be seen of one cell."""

    number: int  #: place in the notebook as its author wrote it, from 1, cells of every kind counted
    #: ``failure`` and ``early end`` are banners that a run has put over the notebook or a cell
    kind: Literal["prose", "html", "plain", "failure", "early end", "code"]
    source: str  #: empty for a code cell whose input is hidden; of a banner its plain text
    attachments: dict[str, Any]
    outputs: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class ShownNotebook:
    """What is to be seen of a notebook."""

    cells: list[ShownCell]
    language: str
    title: str | None  #: from the notebook's own metadata or Quarto's heading, not from its prose
    finished: str | None  #: when papermill ended it, ISO 8601
    parameters: dict[str, Any]  #: as papermill has noted them; empty when it did not run the notebook


def read_notebook(path: Path) -> dict[str, Any]:
    """The notebook at ``path`` as plain data, in format 4. Cells are not validated: what is odd in them is left out later.

    Raises:
        UnreadableNotebook: no such file, not JSON, or not a notebook.
    """
    try:
        content = path.read_bytes()
        document = notebook_document(content)
    except FileNotFoundError as error:
        raise UnreadableNotebook("there is no such file") from error
    except OSError as error:
        raise UnreadableNotebook(error.strerror or "it cannot be read") from error
    except NotJson as fault:
        raise UnreadableNotebook("it is not JSON") from fault
    except NoNotebook as fault:
        raise UnreadableNotebook(str(fault)) from fault
    return document if b"\\ud" not in content.lower() else {key: _whole(value) for key, value in document.items()}


def _whole(value: Any) -> Any:
    """The value with a sign for each half of a character (a lone surrogate), which no file can hold."""
    if isinstance(value, str):
        return HALF_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


def shown_notebook(notebook: dict[str, Any], *, code: bool) -> ShownNotebook:
    """The cells to show, in order. Tags and metadata that hide a cell, its input or its outputs always count.

    Code of cells tagged ``parameters`` or ``injected-parameters`` is always hidden. Cells that show nothing are left out, and
    so are those behind the one in which the notebook has ended itself.
    """
    metadata = _mapping(notebook.get("metadata"))
    title = metadata.get("title") if isinstance(metadata.get("title"), str) else None
    ended = _mapping(metadata.get(METADATA_KEY)).get("ended_in_cell")
    cells: list[ShownCell] = []
    number = 0
    for cell in map(_mapping, notebook["cells"][:_NUMBER_LIMIT]):
        number += _ADDED_BY_A_RUN.isdisjoint(tags_of(cell))
        if isinstance(ended, int) and number > ended:
            break  # headings of what was not done would say nothing
        source = source_of(cell)
        if cell.get("cell_type") == "raw" and (heading := _front_matter(source)) is not None:
            title = title or heading.get("title")
            continue
        shown = _shown_cell(max(1, number), cell, source, code)
        if shown is not None:
            cells.append(shown)
    language = _mapping(metadata.get("language_info")).get("name") or _mapping(metadata.get("kernelspec")).get("language")
    papermill = _mapping(metadata.get("papermill"))
    finished = papermill.get("end_time")
    return ShownNotebook(
        cells=cells,
        language=language if isinstance(language, str) else "python",
        title=title.strip() or None if title else None,
        finished=finished if isinstance(finished, str) else None,
        parameters=_mapping(papermill.get("parameters")),
    )


def _shown_cell(number: int, cell: dict[str, Any], source: str, code: bool) -> ShownCell | None:
    metadata = _mapping(cell.get("metadata"))
    tags = set(tags_of(cell))
    jupyter = _mapping(metadata.get("jupyter"))
    if tags & REMOVED_CELL:
        return None
    source_hidden = bool(tags & HIDDEN_INPUT) or any(
        flag is True for flag in (jupyter.get("source_hidden"), metadata.get("hide_input"), metadata.get("hideCode"))
    )
    if cell.get("cell_type") == "code":
        outputs_hidden = (
            bool(tags & HIDDEN_OUTPUT) or jupyter.get("outputs_hidden") is True or metadata.get("collapsed") is True
        )
        outputs = cell.get("outputs") if isinstance(cell.get("outputs"), list) and not outputs_hidden else []
        kept = [output for output in outputs or () if isinstance(output, dict)]
        shown_source = source if code and not source_hidden and source.strip() else ""
        if not shown_source and not kept:
            return None
        return ShownCell(number=number, kind="code", source=shown_source, attachments={}, outputs=kept)
    kind = _prose_kind(cell, metadata, tags)
    if kind is None or not source.strip() or source_hidden:
        return None
    if kind in ("failure", "early end"):
        source = _banner_text(source)
    return ShownCell(number=number, kind=kind, source=source, attachments=_mapping(cell.get("attachments")), outputs=[])


def _prose_kind(
    cell: dict[str, Any], metadata: dict[str, Any], tags: set[str]
) -> Literal["prose", "html", "plain", "failure", "early end"] | None:
    if cell.get("cell_type") == "markdown":
        if ERROR_TAG not in tags:
            return "prose"
        return "early end" if EARLY_END_TAG in tags else "failure"
    if cell.get("cell_type") != "raw":
        return None
    # a raw cell is meant for one format alone; LaTeX or reStructuredText would be noise here
    match metadata.get("raw_mimetype") or metadata.get("format") or "":
        case "text/markdown":
            return "prose"
        case "text/html":
            return "html"
        case "" | "text/plain":
            return "plain"
    return None


def early_end_warning(banner: str) -> str:
    """The banner over a notebook that has ended itself, as a warning."""
    return banner[:1].lower() + banner[1:].rstrip(".")


def _banner_text(source: str) -> str:
    """What a banner says, without its screen-sized red letters."""
    text = html.unescape(re.sub(r"<[^<>]*>", "", source))
    return " ".join(re.sub(r"\\([\\`*_\[\]$])", r"\1", text).split())


def _front_matter(source: str) -> dict[str, str] | None:
    """The heading that Quarto and others keep in a raw cell of YAML between lines of dashes; None when it is not one."""
    import yaml

    block = re.fullmatch(r"\s*---[ \t]*\n(.*?)\n---\s*", source[:20_000], re.DOTALL)
    if not block:
        return None
    try:
        loaded = yaml.safe_load(block.group(1))
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return {str(key): value for key, value in loaded.items() if isinstance(value, str)} if isinstance(loaded, dict) else None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
