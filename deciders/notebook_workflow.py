"""One run of a workflow of notebooks: its steps as their graph unfolds, their reports, then its record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from simpleflow_nb import Workflow, futures
from simpleflow_nb.constants import NOTEBOOK_TYPE
from simpleflow_nb.futures import Future

from . import activities
from .items_workflow import ItemsWorkflow
from .notebook_runs.item_tasks import ItemTasks
from .notebook_runs.notebook_run import NotebookRun
from .notebook_runs.outcomes_of_items import cause_of, outcome_of_result, state_after
from .notebook_runs.run_end import ReportKey, RunEnd
from .notebook_runs.shared_items import SharedItems
from .path_parts import path_part
from .specification import OutputSpecification
from .specification.report_names import report_file_names
from .steps.outcomes import Outcome, Turn
from .tasks.arguments import ReportTask
from .tasks.results import NotebookResult, ReportResult, RunResult
from .values.artefact_key import ArtefactKey
from .values.item import Item
from .values.item_state import ItemState
from .values.run_state import RunState

#: How long what runs may take to end after the run was cancelled; then the run ends without it.
GRACE_SECONDS = 60


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
        sources: SHA-256 of the notebook files by their names in the workflow file, for the keys.
        only: run this label, those of its dependencies that are not kept, and nothing else.
        origin: why the run was started and what it was made from, for its record.
        missing_dates: dates of the stencil that were not available at the start, for notebooks that take them.
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
        sources: dict[str, str] | None = None,
        only: str | None = None,
        origin: dict[str, Any] | None = None,
        missing_dates: list[str] | None = None,
        sharing: dict[str, Any] | None = None,
        forced: bool = False,
    ) -> dict[str, Any]:
        run = NotebookRun.of_arguments(
            workflow=workflow,
            instance=instance,
            identity=identity,
            parameters=parameters,
            inputs_dir=inputs_dir,
            outputs=outputs,
            kept=kept,
            kept_items=kept_items,
            kept_reports=kept_reports,
            sources=sources,
            only=only,
            missing_dates=missing_dates,
            sharing=sharing,
            forced=forced,
        )
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

        steps = _Steps(self, run, cancellation)
        end = steps.carry_out()
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


class _Steps:
    """The steps of one run, carried out: the graph says what starts, and the history what has ended."""

    def __init__(self, workflow: Workflow, run: NotebookRun, cancellation: Future[None]) -> None:
        self.workflow, self.run, self.cancellation = workflow, run, cancellation
        self.tasks = ItemTasks(run)
        self.shared = SharedItems(workflow, ItemsWorkflow)
        self.unfolding = self.tasks.unfold()
        self.notebooks: dict[Item, Future[Any]] = {}
        self.reports: dict[ReportKey, Future[Any]] = {}
        self.standing: dict[ReportKey, ReportResult] = {}
        self._names = report_file_names(run.specification, run.folder.instance, run.parameters)
        self._open: dict[Future[Any], Item | None] = {}  # None: of a report
        self._ends: futures.Completions[Any] = futures.Completions([cancellation])
        self._grace: Future[None] | None = None

    def carry_out(self) -> RunEnd:
        """Run everything that is to run, and return how the run ended."""
        self._take(self.unfolding.begin())
        while self._open:
            future = self._ends.next()
            if future is self.cancellation:
                self._cancel()
            elif future is self._grace:
                break
            elif (item := self._open.pop(future)) is None:
                continue  # a report
            elif (following := self._after(item, future)) is not None:
                self.notebooks[item] = following
                self._follow(following, item)
            else:
                self._take(self.unfolding.ended(item, self._outcome(item, future)))
        for item in [one for one in self._open.values() if one is not None]:
            self.tasks.errors[item] = f"it had not ended {GRACE_SECONDS} s after the run was cancelled"
            self.unfolding.ended(item, Outcome(ItemState.CANCELLED))
        if self._grace is not None and not self._grace.finished:
            self._grace.cancel()
        reports = {key: report for key, report in self.reports.items() if report.finished}
        return RunEnd(self.tasks, self.unfolding.run_outcome(), self.notebooks, reports, self.standing)

    def _take(self, turn: Turn) -> None:
        for settled in turn.settled:
            if settled.state is ItemState.CACHED:
                self._report(settled.item)
        for item in turn.starts:
            future = self._submitted(item)
            self.notebooks[item] = future
            self._follow(future, item)

    def _submitted(self, item: Item) -> Future[Any]:
        notebook, task, priority = self.run.notebooks[item.label], self.tasks.task(item), self.run.urgency_of(item.label)
        if notebook.is_shared and self.run.sharing.has_children and not self.run.forces(item.label):
            return self.shared.start(item, task, notebook, priority)
        activity = activities.notebook_activity(notebook.retries, notebook.timeout_seconds)
        return self.workflow.submit(activity, __priority=priority, **task.as_json())

    def _after(self, item: Item, future: Future[Any]) -> Future[Any] | None:
        """Return what is to be waited for before a shared item has ended; nothing begins once the run was cancelled."""
        return None if self.cancellation.finished else self.shared.following(item, future)

    def _follow(self, future: Future[Any], item: Item | None) -> None:
        self._open[future] = item
        self._ends.add(future)

    def _outcome(self, item: Item, future: Future[Any]) -> Outcome:
        elsewhere, error = self.shared.end(item, future), future.exception
        if elsewhere is not None and elsewhere.result is None:
            self.tasks.errors[item], self.tasks.details[item] = elsewhere.said or "", elsewhere.details
            return Outcome(elsewhere.state)
        if elsewhere is None and error is not None:
            self.tasks.errors[item] = cause_of(error)
            return Outcome(state_after(error))
        result = NotebookResult.of_json(future.result if elsewhere is None else elsewhere.result or {})
        self.tasks.results[item] = result
        state = ItemState.SUCCEEDED
        if result.is_taken:
            state = ItemState.CACHED
            del self.notebooks[item]
        self._report(item)
        return outcome_of_result(result, self.run.graph.wanted[item.label], state)

    def _cancel(self) -> None:
        turn = self.unfolding.cancel()
        for future in list(self._open):
            future.cancel()
        if turn.running or self._open:
            self._grace = self.workflow.timer(GRACE_SECONDS)
            self._ends.add(self._grace)

    # ---- reports -----------------------------------------------------------------------------------------------------------

    def _report(self, item: Item) -> None:
        """Make the reports of an item that has ended well, unless they stand."""
        if self.cancellation.finished or (self.run.only is not None and item.label != self.run.only):
            return
        named = self.tasks.named(item)
        for output, file_name in self._outputs(item):
            key = (named, str(output.format))
            kept = self.run.kept_reports.get(ArtefactKey(named.label, output.format, named.index).file_name)
            if kept is not None and item not in self.notebooks:
                self.standing[key] = kept
                continue
            future = self.workflow.submit(
                activities.convert_report,
                __priority=self.run.urgency,
                **ReportTask(
                    label=item.label,
                    executed=replace(self.tasks.results[item], scraps={}).as_json(),
                    inputs_dir=self.run.inputs_dir,
                    reference_date=self.run.parameters.get("reference_date"),
                    options=output.model_dump(mode="json", exclude={"name"}),
                    file_name=file_name,
                    folder=self.run.folder,
                    index=named.index,
                ).as_json(),
            )
            self.reports[key] = future
            self._follow(future, None)

    def _outputs(self, item: Item) -> Iterator[tuple[OutputSpecification, str | None]]:
        """Yield the outputs of a label with the file of this item's report; None for that of a label anyway."""
        folder = self.tasks.folder(item)
        for output in self.run.notebooks[item.label].output:
            name = self._names[item.label, output.format]
            if folder is not None:
                stem = name.removesuffix(f".{output.format}")
                yield output, f"{stem}/{path_part(folder)}.{output.format}"
            else:
                yield output, name if output.name is not None else None
