"""JSON documents with the contents of the tables, for programs: names in snake_case, ISO 8601 times in UTC, plain values.

Fields are only added within a major version; ``schema`` at the top says which.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .. import payload
from .executions import Info, executions, found_task, history
from .task_rows import TaskRow, epoch, task_rows

SCHEMA = 1  #: of every document and file that we write

Document = dict[str, Any]


def iso_time(moment: Any) -> str | None:
    """Format epoch seconds or a datetime as ``2026-01-31T06:00:00.125000+00:00``; of one length, so that they sort as text."""
    return None if moment is None else datetime.fromtimestamp(epoch(moment), UTC).isoformat(timespec="microseconds")


def document_of(name: str, value: Any) -> Document:
    """Return a document with one named value."""
    return {"schema": SCHEMA, name: value}


def list_document(service: Any, domain: str, *, status: str, started_since_days: int) -> Document:
    """Return the executions of ``workflow.list``, newest first."""
    oldest = max(0, time.time() - started_since_days * 86_400)
    found = executions(service, domain, is_open=status == "open", oldest=oldest)
    return document_of("executions", [execution_document(domain, info) for info in found])


def info_document(service: Any, domain: str, execution: dict[str, str]) -> Document:
    """Return one execution: its type, its input, its status and end, and its execution context."""
    described = service.describe_workflow_execution(domain=domain, execution=execution)
    info = described["executionInfo"]
    events = history(service, domain, execution)
    started = _attributes(events[0])
    end = _attributes(events[-1]) if info["executionStatus"] == "CLOSED" else {}
    notes = payload.decode(described.get("latestExecutionContext")) or {}
    return document_of(
        "execution",
        {
            **execution_document(domain, info),
            "task_list": described["executionConfiguration"]["taskList"]["name"],
            "input": _value(started.get("input")),
            "events": len(events),
            "result": _value(end.get("result")),
            "reason": end.get("reason"),
            "details": _value(end.get("details")),
            "decider": notes if isinstance(notes, dict) else {"context": notes},
        },
    )


def tasks_document(service: Any, domain: str, execution: dict[str, str], *, most: int | None = None) -> Document:
    """Return the attempts at the tasks of an execution, newest first."""
    rows = task_rows(history(service, domain, execution))[::-1][:most]
    return document_of("tasks", [_task(row) for row in rows])


def task_document(service: Any, domain: str, execution: dict[str, str], task: str) -> Document:
    """Return the last attempt at a task, or the one that its id names; DefinitionError if there is none."""
    return document_of("task", _task(found_task(service, domain, execution, task)))


def profile_document(service: Any, domain: str, execution: dict[str, str], *, most: int | None = None) -> Document:
    """Return the attempts at the tasks of an execution, longest first, each with its share of the total time."""
    rows = task_rows(history(service, domain, execution))
    total = sum(row.seconds_run or 0 for row in rows)
    chosen = sorted(rows, key=lambda row: row.seconds_run or 0, reverse=True)[:most]
    shares = [round((row.seconds_run or 0) / total, 4) if total else None for row in chosen]
    return document_of("tasks", [{**_task(row), "share": share} for row, share in zip(chosen, shares, strict=True)])


def history_document(service: Any, domain: str, execution: dict[str, str]) -> Document:
    """Return the events of an execution, oldest first, with SWF's names of attributes."""
    events = [
        {
            "id": event["eventId"],
            "time": iso_time(event["eventTimestamp"]),
            "type": event["eventType"],
            "attributes": _attributes(event),
        }
        for event in history(service, domain, execution)
    ]
    ids = {"workflow_id": execution["workflowId"], "run_id": execution["runId"]}
    return {**document_of("events", events), **ids}


def execution_document(domain: str, info: Info) -> Document:
    """Return one execution as listings have it."""
    closed = info.get("closeTimestamp")
    return {
        "domain": domain,
        "workflow_id": info["execution"]["workflowId"],
        "run_id": info["execution"]["runId"],
        "type": info["workflowType"]["name"],
        "version": info["workflowType"]["version"],
        "status": (info.get("closeStatus") or info["executionStatus"]).lower(),
        "started": iso_time(info["startTimestamp"]),
        "closed": iso_time(closed),
        "tags": info.get("tagList", []),
    }


def _task(row: TaskRow) -> Document:
    return {
        "id": row.id,
        "attempt": row.attempt,
        "activity": row.name,
        "version": row.version,
        "state": row.state,
        "scheduled": iso_time(row.scheduled),
        "started": iso_time(row.started),
        "ended": iso_time(row.ended),
        "seconds_waited": row.seconds_waited,
        "seconds_run": row.seconds_run,
        "input": _value(row.input),
        "result": _value(row.result),
        "reason": row.reason,
        "details": _value(row.details),
    }


def _attributes(event: Mapping[str, Any]) -> Document:
    return next((value for key, value in event.items() if key.endswith("EventAttributes")), {})


def _value(text: str | None) -> Any:
    """Decode a payload; one kept outside the history is replaced by a sentence."""
    value = payload.decode(text, lambda digest: f'"payload {digest[:12]} kept outside the history"') if text else None
    return {key: one for key, one in value.items() if key != "__extra"} if isinstance(value, dict) else value


def json_value(value: Any) -> Any:
    """Convert a user's value to JSON types; a value without a JSON form, such as a date, becomes its text."""
    if isinstance(value, Mapping):
        return {_plain(key): json_value(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(one) for one in value]
    return _plain(value)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
