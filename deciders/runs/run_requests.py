"""Requests, as JSON, for runs that somebody asked for by name, as opposed to runs that the sensor finds due: retries and
backfills.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..specification import ConfiguredWorkflow
from ..values.reason import Reason
from .planned_run import PlannedRun, run_for
from .scenario_runs import scenario_run

#: Values of ``started_by`` other than the name of a person; records hold them for ever.
SENSOR, BACKFILL, RETRY, SCENARIO = "sensor", "backfill", "retry", "scenario"


@dataclass(frozen=True)
class WantedRun:
    """A run to be started."""

    run: PlannedRun
    only: str | None = None  #: run this notebook alone, and those it needs that have not succeeded
    gives_way: bool = False  #: its priority is one lower than its workflow's
    forced: bool = False  #: nothing is kept, or taken over from other runs
    started_by: str | None = None  #: :data:`SENSOR` etc. or a person; None for a request of version 0.1, which does not have it


def run_request(
    entry: ConfiguredWorkflow,
    dates: Iterable[date | None],
    reason: Reason,
    *,
    keeps_labels: bool,
    only: str | None = None,
    gives_way: bool = False,
    forced: bool = False,
    started_by: str | None = None,
    own_instance: str | None = None,
) -> dict[str, Any]:
    """Make a request for runs of one entry, in the order of ``dates``, whether or not they have succeeded before.

    ``own_instance`` is that of a scenario, whose only date is None.

    ``keeps_labels`` skips notebooks that succeeded before and whose inputs are unchanged; ``only`` runs the notebook of that
    label again, and none that depend on it. Runs with ``gives_way`` have a lower priority; for those that are ``forced``
    nothing is taken over from other runs, either.
    """
    return {
        "entry": entry.model_dump(mode="json"),
        "dates": [day.isoformat() if day is not None else None for day in dates],
        "reason": reason.text,
        "keeps_labels": keeps_labels,
        "only": only,
        "gives_way": gives_way,
        **({"forced": True} if forced else {}),
        **({"started_by": started_by} if started_by is not None else {}),
        **({"own_instance": own_instance} if own_instance is not None else {}),
    }


def requests_for(
    runs: Iterable[PlannedRun],
    *,
    only: str | None = None,
    gives_way: bool = False,
    forced: bool = False,
    started_by: str | None = None,
) -> list[dict[str, Any]]:
    """Make requests for exactly these runs, with their reasons, as few as keep the order."""
    requests: list[dict[str, Any]] = []
    former: PlannedRun | None = None
    for run in runs:
        # Identity, not equality: entries that compare as equal may differ, as 1 and True do.
        if former is not None and former.entry is run.entry and _reason_and_reuse(former) == _reason_and_reuse(run):
            requests[-1]["dates"].append(run.iso_date)
        else:
            reason, keeps_labels = _reason_and_reuse(run)
            requests.append(
                run_request(
                    run.entry,
                    [run.reference_date],
                    reason,
                    keeps_labels=keeps_labels,
                    only=only,
                    gives_way=gives_way,
                    forced=forced,
                    started_by=started_by,
                )
            )
        former = run
    return requests


def _reason_and_reuse(run: PlannedRun) -> tuple[Reason, bool]:
    return run.reason, run.keeps_labels


def requested_runs(requests: Iterable[Mapping[str, Any]]) -> Iterator[WantedRun]:
    """Yield the runs of requests, in the order of the requests."""
    for request in requests:
        entry = ConfiguredWorkflow.model_validate(request["entry"])
        for day in request["dates"]:
            if (instance := request.get("own_instance")) is not None:
                run = scenario_run(instance, entry)
            else:
                run = run_for(entry, date.fromisoformat(day) if day is not None else None)
            asked = dataclasses.replace(
                run, reason=Reason.parse(request["reason"]), is_rerun=True, keeps_labels=bool(request["keeps_labels"])
            )
            yield WantedRun(
                asked,
                request["only"],
                bool(request.get("gives_way")),
                forced=bool(request.get("forced")),
                started_by=request.get("started_by"),
            )


def requests_fault(requests: Any) -> str | None:
    """Explain why these are no requests, as the end of a sentence; None if `requested_runs` can read them."""
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
