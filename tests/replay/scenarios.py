"""What the tests written by hand share: a workflow made of a function, activities without bodies, decisions in short."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from simpleflow_nb import Activity, RetryPolicy, Workflow, futures
from simpleflow_nb.exceptions import NonDeterminismError, StaleCache
from simpleflow_nb.local.decisions import attributes_of

from .decision_checker import Decision, DecisionChecker, Event, Limits, attributes, execution_of, reloaded

Task = Activity[..., Any]


def declared(name: str, **more: Any) -> Task:
    """An activity of which only the name and the rules matter; its failure is not raised unless said."""
    return Activity(None, name=name, **{"raises_on_failure": False, **more})


load, clean, join, plot = map(declared, ("load", "clean", "join", "plot"))
strict = declared("strict", raises_on_failure=True)
retried = declared("retried", retry=RetryPolicy(attempts=4, first_wait=timedelta(seconds=5)))


def workflow(run: Callable[..., Any], **attributes: Any) -> type[Workflow]:
    """A workflow class with that function as its ``run``."""
    return type(run.__name__, (Workflow,), {"run": run, "name": "played", "task_list": "decisions", **attributes})


def short(decision: Decision) -> str:
    """``ScheduleActivityTask load-1``: the kind, and the id that it is about."""
    a = attributes_of(decision)
    id = a.get("activityId") or a.get("timerId") or a.get("markerName") or a.get("signalName") or ""
    id = id.removeprefix("activity-") + (f" to {a['workflowId']}" if "signalName" in a else a.get("workflowId", ""))
    return f"{decision['decisionType']} {id}".strip()


def shorts(decisions: list[Decision]) -> list[str]:
    """All but the marker that opens the first decision of every run."""
    return [text for text in map(short, decisions) if text != "RecordMarker _engine"]


def events_of(checker: DecisionChecker, kind: str) -> list[Event]:
    return [event for event in checker.run.events if event["eventType"] == kind]


def last_event(checker: DecisionChecker, kind: str) -> dict[str, Any]:
    return attributes(events_of(checker, kind)[-1])


def quota_for(name: str, attributes: dict[str, Any]) -> str | None:
    """Refuses the tasks of that activity, and no others."""
    return "ACTIVITY_CREATION_RATE_EXCEEDED" if attributes["activityType"]["name"] == name else None


def two_tasks_and_what_was_seen(w: Any) -> None:
    first, second = w.submit(load), w.submit(clean)
    first.result
    w.submit(plot if second.finished else join)
    second.result


def five_tasks(w: Any) -> None:
    futures.wait(w.map(load, range(5)))


def gated(w: Any) -> None:
    tasks = w.map(load, range(3))
    w.timer(9)
    tasks[0].result
    w.submit(clean).result


def history_of_load_then_clean() -> list[Event]:
    def run(w: Any) -> None:
        w.submit(load, 1)
        w.timer(5).result
        w.submit(clean).result

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.fire("timer-1")
        checker.decide()
        checker.complete("activity-clean-1")
        checker.decide()
        return checker.run.events


def replay_by(run: Callable[..., Any], history: list[Event], *, limits: Limits = Limits()) -> Any:
    """What replay says to a history with this code: the NonDeterminismError, None when it fits."""
    execution = execution_of(workflow(run), limits)
    try:
        execution.advance(reloaded(history))
    except NonDeterminismError as error:
        return error
    except StaleCache:
        return None
    finally:
        execution.kill()
    return None


def execution_replays(checker: DecisionChecker) -> bool:
    """Whether the code of the run replays its history; raises what is wrong when it does not."""
    execution = execution_of(checker.workflow_class, checker.limits, checker.run.run_id)
    try:
        execution.advance(reloaded(checker.run.events))
    except StaleCache:
        pass
    finally:
        execution.kill()
    return True


def here() -> int:
    """The line of the caller."""
    return sys._getframe(1).f_lineno
