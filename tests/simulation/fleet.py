"""A fleet under test: one service, deciders, workers and an operator, stepped one call at a time in one thread.

All that happens depends on the seed alone. First there is trouble: calls are lost, doubled or late, processes are killed, the
service is restarted from its journal, and it refuses decisions for their rate. Then there is none, the clock goes from one
timer to the next, and the operator sends the signals that executions wait for, until every one of them is closed.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any
from unittest.mock import patch

from simpleflow_nb import Workflow, payload
from simpleflow_nb.activity import Activity
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.processes import worker as worker_module
from simpleflow_nb.processes.decider import Parked
from simpleflow_nb.processes.payload_directory import MemoryPayloads, keep_long_texts
from simpleflow_nb.processes.registered_types import give_timeouts
from simpleflow_nb.program import program
from simpleflow_nb.replay import Execution
from simpleflow_nb.replay.calls import commands
from simpleflow_nb.service_faults import is_of_the_service
from simpleflow_nb.step import tasks as step_tasks

from ..service.manual_client import Event, StillClock
from .hooked import Called, Listener
from .members import LIST, Effects, StepMarks, SteppedDecider, SteppedWorker
from .operators import Operator
from .simulated_activities import BODIES
from .simulated_service import RATES, SteppedService, Throttle, opened_service, simulated
from .simulated_workflows import BUCKET, CLASSES, class_of
from .unreliable import Network, ProcessDied

FAR = 100_000  #: seconds; only the timeouts of whole executions are so far away
_START = 1_700_000_000.0
_MOST_ROUNDS = 3_000

Id = tuple[str, str]  # workflow id and run id


class Fleet:
    """The fleet of a seed.

    Attributes:
        called: what hooks have told.
        checked: run ids of executions whose next decision is to be compared with that of a decider that knows nothing of them.
        parked: executions that could not be decided by a decider with the code from before a deployment.
        stats: what has happened, for the test that everything does.
    """

    classes: Collection[type[Workflow]] = tuple(CLASSES.values())  #: of the workflows that it decides

    def __init__(self, seed: int, folder: Path) -> None:
        rng = self.rng = random.Random(seed)
        self.seed, self.path = seed, folder / f"{seed}.sqlite3" if rng.random() < 0.4 else None  # None: in memory
        self.network, self.throttle, self.effects = Network(rng), Throttle(rng), Effects()
        self.marks = StepMarks()
        self.payloads, self.stats = MemoryPayloads(), Counter[str]()
        self.parked: list[Parked] = []
        self.called: Counter[Called] = Counter()
        self.checked: set[str] = set()
        self.former_share = rng.choice([0, 0.5, 0.7])  # of the deciders that start: code is deployed one after the other
        self.workers_inside, self.cold_share = rng.random() < 0.5, 0.1
        self.sticky_seconds, self.rates = rng.choice([0, 5]), rng.choice([None, None, RATES])
        self.steps = rng.choice([40, 120, 300])
        self.operator = self.new_operator()
        self.clock = StillClock(_START)
        self.numbers_of_deciders = 0
        self.service: SteppedService
        self.deciders: list[SteppedDecider] = []
        self.workers: list[SteppedWorker] = []

    # ---- the whole run -------------------------------------------------------------------------------------------------------

    def play(self) -> dict[Id, list[Event]]:
        """Play until every execution is closed; return their histories.

        Raises:
            AssertionError: something that must always hold does not.
        """
        # a worker that waits before it reports again lets the time of the service pass, not that of the test
        pauses = patch.object(worker_module, "Backoff", lambda stop: _Pause(self))
        marks = patch.object(step_tasks, "marks_at", {BUCKET: self.marks}.__getitem__)
        hooks = patch.object(Listener, "tell", lambda called: self.called.update([called]))
        with simulated(random.Random(self.seed + 1), self.throttle), pauses, marks, hooks:
            self.service = self._opened()
            try:
                self._register()
                self.deciders = [self._new_decider() for _ in range(self.rng.randint(1, 3))]
                self.workers = [self.new_worker() for _ in range(self.rng.randint(1, 3))]
                self._trouble()
                self._peace()
                return self.histories()
            finally:
                for one in self.deciders:
                    one.end()
                self.service.close()

    def histories(self) -> dict[Id, list[Event]]:
        """Return the events of all executions, in the order of their starts."""
        return {(one.workflow_id, one.run_id): self.events(one.workflow_id, one.run_id) for one in self._known()}

    def _known(self) -> list[Any]:
        return sorted(self.service.changes().executions, key=lambda one: self.service.numbers[one.workflow_id, one.run_id])

    def events(self, workflow_id: str, run_id: str) -> list[Event]:
        """Return the history of an execution."""
        events: Any = self.service.events(workflow_id, run_id)
        return list(events)

    def _trouble(self) -> None:
        rng = self.rng
        self.network.trouble, self.network.deaths = rng.choice([(0, 0), (0.1, 0.005), (0.25, 0.02), (0.4, 0.01)])
        share = rng.choice([0, 0, 0.2, 0.6])
        moves: dict[Callable[[], None], int] = {
            self._poll_decisions: 30,
            self._decide: 30,
            self._poll_activities: 20,
            self._work: 20,
            self._deliver_late: 12,
            self._pass_time: 8,
            self.operator.act: 9,
            self._kill: 2 if self.network.deaths else 0,
            self._restart: 2,
        }
        self.operator.start_root()
        for _ in range(self.steps):
            self.throttle.share = share if rng.random() < 0.5 else 0
            move = rng.choices(list(moves), list(moves.values()))[0]
            try:
                move()
            except Exception as error:
                if not is_of_the_service(error):
                    raise

    def _peace(self) -> None:
        """Let everything come to its end without further trouble, and with the new code."""
        self.former_share = 0
        for decider in [one for one in self.deciders if one.is_former]:
            self._replace(decider)
        self.network.trouble = self.network.deaths = self.throttle.share = 0.0
        for _ in range(_MOST_ROUNDS):
            self._act()
            moment = self.service.next_moment()
            if moment is not None and moment < self.clock.now() + FAR:
                self.service.advance(moment)
                continue
            waiting = self._waiting()
            if not waiting:
                return
            for help_on in waiting:
                help_on()
        raise AssertionError(f"still open: {[one.workflow_id for one in self.service.open_executions(DOMAIN)]}")

    def _act(self) -> None:
        """Decide and work until nothing is left to do."""
        while self.network.late:
            self._deliver_late()
        is_busy = True
        while is_busy:
            is_busy = False
            for decider in self.deciders:
                while decider.tasks or decider.poll():
                    is_busy = True
                    decider.decide()
            for worker in self.workers:
                while worker.tasks or worker.poll():
                    is_busy = True
                    worker.work(0)

    def _waiting(self) -> list[Callable[[], None]]:
        """Return what the operator can do for open executions: send the signals and updates that they wait for.

        Raises:
            AssertionError: one waits for nothing that is to come: it is stuck.
        """
        found: list[Callable[[], None]] = []
        stuck = []
        for one in self.service.open_executions(DOMAIN):
            execution = self.service.executions[self.service.numbers[one.workflow_id, one.run_id]]
            under_way = (execution.decision, execution.activities, execution.timers)
            assert not any(under_way), f"{one.workflow_id} is not idle"
            notes = payload.decode(execution.context) or {}
            names = notes.get("waiting_signals", [])
            found += [partial(self.operator.signal, one.workflow_id, one.run_id, name) for name in names]
            if not names and self.operator.wanted(one.workflow_id, one.run_id) > 0:
                found.append(partial(self.operator.raise_level, one.workflow_id, one.run_id))
            elif not names and not execution.children:
                stuck.append(one.workflow_id)
        assert not stuck, f"nothing is to come for {stuck}"
        return found

    # ---- moves ---------------------------------------------------------------------------------------------------------------

    def _poll_decisions(self) -> None:
        one = self.rng.choice(self.deciders)
        if len(one.tasks) < 3:
            self._carried_out(one, one.poll)

    def _decide(self) -> None:
        busy = [one for one in self.deciders if one.tasks]
        if busy:
            one = self.rng.choice(busy)
            self._carried_out(one, one.decide)

    def _poll_activities(self) -> None:
        one = self.rng.choice(self.workers)
        if len(one.tasks) < 4:
            self._carried_out(one, one.poll)

    def _work(self) -> None:
        working = [one for one in self.workers if one.tasks]
        if working:
            one = self.rng.choice(working)
            which = self.rng.randrange(len(one.tasks))
            self._carried_out(one, lambda: one.work(which))

    def _carried_out(self, process: SteppedDecider | SteppedWorker, move: Callable[[], Any]) -> None:
        try:
            move()
        except ProcessDied:
            self._replace(process)

    def _replace(self, process: SteppedDecider | SteppedWorker) -> None:
        """End a process, with its cache and the tasks that it has, and start another."""
        self.stats["process killed"] += 1
        if isinstance(process, SteppedDecider):
            process.end()
            self.deciders[self.deciders.index(process)] = self._new_decider()
        else:
            self.workers[self.workers.index(process)] = self.new_worker()

    def _kill(self) -> None:
        self._replace(self.rng.choice(self._processes()))

    def _processes(self) -> list[SteppedDecider | SteppedWorker]:
        return [*self.deciders, *self.workers]

    def _deliver_late(self) -> None:
        late = self.network.late
        if late:
            operation, request = late.pop(self.rng.randrange(len(late)))
            self.deciders[0].service.arrive(operation, request)

    def _pass_time(self) -> None:
        moment = self.service.next_moment()
        if moment is not None and moment < self.clock.now() + FAR and self.rng.random() < 0.4:
            self.service.advance(moment)
        else:
            self.service.advance(self.clock.now() + self.rng.choice([0.1, 1, 4, 20]))

    def pause(self) -> None:
        """Let the time pass that a worker waits before it tries again."""
        self.service.advance(self.clock.now() + self.rng.choice([1, 5, 15]))
        if self.network.trouble and self.rng.random() < 0.5:
            raise ProcessDied

    def _restart(self) -> None:
        """End the service, by a kill or properly, and open its journal again."""
        if self.path is None:
            return
        self.stats["service restarted"] += 1
        if self.rng.random() < 0.7:
            self.service.forget_unwritten()
        self.service.close()
        if self.workers_inside:
            for process in self._processes():
                self._replace(process)
        self.service = self._opened()

    # ---- checks --------------------------------------------------------------------------------------------------------------

    def check_cold(self, token: str, decisions: list[Any]) -> None:
        """Check that a decider which knows nothing of an execution decides the same, unless it could not be decided."""
        number, _, started = (int(part) for part in token[1:].split("."))
        execution = self.service.executions.get(number)
        if execution is None or is_parking(decisions):  # closed meanwhile
            return
        is_wanted = execution.run_id in self.checked
        if not is_wanted and self.rng.random() >= self.cold_share:
            return
        self.checked.discard(execution.run_id)
        self.stats["decided cold"] += 1
        cold = self.cold(execution.workflow_id, execution.run_id, execution.events)
        try:
            found = cold.advance(execution.events[:started])
        finally:
            cold.kill()
        for decision in found:
            if decision["decisionType"] == "StartChildWorkflowExecution":
                give_timeouts(decision["startChildWorkflowExecutionDecisionAttributes"])
        keep_long_texts(found, self.payloads)
        differ = [pair for pair in zip_longest(found, decisions) if pair[0] != pair[1]]
        assert not differ, f"{execution.workflow_id}, event {started}: cold and cached decide {differ}"

    def cold(self, workflow_id: str, run_id: str, events: list[Any]) -> Execution:
        """Return an execution that has seen nothing yet, of the class that the history names."""
        return Execution(program(class_of(events)), workflow_id=workflow_id, run_id=run_id, load=self.payloads.load)

    # ---- processes -----------------------------------------------------------------------------------------------------------

    def _opened(self) -> SteppedService:
        return opened_service(self.path, self.clock, workers_inside=self.workers_inside, rates=self.rates)

    def _register(self) -> None:
        for cls in CLASSES.values():
            self.service.register_workflow_type(
                domain=DOMAIN,
                name=cls.type_name(),
                version=cls.version,
                defaultTaskList={"name": LIST},
                defaultChildPolicy=cls.child_policy,
                defaultTaskStartToCloseTimeout=str(cls.decision_tasks_timeout),
                defaultExecutionStartToCloseTimeout=str(cls.execution_timeout),
            )

    def new_operator(self) -> Operator:
        """Return the operator that starts the executions of this fleet, and meddles with them."""
        return Operator(self)

    def new_worker(self) -> SteppedWorker:
        """Return another worker process."""
        return SteppedWorker(self)

    def bodies(self) -> dict[str, Activity[Any, Any]]:
        """Return the bodies of its activities, by name."""
        return {name: one.with_body(self.effects.carry_out) for name, one in BODIES.items()}

    def _new_decider(self) -> SteppedDecider:
        self.numbers_of_deciders += 1
        is_former = self.rng.random() < self.former_share
        self.stats["former code"] += is_former
        return SteppedDecider(self, self.numbers_of_deciders, self.sticky_seconds, is_former)


def is_parking(decisions: list[Any]) -> bool:
    """Tell whether a response only says that nothing could be decided."""
    first = decisions[0].get("recordMarkerDecisionAttributes", {}) if decisions else {}
    return str(first.get("markerName", "")).startswith(commands.PARK)


class _Pause:
    """Stands for the waits of a worker between its reports."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet

    def wait(self) -> None:
        self.fleet.pause()


def played(seed: int) -> tuple[Fleet, dict[Id, list[Event]]]:
    """Play the fleet of a seed; return it with the histories of its executions."""
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(seed, Path(folder))
        return fleet, fleet.play()
