"""The types that a decider needs in its domain: registered before a decision would fail for their lack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .. import activity as activities
from ..environment import value_of
from ..exceptions import DefinitionError
from ..replay.protocol.decisions import Decision, StartChildWorkflowExecution
from ..service_faults import ALREADY_REGISTERED, fault_code, is_refused, refusal
from ..swf_service import SwfService
from ..variables import WORKFLOW_DEFAULT_DECISION_TASK_TIMEOUT, WORKFLOW_DEFAULT_EXECUTION_TIME
from ..workflow import Workflow

_ACTIVITY_TIMEOUTS = ("heartbeatTimeout", "scheduleToCloseTimeout", "scheduleToStartTimeout", "startToCloseTimeout")


class RegisteredTypes:
    """The types that are known to be registered in a domain. Each is registered with its defaults."""

    def __init__(self, service: SwfService, domain: str) -> None:
        self.service, self.domain = service, domain
        self._activities: set[tuple[str, str]] = set()
        self._workflows: set[tuple[str, str]] = set()

    def register_all(self, workflows: Iterable[type[Workflow]], task_list: str) -> None:
        """Register workflows, and all activities that this process knows.

        Args:
            task_list: of the workflows that have none.

        Raises:
            DefinitionError: the service refuses one, for its name or a timeout for example, or a version is not a text.
        """
        for cls in workflows:
            if not isinstance(cls.version, str):
                raise DefinitionError(f"{cls.class_path()}: version is {cls.version!r}; write a text, {str(cls.version)!r}")
            with _refused_as(f"workflow type {cls.type_name()!r} (version {cls.version!r})"):
                self._register(
                    self.service.register_workflow_type,
                    name=cls.type_name(),
                    version=cls.version,
                    defaultTaskList={"name": cls.task_list or task_list},
                    defaultChildPolicy=cls.child_policy,
                    defaultTaskStartToCloseTimeout=str(cls.decision_tasks_timeout or _decision_seconds()),
                    defaultExecutionStartToCloseTimeout=str(cls.execution_timeout or _execution_seconds()),
                )
        for known in activities.all_registered():
            with _refused_as(f"activity type {known.name!r} (version {known.version!r})"):
                self._register_activity(known.decision_attributes)

    def register_for(self, decision: Decision) -> None:
        """Register the type of the task or the child that a decision asks for, if this process has not yet.

        A child gets the timeouts that its class does not say.
        """
        if decision["decisionType"] == "ScheduleActivityTask":
            attributes = decision["scheduleActivityTaskDecisionAttributes"]
            kind = attributes["activityType"]
            if (kind["name"], kind["version"]) not in self._activities:
                self._register_activity(attributes)
        elif decision["decisionType"] == "StartChildWorkflowExecution":
            self._register_child(decision["startChildWorkflowExecutionDecisionAttributes"])

    def _register_activity(self, attributes: Mapping[str, Any]) -> None:
        kind = attributes["activityType"]
        defaults = {_default_name(name): attributes[name] for name in _ACTIVITY_TIMEOUTS if name in attributes}
        self._register(self.service.register_activity_type, name=kind["name"], version=kind["version"], **defaults)
        self._activities.add((kind["name"], kind["version"]))

    def _register_child(self, attributes: StartChildWorkflowExecution) -> None:
        give_timeouts(attributes)
        kind = attributes["workflowType"]
        if (kind["name"], kind["version"]) in self._workflows:
            return
        self._register(
            self.service.register_workflow_type,
            name=kind["name"],
            version=kind["version"],
            defaultTaskList=attributes["taskList"],
            defaultChildPolicy=attributes["childPolicy"],
            defaultTaskStartToCloseTimeout=attributes["taskStartToCloseTimeout"],
            defaultExecutionStartToCloseTimeout=attributes["executionStartToCloseTimeout"],
        )
        self._workflows.add((kind["name"], kind["version"]))

    def _register(self, call: Callable[..., Any], **body: Any) -> None:
        try:
            call(domain=self.domain, **body)
        except Exception as error:
            if fault_code(error) not in ALREADY_REGISTERED:
                raise


def give_timeouts(attributes: StartChildWorkflowExecution) -> None:
    """Give a child that is to be started the timeouts that its class does not say: those of the variables."""
    attributes.setdefault("executionStartToCloseTimeout", _execution_seconds())
    attributes.setdefault("taskStartToCloseTimeout", _decision_seconds())


@contextmanager
def _refused_as(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if not is_refused(error):
            raise
        raise refusal(what, error) from error


def _default_name(timeout: str) -> str:
    """Return ``defaultTaskHeartbeatTimeout`` for ``heartbeatTimeout``."""
    return f"defaultTask{timeout[0].upper()}{timeout[1:]}"


def _execution_seconds() -> str:
    return value_of(WORKFLOW_DEFAULT_EXECUTION_TIME)


def _decision_seconds() -> str:
    return value_of(WORKFLOW_DEFAULT_DECISION_TASK_TIMEOUT)
