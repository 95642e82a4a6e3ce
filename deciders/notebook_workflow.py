"""One run of a workflow of notebooks: labels in parallel where they can be, then reports, then the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simpleflow_nb import Workflow, futures, payload
from simpleflow_nb.exceptions import DependencyFailed, TaskFailed
from simpleflow_nb.futures import Future

from . import activities
from .specification import NotebookSpecification, WorkflowSpecification

GREEN, ORANGE, RED = "green", "orange", "red"

Failures = Sequence[tuple[str, BaseException]]  #: by label, or by label and ``.pdf`` for its report


class NotebookWorkflow(Workflow):
    """Takes its specification by value: a run never depends on a file that has changed since.

    The result is ``{"state": "succeeded" | "already done", "light", "artefacts"}``. When labels fail, those that need
    them are not run, the others are, and the run fails at the end with a reason that names every failed label.
    """

    name = "notebook_workflow"
    version = "1"
    task_list = activities.DECISIONS

    def run(
        self,
        *,
        workflow: dict[str, Any],
        instance: str,
        identity: str,
        parameters: dict[str, Any],
        inputs_dir: str,
        outputs: str,
        rerun: bool = False,
    ) -> dict[str, Any]:
        specification = WorkflowSpecification.model_validate(workflow)
        began = self.now()
        place = {"workflow": specification.name, "instance": instance, "outputs": outputs}
        if not rerun:
            artefacts = self.submit(
                activities.already_succeeded, workflow=specification.name, identity=identity, outputs=outputs
            ).result
            if artefacts is not None:
                return {"state": "already done", "light": GREEN, "artefacts": artefacts}

        notebooks: dict[str, Future[Any]] = {}
        reports: dict[str, Future[Any]] = {}
        depths: dict[str, int] = {}
        for notebook in specification.notebooks:
            depths[notebook.label] = 1 + max((depths[label] for label in notebook.needs), default=-1)
            notebooks[notebook.label] = self.submit(
                activities.notebook_activity(notebook.retries, notebook.timeout_seconds),
                __priority=depths[notebook.label],  # with many runs under way, those that have begun are finished first
                label=notebook.label,
                filename=notebook.filename,
                inputs_dir=inputs_dir,
                **_values(notebook, parameters, notebooks, inputs_dir),
                **_limits(notebook),
                **place,
            )
        for notebook in specification.notebooks:
            if notebook.output is not None:
                reports[notebook.label] = self.submit(
                    activities.convert_report,
                    label=notebook.label,
                    executed=notebooks[notebook.label],
                    template=notebook.output.template,
                    reference_date=parameters.get("reference_date"),
                    **place,
                )
        futures.wait(*notebooks.values(), *reports.values())

        failures = [(label, future.exception) for label, future in notebooks.items() if future.exception is not None]
        failures += [
            (f"{label}.pdf", future.exception)
            for label, future in reports.items()
            if future.exception is not None and notebooks[label].exception is None
        ]
        results = [(label, future) for label, future in notebooks.items() if future.exception is None]
        results += [(f"report:{label}", future) for label, future in reports.items() if future.exception is None]
        artefacts = {name: str(future.result["path"]) for name, future in results}
        lights = [RED] if failures else [str(future.result["light"]) for _, future in results]
        light = max(lights, key=(GREEN, ORANGE, RED).index)
        error = _reason(failures) if failures else None
        self.submit(
            activities.record_run,
            identity=identity,
            parameters=parameters,
            state="failed" if failures else "succeeded",
            light=light,
            started=began,
            ended=self.now(),
            error=error,
            artefacts=artefacts,
            **place,
        ).result
        if error is not None:
            self.fail(error, _details(failures))
        return {"state": "succeeded", "light": light, "artefacts": artefacts}


def _values(
    notebook: NotebookSpecification, parameters: dict[str, Any], done: dict[str, Future[Any]], inputs_dir: str
) -> dict[str, Any]:
    """What a notebook's parameters stand for: values, or the notebooks before it, whose paths the worker puts in."""
    values: dict[str, Any] = {}
    upstream: dict[str, Future[Any]] = {}
    automatic: list[str] = []
    for name, source in notebook.parameters.items():
        if source in done:
            upstream[name] = done[source]
        elif source in parameters:
            values[name] = parameters[source]
        elif source == "inputs_dir":
            values[name] = inputs_dir
        else:
            automatic.append(name)  # flowapi_url: known to the worker that runs the notebook
    return {"parameters": values, "upstream": upstream, "flowapi_url_as": automatic}


def _limits(notebook: NotebookSpecification) -> dict[str, Any]:
    """The settings that the file gives: what it does not mention stays out of the history."""
    settings = notebook.model_dump(include={"timeout_seconds", "cell_timeout_seconds", "memory_limit_bytes", "kernel"})
    given = {name: value for name, value in settings.items() if value is not None}
    return given | ({"environment": notebook.environment} if notebook.environment else {})


def _reason(failures: Failures) -> str:
    """Every failed label, the causes, and the labels that were not run: a service may cut off the end of a long text."""
    failed = [(name, error) for name, error in failures if not isinstance(error, DependencyFailed)]
    skipped = [name for name, error in failures if isinstance(error, DependencyFailed)]
    text = f"{', '.join(name for name, _ in failed)} failed: {'; '.join(_cause(error) for _, error in failed)}"
    return f"{text}; not run: {', '.join(skipped)}" if skipped else text


def _cause(error: BaseException) -> str:
    """The sentence of the exception, whole when the history has it."""
    if not isinstance(error, TaskFailed):
        return str(error)
    details = payload.decode(error.details, lambda digest: "null") if error.details else None
    message = details.get("message") if isinstance(details, dict) else None
    return str(message or error.reason or error.name)


def _details(failures: Failures) -> str | None:
    """Those of the first failure that has any: the traceback."""
    return next((error.details for _, error in failures if isinstance(error, TaskFailed) and error.details), None)
