"""Runs that somebody asks for by name, rather than the sensor finding them due: retries and backfills, as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from deciders.due_runs import Run, run_for
from deciders.specification import ConfiguredWorkflow


def run_request(
    entry: ConfiguredWorkflow, dates: Iterable[date], reason: str, *, keeps_labels: bool, only: str | None = None
) -> dict[str, Any]:
    """A request for runs of one entry, in the order of ``dates``, whether or not they have succeeded before.

    With ``keeps_labels`` notebooks that succeeded before, and that nothing has changed for, are not done again; with ``only``
    the notebook of that label is done again and nothing behind it.
    """
    return {
        "entry": entry.model_dump(mode="json"),
        "dates": [day.isoformat() for day in dates],
        "reason": reason,
        "keeps_labels": keeps_labels,
        "only": only,
    }


def requested_runs(requests: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Run, str | None]]:
    """The runs of requests, each with the one label that it is for, if there is one."""
    for request in requests:
        entry = ConfiguredWorkflow.model_validate(request["entry"])
        for day in request["dates"]:
            run = run_for(entry, date.fromisoformat(day))
            asked = dataclasses.replace(
                run, reason=request["reason"], is_rerun=True, keeps_labels=bool(request["keeps_labels"])
            )
            yield asked, request["only"]
