"""Runs that are left to the sensor of a file: to one that will take them, and to no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from deciders.sensor_workflow import SensorWorkflow
from simpleflow_nb import payload
from simpleflow_nb.application.states.sensors import ask_running_sensor, sensor_id
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.workflow import execution_input


@pytest.mark.parametrize(
    ("schedule", "once", "takes_them"),
    [
        ("0 6 * * *", False, True),
        ("0 6 * * *", True, False),  # it makes one check, and a signal to it would be lost
        (None, False, False),
    ],
)
def test_only_a_sensor_that_stays_is_asked(schedule: str | None, once: bool, takes_them: bool, tmp_path: Path) -> None:
    journal, file = tmp_path / "journal.sqlite3", tmp_path / "workflows.yml"
    specification = {"path": str(file), "sensor": {"schedule": schedule, "timezone": "UTC"}}
    arguments = {"specification": specification, "outputs": str(tmp_path), "once": once}
    service = LocalService.open(journal)
    try:
        service.register_workflow_type(domain=DOMAIN, name=SensorWorkflow.type_name(), version=SensorWorkflow.version)
        service.start_workflow_execution(
            domain=DOMAIN,
            workflowId=sensor_id(file),
            workflowType={"name": SensorWorkflow.type_name(), "version": SensorWorkflow.version},
            taskList={"name": "deciders"},
            taskStartToCloseTimeout="60",
            executionStartToCloseTimeout="3600",
            childPolicy="TERMINATE",
            input=execution_input(SensorWorkflow, {"kwargs": arguments}),
        )
        assert ask_running_sensor(journal, file, "start", payload.decode("{}", lambda digest: "null")) is takes_them
    finally:
        service.close()
