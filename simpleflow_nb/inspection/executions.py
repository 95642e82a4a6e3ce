"""Executions as tables: list, info, tasks, profile, history. ``service`` is anything with boto3's SWF calls."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import payload
from ..exceptions import DefinitionError
from ..swf_service import ExecutionInfo, LookingService
from .tables import Table
from .task_rows import epoch, shown_time, task_rows

if TYPE_CHECKING:
    from ..replay.events import HistoryEvent

Info = ExecutionInfo


def executions(service: LookingService, domain: str, *, is_open: bool, oldest: float = 0, **filters: Any) -> Iterator[Info]:
    """Every WorkflowExecutionInfo that the filters select, newest first."""
    call = service.list_open_workflow_executions if is_open else service.list_closed_workflow_executions
    request: dict[str, Any] = {"domain": domain, "startTimeFilter": {"oldestDate": oldest}, **filters}
    while True:
        page = call(**request)
        yield from page["executionInfos"]
        if not page.get("nextPageToken"):
            return
        request["nextPageToken"] = page["nextPageToken"]


def found_execution(service: LookingService, domain: str, run: str, run_id: str | None = None) -> dict[str, str]:
    """The execution that RUN means: a workflow id, its unique beginning, or ``NAME/DATE`` of a notebook run.

    Open executions win over closed ones, newer ones over older ones.

    Raises:
        DefinitionError: there is none, or the beginning fits several; one sentence.
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
        refuse_gone(service, domain, run, run_id)
        what = f"workflow {run!r} with run id {run_id!r}" if run_id else f"workflow {run!r}"
        raise DefinitionError(f"{what} is not known here; workflow.list shows which are")
    execution: Mapping[str, Any] = by_id[0]["execution"]
    return {"workflowId": execution["workflowId"], "runId": execution["runId"]}


def refuse_gone(service: LookingService, domain: str, run: str, run_id: str | None) -> None:
    """
    Raises:
        DefinitionError: the execution was known here, or several that ``run`` may mean.
    """
    if (look := getattr(service, "gone_executions", None)) is None:
        return  # SWF's own: after its retention period it knows nothing of an execution
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
    """What an execution was started with, by name. Reads its first event alone; see `arguments_in`."""
    execution = {key: execution[key] for key in ("workflowId", "runId")}
    if (look := getattr(service, "events", None)) is not None:  # a local one, which reads no more of a journal than that
        return arguments_in(look(execution["workflowId"], execution["runId"], most=1), load)
    page = service.get_workflow_execution_history(domain=domain, execution=execution, maximumPageSize=1)
    return arguments_in(page["events"], load)


def arguments_in(events: Sequence[Mapping[str, Any]], load: payload.Load) -> dict[str, Any]:
    """What the execution of these events was started with, by name; empty where that is nothing.

    Raises:
        PayloadError: its input cannot be read.
    """
    text = events[0]["workflowExecutionStartedEventAttributes"].get("input")
    body = payload.decode(text, load) if text else None
    given = body.get("kwargs") if isinstance(body, dict) else None
    return given if isinstance(given, dict) else {}


def history(service: LookingService, domain: str, execution: Mapping[str, Any]) -> list[HistoryEvent]:
    """Every event of an execution, oldest first."""
    events: list[HistoryEvent] = []
    request: dict[str, Any] = {"domain": domain, "execution": execution}
    while True:
        page = service.get_workflow_execution_history(**request)
        events += page["events"]
        if not page.get("nextPageToken"):
            return events
        request["nextPageToken"] = page["nextPageToken"]


def list_table(service: LookingService, domain: str, *, status: str, started_since_days: int) -> Table:
    """simpleflow's ``workflow.list``."""
    oldest = max(0, time.time() - started_since_days * 86_400)
    table = Table(["Workflow ID", "Workflow Type", "Status"])
    for info in executions(service, domain, is_open=status == "open", oldest=oldest):
        shown = info.get("closeStatus") or info["executionStatus"]
        table.rows.append([info["execution"]["workflowId"], info["workflowType"]["name"], shown])
    return table


def info_table(service: LookingService, domain: str, execution: Mapping[str, Any]) -> Table:
    """simpleflow's ``workflow.info``, with the status, the end and the decider's notes behind."""
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
    """By name, and how many more there are."""
    names: list[str] = notes.get("waiting_signals", [])
    return [*names, f"{more} more"] if (more := notes.get("more_waiting_signals")) else names


def tasks_table(service: LookingService, domain: str, execution: Mapping[str, Any], *, most: int | None = None) -> Table:
    """simpleflow's ``workflow.tasks``, newest first, with the task's id and attempt behind."""
    table = Table(["Tasks", "Last State", "Last State Time", "Scheduled Time", "ID", "Attempt", "Reason"])
    for row in task_rows(history(service, domain, execution))[::-1][:most]:
        table.rows.append(
            [row.name, row.state, shown_time(row.last_moment), shown_time(row.scheduled), row.id, row.attempt, row.reason]
        )
    return table


def profile_table(service: LookingService, domain: str, execution: Mapping[str, Any], *, most: int | None = None) -> Table:
    """simpleflow's ``workflow.profile``: where the time went, longest first."""
    rows = task_rows(history(service, domain, execution))
    total = sum(row.seconds_run or 0 for row in rows)
    header = ["Task", "Last State", "Scheduled", "Time Scheduled", "Start", "Time Running", "End", "Percentage of total time"]
    table = Table(header)
    for row in sorted(rows, key=lambda row: row.seconds_run or 0, reverse=True)[:most]:
        name = row.id if row.attempt == 1 else f"{row.id}.{row.attempt}"
        share = 100 * (row.seconds_run or 0) / total if total else None
        table.rows.append(
            [
                name,
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


def history_table(events: list[HistoryEvent]) -> Table:
    """One row an event: its id, time, type and what it says."""
    table = Table(["ID", "Time", "Type", "Attributes"])
    for event in events:
        attributes: Any = next((value for key, value in event.items() if key.endswith("EventAttributes")), {})
        text = payload.encode(attributes)
        table.rows.append([event["eventId"], shown_time(epoch(event["eventTimestamp"])), event["eventType"], text])
    return table
