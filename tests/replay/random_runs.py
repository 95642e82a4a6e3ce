"""Random runs: a random workflow on a random service, to its end or to a decision task that is left open."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

from simpleflow_nb.local.execution import LocalExecution

from .decision_checker import DecisionChecker, Event, Limits, attributes, reloaded
from .programs import SIGNALS, Program, random_program, statements, workflow_of

MAX_DECISIONS = 40
PARENT = {
    "parentWorkflowExecution": {"workflowId": "parent", "runId": "run of the parent"},
    "parentInitiatedEventId": 5,
}
_PASSED_ON = json.dumps({"args": [], "kwargs": {}, "__propagate": True})
_CAUSES = {
    "StartChildWorkflowExecution": ["CHILD_CREATION_RATE_EXCEEDED", "OPEN_WORKFLOWS_LIMIT_EXCEEDED", "OPERATION_NOT_PERMITTED"],
    "SignalExternalWorkflowExecution": ["SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED", "OPERATION_NOT_PERMITTED"],
    "RequestCancelExternalWorkflowExecution": [
        "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
        "OPERATION_NOT_PERMITTED",
    ],
}


@dataclass(frozen=True, kw_only=True)
class RandomRun:
    """A run that was played. ``program`` is the code at its end, ``history`` is closed or ends with a started decision."""

    seed: int
    program: Program
    limits: Limits
    run_id: str
    history: list[Event]
    stats: Counter[str]


def random_limits(rng: random.Random) -> Limits:
    return Limits(decisions=rng.choice([3, 4, 6, 100]), open_activities=rng.choice([2, 5, 1000]))


def random_run(seed: int) -> RandomRun:
    """Play the workflow of that seed; the same seed gives the same run.

    Raises:
        AssertionError: two ways of deciding differ, or something that must always hold does not.
        ReplayError: the engine accuses code that did not change.
    """
    rng = random.Random(seed)
    program = random_program(rng)
    limits = random_limits(rng)
    started = rng.choice([None, PARENT])
    with DecisionChecker(workflow_of(program), limits=limits, run_id=f"run-{seed}", started=started) as checker:
        return _RunInProgress(seed, rng, program, checker).play()


class _RunInProgress:
    """A run in progress: its checker, how the service and the workers behave in it, and its code, which may change."""

    def __init__(self, seed: int, rng: random.Random, program: Program, checker: DecisionChecker) -> None:
        self.seed, self.rng, self.program, self.checker = seed, rng, program, checker
        self.run = checker.run
        flaky = rng.choice([0, 0, 0.1, 0.3])
        causes = ["ACTIVITY_CREATION_RATE_EXCEEDED", "OPEN_ACTIVITIES_LIMIT_EXCEEDED", "ACTIVITY_TYPE_DOES_NOT_EXIST"]
        checker.refuse = lambda a: rng.choice(causes) if rng.random() < flaky else None
        small = type(checker.quotas)(open_activities=3, open_timers=rng.choice([2, 1000]), open_children=rng.choice([1, 1000]))
        checker.quotas = rng.choice([checker.quotas, small])
        for kind, of_kind in _CAUSES.items():
            checker.refuse_others[kind] = lambda a, of_kind=of_kind: rng.choice(of_kind) if rng.random() < flaky else None
        self.lost_decisions = rng.choice([0, 0.15])
        self.late = rng.choice([0, 0.3, 0.6])
        self.lost_workers = rng.choice([3, 3, 60])
        self.cancels = rng.choice([0, 0.01, 0.03])
        self.deploys = {rng.randint(1, 6) for _ in range(rng.choice([0, 0, 1, 2]))}
        self.new_limits = {rng.randint(1, 6) for _ in range(rng.choice([0, 0, 0, 1, 2]))}
        self.stats = checker.stats

    def play(self) -> RandomRun:
        rng, checker, run = self.rng, self.checker, self.run
        for step in range(MAX_DECISIONS):
            self.change_code(step)
            self.wait_for_decision_task()
            if run.close_status:
                break
            if rng.random() < 0.5:
                self.act_outside(rng.randint(0, 5))
            if run.close_status:
                break
            checker.start_decision()
            decisions = checker.decisions(with_lagging=rng.random() < 0.3, overlap=rng.randint(0, 3))
            if step == MAX_DECISIONS - 1:
                break
            if rng.random() < self.late:
                self.act_outside(rng.randint(1, 3))
            if rng.random() < 0.01:
                run.terminate(checker.clock, "enough", None, "TERMINATE", "OPERATOR_INITIATED")
                break
            roll = rng.random()
            if roll < self.lost_decisions / 2:
                checker.time_out_decision()
                self.stats["decision tasks timed out"] += 1
            elif roll < self.lost_decisions:
                checker.park()
                self.stats["decision tasks parked"] += 1
            else:
                sticky = ("sticky", "5") if rng.random() < 0.3 else None
                checker.respond(decisions, sticky=sticky)
            checker.clock = round(checker.clock + rng.choice([0, 0.5]), 3)
        checker.check_rebuilt()
        checker.check_end()
        self.count_events()
        return RandomRun(
            seed=self.seed,
            program=self.program,
            limits=checker.limits,
            run_id=run.run_id,
            history=reloaded(run.events),
            stats=self.stats,
        )

    def wait_for_decision_task(self) -> None:
        rng, run, checker = self.rng, self.run, self.checker
        while run.decision is None and not run.close_status:
            if run.activities or run.timers or checker.children or checker.sent:
                self.act_outside(1)
            else:  # only a signal, or an operator, can move it
                self.stats["moved by a signal"] += 1
                run.signal(self.checker.clock, rng.choice(SIGNALS), "1")

    def act_outside(self, steps: int) -> None:
        """Workers, timers and people do something."""
        rng, run, checker = self.rng, self.run, self.checker
        for _ in range(steps):
            checker.clock = round(checker.clock + rng.choice([0, 0.001, 1]), 3)
            moves: list[tuple[str, Any]] = []
            for scheduled, activity in run.activities.items():
                moves += [("end" if activity.started else "begin", scheduled)] * 3
                if not activity.started and rng.random() < 0.03:
                    moves.append(("never started", scheduled))
            moves += [("fire", timer_id) for timer_id in run.timers] * 2
            for workflow_id, other in checker.children.items():
                moves += [("start child" if other.child is None else "end child", workflow_id)] * 3
            moves += [("deliver", initiated) for initiated in checker.sent] * 2
            if rng.random() < 0.3:
                moves.append(("signal", rng.choice(SIGNALS)))
            if rng.random() < self.cancels:
                moves = [("cancel", None)]
            if not moves:
                return
            move, key = rng.choice(moves)
            now = checker.clock
            if move == "begin":
                run.start_activity(now, key, None)
            elif move == "end":
                self.end_activity(key)
            elif move == "never started":
                run.end_activity(now, key, "TimedOut", {"timeoutType": "SCHEDULE_TO_START"})
            elif move == "fire":
                run.fire_timer(now, key)
            elif move == "signal":
                run.signal(now, key, rng.choice([None, "", json.dumps(rng.randint(0, 9)), _PASSED_ON]), self.sender(), 7)
            elif move == "start child" and rng.random() < 0.1:
                checker.refuse_child(key, "WORKFLOW_ALREADY_RUNNING")
            elif move == "start child":
                checker.start_child(key)
            elif move == "end child":
                self.end_child(key)
            elif move == "deliver":
                kind, cause = checker.sent[key], rng.choice([None, None, None, "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"])
                checker.deliver(key, cause if rng.random() < 0.9 else _CAUSES[kind][0])
            else:
                run.request_cancel(now)

    def end_activity(self, scheduled: int) -> None:
        rng = self.rng
        how = rng.choices(["Completed", "Failed", "Lost", "TimedOut", "Canceled"], [80, 12, self.lost_workers, 2, 3])[0]
        body: dict[str, Any] = {}
        if how == "Completed" and rng.random() < 0.9:
            body = {"result": rng.choice(["", json.dumps(rng.choice([1, "x", [1, {"a": 2}], None, ""]))])}
        elif how == "Failed":
            body = {"reason": rng.choice(["E", "ValueError: nope", "KeyError: 'x'"])}
        elif how in ("TimedOut", "Lost"):
            body = {"timeoutType": "HEARTBEAT" if how == "Lost" else "START_TO_CLOSE"}
        self.run.end_activity(self.checker.clock, scheduled, "TimedOut" if how == "Lost" else how, body)

    def end_child(self, workflow_id: str) -> None:
        rng = self.rng
        how = rng.choices(["Completed", "Failed", "TimedOut", "Canceled", "Terminated"], [60, 20, 5, 8, 5])[0]
        body: dict[str, Any] = {}
        if how == "Completed" and rng.random() < 0.9:
            body = {"result": rng.choice(["", json.dumps(rng.choice([1, "x", [1, {"a": 2}], None]))])}
        elif how == "Failed":
            body = {"reason": rng.choice(["E", "ValueError: nope"]), "details": "d"}
        elif how == "TimedOut":
            body = {"timeoutType": "START_TO_CLOSE"}
        self.checker.end_child(workflow_id, how, **body)

    def sender(self) -> LocalExecution | None:
        """Who sends a signal: a person, the parent, a child, or another execution."""
        children = [other.child for other in self.checker.children.values() if other.child is not None]
        parent = LocalExecution(3, "local", "parent", "run of the parent")
        found: LocalExecution | None = self.rng.choice([None, None, parent, LocalExecution(4, "local", "x", "y"), *children])
        return found

    def change_code(self, step: int) -> None:
        """Deploy, while the run is open: a change that is guarded by a patch, or other limits."""
        rng = self.rng
        if step in self.deploys:
            self.program = reloaded(self.program)
            block = rng.choice([self.program["body"]] + [block for block, _ in statements(self.program["body"])])
            new = {"kind": "submit", "uid": rng.getrandbits(48), "name": "new", "args": [{"future": 1}], "kwargs": {}}
            new |= {"retry": 0, "raises": False, "idempotent": False}
            patch = {"kind": "patch", "uid": rng.getrandbits(48), "id": f"deployed-{step}", "body": [new]}
            block.insert(rng.randint(0, len(block)), patch)
            self.checker.deploy(workflow_of(self.program))
            self.stats["deployed with a patch"] += 1
        if step in self.new_limits:
            self.checker.deploy(workflow_of(self.program), random_limits(rng))
            self.stats["deployed with other limits"] += 1

    def count_events(self) -> None:
        for event in self.run.events:
            self.stats[event["eventType"]] += 1
            cause = attributes(event).get("cause")
            if cause:
                self.stats[f"cause {cause}"] += 1
