"""Executions as tables: list, info, tasks, profile, history. ``service`` is anything with boto3's SWF calls."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import payload
from ..exceptions import DefinitionError
from ..swf_service import ExecutionInfo, LookingService
from .tables import Table
from .task_rows import TaskRow, epoch, shown_time, task_rows

if TYPE_CHECKING:
    from ..replay.protocol.events import HistoryEvent

Info = ExecutionInfo


def executions(service: LookingService, domain: str, *, is_open: bool, oldest: float = 0, **filters: Any) -> Iterator[Info]:
    """Yield each WorkflowExecutionInfo that the filters select, newest first."""
    call = service.list_open_workflow_executions if is_open else service.list_closed_workflow_executions
    arguments: dict[str, Any] = {"domain": domain, "startTimeFilter": {"oldestDate": oldest}, **filters}
    while True:
        page = call(**arguments)
        yield from page["executionInfos"]
        if not page.get("nextPageToken"):
            return
        arguments["nextPageToken"] = page["nextPageToken"]


def found_execution(service: LookingService, domain: str, run: str, run_id: str | None = None) -> dict[str, str]:
    """Find the execution of RUN: a workflow id, its unique beginning, or ``NAME/DATE`` of a notebook run.

    Open executions win over closed ones, newer ones over older ones.

    Raises:
        DefinitionError: there is none, or the beginning fits several.
    """
    infos = [*executions(service, domain, is_open=True), *executions(service, domain, is_open=False)]
    name, slash, date = run.rpartition("/")
    by_id = [info for info in infos if info["execution"]["workflowId"] == run]
    if run_id:
        by_id = [info for info in by_id if info["execution"]["runId"] == run_id]
    if not by_id and slash:
        by_id = [info for info in infos if info.get("tagList", [])[:2] == [name, date]]
    if not by_id and not run_id:
        by_id = [info for info in infos if info["execution"]["workflowId"].startswith(run)]
        several = sorted({info["execution"]["workflowId"] for info in by_id})
        if len(several) > 1:
            raise DefinitionError(
                f"{run!r} is the beginning of {len(several)} workflow ids: {', '.join(several[:5])}; give more of it"
            )
    if not by_id:
        refuse_pruned(service, domain, run, run_id)
        what = f"workflow {run!r} with run id {run_id!r}" if run_id else f"workflow {run!r}"
        raise DefinitionError(f"{what} is not known here; workflow.list shows which are")
    execution: Mapping[str, Any] = by_id[0]["execution"]
    return {"workflowId": execution["workflowId"], "runId": execution["runId"]}


def refuse_pruned(service: LookingService, domain: str, run: str, run_id: str | None) -> None:
    """Refuse a run whose history was pruned, with its end.

    Raises:
        DefinitionError: one or several executions matching ``run`` were pruned.
    """
    if (look := getattr(service, "pruned_executions", None)) is None:
        return  # SWF knows nothing of an execution after its retention period
    gone = [one for one in look(domain, run) if not run_id or one.run_id == run_id]
    several = sorted({one.workflow_id for one in gone})
    if len(several) > 1:
        raise DefinitionError(
            f"{run!r} fits {len(several)} executions whose histories are gone: {', '.join(several[:5])}; give a workflow id"
        )
    if gone:
        raise DefinitionError(
            f"{gone[0].workflow_id} ended on {shown_time(gone[0].closed)[:16]} UTC ({gone[0].status}) and its history is gone, "
            "removed by keep_history or journal.prune; of a run of notebooks runs.show tells what the records have"
        )


def started_with(service: LookingService, domain: str, execution: Mapping[str, Any], load: payload.Load) -> dict[str, Any]:
    """Return the arguments of an execution by name. Reads only its first event; see `arguments_in`."""
    execution = {key: execution[key] for key in ("workflowId", "runId")}
    if (look := getattr(service, "events", None)) is not None:  # the local service, which reads only that event of a journal
        return arguments_in(look(execution["workflowId"], execution["runId"], most=1), load)
    page = service.get_workflow_execution_history(domain=domain, execution=execution, maximumPageSize=1)
    return arguments_in(page["events"], load)


def arguments_in(events: Sequence[Mapping[str, Any]], load: payload.Load) -> dict[str, Any]:
    """Return the arguments of the execution with these events by name; empty without any.

    Raises:
        PayloadError: its input cannot be read.
    """
    text = events[0]["workflowExecutionStartedEventAttributes"].get("input")
    body = payload.decode(text, load) if text else None
    given = body.get("kwargs") if isinstance(body, dict) else None
    return given if isinstance(given, dict) else {}


def history(service: LookingService, domain: str, execution: Mapping[str, Any]) -> list[HistoryEvent]:
    """Read the events of an execution, oldest first."""
    events: list[HistoryEvent] = []
    arguments: dict[str, Any] = {"domain": domain, "execution": execution}
    while True:
        page = service.get_workflow_execution_history(**arguments)
        events += page["events"]
        if not page.get("nextPageToken"):
            return events
        arguments["nextPageToken"] = page["nextPageToken"]


def list_table(service: LookingService, domain: str, *, status: str, started_since_days: int) -> Table:
    """Return simpleflow's ``workflow.list``."""
    oldest = max(0, time.time() - started_since_days * 86_400)
    table = Table(["Workflow ID", "Workflow Type", "Status"])
    for info in executions(service, domain, is_open=status == "open", oldest=oldest):
        shown = info.get("closeStatus") or info["executionStatus"]
        table.rows.append([info["execution"]["workflowId"], info["workflowType"]["name"], shown])
    return table


def info_table(service: LookingService, domain: str, execution: Mapping[str, Any]) -> Table:
    """Return simpleflow's ``workflow.info``, followed by the status, the end and the execution context."""
    described = service.describe_workflow_execution(domain=domain, execution=execution)
    info, configuration = described["executionInfo"], described["executionConfiguration"]
    events = history(service, domain, execution)
    started = events[0]["workflowExecutionStartedEventAttributes"]
    closed = info.get("closeTimestamp")
    seconds = (epoch(closed) if closed else time.time()) - epoch(info["startTimestamp"])
    body = payload.decode(started.get("input"), lambda digest: f'"payload {digest[:12]} kept outside the history"')
    if isinstance(body, dict):
        body.pop("__extra", None)
    end: Any = next(value for key, value in events[-1].items() if key.endswith("EventAttributes"))
    notes = payload.decode(described.get("latestExecutionContext")) or {}
    notes = notes if isinstance(notes, dict) else {"context": notes}
    is_closed = info["executionStatus"] == "CLOSED"
    columns: list[tuple[str, Any]] = [
        ("domain", domain),
        ("workflow_type.name", info["workflowType"]["name"]),
        ("workflow_type.version", info["workflowType"]["version"]),
        ("task_list", configuration["taskList"]["name"]),
        ("workflow_id", execution["workflowId"]),
        ("run_id", execution["runId"]),
        ("tag_list", ",".join(info.get("tagList", []))),
        ("execution_time", round(seconds, 3)),
        ("input", body),
        ("status", info.get("closeStatus") or info["executionStatus"]),
        ("events", len(events)),
        ("result", end.get("result") if is_closed else None),
        ("reason", end.get("reason") if is_closed else notes.get("parked")),
        ("log", " | ".join(notes.get("log", [])) or None),
        ("warning", notes.get("warning")),
        ("activities", ", ".join(f"{n} {state.replace('_', ' ')}" for state, n in notes.get("activities", {}).items()) or None),
        ("waiting_signals", ", ".join(_awaited_signals(notes)) or None),
    ]
    return Table([name for name, _ in columns], [[value for _, value in columns]])


def _awaited_signals(notes: dict[str, Any]) -> list[str]:
    """Return the names of awaited signals, and how many more there are."""
    names: list[str] = notes.get("waiting_signals", [])
    return [*names, f"{more} more"] if (more := notes.get("more_waiting_signals")) else names


def tasks_table(service: LookingService, domain: str, execution: Mapping[str, Any], *, most: int | None = None) -> Table:
    """Return simpleflow's ``workflow.tasks``, newest first, followed by the task's id and attempt."""
    table = Table(["Tasks", "Last State", "Last State Time", "Scheduled Time", "ID", "Attempt", "Reason"])
    for row in task_rows(history(service, domain, execution))[::-1][:most]:
        table.rows.append(
            [row.name, row.state, shown_time(row.last_moment), shown_time(row.scheduled), row.id, row.attempt, row.reason]
        )
    return table


def profile_table(service: LookingService, domain: str, execution: Mapping[str, Any], *, most: int | None = None) -> Table:
    """Return simpleflow's ``workflow.profile``: the time of each task, longest first."""
    rows = task_rows(history(service, domain, execution))
    total = sum(row.seconds_run or 0 for row in rows)
    header = ["Task", "Last State", "Scheduled", "Time Scheduled", "Start", "Time Running", "End", "Percentage of total time"]
    table = Table(header)
    for row in sorted(rows, key=lambda row: row.seconds_run or 0, reverse=True)[:most]:
        share = round(100 * (row.seconds_run or 0) / total, 2) if total else None
        table.rows.append(
            [
                row.attempt_id,
                row.state,
                shown_time(row.scheduled)[:16],
                row.seconds_waited,
                shown_time(row.started)[:16],
                row.seconds_run,
                shown_time(row.ended)[:16],
                share,
            ]
        )
    return table


def task_table(
    service: LookingService, domain: str, execution: Mapping[str, Any], task: str, *, with_details: bool = False
) -> Table:
    """Return simpleflow's ``task.info``: the last attempt at a task, or the one that its id names.

    Raises:
        DefinitionError: the execution has no such task.
    """
    row = found_task(service, domain, execution, task)
    columns: list[tuple[str, Any]] = [
        ("type", "activity"),
        ("id", row.attempt_id),
        ("name", row.name),
        ("version", row.version),
        ("state", row.state),
        ("timestamp", shown_time(row.last_moment)),
        ("input", row.input),
        ("result", row.result),
        ("reason", row.reason),
        *([("details", row.details)] if with_details else []),
    ]
    return Table([name for name, _ in columns], [[value for _, value in columns]])


def found_task(service: LookingService, domain: str, execution: Mapping[str, Any], task: str) -> TaskRow:
    """Find the last attempt at a task, or the attempt that the id names.

    Raises:
        DefinitionError: the execution has no such task.
    """
    rows = task_rows(history(service, domain, execution))
    fitting = [row for row in rows if row.attempt_id == task and row.attempt > 1] or [row for row in rows if row.id == task]
    if not fitting:
        raise DefinitionError(f"{execution['workflowId']} has no task {task!r}; workflow.tasks shows which it has")
    return fitting[-1]


def history_table(events: list[HistoryEvent]) -> Table:
    """Return a row for each event: its id, time, type and attributes."""
    table = Table(["ID", "Time", "Type", "Attributes"])
    for event in events:
        attributes: Any = next((value for key, value in event.items() if key.endswith("EventAttributes")), {})
        text = payload.encode(attributes)
        table.rows.append([event["eventId"], shown_time(epoch(event["eventTimestamp"])), event["eventType"], text])
    return table
