"""Runs that somebody asks for by name, rather than the sensor finding them due: retries and backfills, as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..specification import ConfiguredWorkflow
from ..values.reason import Reason
from .due_runs import Run, run_for

#: What starts runs other than a person by name; in the records for ever.
SENSOR, BACKFILL, RETRY = "sensor", "backfill", "retry"


@dataclass(frozen=True)
class WantedRun:
    """A run that is to be started."""

    run: Run
    only: str | None = None  #: this notebook alone, and those that it needs as far as they have not succeeded
    gives_way: bool = False  #: its priority is one lower than its workflow's
    started_by: str | None = None  #: :data:`SENSOR` and its like; None for a request of version 0.1, which did not say


def run_request(
    entry: ConfiguredWorkflow,
    dates: Iterable[date | None],
    reason: Reason,
    *,
    keeps_labels: bool,
    only: str | None = None,
    gives_way: bool = False,
    started_by: str | None = None,
) -> dict[str, Any]:
    """A request for runs of one entry, in the order of ``dates``, whether or not they have succeeded before. None among the
    dates is the entry's run without a date.

    With ``keeps_labels`` notebooks that succeeded before, and that nothing has changed for, are not done again; with ``only``
    the notebook of that label is done again and nothing behind it. Runs that ``gives_way`` let others be done first.
    """
    return {
        "entry": entry.model_dump(mode="json"),
        "dates": [day.isoformat() if day is not None else None for day in dates],
        "reason": reason.text,
        "keeps_labels": keeps_labels,
        "only": only,
        "gives_way": gives_way,
        **({"started_by": started_by} if started_by is not None else {}),
    }


def requests_for(
    runs: Iterable[Run], *, only: str | None = None, gives_way: bool = False, started_by: str | None = None
) -> list[dict[str, Any]]:
    """Requests for these very runs, with their reasons, as few as keep their order."""
    requests: list[dict[str, Any]] = []
    former: Run | None = None
    for run in runs:
        # The very entry: those that compare as equal may be others, as 1 does with True.
        if former is not None and former.entry is run.entry and _how(former) == _how(run):
            requests[-1]["dates"].append(run.iso_date)
        else:
            reason, keeps_labels = _how(run)
            requests.append(
                run_request(
                    run.entry,
                    [run.reference_date],
                    reason,
                    keeps_labels=keeps_labels,
                    only=only,
                    gives_way=gives_way,
                    started_by=started_by,
                )
            )
        former = run
    return requests


def _how(run: Run) -> tuple[Reason, bool]:
    return run.reason, run.keeps_labels


def requested_runs(requests: Iterable[Mapping[str, Any]]) -> Iterator[WantedRun]:
    """The runs of requests, in the order asked."""
    for request in requests:
        entry = ConfiguredWorkflow.model_validate(request["entry"])
        for day in request["dates"]:
            run = run_for(entry, date.fromisoformat(day) if day is not None else None)
            asked = dataclasses.replace(
                run, reason=Reason.parse(request["reason"]), is_rerun=True, keeps_labels=bool(request["keeps_labels"])
            )
            yield WantedRun(asked, request["only"], bool(request.get("gives_way")), request.get("started_by"))


def requests_fault(requests: Any) -> str | None:
    """Why these are no requests, as the end of a sentence; None if `requested_runs` can read them."""
    if not isinstance(requests, list) or not requests:
        return "requests must be a list with something in it"
    for number, request in enumerate(requests, 1):
        try:
            ConfiguredWorkflow.model_validate(request["entry"])
            days = [date.fromisoformat(day) if day is not None else None for day in request["dates"]]
            texts = [request["reason"], request["only"] or ""]
            is_usable = (
                bool(days) and all(isinstance(text, str) for text in texts) and isinstance(request["keeps_labels"], bool)
            )
        except (KeyError, TypeError, ValueError):
            is_usable = False
        if not is_usable:
            return f"request {number} is not one that backfill or runs.retry make"
    return None
