"""The origin of a run: its kind, its workflow file, and who or what has started it."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deciders.runs.planned_run import PlannedRun
from deciders.runs.run_requests import RETRY
from deciders.values.reason import ReasonKind

from ..kept_paths import place_beside
from ..records.run_tables import Kind, RunRecord


def present_user() -> str:
    """Return the name of the present user; the number of a user without a name, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # KeyError until Python 3.12, OSError since
        return str(os.getuid())


def run_origin(run: PlannedRun, file: Path, outputs: str, started_by: str | None) -> dict[str, Any]:
    """Return the origin of a run, for its arguments and its record; ``started_by`` is left out if it is unknown."""
    is_by_hand = run.reference_date is None or run.reason.kind == ReasonKind.BY_HAND_FOR_NO_ENTRY
    kind: Kind = "scenario" if run.own_instance is not None else "by hand" if is_by_hand else "dated"
    origin = {"kind": kind, "workflow_file": present_file(file, outputs)}
    return origin | ({"started_by": started_by} if started_by is not None else {})


def present_file(file: Path, outputs: str | Path) -> str:
    """Return the path of the workflow file relative to the outputs folder."""
    try:
        return place_beside(os.path.abspath(file), Path(os.path.abspath(outputs)))
    except ValueError:  # on another drive
        return os.path.abspath(file)


def recorded_origin(origin: Mapping[str, Any], former: Sequence[RunRecord]) -> dict[str, Any]:
    """Return the origin as values of a record. A retried run keeps its kind; ``former`` are earlier runs of the instance,
    oldest first.
    """
    found = {name: origin.get(name) for name in ("kind", "workflow_file", "started_by")}
    if found["started_by"] == RETRY and former and former[-1].kind is not None:
        found["kind"] = former[-1].kind
    return found
