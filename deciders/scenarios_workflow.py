"""A set of scenarios: one run for each, some at a time, by a durable execution of its own."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import Any

from simpleflow_nb import Workflow, futures
from simpleflow_nb.constants import MAX_RUN_SECONDS, SCENARIOS_TYPE
from simpleflow_nb.exceptions import TaskFailed
from simpleflow_nb.futures import Future
from simpleflow_nb.service_faults import CHILD_IS_OPEN

from . import activities
from .notebook_workflow import NotebookWorkflow
from .runs.identity import workflow_id
from .runs.run_requests import requested_runs
from .runs.scenario_runs import ScenarioSet
from .tasks.results import StartedRuns

#: Scenarios that are started together.
BATCH = 12
#: SWF's rate for child executions, https://docs.aws.amazon.com/amazonswf/latest/developerguide/swf-dg-limits.html
CHILDREN_PER_SECOND = 12.0


class ScenarioRun(NotebookWorkflow):
    """The run of a scenario as a child: a `NotebookWorkflow` under the id that any start of that instance gives it."""

    raises_on_failure = False

    @staticmethod
    def get_workflow_id(_: type[ScenarioRun], *, workflow: dict[str, Any], instance: str, identity: str, **rest: Any) -> str:
        """Return the id of its execution, see `deciders.runs.identity.workflow_id`."""
        return workflow_id(workflow["name"], instance, identity)

    @staticmethod
    def get_tag_list(_: type[ScenarioRun], *, workflow: dict[str, Any], instance: str, **rest: Any) -> list[str]:
        """Return the tags of its execution, see `deciders.runs.run_tags`."""
        return [workflow["name"], instance]


class ScenariosWorkflow(Workflow):
    """Start a run for each requested scenario, and write the results of the set whenever some have ended.

    The result is ``{"started": [workflow ids], "failed": [instances], "not_started": number}``; a failed instance does not fail
    the execution. When its cancellation is requested it starts no more, writes the results and ends; runs that are open go on.

    Args of ``run``:
        scenario_set: a `ScenarioSet`, whose results are written.
        requests: of `deciders.runs.run_requests`, one for each scenario to start.
        open_ids: workflow ids of runs of the set that are open already: they count as open, and are waited for.
        stop_on_failure: start no more once one has failed.
        starts_per_second: None means no limit, which suits a service in this process.
        has_children: whether the service can start child executions; else an activity starts the runs.
    """

    name = SCENARIOS_TYPE
    version = "1"
    task_list = activities.DECISIONS
    execution_timeout = MAX_RUN_SECONDS
    child_policy = "ABANDON"

    def run(
        self,
        *,
        specification: dict[str, Any],
        outputs: str,
        scenario_set: dict[str, Any],
        requests: list[dict[str, Any]],
        open_ids: list[str] | None = None,
        max_parallel: int = 20,
        stop_on_failure: bool = False,
        starts_per_second: float | None = None,
        has_children: bool = True,
    ) -> dict[str, Any]:
        cancellation = self.cancellation
        self.place = {"specification": specification, "outputs": outputs}
        self.scenario_set = scenario_set
        self.starts_per_second, self.has_children = starts_per_second, has_children
        known = ScenarioSet.of_json(scenario_set)
        self.instances = {run.workflow_id: run.instance for run in map(known.run, known.scenarios)}
        self.children: dict[Future[Any], str] = {}  # open ones, with their workflow ids
        self.watched = list(open_ids or ())  # open runs that are no children
        self.watch: Future[list[str]] | None = None
        self.writing: Future[list[str]] | None = None
        self.started: list[str] = []
        self.prepared: deque[dict[str, Any]] = deque()  # that are still to be started
        self.next_start = self.now()
        self.ended: set[str] = set()  # instances that were watched to their ends
        self.judged: frozenset[str] = frozenset()  # those of them whose ends the results have
        self.failed: dict[str, None] = {}  # instances
        self.has_news = False
        waiting = deque(requests)  # that are not prepared yet
        while not cancellation.done:
            while (
                (waiting or self.prepared)
                and not (stop_on_failure and (self.failed or self._is_unsure))
                and not cancellation.done
                and self._open < max_parallel
            ):
                self._start(waiting, max_parallel - self._open)
                self._take_in()
            if self.has_news and self.writing is None:
                self._write()
            if not self._open and self.writing is None:
                is_over = stop_on_failure and self.failed and not self._is_unsure
                if is_over or not (waiting or self.prepared):
                    break
                continue
            if self.watched and self.watch is None:
                self.watch = self.submit(activities.wait_for_runs, workflow_ids=self.watched)
            futures.wait_any(*self.children, *(one for one in (self.watch, self.writing) if one is not None), cancellation)
            self._take_in()
        if self.watch is not None:
            self.watch.cancel()
        self._write_at_the_end()
        if cancellation.done:
            self.cancel(f"{len(waiting) + len(self.prepared)} of {len(requests)} not started")
        left = len(waiting) + len(self.prepared)
        return {"started": self.started, "failed": list(self.failed), "not_started": left}

    @property
    def _is_unsure(self) -> bool:
        """Tell whether the end of a run that is no child is known, and not yet how it was: only the results say that."""
        return not self.ended <= self.judged

    @property
    def _open(self) -> int:
        return len(self.children) + len(self.watched)

    def _start(self, waiting: deque[dict[str, Any]], room: int) -> None:
        """Start some runs, at most so many, or do what comes before that: while it takes its time, a failure may end it all.

        Those that could not be started stay among the ``waiting``.
        """
        if self.has_children:
            self._start_children(waiting, room)
            return
        requests = [waiting.popleft() for _ in range(min(room, BATCH, len(waiting)))]
        rate = self.starts_per_second
        begun = self.submit(activities.start_scenarios, **self.place, requests=requests, starts_per_second=rate)
        done = StartedRuns.of_json(futures.get_result_or_raise(begun))
        number = len(requests) - done.held_back
        self.started += done.started
        self.watched += [one.run.workflow_id for one in requested_runs(requests[:number])]
        waiting.extendleft(reversed(requests[number:]))

    def _start_children(self, waiting: deque[dict[str, Any]], room: int) -> None:
        if not self.prepared:  # several at a time, for the events that it takes
            requests = [waiting.popleft() for _ in range(min(BATCH, len(waiting)))]
            asked = self.submit(activities.prepare_scenarios, **self.place, requests=requests)
            self.prepared.extend(futures.get_result_or_raise(asked))
            return
        number, now = min(room, len(self.prepared)), self.now()
        if self.starts_per_second:
            if self.next_start > now:
                self.timer(self.next_start - now).wait()
                return
            self.next_start = self.now() + timedelta(seconds=number / self.starts_per_second)
        for one in [self.prepared.popleft() for _ in range(number)]:
            child = self.submit(ScenarioRun, __priority=one["priority"], **one["arguments"])
            self.children[child] = one["workflow_id"]
            self.started.append(one["workflow_id"])

    def _take_in(self) -> None:
        """Take in what has ended."""
        for child, id in list(self.children.items()):
            if child.done:
                del self.children[child]
                error = child.exception
                if isinstance(error, TaskFailed) and error.reason == CHILD_IS_OPEN:
                    self.started.remove(id)
                    self.watched.append(id)  # somebody else has started it
                    continue
                self.has_news = True
                if error is not None:
                    self.failed[self.instances.get(id, id)] = None
        if self.watch is not None and self.watch.done:
            found = futures.get_result_or_raise(self.watch)
            self.watched = [one for one in self.watched if one not in found]
            self.ended |= {self.instances.get(id, id) for id in found}
            self.watch, self.has_news = None, self.has_news or bool(found)
        if self.writing is not None and self.writing.done:
            self._note_written()

    def _write(self, *, is_last: bool = False) -> None:
        self.has_news, self.ended_before = False, frozenset(self.ended)
        self.writing = self.submit(
            activities.write_scenario_results, **self.place, scenario_set=self.scenario_set, is_last=is_last
        )

    def _note_written(self) -> BaseException | None:
        """Take in what was written; return why nothing was, if so."""
        assert self.writing is not None
        error = self.writing.exception
        self.judged = self.ended_before
        if error is None:
            self.failed |= dict.fromkeys(one for one in self.writing.result if one in self.judged)
        else:
            self.log(f"the results cannot be written: {error}")
        self.writing = None
        return error

    def _write_at_the_end(self) -> None:
        if self.writing is not None:
            self.writing.wait()
            self._note_written()
        self._write(is_last=True)
        if (error := self._note_written()) is not None:
            self.fail(f"the results cannot be written: {error}")
