"""``latest``: links beside a workflow's reports that lead to those of its newest date, one for each parameter set.

Each set has a link called by its parameters, ``latest-region=north``, and keeps its name when another set is added. Where
entries of the sensor differ in their stencils alone, these follow: ``latest-region=north,date_stencil=[0]``. ``latest`` itself
is that of the workflow's first entry, and of all runs of a workflow that the sensor has no entry for; another entry without
parameters is called by its stencil.

A run without a date has no stencil, and counts as older than every date: its links are those of its parameters, and one that
leads to reports of a date stays with them. Among runs without a date a link leads to those of the last one that succeeded.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deciders.parameter_set import written
from deciders.runs.entries import set_of_entry
from deciders.specification import ConfiguredWorkflow, Specification

from ..artefacts import path_part
from ..secrets import masked, masked_leaves

try:
    import fcntl
except ImportError:  # not a POSIX system: of two runs that end at once the last one wins
    fcntl = None  # type: ignore[assignment]

NAME = "latest"
_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})_", re.ASCII)


def link_names(specification: Specification, entry: ConfiguredWorkflow, *, has_date: bool = True) -> list[str]:
    """The links that lead to the newest run of an entry, which need not be one of the sensor's: at least one. ``has_date``:
    whether the run is for a date, as all runs of the sensor are."""
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
    """Let the links ``reports/<workflow>/<name>`` lead to the reports of this run, unless they lead to those of a later date;
    any date is later than none. Of runs without a date one that has just ended is the newest, and no other one takes a link
    over.

    Nothing happens for a run without reports, nor where something that is no link has that name. A link that leads nowhere is
    replaced.

    Raises:
        OSError: a link cannot be made.
    """
    folder = outputs / "reports" / path_part(workflow)
    target = folder / path_part(instance)
    if not target.is_dir():
        return
    with _locked(folder / f".{NAME}.lock"):
        for name in names:
            _point(folder / path_part(name), target, reference_date or "", has_just_ended=has_just_ended)


def linked_instances(outputs: Path, workflow: str) -> set[str]:
    """The instances, as parts of paths, to whose reports a link of the workflow leads."""
    folder = outputs / "reports" / path_part(workflow)
    try:
        with os.scandir(folder) as found:
            return {os.readlink(one.path) for one in found if one.name.startswith(NAME) and one.is_symlink()}
    except FileNotFoundError:
        return set()


def _point(link: Path, target: Path, reference_date: str, *, has_just_ended: bool) -> None:
    if link.is_symlink():
        # ISO dates sort as text, and the name of an instance that has a date begins with it.
        dated = _DATED.match(there := os.readlink(link))
        day = dated[1] if dated else ""
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
