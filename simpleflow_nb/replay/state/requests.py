"""Calls of the workflow's code to the engine: tasks, timers, markers, patches, random numbers, lines of its log."""

from __future__ import annotations

import random
import sys
from types import FrameType
from typing import Any

from ...exceptions import DefinitionError
from ...futures import QUEUED, Future
from ...names import activity_id, priority
from ..calls import commands
from ..calls.arguments import FUTURES, taken
from ..calls.commands import ActivityTask
from .attempts import Attempts
from .tasks import source_frame

_WORKFLOW_FILE = f"{__file__.rpartition('replay')[0]}workflow.py"


class Requests(Attempts):
    """The tasks of an execution, with the calls of its code that begin them, and those that need no task."""

    __slots__ = ()

    def submit_activity(
        self,
        task: ActivityTask,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        depth: int = 2,
        raises: bool | None = None,
    ) -> Future[Any]:
        """Schedule an activity as soon as its arguments are available. Its id is reserved now, unless they decide it.

        ``raises`` overrides the activity's own ``raises_on_failure``.

        Raises:
            DefinitionError: the priority or the id that the caller gives cannot be one, or the run has a task of that id.
        """
        if self.dead:
            self.block(())
        level = priority(kwargs.pop("__priority"), f"__priority of {task.name}") if kwargs and "__priority" in kwargs else ...
        given_id = kwargs.pop("__activity_id") if kwargs and "__activity_id" in kwargs else None
        args, kwargs, found = taken(args, kwargs, task.name)
        name = task.name
        is_named = task.idempotent or task.is_named_by_arguments
        if given_id is not None:
            future = self._given_name(given_id, task)
        elif is_named:
            future = Future(self, "ScheduleActivityTask", "", name, task)
        else:
            n = self.counters[name] = self.counters.get(name, 0) + 1
            id = commands.activity_id(name, n)
            future = Future(self, "ScheduleActivityTask", id, name, task)
            if self.tasks.setdefault(id, future) is not future:
                raise DefinitionError(f"a timer of this run is named {id!r}, as the next task of {name}; give it another name")
        if raises is None and (raises := task.raises_on_failure) is None:
            raises = self.activities_raise
        future.raises, future.strand = raises, None if self.current is self.main else self.current
        future.priority, future.args = level, args
        if kwargs:
            future.kwargs = kwargs
        frame: FrameType = sys._getframe(depth)
        if frame.f_code.co_filename == _WORKFLOW_FILE:  # Workflow.map and the like
            frame = source_frame(frame)
        future.code, future.lasti = frame.f_code, frame.f_lasti
        if found & FUTURES:
            self._hold(future)
        elif is_named:
            self._identify(future)
        elif self.ready or self.open >= self.open_limit:
            self.ready.append(future)
        else:
            self.open += 1
            future.stage = QUEUED
            self.queue.append(future)
        return future

    def _given_name(self, given: Any, task: ActivityTask) -> Future[Any]:
        id = activity_id(given, f"__activity_id of {task.name}")
        if task.idempotent or task.is_named_by_arguments:
            raise DefinitionError(f"{task.name} has its id from its arguments; submit it without __activity_id")
        future: Future[Any] = Future(self, "ScheduleActivityTask", id, task.name, task)
        if self.tasks.setdefault(id, future) is not future:
            raise DefinitionError(f"{id!r} is the id of a task or timer of this run; give this task of {task.name} another one")
        return future

    def start_timer(
        self, seconds: int, timer_id: str | None = None, control: str | None = None, depth: int = 2
    ) -> Future[None]:
        """Start a timer, or return the one with that id."""
        if self.dead:
            self.block(())
        if timer_id is None:
            while timer_id is None or timer_id in self.tasks:  # a user may have named a timer timer-2
                n = self.counters["timer"] = self.counters.get("timer", 0) + 1
                timer_id = f"timer-{n}"
        elif timer_id in self.tasks:
            known = self.tasks[timer_id]
            if known.type != "StartTimer":
                raise DefinitionError(f"{timer_id!r} cannot name a timer: it is the id of a task of this run")
            return known
        future = self._timer(timer_id, seconds, control)
        frame = sys._getframe(depth)
        future.code, future.lasti = frame.f_code, frame.f_lasti
        self.queue.append(future)
        return future

    def record_marker(self, name: str, details: str | None) -> None:
        attributes = {"markerName": name} if details is None else {"markerName": name, "details": details}
        self._decide("RecordMarker", name, attributes)

    def patched(self, id: str) -> bool:
        """Return whether this run takes the new path of the change ``id``; the first answer holds for the whole run."""
        if self.dead:
            self.block(())
        known = self.patches.get(id)
        if known is None:
            if self.batch_patches is None:
                known = True
                self.new_patches.append(id)
            else:
                known = id in self.batch_patches
            self.patches[id] = known
        return known

    def deprecate_patch(self, id: str) -> None:
        """Declare that every open run took the new path of the change ``id``; accepts its marker and records none."""
        if self.dead:
            self.block(())
        self.patches.setdefault(id, True)

    def draw(self) -> random.Random:
        """Return a random stream that draws the same numbers at every replay."""
        if self.asked is not None:
            self.refuse_to_change()
        if self.random_stream is None:
            self.random_stream = random.Random(self.run_id)
        return self.random_stream

    def log(self, message: str) -> None:
        if not self.dead or self.asked is not None:  # else it is code that is being unwound
            self.note(message)

    def note(self, message: str) -> None:
        """Log a line of the engine's own, also when the code has been unwound."""
        self.log_lines.append(message)
        if not self.replaying and self.on_log is not None:
            self.on_log(message)
