"""One run of a workflow of notebooks: its steps as their graph unfolds, their reports, then its record."""

from __future__ import annotations

from typing import Any

from simpleflow_nb import Workflow, futures
from simpleflow_nb.constants import NOTEBOOK_TYPE

from . import activities
from .items_workflow import ItemsWorkflow
from .notebook_runs.item_tasks import ItemTasks
from .notebook_runs.notebook_run import NotebookRun
from .notebook_runs.run_end import RunEnd
from .notebook_runs.shared_items import SharedItems
from .notebook_runs.slices import FAN_CHUNK, Cuts, Slices
from .notebook_runs.step_loop import StepLoop
from .tasks.results import RunResult
from .values.run_state import RunState


class NotebookWorkflow(Workflow):
    """Run the notebooks of one instance.

    The specification is passed by value, so that a later change of the workflow file does not affect the run. The result is the
    JSON of a `deciders.tasks.results.RunResult`.

    What needs a label that failed is not run, unless the file says otherwise; everything else is, and the run fails at the end
    with a reason that names every failed label. A failed report does not fail the run; it turns the light orange. A label whose
    notebook says that there is nothing to do is skipped together with what takes it; a run in which nothing else was run counts
    as skipped. The rules are those of `deciders.steps`.

    When it is cancelled, nothing starts any more, and what runs is asked to end: it keeps the end that it comes to within a
    minute.

    Args of ``run``:
        kept: results of labels that succeeded in an earlier run. They are not run again; the result lists them as ``cached``.
        kept_items: the same for what is known by keys: by label and key.
        kept_reports: the same for reports of kept labels, by label and format (``count.pdf``).
        kept_item_reports: the same for reports of what is known by keys: by label, key and format.
        sources: SHA-256 of the notebook files by their names in the workflow file, for the keys.
        only: run this label, those of its dependencies that are not kept, and nothing else.
        origin: why the run was started and what it was made from, for its record.
        missing_dates: dates of the stencil that were not available at the start, for notebooks that take them.
        fan_chunk: items of a fan that one execution carries out at most; larger fans are cut into slices.
        sharing: a `deciders.notebook_runs.notebook_run.Sharing`, for labels that are shared with other runs.
        forced: nothing is taken over from other runs, either.
    """

    name = NOTEBOOK_TYPE
    version = "2"
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
        kept_items: dict[str, dict[str, dict[str, Any]]] | None = None,
        kept_reports: dict[str, dict[str, Any]] | None = None,
        kept_item_reports: dict[str, dict[str, dict[str, dict[str, Any]]]] | None = None,
        sources: dict[str, str] | None = None,
        only: str | None = None,
        origin: dict[str, Any] | None = None,
        missing_dates: list[str] | None = None,
        sharing: dict[str, Any] | None = None,
        forced: bool = False,
        fan_chunk: int = FAN_CHUNK,
    ) -> dict[str, Any]:
        given: dict[str, Any] = {
            "workflow": workflow,
            "instance": instance,
            "identity": identity,
            "parameters": parameters,
            "inputs_dir": inputs_dir,
            "outputs": outputs,
            "kept_items": kept_items,
            "sources": sources,
            "only": only,
            "missing_dates": missing_dates,
            "sharing": sharing,
            "forced": forced,
            **({"kept_item_reports": kept_item_reports} if kept_item_reports else {}),
        }
        run = NotebookRun.of_arguments(run_id=self.executor.run_id, kept=kept, kept_reports=kept_reports, **given)
        cancellation = self.cancellation
        began = self.now()
        if not rerun:
            asked = self.submit(
                activities.already_succeeded,
                __priority=run.urgency,
                workflow=run.specification.name,
                identity=identity,
                outputs=outputs,
            )
            futures.wait_any(asked, cancellation)
            if not asked.finished:
                self.cancel()
            artefacts = futures.get_result_or_raise(asked)
            if artefacts is not None:
                return RunResult(state=RunState.SUCCEEDED, artefacts=artefacts, was_done=True).as_json()

        if cancellation.finished:
            self.cancel()  # nothing has started, and nothing will
        cuts = Cuts(run.graph, fan_chunk)
        slices = Slices(self, ItemsWorkflow, given, cuts)
        tasks = ItemTasks(run, share=self.shared, delegate=cuts.delegates)
        slices.belong_to(tasks)
        StepLoop(self, tasks, cancellation, SharedItems(self, ItemsWorkflow), slices).carry_out()
        end = RunEnd(tasks)
        if end.state is RunState.CANCELLED:
            self.cancel()  # at once: no task may be carried out any more; the end is recorded by whoever looks for it next
        recorded = self.submit(
            activities.record_run,
            __priority=run.urgency,
            identity=identity,
            parameters=parameters,
            state=end.state,
            light=end.light,
            started=began,
            ended=self.now(),
            error=end.error,
            artefacts=end.artefacts,
            labels=end.ends,
            **({"origin": origin} if origin is not None else {}),
            **{name: value for name in ("notes", "causes", "items") if (value := getattr(end, name))},
            **run.folder.as_json(),
        )
        futures.get_result_or_raise(recorded)
        if end.state is RunState.FAILED:
            self.fail(end.error or "the run failed", end.details)
        ended = RunState.SKIPPED if end.outcome.state is RunState.SKIPPED else RunState.SUCCEEDED
        return RunResult(state=ended, light=end.light, artefacts=end.artefacts, cached=end.cached).as_json()
