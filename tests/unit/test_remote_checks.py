"""Waiting for the runs of one check on a service whose lists lag behind what it has started and closed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deciders.activities import DECISIONS
from deciders.values.run_state import RunState
from deciders.workflow_types import application_workflows
from simpleflow_nb import payload
from simpleflow_nb.application.events import CheckEnded, Event, Look, RemoteRunEnded, Started
from simpleflow_nb.application.following import paused
from simpleflow_nb.application.outcomes import Outcome
from simpleflow_nb.application.places import Place
from simpleflow_nb.application.runners import remote_checks
from simpleflow_nb.constants import NOTEBOOK_TYPE
from simpleflow_nb.exceptions import ServiceError
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.processes.payload_directory import PayloadDirectory
from tests.unit.workflow_files import load, notebook, one

RUN = "w-1"


class LaggingService:
    """A local service that leaves the hidden runs out of its lists."""

    def __init__(self, service: LocalService) -> None:
        self._service = service
        self.hidden: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)

    def list_open_workflow_executions(self, **arguments: Any) -> Any:
        return self._listed(self._service.list_open_workflow_executions(**arguments))

    def list_closed_workflow_executions(self, **arguments: Any) -> Any:
        return self._listed(self._service.list_closed_workflow_executions(**arguments))

    def _listed(self, page: Any) -> Any:
        return {
            **page,
            "executionInfos": [one for one in page["executionInfos"] if one["execution"]["runId"] not in self.hidden],
        }


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LaggingService]:
    monkeypatch.setattr(remote_checks, "paused", lambda: paused(0.1))
    with closing(LocalService.open(tmp_path / "journal.sqlite3", poll_seconds=0)) as found:
        Decider(found, DOMAIN, DECISIONS, application_workflows()).register_types()
        yield LaggingService(found)


def check(service: LaggingService, folder: Path) -> Generator[Event, None, Outcome]:
    """One check, up to where its sensor is started."""
    place = Place(service, DOMAIN, PayloadDirectory(folder / "payloads"))
    (folder / "other.ipynb").write_text(notebook(None), encoding="utf-8")
    loaded = load(folder, one(folder))
    call = remote_checks.look_for_dates_there(place, [loaded], folder / "out", once=True, adopt=False)
    for event in call:
        if isinstance(event, Started):
            return call
    raise AssertionError("no sensor was started")


def start(service: LaggingService) -> str:
    found: str = service.start_workflow_execution(
        domain=DOMAIN, workflowId=RUN, workflowType={"name": NOTEBOOK_TYPE, "version": "1"}, input="{}"
    )["runId"]
    return found


def decide(service: LaggingService, kind: str, **attributes: str) -> None:
    """Close the execution whose decision task waits."""
    task = service.poll_for_decision_task(domain=DOMAIN, taskList={"name": DECISIONS})
    decision = {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": attributes}
    service.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[decision])


def end_check(service: LaggingService) -> None:
    found = {"started": [RUN], "not_due": 0, "held_back": 0, "warnings": [], "retry_seconds": None}
    decide(service, "CompleteWorkflowExecution", result=payload.encode(found))


def test_a_run_that_is_not_listed_yet_is_waited_for_and_a_former_one_of_its_id_is_no_end(
    service: LaggingService, tmp_path: Path
) -> None:
    start(service)
    decide(service, "FailWorkflowExecution", reason="a failed: of a former time")
    call = check(service, tmp_path)
    end_check(service)
    run_id = start(service)
    service.hidden.add(run_id)
    events = [next(call) for _ in range(4)]
    assert not [event for event in events if isinstance(event, RemoteRunEnded | CheckEnded)]
    result = {"state": "succeeded", "light": "green", "artefacts": {"report:a": "/out/a.pdf"}}
    decide(service, "CompleteWorkflowExecution", result=payload.encode(result))
    assert next(call) == Look()
    service.hidden.clear()
    [ended] = [event.run for event in call if isinstance(event, RemoteRunEnded)]
    assert (ended.run_id, ended.state, ended.reports) == (run_id, RunState.SUCCEEDED, ("/out/a.pdf",))


def test_a_run_that_the_service_never_lists_is_said_to_be_missing(
    service: LaggingService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_checks, "_MOST_LOOKS", 2)
    call = check(service, tmp_path)
    end_check(service)
    with pytest.raises(ServiceError) as refusal:
        list(call)
    assert str(refusal.value) == f"{RUN} was started in domain {DOMAIN}, which lists it neither as open nor as closed"
