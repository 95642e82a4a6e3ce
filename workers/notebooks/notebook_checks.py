"""Checks of ``validate`` and ``doctor`` for the notebooks of a specification: if and how they would run here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deciders.notebooks.notebook_document import NoNotebook, notebook_document, notebook_text
from deciders.problems import Problem, Problems, shown
from deciders.specification.inputs_folder import checked_file
from deciders.specification.workflow_file import NOTEBOOK_SUFFIXES
from deciders.specification.yaml_lines import YamlNode, read_yaml

from .notebook_errors import NotebookRefused
from .notebook_kernels import kernel_for, needs_no_kernel_search, substitute_note
from .notebook_source import content_of, not_a_notebook
from .sloppy_notebooks import put_right

if TYPE_CHECKING:
    from deciders.specification import Specification

_NOTHING = YamlNode(None, 0)


@dataclass(frozen=True)
class NotebookFindings:
    """Sentences about notebooks, each once and in the order of the specification."""

    unreadable: tuple[str, ...]  #: refused: the file cannot be read, or is no notebook
    unreadable_files: tuple[str, ...]  #: the names of these, as the specification has them
    outdated: tuple[str, ...]  #: in a format before 4, which is upgraded for each run
    missing_kernels: tuple[str, ...]  #: refused: the kernel is not installed
    substituted_kernels: tuple[str, ...]  #: runs in this Python, and is orange, as its own kernel is not installed


@dataclass
class _File:
    """One file, read once, whatever number of notebooks name it."""

    refusal: str | None = None
    old_format: int | None = None
    metadata: dict[str, Any] | None = None  #: of an ``.ipynb`` file that can run


def notebook_findings(specification: Specification) -> NotebookFindings:
    """Check the notebooks of all workflows, reading each file once; nothing is started."""
    files: dict[Path, _File] = {}
    unreadable, outdated, missing, substituted = dict[str, str](), dict[str, None](), dict[str, None](), dict[str, None]()
    for notebook in (one for workflow in specification.workflows for one in workflow.notebooks):
        path = specification.inputs_dir / notebook.filename
        if path not in files:
            files[path] = _read(path)
        file = files[path]
        if file.refusal is not None:
            unreadable.setdefault(file.refusal, notebook.filename)
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
    return NotebookFindings(tuple(unreadable), tuple(unreadable.values()), tuple(outdated), tuple(missing), tuple(substituted))


def unreadable_notebooks(path: Path, known: NotebookFindings | None = None) -> list[Problem]:
    """Return a problem for each file that a workflow file names but that is no notebook, in line order.

    Works for a file that is otherwise wrong, too, so that all problems are shown at once. ``known`` saves reading the notebooks
    again.

    Files that do not exist, or must not be named, are skipped: `deciders.specification` has reported them.
    """
    root, problems = read_yaml(path, Problems(path)), Problems(path)
    inputs_dir = path.absolute().parent
    refused = dict(zip(known.unreadable_files, known.unreadable, strict=True)) if known is not None else None
    for workflow in (root.get("workflows") or _NOTHING).items() if root is not None else ():
        for notebook in (workflow.get("notebooks") or _NOTHING).entries().values():
            name = notebook.get("filename")
            if name is None or name.text is None:
                continue
            if refused is not None:
                refusal = refused.get(name.text)
            else:
                file = checked_file(inputs_dir, name.text, NOTEBOOK_SUFFIXES, name.line, Problems(path))
                refusal = _read(file).refusal if file is not None else None
            if refusal is not None:
                problems.add(name.line, refusal.replace(str(inputs_dir / name.text), shown(name.text), 1))
    return list(problems.found)


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
