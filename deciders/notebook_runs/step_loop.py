"""The loop that carries steps out: the graph says what starts, and the history what has ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simpleflow_nb import Workflow, futures
from simpleflow_nb.futures import Future

from .. import activities
from ..steps.outcomes import Outcome, Turn
from ..tasks.arguments import ReportTask
from ..tasks.results import NotebookResult, ReportResult
from ..values.item import Item
from ..values.item_state import ItemState
from .item_reports import ItemReports
from .item_tasks import ItemTasks
from .outcomes_of_items import cause_of, details_of, outcome_of_result, state_after
from .shared_items import SharedItems
from .slices import RunningSlice, Slices
from .task_ids import notebook_id, report_id
from .work import ReportKey

#: How long what runs may take to end after the run was cancelled; then the run ends without it.
GRACE_SECONDS = 60

_Open = Item | ReportKey | RunningSlice


class StepLoop:
    """The steps of one run, or of one slice of it, carried out."""

    def __init__(
        self,
        workflow: Workflow,
        tasks: ItemTasks,
        cancellation: Future[None],
        shared: SharedItems,
        slices: Slices | None = None,
    ) -> None:
        self._shared = shared
        self.workflow, self.tasks, self.run, self.work = workflow, tasks, tasks.run, tasks.work
        self.unfolding = tasks.unfold()
        self.cancellation = cancellation
        self._slices = slices
        self._reports = ItemReports(tasks)
        self._open: dict[Future[Any], _Open] = {}
        self._ends: futures.Completions[Any] = futures.Completions([cancellation])
        self._grace: Future[None] | None = None
        self._stops: Future[Any] | None = None
        self._is_cancelled = False

    def carry_out(self) -> None:
        """Run everything that is to run, until nothing runs any more."""
        self.take(self.unfolding.begin())
        while self._open:
            future = self._ends.next()
            if self.cancellation.finished and not self._is_cancelled:  # nothing starts for ends that came with it either
                self._cancel()
            if future is self.cancellation:
                continue
            if future is self._grace:
                self._end_the_rest()
                break
            if future is self._stops:
                self._stop(future.result)
            else:
                self._end(future, self._open.pop(future))
        if self._grace is not None and not self._grace.finished:
            self._grace.cancel()

    def take(self, turn: Turn) -> None:
        """Do what the graph says."""
        for settled in turn.settled:
            label = settled.item.label
            self.tasks.settled[label] = self.tasks.settled.get(label, 0) + (settled.item.index is not None)
            if settled.state is ItemState.CACHED:
                self._report(settled.item)
        for item in turn.starts:
            self.work.began[item] = None
            self._follow(self._submitted(item), item)
        if self._slices is not None:
            for label, root in turn.stopped:
                self._slices.stop(label, root, [one for one in self._open.values() if isinstance(one, RunningSlice)])
            for stage in turn.stages:
                self._slices.cut(stage)
            self._start_slices()

    def _submitted(self, item: Item) -> Future[Any]:
        notebook, task, priority = self.run.notebooks[item.label], self.tasks.task(item), self.run.urgency_of(item.label)
        if notebook.is_shared and self.run.sharing.has_children and not self.run.forces(item.label):
            return self._shared.start(item, task, notebook, priority)
        activity = activities.notebook_activity(notebook.retries, notebook.timeout_seconds)
        return self.workflow.submit(activity, __activity_id=notebook_id(item), __priority=priority, **task.as_json())

    def _after(self, item: Item, future: Future[Any]) -> Future[Any] | None:
        """Return what is to be waited for before a shared item has ended; nothing begins once the run was cancelled."""
        return None if self.cancellation.finished else self._shared.following(item, future)

    def listen_for_stops(self) -> None:
        """Take signals of the run that a slice belongs to: a label of which nothing is to start any more."""
        self._stops = self.workflow.next_signal(Slices.STOP)
        self._ends.add(self._stops)

    def _stop(self, signal: Any) -> None:
        self.take(self.unfolding.stop(*Slices.read_stop(signal)))
        self.listen_for_stops()

    def _start_slices(self) -> None:
        assert self._slices is not None
        for future, started in self._slices.start():
            self._follow(future, started)

    def _follow(self, future: Future[Any], what: _Open) -> None:
        self._open[future] = what
        self._ends.add(future)

    def _end(self, future: Future[Any], ended: _Open) -> None:
        if isinstance(ended, Item):
            if (following := self._after(ended, future)) is not None:
                self._follow(following, ended)
            else:
                self.take(self.unfolding.ended(ended, self._outcome(ended, future)))
        elif isinstance(ended, RunningSlice):
            assert self._slices is not None
            self.take(self._slices.ended(ended, future))
        elif future.exception is None:
            self.work.reports[ended] = ReportResult.of_json(future.result)
        else:
            self.work.unreported[ended] = cause_of(future.exception)

    def _outcome(self, item: Item, future: Future[Any]) -> Outcome:
        elsewhere, error = self._shared.end(item, future), future.exception
        if elsewhere is not None and elsewhere.result is None:
            return self._failed(item, elsewhere.state, elsewhere.said or "", elsewhere.details)
        if elsewhere is None and error is not None:
            return self._failed(item, state_after(error), cause_of(error), details_of(future))
        result = NotebookResult.of_json(future.result if elsewhere is None else elsewhere.result or {})
        self.work.results[item] = result
        if result.is_taken:
            del self.work.began[item]
        self._report(item)
        state = ItemState.CACHED if result.is_taken else ItemState.SUCCEEDED
        return outcome_of_result(result, self.run.graph.wanted[item.label], state)

    def _failed(self, item: Item, state: ItemState, said: str, details: str | None) -> Outcome:
        self.work.errors[item] = said
        if details is not None:
            self.work.details[item] = details
        return Outcome(state)

    # ---- cancellation ------------------------------------------------------------------------------------------------------

    def _cancel(self) -> None:
        self._is_cancelled = True
        if self._slices is not None:
            self._slices.cancel()
        self.take(self.unfolding.cancel())
        for future in list(self._open):
            future.cancel()
        if self._open:
            self._grace = self.workflow.timer(GRACE_SECONDS)
            self._ends.add(self._grace)

    def _end_the_rest(self) -> None:
        """The time for what was asked to end is over."""
        for what in self._open.values():
            if isinstance(what, Item):
                self.work.errors[what] = f"it had not ended {GRACE_SECONDS} s after the run was cancelled"
                self.unfolding.ended(what, Outcome(ItemState.CANCELLED))
            elif isinstance(what, RunningSlice) and self._slices is not None:
                self._slices.lost(what, ItemState.CANCELLED, "its slice had not ended in time after the run was cancelled")
        self._open.clear()

    # ---- reports -----------------------------------------------------------------------------------------------------------

    def _report(self, item: Item) -> None:
        """Make the reports of an item that has ended well, unless they stand."""
        if self.cancellation.finished or (self.run.only is not None and item.label != self.run.only):
            return
        for report in self._reports.of(item):
            if report.standing is not None:
                self.work.standing[report.key] = report.standing
                continue
            future = self.workflow.submit(
                activities.convert_report,
                __activity_id=report_id(item, report.output.format),
                __priority=self.run.urgency,
                **ReportTask(
                    label=item.label,
                    executed=replace(self.work.results[item], scraps={}).as_json(),
                    inputs_dir=self.run.inputs_dir,
                    reference_date=self.run.parameters.get("reference_date"),
                    options=report.output.model_dump(mode="json", exclude={"name"}),
                    file_name=report.file_name,
                    folder=self.run.folder,
                    index=self.tasks.named(item).index,
                ).as_json(),
            )
            self._follow(future, report.key)
