"""The context of a running activity: its task, its heartbeat, and whether it was cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, KeysView
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .exceptions import ActivityCanceled


@dataclass(kw_only=True)
class ActivityContext:
    """The activity task that this thread or process carries out."""

    domain: str
    workflow_id: str
    run_id: str
    activity_id: str  #: id of this attempt, such as ``activity-pkg.load-1.2``
    name: str  #: type name
    version: str
    task_list: str
    input: Any = None  #: the arguments, ``{"args": [...], "kwargs": {...}}``
    service: Any = None  #: the worker's client of the service; None in a process of its own
    beat: Callable[[str | None], None] | None = None
    cancel_requested: Callable[[], bool] = field(default=lambda: False)
    stop_requested: Callable[[], bool] = field(default=lambda: False)
    give_slot: Callable[[], None] = field(default=lambda: None)
    payloads: Any = None  #: store of texts too long for a history
    process_groups: Any = None  #: records processes that the body starts, so that none survives a crash
    on_cancel: list[Callable[[], None]] = field(default_factory=list)  #: called when the cancellation is requested
    find_last_details: Callable[[], str | None] = field(default=lambda: None)

    @cached_property
    def last_heartbeat_details(self) -> str | None:
        """The last details that former attempts sent with :meth:`heartbeat`, to resume from; None without any.

        Free in the first attempt; a later one reads the execution's history, once.
        """
        return self.find_last_details()

    @property
    def is_stopping(self) -> bool:
        """True once the worker takes no more tasks and waits for this one; always False in a process of its own.

        A body that waits for something else should end then, and be asked again: the worker cannot go before it.
        """
        return self.stop_requested()

    def let_others_work(self) -> None:
        """Let the worker carry out another task of this list from now on, as this one waits for something.

        Without it, bodies that wait for the end of other tasks can take every slot of the list that those tasks need. Further
        calls do nothing; nor does it in a process of its own.
        """
        self.give_slot()

    def described(self) -> dict[str, Any]:
        """Return the task under the keys of simpleflow's contexts."""
        return {
            "name": self.name,
            "version": self.version,
            "workflow_id": self.workflow_id,
            "run_id": self.run_id,
            "activity_id": self.activity_id,
            "input": self.input,
            "domain_name": self.domain,
            "activity_task_list": self.task_list,
        }

    def __getitem__(self, key: str) -> Any:
        """Return what simpleflow's contexts, which are dicts, have under a key; KeyError without it."""
        return self.described()[key]

    def __contains__(self, key: object) -> bool:
        return key in self.described()

    def __iter__(self) -> Iterator[str]:
        return iter(self.described())

    def keys(self) -> KeysView[str]:
        """Return the keys of simpleflow's contexts; ``dict(context)`` makes one."""
        return self.described().keys()

    def get(self, key: str, default: Any = None) -> Any:
        """Return what simpleflow's contexts have under a key, ``default`` without it."""
        return self.described().get(key, default)

    def heartbeat(self, details: str | None = None) -> None:
        """Send a heartbeat; ``details`` (at most 2,048 characters) are kept for the next attempt at this task.

        The worker sends heartbeats by itself; call this to store progress, and to learn of a cancellation. It may be called
        often: details in quick succession are sent together, and a throttled call is no error.

        Raises:
            ActivityCanceled: the workflow cancelled this task, or the task is over on the service.
        """
        if self.beat is not None:
            self.beat(details)
        self.check()

    def check(self) -> None:
        """Raise ActivityCanceled if the cancellation of this task was requested; makes no call."""
        if self.cancel_requested():
            raise ActivityCanceled(f"{self.activity_id}: cancellation requested")


_current: ContextVar[ActivityContext | None] = ContextVar("activity_context", default=None)


def context() -> ActivityContext:
    """Return the context of the activity that runs in this thread.

    Raises:
        RuntimeError: no activity runs here.
    """
    found = _current.get()
    if found is None:
        raise RuntimeError("no activity runs here; context() works inside an activity that a worker carries out")
    return found


def running_context() -> ActivityContext | None:
    """Return the context of the activity that runs in this thread, None without one."""
    return _current.get()


def set_context(value: ActivityContext | None) -> None:
    """Set what :func:`context` returns in this thread; for workers."""
    _current.set(value)
