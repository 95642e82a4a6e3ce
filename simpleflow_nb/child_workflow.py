"""Workflow classes as the engine needs them, to start child executions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import names
from .exceptions import DefinitionError
from .replay import Execution
from .retry import RetryPolicy, retry_policy
from .workflow_type import WorkflowType, execution_input


class ChildWorkflow:
    """A workflow class that a run submits, with the settings of the child executions.

    Args:
        parent: the run that submits it; its tags are inherited, if the class says so.
        task_list: of the child's decision tasks, None for the class's own.
        raises_on_failure: None for what the class says.
        class_path: by which deciders find the class; None for its own.
    """

    meta: dict[str, Any] | None = None
    declared_in: str | None = None
    is_plain = False

    def __init__(
        self,
        workflow: type[WorkflowType],
        parent: Execution,
        task_list: str | None = None,
        raises_on_failure: bool | None = None,
        class_path: str | None = None,
    ) -> None:
        self.workflow, self.parent, self.task_list = workflow, parent, task_list
        self.name, self.version = workflow.type_name(), str(workflow.version)
        self.retry: RetryPolicy = retry_policy(workflow.retry)
        self.class_path = class_path
        self.raises_on_failure = workflow.raises_on_failure if raises_on_failure is None else raises_on_failure
        self.idempotent = workflow.idempotent
        self.is_named_by_arguments = hasattr(workflow, "get_workflow_id")

    def workflow_id(self, args: list[Any], kwargs: dict[str, Any]) -> str | None:
        """Return what ``get_workflow_id`` of the class says, called as in simpleflow: with the class, then the arguments.

        None, or an empty text, leaves the id to the run.

        https://docs.aws.amazon.com/amazonswf/latest/apireference/API_StartChildWorkflowExecutionDecisionAttributes.html

        Raises:
            DefinitionError: it is not a text that can name an execution.
        """
        name = self._asked("get_workflow_id", args, kwargs)
        if name is None or name == "":
            return None
        return names.strict_name(name, f"{self.workflow.class_path()}.get_workflow_id()")

    def attributes(self, args: list[Any], kwargs: dict[str, Any]) -> Mapping[str, Any]:
        """Return the attributes of the decision that starts a child, but for its id, its input and timeouts that it has not.

        https://docs.aws.amazon.com/amazonswf/latest/apireference/API_StartChildWorkflowExecutionDecisionAttributes.html

        Raises:
            DefinitionError: a setting of the class, or what one of its methods returns, is wrong.
        """
        cls = self.workflow
        path = cls.class_path()
        found: dict[str, Any] = {
            "workflowType": {
                "name": names.strict_name(self.name, f"the type name of {path}"),
                "version": names.version(self.version, f"{path}.version"),
            },
            "childPolicy": names.child_policy(cls.child_policy, f"{path}.child_policy"),
        }
        if cls.execution_timeout:
            found["executionStartToCloseTimeout"] = names.run_seconds(cls.execution_timeout, f"{path}.execution_timeout")
        if cls.decision_tasks_timeout:
            found["taskStartToCloseTimeout"] = names.decision_seconds(
                cls.decision_tasks_timeout, f"{path}.decision_tasks_timeout"
            )
        task_list = self.task_list
        if task_list is None:
            task_list = self._asked("get_task_list", args, kwargs) if hasattr(cls, "get_task_list") else cls.task_list
        if task_list:
            found["taskList"] = {"name": names.strict_name(task_list, f"the task list of {path}")}
        if isinstance(cls.task_priority, int):
            found["taskPriority"] = str(names.priority(cls.task_priority, f"{path}.task_priority"))
        tags = self._tags(args, kwargs)
        if tags:
            found["tagList"] = tags
        return found

    def input(self, args: list[Any], kwargs: dict[str, Any]) -> str:
        return execution_input(self.workflow, {"args": args, "kwargs": kwargs}, self.class_path)

    def _tags(self, args: list[Any], kwargs: dict[str, Any]) -> list[str]:
        cls = self.workflow
        where = f"{cls.class_path()}.tag_list"
        given: Any = cls.tag_list
        if hasattr(cls, "get_tag_list"):
            where, given = f"{cls.class_path()}.get_tag_list()", self._asked("get_tag_list", args, kwargs)
        if given == cls.INHERIT_TAG_LIST:
            return list(self.parent.started_attributes.get("tagList", []))
        return names.tags(given, where)

    def _asked(self, method: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        where = f"{self.workflow.class_path()}.{method}()"
        try:
            return getattr(self.workflow, method)(self.workflow, *args, **kwargs)
        except BaseException as error:  # SystemExit too: user code must not end the decider
            if self.parent.may_interrupt(error):
                raise
            raise DefinitionError(f"{where} raised {type(error).__name__}: {error}") from error
