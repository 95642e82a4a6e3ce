"""The workflow types of the notebook application: their names, and every version of each that may stand in a history."""

from __future__ import annotations

import heapq
import importlib
from collections.abc import Iterator, Mapping

from simpleflow_nb import Workflow
from simpleflow_nb.inspection.executions import Info, executions
from simpleflow_nb.inspection.task_rows import epoch
from simpleflow_nb.swf_service import LookingService

NOTEBOOK = "notebook_workflow"
SENSOR = "sensor_workflow"
BACKFILL = "backfill_workflow"

#: By type name, then version: where the class is, which is imported only by those who decide. The last version of a type is
#: the one that new executions have; the class of a former one stays, unchanged, as long as executions of it may be open.
CLASSES: Mapping[str, Mapping[str, str]] = {
    NOTEBOOK: {"1": "deciders.notebook_workflow.NotebookWorkflow"},
    SENSOR: {"1": "deciders.sensor_workflow.SensorWorkflow"},
    BACKFILL: {"1": "deciders.backfill_workflow.BackfillWorkflow"},
}


def application_workflows(*names: str) -> list[type[Workflow]]:
    """The classes of these types in all their versions, for a decider; of all types when none is named."""
    return [class_of_type(name, version) for name in names or CLASSES for version in CLASSES[name]]


def class_of_type(name: str, version: str) -> type[Workflow]:
    """The class that decides executions of a type.

    Raises:
        KeyError: the application has no such version of it.
    """
    module, _, attribute = CLASSES[name][version].rpartition(".")
    found: type[Workflow] = getattr(importlib.import_module(module), attribute)
    return found


def executions_of_type(service: LookingService, domain: str, name: str, *, is_open: bool, oldest: float = 0) -> Iterator[Info]:
    """Every WorkflowExecutionInfo of a type, whatever its version; newest first.

    Each version is asked for by itself, as not every server of SWF's calls takes a type filter without one; nor does every
    server look at what the filter says, so each answer is looked at here too.
    """

    def listed(version: str) -> Iterator[Info]:
        kind = {"name": name, "version": version}
        for info in executions(service, domain, is_open=is_open, oldest=oldest, typeFilter=kind):
            if info["workflowType"] == kind:
                yield info

    return heapq.merge(*map(listed, CLASSES[name]), key=lambda info: epoch(info["startTimestamp"]), reverse=True)
