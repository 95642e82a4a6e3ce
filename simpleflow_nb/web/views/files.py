"""Files of a run, to be looked at: executed notebooks, reports, and what notebooks have printed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...application.looking.run_details import run_details
from ...application.looking.run_logs import run_log
from ...exceptions import DefinitionError
from ..shelf import Shelved

if TYPE_CHECKING:
    from ...application.looking.run_details import RunDetails

MOST_PRINTED = 20_000  #: lines of what was printed that are shown, the last ones


@dataclass(frozen=True)
class FoundFile:
    """A file that a run has left."""

    path: Path
    media_type: str


_MEDIA = {".pdf": "application/pdf", ".html": "text/html; charset=utf-8", ".ipynb": "application/json"}


def report_file(shelved: Shelved, reference: str, name: str) -> FoundFile:
    """Return a report of a run by its name among the artefacts.

    Raises:
        DefinitionError: there is no such run or report.
    """
    details = _details(shelved, reference)
    path = details.run.artefacts.get(name)
    if path is None or not name.startswith("report:"):
        raise DefinitionError(f"{details.run.title} has no report {name!r}")
    return _found(shelved, path)


def notebook_file(shelved: Shelved, reference: str, item: str) -> FoundFile:
    """Return the executed notebook of a label (``count``) or an item (``day:3``) of a run.

    Raises:
        DefinitionError: there is no such run or item, or it has left no notebook.
    """
    details = _details(shelved, reference)
    label = item.partition(":")[0]
    folders = {str(one.item): one.folder for one in details.items if one.folder is not None}
    paths = {view.name: view.path for view in details.labels if view.path is not None and not view.is_fan}
    path = paths.get(item) or (f"{folders[item]}/{label}.ipynb" if item in folders else None)
    if path is None:
        raise DefinitionError(f"{details.run.title} has no executed notebook of {item!r}")
    return _found(shelved, path)


def printed_text(shelved: Shelved, reference: str, item: str) -> str:
    """Return what a label or an item has printed: the last lines.

    Raises:
        DefinitionError: there is no such run or item.
    """
    from collections import deque

    project = shelved.project
    log = run_log(project.specification, project.outputs, project.service, reference, item)
    lines = deque((line.text for line in log), maxlen=MOST_PRINTED)
    return "".join(f"{line}\n" for line in lines)


def _details(shelved: Shelved, reference: str) -> RunDetails:
    project = shelved.project
    return run_details(project.specification, project.outputs, project.service, reference)


def _found(shelved: Shelved, path: str) -> FoundFile:
    """Return a file of the outputs folder; whatever leads out of it is none."""
    outputs = shelved.project.outputs.resolve()
    found = Path(path).resolve()
    if not found.is_relative_to(outputs):
        raise DefinitionError("it is not in the outputs folder, and is not shown here")
    if not found.is_file():
        raise DefinitionError(f"{found.relative_to(outputs)} is no longer there")
    return FoundFile(found, _MEDIA.get(found.suffix.lower(), "text/plain; charset=utf-8"))
