"""Where a run comes from: what kind it is, which file its workflow stands in, who or what has started it."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deciders.runs.due_runs import Run
from deciders.runs.run_requests import RETRY
from deciders.values.reason import ReasonKind

from ..kept_paths import place_beside
from ..records.run_tables import Kind, RunRecord


def present_user() -> str:
    """The name of whoever gives a command; the number of the user where it has no name, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # Python 3.13 has made one of the other
        return str(os.getuid())


def run_origin(run: Run, file: Path, outputs: str, started_by: str | None) -> dict[str, Any]:
    """What a run is started with, for its record; who has started it is left out where that is not known."""
    is_by_hand = run.reference_date is None or run.reason.kind == ReasonKind.BY_HAND_FOR_NO_ENTRY
    kind: Kind = "by hand" if is_by_hand else "dated"
    origin = {"kind": kind, "workflow_file": present_file(file, outputs)}
    return origin | ({"started_by": started_by} if started_by is not None else {})


def present_file(file: Path, outputs: str | Path) -> str:
    """The workflow file as it is seen from the outputs folder."""
    try:
        return place_beside(os.path.abspath(file), Path(os.path.abspath(outputs)))
    except ValueError:  # on another drive
        return os.path.abspath(file)


def recorded_origin(origin: Mapping[str, Any], former: Sequence[RunRecord]) -> dict[str, Any]:
    """The same as values of a record. A run that is tried again is of the kind that it was; ``former`` are the runs of the
    instance before it, as they were made."""
    found = {name: origin.get(name) for name in ("kind", "workflow_file", "started_by")}
    if found["started_by"] == RETRY and former and former[-1].kind is not None:
        found["kind"] = former[-1].kind
    return found
