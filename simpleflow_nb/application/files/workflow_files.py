"""Choice of the workflow file, and of the folder for its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...environment import value_of
from ...exceptions import DefinitionError
from ...variables import AUTOFLOW_INPUTS_DIR, AUTOFLOW_OUTPUTS_DIR

if TYPE_CHECKING:
    from deciders.specification import Specification

FILE_NAME = "workflows.yml"  #: what a folder stands for

_MOST_NAMED = 3  #: files that may have been meant


def has_ending(word: str) -> bool:
    """Tell whether a word ends as the names of workflow files do."""
    return Path(word).suffix in (".yml", ".yaml")


def names_file(word: str) -> bool:
    """Tell whether a word that could be something else is a workflow file, by its ending or because it is a folder.

    A folder without a workflow file is none where there is one in the working directory: workflows may be called as folders
    are.
    """
    if has_ending(word):
        return True
    folder = Path(word)
    try:
        return folder.is_dir() and ((folder / FILE_NAME).is_file() or not Path(FILE_NAME).is_file())
    except OSError:  # a name that is too long
        return False


def is_no_domain(word: str) -> bool:
    """Tell whether a word that could be a domain is a workflow file; of folders, those that have a workflow file are."""
    return has_ending(word) or word in (".", "..") or (Path(word).is_dir() and (Path(word) / FILE_NAME).is_file())


def specification_path(file: Path | None) -> Path:
    """Return the workflow file that is meant. A folder stands for the ``workflows.yml`` in it; nothing for that of the working
    directory or, where there is none, of ``AUTOFLOW_INPUTS_DIR``.

    Raises:
        DefinitionError: no file was named, and there is none in these places.
    """
    if file is None:
        file = default_file()
    if file is None:
        near = sorted(path.name for path in Path.cwd().iterdir() if has_ending(path.name))[:_MOST_NAMED]
        guess = f" ({', '.join(near)}?)" if near else ""
        raise DefinitionError(f"no {FILE_NAME} here; name the file{guess}, or set AUTOFLOW_INPUTS_DIR to its folder")
    return file / FILE_NAME if file.is_dir() else file


def typed_path(path: Path, file: Path) -> Path:
    """Return a path as it was typed while it leads to the file; the file, absolute, once the working directory has changed."""
    return path if path.absolute() == file else file


def default_file() -> Path | None:
    """Return the file that a command works on when it is given none; None if there is no such file."""
    if Path(FILE_NAME).is_file():
        return Path(FILE_NAME)
    named = value_of(AUTOFLOW_INPUTS_DIR)
    return Path(named) if named else None


def whole_workflow_name(workflow: str) -> str:
    """Return a class path or ``FILE.yml:NAME`` as it is; ``FILE.yml:NAME`` of a name alone, which no class has: those of
    modules have a dot.

    Raises:
        DefinitionError: it is such a name, and there is no file.
    """
    if "." in workflow or ":" in workflow or not workflow:
        return workflow
    if default_file() is None:
        raise DefinitionError(
            f"{workflow!r} is not a dotted path to a class, such as examples.basic.BasicWorkflow, and no workflows.yml is here "
            "that could have it; write FILE.yml:NAME"
        )
    return f"{specification_path(None)}:{workflow}"


def outputs_folder(given: Path | None, specification_file: Path) -> Path:
    """Return the absolute path of the outputs: as given, ``AUTOFLOW_OUTPUTS_DIR``, or ``outputs`` beside the file."""
    if given is None and (named := value_of(AUTOFLOW_OUTPUTS_DIR)):
        given = Path(named)
    return (given or specification_file.absolute().parent / "outputs").absolute()


def check_writable(outputs: Path) -> None:
    """Make the outputs folder where there is none.

    Raises:
        OutputsError: it cannot be made, or not be written to.
    """
    from workers.artefacts import Artefacts

    Artefacts(outputs).check_writable()


def common_outputs(given: Path | None, specifications: Sequence[Specification]) -> Path:
    """Return the one outputs folder of several files, made and writable.

    Raises:
        DefinitionError: the files have different ones.
        OutputsError: it cannot be written to.
    """
    folders = {specification.file: outputs_folder(given, specification.path) for specification in specifications}
    (first, folder), *others = folders.items()
    for path, other in others:
        if other != folder:
            raise DefinitionError(
                f"{first} has its outputs in {folder}, {path} in {other}; one process serves one outputs folder: "
                "start a sensor for each, or give --outputs"
            )
    check_writable(folder)
    return folder
