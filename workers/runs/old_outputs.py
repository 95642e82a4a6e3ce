"""Removal of the folders of runs, without ever leaving one half removed under its own name."""

from __future__ import annotations

import logging
import os
import shutil
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from deciders.parameter_set import ParameterSet

from ..artefacts import Artefacts

logger = logging.getLogger(__name__)


def newest_instances(outputs: Path, succeeded: Iterable[tuple[ParameterSet, str, str]]) -> set[tuple[str, str]]:
    """Return (workflow, instance) of the newest run with reports of each parameter set; ``succeeded`` has the sets, dates
    (empty for none) and instances.

    ``latest`` links lead to them, except for sets that have not run since each set has a link of its own.
    """
    newest: dict[ParameterSet, tuple[str, str]] = {}
    for own, day, instance in succeeded:
        reports = Artefacts(outputs).reports_folder(own.workflow, instance)
        if (own not in newest or newest[own][0] < day) and reports.is_dir():
            newest[own] = (day, instance)
    return {(own.workflow, instance) for own, (_, instance) in newest.items()}


def folders_of(outputs: Path, workflow: str, instance: str) -> list[Path]:
    """Return the existing folders of an instance: its notebooks, with earlier attempts, and its reports."""
    return [place for place in Artefacts(outputs).folders(workflow, instance) if place.is_dir() and not place.is_symlink()]


def has_folders(outputs: Path, workflow: str, instance: str) -> bool:
    """Return True if anything of an instance is left."""
    return any(place.is_dir() for place in Artefacts(outputs).folders(workflow, instance))


def size_bytes(folder: Path) -> int:
    """Add up the sizes of the files below, without following links."""
    total = 0
    for place, _, names in os.walk(folder):
        total += sum(os.lstat(os.path.join(place, name)).st_size for name in names)
    return total


def remove_folder(folder: Path) -> None:
    """Remove a folder with everything below. It is renamed to a hidden name first, so that nobody finds half of it.

    Raises:
        OSError: it cannot be removed.
    """
    doomed = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:12]}.tmp")
    os.rename(folder, doomed)
    shutil.rmtree(doomed)


def remove_old_attempts(
    artefacts: Artefacts, workflow: str, instance: str, label: str, item: str | None = None, *, before: int
) -> None:
    """Remove the files of attempts at the notebook numbered below ``before``.

    One that cannot be removed stays and is logged: the next attempt does not fail because of it.
    """
    for number in artefacts.kept_attempts(workflow, instance, label, item):
        if number >= before:
            return
        folder = artefacts.attempt_folder(workflow, instance, label, number, item)
        try:
            remove_folder(folder)
        except OSError as error:
            logger.warning("an earlier attempt cannot be removed: %s", error)
            continue
        with suppress(OSError):  # it holds attempts of other labels, or one of these has removed it
            folder.parent.rmdir()
