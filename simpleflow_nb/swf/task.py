"""Tasks under the names that simpleflow has for them on SWF.

simpleflow makes these of the tasks of its module ``task``; here there is one kind, which :mod:`simpleflow_nb.task` has. What a
hook or a future tells of is an instance of both.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import Any, TypeVar

from .. import task
from ..task import ActivityTask, CancelTimerTask, MarkerTask, NonPythonicActivityTask, TimerTask
from .mapper.models.domain import Domain
from .mapper.models.workflow import WorkflowType

__all__ = [
    "ActivityTask",
    "CancelTimerTask",
    "ContinueAsNewWorkflowTask",
    "MarkerTask",
    "NonPythonicActivityTask",
    "SignalTask",
    "SwfTask",
    "TimerTask",
    "WorkflowTask",
]


T = TypeVar("T")


class SwfTask(ABC):  # noqa: B024
    """Any task: every class of this module is a subclass of it."""


class WorkflowTask(task.WorkflowTask[T], ABC):
    """A workflow class with its arguments, to be run as a child execution; any ``task.WorkflowTask`` is an instance."""

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        return issubclass(other, task.WorkflowTask) if cls is WorkflowTask else NotImplemented

    @classmethod
    def get_workflow_type(cls, domain: Domain, name: str, version: str) -> WorkflowType:
        """Return a workflow type as an object of a domain; nobody is asked whether it is registered."""
        return WorkflowType(domain, name, version, service=domain.service, region=domain.region)


class ContinueAsNewWorkflowTask(WorkflowTask[T], task.ContinueAsNewWorkflowTask[T]):
    """A new start of the workflow with a fresh history; any ``task.ContinueAsNewWorkflowTask`` is an instance."""

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        return issubclass(other, task.ContinueAsNewWorkflowTask) if cls is ContinueAsNewWorkflowTask else NotImplemented


class SignalTask(task.SignalTask, ABC):
    """A signal to an execution, with simpleflow's order of arguments; any ``task.SignalTask`` is an instance."""

    def __init__(
        self,
        name: str,
        workflow_id: str | None,
        run_id: str | None,
        control: Any = None,
        extra_input: Mapping[str, Any] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            name, *args, workflow_id=workflow_id, run_id=run_id, control=control, extra_input=extra_input, **kwargs
        )

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        return issubclass(other, task.SignalTask) if cls is SignalTask else NotImplemented


for _kind in (ActivityTask, CancelTimerTask, MarkerTask, TimerTask, task.SignalTask, task.WorkflowTask):
    SwfTask.register(_kind)
