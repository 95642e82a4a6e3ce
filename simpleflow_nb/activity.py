"""Activities: functions that do the work of a workflow, anywhere and any number of times.

::

    @activity.with_attributes(task_list="quickstart", version="1", retry=2)
    def increment(x):
        return x + 1

The function stays callable as it was. A workflow submits it with ``self.submit(increment, 3)``.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Generic, Literal, ParamSpec, TypeVar

from . import constants
from .activity_context import running_context
from .exceptions import DefinitionError
from .retry import RetryPolicy, retry_policy

P = ParamSpec("P")
T = TypeVar("T")

Isolation = Literal["thread", "process"]
Timeout = int | float | str | None

_registry: dict[str, Activity[Any, Any]] = {}


class Activity(Generic[P, T]):
    """A function and how the service is to treat it.

    Attributes:
        name: type name on the service, ``module.function`` unless given.
        decision_attributes: ``activityType`` and the four timeouts, as a ScheduleActivityTask decision wants them.
        declared_in: the module whose import makes an activity of the function, where workers do not find it by the name alone:
            the function stands in another module or in a class, or the name is one of its own. It travels with the input.
    """

    def __init__(
        self,
        callable: Callable[P, T] | None,
        name: str | None = None,
        version: str | None = None,
        task_list: str | None = None,
        retry: int | RetryPolicy = 0,
        raises_on_failure: bool = True,
        schedule_to_start_timeout: Timeout = None,
        schedule_to_close_timeout: Timeout = None,
        start_to_close_timeout: Timeout = None,
        heartbeat_timeout: Timeout = None,
        task_priority: int | None = None,
        idempotent: bool = False,
        meta: dict[str, Any] | None = None,
        isolation: Isolation = "thread",
    ) -> None:
        if name is None:
            if callable is None:
                raise DefinitionError("an activity without a function needs a name")
            name = f"{callable.__module__}.{getattr(callable, '__qualname__', callable.__class__.__qualname__)}"
        if not 0 < len(name) <= constants.MAX_ID_CHARACTERS or any(c in name for c in ":/|") or name == "arn":
            raise DefinitionError(f"{name!r} cannot be the name of an activity type: 1 to 256 characters without : / |")
        if isolation not in ("thread", "process"):
            raise DefinitionError(f"activity {name}: isolation is {isolation!r}; it is 'thread' or 'process'")
        self.callable, self.name, self.version = callable, name, str(version) if version is not None else "1"
        self.task_list, self.task_priority = task_list, task_priority
        self.retry = retry_policy(retry)
        self.raises_on_failure, self.idempotent, self.meta, self.isolation = raises_on_failure, idempotent, meta, isolation
        self.timeouts = {
            "heartbeatTimeout": _timeout(name, heartbeat_timeout, constants.DEFAULT_HEARTBEAT_SECONDS),
            "scheduleToCloseTimeout": _timeout(name, schedule_to_close_timeout, constants.NEVER),
            "scheduleToStartTimeout": _timeout(name, schedule_to_start_timeout, constants.NEVER),
            "startToCloseTimeout": _timeout(name, start_to_close_timeout, constants.DEFAULT_ACTIVITY_SECONDS),
        }
        self.decision_attributes: dict[str, Any] = {
            "activityType": {"name": self.name, "version": self.version},
            **self.timeouts,
        }
        self.add_context_in_kwargs = bool(getattr(callable, "add_context_in_kwargs", False))
        self.__doc__ = getattr(callable, "__doc__", None)
        self.__name__ = getattr(callable, "__name__", name.rpartition(".")[2])
        self.__module__ = getattr(callable, "__module__", __name__)
        self.declared_in: str | None = None
        if callable is not None:
            _registry[name] = self
            declaring = _declaring_module()
            if declaring not in (name.rpartition(".")[0], "__main__"):  # nobody else can import what is run as a script
                self.declared_in = declaring

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        if self.callable is None:
            raise DefinitionError(f"{self.name} is only declared here; its body runs in a worker")
        return self.callable(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Activity {self.name} version {self.version}>"

    @property
    def context(self) -> dict[str, Any] | None:
        """In the body, while a worker carries it out: which task it is, under simpleflow's keys. None elsewhere.

        New code calls :func:`~simpleflow_nb.activity_context.context`, which can do more.
        """
        here = running_context()
        if here is not None and here.name == self.name:
            return here.described()
        return getattr(self.callable, "context", None)

    def implemented_by(self, body: Callable[P, T]) -> Activity[P, T]:
        """The same activity with its body, for the module that its name points to; usable as a decorator."""
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
        """The same activity with another body, which runs in the worker's thread: for a worker that is given it, and for no
        other."""
        found: Activity[Any, Any] = Activity.__new__(Activity)
        found.__dict__.update(self.__dict__)
        found.callable, found.isolation = body, "thread"
        found.add_context_in_kwargs = bool(getattr(body, "add_context_in_kwargs", False))
        return found

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Run the body as a worker does: a class is built with the arguments and its ``execute()`` called.

        ``post_execute()`` follows when the class has one, as in simpleflow.
        """
        if inspect.isclass(self.callable):
            task: Any = self.callable(*args, **kwargs)
            if not hasattr(task, "context") and hasattr(task, "__dict__") and (here := running_context()) is not None:
                task.context = here.described()
            result = task.execute()
            if hasattr(task, "post_execute"):
                task.post_execute()
            return result
        return self(*args, **kwargs)


def _declaring_module() -> str:
    """The module whose import makes the activity that is being made, however many functions of others it goes through.

    Where no import is under way, it is the module whose code makes it.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    calling = _module_of(frame)
    while frame is not None:
        # set by importlib while it executes a module; code that others execute as one, such as a script, is no import
        if frame.f_code.co_name == "<module>" and getattr(frame.f_globals.get("__spec__"), "_initializing", False):
            return _module_of(frame)
        frame = frame.f_back
    return calling


def _module_of(frame: FrameType | None) -> str:
    return "__main__" if frame is None else str(frame.f_globals.get("__name__", "__main__"))


def _timeout(name: str, value: Timeout, default: int | str) -> str:
    """A timeout as SWF wants it: whole seconds as text, or NONE."""
    if value is None:
        value = default
    if value == constants.NEVER:
        return constants.NEVER
    try:
        seconds = math.ceil(float(value))  # never shorter than asked for; 0.5 is not 0, which would be no timeout at all
    except (TypeError, ValueError, OverflowError):
        seconds = -1
    if seconds < 0 or seconds > 99_999_999:
        raise DefinitionError(f"activity {name}: {value!r} is not a timeout; give seconds (0 to 99999999) or 'NONE'")
    return str(seconds)


def with_attributes(
    name: str | None = None,
    version: str | None = None,
    task_list: str | None = None,
    retry: int | RetryPolicy = 0,
    raises_on_failure: bool = True,
    schedule_to_start_timeout: Timeout = None,
    schedule_to_close_timeout: Timeout = None,
    start_to_close_timeout: Timeout = None,
    heartbeat_timeout: Timeout = None,
    task_priority: int | None = None,
    idempotent: bool = False,
    meta: dict[str, Any] | None = None,
    isolation: Isolation = "thread",
) -> Callable[[Callable[P, T]], Activity[P, T]]:
    """Make an activity of a function, or of a class with an ``execute()`` method.

    Args:
        name: type name; ``module.function`` when not given, and then any worker finds it by importing the module.
        version: of the type; a changed version is a new type on the service.
        task_list: where workers look for it; the workflow's when not given.
        retry: further tries after a failure, each at once; or a :class:`~simpleflow_nb.retry.RetryPolicy`.
        raises_on_failure: whether the workflow raises :class:`~simpleflow_nb.exceptions.TaskFailed` at its next wait.
        schedule_to_start_timeout, schedule_to_close_timeout: seconds, none by default.
        start_to_close_timeout: seconds for one attempt, 300 by default.
        heartbeat_timeout: seconds without a sign of life of the worker, 120 by default; workers beat by themselves.
        task_priority: higher first, within a task list.
        idempotent: calls with the same arguments are one task.
        meta: travels with the input, for middlewares.
        isolation: ``"process"`` runs each call in a process of its own, which is really ended on cancel and timeout.

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
    """The activity of that type name whose module this process has imported."""
    return _registry.get(name)


def all_registered() -> list[Activity[Any, Any]]:
    """Every activity with a body that this process has imported."""
    return list(_registry.values())
