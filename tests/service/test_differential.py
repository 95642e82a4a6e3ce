"""The local service against moto, call by call, with random scripts over real boto3 on both.

moto is an independent reading of SWF's documentation, not SWF: every difference that is known is a row of ``ROWS``, which
says what each of the two does, which of them SWF's documentation supports, and mends exactly that difference. Anything else
fails with the seed, the step and both sides.

A row edits moto's side until it says what the local service says, or lets the two part company over one execution, which is
then terminated on both. What moto cannot do is not played: six decisions and six operations it does not have, decision tasks
without a timeout and executions without one (every later call fails), sticky task lists, orders of priority, SWF's limits.
"""

from __future__ import annotations

import difflib
import importlib
import logging
import pprint
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.swf.models import swf_backends

from simpleflow_nb.local.clock import VirtualClock
from simpleflow_nb.local.http_service import HttpService
from simpleflow_nb.local.service import LocalService
from tests.service.decision_scripts import (
    ACTIVITY_TIMEOUTS,
    BARE_FLOW,
    CLOSINGS,
    DOMAIN,
    FLOW_DEFAULTS,
    WORK_DEFAULTS,
    Event,
    Known,
    KnownRun,
    KnownTask,
    RunOf,
    Script,
    Standing,
    Step,
    TokenOf,
    attributes,
    first_steps,
)
from tests.service.moto_server import CREDENTIALS, moto_endpoint
from tests.settings import count, is_soak

STEPS = 45
NUDGE = "nudge"  #: a signal to moto alone, where it forgot to schedule a decision task
_PATIENCE_SECONDS = 10
_API = "https://docs.aws.amazon.com/amazonswf/latest/apireference/API_"
_GUIDE = "https://docs.aws.amazon.com/amazonswf/latest/developerguide/"
_MOTO_CLOCKED = ("activity_task", "decision_task", "history_event", "timeout", "workflow_execution")
_CLOSES = tuple(CLOSINGS)
_ACTIVITY_ENDS = ("ActivityTaskCompleted", "ActivityTaskFailed", "ActivityTaskTimedOut")
_MAY_BE_FALSY = ("control", "details", "executionContext", "input", "parentInitiatedEventId", "result", "startedEventId")

used: Counter[str] = Counter()  #: row -> how often it was needed


# ---- the two sides -----------------------------------------------------------------------------------------------------------


class Side:
    """One of the services, called with boto3; run ids and tokens are replaced by their places in the script."""

    def __init__(self, name: str, endpoint: str) -> None:
        self.name = name
        self.client: Any = boto3.client(
            "swf",
            endpoint_url=endpoint,
            region_name=CREDENTIALS["AWS_DEFAULT_REGION"],
            aws_access_key_id="key",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.run_ids: list[str] = []
        self.tokens: list[str] = []
        self.raw: dict[int, list[Event]] = {}  # the script's n-th execution -> its history, as last read

    def call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """``{"answer": ...}`` or ``{"fault": code}``."""
        try:
            answer = getattr(self.client, name)(**self._with_ids(arguments))
        except ClientError as error:
            return {"fault": error.response["Error"]["Code"]}
        del answer["ResponseMetadata"]
        return {"answer": answer}

    def pages(self, name: str, arguments: dict[str, Any], key: str) -> tuple[dict[str, Any], int]:
        """The first answer with the items of all pages, and how many pages there were."""
        first = outcome = self.call(name, arguments)
        pages = 1
        while (token := outcome.get("answer", {}).pop("nextPageToken", None)) is not None:
            outcome = self.call(name, {**arguments, "nextPageToken": token})
            assert "fault" not in outcome, f"{self.name}: page {pages + 1} of {name} is {outcome}"
            first["answer"][key] += outcome["answer"][key]
            pages += 1
        return first, pages

    def shown(self, value: Any) -> Any:
        """The value without what differs from service to service by right."""
        if isinstance(value, dict):
            return {key: RunOf(self.run_ids.index(one)) if key == "runId" else self.shown(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.shown(one) for one in value]
        return "<time>" if isinstance(value, datetime) else value

    def _with_ids(self, value: Any) -> Any:
        if isinstance(value, RunOf):
            return self.run_ids[value.index]
        if isinstance(value, TokenOf):
            return self.tokens[value.index]
        if isinstance(value, dict):
            return {key: self._with_ids(one) for key, one in value.items()}
        return value

    def read_history(self, run: int, workflow_id: str) -> None:
        execution = {"workflowId": workflow_id, "runId": self.run_ids[run]}
        outcome, _ = self.pages("get_workflow_execution_history", {"domain": DOMAIN, "execution": execution}, "events")
        self.raw[run] = outcome["answer"]["events"]

    def counted(self, run: int, *kinds: str) -> int:
        return sum(event["eventType"] in kinds for event in self.raw[run])


@dataclass
class Both:
    """What the two sides say, in a form that can be compared; rows edit moto's, or both where the two part."""

    game: Game
    step: Step
    local: Any
    moto: Any
    run: int = -1
    aliases: dict[int, int] = field(default_factory=dict)  # moto's event id -> the one that stands for it

    @property
    def are_answers(self) -> bool:
        """Whether neither side refused the call; a history is an answer."""
        return "fault" not in self.local and "fault" not in self.moto

    def pairs(self) -> Iterator[tuple[Event, Event]]:
        """The events that are of one type on both sides."""
        for ours, theirs in zip(self.local, self.moto, strict=False):
            if ours["eventType"] == theirs["eventType"]:
                yield ours, theirs

    def infos(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """The WorkflowExecutionInfos of the same executions."""
        ours, theirs = self.local["answer"], self.moto["answer"]
        if "executionInfo" in ours:
            yield ours["executionInfo"], theirs["executionInfo"]
            return
        by_run = {info["execution"]["runId"]: info for info in ours["executionInfos"]}
        for info in theirs["executionInfos"]:
            if info["execution"]["runId"] in by_run:
                yield by_run[info["execution"]["runId"]], info


@dataclass(frozen=True, kw_only=True)
class Row:
    """A known difference."""

    name: str
    local: str
    moto: str
    right: str  #: local, moto, or open where SWF's documentation does not say
    source: str
    at: tuple[str, ...]  #: calls whose outcome it mends; "moto's events" and "history" for histories
    rule: Callable[[Both], bool]  #: mends the difference if it is there; whether it was
    of_faults: bool = False  #: also asked when one of the two refused the call


# ---- rules for histories -----------------------------------------------------------------------------------------------------
# "moto's events" are moto's alone, with its own ids; "history" is both, with moto's ids translated.


def without_nudges(both: Both) -> bool:
    kept = [event for event in both.moto if event["attributes"].get("signalName") != NUDGE]
    found, both.moto = len(kept) < len(both.moto), kept
    return found


def _without_after_close(both: Both, kind: str) -> bool:
    end = next((i for i, event in enumerate(both.moto) if event["eventType"] in _CLOSES), None)
    if end is None:
        return False
    kept = both.moto[: end + 1] + [event for event in both.moto[end + 1 :] if event["eventType"] != kind]
    found, both.moto = len(kept) < len(both.moto), kept
    return found


def without_decision_tasks_of_closed_executions(both: Both) -> bool:
    return _without_after_close(both, "DecisionTaskScheduled")


def without_activities_of_closed_executions(both: Both) -> bool:
    return _without_after_close(both, "ActivityTaskStarted")


def one_open_decision_task(both: Both) -> bool:
    """Drops the surplus ones that were answered with nothing, and a Scheduled while another task waits."""
    surplus = both.game.surplus.get(both.run, set())
    kept: list[Event] = []
    waiting = 0
    for event in both.moto:
        kind, ids = event["eventType"], event["attributes"]
        if event["eventId"] in surplus or (kind == "DecisionTaskCompleted" and ids["startedEventId"] in surplus):
            continue
        if kind == "DecisionTaskScheduled":
            if waiting:
                both.aliases[event["eventId"]] = waiting
                continue
            waiting = event["eventId"]
        elif kind == "DecisionTaskStarted":
            waiting = 0
        kept.append(event)
    found, both.moto = len(kept) < len(both.moto), kept
    return found


def decision_task_after_the_one_that_is_started(both: Both) -> bool:
    """Moves a Scheduled that came while a task was started to the end of what that task decided."""
    surplus = both.game.surplus.get(both.run, set())
    events, kept = list(both.moto), []
    early: Event | None = None
    is_started = found = False
    while events:
        event = events.pop(0)
        kind = event["eventType"]
        if kind == "DecisionTaskScheduled" and is_started:
            early, found = event, True
            continue
        kept.append(event)
        if kind == "DecisionTaskStarted":
            is_started = event["eventId"] not in surplus
        elif kind in ("DecisionTaskCompleted", "DecisionTaskTimedOut") and is_started:
            is_started = False
            while events and (
                events[0]["attributes"].get("decisionTaskCompletedEventId") == event["eventId"]
                or events[0]["eventType"] == "TimerCancelled"
            ):
                kept.append(events.pop(0))
            if early is not None and kept[-1]["eventType"] not in _CLOSES:
                kept.append(early)
            early = None
    both.moto = kept
    return found


def spelling_of_timer_canceled(both: Both) -> bool:
    found = False
    decided = 0
    for ours, theirs in zip(both.local, both.moto, strict=False):
        if ours["eventType"] == "DecisionTaskCompleted":
            decided = ours["eventId"]
        if (ours["eventType"], theirs["eventType"], theirs["attributes"]) == ("TimerCanceled", "TimerCancelled", {}):
            started = both.local[ours["attributes"]["startedEventId"] - 1]
            theirs["eventType"], found = "TimerCanceled", True
            theirs["attributes"] = {
                "timerId": started["attributes"].get("timerId"),
                "startedEventId": started["eventId"],
                "decisionTaskCompletedEventId": decided,
            }
    return found


def timer_of_a_failed_cancel(both: Both) -> bool:
    found = False
    for ours, theirs in both.pairs():
        if ours["eventType"] == "CancelTimerFailed" and "timerId" not in theirs["attributes"]:
            theirs["attributes"]["timerId"], found = ours["attributes"]["timerId"], True
    return found


def priority_in_the_history(both: Both) -> bool:
    priority = both.game.known.runs[both.run].priority
    found = False
    for _, theirs in both.pairs():
        if theirs["eventType"] in ("WorkflowExecutionStarted", "DecisionTaskScheduled") and priority is not None:
            theirs["attributes"]["taskPriority"], found = priority, True
    return found


def tags_of_an_execution(both: Both) -> bool:
    ours, theirs = both.local[0]["attributes"], both.moto[0]["attributes"]
    tags = both.game.known.runs[both.run].tags
    if not tags or "tagList" in theirs:
        return False
    theirs["tagList"] = tags
    return "tagList" in ours


def falsy_attributes(both: Both) -> bool:
    found = False
    for ours, theirs in both.pairs():
        for name, value in ours["attributes"].items():
            if name in _MAY_BE_FALSY and value in ("", 0) and name not in theirs["attributes"]:
                theirs["attributes"][name] = value
                found = True
    return found


def defaults_of_activity_types(both: Both) -> bool:
    found = False
    for ours, theirs in both.pairs():
        if ours["eventType"] == "ActivityTaskScheduled":
            for name in (*ACTIVITY_TIMEOUTS, "taskPriority"):
                default = WORK_DEFAULTS[f"defaultTask{name[0].upper()}{name[1:]}".replace("TaskTask", "Task")]
                if ours["attributes"].get(name) == default and name not in theirs["attributes"]:
                    theirs["attributes"][name] = default
                    found = True
    return found


def which_of_several_causes(both: Both) -> bool:
    found = False
    scheduled: set[str] = set()
    for ours, theirs in both.pairs():
        ids, kind = ours["attributes"], ours["eventType"]
        if kind == "ActivityTaskScheduled":
            scheduled.add(ids["activityId"])
        elif kind == "ScheduleActivityTaskFailed" and ids["cause"] != theirs["attributes"]["cause"]:
            causes = {ids["cause"], theirs["attributes"]["cause"]}
            in_use = "ACTIVITY_ID_ALREADY_IN_USE"
            if (in_use in causes) <= (ids["activityId"] in scheduled) and all(
                cause in (in_use, "ACTIVITY_TYPE_DOES_NOT_EXIST", "ACTIVITY_TYPE_DEPRECATED") or cause.startswith("DEFAULT_")
                for cause in causes
            ):
                theirs["attributes"]["cause"], found = ids["cause"], True
    return found


def _parts_at(both: Both) -> tuple[int, Event, Event]:
    """The place of the first difference, and the events there; empty ones where a side has none."""
    nothing: Event = {"eventType": "", "attributes": {}}
    index = next((i for i, (a, b) in enumerate(zip(both.local, both.moto, strict=False)) if a != b), None)
    if index is None:
        index = min(len(both.local), len(both.moto))
    return (
        index,
        both.local[index] if index < len(both.local) else nothing,
        both.moto[index] if index < len(both.moto) else nothing,
    )


def _parting(rule: Callable[[Both, int, Event, Event], bool]) -> Callable[[Both], bool]:
    """A difference after which the services cannot be kept in step: what came before is compared, the rest is not."""

    def parted(both: Both) -> bool:
        if both.local == both.moto:
            return False
        index, ours, theirs = _parts_at(both)
        if not rule(both, index, ours, theirs):
            return False
        del both.local[index:], both.moto[index:]
        both.game.known.runs[both.run].parted = True
        return True

    return parted


def unhandled_decision(both: Both, index: int, ours: Event, theirs: Event) -> bool:
    return (
        ours["eventType"] in ("CompleteWorkflowExecutionFailed", "FailWorkflowExecutionFailed")
        and ours["attributes"]["cause"] == "UNHANDLED_DECISION"
        and theirs["eventType"] in ("WorkflowExecutionCompleted", "WorkflowExecutionFailed")
    )


def activity_id_used_again(both: Both, index: int, ours: Event, theirs: Event) -> bool:
    if (ours["eventType"], theirs["eventType"]) != ("ActivityTaskScheduled", "ScheduleActivityTaskFailed"):
        return False
    ids = [e["eventId"] for e in both.local[:index] if e["attributes"].get("activityId") == ours["attributes"]["activityId"]]
    ended = {e["attributes"].get("scheduledEventId") for e in both.local[:index] if e["eventType"] in _ACTIVITY_ENDS}
    return theirs["attributes"]["cause"] == "ACTIVITY_ID_ALREADY_IN_USE" and bool(ended & set(ids))


def activity_timeout(both: Both, index: int, ours: Event, theirs: Event) -> bool:
    """Only when the time that was asked for is really over."""
    a = ours["attributes"]
    if ours["eventType"] != "ActivityTaskTimedOut" or a["timeoutType"] == "HEARTBEAT":
        return False
    name = {
        "SCHEDULE_TO_START": "scheduleToStartTimeout",
        "SCHEDULE_TO_CLOSE": "scheduleToCloseTimeout",
        "START_TO_CLOSE": "startToCloseTimeout",
    }[a["timeoutType"]]
    since = a["startedEventId" if a["timeoutType"] == "START_TO_CLOSE" else "scheduledEventId"]
    return both.game.seconds_since(both.run, since) >= int(both.local[a["scheduledEventId"] - 1]["attributes"][name])


def early_heartbeat_timeout(both: Both, index: int, ours: Event, theirs: Event) -> bool:
    """Only when it is early, or came out of order with another timeout because it was due earlier."""
    a = theirs["attributes"]
    if theirs["eventType"] != "ActivityTaskTimedOut" or a["timeoutType"] != "HEARTBEAT":
        return False
    scheduled = a["scheduledEventId"]
    started = next((e["eventId"] for e in both.local[:index] if _is(e, "ActivityTaskStarted", scheduled)), None)
    asked = int(both.local[scheduled - 1]["attributes"]["heartbeatTimeout"])
    return (
        started is None
        or both.game.seconds_since(both.run, started) < asked
        or any(_is(event, "ActivityTaskTimedOut", scheduled) for event in both.local[index:])
    )


def _is(event: Event, kind: str, scheduled: int) -> bool:
    return event["eventType"] == kind and event["attributes"]["scheduledEventId"] == scheduled


def cancel_after_a_timeout(both: Both, index: int, ours: Event, theirs: Event) -> bool:
    return (
        (ours["eventType"], theirs["eventType"]) == ("WorkflowExecutionCanceled", "CancelWorkflowExecutionFailed")
        and theirs["attributes"]["cause"] == "UNHANDLED_DECISION"
        and any(event["eventType"] == "DecisionTaskTimedOut" for event in both.local[:index])
    )


# ---- rules for answers -------------------------------------------------------------------------------------------------------


def empty_input_of_a_task(both: Both) -> bool:
    if both.local["answer"].get("input") != "" or "input" in both.moto["answer"]:
        return False
    both.moto["answer"]["input"] = ""
    return True


def signal_without_input(both: Both) -> bool:
    if both.moto != {"fault": "500"} or "input" in both.step.arguments or "answer" not in both.local:
        return False
    both.moto = both.game.moto.call(both.step.call, {**both.step.arguments, "input": ""})
    return True


def late_answer(both: Both) -> bool:
    if both.moto != {"fault": "500"} or both.local != {"fault": "UnknownResourceFault"}:
        return False
    task = both.game.known.tasks[both.step.arguments["taskToken"].index]
    ends = ("ActivityTaskFailed", "ActivityTaskTimedOut", "DecisionTaskTimedOut")
    if not any(
        event["eventType"] in ends and attributes(event)["scheduledEventId"] == task.scheduled
        for event in both.game.local.raw[task.run]
    ):
        return False
    both.moto = both.local
    return True


def both_time_filters(both: Both) -> bool:
    if both.moto != {"fault": "500"} or not {"startTimeFilter", "closeTimeFilter"} <= both.step.arguments.keys():
        return False
    both.moto = {"fault": "ValidationException"}
    return True


def type_filter_without_version(both: Both) -> bool:
    kind = both.step.arguments.get("typeFilter")
    if both.moto != {"fault": "500"} or kind is None or "version" in kind:
        return False
    both.moto = both.game.unfiltered(both.step)
    return True


def reversed_listing(both: Both) -> bool:
    if both.moto != {"fault": "500"} or not both.step.arguments.get("reverseOrder"):
        return False
    both.moto = both.game.unfiltered(both.step)
    return True


def size_of_a_listing(both: Both) -> bool:
    """moto cuts what it would have listed; the local service gives the rest on further pages."""
    size = both.step.arguments.get("maximumPageSize")
    if size is None:
        return False
    again = {key: value for key, value in both.step.arguments.items() if key != "maximumPageSize"}
    whole = both.game.moto.shown(both.game.moto.call(both.step.call, again))
    cut = {"answer": {"executionInfos": whole.get("answer", {}).get("executionInfos", [])[:size]}}
    for listing in (whole, cut):
        both.game.drop_parted(listing)
    if "fault" in whole or both.moto not in (cut, whole):
        return False
    both.moto = whole
    return bool(whole != cut)


def filters(both: Both) -> bool:
    whole = both.game.unfiltered(both.step)["answer"]["executionInfos"]
    kept = [info for info in whole if _is_listed(info, both.step.arguments)]
    found = both.moto["answer"]["executionInfos"] != kept
    both.moto["answer"]["executionInfos"] = kept
    return found


def _is_listed(info: dict[str, Any], request: dict[str, Any]) -> bool:
    """SWF's filters, on what moto says of the execution."""
    times = request.get("closeTimeFilter") or request["startTimeFilter"]
    kind = info["workflowType"]
    wanted_type = request.get("typeFilter", kind)
    return (
        times["oldestDate"] == 0
        and "latestDate" not in times  # scripts ask for all times, or for times long before or after
        and request.get("executionFilter", info["execution"])["workflowId"] == info["execution"]["workflowId"]
        and {**kind, **wanted_type} == kind
        and ("tagFilter" not in request or request["tagFilter"]["tag"] in info.get("tagList", []))
        and ("closeStatusFilter" not in request or request["closeStatusFilter"]["status"] == info["closeStatus"])
    )


def order_of_a_listing(both: Both) -> bool:
    place = {info["execution"]["runId"]: n for n, info in enumerate(both.local["answer"]["executionInfos"])}

    def newest_first(info: dict[str, Any]) -> tuple[int, int]:
        run = info["execution"]["runId"]
        if "closeTimeFilter" not in both.step.arguments:
            return run.index, 0
        # executions that time out in one step close in an order that moto does not tell
        backwards = 1 if both.step.arguments.get("reverseOrder") else -1
        return both.game.known.runs[run.index].closed_in_step or 0, backwards * place.get(run, 0)

    infos = both.moto["answer"]["executionInfos"]
    both.moto["answer"]["executionInfos"] = sorted(infos, key=newest_first, reverse=not both.step.arguments.get("reverseOrder"))
    return bool(both.moto["answer"]["executionInfos"] != infos)


def empty_tag_list(both: Both) -> bool:
    found = False
    for ours, theirs in both.infos():
        if ours.get("tagList") == [] and "tagList" not in theirs:
            theirs["tagList"], found = [], True
    return found


def close_time(both: Both) -> bool:
    found = False
    for _, theirs in both.infos():
        if theirs.get("closeStatus") in ("TERMINATED", "TIMED_OUT") and "closeTimestamp" not in theirs:
            theirs["closeTimestamp"], found = "<time>", True
    return found


def cancel_requested(both: Both) -> bool:
    found = False
    for ours, theirs in both.infos():
        raw = both.game.moto.raw[ours["execution"]["runId"].index]
        tried = {"WorkflowExecutionCanceled", "CancelWorkflowExecutionFailed"} & {event["eventType"] for event in raw}
        if theirs["cancelRequested"] and not ours["cancelRequested"] and tried:
            theirs["cancelRequested"], found = False, True
    return found


def _open_count(
    name: str, moto_counts: Callable[[Side, int], int], is_open: Callable[[Standing], int]
) -> Callable[[Both], bool]:
    """Mends a counter that moto has wrong in a known way: what it says must be what that way gives."""

    def rule(both: Both) -> bool:
        counts = both.moto["answer"]["openCounts"]
        right = is_open(both.game.known.runs[both.run].standing)
        if counts[name] == right or counts[name] != moto_counts(both.game.moto, both.run):
            return False
        counts[name] = right
        return True

    return rule


def priority_of_an_execution(both: Both) -> bool:
    priority, theirs = both.game.known.runs[both.run].priority, both.moto["answer"]["executionConfiguration"]
    if priority is None or "taskPriority" in theirs:
        return False
    theirs["taskPriority"] = priority
    return True


def lost_context(both: Both) -> bool:
    if "latestExecutionContext" in both.moto["answer"]:
        return False
    decided = [attributes(e) for e in both.game.local.raw[both.run] if e["eventType"] == "DecisionTaskCompleted"]
    if not decided or "executionContext" in decided[-1]:
        return False
    given = [a["executionContext"] for a in decided if "executionContext" in a]
    if not given or not given[-1]:
        return False
    both.moto["answer"]["latestExecutionContext"] = given[-1]
    return True


def _unpaged(both: Both) -> bool:
    size, ours = both.step.arguments.get("maximumPageSize"), both.local["answer"]
    if not size or both.moto["answer"]["pages"] != 1 or ours["pages"] == 1:
        return False
    both.moto["answer"]["pages"] = -(-ours["events"] // size)
    return True


def poll_window(both: Both) -> bool:
    """From the last DecisionTaskStarted before this one on."""
    if not both.step.arguments.get("startAtPreviousStartedEvent"):
        return False
    raw = both.game.local.raw[both.run]
    starts = [event["eventId"] for event in raw if event["eventType"] == "DecisionTaskStarted"]
    if len(starts) < 2 or both.moto["answer"]["events"] != len(raw):
        return False
    both.moto["answer"]["events"] = len(raw) - starts[-2] + 1
    return True


def _previous(both: Both) -> tuple[int | str | None, int]:
    """What moto says, and the decision task before by the history: started, completed or not."""
    starts = [event["eventId"] for event in both.game.local.raw[both.run] if event["eventType"] == "DecisionTaskStarted"]
    return both.moto["answer"].get("previousStartedEventId"), starts[-2] if len(starts) > 1 else 0


def previous_of_the_first_task(both: Both) -> bool:
    said, previous = _previous(both)
    if said is not None or previous != 0:
        return False
    both.moto["answer"]["previousStartedEventId"] = 0
    return True


def previous_is_surplus(both: Both) -> bool:
    said, previous = _previous(both)
    if said != "surplus":
        return False
    both.moto["answer"]["previousStartedEventId"] = previous
    return True


def previous_timed_out(both: Both) -> bool:
    said, previous = _previous(both)
    raw = both.game.local.raw[both.run]
    timed_out = {attributes(e)["startedEventId"] for e in raw if e["eventType"] == "DecisionTaskTimedOut"}
    completed = [attributes(e)["startedEventId"] for e in raw if e["eventType"] == "DecisionTaskCompleted"]
    if said != previous or previous not in timed_out:
        return False
    both.moto["answer"]["previousStartedEventId"] = completed[-1] if completed else 0
    return True


def pending_decisions(both: Both) -> bool:
    name = both.step.arguments["taskList"]["name"]
    runs = [index for index, run in enumerate(both.game.known.runs) if run.task_list == name]
    theirs = sum(_moto_open_decisions(both.game.moto, index) for index in runs)
    right = sum(both.game.known.runs[index].standing.decision == "scheduled" for index in runs)
    if both.moto["answer"]["count"] != theirs or theirs == right:
        return False
    both.moto["answer"]["count"] = right
    return True


def pending_activities(both: Both) -> bool:
    name = both.step.arguments["taskList"]["name"]
    theirs = 0
    for raw in both.game.moto.raw.values():
        scheduled = {
            event["eventId"]
            for event in raw
            if event["eventType"] == "ActivityTaskScheduled" and attributes(event)["taskList"]["name"] == name
        }
        theirs += len(scheduled - {attributes(e)["scheduledEventId"] for e in raw if e["eventType"] in _ACTIVITY_ENDS})
    right = sum(run.standing.waiting_on(name) for run in both.game.known.runs)
    if both.moto["answer"]["count"] != theirs or theirs == right:
        return False
    both.moto["answer"]["count"] = right
    return True


def _moto_open_decisions(moto: Side, run: int) -> int:
    return moto.counted(run, "DecisionTaskScheduled") - moto.counted(run, "DecisionTaskCompleted")


def _moto_open_activities(moto: Side, run: int) -> int:
    return moto.counted(run, "ActivityTaskScheduled") - moto.counted(run, "ActivityTaskCompleted", "ActivityTaskFailed")


def name_of_listed_types(both: Both) -> bool:
    name, infos = both.step.arguments.get("name"), both.moto["answer"]["typeInfos"]
    kept = [info for info in infos if name in (None, next(v for k, v in info.items() if k.endswith("Type"))["name"])]
    both.moto["answer"]["typeInfos"] = kept
    return len(kept) < len(infos)


def priority_of_an_activity_type(both: Both) -> bool:
    ours, theirs = both.local["answer"]["configuration"], both.moto["answer"]["configuration"]
    if "defaultTaskPriority" not in ours or "defaultTaskPriority" in theirs:
        return False
    theirs["defaultTaskPriority"] = ours["defaultTaskPriority"]
    return True


# ---- the table ---------------------------------------------------------------------------------------------------------------

_EXECUTIONS = ("list_open_workflow_executions", "list_closed_workflow_executions")
_DESCRIBE = "describe_workflow_execution"
_LATE = (
    "respond_decision_task_completed",
    "respond_activity_task_completed",
    "respond_activity_task_failed",
    "record_activity_task_heartbeat",
)

ROWS = (
    # -- histories: moto's events alone, in this order
    Row(
        name="a failed StartTimer or CancelTimer is not told to the decider",
        local="schedules a decision task",
        moto="schedules none (the script signals moto, and the signal is left out here)",
        right="local",
        source=_GUIDE + "swf-dg-dev-deciders.html: every time a state change occurs, a decision task is scheduled",
        at=("moto's events",),
        rule=without_nudges,
    ),
    Row(
        name="a decision task is scheduled in a closed execution",
        local="a close is the last event",
        moto="adds DecisionTaskScheduled after it when another decision of the response failed",
        right="local",
        source=_API + "Decision.html: CompleteWorkflowExecution closes the workflow execution",
        at=("moto's events",),
        rule=without_decision_tasks_of_closed_executions,
    ),
    Row(
        name="activity tasks of closed executions are handed out",
        local="they are gone with the execution",
        moto="gives them to workers and adds ActivityTaskStarted after the close",
        right="local",
        source=_API + "PollForActivityTask.html, and TerminateWorkflowExecution: the execution is closed immediately",
        at=("moto's events",),
        rule=without_activities_of_closed_executions,
    ),
    Row(
        name="a decision task is scheduled while another is started",
        local="when that one has ended",
        moto="at once, before the DecisionTaskCompleted",
        right="local",
        source=_API + "WorkflowExecutionOpenCounts.html: at most one open decision task",
        at=("moto's events",),
        rule=decision_task_after_the_one_that_is_started,
    ),
    Row(
        name="a decision task for each event",
        local="one waits at a time",
        moto="every signal, end of an activity and timer schedules one more",
        right="local",
        source=_API + "WorkflowExecutionOpenCounts.html: at most one open decision task",
        at=("moto's events",),
        rule=one_open_decision_task,
    ),
    # -- histories, event by event
    Row(
        name="TimerCancelled",
        local="TimerCanceled",
        moto="TimerCancelled, whose attributes boto3 does not know",
        right="local",
        source=_API + "HistoryEvent.html: eventType",
        at=("history",),
        rule=spelling_of_timer_canceled,
    ),
    Row(
        name="CancelTimerFailed has no timerId",
        local="has it",
        moto="leaves it out",
        right="local",
        source=_API + "CancelTimerFailedEventAttributes.html: required",
        at=("history",),
        rule=timer_of_a_failed_cancel,
    ),
    Row(
        name="tags are not in the history",
        local="WorkflowExecutionStarted has tagList",
        moto="leaves it out",
        right="local",
        source=_API + "WorkflowExecutionStartedEventAttributes.html",
        at=("history",),
        rule=tags_of_an_execution,
    ),
    Row(
        name="the priority of an execution is not in the history",
        local="WorkflowExecutionStarted, and DecisionTaskScheduled, have taskPriority",
        moto="does not know it",
        right="local",
        source=_API + "WorkflowExecutionStartedEventAttributes.html, DecisionTaskScheduledEventAttributes",
        at=("history",),
        rule=priority_in_the_history,
    ),
    Row(
        name="ActivityTaskScheduled lacks the defaults of the type",
        local="has the timeouts and the priority in force",
        moto="has only those that the decision gave",
        right="local",
        source=_API + "ActivityTaskScheduledEventAttributes.html: the maximum amount of time for this activity task",
        at=("history",),
        rule=defaults_of_activity_types,
    ),
    Row(
        name="empty texts and zeros are left out of events",
        local="an empty input, result, details or control is kept, and parentInitiatedEventId 0",
        moto="drops every falsy value",
        right="local",
        source=_API + "Decision.html: nothing says that an empty text is none; Data has no least length",
        at=("history",),
        rule=falsy_attributes,
    ),
    Row(
        name="which cause is named when an activity cannot be scheduled for several",
        local="the id, the type, then the defaults in alphabetical order",
        moto="the type, the id, the task list, then the timeouts",
        right="open",
        source=_API + "ScheduleActivityTaskFailedEventAttributes.html: the causes, and no word on their order",
        at=("history",),
        rule=which_of_several_causes,
    ),
    # -- histories that part
    Row(
        name="Complete and Fail do not look at unseen events",
        local="refuses them: UNHANDLED_DECISION",
        moto="closes the execution",
        right="local",
        source=_API + "Decision.html: UnhandledDecision when a signal or activity event was added during the decision task",
        at=("history",),
        rule=_parting(unhandled_decision),
    ),
    Row(
        name="the id of an activity that has ended is used again",
        local="schedules the task",
        moto="refuses the id for ever",
        right="open",
        source=_API + "ScheduleActivityTaskFailedEventAttributes.html: ACTIVITY_ID_ALREADY_IN_USE, and no word on for how long",
        at=("history",),
        rule=_parting(activity_id_used_again),
    ),
    Row(
        name="activities time out only for want of a heartbeat",
        local="all four kinds",
        moto="SCHEDULE_TO_START, SCHEDULE_TO_CLOSE and START_TO_CLOSE never come",
        right="local",
        source=_API + "ActivityTaskTimedOutEventAttributes.html: timeoutType",
        at=("history",),
        rule=_parting(activity_timeout),
    ),
    Row(
        name="heartbeats are counted before the activity is started",
        local="from the start of the task, or from the last heartbeat",
        moto="from the moment it was scheduled",
        right="local",
        source=_API + "ScheduleActivityTaskDecisionAttributes.html: a worker processing a task must report progress",
        at=("history",),
        rule=_parting(early_heartbeat_timeout),
    ),
    Row(
        name="a cancellation is refused once a decision task has timed out",
        local="cancels",
        moto="still counts the one that timed out as open: UNHANDLED_DECISION",
        right="local",
        source=_API + "Decision.html: UnhandledDecision is about events added during the decision task",
        at=("history",),
        rule=_parting(cancel_after_a_timeout),
    ),
    # -- polls and pages
    Row(
        name="histories are not paged",
        local="pages of maximumPageSize events, on polls and on GetWorkflowExecutionHistory",
        moto="everything at once",
        right="local",
        source=_API + "PollForDecisionTask.html: maximumPageSize",
        at=("poll_for_decision_task", "get_workflow_execution_history"),
        rule=_unpaged,
    ),
    Row(
        name="startAtPreviousStartedEvent is ignored",
        local="the events from the last DecisionTaskStarted on",
        moto="the whole history",
        right="local",
        source=_API + "PollForDecisionTask.html: startAtPreviousStartedEvent",
        at=("poll_for_decision_task",),
        rule=poll_window,
    ),
    Row(
        name="the first decision task has no previousStartedEventId",
        local="0",
        moto="none",
        right="open",
        source=_API + "PollForDecisionTask.html: not among the members that are always there",
        at=("poll_for_decision_task",),
        rule=previous_of_the_first_task,
    ),
    Row(
        name="previousStartedEventId is that of a surplus decision task",
        local="there are none",
        moto="follows from a decision task for each event",
        right="local",
        source=_API + "WorkflowExecutionOpenCounts.html: at most one open decision task",
        at=("poll_for_decision_task",),
        rule=previous_is_surplus,
    ),
    Row(
        name="previousStartedEventId after a decision task that timed out",
        local="that of the last one that was completed",
        moto="that of the last one that was started",
        right="open",
        source=_API + "PollForDecisionTask.html: the previous decision task that was processed by the decider",
        at=("poll_for_decision_task",),
        rule=previous_timed_out,
    ),
    Row(
        name="an empty input is not given to the worker",
        local="an empty input",
        moto="no input",
        right="local",
        source=_API + "PollForActivityTask.html: the inputs provided when the activity task was scheduled",
        at=("poll_for_activity_task",),
        rule=empty_input_of_a_task,
    ),
    # -- faults
    Row(
        name="a signal without input",
        local="is taken",
        moto="server error (the script sends it again with an empty input)",
        right="local",
        source=_API + "SignalWorkflowExecution.html: input is not required",
        at=("signal_workflow_execution",),
        rule=signal_without_input,
        of_faults=True,
    ),
    Row(
        name="an answer to a task that failed or timed out",
        local="UnknownResourceFault",
        moto="server error",
        right="local",
        source=_API + "RespondActivityTaskCompleted.html: errors",
        at=_LATE,
        rule=late_answer,
        of_faults=True,
    ),
    Row(
        name="both time filters",
        local="ValidationException",
        moto="server error",
        right="local",
        source=_API + "ListClosedWorkflowExecutions.html: specify one of these in a request but not both",
        at=_EXECUTIONS,
        rule=both_time_filters,
        of_faults=True,
    ),
    # -- listings
    Row(
        name="a type filter without a version",
        local="all versions",
        moto="server error",
        right="local",
        source=_API + "WorkflowTypeFilter.html: version is not required",
        at=_EXECUTIONS,
        rule=type_filter_without_version,
        of_faults=True,
    ),
    Row(
        name="reverseOrder of executions",
        local="oldest first",
        moto="server error",
        right="local",
        source=_API + "ListOpenWorkflowExecutions.html: reverseOrder",
        at=_EXECUTIONS,
        rule=reversed_listing,
        of_faults=True,
    ),
    Row(
        name="listings are cut, not paged",
        local="the rest follows with nextPageToken",
        moto="drops what is beyond maximumPageSize",
        right="local",
        source=_API + "ListOpenWorkflowExecutions.html: nextPageToken",
        at=_EXECUTIONS,
        rule=size_of_a_listing,
    ),
    Row(
        name="filters of executions",
        local="applied",
        moto="type, id and times ignored; tags and close status leave out the wrong ones",
        right="local",
        source=_API + "ListClosedWorkflowExecutions.html",
        at=_EXECUTIONS,
        rule=filters,
    ),
    Row(
        name="order of executions",
        local="newest start or close first",
        moto="oldest start first",
        right="local",
        source=_API + "ListClosedWorkflowExecutions.html: descending order of the start or the close time",
        at=_EXECUTIONS,
        rule=order_of_a_listing,
    ),
    Row(
        name="executions without tags",
        local="an empty tagList",
        moto="no tagList",
        right="open",
        source=_API + "WorkflowExecutionInfo.html: tagList is not required",
        at=(_DESCRIBE, *_EXECUTIONS),
        rule=empty_tag_list,
    ),
    Row(
        name="no close time",
        local="closeTimestamp",
        moto="none when terminated or timed out",
        right="local",
        source=_API + "WorkflowExecutionInfo.html: the time when the workflow execution was closed",
        at=(_DESCRIBE, *_EXECUTIONS),
        rule=close_time,
    ),
    Row(
        name="a decision to cancel counts as a request to cancel",
        local="cancelRequested is about RequestCancelWorkflowExecution",
        moto="sets it on the decision CancelWorkflowExecution",
        right="local",
        source=_API + "WorkflowExecutionInfo.html: true if a cancellation is requested for this workflow execution",
        at=(_DESCRIBE, *_EXECUTIONS),
        rule=cancel_requested,
    ),
    # -- descriptions and counts
    Row(
        name="openDecisionTasks counts surplus and timed-out tasks, and those of closed executions",
        local="0 or 1",
        moto="scheduled minus completed",
        right="local",
        source=_API + "WorkflowExecutionOpenCounts.html: at most one open decision task",
        at=(_DESCRIBE,),
        rule=_open_count("openDecisionTasks", _moto_open_decisions, lambda standing: int(standing.decision != "none")),
    ),
    Row(
        name="openActivityTasks counts timed-out tasks and those of closed executions",
        local="tasks that are open",
        moto="scheduled minus completed and failed",
        right="local",
        source=_API + "WorkflowExecutionOpenCounts.html: activity tasks whose status is OPEN",
        at=(_DESCRIBE,),
        rule=_open_count("openActivityTasks", _moto_open_activities, lambda standing: len(standing.activities)),
    ),
    Row(
        name="openTimers is not counted",
        local="timers that have not fired",
        moto="0",
        right="local",
        source=_API + "WorkflowExecutionOpenCounts.html: timers started by this execution that have not fired yet",
        at=(_DESCRIBE,),
        rule=_open_count("openTimers", lambda side, run: 0, lambda standing: len(standing.timers)),
    ),
    Row(
        name="the priority of an execution is not described",
        local="taskPriority in the configuration",
        moto="none",
        right="local",
        source=_API + "WorkflowExecutionConfiguration.html: taskPriority",
        at=(_DESCRIBE,),
        rule=priority_of_an_execution,
    ),
    Row(
        name="a response without executionContext forgets the last one",
        local="keeps it",
        moto="forgets it",
        right="local",
        source=_API + "WorkflowExecutionDetail.html: the latest executionContext provided by the decider",
        at=(_DESCRIBE,),
        rule=lost_context,
    ),
    Row(
        name="started decision tasks are pending",
        local="counts the tasks in the list",
        moto="adds started and surplus ones, and those of closed executions",
        right="local",
        source=_API + "CountPendingDecisionTasks.html: the number of tasks in the specified task list",
        at=("count_pending_decision_tasks",),
        rule=pending_decisions,
    ),
    Row(
        name="started activity tasks are pending",
        local="counts the tasks in the list",
        moto="adds started ones, and those of closed executions",
        right="local",
        source=_API + "CountPendingActivityTasks.html: the number of tasks in the specified task list",
        at=("count_pending_activity_tasks",),
        rule=pending_activities,
    ),
    # -- types
    Row(
        name="types are listed whatever their name",
        local="name is a filter",
        moto="ignored",
        right="local",
        source=_API + "ListActivityTypes.html: name",
        at=("list_workflow_types", "list_activity_types"),
        rule=name_of_listed_types,
    ),
    Row(
        name="defaultTaskPriority of an activity type",
        local="kept",
        moto="dropped",
        right="local",
        source=_API + "ActivityTypeConfiguration.html: defaultTaskPriority",
        at=("describe_activity_type",),
        rule=priority_of_an_activity_type,
    ),
)


# ---- the game ----------------------------------------------------------------------------------------------------------------


class Game:
    """A script played on both services, compared after each step."""

    def __init__(self, seed: int, service: LocalService, local: Side, moto: Side) -> None:
        self.seed, self.service, self.local, self.moto = seed, service, local, moto
        self.script, self.known = Script(seed), Known()
        self.surplus: dict[int, set[int]] = {}  # run -> DecisionTaskStarted events of moto's that were answered with nothing
        self.numbers: dict[int, dict[int, int]] = {}  # run -> moto's event id -> the local one
        self.log: list[Step] = []

    def play(self, steps: int) -> None:
        for step in first_steps():
            self.step(step)
        for _ in range(steps):
            self.step(self.script.next_step(self.known))
        for run in range(len(self.known.runs)):
            self.refresh(run)

    def step(self, step: Step) -> None:
        self.log.append(step)
        getattr(self, f"_{step.call}", self._any_call)(step)

    # ---- comparing -----------------------------------------------------------------------------------------------------------

    def compare(self, both: Both, at: str) -> None:
        for row in ROWS:
            if at in row.at and (row.of_faults or both.are_answers) and row.rule(both):
                used[row.name] += 1
        if both.local != both.moto:
            self.fail(f"{at} of {both.step}", both.local, both.moto)

    def fail(self, what: str, local: Any, moto: Any) -> None:
        ours, theirs = (pprint.pformat(one, width=150).splitlines() for one in (local, moto))
        diff = "\n".join(difflib.unified_diff(ours, theirs, "local", "moto", lineterm="", n=4))
        before = "\n".join(f"  {len(self.log) - n}: {step}" for n, step in enumerate(reversed(self.log[-12:])))
        pytest.fail(f"seed {self.seed}, step {len(self.log)}: {what}\n{diff}\nthe last steps:\n{before}", pytrace=False)

    def refresh(self, run: int) -> None:
        """Read the histories of an execution and compare them event for event."""
        known = self.known.runs[run]
        for side in (self.local, self.moto):
            side.read_history(run, known.workflow_id)
        if known.parted:
            return
        both = Both(self, self.log[-1], _plain(self.local.raw[run]), _plain(self.moto.raw[run]), run)
        for row in ROWS:
            if "moto's events" in row.at and row.rule(both):
                used[row.name] += 1
        self.numbers[run] = {event["eventId"]: number for number, event in enumerate(both.moto, 1)}
        for event_id, alias in both.aliases.items():
            if alias in self.numbers[run]:
                self.numbers[run][event_id] = self.numbers[run][alias]
        both.moto = [self._renumbered(run, event) for event in both.moto]
        self.compare(both, "history")
        if known.parted:
            self._end_parted(run)
            return
        known.standing = Standing.of(self.local.raw[run])
        last = self.local.raw[run][-1]["eventType"]
        if last in CLOSINGS and known.closed_in_step is None:
            known.closed_in_step, known.close_status = len(self.log), CLOSINGS[last]

    def _renumbered(self, run: int, event: Event) -> Event:
        numbers = self.numbers[run]
        a = {
            name: numbers.get(value, f"moto's event {value}") if name.endswith("EventId") and value else value
            for name, value in event["attributes"].items()
        }
        return {"eventId": numbers[event["eventId"]], "eventType": event["eventType"], "attributes": a}

    def _end_parted(self, run: int) -> None:
        known = self.known.runs[run]
        known.standing = Standing(is_open=False)
        for side in (self.local, self.moto):
            if side.raw[run][-1]["eventType"] not in _CLOSES and not side.counted(run, *_CLOSES):
                arguments = {"domain": DOMAIN, "workflowId": known.workflow_id, "runId": RunOf(run)}
                assert "answer" in side.call("terminate_workflow_execution", arguments)
            side.read_history(run, known.workflow_id)

    def seconds_since(self, run: int, event_id: int) -> float:
        moment: datetime = self.local.raw[run][event_id - 1]["eventTimestamp"]
        return self.service.clock.now() - moment.timestamp()

    # ---- steps ---------------------------------------------------------------------------------------------------------------

    def _any_call(self, step: Step) -> None:
        both = Both(self, step, self.local.call(step.call, step.arguments), self.moto.call(step.call, step.arguments))
        self._compare_answers(both)

    def _compare_answers(self, both: Both) -> None:
        step = both.step
        both.run = -1 if step.run is None else step.run
        both.local, both.moto = self.local.shown(both.local), self.moto.shown(both.moto)
        self.compare(both, step.call)
        if step.run is not None:
            self.refresh(step.run)

    def _start_workflow_execution(self, step: Step) -> None:
        ours, theirs = self.local.call(step.call, step.arguments), self.moto.call(step.call, step.arguments)
        run_ids = [outcome.get("answer", {}).pop("runId", None) for outcome in (ours, theirs)]
        self.compare(Both(self, step, ours, theirs), step.call)
        if "fault" in ours:
            return
        for side, run_id in zip((self.local, self.moto), run_ids, strict=True):
            side.run_ids.append(run_id)
        a = step.arguments
        default = None if a["workflowType"] == BARE_FLOW else FLOW_DEFAULTS["defaultTaskPriority"]
        known = KnownRun(a["workflowId"], a["workflowType"], "", a.get("tagList", []), a.get("taskPriority", default))
        self.known.runs.append(known)
        run = len(self.known.runs) - 1
        self.refresh(run)
        self.known.runs[run].task_list = attributes(self.local.raw[run][0])["taskList"]["name"]

    def _poll_for_decision_task(self, step: Step) -> None:
        if step.run is not None:
            self._answer_surplus(step.run)
        ours, our_pages = self.local.pages(step.call, step.arguments, "events")
        theirs = self.moto.call(step.call, step.arguments)
        if "fault" in ours or "fault" in theirs:
            self.compare(Both(self, step, ours, theirs), step.call)
            return
        answers = (ours["answer"], theirs["answer"])
        runs = [
            side.run_ids.index(answer["workflowExecution"]["runId"]) if answer.get("taskToken") else None
            for side, answer in zip((self.local, self.moto), answers, strict=True)
        ]
        if runs[0] != runs[1] or runs[0] is None:
            self.fail(f"{step}: whose decision task it is", runs[0], runs[1])
        run = runs[0]
        assert run is not None
        for side, answer in zip((self.local, self.moto), answers, strict=True):
            side.tokens.append(answer.pop("taskToken"))
        self.refresh(run)
        self.known.tasks.append(KnownTask("decision", run, self.known.runs[run].standing.decision_scheduled))
        both = Both(self, step, {"answer": dict(answers[0])}, {"answer": dict(answers[1])}, run)
        for side, one, pages in ((self.local, both.local["answer"], our_pages), (self.moto, both.moto["answer"], 1)):
            one["pages"] = pages
            one["events"] = self._checked_events(side, run, step, one["events"])
            if one["events"] == len(side.raw[run]):
                one["events"] = len(self.local.raw[run])  # of moto's events, some stand for none of the local ones
            del one["workflowExecution"]["runId"]
        numbers, answer = self.numbers[run], both.moto["answer"]
        answer["startedEventId"] = numbers[answer["startedEventId"]]
        previous = answer.get("previousStartedEventId")
        if previous is not None:
            answer["previousStartedEventId"] = "surplus" if previous in self.surplus.get(run, ()) else numbers[previous]
        self.compare(both, step.call)

    def _answer_surplus(self, run: int) -> None:
        """Let moto's decision tasks beyond the one that SWF would have go by, so that the last one is polled with it."""
        raw = self.moto.raw[run]
        starts = [attributes(event)["scheduledEventId"] for event in raw if event["eventType"] == "DecisionTaskStarted"]
        waiting = self.moto.counted(run, "DecisionTaskScheduled") - len(starts)
        contexts = [attributes(e).get("executionContext") for e in raw if e["eventType"] == "DecisionTaskCompleted"]
        context = {"executionContext": contexts[-1]} if contexts and contexts[-1] else {}
        for _ in range(waiting - 1):
            name = self.known.runs[run].task_list
            task = self.moto.call("poll_for_decision_task", {"domain": DOMAIN, "taskList": {"name": name}})["answer"]
            self.surplus.setdefault(run, set()).add(task["startedEventId"])
            self.moto.call("respond_decision_task_completed", {"taskToken": task["taskToken"], **context})

    def _checked_events(self, side: Side, run: int, step: Step, events: list[Event]) -> int:
        """How many events an answer has; they must be the last ones of the history, in the order asked for."""
        history = side.raw[run][-len(events) :]
        expected = history[::-1] if step.arguments.get("reverseOrder") else history
        if events != expected:
            self.fail(f"{side.name}: the events of {step} are not those of the history", events, expected)
        return len(events)

    def _get_workflow_execution_history(self, step: Step) -> None:
        if step.run is None:
            return self._any_call(step)
        (ours, our_pages), (theirs, pages) = (
            side.pages(step.call, step.arguments, "events") for side in (self.local, self.moto)
        )
        self.refresh(step.run)
        for side, one in ((self.local, ours["answer"]), (self.moto, theirs["answer"])):
            if self._checked_events(side, step.run, step, one["events"]) != len(side.raw[step.run]):
                self.fail(f"{side.name}: {step} is not the whole history", len(one["events"]), len(side.raw[step.run]))
        # moto has more events, as compared above; what is left is how they were given
        ours, theirs = ({"answer": {"events": len(ours["answer"]["events"]), "pages": n}} for n in (our_pages, pages))
        self.compare(Both(self, step, ours, theirs, step.run), step.call)

    def _respond_decision_task_completed(self, step: Step) -> None:
        both = Both(self, step, self.local.call(step.call, step.arguments), self.moto.call(step.call, step.arguments))
        if step.run is not None and "answer" in both.local and "answer" in both.moto:
            self._wait_for_zero_timers(step)
            self._nudge(step.run)
        self._compare_answers(both)

    def _wait_for_zero_timers(self, step: Step) -> None:
        assert step.run is not None
        timers = [one.get("startTimerDecisionAttributes", {}) for one in step.arguments.get("decisions", ())]
        zeros = [timer["timerId"] for timer in timers if timer.get("startToFireTimeout") == "0"]
        until = time.monotonic() + _PATIENCE_SECONDS
        for side in (self.local, self.moto) if zeros else ():
            while True:
                side.read_history(step.run, self.known.runs[step.run].workflow_id)
                raw = side.raw[step.run]
                fired = [
                    n
                    for n, event in enumerate(raw)
                    if attributes(event).get("timerId") in zeros and "Fired" in event["eventType"]
                ]
                # moto's thread adds the two one after the other
                if fired and (side is self.local or raw[fired[-1] + 1 :]):
                    break
                if time.monotonic() > until:
                    self.fail(f"{side.name}: {zeros} have not fired", self.local.raw[step.run], raw)
                time.sleep(0.002)

    def _nudge(self, run: int) -> None:
        self.moto.read_history(run, self.known.runs[run].workflow_id)
        raw = self.moto.raw[run]
        last = max(n for n, event in enumerate(raw) if event["eventType"] == "DecisionTaskCompleted")
        kinds = {event["eventType"] for event in raw[last:]}
        waiting = self.moto.counted(run, "DecisionTaskScheduled") - self.moto.counted(run, "DecisionTaskStarted")
        if kinds & {"StartTimerFailed", "CancelTimerFailed"} and not waiting and not kinds & set(_CLOSES):
            execution = {"workflowId": self.known.runs[run].workflow_id, "runId": RunOf(run)}
            self.moto.call("signal_workflow_execution", {"domain": DOMAIN, **execution, "signalName": NUDGE, "input": ""})

    def _poll_for_activity_task(self, step: Step) -> None:
        ours, theirs = self.local.call(step.call, step.arguments), self.moto.call(step.call, step.arguments)
        while theirs.get("answer", {}).get("taskToken"):
            run = self.moto.run_ids.index(theirs["answer"]["workflowExecution"]["runId"])
            if self.known.runs[run].standing.is_open:
                break
            # the row on activity tasks of closed executions finds it in the history
            self.refresh(run)
            theirs = self.moto.call(step.call, step.arguments)
        tokens = [one.get("answer", {}).pop("taskToken", None) for one in (ours, theirs)]
        both = Both(self, step, self.local.shown(ours), self.moto.shown(theirs))
        if "answer" not in ours or "answer" not in theirs or not all(tokens):
            self.fail(f"{step} found a task", ours, theirs)
        run = both.local["answer"]["workflowExecution"]["runId"].index
        self.refresh(run)
        theirs["answer"]["startedEventId"] = self.numbers[run].get(theirs["answer"]["startedEventId"])
        both.moto["answer"]["startedEventId"] = theirs["answer"]["startedEventId"]
        self.compare(both, step.call)
        for side, token in zip((self.local, self.moto), tokens, strict=True):
            side.tokens.append(token)
        started = self.local.raw[run][ours["answer"]["startedEventId"] - 1]
        self.known.tasks.append(KnownTask("activity", run, attributes(started)["scheduledEventId"]))

    def _list_open_workflow_executions(self, step: Step) -> None:
        ours, _ = self.local.pages(step.call, step.arguments, "executionInfos")
        both = Both(self, step, self.local.shown(ours), self.moto.shown(self.moto.call(step.call, step.arguments)))
        for one in (both.local, both.moto):
            self.drop_parted(one)
        self.compare(both, step.call)

    _list_closed_workflow_executions = _list_open_workflow_executions

    def unfiltered(self, step: Step) -> dict[str, Any]:
        """moto's listing of all that are open, or closed, oldest first."""
        answer = self.moto.call(step.call, {"domain": DOMAIN, "startTimeFilter": {"oldestDate": 0}})
        shown: dict[str, Any] = self.moto.shown(answer)
        self.drop_parted(shown)
        return shown

    def drop_parted(self, outcome: dict[str, Any]) -> None:
        if "answer" in outcome:
            infos = outcome["answer"]["executionInfos"]
            infos[:] = [info for info in infos if not self.known.runs[info["execution"]["runId"].index].parted]

    def _list_workflow_types(self, step: Step) -> None:
        ours, _ = self.local.pages(step.call, step.arguments, "typeInfos")
        theirs = self.moto.call(step.call, step.arguments)
        self.compare(Both(self, step, self.local.shown(ours), self.moto.shown(theirs)), step.call)

    _list_activity_types = _list_workflow_types

    def _pass_time(self, step: Step) -> None:
        seconds, clock = step.arguments["seconds"], self.service.clock
        assert isinstance(clock, VirtualClock)
        with self.service.lock:
            clock.jump_to(clock.now() + seconds)
            self.service._fire_due()  # here and now, so that there is nothing to wait for
        moto_clock.ahead_seconds += seconds
        for run in self.known.open_runs():
            self.refresh(run)


def _plain(events: list[Event]) -> list[Event]:
    return [{"eventId": e["eventId"], "eventType": e["eventType"], "attributes": dict(attributes(e))} for e in events]


# ---- tests -------------------------------------------------------------------------------------------------------------------


class MotoClock:
    """moto looks at the real time; this one can be put forward."""

    def __init__(self) -> None:
        self.ahead_seconds = 0.0

    def __call__(self, moment: datetime | None = None) -> float:
        assert moment is None
        return time.time() + self.ahead_seconds


moto_clock = MotoClock()


@pytest.fixture(scope="module")
def moto_address() -> Iterator[str]:
    chatter = logging.getLogger("werkzeug")
    level = chatter.level
    chatter.setLevel(logging.CRITICAL)  # a line for each call and a traceback for each of moto's own errors
    with pytest.MonkeyPatch.context() as patch, moto_endpoint() as address:
        for name in _MOTO_CLOCKED:
            patch.setattr(importlib.import_module(f"moto.swf.models.{name}"), "unix_time", moto_clock)
        yield address
    chatter.setLevel(level)


@pytest.fixture
def moto(moto_address: str) -> Iterator[Side]:
    moto_clock.ahead_seconds = 0.0
    side = Side("moto", moto_address)
    yield side
    side.client.close()
    for regions in swf_backends.values():
        for backend in regions.values():
            for domain in backend.domains:
                for execution in domain.workflow_executions:
                    for timer in execution._timers.values():
                        timer.cancel()  # its thread would keep this process alive
            backend.reset()


@pytest.fixture
def service() -> Iterator[HttpService]:
    served = HttpService(LocalService(clock=VirtualClock(), poll_seconds=0, workers_inside=False))
    served.start()
    yield served
    served.close()


@pytest.mark.parametrize("seed", range(count(small=25, soak=1000)), ids="seed-{}".format)
def test_a_random_script_gives_the_same_on_moto_and_on_the_local_service(seed: int, service: HttpService, moto: Side) -> None:
    local = Side("local", service.endpoint)
    try:
        Game(seed, service.service, local, moto).play(STEPS)
    finally:
        local.client.close()


def test_every_known_difference_was_needed() -> None:
    unused = [row.name for row in ROWS if not used[row.name]]
    if not is_soak():
        pytest.skip(f"only the soak needs all {len(ROWS)} rows; not needed this time: {', '.join(unused) or 'none'}")
    assert unused == [], "differences that moto does not show any more, or that no script meets"


def test_the_names_of_the_rows_are_their_own() -> None:
    assert [name for name, times in Counter(row.name for row in ROWS).items() if times > 1] == []
    assert {row.right for row in ROWS} <= {"local", "moto", "open"}
