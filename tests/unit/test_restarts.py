"""``workflow.restart``: an execution as it was, under another run id."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.application.executions.restarts import restart_execution
from simpleflow_nb.application.places import Place
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.payload_directory import PayloadDirectory

KIND = {"name": "sums", "version": "1"}
SETTINGS = {
    "taskList": {"name": "decisions"},
    "taskPriority": "3",
    "tagList": ["a=1", "b"],
    "childPolicy": "ABANDON",
    "executionStartToCloseTimeout": "3600",
    "taskStartToCloseTimeout": "60",
    "input": '{"__extra":{"class":"pkg.Sums"},"args":[1],"kwargs":{}}',
}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    service = LocalService(poll_seconds=0)
    service.register_workflow_type(domain=DOMAIN, **KIND)
    yield Place(service, DOMAIN, PayloadDirectory(tmp_path))
    service.close()


def begun(place: Place) -> dict[str, str]:
    started = place.service.start_workflow_execution(domain=DOMAIN, workflowId="sum", workflowType=KIND, **SETTINGS)
    return {"workflowId": "sum", "runId": started["runId"]}


def attributes(place: Place, execution: dict[str, str], number: int) -> dict[str, Any]:
    event = place.service.get_workflow_execution_history(domain=DOMAIN, execution=execution)["events"][number]
    found: dict[str, Any] = next(value for key, value in event.items() if key.endswith("EventAttributes"))
    return found


def test_an_open_execution_is_terminated_and_started_with_all_its_settings(place: Place) -> None:
    before = begun(place)
    again = restart_execution(place, before)
    assert again["workflowId"] == "sum"
    assert again["runId"] != before["runId"]
    assert attributes(place, before, -1)["reason"] == "workflow.restart"
    started = attributes(place, again, 0)
    assert {key: started[key] for key in SETTINGS} == SETTINGS
    assert started["workflowType"] == KIND


def test_a_closed_execution_is_started_again(place: Place) -> None:
    before = begun(place)
    place.service.terminate_workflow_execution(domain=DOMAIN, workflowId="sum", reason="enough")
    again = restart_execution(place, before)
    assert attributes(place, before, -1)["reason"] == "enough"
    assert attributes(place, again, 0)["input"] == SETTINGS["input"]


def test_an_execution_of_this_machine_is_restarted_otherwise(place: Place, tmp_path: Path) -> None:
    here = Place(place.service, DOMAIN, place.payloads, tmp_path / "journal.sqlite3")
    with pytest.raises(DefinitionError) as refused:
        restart_execution(here, begun(place))
    assert str(refused.value) == "runs on this machine are restarted with workflow.start --local --new; give --domain"
