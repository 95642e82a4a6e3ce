"""The outcome of flows from their records and logs: also of scripts, and of runs that ductaflow itself made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from deciders.values.label_state import AttemptState
from deciders.values.light import Light
from workers.artefacts import read_record, why_unreadable
from workers.lights import printed_warnings

from .flow_files import LOG_END, PREPARED, RECORD_END

_GOOD = (AttemptState.SUCCEEDED, AttemptState.SKIPPED)
_BAD = (AttemptState.FAILED, AttemptState.CANCELLED, AttemptState.LOST)


class FlowStatus(StrEnum):
    """ductaflow's word for a light, from best to worst. Programs have tables of these three words."""

    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"

    @staticmethod
    def worst(words: Iterable[FlowStatus]) -> FlowStatus:
        """Return the status of a whole; without parts ``warning``, as nothing has run."""
        return max(words, key=list(FlowStatus).index, default=FlowStatus.WARNING)


@dataclass(frozen=True, kw_only=True)
class FlowEnd:
    """One run of a flow, as far as it has come."""

    stem: str
    folder: Path
    status: FlowStatus
    seconds: float | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()  #: also the reason why nothing better is known

    def file(self, end: str) -> Path | None:
        """Return the flow's file with that end of its name, None if there is none."""
        path = self.folder / f"{self.stem}{end}"
        return path if path.exists() else None


def analyze_execution_logs(output_dir: str | Path) -> str:
    """Return ``success``, ``warning`` or ``error``: the worst of all flows whose records or logs are below a folder.

    ``error`` comes only from a run that failed, was cancelled or lost. A line that warns in its first 15 characters is a
    ``warning``, and so are a flow that still runs or was only prepared, a file that cannot be read, and a folder without any.
    """
    return FlowStatus.worst(flow.status for flow in flow_ends(Path(output_dir))).value


def flow_ends(folder: Path) -> list[FlowEnd]:
    """Return the runs of flows below a folder, those in the folder itself first, then by path."""
    logs = {(path.parent, path.name.removesuffix(LOG_END)) for path in folder.rglob(f"*{LOG_END}")}
    records = {
        (path.parent, path.name.removesuffix(RECORD_END))
        for path in folder.rglob(f"*{RECORD_END}")
        if {"schema", "status"} <= read_record(path).keys()  # not a file of that name that a flow has written
    }
    order = sorted(logs | records, key=lambda flow: (flow[0] != folder, flow))
    return [_flow_end(place, stem) for place, stem in order]


def _flow_end(folder: Path, stem: str) -> FlowEnd:
    path, log = folder / f"{stem}{RECORD_END}", folder / f"{stem}{LOG_END}"
    record, doubts = read_record(path), _doubts(path)
    printed = _printed_warnings(log, doubts)
    noted = [str(text) for text in record.get("warnings") or ()]
    warnings = (*doubts, *noted, *(line for line in printed if line not in noted))
    failed = record.get("status") in _BAD
    warned = bool(warnings) or record.get("light") == Light.ORANGE
    status = FlowStatus.ERROR if failed else FlowStatus.WARNING if warned else FlowStatus.SUCCESS
    seconds = record.get("duration_seconds")
    return FlowEnd(
        stem=stem,
        folder=folder,
        status=status,
        seconds=seconds if isinstance(seconds, int | float) else None,
        error=_error(record) if failed else None,
        warnings=warnings,
    )


def _doubts(path: Path) -> list[str]:
    """Return the reasons for which the record of a run does not say that it went well."""
    if (why := why_unreadable(path)) is not None:
        return [f"{path.name} cannot be read: {why}"]
    if not path.exists():
        return []  # of ductaflow itself, which kept none
    status = read_record(path).get("status")
    if status == PREPARED:
        return ["it was prepared, and not executed"]
    return [] if status in (*_GOOD, *_BAD) else [f"it has not ended: its status is {status}"]


def _printed_warnings(log: Path, doubts: list[str]) -> list[str]:
    try:
        with open(log, encoding="utf-8", errors="replace") as file:
            return printed_warnings(file)
    except FileNotFoundError:
        return []  # it was only prepared
    except OSError as error:
        doubts.append(f"{log.name} cannot be read: {(error.strerror or str(error)).lower()}")
        return []


def _error(record: dict[str, Any]) -> str:
    error = record.get("error")
    if not isinstance(error, dict):
        return str(record.get("status"))
    where = f" (cell {error['cell']})" if error.get("cell") else ""
    return f"{error.get('ename')}: {error.get('evalue')}".rstrip(": ") + where
