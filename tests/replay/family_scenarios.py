"""Scenarios with several executions that belong together, played by a decider, and by hand for all the rest.

The same scenario gives the same histories, and they name nobody's machine.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.workflow import execution_input

from ..service.manual_client import ManualClient, StillClock
from ..simulation.simulated_service import SteppedService, Throttle, simulated
from . import families
from .families import LIST, WORKFLOWS, Family

Run = dict[str, Any]  #: ``type``, ``version``, ``workflow_id``, ``run_id`` and ``history``, as recorded

_START = 1_700_000_000.0


class Script(ManualClient):
    """A family under way: everything is decided by the engine, and happens when the scenario says so."""

    def __init__(self) -> None:
        super().__init__(SteppedService(clock=StillClock(_START), poll_seconds=0))
        self.decider = Decider(self.swf, DOMAIN, LIST, WORKFLOWS)
        self.decider.identity = "recorder"
        self.decider.register_types()

    def begin(self, cls: type[Family], *args: Any) -> None:
        self.start(
            "family",
            workflowType={"name": cls.type_name(), "version": cls.version},
            taskList={"name": LIST},
            childPolicy=cls.child_policy,
            input=execution_input(cls, {"args": args, "kwargs": {}}),
        )
        self.decide_all()

    def decide_all(self) -> None:
        while (task := self.decider.poll()) is not None:
            self.decider.decide(task)

    def work(self) -> None:
        """Carry out what is scheduled: numbers are added up, the rest is its own result; what is broken fails."""
        while (task := self.activity_task(LIST)).get("taskToken"):
            args = json.loads(task["input"])["args"]
            if args == ["broken"]:
                self.swf.respond_activity_task_failed(taskToken=task["taskToken"], reason="ValueError: broken")
            else:
                is_sum = task["activityType"]["name"] == "families.add"
                result = json.dumps(sum(args) if is_sum else args[0])
                self.swf.respond_activity_task_completed(taskToken=task["taskToken"], result=result)
            self.decide_all()

    def go_on(self, *seconds: float) -> None:
        """Work; then let each of these times pass, and work."""
        self.work()
        for some in seconds:
            self.pass_time(some)
            self.decide_all()
            self.work()

    def tell(self, workflow_id: str, name: str, *args: Any, propagate: bool = False) -> None:
        text = json.dumps({"args": args, "kwargs": {}, "__propagate": propagate}, separators=(",", ":"))
        self.signal(name, workflow_id, input=text)
        self.decide_all()

    def runs(self) -> list[Run]:
        found = []
        for (workflow_id, run_id), number in sorted(self.local.numbers.items(), key=lambda item: item[1]):
            kind = self.local.infos[number]["workflowType"]
            history = self.events(workflow_id, run_id)
            found.append({"type": kind["name"], "version": kind["version"], "workflow_id": workflow_id, "run_id": run_id})
            found[-1]["history"] = json.loads(json.dumps(history))
        return found


class Scripted(Throttle):
    """Refuses the first decisions of some kinds, with these causes."""

    def __init__(self, causes: dict[str, list[str]]) -> None:
        super().__init__(random.Random(0))
        self.left = causes

    def refusal(self, kind: str, attributes: Any) -> str | None:
        left = self.left.get(kind)
        return left.pop(0) if left else None


def child_and_parent(script: Script) -> None:
    script.begin(families.TotalOfChildren, 5)
    script.go_on()


def cancelled_children(script: Script) -> None:
    script.begin(families.CancelsItsChild)
    script.go_on(10)


def failed_children(script: Script) -> None:
    script.begin(families.CatchesItsChild)
    script.go_on(*[10] * 8)


def terminated_parent(script: Script) -> None:
    script.begin(families.EndedFromOutside, 1)
    script.terminate("family", reason="enough")
    script.decide_all()


def signals_both_ways(script: Script) -> None:
    script.begin(families.ListensAndTells)
    script.tell("family", "news", "for all", propagate=True)
    script.go_on()


def groups_and_chains(script: Script) -> None:
    script.begin(families.GroupsAndChains)
    script.go_on()


def coroutines(script: Script) -> None:
    script.begin(families.Coroutines)
    script.pass_time(20)
    script.decide_all()
    script.go_on(5, 5)


def renewed_children(script: Script) -> None:
    script.begin(families.FollowsItsChild)
    script.go_on(10, 10, 10)


def refusals(script: Script) -> None:
    script.begin(families.Refused)
    script.go_on(*[2] * 12)


def cancellation_future(script: Script) -> None:
    script.begin(families.TidiesUp)
    task = script.activity_task(LIST)
    script.swf.respond_activity_task_completed(taskToken=task["taskToken"], result='"long"')
    script.decide_all()
    script.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="family")
    script.decide_all()
    script.go_on()


SCENARIOS: list[Callable[[Script], None]] = [
    child_and_parent,
    cancelled_children,
    failed_children,
    terminated_parent,
    signals_both_ways,
    groups_and_chains,
    coroutines,
    renewed_children,
    refusals,
    cancellation_future,
]
_REFUSALS = {
    "StartChildWorkflowExecution": ["CHILD_CREATION_RATE_EXCEEDED"] * 2 + ["OPEN_CHILDREN_LIMIT_EXCEEDED"],
    "ScheduleActivityTask": ["ACTIVITY_CREATION_RATE_EXCEEDED"] * 2,
    "SignalExternalWorkflowExecution": ["SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED"],
}


def recorded_runs(scenario: Callable[[Script], None]) -> list[Run]:
    """Play a scenario; return its runs, in the order of their starts."""
    causes = {kind: list(some) for kind, some in _REFUSALS.items()} if scenario is refusals else {}
    with simulated(random.Random(scenario.__name__), Scripted(causes)):
        script = Script()
        try:
            scenario(script)
            return script.runs()
        finally:
            script.decider.cache.evict_all()
            script.close()
