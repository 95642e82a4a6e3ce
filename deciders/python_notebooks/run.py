"""The notebooks of one run of a workflow in Python: their labels, and the record of the run."""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
from collections.abc import Callable
from typing import Any

from simpleflow_nb import RetryPolicy, Workflow, payload
from simpleflow_nb.exceptions import DefinitionError, DependencyFailed, RunEnded
from simpleflow_nb.futures import DONE, FAILED, STOPPED, Future
from simpleflow_nb.replay.suspended_code.suspension import failure_attributes

from ..notebook_runs.outcomes_of_items import cause_of, state_after
from ..tasks.results import NotebookResult
from ..values.item_state import ItemState
from ..values.label_state import LabelState
from ..values.light import Light
from ..values.run_error import LabelError, RunError
from ..values.run_state import RunState
from . import activities
from .result import ExecutedNotebook

MOST_NOTES = 3  #: of the warnings of a notebook, in the record of the run; all are in its run.json
_NOT_ENDED = "it had not ended when the run did"
_STATES = {"CancelWorkflowExecution": RunState.CANCELLED, "FailWorkflowExecution": RunState.FAILED}

_LABEL_STATES = {ItemState.CANCELLED: LabelState.CANCELLED, ItemState.TIMED_OUT: LabelState.TIMED_OUT}
_KEPT = "_notebooks_of_run"  #: attribute of a workflow object that has submitted a notebook


class NotebooksOfRun:
    """The notebooks that one run has submitted.

    The first one is preceded by an activity that finds the outputs folder on a worker, for all of them: deciders need not have
    it, and any of them may decide the rest of the run. When the run's code has ended, another one records the run.
    """

    def __init__(self, workflow: Workflow) -> None:
        self.workflow, self.executor = workflow, workflow.executor
        self.folder = _folder_of(type(workflow))
        self.type_name = type(workflow).type_name()
        self.notebooks: dict[str, Future[ExecutedNotebook]] = {}  #: by label, in the order in which they were submitted
        self._uses: dict[str, int] = {}  # of each label as it was given
        self.instance = _instance(workflow)
        self._origin = {
            "workflow": self.type_name,
            "instance": self.instance,
            "parameters": _parameters(workflow),
            "started": workflow.now(),
        }
        if (parent := workflow.get_run_context()["parent_run_id"]) is not None:
            self._origin["parent_run_id"] = parent
        self._outputs: Future[str] = self._submitted(activities.begin_run, self._origin, depth=5)
        self.executor.closings.append(self._record)

    @classmethod
    def of(cls, workflow: Workflow) -> NotebooksOfRun:
        """Return those of a run, which begin with its first notebook."""
        found = vars(workflow).get(_KEPT)
        if found is None:
            found = vars(workflow)[_KEPT] = cls(workflow)
        return found

    def submit(
        self,
        *,
        label: str,
        filename: str,
        retry: int | RetryPolicy,
        raises_on_failure: bool | None,
        parameters: dict[str, Any],
        offered: dict[str, Any],
        limits: dict[str, Any],
        timeout_seconds: float | None,
        options: dict[str, Any],
    ) -> Future[ExecutedNotebook]:
        """Schedule a notebook under a label of its own, as soon as its parameters are available."""
        task: dict[str, Any] = {
            "workflow": self.type_name,
            "instance": self.instance,
            "outputs": self._outputs,
            "label": label,
            "filename": filename,
            "inputs_dir": self.folder,
            "parameters": parameters,
            **limits,
        }
        if offered:
            task["offered"] = offered
        name = task["label"] = self._numbered(label)
        activity = activities.notebook_activity(retry, timeout_seconds, raises_on_failure)
        future: Future[ExecutedNotebook] = self._submitted(activity, task | options)
        self.notebooks[name] = future
        return future

    def _submitted(self, activity: Any, arguments: dict[str, Any], *, depth: int = 4) -> Future[Any]:
        """Schedule a task; ``depth`` is the number of frames up to ``Workflow.submit``, for the line that messages name."""
        return self.executor.submit_activity(activity, (), arguments, depth=depth)

    def _numbered(self, label: str) -> str:
        """Return the label, with a number if it was used before."""
        name = label
        while name in self.notebooks:
            self._uses[label] = self._uses.get(label, 1) + 1
            name = f"{label}-{self._uses[label]}"
        return name

    # ---- the end of the run ------------------------------------------------------------------------------------------------

    def _record(self, error: BaseException | None) -> None:
        """Record how the run has ended; if that fails, the run ends all the same, and its log says so."""
        if self._outputs.stage != DONE:  # no worker has ever begun with it, so that there is nothing to record
            return
        state = _state_of(error)
        labels = {label: self._label_state(future) for label, future in self.notebooks.items()}
        notes = {label: said for label, future in self.notebooks.items() if (said := self._notes(label, future, state))}
        made = {label: one for label, future in self.notebooks.items() if (one := self._made(future)) is not None}
        causes = {label: cause for label, future in self.notebooks.items() if (cause := _cause(future)) is not None}
        lights = [*(one.light for one in made.values()), Light.of_work(warned=len(made) < len(self.notebooks))]
        future = self._submitted(
            activities.record_run,
            {
                **self._origin,
                "outputs": self._outputs,
                "state": str(state),
                "light": str(Light.worst(lights) if Light.of_end(state) is Light.GREEN else Light.RED),
                "ended": self.workflow.now(),
                "error": self._error(error, state),
                "artefacts": {label: one.path for label, one in made.items()},
                "labels": {label: str(one) for label, one in labels.items()},
                "notes": notes,
                "causes": causes,
            },
        )
        self.executor.block((future,))
        if future.error is not None:
            self.workflow.log(f"the run has no record: {cause_of(future.error)}")

    def _error(self, error: BaseException | None, state: RunState) -> str | None:
        """Return the sentence of a run that has not ended well; a notebook that it failed for is named by its label."""
        if error is None or state not in (RunState.FAILED, RunState.CANCELLED):
            return None
        for label, future in self.notebooks.items():
            if future.error is error:
                return str(RunError.of([LabelError(label, cause_of(error))]))
        reason = failure_attributes(error)["reason"] if state is RunState.FAILED else None
        return str(RunError.of_end(state, reason))

    def _made(self, future: Future[ExecutedNotebook]) -> ExecutedNotebook | None:
        return self.executor.decoded(future) if future.stage == DONE else None

    def _label_state(self, future: Future[ExecutedNotebook]) -> LabelState:
        made = self._made(future)
        if made is not None:
            return LabelState.SKIPPED if made.was_skipped else LabelState.SUCCEEDED
        if isinstance(future.error, DependencyFailed):
            return LabelState.NOT_RUN
        if future.stage == FAILED and future.error is not None:
            return _LABEL_STATES.get(state_after(future.error), LabelState.FAILED)
        return LabelState.CANCELLED

    def _notes(self, label: str, future: Future[ExecutedNotebook], state: RunState) -> list[str]:
        """Return why a label is orange or was skipped, or what the run went on without."""
        made = self._made(future)
        if made is not None and made.skipped_for is not None:
            return [made.skipped_for]
        if made is not None:
            ended = NotebookResult(path=made.path, ended_in_cell=made.ended_in_cell).remarks
            return [*ended, *made.warnings[:MOST_NOTES]]
        cause = _cause(future)
        return [f"the run went on without it: {cause}"] if state is RunState.SUCCEEDED and cause else []


def _cause(future: Future[Any]) -> str | None:
    """Return why a notebook has made nothing; None if it has."""
    if future.stage == DONE:
        return None
    if future.stage in (FAILED, STOPPED) and future.error is not None:
        return cause_of(future.error)
    return _NOT_ENDED


def _state_of(error: BaseException | None) -> RunState:
    if error is None:
        return RunState.SUCCEEDED
    if isinstance(error, RunEnded):
        return _STATES.get(error.decision_type, RunState.SUCCEEDED)  # a run continued as new has done its part
    return RunState.FAILED


def _instance(workflow: Workflow) -> str:
    """Return the name of a run's folder: its workflow id.

    A run that was continued as new has another one: what the run before it has left may be among its arguments.
    """
    executor = workflow.executor
    if "continuedExecutionRunId" not in executor.started_attributes:
        return executor.workflow_id
    digest = hashlib.sha256(executor.run_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{executor.workflow_id}.{digest[:8]}"


def _folder_of(workflow: type[Workflow]) -> str:
    """Return the absolute path of the folder of the file that defines a workflow class.

    Raises:
        DefinitionError: it is in no file.
    """
    file = getattr(sys.modules.get(workflow.__module__), "__file__", None)
    if file is None:
        raise DefinitionError(
            f"{workflow.class_path()} is defined in no file, and paths of notebooks are relative to that; write it into one"
        )
    return os.path.dirname(os.path.abspath(str(file)))


def _parameters(workflow: Workflow) -> dict[str, Any]:
    """Return the arguments of the run by name."""
    given = payload.decode_input(workflow.executor.input, workflow.executor.load)
    arguments: dict[str, Any] = {}
    if workflow.executor.input:
        arguments = given if isinstance(given, dict) else {"args": given if isinstance(given, list) else [given]}
    run: Callable[..., Any] = workflow.run
    bound = inspect.signature(run).bind(*arguments.get("args", ()), **arguments.get("kwargs", {}))
    return dict(bound.arguments)
