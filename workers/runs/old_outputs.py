"""Removal of the folders of runs, without ever leaving one half removed under its own name."""

from __future__ import annotations

import logging
import os
import shutil
import uuid
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from deciders.parameter_set import ParameterSet

from ..artefacts import Artefacts, path_part
from ..records.run_items import Reference
from ..sharing.taken_items import is_taken_over

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


def referred_instances(references: Collection[Reference], kept: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those instances that hold what the ``kept`` ones have taken over, directly or not.

    All are the parts of paths of workflows and instances. What a run that goes on has taken over is kept, too.
    """
    found: set[tuple[str, str]] = set()
    by_owner: dict[tuple[str, str] | None, set[tuple[str, str]]] = {}
    for one in references:
        owner = None if one.owner is None else (path_part(one.owner[0]), path_part(one.owner[1]))
        by_owner.setdefault(owner, set()).add(one.instance)
    left: list[tuple[str, str] | None] = [None, *kept]
    while left:
        for instance in by_owner.get(left.pop(), ()):
            if instance not in found:
                found.add(instance)
                left.append(instance)
    return found


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
    """Remove the files of attempts at the notebook numbered below ``before``, but those that other runs have taken over.

    One that cannot be removed stays and is logged: the next attempt does not fail because of it.
    """
    for number in artefacts.kept_attempts(workflow, instance, label, item):
        if number >= before:
            return
        folder = artefacts.attempt_folder(workflow, instance, label, number, item)
        if is_taken_over(folder):
            continue  # other runs refer to it
        try:
            remove_folder(folder)
        except OSError as error:
            logger.warning("an earlier attempt cannot be removed: %s", error)
            continue
        with suppress(OSError):  # it holds attempts of other labels, or one of these has removed it
            folder.parent.rmdir()
