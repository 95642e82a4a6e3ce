"""The executed notebook on disk: replaced as a whole, with secrets masked, and only as often as is cheap."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from papermill.engines import NotebookExecutionManager
from papermill.iorw import write_ipynb

from deciders.notebooks.notebook_document import EARLY_END_TAG, ERROR_TAG, METADATA_KEY

from ..artefacts import write_atomically
from ..secrets import Masker, known_secrets, masker
from .own_files import OwnFiles

LEAST_SAVE_SECONDS = 1.0  #: between two saves while cells run
SAVE_SHARE = 20  #: and at least this many times the duration of the last save
MOST_SPLIT_CHARACTERS = 5_000_000  #: of printed text in a notebook whose file has it line by line; ten times that of tables

_FONT = "font-family:Helvetica Neue, Helvetica, Arial, sans-serif; font-size:1.5em;"


class SavedNotebook(NotebookExecutionManager):  # type: ignore[misc, unused-ignore]
    """papermill's record of a run, kept in ``path``, without the secrets that ``environment`` gives."""

    def __init__(
        self, nb: NotebookNode, path: Path, environment: Mapping[str, str], own_files: OwnFiles | None = None, **options: Any
    ) -> None:
        super().__init__(nb, **{"output_path": str(path), "progress_bar": False, **options})
        self.path, self._environment = path, environment
        self._own_files = own_files or OwnFiles()
        self._next_save = 0.0
        self._secrets = known_secrets(environment)

    def save(self, *, force: bool = False, **options: Any) -> None:
        """Save, unless the last save was a moment ago. papermill saves twice for each cell, which is quadratic."""
        if "nb" in options:
            self.nb = options["nb"]
        begun = time.monotonic()
        if not force and begun < self._next_save:
            return
        self.write()
        ended = time.monotonic()
        self._next_save = ended + max(LEAST_SAVE_SECONDS, SAVE_SHARE * (ended - begun))

    def write(self) -> None:
        """Write the notebook to its path."""
        # Read again each time: a mounted token may have changed by now.
        known = masker(self._secrets, known_secrets(self._environment))
        hidden = masked_notebook(self.nb, known)
        self._own_files.notice_change(self.path)
        write_atomically(self.path, notebook_text(hidden))
        self._own_files.are_left(self.path)

    def autosave_cell(self) -> None:
        """Called for each message of the kernel."""
        self.save()

    def cell_exception(self, cell: NotebookNode, cell_index: int | None = None, **options: Any) -> None:
        """Mark the cell failed and save: the kernel's end may take a while."""
        super().cell_exception(cell, cell_index=cell_index, **options)
        self.save(force=True)

    def notebook_complete(self, **options: Any) -> None:
        """Close the notebook's record. Cells that were not reached stay pending."""
        self.end_time = self.now()
        record = self.nb.metadata.papermill
        record["end_time"] = self.end_time.isoformat()
        record["duration"] = (self.end_time - self.start_time).total_seconds()
        self.cleanup_pbar()
        self.save(force=True)

    def name_failure(self, text: str, index: int | None = None) -> None:
        """Show at the top what failed and why, and save. With the ``index`` of the failed cell the text links to it."""
        link = ""
        if index is not None:
            self._insert(index, f'<span id="papermill-error-cell" style="color:red; {_FONT}">This cell failed:</span>')
            link = ' <a href="#papermill-error-cell">Go to the cell</a>'
        self._insert(0, f'<span style="color:red; {_FONT}">{_escaped(text)}{link}</span>')
        self.save(force=True)

    def name_early_end(self, text: str, cell: int | None) -> None:
        """Show at the top that the notebook has ended itself, in that cell of the source or at its end, and save."""
        if cell is not None:
            self.nb.metadata.setdefault(METADATA_KEY, {})["ended_in_cell"] = cell
        self._insert(0, f"<em>{_escaped(text)}</em>", EARLY_END_TAG)
        self.save(force=True)

    def _insert(self, index: int, source: str, *tags: str) -> None:
        cell = nbformat.v4.new_markdown_cell(source, metadata={"tags": [ERROR_TAG, *tags]})  # type: ignore[no-untyped-call, unused-ignore]
        self.nb.cells.insert(index, cell)


class PapermillSavedNotebook(SavedNotebook):
    """The same for direct use of papermill: written as papermill would, secrets included."""

    def write(self) -> None:
        """Write to ``output_path``: a file atomically, a URL through papermill; None writes nothing."""
        if self.output_path is None:
            return
        if "://" in str(self.output_path):
            write_ipynb(self.nb, self.output_path)
        else:
            write_atomically(Path(self.output_path), notebook_text(self.nb))


def masked_notebook(notebook: NotebookNode, masker: Masker) -> NotebookNode:
    """Return the notebook without secrets in its texts and metadata; keys and types of the format stay.

    Parts without a secret are those of ``notebook``, which is not changed.
    """
    if masker.is_idle:
        return notebook
    return _with(
        notebook,
        metadata=masker.leaves(notebook.metadata),
        cells=[_masked_cell(cell, masker) for cell in notebook.cells],
    )


def _masked_cell(cell: NotebookNode, masker: Masker) -> NotebookNode:
    made = {name: masker.leaves(cell[name]) for name in ("source", "metadata", "attachments") if name in cell}
    if "outputs" in cell:
        made["outputs"] = [_masked_output(output, masker) for output in _joined_where_split(cell.outputs, masker)]
    return _with(cell, **made)


def _masked_output(output: NotebookNode, masker: Masker) -> NotebookNode:
    parts = ("text", "data", "metadata", "ename", "evalue", "traceback")
    return _with(output, **{name: masker.leaves(output[name]) for name in parts if name in output})


def _joined_where_split(outputs: list[NotebookNode], masker: Masker) -> list[NotebookNode]:
    """Join printed pieces across which a secret lies, as text arrives in arbitrary pieces."""
    for name in ("stdout", "stderr"):
        pieces = [output for output in outputs if output.output_type == "stream" and output.get("name") == name]
        if len(pieces) < 2:
            continue
        whole = "".join(piece.text for piece in pieces)
        hidden = masker.text(whole)
        if hidden is not whole and hidden != "".join(masker.text(piece.text) for piece in pieces):
            first = _with(pieces[0], text=whole)
            outputs = [
                first if output is pieces[0] else output
                for output in outputs
                if output is pieces[0] or not any(output is piece for piece in pieces)
            ]
    return outputs


def _with(node: NotebookNode, **changed: Any) -> NotebookNode:
    return node if all(node[name] is value for name, value in changed.items()) else NotebookNode({**node, **changed})


def notebook_text(notebook: NotebookNode) -> str:
    """Return the text of the notebook's file. Texts are lists of lines there, unless so large that this would use up the
    memory.
    """
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    printed = sum(len(output.get("text", "")) for output in outputs)
    shown = sum(len(form) for output in outputs for form in output.get("data", {}).values() if isinstance(form, str))
    is_small = printed <= MOST_SPLIT_CHARACTERS and shown <= 10 * MOST_SPLIT_CHARACTERS
    text: str = nbformat.writes(notebook, split_lines=is_small)  # type: ignore[no-untyped-call, unused-ignore]
    return text


def _escaped(text: str) -> str:
    for character in "&<>":
        text = text.replace(character, f"&#{ord(character)};")
    return "".join(f"\\{character}" if character in "\\`*_[]$" else character for character in " ".join(text.split()))
