"""One run of a workflow of notebooks: labels in parallel where they can be, then reports, then the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simpleflow_nb import Workflow, futures
from simpleflow_nb.exceptions import DependencyFailed, TaskFailed
from simpleflow_nb.futures import Future

from . import activities
from .specification import NotebookSpecification, WorkflowSpecification

GREEN, ORANGE, RED = "green", "orange", "red"


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
        for position, notebook in enumerate(specification.notebooks):
            notebooks[notebook.label] = self.submit(
                activities.execute_notebook,
                __priority=position,  # with many runs under way, those that have begun are finished first
                label=notebook.label,
                filename=notebook.filename,
                inputs_dir=inputs_dir,
                **_values(notebook, parameters, notebooks, inputs_dir),
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

        ended = notebooks | {f"report:{label}": future for label, future in reports.items()}
        failures = {name: future.exception for name, future in ended.items() if future.exception is not None}
        results = {name: future.result for name, future in ended.items() if name not in failures}
        artefacts = {name: str(result["path"]) for name, result in results.items()}
        lights = [RED] if failures else [str(result["light"]) for result in results.values()]
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


def _reason(failures: Mapping[str, BaseException]) -> str:
    """Every failed label with its cause; those that were not run because of it are named behind."""
    causes, skipped = [], []
    for name, error in failures.items():
        if isinstance(error, DependencyFailed):
            skipped.append(name)
        else:
            causes.append(f"{name}: {error.reason if isinstance(error, TaskFailed) else error}")
    text = "; ".join(causes)
    return f"{text} (not run: {', '.join(skipped)})" if skipped else text


def _details(failures: Mapping[str, BaseException]) -> str | None:
    texts = [error.details for error in failures.values() if isinstance(error, TaskFailed) and error.details]
    return texts[0] if texts else None
