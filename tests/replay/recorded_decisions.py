"""Whether workflow code still decides what a recorded history says that it did, at every decision task of it.

Replay compares what must not differ, or a run cannot go on: kind, order and ids of decisions, types, and inputs that changed
places. :func:`first_difference` asks for more, for a change that replay lets pass may still be none that was meant: all that
a recorded decision says must be said again. It may say more: another argument of an activity, another key of a result. A
change that stands behind ``patched`` is none for a run that has not taken it.
"""

from __future__ import annotations

import json
from typing import Any

from simpleflow_nb import Workflow
from simpleflow_nb.exceptions import NonDeterminismError
from simpleflow_nb.local.decisions import attributes_of
from simpleflow_nb.program import program
from simpleflow_nb.replay import Execution
from simpleflow_nb.replay.calls import commands

from .decision_checker import Decision, Event, attributes, reloaded
from .mutations import DECISION_OF
from .recorded_project import Run

#: What a decision may leave out, for the service to fill in from the type; all else that an event has, it must say.
_NEVER_FILLED_IN = ("input", "result", "reason", "details", "control", "taskPriority")


def first_difference(run: Run, cls: type[Workflow]) -> str | None:
    """The first decision that the code would not have made so, in a sentence; None when it decides all that is recorded."""
    history = reloaded(run["history"])
    records: dict[int, list[Event]] = {}
    for event in history:
        completed = attributes(event).get("decisionTaskCompletedEventId")
        if completed and not attributes(event).get("initiatedEventId"):  # else it had been recorded before it failed
            records.setdefault(completed, []).append(event)
    then = program(_without_later_changes(cls, history))
    execution = Execution(then, run_id=run["run_id"], workflow_id=run["workflow_id"])
    known = 0
    try:
        for event in history:
            if event["eventType"] == "DecisionTaskCompleted":
                started = attributes(event)["startedEventId"]
                decided = execution.advance(history[known:started])
                known = started
                if difference := _difference(records.get(event["eventId"], []), decided, event["eventId"]):
                    return difference
    except NonDeterminismError as error:
        return str(error)
    finally:
        execution.kill()
    return None


def replay_error(run: Run, cls: type[Workflow]) -> NonDeterminismError | None:
    """What a decider that knows nothing of a closed run says to its history."""
    execution = Execution(program(cls), run_id=run["run_id"], workflow_id=run["workflow_id"])
    try:
        execution.advance(reloaded(run["history"]))
    except NonDeterminismError as error:
        return error
    finally:
        execution.kill()
    return None


def _without_later_changes(cls: type[Workflow], history: list[Event]) -> type[Workflow]:
    """The code on the path that the run took, as when an open run is replayed: it has markers of the changes that it knew."""
    markers = [str(attributes(event)["markerName"]) for event in history if event["eventType"] == "MarkerRecorded"]

    def patched(self: Any, change_id: str) -> bool:
        return commands.PATCH + change_id in markers and cls.patched(self, change_id)

    return type(cls.__name__, (cls,), {"name": cls.type_name(), "__module__": cls.__module__, "patched": patched})


def _difference(recorded: list[Event], decided: list[Decision], completed: int) -> str | None:
    ours = [event for event in recorded if attributes(event).get("markerName") != commands.ENGINE]
    now = [one for one in decided if attributes_of(one).get("markerName") != commands.ENGINE]
    for event, one in zip(ours, now, strict=False):
        kind, said, says = DECISION_OF[event["eventType"]], attributes(event), attributes_of(one)
        if one["decisionType"] != kind:
            return f"event {event['eventId']}: history has {kind}, the code does {one['decisionType']} now"
        keys = [key for key in said if key in says or key in _NEVER_FILLED_IN]
        for key in keys:
            if not _is_said_again(_read(said[key]), _read(says.get(key))):
                return f"event {event['eventId']}: {key} of {kind} was {said[key]!r:.300}, and is {says.get(key)!r:.300} now"
    if len(ours) != len(now):
        return f"event {completed}: {len(ours)} decisions are recorded, the code makes {len(now)} now"
    return None


def _read(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _is_said_again(then: Any, now: Any) -> bool:
    """Whether all of ``then`` stands in ``now``: a mapping may have more keys, nothing else may differ."""
    if isinstance(then, dict) and isinstance(now, dict):
        return all(key in now and _is_said_again(value, now[key]) for key, value in then.items())
    if isinstance(then, list) and isinstance(now, list):
        return len(then) == len(now) and all(map(_is_said_again, then, now))
    return bool(then == now)
