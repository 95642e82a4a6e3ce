"""Bodies of the activities of notebooks that workflows in Python submit."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from deciders.problems import near_miss
from deciders.python_notebooks import activities as declared
from deciders.values.label_state import LabelState
from deciders.values.light import Light
from deciders.values.run_state import RunState
from simpleflow_nb.activity_context import context
from simpleflow_nb.variables import AUTOFLOW_OUTPUTS_DIR

from .activities import execute_notebook as execute_one
from .artefacts import Artefacts
from .notebooks.notebook_errors import NotebookRefused, NotebookSkipped
from .notebooks.notebook_source import read_notebook_source
from .runs.python_runs import note_begin, outputs_of_python, record_end, record_left_ends, run_of_task
from .secrets import masked


@declared.begin_run.implemented_by
def begin_run(
    *, workflow: str, instance: str, parameters: dict[str, Any], started: str, parent_run_id: str | None = None
) -> str:
    """Find and make the outputs folder of a run, and note there that it is open; return its absolute path.

    Former runs that have ended without a record are recorded.

    Raises:
        OutputsError: the folder cannot be made, or not be written to.
        WorkflowTaken: a workflow file has a workflow of that name and these outputs.
        RecordsError: the run records cannot be read.
    """
    task = context()
    outputs = outputs_of_python()
    Artefacts(outputs).check_writable()
    note_begin(run_of_task(task, workflow, instance, parameters, started, parent_run_id), outputs)
    record_left_ends(task.service, task.domain, outputs, but=task.run_id)
    return str(outputs)


@declared.execute_notebook.implemented_by
def execute_notebook(
    *,
    workflow: str,
    instance: str,
    outputs: str,
    label: str,
    filename: str,
    inputs_dir: str,
    parameters: dict[str, Any],
    offered: dict[str, Any] | None = None,
    **limits: Any,
) -> Any:
    """Run one notebook, and tell all its scraps that are JSON; the result is that of an `ExecutedNotebook`.

    ``limits`` are those of :func:`workers.activities.execute_notebook`, which says the rest. ``offered`` are parameters that it
    gets if it declares them. A notebook that says that there is nothing to do has a result too, with its reason.

    Raises:
        NotebookRefused: also where the notebook or the outputs folder is not on this machine under its path.
    """
    place = Path(inputs_dir) / filename
    _check_here(place, label, Path(outputs), workflow)
    if offered:
        parameters = parameters | _declared(place, offered, limits)
    arguments = {"upstream": {}, "flowapi_url_as": [], "scraps": "all", **limits}
    try:
        return execute_one(
            workflow=workflow,
            instance=instance,
            outputs=outputs,
            label=label,
            filename=filename,
            inputs_dir=inputs_dir,
            parameters=parameters,
            **arguments,
        )
    except NotebookSkipped as skipped:
        path = Artefacts(Path(outputs)).notebook(workflow, instance, label)
        return {"path": str(path), "light": str(Light.GREEN), "warnings": [], "skipped_for": str(skipped)}


@declared.record_run.implemented_by
def record_run(
    *,
    workflow: str,
    instance: str,
    outputs: str,
    parameters: dict[str, Any],
    state: str,
    light: str,
    started: str,
    ended: str,
    error: str | None,
    artefacts: dict[str, str],
    labels: dict[str, str],
    notes: dict[str, list[str]],
    causes: dict[str, str],
    parent_run_id: str | None = None,
) -> None:
    """Record the end of this run; idempotent, because the record is found by its run id.

    Raises:
        RecordsError: the records cannot be written.
    """
    record_end(
        run_of_task(context(), workflow, instance, parameters, started, parent_run_id),
        Path(outputs),
        state=RunState.read(state),
        light=Light(light),
        ended=datetime.fromisoformat(ended),
        error=masked(error) if error is not None else None,
        artefacts=artefacts,
        labels={label: LabelState.read(word) for label, word in labels.items()},
        notes={label: [masked(one) for one in said] for label, said in notes.items()},
        causes={label: masked(one) for label, one in causes.items()},
    )


def _check_here(notebook: Path, label: str, outputs: Path, workflow: str) -> None:
    """Refuse a task for which this machine lacks the files.

    Raises:
        NotebookRefused: one sentence, with the path.
    """
    if not notebook.is_file():
        beside = sorted(one.name for one in notebook.parent.iterdir()) if notebook.parent.is_dir() else []
        meant = near_miss(notebook.name, beside)
        path = f"{notebook}" + (f" (did you mean {meant!r}?)" if meant is not None else "")
        raise NotebookRefused(
            f"notebook {label!r} of {workflow} is not on this machine as {path}; paths are relative to the file of the "
            "workflow class, and its folder has to have the same path on all machines"
        )
    if not outputs.is_dir():
        raise NotebookRefused(
            f"the outputs of {workflow} are in {outputs}, which is not on this machine; share the folder under one path, and "
            f"name it in {AUTOFLOW_OUTPUTS_DIR.name} for all workers"
        )


def _declared(notebook: Path, offered: dict[str, Any], limits: dict[str, Any]) -> dict[str, Any]:
    """Return those of the offered parameters that the notebook declares; all where its language hides that."""
    source = read_notebook_source(notebook, kernel=limits.get("kernel"), falls_back=limits.get("kernel_fallback", True))
    if not source.parameters.has_cell:
        return {}
    names = source.parameters.names
    return offered if names is None else {name: value for name, value in offered.items() if name in names}
