"""What a running activity may know and do: which task it is, its heartbeat, whether it is to end."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .exceptions import ActivityCanceled


@dataclass(kw_only=True)
class ActivityContext:
    """The activity task that this thread or process works on."""

    domain: str
    workflow_id: str
    run_id: str
    activity_id: str  #: id of this attempt, such as ``activity-pkg.load-1.2``
    name: str  #: type name
    version: str
    task_list: str
    input: Any = None  #: the arguments, ``{"args": [...], "kwargs": {...}}``
    service: Any = None  #: the SWF-shaped client of this worker; None in a process of its own
    beat: Callable[[str | None], None] | None = None
    cancel_requested: Callable[[], bool] = field(default=lambda: False)
    payloads: Any = None  #: where texts too long for a history are kept
    process_groups: Any = None  #: where processes that the body starts are noted, so that none survives a crash
    on_cancel: list[Callable[[], None]] = field(default_factory=list)  #: called when the end of the task is asked for
    find_last_details: Callable[[], str | None] = field(default=lambda: None)

    @cached_property
    def last_heartbeat_details(self) -> str | None:
        """What former attempts at this task said last with :meth:`heartbeat`, to go on from there; None when they said nothing.

        The first attempt costs nothing; a later one reads the execution's history, once.
        """
        return self.find_last_details()

    def described(self) -> dict[str, Any]:
        """The task under the keys of simpleflow's contexts."""
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

    def heartbeat(self, details: str | None = None) -> None:
        """Say that work goes on; ``details`` (at most 2,048 characters) are kept for a next attempt at this task.

        The worker beats by itself; call this to store progress, and to be told of a cancellation. It may be called often:
        details that come quickly after each other are sent together, and a service that is busy does no harm.

        Raises:
            ActivityCanceled: the workflow asked for the end of this task, or the task is over on the service.
        """
        if self.beat is not None:
            self.beat(details)
        self.check()

    def check(self) -> None:
        """Raise ActivityCanceled if the end of this task was asked for; costs nothing and calls nobody."""
        if self.cancel_requested():
            raise ActivityCanceled(f"{self.activity_id}: cancellation requested")


_current: ContextVar[ActivityContext | None] = ContextVar("activity_context", default=None)


def context() -> ActivityContext:
    """The context of the activity that runs in this thread.

    Raises:
        RuntimeError: no activity runs here.
    """
    found = _current.get()
    if found is None:
        raise RuntimeError("no activity runs here; context() works inside an activity that a worker carries out")
    return found


def running_context() -> ActivityContext | None:
    """The context of the activity that runs in this thread, None when none does."""
    return _current.get()


def set_context(value: ActivityContext | None) -> None:
    """For workers: what :func:`context` returns from now on in this thread."""
    _current.set(value)
