"""Workflows with steps.

::

    class Report(Workflow, WorkflowStepMixin):
        def run(self, day, force=()):
            self.add_forced_steps(force, "asked for")
            load = self.step("load", (load_day, day), force_steps_if_executed=["draw"])
            futures.wait(self.submit(load), self.submit(self.step("draw", (draw_day, day))))
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..environment import value_of
from ..exceptions import DefinitionError
from ..task import ActivityTask
from ..variables import STEP_BUCKET
from .constants import STEP_ACTIVITY_PARAMS_DEFAULT
from .submittable import Step
from .tasks import get_steps_done

__all__ = ["STEP_ACTIVITY_PARAMS_DEFAULT", "WorkflowStepMixin"]

_FORCED, _SKIPPED = "_steps_forced_reasons", "_steps_skipped_reasons"


class WorkflowStepMixin:
    """Gives a workflow steps: ``class Report(Workflow, WorkflowStepMixin)``.

    Which steps are done is read once in an execution, when its first step is submitted.
    """

    def step(self, *args: Any, **kwargs: Any) -> Step:
        """Return a step, to be submitted; the arguments are those of :class:`.Step`."""
        return Step(*args, **kwargs)

    # ---- which steps run -----------------------------------------------------------------------------------------------------

    def add_forced_steps(self, steps: str | Iterable[str], reason: str | None = None) -> None:
        """Force steps that are submitted from now on, even if they are done or to be skipped.

        Args:
            steps: names of steps, each with those below it; ``*`` is all. A text is one name.
            reason: told in the markers of these steps.

        Raises:
            DefinitionError: a name is not a text, or empty.
        """
        self._add(_FORCED, steps, reason)

    def get_forced_steps(self) -> list[str]:
        """Return the names that have been forced, in the order in which they came."""
        return list(self.steps_forced_reasons)

    def add_skipped_steps(self, steps: str | Iterable[str], reason: str | None = None) -> None:
        """Skip steps that are submitted from now on, unless they are forced. Arguments and errors: :meth:`add_forced_steps`."""
        self._add(_SKIPPED, steps, reason)

    def get_skipped_steps(self) -> list[str]:
        """Return the names that are to be skipped, in the order in which they came."""
        return list(self.steps_skipped_reasons)

    @property
    def steps_forced_reasons(self) -> dict[str, list[str]]:
        """The reasons of each name that has been forced."""
        found: dict[str, list[str]] = vars(self).setdefault(_FORCED, {})
        return found

    @property
    def steps_skipped_reasons(self) -> dict[str, list[str]]:
        """The reasons of each name that is to be skipped."""
        found: dict[str, list[str]] = vars(self).setdefault(_SKIPPED, {})
        return found

    def _add(self, where: str, steps: str | Iterable[str], reason: str | None) -> None:
        by_name: dict[str, list[str]] = vars(self).setdefault(where, {})
        names = [steps] if isinstance(steps, str) else list(steps)
        for name in names:
            if not isinstance(name, str) or not name:
                raise DefinitionError(f"{name!r:.80} is not the name of a step; write a text such as 'load.days', or '*'")
        for name in sorted(names):  # a set has another order in each process, and the reasons are recorded
            reasons = by_name.setdefault(name, [])
            if reason and reason not in reasons:
                reasons.append(reason)

    # ---- which steps are done ------------------------------------------------------------------------------------------------

    def get_step_bucket(self) -> str:
        """Return where the marks of steps are: ``STEP_BUCKET``. Override it to keep them elsewhere.

        It is a bucket of S3, ``name`` or ``host/name``, or a folder that all workers see, ``file:///folder``. A run has to get
        the same whenever it is replayed.
        """
        return value_of(STEP_BUCKET)

    def get_step_path_prefix(self) -> str:
        """Return the beginning of the marks' keys, ``<workflow id>/steps/``. Override it to share marks among workflow ids."""
        workflow: Any = self
        return f"{workflow.get_run_context()['workflow_id']}/steps/"

    def get_step_activity_params(self) -> dict[str, Any]:
        """Return settings of the activities of steps, those of :class:`.Activity`, to replace some of the defaults.

        The defaults are :data:`STEP_ACTIVITY_PARAMS_DEFAULT`.
        """
        return {}

    def step_activity_params(self) -> dict[str, Any]:
        """Return the settings of the activities of steps; their task list is the workflow's, unless one is set."""
        task_list = getattr(self, "task_list", None)
        listed = {} if task_list is None else {"task_list": task_list}
        return STEP_ACTIVITY_PARAMS_DEFAULT | listed | (self.get_step_activity_params() or {})

    def get_steps_done_activity(self) -> ActivityTask[list[str]]:
        """Return the task that reads which steps are done, to be submitted; its result is their names."""
        activity = get_steps_done(**self.step_activity_params())
        return ActivityTask(activity, self.get_step_bucket(), self.get_step_path_prefix())

    def get_steps_done(self) -> list[str]:
        """Wait for the names of the steps that are done, and return them."""
        workflow: Any = self
        found: list[str] = workflow.submit(self.get_steps_done_activity()).result
        return found
