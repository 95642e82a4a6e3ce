"""Parameters that a notebook declares, and values that it would ignore.

Papermill's convention: the first cell tagged ``parameters`` sets the defaults, and the values that are given are set by a
following cell. This module reports whatever would undo a given value or use the default first. Read from the file
as JSON (or as a script with cells) and Python's own grammar, so a machine that only decides needs no papermill.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..problems import listed, shown
from .notebook_document import INJECTED_TAG, NoNotebook, notebook_document, notebook_text, source_of, tags_of
from .python_names import CellCode, cell_code, first_mentions, names_computed_from, read_before_given

PARAMETERS = "parameters"  #: the tag of the cell with the defaults
INJECTED = INJECTED_TAG
#: JSON allows the tag to be escaped like this, though no known program does so.
_ESCAPED_LETTER = re.compile(r"\\u00[2-7]")
_MEANT = frozenset(("parameters", "parameter", "params"))

_CELL_OF_SCRIPT = re.compile(r"^(?=#[ \t]*%%+(?:\s|$|[\[{]))", re.MULTILINE)
_TAGS_OF_SCRIPT = re.compile(r"""\btags["']?\s*[=:]\s*(\[[^\]]*\])""")
_KIND_OF_SCRIPT = re.compile(r"^#[ \t]*%%+\s*(?:[^\[{]*\s)?\[(markdown|md|raw)\]")
_HEAD_OF_SCRIPT = re.compile(r"\A\s*# ---\n(?:#.*\n)*?# ---[ ]*(?:\n|\Z)")


@dataclass(frozen=True)
class NotebookCell:
    """A cell, as far as parameters are concerned."""

    number: int  #: in the file, from 1
    kind: str  #: ``code``, ``markdown`` or ``raw``
    tags: tuple[str, ...]
    source: str

    @cached_property
    def code(self) -> CellCode | None:
        """The cell as Python; None if it is not Python."""
        return cell_code(self.source)


@dataclass(frozen=True)
class NotebookParameters:
    """Facts about a notebook's parameters."""

    cells: tuple[NotebookCell, ...]
    is_python: bool

    @cached_property
    def cell(self) -> NotebookCell | None:
        """The cell that sets the defaults."""
        return next((cell for cell in self._code_cells if PARAMETERS in cell.tags), None)

    @property
    def has_cell(self) -> bool:
        return self.cell is not None

    @cached_property
    def names(self) -> frozenset[str] | None:
        """Names that the cell binds at its top level, also inside ``if``, ``try``, ``with`` and ``for``; None if they cannot be
        determined (R, Julia, a cell magic, a star import, ...). Lines for IPython are skipped.
        """
        code = self.cell.code if self.cell is not None and self.is_python else None
        return code.bound if code is not None and "*" not in code.bound else None

    @cached_property
    def _code_cells(self) -> list[NotebookCell]:
        return [cell for cell in self.cells if cell.kind == "code" and INJECTED not in cell.tags]

    def missing_cell(self) -> str:
        """Say ``has no cell tagged 'parameters'``, with a guess at the cell meant; to follow the notebook's name."""
        for cell in self.cells:
            if PARAMETERS in cell.tags and cell.kind != "code":
                kind = {"markdown": "a Markdown", "raw": "a raw"}.get(cell.kind, "no code")
                return f"has no code cell tagged 'parameters' (cell {cell.number}, which has that tag, is {kind} cell)"
        for cell in self._code_cells:
            if near := [tag for tag in cell.tags if tag.strip().casefold() in _MEANT]:
                return f"has no cell tagged 'parameters' (cell {cell.number} is tagged {shown(near[0])}; did you mean that?)"
        return "has no cell tagged 'parameters'"

    def lost_values(self, given: Iterable[str]) -> list[str]:
        """Return a clause for each way in which the notebook would ignore some of the given values; to follow its name."""
        names = sorted(set(given))
        if self.cell is None or not names:
            return []
        found = [self._set_again(cell, names) for cell in self._behind if _is_meant(cell)]
        if self.is_python:
            found += [self._read_before(name) for name in names]
            found += self._computed_from_defaults(frozenset(names))
        return [clause for clause in found if clause]

    def doubtful_values(self, given: Iterable[str]) -> list[str]:
        """Return a clause for each value that nothing seems to use, since a cell sets the name again; to follow its name.

        Without a cell tagged ``parameters`` the values stand before all others.
        """
        if not self.is_python:
            return []
        behind = self._code_cells if self.cell is None else [cell for cell in self._behind if not _is_meant(cell)]
        found = first_mentions(((cell.source, cell.code) for cell in behind), set(given))
        return [
            f"sets {name!r} in cell {behind[place].number} before anything uses the value that is given"
            for name, (place, use) in sorted(found.items())
            if use == "sets"
        ]

    def leftover(self) -> NotebookCell | None:
        """Return the cell of values left by an earlier run."""
        return next((cell for cell in self.cells if INJECTED in cell.tags), None)

    @property
    def _behind(self) -> list[NotebookCell]:
        assert self.cell is not None
        return self._code_cells[self._code_cells.index(self.cell) + 1 :]

    def _set_again(self, cell: NotebookCell, names: list[str]) -> str:
        assert self.cell is not None
        if self.is_python and cell.code is not None:
            bound = cell.code.bound
            again = [name for name in names if name in bound or "*" in bound]
        else:
            again = [name for name in names if not self.is_python or re.search(rf"\b{re.escape(name)}\b", cell.source)]
        if not again:
            return ""
        return (
            f"has two cells tagged 'parameters' (cells {self.cell.number} and {cell.number}), and the later one sets "
            f"{listed(again)} after the {_values(again)} given, which would be lost; keep the defaults in one cell"
        )

    def _read_before(self, name: str) -> str:
        assert self.cell is not None
        before = [cell for cell in self._code_cells[: self._code_cells.index(self.cell)] if cell.code is not None]
        place = read_before_given((cell.code for cell in before if cell.code is not None), name)
        if place is None:
            return ""
        return (
            f"uses {name!r} in cell {before[place].number}, before its cell tagged 'parameters' (cell {self.cell.number}) "
            "and the value given; move that cell to the top"
        )

    def _computed_from_defaults(self, given: frozenset[str]) -> list[str]:
        assert self.cell is not None
        if self.cell.code is None:
            return []
        computed = names_computed_from(self.cell.code, given)
        found = first_mentions(((cell.source, cell.code) for cell in self._behind), computed)
        return [
            f"computes {name!r} from the default of {origin!r} in its cell tagged 'parameters' (cell "
            f"{self.cell.number}), which the value given does not change; compute it in the next cell, or give it too"
            for name, origin in computed.items()
            if name in found and found[name][1] == "reads"
        ]


def _values(names: list[str]) -> str:
    return "value" if len(names) == 1 else "values"


def _is_meant(cell: NotebookCell) -> bool:
    return any(tag.strip().casefold() == PARAMETERS for tag in cell.tags)


def has_leftover_tag(path: Path) -> bool:
    """Check, without reading its cells, if the file may hold a cell of values left by an earlier run.

    False when there is no such file, or when it is not text.
    """
    try:
        text = notebook_text(path.read_bytes())
    except (OSError, NoNotebook):
        return False
    return INJECTED in text or _ESCAPED_LETTER.search(text) is not None


def read_notebook_parameters(path: Path) -> NotebookParameters | None:
    """Read the parameters of the notebook in ``path``; None if the file is no notebook or unreadable.

    A ``.py`` file is read in jupytext's percent format: a line that begins with ``# %%`` begins a cell, and may have
    ``tags=["parameters"]``.
    """
    try:
        content = path.read_bytes()
        if path.suffix == ".py":
            return _parameters_of_script(notebook_text(content))
        return parameters_of(notebook_document(content))
    except (OSError, NoNotebook):
        return None


def parameters_of(document: Mapping[str, Any], *, language: str | None = None) -> NotebookParameters:
    """Read the parameters of a notebook in the form of format 4. ``language`` is its kernel's, if known."""
    cells = tuple(
        NotebookCell(number, str(cell.get("cell_type", "code")), tuple(tags_of(cell)), source_of(cell))
        for number, cell in enumerate(document["cells"], start=1)
        if isinstance(cell, dict)
    )
    return NotebookParameters(cells, _is_python(document) if language is None else language == "python")


def _parameters_of_script(text: str) -> NotebookParameters:
    first, *others = _CELL_OF_SCRIPT.split(_HEAD_OF_SCRIPT.sub("", text.replace("\r\n", "\n"), count=1))
    cells = [NotebookCell(1, "code", (), first)] if first.strip() else []
    for cell in others:
        head, _, body = cell.partition("\n")
        tags = _TAGS_OF_SCRIPT.search(head)
        kind = _KIND_OF_SCRIPT.match(head)
        names = re.findall(r"""["']([^"']*)["']""", tags[1]) if tags else []
        made = "code" if kind is None else "raw" if kind[1] == "raw" else "markdown"
        cells.append(NotebookCell(len(cells) + 1, made, tuple(names), body))
    return NotebookParameters(tuple(cells), True)


def _is_python(notebook: Mapping[str, Any]) -> bool:
    """Return True if the notebook is in Python; one that names no language is taken for Python, as Jupyter does."""
    metadata = notebook.get("metadata")
    if not isinstance(metadata, dict):
        return True
    kernel, language = metadata.get("kernelspec"), metadata.get("language_info")
    named = [
        kernel.get("language") if isinstance(kernel, dict) else None,
        language.get("name") if isinstance(language, dict) else None,
    ]
    return all(str(name).lower() in ("python", "ipython", "python3") for name in named if name)
