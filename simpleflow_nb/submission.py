"""The submission of each thing that a workflow may submit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from . import names, payload, task
from .activity import Activity, check_body
from .base import Submittable
from .child_workflow import ChildWorkflow
from .constants import MAX_TIMEOUT_SECONDS
from .exceptions import DefinitionError, RunEnded
from .futures import Future
from .marker import Marker
from .replay import Execution
from .replay.calls.arguments import waited_for
from .signal import WaitForSignal
from .workflow_type import WorkflowType, execution_input

#: Settings of a run that one continued as new keeps.
_KEPT = ("executionStartToCloseTimeout", "taskStartToCloseTimeout", "taskList", "taskPriority", "childPolicy", "tagList")


class Submission:
    """Submits tasks of one run.

    Args:
        workflow: the class of the run.
    """

    def __init__(self, workflow: type[WorkflowType], executor: Execution) -> None:
        self.workflow, self.executor = workflow, executor
        self.markers: dict[tuple[str, str | None], Future[Any]] = {}

    def submitted(self, wanted: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future[Any]:
        """Submit anything but a container of several tasks.

        Raises:
            DefinitionError: it cannot be submitted.
            RunEnded: it ends the run: a continuation as new.
        """
        if self.executor.dead:
            self.executor.block(())
        if isinstance(wanted, Activity):
            check_body(wanted)
            return self.executor.submit_activity(wanted, args, kwargs, depth=3)
        if isinstance(wanted, type) and issubclass(wanted, WorkflowType):
            return self.executor.submit_child(ChildWorkflow(wanted, self.executor), args, kwargs, depth=3)
        if not isinstance(wanted, Submittable):
            raise not_submittable(wanted)
        for kind, submit in _KINDS.items():
            if isinstance(wanted, kind):
                if args or kwargs:
                    raise DefinitionError(f"{type(wanted).__name__} has its arguments already; submit it without any")
                return submit(self, wanted)
        raise not_submittable(wanted)

    def _activity(self, wanted: task.ActivityTask[Any]) -> Future[Any]:
        activity = wanted.activity
        check_body(activity)
        if isinstance(wanted, task.NonPythonicActivityTask):
            activity = activity.with_plain_input()
        return self.executor.submit_activity(
            activity, wanted.args, dict(wanted.kwargs), depth=4, raises=wanted.raises_on_failure
        )

    def _child(self, wanted: task.WorkflowTask[Any]) -> Future[Any]:
        child = ChildWorkflow(wanted.workflow, self.executor, wanted.workflow_task_list, wanted.raises_on_failure)
        return self.executor.submit_child(child, wanted.args, dict(wanted.kwargs), depth=4)

    def _signal(self, wanted: task.SignalTask) -> Future[Any]:
        executor, signal = self.executor, names.signal_name(wanted.name)
        workflow_id, run_id = wanted.workflow_id, wanted.run_id
        if workflow_id is None:
            workflow_id, run_id = executor.workflow_id, executor.run_id
        workflow_id, run_id = names.target(workflow_id, run_id)
        what = f"the input of signal {wanted.name!r}"
        body = {"args": list(wanted.args), "kwargs": wanted.kwargs, "__propagate": wanted.propagate}
        text = payload.encoded(waited_for(body | dict(wanted.extra_input or {}), what), what)
        control = None if wanted.control is None else payload.encoded(wanted.control, f"the control of signal {wanted.name!r}")
        future = executor.signal_execution(signal, text, workflow_id, run_id, control)
        future.raises, future.task = wanted.raises_on_failure is not False, wanted
        return future

    def _marker(self, wanted: task.MarkerTask) -> Future[Any]:
        executor = self.executor
        name = names.marker_name(wanted.name)
        what = f"the details of marker {name!r}"
        text = None if wanted.details is None else payload.encoded(waited_for(wanted.details, what), what)
        known = self.markers.get((name, text))
        if known is None:
            executor.record_marker(name, text)
            known = self.markers[name, text] = Future(executor, "RecordMarker", name, name)
            executor.resolve(known, text, executor.next_id, decode=False)
        return known

    def recorded_markers(self) -> list[Marker]:
        """Return the markers of this run, in the order in which they were recorded."""
        return [Marker(name, payload.decode(text)) for name, text in self.markers]

    def submitted_marker(self, name: str) -> dict[str, Any] | None:
        """Return the last marker of this run with a name in the form of the history; None without one."""
        found = [text for known, text in self.markers if known == name]
        return {"type": "marker", "name": name, "state": "recorded", "details": found[-1]} if found else None

    def _timer(self, wanted: task.TimerTask) -> Future[Any]:
        timer_id = names.timer_id(wanted.timer_id)
        control = None if wanted.control is None else payload.encoded(wanted.control, f"the control of timer {timer_id!r}")
        return self.executor.start_timer(whole_seconds(wanted.timeout), timer_id, control, depth=4)

    def _cancel_timer(self, wanted: task.CancelTimerTask) -> Future[Any]:
        timer = self.executor.tasks.get(wanted.timer_id)
        if timer is None or timer.type != "StartTimer":
            raise DefinitionError(f"timer {wanted.timer_id!r} was never started")
        timer.cancel()
        return timer

    def _wait_for_signal(self, wanted: WaitForSignal) -> Future[Any]:
        return self.executor.last_signal(names.signal_name(wanted.signal_name))

    def _cancel_execution(self, wanted: task.CancelExecutionTask) -> Future[Any]:
        return self.executor.cancel_execution(*names.target(wanted.workflow_id, wanted.run_id))

    def _continue_as_new(self, wanted: task.ContinueAsNewTask) -> Future[Any]:
        raise RunEnded("ContinueAsNewWorkflowExecution", self.continue_as_new_attributes(wanted))

    def _workflow_as_new(self, wanted: task.ContinueAsNewWorkflowTask[Any]) -> Future[Any]:
        new, now = wanted.workflow, self.workflow
        if new.type_name() != now.type_name():
            raise DefinitionError(
                f"{now.type_name()} cannot continue as {new.type_name()}, a run keeps its type; submit that class as a child"
            )
        version = None if new is now else str(new.version)
        started = task.ContinueAsNewTask(wanted.args, wanted.kwargs, version, wanted.workflow_task_list)
        raise RunEnded("ContinueAsNewWorkflowExecution", self.continue_as_new_attributes(started, new))

    def continue_as_new_attributes(
        self, wanted: task.ContinueAsNewTask, workflow: type[WorkflowType] | None = None
    ) -> dict[str, Any]:
        """Return the attributes of the decision: the settings of the run, but for those that the task names.

        ``workflow`` is the class that goes on, that of the run by default.
        """
        started = self.executor.started_attributes
        given = {"args": list(wanted.args), "kwargs": wanted.kwargs}
        body = waited_for(given, f"the input of {(workflow or self.workflow).type_name()}")
        attributes: dict[str, Any] = {"input": execution_input(workflow or self.workflow, body)}
        attributes |= {key: started[key] for key in _KEPT if started.get(key)}
        changes: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
            "workflowTypeVersion": ("version", names.version),
            "taskList": ("task_list", lambda given, where: {"name": names.strict_name(given, where)}),
            "taskPriority": ("task_priority", lambda given, where: str(names.priority(given, where))),
            "tagList": ("tag_list", names.tags),
            "childPolicy": ("child_policy", names.child_policy),
            "executionStartToCloseTimeout": ("execution_timeout", names.run_seconds),
            "taskStartToCloseTimeout": ("decision_tasks_timeout", names.decision_seconds),
        }
        for key, (field, checked) in changes.items():
            given = getattr(wanted, field)
            if given is not None:
                attributes[key] = checked(given, f"{field} of continue_as_new()")
        return attributes


_KINDS: dict[type, Callable[[Submission, Any], Future[Any]]] = {
    task.ActivityTask: Submission._activity,
    task.ContinueAsNewWorkflowTask: Submission._workflow_as_new,  # before the class that it is one of
    task.WorkflowTask: Submission._child,
    task.SignalTask: Submission._signal,
    task.MarkerTask: Submission._marker,
    task.TimerTask: Submission._timer,
    task.CancelTimerTask: Submission._cancel_timer,
    WaitForSignal: Submission._wait_for_signal,
    task.CancelExecutionTask: Submission._cancel_execution,
    task.ContinueAsNewTask: Submission._continue_as_new,
}


def task_of(future: Future[Any]) -> task.Task | None:
    """Return what was submitted for a future, with its arguments as they were given; None if it is no activity and no child."""
    found: task.ActivityTask[Any] | task.ChildWorkflowTask[Any]
    if future.type == "ScheduleActivityTask":
        found = task.ActivityTask(future.task)
    elif future.type == "StartChildWorkflowExecution":
        found = task.ChildWorkflowTask(future.task.workflow)
    else:
        return None
    found.args, found.kwargs = future.args, dict(future.kwargs)  # not passed: their names may be those of parameters
    return found


def not_submittable(wanted: Any) -> DefinitionError:
    """Return the refusal of something that cannot be submitted, with what would be right."""
    if callable(wanted):
        name = getattr(wanted, "__qualname__", repr(wanted))
        return DefinitionError(f"{name} is not an activity; decorate it with @activity.with_attributes(...)")
    return DefinitionError(f"{wanted!r:.80} cannot be submitted; pass an activity, a workflow class, a task or a group")


def whole_seconds(wait: float) -> int:
    """Return the seconds of a timer, rounded up.

    Raises:
        DefinitionError: it is no number that a timer takes.
    """
    if not isinstance(wait, int | float):
        raise DefinitionError(f"a timer of {wait!r}: give seconds as a number, or a timedelta")
    if not 0 <= wait <= MAX_TIMEOUT_SECONDS:
        raise DefinitionError(f"a timer of {wait} seconds: it takes 0 to {MAX_TIMEOUT_SECONDS}")
    return math.ceil(wait)
