"""Fleets that carry out one run of notebooks, the random graph of their seed, with every kind of fault."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

from deciders.activities import NOTEBOOKS, SENSOR
from deciders.notebook_workflow import NotebookWorkflow
from simpleflow_nb import Activity, payload
from simpleflow_nb.constants import MAX_RUN_SECONDS
from simpleflow_nb.local.deciding import Attributes
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.processes.observed_run import ObservedRun
from simpleflow_nb.program import program
from simpleflow_nb.replay import Execution
from simpleflow_nb.testing.workflows import replaced_bodies
from simpleflow_nb.workflow import execution_input
from tests.service.manual_client import Event
from tests.simulation.fleet import Fleet
from tests.simulation.members import LIST, SteppedWorker
from tests.simulation.operators import Operator
from tests.simulation.simulated_service import Throttle

from .planned_ends import EXECUTE, PlannedEnds, item_of, times_out
from .written_graphs import arguments

WORKFLOW_ID = "graphs-cafe0123"


class NotebookFleet(Fleet):
    """A fleet whose deciders know `NotebookWorkflow`, and whose workers come to the ends that are planned.

    Attributes:
        was_cancelled: the operator has cancelled the run.
    """

    classes = (NotebookWorkflow,)

    def __init__(self, seed: int, folder: Path) -> None:
        self.ends, self.was_cancelled = PlannedEnds(seed), False
        super().__init__(seed, folder)
        self.former_share, self.cold_share = 0, 0.3
        self.throttle = _PatientThrottle(self.rng)
        self.times_out = self.rng.random() < 0.5  # else what would never be answered fails

    def new_operator(self) -> Operator:
        return _Starter(self)

    def new_worker(self) -> SteppedWorker:
        return _SilentWorker(self)

    def bodies(self) -> dict[str, Activity[Any, Any]]:
        return replaced_bodies(self.ends.bodies())

    def cold(self, workflow_id: str, run_id: str, events: list[Any]) -> Execution:
        return Execution(program(NotebookWorkflow), workflow_id=workflow_id, run_id=run_id, load=self.payloads.load)

    def _register(self) -> None:
        Decider(self.service, DOMAIN, LIST, self.classes).register_types()

    def replay(self, run_id: str, events: list[Any]) -> None:
        """Replay the whole history by code that knows nothing of it."""
        with ObservedRun(WORKFLOW_ID, run_id, events, self.payloads.load, NotebookWorkflow) as observed:
            observed.replay()


class _Starter(Operator):
    """Starts the one run, and in one seed of five cancels it at some time."""

    def __init__(self, fleet: NotebookFleet) -> None:
        super().__init__(fleet)
        self.of_notebooks = fleet
        self.cancels = random.Random(f"cancel {fleet.seed}").random() < 0.2

    def start_root(self) -> None:
        self._called(
            "start_workflow_execution",
            workflowId=WORKFLOW_ID,
            workflowType={"name": NotebookWorkflow.type_name(), "version": NotebookWorkflow.version},
            taskList={"name": LIST},
            executionStartToCloseTimeout=str(MAX_RUN_SECONDS),
            childPolicy="TERMINATE",
            input=execution_input(NotebookWorkflow, {"args": [], "kwargs": arguments(self.fleet.seed)}),
        )

    def act(self) -> None:
        if self.cancels and self.rng.random() < 0.2 and self.fleet.service.open_executions(DOMAIN):
            self.of_notebooks.was_cancelled |= self._called("request_cancel_workflow_execution", workflowId=WORKFLOW_ID)


class _SilentWorker(SteppedWorker):
    """A worker that is lost with every task of some items."""

    def __init__(self, fleet: NotebookFleet) -> None:
        super().__init__(fleet)
        self.of_notebooks = fleet

    def poll(self) -> bool:
        for task_list in (SENSOR, NOTEBOOKS):
            task = self.service.poll_for_activity_task(domain=DOMAIN, taskList={"name": task_list})
            if task.get("taskToken"):
                self.tasks.append(task)
                return True
        return False

    def work(self, which: int) -> None:
        task = self.tasks[which]
        if self.of_notebooks.times_out and task["activityType"]["name"] == EXECUTE:
            given = payload.decode_input(task["input"], self.of_notebooks.payloads.load)["kwargs"]
            if times_out(self.of_notebooks.seed, item_of(given)):
                del self.tasks[which]
                return
        super().work(which)


class _PatientThrottle(Throttle):
    """Refuses no timers: with the timer of its next attempt a task would end."""

    def refusal(self, kind: str, attributes: Attributes) -> str | None:
        return None if kind == "StartTimer" else super().refusal(kind, attributes)


def played(seed: int) -> tuple[NotebookFleet, str, list[Event]]:
    """Play the fleet of a seed; return it with the run id and the history of its run."""
    with tempfile.TemporaryDirectory() as folder:
        fleet = NotebookFleet(seed, Path(folder))
        [((_, run_id), events)] = fleet.play().items()
        return fleet, run_id, events
