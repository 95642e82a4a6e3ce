"""Waiting for the answer to a request of an update, in a journal or on a service."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from ...processes.followed_request import FollowedRequest
from ...replay.protocol.events import HistoryEvent
from ..following import LOOK_SECONDS
from ..places import Place

_FIRST_SECONDS, _LONGEST_SECONDS = 0.5, 5.0  #: between two questions to a service, of which an account has 60 a second
_PAGE = 100


def follow(place: Place, execution: dict[str, str], request: FollowedRequest, timeout_seconds: float) -> Iterator[None]:
    """Read the history until the request is answered, the run has closed, or time is up; yield between two looks.

    Raises:
        ServiceError: the service cannot be reached, or the journal cannot be read.
    """
    until, wait = time.monotonic() + timeout_seconds, _FIRST_SECONDS
    while True:
        request.take(_news(place, execution, len(request.events)))
        left = until - time.monotonic()
        if request.is_over or left <= 0:
            return
        yield
        time.sleep(min(left, LOOK_SECONDS if place.journal is not None else wait))
        wait = min(wait * 1.5, _LONGEST_SECONDS)


def _news(place: Place, execution: dict[str, str], since: int) -> list[HistoryEvent]:
    """Return the events after the first ``since``: of a service the newest pages alone, as far as they are new."""
    service: Any = place.service
    if place.journal is not None:
        found: list[HistoryEvent] = service.events(execution["workflowId"], execution["runId"], since)
        return found
    news: list[HistoryEvent] = []
    arguments: dict[str, Any] = {"domain": place.domain, "execution": execution, "reverseOrder": True}
    if since:
        arguments["maximumPageSize"] = _PAGE
    while True:
        page = service.get_workflow_execution_history(**arguments)
        news += [event for event in page["events"] if event["eventId"] > since]
        if not page.get("nextPageToken") or page["events"][-1]["eventId"] <= since + 1:
            return news[::-1]
        arguments["nextPageToken"] = page["nextPageToken"]
