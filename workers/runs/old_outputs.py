"""Removing the folders of runs, and leaving none half removed under its own name."""

from __future__ import annotations

import logging
import os
import shutil
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from deciders.parameter_set import ParameterSet

from ..artefacts import Artefacts, path_part

logger = logging.getLogger(__name__)


def newest_instances(outputs: Path, succeeded: Iterable[tuple[ParameterSet, str, str]]) -> set[tuple[str, str]]:
    """(workflow, instance) of the newest run of each parameter set that has reports, of these sets, dates (empty without one)
    and instances.

    Links ``latest`` lead to them, but not to those of sets that have not run since sets have links of their own.
    """
    newest: dict[ParameterSet, tuple[str, str]] = {}
    for own, day, instance in succeeded:
        reports = outputs / "reports" / path_part(own.workflow) / path_part(instance)
        if (own not in newest or newest[own][0] < day) and reports.is_dir():
            newest[own] = (day, instance)
    return {(own.workflow, instance) for own, (_, instance) in newest.items()}


def folders_of(outputs: Path, workflow: str, instance: str) -> list[Path]:
    """The folders of an instance that are there: its notebooks, with earlier attempts, and its reports."""
    reports = outputs / "reports" / path_part(workflow)
    places = (outputs / "notebooks" / path_part(workflow) / path_part(instance), reports / path_part(instance))
    return [place for place in places if place.is_dir() and not place.is_symlink()]


def has_folders(outputs: Path, workflow: str, instance: str) -> bool:
    """Whether anything of an instance is left."""
    return any((outputs / kind / path_part(workflow) / path_part(instance)).is_dir() for kind in ("notebooks", "reports"))


def size_bytes(folder: Path) -> int:
    """What the files below take, links not followed."""
    total = 0
    for place, _, names in os.walk(folder):
        total += sum(os.lstat(os.path.join(place, name)).st_size for name in names)
    return total


def remove_folder(folder: Path) -> None:
    """Remove it with all that is below; it is given a hidden name first, so that nobody finds half of it.

    Raises:
        OSError: it cannot be removed.
    """
    doomed = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:12]}.tmp")
    os.rename(folder, doomed)
    shutil.rmtree(doomed)


def remove_old_attempts(artefacts: Artefacts, workflow: str, instance: str, label: str, *, before: int) -> None:
    """Remove what attempts at the notebook with a lower number than ``before`` left. One that cannot be removed stays, and the
    log says so: the next attempt does not fail for it.
    """
    for number in artefacts.kept_attempts(workflow, instance, label):
        if number >= before:
            return
        folder = artefacts.attempt_folder(workflow, instance, label, number)
        try:
            remove_folder(folder)
        except OSError as error:
            logger.warning("an earlier attempt cannot be removed: %s", error)
            continue
        with suppress(OSError):  # it has other labels' attempts, or one of these has removed it
            folder.parent.rmdir()
