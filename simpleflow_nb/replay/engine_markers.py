"""The engine's own markers: its version and limits, patches, signals without payloads, parked decisions.

They come first in the response of a decision. The replay reads them before it resumes the code for that decision.
"""

from __future__ import annotations

import json
from typing import Any

from ..exceptions import HistoryError
from .calls import commands
from .protocol.decisions import Decision
from .state.execution_state import Event, ExecutionState


def is_parked(events: list[Event], at: int) -> bool:
    """Return whether the DecisionTaskCompleted at ``at`` only records that the execution was parked."""
    name = _marker_name(events, at + 1)
    return name is not None and name.startswith(commands.PARK)


def read_missing(execution: ExecutionState, events: list[Event], at: int) -> None:
    """Read which signals were without their payloads at that decision, and which were sent on, from the markers at ``at``."""
    while (name := _marker_name(events, at)) is not None and name[0] == "_":
        if name == commands.MISSING:
            execution.missing |= dict.fromkeys(_details(events[at]), True)
        elif name == commands.FORWARDED:
            execution.forwarded.update(_details(events[at]))
        at += 1


def read_settings(execution: ExecutionState, events: list[Event], at: int) -> tuple[str, ...]:
    """Read the limits in force from the markers at ``at``, and return the patches that the decision takes.

    Raises:
        HistoryError: a later version of the engine has written them.
    """
    patches: tuple[str, ...] = ()
    while (name := _marker_name(events, at)) is not None:
        if name == commands.ENGINE:
            settings = _details(events[at])
            if settings["engine"] > commands.ENGINE_VERSION:
                raise HistoryError(
                    f"event {events[at]['eventId']}: written by engine version {settings['engine']}, "
                    f"this is {commands.ENGINE_VERSION}; upgrade this decider"
                )
            execution.engine_version, execution.open_limit = settings["engine"], settings["open_activities"]
        elif name.startswith(commands.PATCH):
            patches += (name[len(commands.PATCH) :],)
        elif name not in (commands.MISSING, commands.FORWARDED):  # were read before the signals
            break
        at += 1
    return patches


def leading_markers(execution: ExecutionState, changed_limit: bool) -> list[Decision]:
    """Return the engine's markers of the decision that is made."""
    markers = []
    if changed_limit or not execution.engine_version:
        settings = {
            "engine": execution.engine_version or commands.ENGINE_VERSION,
            "open_activities": execution.open_limit,
        }
        markers.append(commands.marker(commands.ENGINE, json.dumps(settings)))
        execution.engine_version = settings["engine"]
    markers += [commands.marker(commands.PATCH + id) for id in execution.new_patches]
    for name, found in ((commands.MISSING, execution.new_missing), (commands.FORWARDED, execution.new_forwarded)):
        for n in range(0, len(found), commands.MISSING_AT_ONCE):
            ids = found[n : n + commands.MISSING_AT_ONCE]
            markers.append(commands.marker(name, json.dumps(ids, separators=(",", ":"))))
    return markers


def _marker_name(events: list[Event], at: int) -> str | None:
    """Return the name of the marker at ``at``; None if that is no marker, or behind the last event."""
    if at >= len(events) or events[at]["eventType"] != "MarkerRecorded":
        return None
    name: str = events[at]["markerRecordedEventAttributes"]["markerName"]
    return name


def _details(event: Event) -> Any:
    return json.loads(event["markerRecordedEventAttributes"]["details"])
