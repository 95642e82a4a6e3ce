"""Replays of recorded histories, to test a change of a workflow's code before it is deployed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from ..exceptions import DefinitionError, PayloadMissing
from ..inspection.task_rows import epoch
from ..processes.observed_run import ObservedRun
from ..processes.payload_directory import PayloadDirectory
from ..replay.protocol.events import HistoryEvent
from ..workflow import Workflow
from .workflows import check_class


def replay_workflow(
    workflow: type[Workflow],
    history: Sequence[Mapping[str, Any]] | Path | str,
    *,
    run: tuple[str, str] | None = None,
    payloads: Path | str | None = None,
) -> None:
    """Replay the history of a run with a workflow's code, and check that the code makes the same decisions.

    Nothing is carried out. An open run is replayed up to its last decision, a closed one to its end.

    Args:
        history: a file that ``workflow.history RUN --json`` has made; or the events, as :meth:`Harness.history` or boto3's
            ``get_workflow_execution_history`` give them, all pages together.
        run: the workflow id and the run id, as :meth:`Harness.start` returns them; the ids of children depend on them. A file
            has them itself.
        payloads: folder of the payloads that are too long for a history; needed for a run that has some.

    Raises:
        NonDeterminismError: the code makes other decisions than the history has; it names the event and the line of code.
        WorkflowNotFound: the history is one of another type or version.
        PayloadError: a payload that the code reads is not there.
        HistoryError: this version does not know an event.
        DefinitionError: ``history`` is not that of a run, or has no decision yet; or it consists of events without ``run``.
    """
    check_class(workflow)
    if isinstance(history, (str, Path)):
        (workflow_id, run_id), events = _read(Path(history))
    elif run is None:
        raise DefinitionError("whose events these are is not in them; give run=(workflow id, run id)")
    else:
        (workflow_id, run_id), events = run, [_with_seconds(event) for event in history]
    if not events or events[0]["eventId"] != 1:
        raise DefinitionError("the history does not begin with its first event")
    load = PayloadDirectory(Path(payloads)).load if payloads is not None else _missing
    with ObservedRun(workflow_id, run_id, events, load, workflow) as observed:
        if not observed.observation.seen:
            raise DefinitionError("the history has no decision yet, so there is nothing to replay")
        observed.replay()


def _read(path: Path) -> tuple[tuple[str, str], list[HistoryEvent]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return (found["workflow_id"], found["run_id"]), [_event(one) for one in found["events"]]
    except (ValueError, KeyError, TypeError) as error:
        raise DefinitionError(f"{path} is not a history: it is made by workflow.history --json") from error


def _event(told: Any) -> HistoryEvent:
    """Return an event as services give it, from a document of the command line."""
    kind: str = told["type"]
    event: dict[str, Any] = {
        "eventId": told["id"],
        "eventType": kind,
        "eventTimestamp": datetime.fromisoformat(told["time"]).timestamp(),
        f"{kind[0].lower()}{kind[1:]}EventAttributes": told["attributes"],
    }
    return cast(HistoryEvent, event)


def _with_seconds(event: Mapping[str, Any]) -> HistoryEvent:
    return cast(HistoryEvent, {**event, "eventTimestamp": epoch(event["eventTimestamp"])})


def _missing(digest: str) -> str:
    raise PayloadMissing(f"payload {digest[:12]} is kept outside the history; give the folder of payloads: payloads=")
