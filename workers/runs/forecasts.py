"""Forecasts of due runs: which labels they would keep or run, and why, as far as that can be known before they start."""

from __future__ import annotations

from pathlib import Path

from deciders.notebook_runs.item_tasks import ItemTasks
from deciders.notebook_runs.notebook_run import NotebookRun
from deciders.notebook_runs.outcomes_of_items import outcome_of_result
from deciders.runs.planned_run import PlannedRun
from deciders.specification import Specification
from deciders.tasks.arguments import NotebookTask
from deciders.tasks.results import NotebookResult
from deciders.values.item_reason import ItemReason
from deciders.values.item_state import ItemState

from ..artefacts import Artefacts
from ..notebooks.notebook_errors import NotebookRefused
from ..records.run_records import RunRecords
from ..sharing.item_parts import parts_of_item
from ..sharing.run_reasons import plain_parts, reason_against, reason_to_run
from ..sharing.taken_items import found_items
from ..sources.data_stamps import DataStamps
from .item_values import values_of_item
from .run_starts import run_arguments


def forecast(
    specification: Specification, run: PlannedRun, outputs: Path, records: RunRecords, stamps: DataStamps | None = None
) -> dict[str, ItemReason]:
    """Return by label, or item such as ``day:3``, why a run would keep it or run it again; what would run for the first time,
    or depends on what runs before it, is left out.

    Raises:
        RecordsError, SourceError: the records, or data that count for it, cannot be read.
    """
    asked = NotebookRun.of_arguments(**run_arguments(specification, run, str(outputs), stamps=stamps))
    tasks = ItemTasks(asked, share=lambda value: value)
    unfolding, artefacts = tasks.unfold(), Artefacts(outputs)
    found: dict[str, ItemReason] = {}
    turns = [unfolding.begin()]
    while turns:
        turn = turns.pop()
        for settled in turn.settled:
            if settled.state is ItemState.CACHED:
                found[str(tasks.named(settled.item))] = ItemReason.kept_from(None)
        for item in turn.starts:
            reason, result = _of_item(tasks.task(item), run, artefacts, records)
            if reason is not None:
                found[str(tasks.named(item))] = reason
            if result is not None:
                tasks.work.results[item] = result
                outcome = outcome_of_result(result, asked.graph.wanted[item.label], ItemState.CACHED)
                turns.append(unfolding.ended(item, outcome))
    return found


def _of_item(
    task: NotebookTask, run: PlannedRun, artefacts: Artefacts, records: RunRecords
) -> tuple[ItemReason | None, NotebookResult | None]:
    """Return why an item is kept or runs, None if for the first time; and its result if it is kept."""
    notebook, inputs_dir = Path(task.inputs_dir) / task.filename, Path(task.inputs_dir)
    environment = task.settings.get("environment") or {}
    own = artefacts.notebook_folder(run.workflow_name, run.instance, task.label, task.item_folder)
    try:
        if task.shared is None:
            values = values_of_item(
                (artefacts, run.workflow_name, run.instance),
                parameters=task.parameters,
                upstream=task.upstream,
                files=task.files,
                failures=task.failures,
                flowapi_url_as=task.flowapi_url_as,
            )
            parts = plain_parts(notebook, values, environment, artefacts.outputs, inputs_dir)
        else:
            parts = parts_of_item(
                notebook,
                task.shared,
                inputs_dir=inputs_dir,
                outputs=artefacts.outputs,
                kernel=task.settings.get("kernel"),
                kernel_fallback=task.settings.get("kernel_fallback", True),
                environment=environment,
                parameters=task.parameters,
                upstream=task.upstream,
                files=task.files,
                failures=task.failures,
                flowapi_url_as=task.flowapi_url_as,
            )
    except (NotebookRefused, OSError, ValueError):
        return None, None  # the run itself will say what is wrong
    if task.shared is not None:
        for made in found_items(artefacts.outputs, records.items_with_key(parts.key)):
            result = None if made.is_older_than(task.shared.seconds) else made.result(task.scraps)
            if result is not None:
                return ItemReason.kept_from(made.run if made.run != run.title else None), result
    why = reason_to_run(
        own, parts, is_shared=task.shared is not None, upstream=task.upstream, is_forced=False, is_never_kept=task.never_kept
    )
    if why is None and task.shared is not None:
        below = f"notebooks/{own.relative_to(artefacts.outputs).parts[1]}/"
        latest = next(found_items(artefacts.outputs, records.latest_items(task.label, below)), None)
        why = reason_against(latest, parts, task.shared.seconds)
    return why, None
