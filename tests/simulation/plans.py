"""Random plans of simulated workflows: statements as plain dicts, so that a plan is the input of an execution.

A plan is ``{"body": [statement, ...], "on_cancel": ..., "end": ..., "more": n, "limit": n, "verdict": ...}``. A statement has
its kind in ``do``, and what that kind needs; :mod:`.simulated_workflows` carries it out. Plans of children are part of the plan
of their parent.
"""

from __future__ import annotations

import random
from typing import Any

Statement = dict[str, Any]
Block = list[Statement]
Plan = dict[str, Any]

SIGNALS = ("red", "blue")
ACTIVITIES = ("steady", "flaky", "again", "quiet", "once", "hurried")
CLASSES = ("Terminating", "Cancelling", "Abandoning", "Hasty", "Silent", "Single", "Named")
MOST_EXECUTIONS = 10  #: of one plan, with all its children; those of retries and of further runs are not counted
DEEPEST = 3
STEPS = ("a", "a.b", "a.b.c", "ab", "always")
STEP_ENTRIES = ("a", "a.b", "ab", "*")  #: to be forced, or skipped
VERDICTS = ("retry", "retry later", "handled", "abort", "ignore", "cancel", None)  #: of ``on_task_failure``
LONG = (9_000, 33_000, 40_000)  #: characters, beyond what is shared by inputs, and what a history takes

_WEIGHTS = {
    "activity": 14,
    "timer": 5,
    "wait": 8,
    "wait any": 4,
    "completions": 2,
    "cancel": 4,
    "child": 16,
    "signal child": 7,
    "signal parent": 6,
    "signal self": 1,
    "cancel child": 9,
    "next signal": 4,
    "last signal": 1,
    "group": 4,
    "chain": 4,
    "map": 2,
    "for each": 2,
    "func group": 1,
    "long": 3,
    "step": 6,
    "force steps": 1,
    "skip steps": 3,
    "wait until": 3,
    "wait for some": 2,
    "gather": 3,
    "task group": 3,
    "timeout": 4,
    "try": 4,
    "marker": 2,
    "patched": 1,
    "upgraded": 4,
    "draw": 1,
}
_NESTED = ("gather", "task group", "timeout", "try", "upgraded")
_OF_CHILDREN = ("signal child", "cancel child")


class PlanMaker:
    """Makes one plan, with a bound on its children."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.executions = 1

    def plan(self, depth: int = 0) -> Plan:
        rng = self.rng
        return {
            "body": self.block(depth, 0, rng.randint(2, 9 - 2 * depth)),
            "on_cancel": rng.choices(["end", "refuse", "clean up"], [6, 1, 3])[0],
            "end": rng.choices(["return", "raise", "fail", "cancel", "leave tasks open"], [16, 2, 1, 1, 2])[0],
            "more": rng.choices([0, 1, 2], [8, 2, 1])[0],  # runs that follow, each continued as new
            "limit": rng.choice([2, 2, 3]),  # of the level that updates raise
            "verdict": rng.choice(VERDICTS),
        }

    def block(self, depth: int, level: int, length: int) -> Block:
        return [self.statement(depth, level) for _ in range(length)]

    def statement(self, depth: int, level: int) -> Statement:
        rng = self.rng
        kind = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        if kind in _NESTED and level >= 2:
            kind = "activity"
        if kind == "child" and not self.has_room(depth):
            kind = "activity"
        s: Statement = {"do": kind}
        if kind == "activity":
            s |= {**self.call(), "wait": rng.random() < 0.4}
        elif kind == "timer":
            s |= {"seconds": rng.choice([0, 1, 5, 20, 70]), "wait": rng.random() < 0.5}
        elif kind in ("wait", "cancel", *_OF_CHILDREN):
            s |= {"which": rng.randint(1, 4), "catch": rng.random() < (0.4 if kind == "cancel child" else 0.8)}
        elif kind in ("wait any", "completions"):
            s |= {"last": rng.randint(1, 4)}
        elif kind == "child":
            s |= self.child(depth)
        elif kind in ("next signal", "last signal"):
            s |= {"name": rng.choice(SIGNALS), "wait": rng.random() < 0.6}
        elif kind in ("group", "chain"):
            s |= self.group(kind, depth)
        elif kind == "map":
            s |= {"name": rng.choice(ACTIVITIES), "items": rng.randint(0, 5), "max_parallel": rng.choice([None, 1, 2])}
        elif kind == "func group":
            s |= {"calls": [self.call() for _ in range(rng.randint(0, 2))], "wait": rng.random() < 0.5}
        elif kind in ("gather", "task group"):
            bodies = [self.block(depth, level + 1, rng.randint(1, 2)) for _ in range(rng.randint(1, 3))]
            s |= {"bodies": bodies, "return_exceptions": rng.random() < 0.4}
        elif kind in ("timeout", "try"):
            s |= {"body": self.block(depth, level + 1, rng.randint(1, 3)), "seconds": rng.choice([1, 10, 60, 300])}
        elif kind in ("marker", "patched"):
            s |= {"name": rng.choice(["m", "n"])}
        elif kind == "upgraded":
            s |= {"name": rng.choice(["u", "v"]), "body": self.block(depth, level + 1, rng.randint(1, 2))}
        else:
            s |= self.rest(kind)
        if kind in ("signal child", "signal parent", "signal self"):
            s |= {"name": rng.choice(SIGNALS), "propagate": rng.random() < 0.3, "raises": rng.random() < 0.3}
        return s

    def rest(self, kind: str) -> Statement:
        rng = self.rng
        if kind == "for each":
            of = {"slice_size": rng.randint(1, 3), "max_parallel": rng.choice([None, None, 1, 2])}
            return {
                "name": rng.choice(ACTIVITIES),
                "items": rng.choice([0, 1, 2, 2, 3, 5, 7]),
                **of,
                "wait": rng.random() < 0.6,
            }
        if kind == "long":
            return {"size": rng.choice(LONG), "fails": rng.choice([0, 0, 1]), "readers": rng.randint(0, 2)}
        if kind == "step":
            otherwise = self.call() if rng.random() < 0.3 else None
            fails = rng.choices([0, 1, 9], [8, 1, 1])[0]
            return {"name": rng.choice(STEPS), "fails": fails, "otherwise": otherwise, "wait": rng.random() < 0.6}
        if kind in ("force steps", "skip steps"):
            return {"entries": rng.sample(STEP_ENTRIES, rng.randint(1, 2))}
        if kind == "wait until":
            return {"level": rng.randint(1, 2), "raises": rng.random() < 0.05}
        if kind == "wait for some":
            return {"last": rng.randint(1, 4), "some": rng.randint(1, 3)}
        return {}

    def has_room(self, depth: int) -> bool:
        return depth + 1 < DEEPEST + 1 and self.executions < MOST_EXECUTIONS

    def call(self) -> Statement:
        """An activity and how often it fails before it does its work."""
        rng = self.rng
        return {"name": rng.choice(ACTIVITIES), "fails": rng.choices([0, 1, 2, 9], [12, 2, 1, 1])[0]}

    def child(self, depth: int) -> Statement:
        self.executions += 1
        rng = self.rng
        return {
            "class": rng.choices(CLASSES, [4, 3, 3, 2, 2, 1, 3])[0],
            "plan": self.plan(depth + 1),
            "wait": rng.random() < 0.25,
            "raises": rng.choice([None, None, True, False]),
        }

    def group(self, kind: str, depth: int) -> Statement:
        rng = self.rng
        members: list[Statement] = []
        for _ in range(rng.randint(0, 4)):
            if rng.random() < 0.25 and self.has_room(depth):
                members.append({"child": self.child(depth)})
            else:
                members.append({"call": self.call()})
        s: Statement = {"members": members, "raises": rng.choice([None, None, True, False]), "wait": rng.random() < 0.6}
        if kind == "group":
            return s | {"max_parallel": rng.choice([None, None, 1, 2])}
        return s | {"send_result": rng.random() < 0.5, "break_on_failure": rng.random() < 0.7}


def random_plan(rng: random.Random) -> Plan:
    return PlanMaker(rng).plan()
