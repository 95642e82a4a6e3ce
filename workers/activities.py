"""Bodies of the notebook application's activities."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from deciders import activities as declared
from deciders.runs.scenario_runs import ScenarioSet
from deciders.specification import OutputSpecification
from deciders.specification.retention_rules import KEPT_ATTEMPTS
from deciders.tasks.arguments import SharedSettings
from deciders.tasks.results import NotebookResult
from deciders.values.item import Item
from deciders.values.label_state import LabelState
from deciders.values.light import Light
from deciders.values.report_format import ReportFormat
from deciders.values.run_state import RunState
from simpleflow_nb.activity_context import context
from simpleflow_nb.exceptions import ActivityCanceled

from .artefacts import Artefacts, path_part
from .kernels.supply import open_shared
from .notebooks.kernel_output import OutputLimits
from .notebooks.notebook_errors import NotebookSkipped
from .notebooks.notebook_run import Cancellation, NotebookFailed, run_notebook
from .notebooks.notebook_session import CountedWarnings
from .notebooks.run_json import ItemOfRun
from .records.run_records import RunRecord, RunRecords
from .runs.backfills import start_backfill as start_one_backfill
from .runs.item_ends import ItemPlace, ends_of_items, recorded_item
from .runs.item_values import AllScraps, told_scraps, values_of_item
from .runs.kept_specification import is_by_reference, whole_specification
from .runs.latest_links import NAME as LATEST
from .runs.latest_links import point_latest
from .runs.lost_attempts import record_lost_attempt
from .runs.notebook_versions import as_executed
from .runs.old_outputs import remove_old_attempts
from .runs.report_making import made_report
from .runs.report_paths import remove_renamed
from .runs.run_origin import recorded_origin
from .runs.scenario_sets import ended_runs, prepared_scenarios, start_scenario_runs, written_results
from .runs.sensor_check import check_for_new_dates, start_requested
from .runs.shared_items import SharedItem, found_shared, why_it_runs
from .secrets import masked
from .sharing.run_reasons import plain_parts


@declared.already_succeeded.implemented_by
def already_succeeded(*, workflow: str, identity: str, outputs: str) -> dict[str, str] | None:
    """Look up the artefacts of an instance that has succeeded before; None if it has not."""
    with closing(RunRecords.open(Path(outputs))) as records:
        found = records.succeeded(workflow, identity)
    return found.artefacts if found is not None else None


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
    upstream: dict[str, dict[str, Any]],
    flowapi_url_as: list[str],
    timeout_seconds: float | None = None,
    cell_timeout_seconds: float | None = None,
    memory_limit_bytes: int | None = None,
    printed_limit_bytes: int | None = None,
    displayed_limit_bytes: int | None = None,
    kernel: str | None = None,
    kernel_fallback: bool = True,
    warnings: CountedWarnings = "own",
    environment: dict[str, str] | None = None,
    keep_attempts: int | None = KEPT_ATTEMPTS,
    index: int | None = None,
    items: int | None = None,
    item_folder: str | None = None,
    files: dict[str, dict[str, Any]] | None = None,
    failures: dict[str, list[dict[str, Any]]] | None = None,
    scraps: list[str] | AllScraps | None = None,
    key: str | None = None,
    run_id: str | None = None,
    shared: dict[str, Any] | None = None,
    forced: bool = False,
    never_kept: bool = False,
) -> dict[str, object]:
    """Run one notebook in a kernel of its own, in its own folder; the result is a `NotebookResult`.

    The arguments are those of a `deciders.tasks.arguments.NotebookTask`. What is shared with other runs is taken over from one
    of them if it has made the same; else the result is a `SharedWork` if the task ``asks``.

    When the task is cancelled, the cell is interrupted, and every process that the kernel has started is killed two seconds
    later.

    Raises:
        NotebookRefused, NotebookFailed: see :func:`workers.notebooks.run_notebook`.
        NotebookSkipped: the notebook said that there is nothing to do. The service sees a failure, so that no dependant runs.
        ScrapMissing: it ended well, and has not glued one of ``scraps``.
        ActivityCanceled: the run was cancelled meanwhile.
    """
    task = context()
    artefacts = Artefacts(Path(outputs))
    item = Item(label, index)
    place = ItemPlace(artefacts, workflow, instance, label, index, item_folder)
    source = Path(inputs_dir) / filename
    settings = SharedSettings.of_json(shared) if shared is not None else None
    run_id = run_id or (settings.run_id if settings is not None else None) or task.run_id
    found = found_shared(
        place,
        source,
        settings,
        run_id,
        inputs_dir=Path(inputs_dir),
        kernel=kernel,
        kernel_fallback=kernel_fallback,
        environment=environment or {},
        parameters=parameters,
        upstream=upstream,
        files=files or {},
        failures=failures or {},
        flowapi_url_as=flowapi_url_as,
    )
    common = found if isinstance(found, SharedItem) else None
    if common is not None:
        key = common.parts.key
        if not forced and (answer := common.answer(task, scraps or ())) is not None:
            return answer
    attempt = artefacts.begin_attempt(workflow, instance, label, item_folder)
    former = artefacts.attempt_folder(workflow, instance, label, attempt - 1, item_folder)
    record_lost_attempt(former)
    if keep_attempts is not None:
        remove_old_attempts(artefacts, workflow, instance, label, item_folder, before=attempt - keep_attempts)
    kernels: list[int] = []

    def on_kernel_started(pid: int) -> None:
        kernels.append(pid)
        task.process_groups.record(pid)
        task.heartbeat()  # a kernel can outlive this process, so the start of the task must be on record

    def on_progress(cell: int, cells: int, heading: str) -> None:
        heading = masked(heading)
        task.heartbeat(f"cell {cell} of {cells}" + (f": {heading}" if heading else ""))

    cancellation = Cancellation()
    task.on_cancel.append(cancellation.cancel)
    if task.cancel_requested():  # since the task began
        cancellation.cancel()
    with recorded_item(run_id, place, attempt, key) as told_of:
        values = values_of_item(
            (artefacts, workflow, instance),
            parameters=parameters,
            upstream=upstream,
            files=files or {},
            failures=failures or {},
            flowapi_url_as=flowapi_url_as,
        )
        plain = plain_parts(source, values, environment or {}, Path(outputs), Path(inputs_dir))
        why = why_it_runs(found, former, plain, upstream=upstream, is_forced=forced, is_never_kept=never_kept)
        told_of.reason = str(why) if why is not None else None
        try:
            done = run_notebook(
                source,
                values,
                place.folder,
                label=label,
                item=ItemOfRun(
                    index,
                    key,
                    run_id,
                    run=f"{workflow}/{instance}" if common is not None else None,
                    key_parts=common.parts.as_json() if common is not None else None,
                    reason=told_of.reason,
                )
                if key is not None or index is not None or told_of.reason is not None
                else None,
                attempt=attempt,
                kernel=kernel,
                timeout_seconds=timeout_seconds,
                cell_timeout_seconds=cell_timeout_seconds,
                memory_limit_bytes=memory_limit_bytes,
                output_limits=OutputLimits.given(printed_limit_bytes, displayed_limit_bytes),
                environment=environment,
                inputs_dir=inputs_dir,
                outputs=Path(outputs),
                counted_warnings=warnings,
                kernel_fallback=kernel_fallback,
                cancellation=cancellation,
                kernels=open_shared(),
                on_kernel_started=on_kernel_started,
                on_progress=on_progress,
            )
        except NotebookFailed:
            if task.cancel_requested():
                raise ActivityCanceled(f"{item} was cancelled") from None
            raise
        finally:
            for pid in kernels:
                task.process_groups.forget(pid)
        if done.skipped_for is not None:
            raise NotebookSkipped(done.skipped_for)
        told = told_scraps(item, done.path, scraps or ())
    return NotebookResult(
        path=str(done.path),
        light=Light(done.light),
        warnings=done.warnings,
        ended_in_cell=done.ended_in_cell,
        scraps=told,
        key=common.parts.key if common is not None else None,
    ).as_json()


@declared.convert_report.implemented_by
def convert_report(
    *,
    workflow: str,
    instance: str,
    outputs: str,
    label: str,
    executed: dict[str, Any],
    template: str | None,
    reference_date: str | None,
    inputs_dir: str | None = None,
    format: ReportFormat = "pdf",
    code: bool = False,
    streams: bool = False,
    parameters: bool = False,
    file_name: str | None = None,
    index: int | None = None,
) -> dict[str, object]:
    """Make a report of an executed notebook, in a process of its own with limits of time and memory.

    The file is ``<label>.<format>``, or ``file_name``, in the folder of the run's reports; the result is a `ReportResult`.
    ``index`` is that of the item, for whoever looks at the task.

    Raises:
        ReportError: the notebook cannot be read or typeset, or a program that a template needs is missing.
        ReportStopped: it took too much time or memory.
        ActivityCanceled: the run was cancelled meanwhile.
    """
    artefacts = Artefacts(Path(outputs))
    made = NotebookResult.of_json(executed)
    item_folder = Path(file_name).stem if index is not None and file_name is not None else None
    own = artefacts.notebook(workflow, instance, label, item_folder)
    return made_report(
        OutputSpecification(format=format, template=template, code=code, streams=streams, parameters=parameters),
        Path(made.path),
        artefacts.reports_folder(workflow, instance) / (file_name or f"{path_part(label)}.{format}"),
        outputs=artefacts.outputs,
        noted_beside=own if made.is_taken and own.parent.is_dir() else None,
        reference_date=reference_date,
        inputs_dir=Path(inputs_dir) if inputs_dir is not None else None,
        on_wait=context().check,
    ).as_json()


@declared.record_run.implemented_by
def record_run(
    *,
    workflow: str,
    instance: str,
    outputs: str,
    identity: str,
    parameters: dict[str, Any],
    state: str,
    light: str,
    started: str,
    ended: str,
    error: str | None,
    artefacts: dict[str, str],
    labels: dict[str, str] | None = None,
    origin: dict[str, Any] | None = None,
    notes: dict[str, list[str]] | None = None,
    causes: dict[str, str] | None = None,
    items: list[dict[str, Any]] | None = None,
) -> None:
    """Record the end of this run; idempotent, because the record is found by its run id.

    The reports of a run that succeeded become the ``latest`` of its parameter set, unless those of a later date are.
    """
    task, origin = context(), origin or {}
    ended_as = RunState.read(state)
    ends = {name: LabelState.read(word) for name, word in (labels or {}).items()}
    with closing(RunRecords.open(Path(outputs))) as records:
        former = [one for one in records.runs(workflow, identity) if one.run_id != task.run_id]
        place = Artefacts(Path(outputs))
        lengths = Counter[str]()
        for item in items or ():
            if ends[item["label"]].ended_well:
                lengths[item["label"]] += item.get("items", 1)
        remove_renamed([one.artefacts for one in former], artefacts, place.reports_folder(workflow, instance), lengths)
        record = RunRecord(
            workflow_name=workflow,
            identity=identity,
            instance=instance,
            reference_date=parameters.get("reference_date"),
            parameters=parameters,
            state=ended_as,
            light=Light(light),
            started=datetime.fromisoformat(started),
            ended=datetime.fromisoformat(ended),
            attempt=len(former) + 1,
            workflow_id=task.workflow_id,
            run_id=task.run_id,
            error=masked(error) if error is not None else None,
            artefacts=artefacts,
            reason=origin.get("reason"),
            labels=ends,
            notebooks=as_executed(origin.get("notebooks"), Path(outputs), workflow, instance, ends, items or ()),
            data=_kept_data(origin, ended_as),
            date_stencil=origin.get("date_stencil"),
            missing_dates=origin.get("missing_dates"),
            notes={name: [masked(text) for text in texts] for name, texts in (notes or {}).items()},
            **recorded_origin(origin, former),
        )
        records.record(record, ends_of_items(record, place, former, causes, items or ()))
    if ended_as == RunState.SUCCEEDED:
        links = origin.get("latest_links") or [LATEST]
        point_latest(Path(outputs), workflow, instance, parameters.get("reference_date"), links)


def _kept_data(origin: dict[str, Any], state: RunState) -> dict[str, Any] | None:
    """Return what is recorded of the data: for a skipped run even if changed data would not cause a rerun otherwise."""
    data: dict[str, Any] | None = origin.get("data")
    return origin.get("seen_data") if data is None and state == RunState.SKIPPED else data


@declared.feed_new_dates.implemented_by
def feed_new_dates(
    *,
    specification: dict[str, Any],
    outputs: str,
    check_began: str | None = None,
    starts_per_second: float | None = None,
    forced: bool = False,
) -> dict[str, Any]:
    """Start every run that is due, in AutoFlow's order; see :func:`workers.runs.sensor_check.check_for_new_dates`.

    Raises:
        SourceError: the available dates cannot be read.
        RecordsError: the run records cannot be read.
    """
    began = datetime.fromisoformat(check_began) if check_began is not None else None
    task = context()
    whole = whole_specification(specification, task.payloads)
    return check_for_new_dates(
        task, whole, outputs, check_began=began, starts_per_second=starts_per_second, forced=forced
    ).as_json()


@declared.start_runs.implemented_by
def start_runs(
    *,
    specification: dict[str, Any],
    outputs: str,
    requests: list[dict[str, Any]],
    began: str | None = None,
    most_at_once: int | None = None,
    starts_per_second: float | None = None,
) -> dict[str, Any]:
    """Start requested runs; see :func:`workers.runs.sensor_check.start_requested`.

    Raises:
        RecordsError: the run records cannot be read.
    """
    task = context()
    return start_requested(
        task,
        whole_specification(specification, task.payloads),
        outputs,
        requests,
        began=datetime.fromisoformat(began) if began is not None else None,
        most_at_once=most_at_once,
        starts_per_second=starts_per_second,
    ).as_json()


@declared.start_backfill.implemented_by
def start_backfill(
    *,
    specification: dict[str, Any],
    outputs: str,
    requests: list[dict[str, Any]],
    most_at_once: int | None = None,
    starts_per_second: float | None = None,
) -> str:
    """Start the execution of a backfill that was requested from the sensor, unless it is open already."""
    task = context()
    workflow_id, _ = start_one_backfill(
        task.service,
        task.domain,
        whole_specification(specification, task.payloads),
        outputs,
        task.payloads,
        requests,
        by_reference=is_by_reference(specification),
        most_at_once=most_at_once,
        starts_per_second=starts_per_second,
    )
    return workflow_id


@declared.prepare_scenarios.implemented_by
def prepare_scenarios(*, specification: dict[str, Any], outputs: str, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the arguments of runs; see :func:`workers.runs.scenario_sets.prepared_scenarios`."""
    task = context()
    return prepared_scenarios(task, whole_specification(specification, task.payloads), outputs, requests)


@declared.start_scenarios.implemented_by
def start_scenarios(
    *, specification: dict[str, Any], outputs: str, requests: list[dict[str, Any]], starts_per_second: float | None = None
) -> dict[str, Any]:
    """Start runs; see :func:`workers.runs.scenario_sets.start_scenario_runs`."""
    task = context()
    whole = whole_specification(specification, task.payloads)
    return start_scenario_runs(task, whole, outputs, requests, starts_per_second=starts_per_second).as_json()


@declared.wait_for_runs.implemented_by
def wait_for_runs(*, workflow_ids: list[str]) -> list[str]:
    """Wait for the end of a run; see :func:`workers.runs.scenario_sets.ended_runs`."""
    return ended_runs(context(), workflow_ids)


@declared.write_scenario_results.implemented_by
def write_scenario_results(
    *, specification: dict[str, Any], outputs: str, scenario_set: dict[str, Any], is_last: bool = False
) -> list[str]:
    """Write the results of a set; see :func:`workers.runs.scenario_sets.written_results`."""
    task = context()
    whole = whole_specification(specification, task.payloads)
    return written_results(task, whole, outputs, ScenarioSet.of_json(scenario_set), is_last=is_last)
