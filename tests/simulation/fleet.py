"""A fleet under test: one service, deciders, workers and an operator, stepped one call at a time in one thread.

All that happens depends on the seed alone. First there is trouble: calls are lost, doubled or late, processes are killed, the
service is restarted from its journal, and it refuses decisions for their rate. Then there is none, the clock goes from one
timer to the next, and the operator sends the signals that executions wait for, until every one of them is closed.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from simpleflow_nb import payload
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.processes import worker as worker_module
from simpleflow_nb.processes.decider import Parked
from simpleflow_nb.processes.payload_directory import MemoryPayloads
from simpleflow_nb.program import program
from simpleflow_nb.replay import Execution
from simpleflow_nb.service_faults import ALREADY_STARTED, UNKNOWN_RESOURCE, fault_code, is_of_the_service
from simpleflow_nb.workflow import execution_input

from ..service.manual_client import Event, StillClock
from .members import LIST, Effects, SteppedDecider, SteppedWorker
from .plans import SIGNALS, random_plan
from .simulated_service import RATES, SteppedService, Throttle, opened_service, simulated
from .simulated_workflows import CLASSES
from .unreliable import Network, ProcessDied

FAR = 100_000  #: seconds; only the timeouts of whole executions are so far away
_START = 1_700_000_000.0
_MOST_ROUNDS = 3_000

Id = tuple[str, str]  # workflow id and run id


class Fleet:
    """The fleet of a seed.

    Attributes:
        operator_signals: the signals that the operator has sent: number of deliveries by workflow id, run id and input.
        stats: what has happened, for the test that everything does.
    """

    def __init__(self, seed: int, folder: Path) -> None:
        rng = self.rng = random.Random(seed)
        self.seed, self.path = seed, folder / f"{seed}.sqlite3" if rng.random() < 0.4 else None  # None: in memory
        self.network, self.throttle, self.effects = Network(rng), Throttle(rng), Effects()
        self.payloads, self.parked, self.stats = MemoryPayloads(), list[Parked](), Counter[str]()
        self.workers_inside, self.cold_share = rng.random() < 0.5, 0.1
        self.sticky_seconds, self.rates = rng.choice([0, 5]), rng.choice([None, None, RATES])
        self.steps, self.roots = rng.choice([40, 120, 300]), 0
        self.operator_signals: Counter[tuple[str, str, str]] = Counter()
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
        with simulated(random.Random(self.seed + 1), self.throttle), pauses:
            self.service = self._opened()
            try:
                self._register()
                self.deciders = [self._new_decider() for _ in range(self.rng.randint(1, 3))]
                self.workers = [SteppedWorker(self) for _ in range(self.rng.randint(1, 3))]
                self._trouble()
                self._peace()
                return self.histories()
            finally:
                for one in self.deciders:
                    one.end()
                self.service.close()

    def histories(self) -> dict[Id, list[Event]]:
        """Return the events of all executions, in the order of their starts."""
        return {(one.workflow_id, one.run_id): self._events(one.workflow_id, one.run_id) for one in self._known()}

    def _known(self) -> list[Any]:
        return sorted(self.service.changes().executions, key=lambda one: self.service.numbers[one.workflow_id, one.run_id])

    def _events(self, workflow_id: str, run_id: str) -> list[Event]:
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
            self._operate: 6,
            self._kill: 2 if self.network.deaths else 0,
            self._restart: 2,
        }
        self._start_root()
        for _ in range(self.steps):
            self.throttle.share = share if rng.random() < 0.5 else 0
            move = rng.choices(list(moves), list(moves.values()))[0]
            try:
                move()
            except Exception as error:
                if not is_of_the_service(error):
                    raise

    def _peace(self) -> None:
        """Let everything come to its end without further trouble."""
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
            for workflow_id, run_id, name in waiting:
                self._signal(workflow_id, run_id, name)
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

    def _waiting(self) -> list[tuple[str, str, str]]:
        """Return the signals that open executions wait for.

        Raises:
            AssertionError: one waits for nothing that is to come: it is stuck.
        """
        found = []
        stuck = []
        for one in self.service.open_executions(DOMAIN):
            execution = self.service.executions[self.service.numbers[one.workflow_id, one.run_id]]
            under_way = (execution.decision, execution.activities, execution.timers)
            assert not any(under_way), f"{one.workflow_id} is not idle"
            notes = payload.decode(execution.context) or {}
            names = notes.get("waiting_signals", [])
            found += [(one.workflow_id, one.run_id, name) for name in names]
            if not names and not execution.children:
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
            self.workers[self.workers.index(process)] = SteppedWorker(self)

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

    # ---- the operator --------------------------------------------------------------------------------------------------------

    def _operate(self) -> None:
        """Start, signal, cancel or terminate an execution."""
        rng = self.rng
        what = rng.choices(["start", "signal", "cancel", "terminate"], [4, 12, 2, 3])[0]
        opened = self.service.open_executions(DOMAIN)
        if what == "start" or not opened:
            self._start_root()
            return
        chosen = rng.choice(opened)
        if what == "signal":
            self._signal(chosen.workflow_id, chosen.run_id if rng.random() < 0.5 else None, rng.choice(SIGNALS))
        elif what == "cancel":
            self._called("request_cancel_workflow_execution", workflowId=chosen.workflow_id)
        else:
            policy = rng.choice([{}, {}, {"childPolicy": "TERMINATE"}, {"childPolicy": "ABANDON"}])
            self._called("terminate_workflow_execution", workflowId=chosen.workflow_id, **policy)

    def _start_root(self) -> None:
        if self.roots >= 4:
            return
        self.roots += 1
        cls = CLASSES[self.rng.choice(["Terminating", "Cancelling", "Abandoning"])]
        self._called(
            "start_workflow_execution",
            workflowId=f"root-{self.roots}",
            workflowType={"name": cls.type_name(), "version": cls.version},
            taskList={"name": LIST},
            childPolicy=cls.child_policy,
            input=execution_input(cls, {"args": [random_plan(self.rng)], "kwargs": {}}),
        )

    def _signal(self, workflow_id: str, run_id: str | None, name: str) -> None:
        """Send a signal, once or twice, and note which run has got it how often."""
        text = payload.encode(
            {"args": [f"operator-{len(self.operator_signals)}"], "kwargs": {}, "__propagate": self.rng.random() < 0.2}
        )
        request = {"workflowId": workflow_id, "signalName": name, "input": text, **({"runId": run_id} if run_id else {})}
        for _ in range(2 if self.rng.random() < 0.1 else 1):
            known = self.service.execution(DOMAIN, workflow_id)
            if self._called("signal_workflow_execution", **request):
                assert known is not None
                self.operator_signals[workflow_id, known.run_id, text] += 1

    def _called(self, operation: str, **request: Any) -> bool:
        """Make a call that the service may refuse because the execution is closed, or open already."""
        try:
            getattr(self.service, operation)(domain=DOMAIN, **request)
        except Fault as fault:
            if fault_code(fault) not in (UNKNOWN_RESOURCE, ALREADY_STARTED):
                raise
            return False
        return True

    # ---- checks --------------------------------------------------------------------------------------------------------------

    def check_cold(self, token: str, decisions: list[Any]) -> None:
        """Check that a decider which knows nothing of an execution decides the same."""
        number, _, started = (int(part) for part in token[1:].split("."))
        execution = self.service.executions.get(number)
        if execution is None:  # closed meanwhile
            return
        self.stats["decided cold"] += 1
        cold = self.cold(execution.workflow_id, execution.run_id, execution.events)
        try:
            found = cold.advance(execution.events[:started])
        finally:
            cold.kill()
        assert found == decisions, f"{execution.workflow_id}, event {started}: {found} cold, {decisions} cached"

    def cold(self, workflow_id: str, run_id: str, events: list[Any]) -> Execution:
        """Return an execution that has seen nothing yet, of the class that the history names."""
        kind = events[0]["workflowExecutionStartedEventAttributes"]["workflowType"]["name"]
        cls = next(one for one in CLASSES.values() if one.name == kind)
        return Execution(program(cls), workflow_id=workflow_id, run_id=run_id, load=self.payloads.load)

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

    def _new_decider(self) -> SteppedDecider:
        self.numbers_of_deciders += 1
        return SteppedDecider(self, self.numbers_of_deciders, self.sticky_seconds)


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
