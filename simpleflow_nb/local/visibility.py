"""Executions as the listing calls show them.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_WorkflowExecutionInfo.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any

from ..swf_service import ExecutionConfiguration, ExecutionDescription, ExecutionInfo, ExecutionInfos
from .checks import page_of
from .faults import invalid
from .run import Run

Info = dict[str, Any]
Listed = tuple[int, Info, float | None, str | None]  #: number, info without status, when and how it closed


def new_info(run: Run) -> Info:
    """The parts that do not change, kept beside the history so that listing reads no events; and the domain."""
    started = run.started_attributes
    info: Info = {
        "domain": run.domain,
        "execution": {"workflowId": run.workflow_id, "runId": run.run_id},
        "workflowType": started["workflowType"],
        "startTimestamp": run.started_at,
        "tagList": started.get("tagList", []),
    }
    if started.get("parentWorkflowExecution"):
        info["parent"] = started["parentWorkflowExecution"]
    return info


def with_status(
    info: Info, closed_at: float | None, close_status: str | None, cancel_requested: bool | None = None
) -> ExecutionInfo:
    """A WorkflowExecutionInfo. Without ``cancelRequested`` when that is not known."""
    whole: Any = {**info, "executionStatus": "CLOSED" if close_status else "OPEN"}
    del whole["domain"]
    if cancel_requested is not None:
        whole["cancelRequested"] = cancel_requested
    if close_status:
        whole |= {"closeTimestamp": closed_at, "closeStatus": close_status}
    found: ExecutionInfo = whole
    return found


def configuration(run: Run) -> ExecutionConfiguration:
    started = run.started_attributes
    keys = ("taskStartToCloseTimeout", "executionStartToCloseTimeout", "taskList", "taskPriority", "childPolicy", "lambdaRole")
    values: Any = {key: started[key] for key in keys if key in started}
    found: ExecutionConfiguration = values
    return found


def description(run: Run, info: Info) -> ExecutionDescription:
    """The answer of DescribeWorkflowExecution."""
    closed = run.close_status is not None
    answer: ExecutionDescription = {
        "executionInfo": with_status(info, run.closed_at, run.close_status, run.cancel_requested),
        "executionConfiguration": configuration(run),
        "openCounts": {
            "openActivityTasks": len(run.activities),
            "openDecisionTasks": 0 if closed or run.decision is None else 1,
            "openTimers": len(run.timers),
            "openChildWorkflowExecutions": 0,
            "openLambdaFunctions": 0,
        },
    }
    if run.context is not None:
        answer["latestExecutionContext"] = run.context
    starts = [event["eventTimestamp"] for event in run.events if event["eventType"] == "ActivityTaskScheduled"]
    if starts:
        answer["latestActivityTaskTimestamp"] = starts[-1]
    return answer


def selected(listed: Iterable[Listed], request: dict[str, Any], *, is_open: bool) -> Iterator[Listed]:
    """The executions that a listing request asks for. Exactly one of SWF's filters may be given.

    Raises:
        Fault: ValidationException for more than one filter, or not exactly one time filter.
    """
    filters = [name for name in ("executionFilter", "typeFilter", "tagFilter", "closeStatusFilter") if request.get(name)]
    if len(filters) > 1:
        raise invalid(f"{' and '.join(filters)} exclude each other; give one")
    if request.get("startTimeFilter") is not None and request.get("closeTimeFilter") is not None:
        raise invalid("startTimeFilter and closeTimeFilter exclude each other; give one")
    by_close_time = not is_open and request.get("closeTimeFilter") is not None
    times = request.get("closeTimeFilter") if by_close_time else request.get("startTimeFilter")
    if times is None:
        raise invalid("a startTimeFilter is required" if is_open else "a startTimeFilter or a closeTimeFilter is required")
    oldest, latest = _epoch(times["oldestDate"]), _epoch(times["latestDate"]) if times.get("latestDate") else float("inf")
    for one in listed:
        _, info, closed_at, close_status = one
        if (close_status is None) is not is_open:
            continue
        if (wanted := request.get("closeStatusFilter")) and close_status != wanted["status"]:
            continue
        moment = closed_at if by_close_time and closed_at is not None else info["startTimestamp"]
        if not oldest <= moment <= latest:
            continue
        if (wanted := request.get("executionFilter")) and info["execution"]["workflowId"] != wanted["workflowId"]:
            continue
        if (wanted := request.get("typeFilter")) and (
            info["workflowType"]["name"] != wanted["name"]
            or wanted.get("version", info["workflowType"]["version"]) != info["workflowType"]["version"]
        ):
            continue
        if (wanted := request.get("tagFilter")) and wanted["tag"] not in info["tagList"]:
            continue
        yield one


def page(infos: list[ExecutionInfo], request: dict[str, Any], *, newest_key: str) -> ExecutionInfos:
    """One page of a listing, newest first unless ``reverseOrder``."""
    listed: list[Any] = sorted(infos, key=itemgetter(newest_key), reverse=not request.get("reverseOrder"))
    answer: Any = page_of("executionInfos", listed, request)
    found: ExecutionInfos = answer
    return found


def _epoch(moment: Any) -> float:
    return float(moment.timestamp()) if hasattr(moment, "timestamp") else float(moment)
