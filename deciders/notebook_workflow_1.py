"""One run of a workflow of notebooks: its labels, in parallel where they can be, then its reports, then its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simpleflow_nb import Workflow, futures, payload
from simpleflow_nb.constants import NOTEBOOK_TYPE
from simpleflow_nb.exceptions import DependencyFailed, TaskFailed, TimeoutError
from simpleflow_nb.futures import Future

from . import activities
from .specification import NotebookSpecification, WorkflowSpecification
from .specification.models import OF_THE_DECIDER
from .specification.report_names import report_file_names
from .specification.workflow_file import INPUTS_DIR, MISSING_DATES
from .tasks.arguments import NotebookTask, ReportTask, RunFolder
from .tasks.results import FileResult, NotebookResult, ReportResult, RunResult
from .values.artefact_key import ArtefactKey
from .values.label_state import LabelState
from .values.light import Light
from .values.run_error import LabelError, RunError
from .values.run_state import RunState

NOT_ASKED_FOR = "not asked for"  #: why the other labels of a partial run were not run
MOST_NOTES = 3  #: of the warnings of a notebook or a report, in the record of the run; all are in its run.json

_PRIORITIES_OF_A_RUN = 1_000  #: task priorities between two priorities of workflows: notebooks have those of their depth

#: SWF's ActivityTaskTimeoutType in words. A task whose worker is lost is retried a few times before it fails.
ENDED_BY_THE_SERVICE = {
    "HEARTBEAT": "the process that carried it out was killed or lost, again and again",
    "START_TO_CLOSE": "it took longer than it may",
    "SCHEDULE_TO_START": "no worker took it in time",
    "SCHEDULE_TO_CLOSE": "it was not done in time",
}

Failures = Sequence[tuple[str, BaseException]]  #: by label, or by label and format (``.pdf``) for its report


class NotebookWorkflow(Workflow):
    """Run the notebooks of one instance.

    The specification is passed by value, so that a later change of the workflow file does not affect the run. The result is the
    JSON of a `deciders.tasks.results.RunResult`.

    When labels fail, their dependants are not run, all other labels are, and the run fails at the end with a reason that names
    every failed label. A failed report does not fail the run; it turns the light orange. A label whose notebook says that there
    is nothing to do is skipped together with its dependants; a run in which nothing else was run counts as skipped.

    Args of ``run``:
        kept: results of labels that succeeded in an earlier run. They are not run again; the result lists them as ``cached``.
        kept_reports: the same for reports of kept labels, by label and format (``count.pdf``).
        only: run this label, those of its dependencies that are not kept, and nothing else.
        origin: why the run was started and what it was made from, for its record.
        missing_dates: dates of the stencil that were not available at the start, for notebooks that take them.
    """

    name = NOTEBOOK_TYPE
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
        kept: dict[str, dict[str, Any]] | None = None,
        kept_reports: dict[str, dict[str, Any]] | None = None,
        only: str | None = None,
        origin: dict[str, Any] | None = None,
        missing_dates: list[str] | None = None,
    ) -> dict[str, Any]:
        specification = WorkflowSpecification.model_validate(workflow)
        done = {label: NotebookResult.of_json(result) for label, result in (kept or {}).items()}
        made = {name: ReportResult.of_json(result) for name, result in (kept_reports or {}).items()}
        asked_for = specification.with_needs_of(only) if only is not None else specification.notebooks
        began = self.now()
        folder = RunFolder(specification.name, instance, outputs)
        base = specification.priority * _PRIORITIES_OF_A_RUN
        urgency = base or None
        if not rerun:
            asked = self.submit(
                activities.already_succeeded,
                __priority=urgency,
                workflow=specification.name,
                identity=identity,
                outputs=outputs,
            )
            artefacts = futures.get_result_or_raise(asked)
            if artefacts is not None:
                return RunResult(state=RunState.SUCCEEDED, artefacts=artefacts, was_done=True).as_json()

        names = report_file_names(specification, instance, parameters)
        notebooks: dict[str, Future[Any]] = {}
        reports: dict[tuple[str, str], Future[Any]] = {}  # by label and format
        standing: dict[tuple[str, str], ReportResult] = {}  # those that are not made again
        executed = {label: result.as_json() for label, result in done.items()}
        depths: dict[str, int] = {}
        for notebook in asked_for:
            depths[notebook.label] = 1 + max((depths[label] for label in notebook.needs), default=-1)
            if notebook.label in done:
                continue
            notebooks[notebook.label] = self.submit(
                activities.notebook_activity(notebook.retries, notebook.timeout_seconds),
                # with many runs under way, those that have begun are finished first
                __priority=base + min(depths[notebook.label], _PRIORITIES_OF_A_RUN - 1),
                **NotebookTask(
                    label=notebook.label,
                    filename=notebook.filename,
                    inputs_dir=inputs_dir,
                    **_values(notebook, parameters, {**executed, **notebooks}, inputs_dir, missing_dates),
                    settings={**_limits(notebook), **_kept_attempts(specification)},
                    folder=folder,
                ).as_json(),
            )
        for notebook in asked_for:
            if only is not None and notebook.label != only:
                continue
            for output in notebook.output:
                if notebook.label in done and (name := _file_name(notebook.label, output.format)) in made:
                    standing[notebook.label, output.format] = made[name]
                    continue
                reports[notebook.label, output.format] = self.submit(
                    activities.convert_report,
                    __priority=urgency,
                    **ReportTask(
                        label=notebook.label,
                        executed=notebooks.get(notebook.label) or executed[notebook.label],
                        inputs_dir=inputs_dir,
                        reference_date=parameters.get("reference_date"),
                        options=output.model_dump(mode="json", exclude={"name"}),
                        file_name=names[notebook.label, output.format] if output.name is not None else None,
                        folder=folder,
                    ).as_json(),
                )
        futures.wait(*notebooks.values(), *reports.values())

        ends = _ends(specification, done, notebooks)
        failures = [
            (label, future.exception)
            for label, future in notebooks.items()
            if future.exception is not None and ends[label] != LabelState.SKIPPED
        ]
        state = _state(ends, is_failed=bool(failures), is_partial=only is not None)
        unreported = [
            (_file_name(label, format), future.exception)
            for (label, format), future in reports.items()
            if future.exception is not None and (label in done or notebooks[label].exception is None)
        ]
        results: list[tuple[str, FileResult]] = [(one.label, done[one.label]) for one in asked_for if one.label in done]
        results += [(label, NotebookResult.of_json(one.result)) for label, one in notebooks.items() if one.exception is None]
        results += [(str(ArtefactKey(*key)), result) for key, result in standing.items()]
        results += [
            (str(ArtefactKey(*key)), ReportResult.of_json(future.result))
            for key, future in reports.items()
            if future.exception is None
        ]
        artefacts = {name: result.path for name, result in results}
        own_light = Light.of_work(failed=bool(failures), warned=bool(unreported))
        light = Light.worst([own_light, *(result.light for _, result in results)] if not failures else [own_light])
        error = _reason([*failures, *unreported]) if failures or unreported else None
        recorded = self.submit(
            activities.record_run,
            __priority=urgency,
            identity=identity,
            parameters=parameters,
            state=state,
            light=light,
            started=began,
            ended=self.now(),
            error=error,
            artefacts=artefacts,
            labels=ends | _ends_of_reports(standing, reports),
            **({"origin": origin} if origin is not None else {}),
            **({"notes": notes} if (notes := _notes(results, notebooks, ends, unreported)) else {}),
            **({"causes": causes} if (causes := _causes(specification, notebooks, ends, asked_for)) else {}),
            **folder.as_json(),
        )
        futures.get_result_or_raise(recorded)
        if failures:
            self.fail(_reason([*failures, *unreported]), _details(failures))
        cached = [label for label, _ in results if label in done] + [_file_name(*key) for key in standing]
        ended = RunState.SKIPPED if state == RunState.SKIPPED else RunState.SUCCEEDED
        return RunResult(state=ended, light=light, artefacts=artefacts, cached=cached).as_json()


def _values(
    notebook: NotebookSpecification,
    parameters: dict[str, Any],
    done: dict[str, Future[Any] | dict[str, Any]],
    inputs_dir: str,
    missing_dates: list[str] | None,
) -> dict[str, Any]:
    """Resolve a notebook's parameters: to values, or to results of earlier notebooks, whose paths the worker fills in."""
    values: dict[str, Any] = {}
    upstream: dict[str, Future[Any] | dict[str, Any]] = {}
    automatic: list[str] = []
    for name, source in notebook.parameters.items():
        if source in done:
            upstream[name] = done[source]
        elif source in parameters:
            values[name] = parameters[source]
        elif source == INPUTS_DIR:
            values[name] = inputs_dir
        elif source == MISSING_DATES:
            values[name] = missing_dates or []
        else:
            automatic.append(name)  # flowapi_url: known to the worker that runs the notebook
    return {"parameters": values, "upstream": upstream, "flowapi_url_as": automatic}


def _ends(
    specification: WorkflowSpecification, kept: Mapping[str, NotebookResult], notebooks: dict[str, Future[Any]]
) -> dict[str, LabelState]:
    """Return the state of each label. A label that needs one that was not run or failed is not run, even if another was
    skipped."""
    ends: dict[str, LabelState] = {}
    for notebook in specification.notebooks:
        label = notebook.label
        error = notebooks[label].exception if label in notebooks else None
        if label in kept:
            ends[label] = LabelState.CACHED
        elif label not in notebooks:
            ends[label] = LabelState.NOT_RUN
        elif isinstance(error, DependencyFailed):
            ends[label] = LabelState.of_dependent({ends[need] for need in notebook.needs})
        elif isinstance(error, TaskFailed) and error.error_type == activities.NOTEBOOK_SKIPPED:
            ends[label] = LabelState.SKIPPED
        else:
            ends[label] = LabelState.SUCCEEDED if error is None else LabelState.FAILED
    return ends


def _state(ends: dict[str, LabelState], *, is_failed: bool, is_partial: bool) -> RunState:
    """Return the state of the run: skipped if every notebook that was started said that there was nothing to do."""
    if is_failed:
        return RunState.FAILED
    if is_partial:
        return RunState.PARTIAL
    found = set(ends.values())
    is_skipped = LabelState.SKIPPED in found and not found & {LabelState.SUCCEEDED, LabelState.FAILED}
    return RunState.SKIPPED if is_skipped else RunState.SUCCEEDED


def _file_name(label: str, format: str) -> str:
    """Name a report as arguments and results of runs, and messages, do: ``count.pdf``."""
    return ArtefactKey(label, format).file_name


def _notes(
    results: Sequence[tuple[str, FileResult]],
    notebooks: dict[str, Future[Any]],
    ends: dict[str, LabelState],
    unreported: Failures,
) -> dict[str, list[str]]:
    """Return notes by label or report: why it is orange or was skipped, and where the notebook ended itself."""
    notes: dict[str, list[str]] = {}
    for name, result in results:
        said = [*result.remarks, *result.warnings[:MOST_NOTES]]
        if said:
            notes[name] = said
    for name, end in ends.items():
        error = notebooks[name].exception if end == LabelState.SKIPPED else None
        if error is not None and not isinstance(error, DependencyFailed):
            notes[name] = [_cause(error)]
    for name, error in unreported:
        notes[str(ArtefactKey.of_file_name(name))] = [_cause(error)]
    return notes


def _causes(
    specification: WorkflowSpecification,
    notebooks: dict[str, Future[Any]],
    ends: dict[str, LabelState],
    asked_for: Sequence[NotebookSpecification],
) -> dict[str, str]:
    """Return the causes of labels that failed or were not run, for the records of their items."""
    causes: dict[str, str] = {}
    names = {notebook.label for notebook in asked_for}
    for notebook in specification.notebooks:
        label, error = notebook.label, notebooks[notebook.label].exception if notebook.label in notebooks else None
        if label not in names:
            causes[label] = NOT_ASKED_FOR
        elif isinstance(error, DependencyFailed):
            need = next(need for need in notebook.needs if ends[need] not in (LabelState.SUCCEEDED, LabelState.CACHED))
            causes[label] = f"{need}, which it needs, {'failed' if ends[need] == LabelState.FAILED else f'was {ends[need]}'}"
        elif ends[label] == LabelState.FAILED and error is not None:
            causes[label] = _cause(error)
    return causes


def _ends_of_reports(
    standing: Mapping[tuple[str, str], ReportResult], reports: dict[tuple[str, str], Future[Any]]
) -> dict[str, LabelState]:
    """Return the states of the reports that were kept or failed; those that were made have none."""
    failed = [key for key, future in reports.items() if future.exception is not None]
    failed = [key for key in failed if not isinstance(reports[key].exception, DependencyFailed)]
    cached = {str(ArtefactKey(*key)): LabelState.CACHED for key in standing}
    return cached | {str(ArtefactKey(*key)): LabelState.FAILED for key in failed}


def _limits(notebook: NotebookSpecification) -> dict[str, Any]:
    """The settings that the file gives: what it does not mention stays out of the history."""
    return notebook.model_dump(exclude=set(OF_THE_DECIDER), exclude_defaults=True)


def _kept_attempts(workflow: WorkflowSpecification) -> dict[str, Any]:
    return workflow.model_dump(include={"keep_attempts"}, exclude_defaults=True)


def _reason(failures: Failures) -> str:
    """Every failed label, the causes, and the labels that were not run: a service may cut off the end of a long text."""
    failed = [LabelError(name, _cause(error)) for name, error in failures if not isinstance(error, DependencyFailed)]
    return str(RunError.of(failed, [name for name, error in failures if isinstance(error, DependencyFailed)]))


def _cause(error: BaseException) -> str:
    """Return the sentence of the exception, in full where the history has it."""
    if not isinstance(error, TaskFailed):
        return str(error)
    if isinstance(error, TimeoutError):
        return ENDED_BY_THE_SERVICE.get(error.timeout_type, str(error.reason))
    details = payload.decode(error.details, lambda digest: "null") if error.details else None
    message = details.get("message") if isinstance(details, dict) else None
    return str(message or error.reason or error.name)


def _details(failures: Failures) -> str | None:
    """Return the details of the first failure that has any: its traceback."""
    return next((error.details for _, error in failures if isinstance(error, TaskFailed) and error.details), None)
