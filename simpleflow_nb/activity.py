"""Activities: functions that do the work of a workflow, on any worker and any number of times.

::

    @activity.with_attributes(task_list="quickstart", version="1", retry=2)
    def increment(x):
        return x + 1

The function stays callable. A workflow submits it with ``self.submit(increment, 3)``.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Generic, Literal, ParamSpec, Protocol, TypeVar

from . import constants, names, payload
from .activity_code import are_different, place_of
from .activity_context import running_context
from .activity_defaults import default_task_list, default_timeouts, default_version
from .exceptions import DefinitionError
from .retry import RetryPolicy, retry_policy

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Isolation = Literal["thread", "process"]
Timeout = int | float | str | None


class NotSet:
    """Stands for a value that was not given, where None has a meaning of its own."""


PRIORITY_NOT_SET = NotSet  #: as ``task_priority``: that of the workflow

_registry: dict[str, Activity[Any, Any]] = {}


class Activity(Generic[P, T]):
    """A function with the settings of its activity type.

    Attributes:
        name: type name on the service, ``module.function`` unless given.
        decision_attributes: ``activityType`` and the four timeouts, in the form of a ScheduleActivityTask decision.
        declared_in: the module whose import registers the activity, if workers do not find it by its name: its function is in
            another module or in a class, or it has a name of its own. It is sent with the input.
        result_as: makes the result that workflows get of the JSON that the history holds; None leaves it as it is. It is called
            at every replay, and has to return the same. As an argument of a task the result is what its JSON form is.
    """

    def __init__(
        self,
        callable: Callable[P, T] | None,
        name: str | None = None,
        version: str | None = None,
        task_list: str | None = None,
        retry: int | RetryPolicy = 0,
        raises_on_failure: bool | None = None,
        start_to_close_timeout: Timeout = None,
        schedule_to_close_timeout: Timeout = None,
        schedule_to_start_timeout: Timeout = None,
        heartbeat_timeout: Timeout = None,
        task_priority: int | type[NotSet] | None = PRIORITY_NOT_SET,
        idempotent: bool = False,
        meta: dict[str, Any] | None = None,
        isolation: Isolation = "thread",
        result_as: Callable[[Any], T] | None = None,
    ) -> None:
        other: Activity[P, T] | None = callable if isinstance(callable, Activity) else None
        if other is not None:
            callable, name = other.callable, name or other.name
        _check_body(callable)
        if name is None:
            if callable is None:
                raise DefinitionError("an activity without a function needs a name")
            name = f"{callable.__module__}.{getattr(callable, '__qualname__', callable.__class__.__qualname__)}"
        if not names.is_strict(name):
            raise DefinitionError(f"{name!r:.300} cannot be the name of an activity type: {names.NO_NAME}")
        if isolation not in ("thread", "process"):
            raise DefinitionError(f"activity {name}: isolation is {isolation!r}; it is 'thread' or 'process'")
        self.callable: Callable[P, T] | None = callable
        self.name: str = name
        self.version = str(version) if version is not None else default_version()
        self.task_list = task_list if task_list is not None else default_task_list()
        if self.task_list:
            names.strict_name(self.task_list, f"activity {name}: task_list")
        names.version(self.version, f"activity {name}: version")
        self.task_priority = names.priority(task_priority, f"activity {name}: task_priority")
        self.retry = retry_policy(retry)
        _check_meta(meta, name)
        self.raises_on_failure, self.idempotent, self.meta, self.isolation = raises_on_failure, idempotent, meta, isolation
        self.result_as: Callable[[Any], T] | None = result_as or (other.result_as if other is not None else None)
        given = {
            "heartbeatTimeout": heartbeat_timeout,
            "scheduleToCloseTimeout": schedule_to_close_timeout,
            "scheduleToStartTimeout": schedule_to_start_timeout,
            "startToCloseTimeout": start_to_close_timeout,
        }
        self.timeouts = {key: _timeout(name, given[key], default) for key, default in default_timeouts().items()}
        self.decision_attributes: dict[str, Any] = {
            "activityType": {"name": self.name, "version": self.version},
            **self.timeouts,
        }
        self.add_context_in_kwargs = bool(getattr(callable, "add_context_in_kwargs", False))
        self.is_named_by_arguments = hasattr(callable, "get_task_id")
        self.__doc__ = getattr(callable, "__doc__", None)
        self.__name__ = getattr(callable, "__name__", name.rpartition(".")[2])
        self.__module__ = getattr(callable, "__module__", __name__)
        self.declared_in: str | None = None
        self.is_plain = False
        if other is not None and name == other.name:
            self.declared_in = other.declared_in  # workers have the other one, and know no more of this than its tasks say
        elif callable is not None:
            _registry[name] = self
            declaring = _declaring_module()
            if declaring not in (name.rpartition(".")[0], "__main__"):  # a script cannot be imported by others
                self.declared_in = declaring

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self.callable is None:
            raise DefinitionError(f"{self.name} is only declared here; its body runs in a worker")
        return self.callable(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Activity {self.name} version {self.version}>"

    @property
    def context(self) -> dict[str, Any] | None:
        """The task, under simpleflow's keys, in a body that a worker runs; None elsewhere.

        New code calls :func:`~simpleflow_nb.activity_context.context`, which can do more.
        """
        here = running_context()
        if here is not None and here.name == self.name:
            return here.described()
        return getattr(self.callable, "context", None)

    def implemented_by(self, body: Callable[P, T]) -> Activity[P, T]:
        """Return the activity with its body, for the module in its name; usable as a decorator."""
        expected = self.name.rpartition(".")
        if (body.__module__, body.__name__) != (expected[0], expected[2]):
            raise DefinitionError(
                f"the body of {self.name} stands in {body.__module__}.{body.__name__}; workers look for it by name"
            )
        whole: Activity[P, T] = Activity.__new__(Activity)
        whole.__dict__.update(self.__dict__)
        whole.callable, whole.__doc__ = body, body.__doc__
        _registry[self.name] = whole
        return whole

    def with_body(self, body: Callable[..., Any]) -> Activity[Any, Any]:
        """Return the activity with another body, which runs in the worker's thread, for a worker that gets it explicitly."""
        found: Activity[Any, Any] = Activity.__new__(Activity)
        found.__dict__.update(self.__dict__)
        found.callable, found.isolation = body, "thread"
        found.add_context_in_kwargs = bool(getattr(body, "add_context_in_kwargs", False))
        return found

    def id_suffix(self, workflow: Any, args: list[Any], kwargs: dict[str, Any]) -> str:
        """Return the end of a task's id, as ``get_task_id`` of the function or class decides it.

        It is called as in simpleflow, with the workflow and the arguments. Tasks with equal ids are one.

        Raises:
            DefinitionError: there is none, it raises, or what it returns cannot be in an id.
        """
        where = f"{self.name}.get_task_id()"
        try:
            suffix = str(self.callable.get_task_id(workflow, *args, **kwargs))  # type: ignore[union-attr]  # of user code
        except Exception as error:
            raise DefinitionError(f"{where} raised {type(error).__name__}: {error}") from error
        if not names.is_strict(f"-{suffix[: constants.MAX_ID_CHARACTERS - 1]}") or not suffix:
            raise DefinitionError(
                f"{where} is {suffix!r:.80}; it has to be a text, no ':', '/', '|', controls or blank at its end"
            )
        return suffix

    def with_plain_input(self) -> Activity[Any, Any]:
        """Return the activity with the arguments alone as its input, for workers in other languages."""
        found: Activity[Any, Any] = Activity.__new__(Activity)
        found.__dict__.update(self.__dict__)
        found.is_plain = True
        return found

    def with_recorded_result(self) -> Activity[Any, Any]:
        """Return the activity with results as the history holds them, for a workflow that passes them on."""
        found: Activity[Any, Any] = Activity.__new__(Activity)
        found.__dict__.update(self.__dict__)
        found.result_as = None
        return found

    def execute(self, /, *args: Any, **kwargs: Any) -> Any:
        """Run the body as a worker does: a class is instantiated with the arguments and its ``execute()`` called.

        Its ``post_execute()`` follows if there is one, as in simpleflow. Coroutines are run to their end.
        """
        if inspect.isclass(self.callable):
            task: Any = self.callable(*args, **kwargs)
            if not hasattr(task, "context") and hasattr(task, "__dict__") and (here := running_context()) is not None:
                task.context = here.described()
            result = _completed(task.execute())
            if hasattr(task, "post_execute"):
                task.post_execute()
            return result
        return _completed(self(*args, **kwargs))


def _completed(result: Any) -> Any:
    if not inspect.iscoroutine(result):
        return result
    from .coroutine_body import completed  # asyncio, which few activities need

    return completed(result)


def _check_body(body: Any) -> None:
    """Refuse what no worker could run, where it is declared."""
    if body is None or isinstance(body, Activity):
        return
    name = getattr(body, "__qualname__", repr(body))
    if not callable(body):
        raise DefinitionError(f"{name:.80} cannot be an activity; decorate a function, or a class with execute()")
    if inspect.isclass(body) and not callable(getattr(body, "execute", None)):
        raise DefinitionError(f"{name} has no execute(); a class that is an activity has one, which does the work")
    run: Any = getattr(body, "execute", None) if inspect.isclass(body) else body
    if inspect.isasyncgenfunction(run):
        raise DefinitionError(f"{name} cannot be an activity, it is an asynchronous generator; return what it yields as a list")


def _check_meta(meta: Any, name: str) -> None:
    if meta is None:
        return
    if not isinstance(meta, dict):
        raise DefinitionError(f"activity {name}: meta is {meta!r:.80}; it is a mapping")
    try:
        payload.encoded(meta, "meta")
    except (TypeError, ValueError, RecursionError) as error:
        raise DefinitionError(f"activity {name}: {error}") from None


class Executes(Protocol[T_co]):
    """A class that is an activity: type checkers take it for the class itself, whatever its decorator returns."""

    def execute(self) -> T_co: ...


AnyActivity = Activity[..., T] | type[Executes[T]]  #: for annotations


def _declaring_module() -> str:
    """Return the module being imported that creates the activity, even through functions of other modules.

    Without an import under way, return the module of the calling code.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    calling = _module_of(frame)
    while frame is not None:
        # set by importlib while it executes a module; a script, executed otherwise, is no import
        if frame.f_code.co_name == "<module>" and getattr(frame.f_globals.get("__spec__"), "_initializing", False):
            return _module_of(frame)
        frame = frame.f_back
    return calling


def _module_of(frame: FrameType | None) -> str:
    return "__main__" if frame is None else str(frame.f_globals.get("__name__", "__main__"))


def _timeout(name: str, value: Timeout, default: str) -> str:
    """Format a timeout for SWF: whole seconds as text, or NONE."""
    if value is None:
        value = default
    if value == constants.NEVER:
        return constants.NEVER
    try:
        seconds = math.ceil(float(value))  # rounded up, as 0 would mean no timeout
    except (TypeError, ValueError, OverflowError):
        seconds = -1
    if seconds < 0 or seconds > 99_999_999:
        raise DefinitionError(f"activity {name}: {value!r} is not a timeout; give seconds (0 to 99999999) or 'NONE'")
    return str(seconds)


def with_attributes(
    name: str | None = None,
    version: str | None = None,
    task_list: str | None = None,
    task_priority: int | type[NotSet] | None = PRIORITY_NOT_SET,
    retry: int | RetryPolicy = 0,
    raises_on_failure: bool | None = None,
    start_to_close_timeout: Timeout = None,
    schedule_to_close_timeout: Timeout = None,
    schedule_to_start_timeout: Timeout = None,
    heartbeat_timeout: Timeout = None,
    idempotent: bool = False,
    meta: dict[str, Any] | None = None,
    isolation: Isolation = "thread",
) -> Callable[[Callable[P, T]], Activity[P, T]]:
    """Make an activity of a function, plain or ``async``, or of a class with an ``execute()`` method.

    Of an activity it makes the same one with these settings, such as another task list; ``isolation`` is that of the other.

    Args:
        name: type name. By default ``module.function``, which any worker finds by importing the module.
        version: of the type; another version is another type on the service. ``1`` by default.
        task_list: polled by its workers; the workflow's by default.
        retry: number of immediate retries after a failure; or a :class:`~simpleflow_nb.retry.RetryPolicy`.
        raises_on_failure: whether the workflow raises :class:`~simpleflow_nb.exceptions.TaskFailed` at its next wait; with
            False, ``result`` is None and ``exception`` tells. None, the default, leaves it to ``Workflow.activities_raise``,
            which is True.
        schedule_to_start_timeout, schedule_to_close_timeout: seconds, none by default.
        start_to_close_timeout: seconds for one attempt, 300 by default.
        heartbeat_timeout: seconds without a heartbeat, 120 by default; workers send heartbeats by themselves.
        task_priority: higher ones come first within a task list; the workflow's by default, None for none.
        idempotent: calls with the same arguments are one task.
        meta: sent with the input, for middlewares.
        isolation: ``"process"`` runs each call in a process of its own, which is killed on cancel and timeout.

    The environment, or the module that ``SIMPLEFLOW_SETTINGS_MODULE`` names, may say other defaults of the version, the task
    list and the timeouts; they are read when the activity is made.

    Raises:
        DefinitionError: a name or a timeout that the service would refuse.
    """

    def decorate(function: Callable[P, T]) -> Activity[P, T]:
        return Activity(
            function,
            name=name,
            version=version,
            task_list=task_list,
            retry=retry,
            raises_on_failure=raises_on_failure,
            schedule_to_start_timeout=schedule_to_start_timeout,
            schedule_to_close_timeout=schedule_to_close_timeout,
            start_to_close_timeout=start_to_close_timeout,
            heartbeat_timeout=heartbeat_timeout,
            task_priority=task_priority,
            idempotent=idempotent,
            meta=meta,
            isolation=isolation,
        )

    return decorate


def registered(name: str) -> Activity[Any, Any] | None:
    """Return the activity with a type name, None if this process has not imported its module."""
    return _registry.get(name)


def check_body(activity: Activity[Any, Any]) -> None:
    """Refuse an activity whose name another one has taken: workers find bodies by name, and would run that of the other.

    So it is with two lambdas of one module, and with the functions that one factory makes.

    Raises:
        DefinitionError: there is another one.
    """
    known = _registry.get(activity.name)
    if known is None or known is activity or not are_different(activity.callable, known.callable):
        return
    raise DefinitionError(
        f"{activity.name} is the name of two activities, {place_of(activity.callable)} and {place_of(known.callable)}, "
        "and workers run the second; give each a name of its own: with_attributes(name=...)"
    )


def all_registered() -> list[Activity[Any, Any]]:
    """Return the activities with a body that this process has imported."""
    return list(_registry.values())
