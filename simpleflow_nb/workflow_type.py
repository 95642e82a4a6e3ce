"""The type of a workflow: the settings of its class, with which its executions are registered and started."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from . import names, payload
from .constants import DEFAULT_VERSION, MAX_OPEN_ACTIVITY_COUNT
from .exceptions import DefinitionError
from .retry import RetryPolicy

T_co = TypeVar("T_co", covariant=True)


class Runs(Protocol[T_co]):
    """A workflow, to type checkers: what its ``run`` returns."""

    def run(self, *args: Any, **kwargs: Any) -> T_co: ...


class WorkflowType:
    """The settings of a workflow class.

    Attributes:
        name: type name on the service; ``module.Class`` when None.
        version: of the type.
        task_list: of its decision tasks, and of activities that name none.
        task_priority: of its decision tasks; higher first.
        tag_list: of its executions, or :attr:`INHERIT_TAG_LIST`.
        child_policy: TERMINATE, REQUEST_CANCEL or ABANDON: the fate of its open children when it is terminated or times out.
        execution_timeout, decision_tasks_timeout: seconds; the starter's defaults when None.
        max_open_activity_count: the decider holds back activities beyond it.
        retry: of a child execution that fails or times out: a number of immediate retries, or a policy.
        raises_on_failure: whether the parent raises the failure of a child at its next wait.
        idempotent: a run starts one child for equal arguments, however often it submits it.
        propagate_signals_to_parent: pass signals on to the parent that are sent with ``propagate``.
        takes_names: whether a mapping as the input of a command is the keyword arguments of ``run``; else it has ``args`` and
            ``kwargs``.
        activities_raise: whether the failure of an activity is raised that does not say so itself; simpleflow's way is False.
    """

    INHERIT_TAG_LIST = "INHERIT_TAG_LIST"  #: as ``tag_list`` of a child: the tags of its parent

    name: str | None = None
    version: str = DEFAULT_VERSION
    task_list: str | None = None
    task_priority: Any = None
    tag_list: list[str] | str | None = None
    child_policy: str = "TERMINATE"
    execution_timeout: int | None = None
    decision_tasks_timeout: int | None = None
    max_open_activity_count: int = MAX_OPEN_ACTIVITY_COUNT
    retry: int | RetryPolicy = 0
    raises_on_failure: bool = True
    idempotent: bool = False
    propagate_signals_to_parent: bool = True
    takes_names: bool = False
    activities_raise: bool = True

    @classmethod
    def tags(cls, arguments: dict[str, Any]) -> list[str]:
        """Return the default tags of a run with these arguments: from ``get_tag_list``, else ``tag_list``.

        ``get_tag_list`` is called as in simpleflow: with the class, then with the arguments of ``run``.

        Raises:
            DefinitionError: neither is a list of texts that the service takes.
        """
        where, given = f"{cls.class_path()}.tag_list", cls.tag_list
        chosen = getattr(cls, "get_tag_list", None)
        if chosen is not None:
            where = f"{cls.class_path()}.get_tag_list()"
            try:
                given = chosen(cls, *arguments.get("args", ()), **arguments.get("kwargs", {}))
            except Exception as error:
                raise DefinitionError(f"{where} raised {type(error).__name__}: {error}") from error
        return [] if given == cls.INHERIT_TAG_LIST else names.tags(given, where)

    @classmethod
    def type_name(cls) -> str:
        """Return the name of the type on the service.

        Raises:
            DefinitionError: ``name`` of the class is no text.
        """
        if cls.name is not None and not isinstance(cls.name, str):
            raise DefinitionError(f"{cls.class_path()}.name is {cls.name!r:.80}; write a text")
        return cls.name or cls.class_path()

    @classmethod
    def class_path(cls) -> str:
        """Return the dotted path of the class, which is ``__extra.class`` in the input of its executions."""
        return f"{cls.__module__}.{cls.__qualname__}"


def execution_input(cls: type[WorkflowType], arguments: dict[str, Any], class_path: str | None = None) -> str:
    """Encode the input of an execution: the arguments, and the path of the class for deciders, its own by default."""
    extra = {"class": class_path or cls.class_path()}
    return payload.encoded({**arguments, "__extra": extra}, f"the input of {cls.type_name()}")
