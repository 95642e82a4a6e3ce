"""The workflow types of the notebook application, and every version of each that a history may contain."""

from __future__ import annotations

import heapq
import importlib
from collections.abc import Iterator, Mapping

from simpleflow_nb import Workflow
from simpleflow_nb.constants import BACKFILL_TYPE, ITEMS_TYPE, NOTEBOOK_TYPE, SCENARIOS_TYPE, SENSOR_TYPE
from simpleflow_nb.inspection.executions import Info, executions
from simpleflow_nb.inspection.task_rows import epoch
from simpleflow_nb.swf_service import LookingService

#: The path of the class by type name and version; only deciders import it. The last version of a type is
#: that of new executions; the class of a former version stays, unchanged, as long as executions of it may be open.
CLASSES: Mapping[str, Mapping[str, str]] = {
    NOTEBOOK_TYPE: {
        "1": "deciders.notebook_workflow_1.NotebookWorkflow",
        "2": "deciders.notebook_workflow.NotebookWorkflow",
    },
    SENSOR_TYPE: {"1": "deciders.sensor_workflow.SensorWorkflow"},
    BACKFILL_TYPE: {"1": "deciders.backfill_workflow.BackfillWorkflow"},
    ITEMS_TYPE: {"1": "deciders.items_workflow.ItemsWorkflow"},
    SCENARIOS_TYPE: {"1": "deciders.scenarios_workflow.ScenariosWorkflow"},
}


def application_workflows(*names: str) -> list[type[Workflow]]:
    """Import the classes of these types in all their versions, for a decider; of all types if none is named."""
    return [class_of_type(name, version) for name in names or CLASSES for version in CLASSES[name]]


def class_of_type(name: str, version: str) -> type[Workflow]:
    """Import the class that decides executions of a type.

    Raises:
        KeyError: the application has no such version of it.
    """
    module, _, attribute = CLASSES[name][version].rpartition(".")
    found: type[Workflow] = getattr(importlib.import_module(module), attribute)
    return found


def executions_of_type(service: LookingService, domain: str, name: str, *, is_open: bool, oldest: float = 0) -> Iterator[Info]:
    """Yield every WorkflowExecutionInfo of a type, whatever its version; newest first.

    Each version is listed separately, as not every server of SWF's API accepts a type filter without a version; nor does every
    server apply the filter, so that each answer is filtered here, too.
    """

    def listed(version: str) -> Iterator[Info]:
        kind = {"name": name, "version": version}
        for info in executions(service, domain, is_open=is_open, oldest=oldest, typeFilter=kind):
            if info["workflowType"] == kind:
                yield info

    return heapq.merge(*map(listed, CLASSES[name]), key=lambda info: epoch(info["startTimestamp"]), reverse=True)
