"""Steps: tasks that are carried out once, and skipped by later executions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ..base import Giving, Submittable, SubmittableContainer
from ..canvas import Chain, FuncGroup, Group
from ..exceptions import DefinitionError
from ..futures import Future
from .tasks import mark_step_done
from .utils import (
    get_step_force_reasons,
    get_step_skip_reasons,
    step_is_forced,
    step_is_skipped_by_force,
    step_will_run,
)

MARKER = "log.step"  #: the markers that tell what became of a step
_ALREADY_DONE = "Step was already played"


class Step(SubmittableContainer, Giving[list[Any]]):
    """Tasks under a name that run unless that name is marked as done.

    The workflow that submits it is a :class:`~simpleflow_nb.step.workflow.WorkflowStepMixin` too.
    The result is a list of two: the names of the steps that were done, and the list of the results of the step's own parts.

    Args:
        step_name: levels joined with dots, such as ``load.days``.
        activities: an activity, a workflow class, a task, a group, a chain or another step; a tuple of one with its arguments.
        force: run even if it is done, or to be skipped.
        activities_if_step_already_done: submitted instead, if the step does not run.
        emit_signal: send ``step.<step_name>`` to this execution when the step has run or was skipped.
        force_steps_if_executed: steps that are forced from now on in this execution if this one runs.
        bubbles_exception_on_failure: whether failures of the tasks are told in ``exception``. With or without it the step is
            not marked as done then.

    Raises:
        DefinitionError: it has no name, or something that cannot be submitted.
    """

    def __init__(
        self,
        step_name: str,
        activities: Any,
        force: bool = False,
        activities_if_step_already_done: Any = None,
        emit_signal: bool = False,
        force_steps_if_executed: Sequence[str] | None = None,
        bubbles_exception_on_failure: bool = False,
    ) -> None:
        if not isinstance(step_name, str) or not step_name:
            raise DefinitionError(f"{step_name!r:.80} cannot name a step; write a text such as 'load.days'")
        self.step_name = step_name
        self.activities = self._part(activities)
        self.force = force
        self.activities_if_step_already_done: Submittable | None = None
        if activities_if_step_already_done is not None:
            self.activities_if_step_already_done = self._part(activities_if_step_already_done)
        self.emit_signal = emit_signal
        self.force_steps_if_executed = force_steps_if_executed or []
        self.bubbles_exception_on_failure = bubbles_exception_on_failure

    def _part(self, given: Any) -> Submittable:
        if isinstance(given, list) or given == ():
            raise DefinitionError(f"step {self.step_name!r} is made of a list; pass Group(...) for tasks that run side by side")
        try:
            part: Submittable = Group(given).activities[0]
        except DefinitionError as error:
            raise DefinitionError(f"step {self.step_name!r}: {error}") from None
        return part

    def submit(self, executor: Any) -> Future[Any]:
        """Submit what reads the steps that are done, and then, by its result, the tasks of the step.

        Raises:
            DefinitionError: the workflow has no steps.
        """
        if not hasattr(executor, "get_steps_done_activity"):
            name = type(executor).__qualname__
            raise DefinitionError(
                f"{name} submits the step {self.step_name!r} and has no steps: class {name}(Workflow, WorkflowStepMixin)"
            )
        decide = FuncGroup(partial(self._carried_out, executor))
        done: Future[Any] = executor.submit(Chain(executor.get_steps_done_activity(), decide, send_result=True))
        return done

    def propagate_attribute(self, attr: str, val: Any) -> None:
        """Set an attribute of the tasks of the step."""
        self.activities.propagate_attribute(attr, val)

    def _carried_out(self, workflow: Any, steps_done: list[str]) -> Chain[Any]:
        forced, skipped = workflow.get_forced_steps(), workflow.get_skipped_steps()
        if step_will_run(self.step_name, forced, skipped, steps_done, self.force):
            is_forced = step_is_forced(self.step_name, forced, self.force)
            reasons = get_step_force_reasons(self.step_name, workflow.steps_forced_reasons) if is_forced else []
            workflow.add_forced_steps(self.force_steps_if_executed, f"Dep of {self.step_name}")
            mark = (
                mark_step_done(**workflow.step_activity_params()),
                workflow.get_step_bucket(),
                workflow.get_step_path_prefix(),
                self.step_name,
            )
            chain: Chain[Any] = Chain(
                workflow.record_marker(MARKER, self._marker("scheduled", is_forced, reasons)),
                self.activities,
                mark,
                workflow.record_marker(MARKER, self._marker("completed", is_forced, reasons)),
            )
        else:
            is_forced = step_is_skipped_by_force(self.step_name, skipped)
            reasons = get_step_skip_reasons(self.step_name, workflow.steps_skipped_reasons) if is_forced else [_ALREADY_DONE]
            chain = Chain()
            if self.activities_if_step_already_done is not None:
                chain.append(self.activities_if_step_already_done)
            chain.append(workflow.record_marker(MARKER, self._marker("skipped", is_forced, reasons)))
        if self.emit_signal:
            chain.append(workflow.signal(f"step.{self.step_name}", propagate=False))
        chain.bubbles_exception_on_failure = self.bubbles_exception_on_failure
        return chain

    def _marker(self, status: str, is_forced: bool, reasons: list[str]) -> dict[str, Any]:
        return {"step": self.step_name, "status": status, "forced": is_forced, "reasons": reasons}
