"""Updates of a run: requests that are checked here, sent as signals, and answered by markers of its history."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...exceptions import DefinitionError, UpdateUnanswered
from ...inspection.documents import Document, document_of
from ...masking import refuse_secrets
from ...processes.followed_request import FollowedRequest
from ...processes.payload_directory import kept
from ...processes.workflow_classes import WorkflowNotFound
from ...queries import Query
from ...updates import request_of, signal_of
from ..places import Place
from ..services import Service
from ..states.run_states import status_word
from .execution_requests import signal_execution
from .followed_requests import follow
from .run_moments import RunMoment, found_run, observed

ANSWER_SECONDS = 60.0  #: for which an answer is waited for, if nobody says otherwise


@dataclass(frozen=True)
class RunUpdate:
    """A request of an update, and its answer."""

    update: str  #: name
    id: str
    workflow_id: str
    run_id: str
    event: int | None = None  #: id of the event that has the answer; None if it was not waited for
    answer: Any = None  #: a JSON value
    takes_effect_now: bool = True  #: else when the next process takes the journal

    @property
    def is_answered(self) -> bool:
        return self.event is not None

    def to_dict(self) -> Document:
        return document_of(
            "update",
            {
                "name": self.update,
                "id": self.id,
                "workflow_id": self.workflow_id,
                "run_id": self.run_id,
                "event": self.event,
                "answer": self.answer,
                "takes_effect_now": self.takes_effect_now,
            },
        )


@dataclass(frozen=True)
class RunUpdates:
    """The updates of the class of a run."""

    workflow: str  #: dotted path of the class
    updates: tuple[Query, ...]  #: by name

    def to_dict(self) -> Document:
        rows = [{"name": one.name, "signature": one.signature, "summary": one.summary or None} for one in self.updates]
        return document_of("updates", rows)


def updates_in(place: Place, execution: dict[str, str], *, workflow: str | None = None) -> RunUpdates:
    """Return the updates that a run answers. Nothing is replayed; the errors are those of `query_run`."""
    with observed(place, execution, workflow) as run:
        return RunUpdates(run.workflow_class.class_path(), tuple(run.updates.values()))


def send(
    place: Place,
    execution: dict[str, str],
    update: str,
    arguments: dict[str, Any] | None = None,
    *,
    id: str | None = None,
    workflow: str | None = None,
    is_checked: bool = True,
) -> RunUpdate:
    """Request an update of an open run, without its answer.

    Args:
        arguments: ``{"args": [...], "kwargs": {...}}``, each only when there is one.
        id: of the request, which is carried out once however often it is sent; None is a new one. One that has arrived before
            is neither checked nor sent again.
        workflow: dotted path of the run's class; None is the one named in its input.
        is_checked: the run is replayed here first, to see that it has the update, that it takes these arguments and that its
            validator agrees; that needs the run's code.

    Raises:
        DefinitionError: the run has ended, there is no such update, it does not take these arguments, the id is none, or a
            known secret stands in the arguments.
        UpdateRefused: the validator refuses it.
        WorkflowNotFound: the class cannot be imported here, or is of another version than the run.
        ReplayError: the code does not match the history, or a payload cannot be read.
        ServiceError: the service cannot be reached, or the journal cannot be read.
    """
    args, kwargs = (arguments or {}).get("args", []), (arguments or {}).get("kwargs", {})
    refuse_secrets([args, kwargs])
    if id is not None and (known := _arrived(place, execution, id)) is not None:
        return known
    if is_checked:
        _check(place, execution, update, args, kwargs, workflow)
    id = id or uuid.uuid4().hex
    text = request_of(id, args, kwargs, lambda long: kept(long, place.payloads))
    asked = signal_execution(place, execution, signal_of(update), text, is_awaited=True)
    return RunUpdate(update, id, asked.workflow_id, asked.run_id, takes_effect_now=asked.takes_effect_now)


def _arrived(place: Place, execution: dict[str, str], id: str) -> RunUpdate | None:
    request = FollowedRequest(id)
    for _ in follow(place, execution, request, 0):
        pass
    return RunUpdate(request.update, id, execution["workflowId"], execution["runId"]) if request.update is not None else None


def _check(
    place: Place, execution: dict[str, str], update: str, args: list[Any], kwargs: dict[str, Any], workflow: str | None
) -> None:
    try:
        with observed(place, execution, workflow) as run:
            moment = RunMoment.of(run)
            if not moment.is_open:
                raise DefinitionError(f"{run.workflow_id} has ended already ({status_word(moment.status.upper())})")
            run.check_update(update, args, kwargs)
    except WorkflowNotFound as error:
        raise WorkflowNotFound(f"{error}; or send the request without a check, with --unchecked") from error


def answered(
    place: Place, execution: dict[str, str], id: str, *, timeout_seconds: float = ANSWER_SECONDS, sent: RunUpdate | None = None
) -> RunUpdate:
    """Return the answer to a request, and wait for it while the run is open.

    Args:
        timeout_seconds: 0 looks once.
        sent: the request, if it was made just now; else it has arrived before.

    Raises:
        DefinitionError: no such request has arrived at this run.
        UpdateRefused, UpdateFailed: so says its answer.
        UpdateUnanswered: the run has ended without an answer, or there is none yet; it may still come then.
        PayloadError: the answer is kept outside the history, and cannot be read here.
        ServiceError: the service cannot be reached, or the journal cannot be read.
    """
    request = FollowedRequest(id, update=sent.update if sent is not None else None)
    waits = timeout_seconds if sent is None or sent.takes_effect_now else 0
    for _ in follow(place, execution, request, waits):
        if request.update is None:
            break
    if request.update is None:
        raise DefinitionError(f"no update with the id {id!r} has arrived at {execution['workflowId']}")
    return _outcome(place, execution, request, waits, sent)


def _outcome(
    place: Place, execution: dict[str, str], request: FollowedRequest, seconds: float, sent: RunUpdate | None
) -> RunUpdate:
    id, run, update = request.id, execution["workflowId"], request.update
    assert update is not None
    if request.is_over:
        answer = request.result(run, place.payloads.load)
        return RunUpdate(update, id, run, execution["runId"], request.answered, answer)
    why = _why_open(run, update, request, seconds, sent)
    raise UpdateUnanswered(f"{why}; the answer: workflow.update {run} --run-id {execution['runId']} --id {id}", id)


def _why_open(run: str, update: str, request: FollowedRequest, seconds: float, sent: RunUpdate | None) -> str:
    if sent is not None and not sent.takes_effect_now:
        return f"update {update!r} of {run} waits for the next process that takes the journal: nobody owns it now"
    progress = request.observation
    if progress.parked is not None:
        state = f"it is parked ({progress.parked}), and may still carry it out"
    elif not request.arrived:
        state = "the request has not arrived yet, and may still be carried out"
    elif progress.seen < request.arrived:
        state = "no decider has seen the request yet, and it may still be carried out"
    else:
        state = "it is under way"
    return f"{run} has not answered update {update!r}{f' within {seconds:g} s' if seconds else ''}: {state}"


def update_run(
    service: Service,
    run: str,
    update: str | None,
    arguments: dict[str, Any] | None = None,
    *,
    timeout_seconds: float = ANSWER_SECONDS,
    id: str | None = None,
    run_id: str | None = None,
    workflow: str | None = None,
    is_checked: bool = True,
    outputs: Path | str = "",
) -> RunUpdate:
    """Request an update of a run of `Local` or `Swf`, named as on the command line, and return its answer.

    See `send` and `answered`, whose errors it has.

    Args:
        update: its name; None asks again for the answer to the request with this ``id``.
        timeout_seconds: how long the answer is waited for; 0 sends the request and returns without.
        outputs: the folder of the journal, for `Local` without a ``db``; the working directory by default.
    """
    if update is None and id is None:
        raise DefinitionError("give the name of an update, or the id of a request")
    with found_run(service, run, run_id, outputs) as (place, execution):
        if update is None:
            assert id is not None
            return answered(place, execution, id, timeout_seconds=timeout_seconds)
        sent = send(place, execution, update, arguments, id=id, workflow=workflow, is_checked=is_checked)
        if not timeout_seconds:
            return sent
        return answered(place, execution, sent.id, timeout_seconds=timeout_seconds, sent=sent)
