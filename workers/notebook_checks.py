"""What ``validate`` and ``doctor`` say of the notebook files of a specification: whether they would run here, and how."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deciders.notebook_document import NoNotebook, notebook_document, notebook_text
from workers.notebook_errors import NotebookRefused
from workers.notebook_kernels import kernel_for, needs_no_kernel_search, substitute_note
from workers.notebook_source import content_of, not_a_notebook
from workers.sloppy_notebooks import put_right

if TYPE_CHECKING:
    from deciders.specification import Specification


@dataclass(frozen=True)
class NotebookFindings:
    """Sentences about notebooks, each once and in the order of the specification."""

    unreadable: tuple[str, ...]  #: refused: the file cannot be read, or is no notebook
    outdated: tuple[str, ...]  #: in a format before 4, which is upgraded for each run
    missing_kernels: tuple[str, ...]  #: refused: the kernel is not installed
    substituted_kernels: tuple[str, ...]  #: runs in this Python, and is orange, because its own kernel is not installed


@dataclass
class _File:
    """One file, read once, whatever number of notebooks name it."""

    refusal: str | None = None
    old_format: int | None = None
    metadata: dict[str, Any] | None = None  #: of an ``.ipynb`` file that can run


def notebook_findings(specification: Specification) -> NotebookFindings:
    """Look at the notebooks of all workflows, and read each file once; nothing is started."""
    files: dict[Path, _File] = {}
    unreadable, outdated, missing, substituted = dict[str, None](), dict[str, None](), dict[str, None](), dict[str, None]()
    for notebook in (one for workflow in specification.workflows for one in workflow.notebooks):
        path = specification.inputs_dir / notebook.filename
        if path not in files:
            files[path] = _read(path)
        file = files[path]
        if file.refusal is not None:
            unreadable[file.refusal] = None
        if file.old_format is not None:
            outdated[
                f"{path} is of nbformat {file.old_format}, and is upgraded to 4 each time it runs; "
                "open and save it in Jupyter once"
            ] = None
        metadata = file.metadata or {}
        if needs_no_kernel_search(metadata, notebook.kernel):
            continue  # most do, and what looks for kernels takes a while to import
        try:
            _, _, wanted = kernel_for(path, metadata, notebook.kernel, notebook.kernel_fallback)
        except NotebookRefused as refusal:
            missing[str(refusal)] = None
            continue
        if wanted is not None:
            substituted[f"notebook {notebook.filename!r}: {substitute_note(wanted)}"] = None
    return NotebookFindings(tuple(unreadable), tuple(outdated), tuple(missing), tuple(substituted))


def _read(path: Path) -> _File:
    file = _File()
    try:
        content = content_of(path)
        if path.suffix == ".py":
            notebook_text(content)  # its cells are found when it runs
        else:
            document = notebook_document(content)
            file.old_format = document.get("orig_nbformat")
            file.metadata = put_right(document)["metadata"]
    except NotebookRefused as refusal:
        file.refusal = str(refusal)
    except NoNotebook as fault:
        file.refusal = str(not_a_notebook(path, fault))
    return file
