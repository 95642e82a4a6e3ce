"""Known differences in what calls answer, each as a function that mends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.service.differential.known_executions import Standing, attributes
from tests.service.differential.rules_of_histories import ACTIVITY_ENDS
from tests.service.differential.sides import Both, Side


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


def open_count(
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


def unpaged(both: Both) -> bool:
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
    theirs = sum(moto_open_decisions(both.game.moto, index) for index in runs)
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
        theirs += len(scheduled - {attributes(e)["scheduledEventId"] for e in raw if e["eventType"] in ACTIVITY_ENDS})
    right = sum(run.standing.waiting_on(name) for run in both.game.known.runs)
    if both.moto["answer"]["count"] != theirs or theirs == right:
        return False
    both.moto["answer"]["count"] = right
    return True


def moto_open_decisions(moto: Side, run: int) -> int:
    return moto.counted(run, "DecisionTaskScheduled") - moto.counted(run, "DecisionTaskCompleted")


def moto_open_activities(moto: Side, run: int) -> int:
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
