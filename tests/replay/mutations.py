"""Changes to workflow code, and what replay must say to them.

:func:`first_difference` is the judge: it asks the changed code *live*, at every decision task of a recorded history, and
compares what it decides with the records. That is another path through the engine than the check that it judges.
"""

from __future__ import annotations

import json
import random
from typing import Any

from simpleflow_nb.exceptions import NonDeterminismError, StaleCache
from simpleflow_nb.futures import Future
from simpleflow_nb.local.decisions import attributes_of
from simpleflow_nb.program import program as program_of
from simpleflow_nb.replay import Execution
from simpleflow_nb.replay.calls import commands

from .decision_checker import Decision, Event, attributes, execution_of, reloaded
from .parallel_programs import members_of
from .programs import Interpreter, Program, Statement, statements, workflow_of
from .random_runs import RandomRun

DECISION_OF = {
    "ActivityTaskScheduled": "ScheduleActivityTask",
    "ScheduleActivityTaskFailed": "ScheduleActivityTask",
    "ActivityTaskCancelRequested": "RequestCancelActivityTask",
    "RequestCancelActivityTaskFailed": "RequestCancelActivityTask",
    "TimerStarted": "StartTimer",
    "StartTimerFailed": "StartTimer",
    "TimerCanceled": "CancelTimer",
    "CancelTimerFailed": "CancelTimer",
    "MarkerRecorded": "RecordMarker",
    "StartChildWorkflowExecutionInitiated": "StartChildWorkflowExecution",
    "StartChildWorkflowExecutionFailed": "StartChildWorkflowExecution",
    "SignalExternalWorkflowExecutionInitiated": "SignalExternalWorkflowExecution",
    "SignalExternalWorkflowExecutionFailed": "SignalExternalWorkflowExecution",
    "RequestCancelExternalWorkflowExecutionInitiated": "RequestCancelExternalWorkflowExecution",
    "RequestCancelExternalWorkflowExecutionFailed": "RequestCancelExternalWorkflowExecution",
    "WorkflowExecutionCompleted": "CompleteWorkflowExecution",
    "CompleteWorkflowExecutionFailed": "CompleteWorkflowExecution",
    "WorkflowExecutionFailed": "FailWorkflowExecution",
    "FailWorkflowExecutionFailed": "FailWorkflowExecution",
    "WorkflowExecutionCanceled": "CancelWorkflowExecution",
    "CancelWorkflowExecutionFailed": "CancelWorkflowExecution",
    "WorkflowExecutionContinuedAsNew": "ContinueAsNewWorkflowExecution",
    "ContinueAsNewWorkflowExecutionFailed": "ContinueAsNewWorkflowExecution",
}

SAME = "decides the same"
END_OF_DECISION = "end of the decision"


# ---- replaying -----------------------------------------------------------------------------------------------------


def replayed(played: RandomRun, program: Program) -> tuple[NonDeterminismError | None, Interpreter | None]:
    """Replay the run's history with that code; return the error, and what of the code ran, None when nothing did."""
    cls = workflow_of(program)
    execution = execution_of(cls, played.limits, played.run_id)
    error = None
    try:
        execution.advance(reloaded(played.history))
    except NonDeterminismError as difference:
        error = difference
    except StaleCache:
        pass  # the history ends without an open decision task
    finally:
        execution.kill()
    return error, cls.interpreters[-1] if cls.interpreters else None


class _PatchedAsRecorded(Execution):
    """Decides live, but answers ``patched`` as the decision on record did."""

    recorded_patches: tuple[str, ...] = ()

    def patched(self, id: str) -> bool:
        if self.dead:
            self.block(())
        known = self.patches.get(id)
        if known is None:
            taken = self.recorded_patches if self.batch_patches is None else self.batch_patches
            known = self.patches[id] = id in taken
        return known


def first_difference(played: RandomRun, program: Program) -> int | str:
    """Id of the first event that the changed code would not have led to, ``END_OF_DECISION`` when it decides more than a
    decision task recorded, ``SAME`` when every decision is the one on record."""
    history = played.history
    records: dict[int, list[Event]] = {}
    for event in history:
        done = attributes(event).get("decisionTaskCompletedEventId")
        if done and not attributes(event).get("initiatedEventId"):  # else the outcome of one that was initiated
            records.setdefault(done, []).append(event)
    open_limit = played.limits.open_activities
    changed: dict[str, list[tuple[str, str]]] = {}  # activity -> (recorded input, input now) of the calls that differ
    for completed in history:
        if completed["eventType"] != "DecisionTaskCompleted":
            continue
        recorded = records.get(completed["eventId"], [])
        names = [attributes(event).get("markerName", "") for event in recorded]
        if names and names[0].startswith(commands.PARK):
            continue
        for event, name in zip(recorded, names, strict=True):
            if name == commands.ENGINE:
                open_limit = json.loads(attributes(event)["details"])["open_activities"]
        patches = tuple(name.removeprefix(commands.PATCH) for name in names if name.startswith(commands.PATCH))
        split = 0
        for event in recorded:
            timer_id = attributes(event).get("timerId", "")
            if timer_id.startswith(commands.WAKE):
                refused = event["eventType"] == "StartTimerFailed"  # and then it does not say how many
                split = -1 if refused else int(attributes(event)["control"])
        ours = [event for event in recorded if not _is_engines(event)]
        judge = _PatchedAsRecorded(
            program_of(workflow_of(program)),
            run_id=played.run_id,
            workflow_id="played",
            open_activity_limit=open_limit,
            decision_limit=10**9,
        )
        judge.recorded_patches = patches
        try:
            decided = judge.advance(reloaded(history[: attributes(completed)["startedEventId"]]))
        finally:
            judge.kill()
        decided = [one for one in decided if attributes_of(one).get("markerName") != commands.ENGINE]
        if any(not judge.patches.get(id) for id in patches):
            return int(completed["eventId"])
        for event, one in zip(ours, decided, strict=False):
            if not _is_record_of(event, one) or _changed_places(event, one, changed):
                return int(event["eventId"])
        if len(ours) > len(decided):
            return int(ours[len(decided)]["eventId"])
        if split >= 0 and len(decided) - len(ours) != split:
            return END_OF_DECISION
    return SAME


def _is_engines(event: Event) -> bool:
    a = attributes(event)
    name: str = a.get("markerName") or a.get("timerId") or ""
    return name.startswith((commands.ENGINE, commands.PATCH, commands.WAKE))


def _is_record_of(event: Event, one: Decision) -> bool:
    had, now = _key(DECISION_OF[event["eventType"]], attributes(event)), _key(one["decisionType"], attributes_of(one))
    if event["eventType"].endswith("Failed"):  # the events of refusals do not name types of children, nor signals
        return had[:2] == now[:2] and (had[2] == now[2] or had[0] in _NAMELESS)
    return had == now


_NAMELESS = ("SignalExternalWorkflowExecution", "StartChildWorkflowExecution")


def _key(kind: str, a: dict[str, Any]) -> tuple[str, str | None, str | None]:
    if kind == "ScheduleActivityTask":
        return kind, a["activityId"], a["activityType"]["name"]
    if kind == "StartChildWorkflowExecution":
        return kind, a["workflowId"], a["workflowType"]["name"]
    if kind in ("SignalExternalWorkflowExecution", "RequestCancelExternalWorkflowExecution"):
        return kind, a["workflowId"], a.get("signalName")
    return kind, a.get("activityId") or a.get("timerId") or a.get("markerName"), None


def _changed_places(event: Event, one: Decision, changed: dict[str, list[tuple[str, str]]]) -> bool:
    if event["eventType"] not in ("ActivityTaskScheduled", "StartChildWorkflowExecutionInitiated"):
        return False
    had, now = attributes(event)["input"], attributes_of(one)["input"]
    if had == now:
        return False
    of_type = attributes(event).get("activityType") or attributes(event)["workflowType"]
    others = changed.setdefault(of_type["name"], [])
    others.append((had, now))
    return any(had == other_now or now == other_had for other_had, other_now in others[:-1])


# ---- changes -------------------------------------------------------------------------------------------------------

Change = tuple[str, Program]

CHANGES = (
    "add a task",
    "add a timer",
    "add a marker",
    "add a child",
    "add a signal",
    "one more member of a group",
    "another target",
    "remove",
    "rename",
    "retype",
    "one more of a burst",
    "swap with the next",
    "swap the inputs",
)
HARMLESS = ("other input", "other timeout", "other length of a timer", "other retry policy that was not used")

_MADE = ("submit", "burst", "timer", "named timer", "marker", "child", "tell", "cancel other", "group")


def recorded_statements(played: RandomRun, ran: Interpreter) -> set[int]:
    """The uids of the statements of which something stands in the history."""
    ids: set[str] = set()
    for event in played.history:
        if event["eventType"] in DECISION_OF and not event["eventType"].startswith(("Workflow", "TimerCanceled", "CancelT")):
            a = attributes(event)
            ids.add(a.get("activityId") or a.get("timerId") or a.get("markerName") or a.get("workflowId") or "")
            ids.add(f"{a.get('signalName')} to {a.get('workflowId')}")
    return {uid for uid, made in ran.made if _ids_of(made) & ids}


def _ids_of(made: Future[Any] | str) -> set[str]:
    """The ids under which the history may know what a statement made."""
    if isinstance(made, str):
        return {made}
    return {id for member in members_of(made) for id in (member.id, member.key)}


def unused_retries(played: RandomRun, ran: Interpreter) -> set[int]:
    """The uids of the tasks that never failed, so that their retry policy said nothing yet."""
    scheduled = {e["eventId"]: attributes(e)["activityId"] for e in played.history if e["eventType"] == "ActivityTaskScheduled"}
    failed = set()
    for event in played.history:
        if event["eventType"] in ("ActivityTaskFailed", "ActivityTaskTimedOut"):
            failed.add(scheduled[attributes(event)["scheduledEventId"]].partition(".")[0])
    used = {uid for uid, made in ran.made if isinstance(made, Future) and made.id in failed}
    return {uid for uid, made in ran.made if isinstance(made, Future)} - used


def changed_program(rng: random.Random, program: Program, what: str, uids: set[int], *, inside: bool = True) -> Program | None:
    """The program with one change at a statement among ``uids`` (or, not ``inside``, at one that is not); None when there
    is no statement that can be changed so."""
    program = reloaded(program)
    places = [
        (block, s)
        for block, s in statements(program["body"])
        if s["kind"] in _MADE and (s["uid"] in uids) == inside and _fits(what, block, s, uids)
    ]
    if not places:
        return None
    block, s = rng.choice(places)
    at = next(n for n, one in enumerate(block) if one is s)
    new: Statement = {"uid": 1, "name": "new", "args": [], "kwargs": {}, "retry": 0, "raises": False, "idempotent": False}
    if what == "add a task":
        block.insert(at, {**new, "kind": "submit"})
    elif what == "add a timer":
        block.insert(at, {"kind": "timer", "uid": 1, "seconds": 3})
    elif what == "add a marker":
        block.insert(at, {"kind": "marker", "uid": 1, "name": "new"})
    elif what == "add a child":
        block.insert(at, {**new, "kind": "child", "named": False})
    elif what == "add a signal":
        tell = {"kind": "tell", "uid": 1, "name": "new", "target": "neighbour", "propagate": False, "raises": False, "args": []}
        block.insert(at, tell)
    elif what == "one more member of a group":
        s["group"]["members"].insert(0, {**new, "kind": "task", "args": []})
    elif what == "another target":
        s["target"] = "somebody else"
    elif what == "remove":
        del block[at]
    elif what == "rename":
        s["name"] = "other"
    elif what == "retype":
        block[at] = {**new, "kind": "submit"} if s["kind"] != "submit" else {"kind": "timer", "uid": s["uid"], "seconds": 1}
    elif what == "one more of a burst":
        s["count"] += 1
    elif what == "swap with the next":
        block[at], block[at + 1] = block[at + 1], block[at]
    elif what == "swap the inputs":
        other = next(one for one in block[at + 1 :] if _same_call(s, one))
        for key in s.keys() & {"args", "kwargs"}:
            s[key], other[key] = other[key], s[key]
    elif what == "other input":
        s["args"] = [*s["args"], "an input that nothing else has"]
    elif what == "other timeout":
        s["timeout"] = 4321
    elif what == "other length of a timer":
        s["seconds"] += 17
    elif what == "other retry policy that was not used":
        s["retry"] = {"attempts": 9, "first_wait": 77, "factor": 3, "jitter": 0.1, "not_retried": ["OSError"]}
    else:
        raise ValueError(what)
    return program


def _fits(what: str, block: list[Statement], s: Statement, uids: set[int]) -> bool:
    kind = s["kind"]
    if what == "rename":
        return kind not in ("timer", "burst", "cancel other", "group")
    if what == "one more member of a group":
        return kind == "group" and s["group"]["kind"] != "func"
    if what == "another target":
        return kind in ("tell", "cancel other")
    if what == "one more of a burst":
        return kind == "burst"
    if what == "swap with the next":
        at = next(n for n, one in enumerate(block) if one is s)
        return at + 1 < len(block) and block[at + 1]["uid"] in uids
    if what == "swap the inputs":
        at = next(n for n, one in enumerate(block) if one is s)
        return kind in ("submit", "child") and any(_same_call(s, one) and one["uid"] in uids for one in block[at + 1 :])
    if what == "other input":
        return kind in ("submit", "child") and not s["idempotent"] and not s.get("named")
    if what in ("other timeout", "other retry policy that was not used"):
        return kind == "submit"
    if what == "other length of a timer":
        return kind in ("timer", "named timer")
    return True


def _same_call(s: Statement, other: Statement) -> bool:
    return (
        other["kind"] == s["kind"]
        and other["name"] == s["name"]
        and not other["idempotent"]
        and not s["idempotent"]
        and not (s.get("named") or other.get("named"))
        and (other["args"], other.get("kwargs")) != (s["args"], s.get("kwargs"))
    )
