"""``latest``: links beside a workflow's reports to those of its newest date, one for each parameter set.

The link of a set is named after its parameters, ``latest-region=north``, and keeps its name when another set is added. If
entries of the sensor differ only in their stencils, these follow: ``latest-region=north,date_stencil=[0]``. ``latest`` itself
belongs to the workflow's first entry, and to all runs of a workflow without an entry; another entry without parameters is named
after its stencil.

A run without a date has no stencil, and counts as older than every date: its links are those of its parameters, and a link to
reports of a date is not changed. Among runs without a date, a link leads to the reports of the last one that succeeded.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deciders.parameter_set import written
from deciders.runs.entries import set_of_entry
from deciders.runs.identity import date_in_instance
from deciders.specification import ConfiguredWorkflow, Specification

from ..artefacts import Artefacts, path_part
from ..secrets import masked, masked_leaves

try:
    import fcntl
except ImportError:  # not a POSIX system: of two runs that end at once the last one wins
    fcntl = None  # type: ignore[assignment]

NAME = "latest"


def link_names(specification: Specification, entry: ConfiguredWorkflow, *, has_date: bool = True) -> list[str]:
    """Return the names of the links to the newest run of an entry, at least one; the entry need not be one of the sensor's.
    ``has_date``: whether the run is for a date, as all runs of the sensor are.
    """
    own, entries = (
        set_of_entry(entry),
        [set_of_entry(one) for one in specification.entries if one.workflow_name == entry.workflow_name],
    )
    alike = [one for one in entries if one.parameters == own.parameters]
    parameters = written(masked_leaves(entry.parameters), ",")
    if not has_date:
        links = [masked(f"{NAME}-{parameters}")] if parameters else []
        return [*links, NAME] if not links or entries[:1] == alike[:1] else links
    is_first = not entries or entries[0] == own
    names = []
    if {*alike, own} != {own} or not (parameters or is_first):
        names.append(",".join([part for part in (parameters, f"date_stencil={own.stencil}") if part]))
    if parameters and alike[:1] in ([], [own]):
        names.append(parameters)
    links = [masked(f"{NAME}-{name}") for name in names]
    return [*links, NAME] if is_first else links


def point_latest(
    outputs: Path,
    workflow: str,
    instance: str,
    reference_date: str | None,
    names: Iterable[str] = (NAME,),
    *,
    has_just_ended: bool = True,
) -> None:
    """Point the links ``reports/<workflow>/<name>`` to the reports of this run, unless they lead to those of a later date.

    Any date is later than none. Of runs without a date, one that has just ended is the newest, and no other takes over a link.

    Nothing is done for a run without reports, or if something that is no link has the name. A broken link is replaced.

    Raises:
        OSError: a link cannot be made.
    """
    folder = Artefacts(outputs).workflow_reports_folder(workflow)
    target = folder / path_part(instance)
    if not target.is_dir():
        return
    with _locked(folder / f".{NAME}.lock"):
        for name in names:
            _point(folder / path_part(name), target, reference_date or "", has_just_ended=has_just_ended)


def linked_instances(outputs: Path, workflow: str) -> set[str]:
    """Return the instances, as parts of paths, to whose reports a link of the workflow leads."""
    folder = Artefacts(outputs).workflow_reports_folder(workflow)
    try:
        with os.scandir(folder) as found:
            return {os.readlink(one.path) for one in found if one.name.startswith(NAME) and one.is_symlink()}
    except FileNotFoundError:
        return set()


def _point(link: Path, target: Path, reference_date: str, *, has_just_ended: bool) -> None:
    if link.is_symlink():
        day = date_in_instance(there := os.readlink(link))  # ISO dates sort as text
        if (link.parent / there).is_dir() and (day > reference_date or not (reference_date or has_just_ended)):
            return
    elif link.exists():
        return
    temporary = link.with_name(f".{NAME}.{uuid.uuid4().hex[:12]}.tmp")
    os.symlink(target.name, temporary)
    os.replace(temporary, link)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with open(path, "a") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
