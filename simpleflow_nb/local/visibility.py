"""Executions in the form of the listing calls.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_WorkflowExecutionInfo.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any

from ..swf_service import ExecutionConfiguration, ExecutionDescription, ExecutionInfo, ExecutionInfos
from .checks import page_of
from .execution import LocalExecution
from .faults import invalid

Info = dict[str, Any]
Listed = tuple[int, Info, float | None, str | None]  #: number, info without status, when and how it closed


def new_info(execution: LocalExecution) -> Info:
    """Return the parts that never change, and the domain; stored beside the history so that listing reads no events."""
    started = execution.started_attributes
    info: Info = {
        "domain": execution.domain,
        "execution": {"workflowId": execution.workflow_id, "runId": execution.run_id},
        "workflowType": started["workflowType"],
        "startTimestamp": execution.started_at,
        "tagList": started.get("tagList", []),
    }
    if started.get("parentWorkflowExecution"):
        info["parent"] = started["parentWorkflowExecution"]
    return info


def with_status(
    info: Info, closed_at: float | None, close_status: str | None, cancel_requested: bool | None = None
) -> ExecutionInfo:
    """Return a WorkflowExecutionInfo, without ``cancelRequested`` if that is unknown."""
    whole: Any = {**info, "executionStatus": "CLOSED" if close_status else "OPEN"}
    del whole["domain"]
    if cancel_requested is not None:
        whole["cancelRequested"] = cancel_requested
    if close_status:
        whole |= {"closeTimestamp": closed_at, "closeStatus": close_status}
    found: ExecutionInfo = whole
    return found


def configuration(execution: LocalExecution) -> ExecutionConfiguration:
    started = execution.started_attributes
    keys = ("taskStartToCloseTimeout", "executionStartToCloseTimeout", "taskList", "taskPriority", "childPolicy", "lambdaRole")
    values: Any = {key: started[key] for key in keys if key in started}
    found: ExecutionConfiguration = values
    return found


def description(execution: LocalExecution, info: Info) -> ExecutionDescription:
    """Return the answer of DescribeWorkflowExecution."""
    closed = execution.close_status is not None
    answer: ExecutionDescription = {
        "executionInfo": with_status(info, execution.closed_at, execution.close_status, execution.cancel_requested),
        "executionConfiguration": configuration(execution),
        "openCounts": {
            "openActivityTasks": len(execution.activities),
            "openDecisionTasks": 0 if closed or execution.decision is None else 1,
            "openTimers": len(execution.timers),
            "openChildWorkflowExecutions": len(execution.children),
            "openLambdaFunctions": 0,
        },
    }
    if execution.context is not None:
        answer["latestExecutionContext"] = execution.context
    starts = [event["eventTimestamp"] for event in execution.events if event["eventType"] == "ActivityTaskScheduled"]
    if starts:
        answer["latestActivityTaskTimestamp"] = starts[-1]
    return answer


def selected(listed: Iterable[Listed], call: dict[str, Any], *, is_open: bool) -> Iterator[Listed]:
    """Filter the executions for a listing call. At most one of SWF's filters may be given, beside one for the time.

    Raises:
        Fault: ValidationException for more than one filter, or not exactly one time filter.
    """
    filters = [name for name in ("executionFilter", "typeFilter", "tagFilter", "closeStatusFilter") if call.get(name)]
    if len(filters) > 1:
        raise invalid(f"{' and '.join(filters)} exclude each other; give one")
    if call.get("startTimeFilter") is not None and call.get("closeTimeFilter") is not None:
        raise invalid("startTimeFilter and closeTimeFilter exclude each other; give one")
    by_close_time = not is_open and call.get("closeTimeFilter") is not None
    times = call.get("closeTimeFilter") if by_close_time else call.get("startTimeFilter")
    if times is None:
        raise invalid("a startTimeFilter is required" if is_open else "a startTimeFilter or a closeTimeFilter is required")
    oldest, latest = _epoch(times["oldestDate"]), _epoch(times["latestDate"]) if times.get("latestDate") else float("inf")
    for one in listed:
        _, info, closed_at, close_status = one
        if (close_status is None) is not is_open:
            continue
        if (wanted := call.get("closeStatusFilter")) and close_status != wanted["status"]:
            continue
        moment = closed_at if by_close_time and closed_at is not None else info["startTimestamp"]
        if not oldest <= moment <= latest:
            continue
        if (wanted := call.get("executionFilter")) and info["execution"]["workflowId"] != wanted["workflowId"]:
            continue
        if (wanted := call.get("typeFilter")) and (
            info["workflowType"]["name"] != wanted["name"]
            or wanted.get("version", info["workflowType"]["version"]) != info["workflowType"]["version"]
        ):
            continue
        if (wanted := call.get("tagFilter")) and wanted["tag"] not in info["tagList"]:
            continue
        yield one


def page(infos: Iterable[tuple[int, ExecutionInfo]], call: dict[str, Any], *, newest_key: str) -> ExecutionInfos:
    """Return one page of a listing, newest first unless ``reverseOrder``; of one moment, as they were started.

    Args:
        infos: with the numbers of the executions.
    """
    moment = itemgetter(newest_key)
    keyed = [((moment(info), number), info) for number, info in infos]
    answer: Any = page_of("executionInfos", keyed, call, (float, int), descending=not call.get("reverseOrder"))
    found: ExecutionInfos = answer
    return found


def _epoch(moment: Any) -> float:
    return float(moment.timestamp()) if hasattr(moment, "timestamp") else float(moment)
