"""The operator of a simulated fleet: starts, signals, updates, queries and ends executions, and notes what was acknowledged."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simpleflow_nb import payload
from simpleflow_nb.exceptions import DefinitionError, UpdateRefused
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.processes.observed_run import ObservedRun
from simpleflow_nb.processes.payload_directory import kept
from simpleflow_nb.service_faults import ALREADY_STARTED, UNKNOWN_RESOURCE, fault_code
from simpleflow_nb.updates import request_of, signal_of
from simpleflow_nb.workflow import execution_input

from .members import LIST
from .plans import LONG, SIGNALS, PlanMaker, random_plan
from .simulated_workflows import CLASSES, Planned, class_of

if TYPE_CHECKING:
    from .fleet import Fleet

_ROOTS = ("Terminating", "Cancelling", "Abandoning", "Silent", "Named", "Named")
_UPDATES = {
    "add": 16,
    "work": 5,
    "leave": 3,
    "wait for": 3,
    "long": 2,
    "broken": 1,
    "again": 2,
    "unknown": 1,
    "wrong arguments": 1,
    "lost arguments": 1,
    "no request": 1,
}
_MEDDLING = ("submit", "wait", "record", "uuid")


@dataclass(frozen=True)
class Request:
    """A request of an update that the operator makes, perhaps several times."""

    id: str
    kind: str  #: one of `_UPDATES`
    name: str  #: of the update
    arguments: dict[str, Any]
    text: str  #: the input of its signal


class Operator:
    """The people around a fleet.

    Attributes:
        signals: that were acknowledged, requests of updates among them: deliveries by workflow id, run id and input.
        requests: of updates, by id.
        refused: kinds of the requests that were refused before they were sent.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.fleet, self.rng = fleet, fleet.rng
        self.signals: Counter[tuple[str, str, str]] = Counter()
        self.requests: dict[str, Request] = {}
        self.refused: list[str] = []
        self.roots = self.sent = 0

    def act(self) -> None:
        """Start, signal, update, query, cancel or terminate an execution."""
        rng = self.rng
        what = rng.choices(["start", "signal", "update", "query", "cancel", "terminate"], [4, 12, 16, 5, 2, 3])[0]
        opened = self.fleet.service.open_executions(DOMAIN)
        if what == "start" or not opened:
            self.start_root()
            return
        chosen = rng.choice(opened)
        if what == "signal":
            self.signal(chosen.workflow_id, chosen.run_id if rng.random() < 0.5 else None, rng.choice(SIGNALS))
        elif what == "update":
            self.update(chosen.workflow_id, chosen.run_id if rng.random() < 0.5 else None)
        elif what == "query":
            self.query(chosen.workflow_id, chosen.run_id)
        elif what == "cancel":
            self._called("request_cancel_workflow_execution", workflowId=chosen.workflow_id)
        else:
            policy = rng.choice([{}, {}, {"childPolicy": "TERMINATE"}, {"childPolicy": "ABANDON"}])
            self._called("terminate_workflow_execution", workflowId=chosen.workflow_id, **policy)

    def start_root(self) -> None:
        if self.roots >= 4:
            return
        self.roots += 1
        cls = CLASSES[self.rng.choice(_ROOTS)]
        self._called(
            "start_workflow_execution",
            workflowId=f"root-{self.roots}",
            workflowType={"name": cls.type_name(), "version": cls.version},
            taskList={"name": LIST},
            childPolicy=cls.child_policy,
            input=execution_input(cls, {"args": [random_plan(self.rng)], "kwargs": {}}),
        )

    def signal(self, workflow_id: str, run_id: str | None, name: str) -> None:
        """Send a signal, once or twice."""
        self.sent += 1
        body = {"args": [f"operator-{self.sent}"], "kwargs": {}, "__propagate": self.rng.random() < 0.2}
        self._deliver(workflow_id, run_id, name, payload.encode(body))

    def _deliver(self, workflow_id: str, run_id: str | None, name: str, text: str) -> None:
        """Send a signal, once or twice, and note which run has got it how often."""
        request = {"workflowId": workflow_id, "signalName": name, "input": text, **({"runId": run_id} if run_id else {})}
        for _ in range(2 if self.rng.random() < 0.1 else 1):
            known = self.fleet.service.execution(DOMAIN, workflow_id)
            if self._called("signal_workflow_execution", **request):
                assert known is not None
                self.signals[workflow_id, known.run_id, text] += 1

    def _called(self, operation: str, **request: Any) -> bool:
        """Make a call that the service may refuse because the execution is closed, or open already."""
        try:
            getattr(self.fleet.service, operation)(domain=DOMAIN, **request)
        except Fault as fault:
            if fault_code(fault) not in (UNKNOWN_RESOURCE, ALREADY_STARTED):
                raise
            return False
        return True

    # ---- updates -------------------------------------------------------------------------------------------------------------

    def update(self, workflow_id: str, run_id: str | None) -> None:
        """Request an update, or a former one again, as after a lost connection. Some are checked first, as by the command."""
        rng = self.rng
        if self.requests and rng.random() < 0.25:
            self.fleet.stats["update asked again"] += 1
            request = rng.choice(list(self.requests.values()))
        else:
            request = self._new_request(rng.choices(list(_UPDATES), list(_UPDATES.values()))[0])
        if rng.random() < 0.25 and request.kind != "no request" and not self._is_agreed(workflow_id, request):
            return
        self._deliver(workflow_id, run_id, signal_of(request.name), request.text)

    def raise_level(self, workflow_id: str, run_id: str) -> None:
        """Request what a run waits for."""
        request = self._new_request("add")
        self._deliver(workflow_id, run_id, signal_of(request.name), request.text)

    def _new_request(self, kind: str) -> Request:
        rng = self.rng
        self.sent += 1
        id = f"operator-{self.sent}"
        call = PlanMaker(rng).call()
        name, arguments = {
            "add": ("add", {"args": rng.choice([[], [id], ["y" * rng.choice(LONG)]])}),
            "work": ("work", {"args": [call]}),
            "leave": ("leave", {"kwargs": {"call": call}}),
            "wait for": ("wait for", {"args": [rng.randint(1, 3)]}),
            "long": ("long", {"args": ["z" * rng.choice(LONG), rng.choice(LONG)]}),
            "wrong arguments": ("add", {"kwargs": {"no": 1}}),
            "lost arguments": ("add", {"args": [f"{id} " * 5_000]}),
            "no request": ("add", {}),
        }.get(kind, (kind, {}))
        args, kwargs = arguments.get("args", []), arguments.get("kwargs", {})
        text = request_of(id, args, kwargs, lambda long: self._kept(long, is_lost=kind == "lost arguments"))
        if kind == "no request":
            text = rng.choice([f"operator-{self.sent}", payload.encode({"id": f"operator-{self.sent} is none"})])
        request = self.requests[id] = Request(id, kind, name, arguments, text)
        return request

    def _kept(self, text: str, *, is_lost: bool) -> str:
        return payload.reference(text) if is_lost else kept(text, self.fleet.payloads)

    def _is_agreed(self, workflow_id: str, request: Request) -> bool:
        """Ask the run before anything is sent; a refusal says what the run would say."""
        known = self.fleet.service.execution(DOMAIN, workflow_id)
        if known is None or not self._is_planned(workflow_id, known.run_id):
            return False
        with self.observed(workflow_id, known.run_id) as run:
            args, kwargs = request.arguments.get("args", []), request.arguments.get("kwargs", {})
            try:
                run.check_update(request.name, args, kwargs)
            except (UpdateRefused, DefinitionError):
                self.fleet.stats["update refused beforehand"] += 1
                self.refused.append(request.kind)
                return False
        return True

    # ---- queries -------------------------------------------------------------------------------------------------------------

    def query(self, workflow_id: str, run_id: str) -> None:
        """Ask a run something: nothing is written, and whoever decides it is not disturbed.

        Raises:
            AssertionError: the answer is not what a decider that has made the last decision knows.
        """
        fleet = self.fleet
        if not self._is_planned(workflow_id, run_id):
            return
        before = self._written(workflow_id, run_id)
        with self.observed(workflow_id, run_id) as run:
            run.waits
            answer = run.ask("progress")
            self._spoil(run)
            seen = run.observation.seen
        fleet.stats["queried"] += 1
        assert self._written(workflow_id, run_id) == before, f"{workflow_id}: a query has written"
        for decider in fleet.deciders:
            cached = decider.known(run_id)
            if cached is not None and cached.execution.decided_at == seen and not cached.execution.finished:
                fleet.stats["queried what is cached"] += 1
                known = payload.decode(payload.encode(cached.execution.program.workflow.progress()))
                assert answer == known, f"{workflow_id}, event {seen}: {answer} asked, {known} cached"
        fleet.checked.add(run_id)

    def _spoil(self, run: ObservedRun) -> None:
        """Ask what changes the run, if it can: what it sets is forgotten, and anything else refused."""
        if self.rng.random() < 0.5:
            run.ask("spoiling")
            return
        try:
            run.ask("meddling", [self.rng.choice(_MEDDLING)])
        except DefinitionError:
            return
        raise AssertionError(f"{run.workflow_id}: a query has done more than look")

    def _written(self, workflow_id: str, run_id: str) -> str:
        service = self.fleet.service
        return json.dumps([self.fleet.events(workflow_id, run_id), len(service.executions), service.next_moment()])

    def _is_planned(self, workflow_id: str, run_id: str) -> bool:
        """Tell whether a run is one of ours, and not a slice of the engine's own."""
        return issubclass(class_of(self.fleet.events(workflow_id, run_id)), Planned)

    def wanted(self, workflow_id: str, run_id: str) -> int:
        """Return how often a run's level is to be raised before it goes on."""
        if not self._is_planned(workflow_id, run_id):
            return 0
        with self.observed(workflow_id, run_id) as run:
            found: int = run.ask("wanted")
        return found

    def observed(self, workflow_id: str, run_id: str) -> ObservedRun:
        events = self.fleet.events(workflow_id, run_id)
        return ObservedRun(workflow_id, run_id, events, self.fleet.payloads.load, class_of(events))
