"""Statements of random programs about what runs beside each other: children, signals, groups, coroutines, time limits.

They are part of :mod:`tests.replay.programs`, and the same rule holds: give a new meaning to a new kind, never to an old one.
"""

from __future__ import annotations

import builtins
import json
import random
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from simpleflow_nb import Activity, Workflow, futures
from simpleflow_nb.canvas import Chain, ChainFuture, FuncGroup, Group, GroupFuture
from simpleflow_nb.exceptions import TaskException
from simpleflow_nb.futures import Future
from simpleflow_nb.task import ActivityTask, ChildWorkflowTask, SignalTask

Statement = dict[str, Any]
Block = list[Statement]

CHILDREN = ["kid", "niece"]
TARGETS = ["neighbour", "played", None]
PARALLEL_WEIGHTS = {
    "child": 10,
    "tell": 4,
    "cancel other": 1,
    "group": 6,
    "limited map": 1,
    "gather": 5,
    "task group": 3,
    "timeout": 4,
    "cancellation": 1,
    "completions": 2,
}
#: Kinds with blocks of statements in them.
PARALLEL_NESTED = {"gather", "task group", "timeout"}


# ---- making them ---------------------------------------------------------------------------------------------------


def random_parallel_statement(
    rng: random.Random, kind: str, depth: int, block: Callable[[int], Block], argument: Callable[[], Any]
) -> Statement:
    """All of a statement but its kind and uid; ``block(n)`` makes a block of n statements in it."""
    if kind == "child":
        return random_child(rng, argument)
    if kind == "tell":
        return {
            "name": rng.choice(["a", "b"]),
            "target": rng.choice(TARGETS),
            "propagate": rng.random() < 0.5,
            "raises": rng.random() < 0.3,
            "args": [argument()] if rng.random() < 0.5 else [],
        }
    if kind == "cancel other":
        return {"target": rng.choice(["neighbour", "stranger"])}
    if kind == "group":
        return {"group": random_group(rng, 0, argument)}
    if kind == "limited map":
        return {"name": rng.choice(["load", "plot"]), "count": rng.randint(0, 5), "limit": rng.randint(1, 3)}
    if kind == "gather":
        return {
            "bodies": [block(rng.randint(1, 3)) for _ in range(rng.randint(0, 3))],
            "which": [rng.randint(1, 6) for _ in range(rng.randint(0, 2))],
            "exceptions": rng.random() < 0.3,
            "wait": rng.random() < 0.5,
        }
    if kind == "task group":
        bodies = [block(rng.randint(1, 3)) for _ in range(rng.randint(0, 3))]
        return {"bodies": bodies, "body": block(rng.randint(0, 2)), "which": [rng.randint(1, 6)] if rng.random() < 0.3 else []}
    if kind == "timeout":
        return {"seconds": rng.choice([0, 1, 10, 100]), "body": block(rng.randint(1, 3))}
    if kind == "cancellation":
        return {"keep": rng.random() < 0.5}
    if kind == "completions":
        return {"which": [rng.randint(1, 6) for _ in range(rng.randint(1, 4))], "take": rng.randint(1, 5)}
    raise ValueError(kind)


def random_child(rng: random.Random, argument: Callable[[], Any]) -> Statement:
    return {
        "name": rng.choice(CHILDREN),
        "args": [argument() for _ in range(rng.randint(0, 2))],
        "retry": rng.choice([0, 0, 0, 1, 2]),
        "raises": rng.random() < 0.2,
        "idempotent": rng.random() < 0.15,
        "named": rng.random() < 0.15,
    }


def random_group(rng: random.Random, depth: int, argument: Callable[[], Any]) -> Statement:
    """A group, a chain or a group that a function makes, with its members."""
    kind = rng.choice(["group", "group", "chain", "func"] if depth else ["group", "group", "chain", "chain", "func"])
    members = [random_member(rng, depth, argument) for _ in range(rng.randint(0, 4))]
    if kind == "func":
        return {"kind": kind, "arg": argument(), "members": members, "raises": rng.choice([None, None, False])}
    found: Statement = {"kind": kind, "members": members, "raises": rng.choice([None, None, None, True, False])}
    if kind == "group":
        found["limit"] = rng.choice([None, 1, 2])
    else:
        found |= {"breaks": rng.random() < 0.6, "sends": rng.random() < 0.3}
    return found


def random_member(rng: random.Random, depth: int, argument: Callable[[], Any]) -> Statement:
    roll = rng.random()
    if roll < 0.25 and depth < 2:
        return random_group(rng, depth + 1, argument)
    if roll < 0.4:
        return {"kind": "child", **random_child(rng, argument)}
    if roll < 0.48:
        return {"kind": "timer", "name": f"group timer {rng.randint(1, 9)}", "seconds": rng.choice([1, 10])}
    return {
        "kind": "task",
        "name": rng.choice(["load", "clean", "join"]),
        "args": [argument() for _ in range(rng.randint(0, 2))],
        "raises": rng.random() < 0.15,
        "retry": rng.choice([0, 0, 1]),
    }


# ---- playing them --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def child_class(name: str, retry: int, raises: bool, idempotent: bool, named: bool) -> type[Workflow]:
    def run(self: Workflow, *args: Any) -> None:
        raise AssertionError("children of random runs are played by the service")

    def get_workflow_id(cls: type[Workflow], *args: Any) -> str:
        return f"named-{name}-{len(json.dumps(args))}"

    more = {"get_workflow_id": get_workflow_id} if named else {}
    settings = {"name": name, "task_list": "children", "retry": retry, "raises_on_failure": raises, "idempotent": idempotent}
    return type(name.title(), (Workflow,), {"run": run, **settings, **more})


def class_of(s: Statement) -> type[Workflow]:
    return child_class(s["name"], s["retry"], s["raises"], s["idempotent"], s["named"])


class ParallelPlays:
    """The plays of these statements, for the interpreter."""

    workflow: Workflow
    futures: list[Future[Any]]
    made: list[tuple[int, Future[Any] | str]]
    accumulator: int
    activity_of: Callable[[Statement], Activity[..., Any]]
    argument: Callable[[Any], Any]
    block: Callable[[Block], None]
    keep: Callable[[Statement, Future[Any]], None]
    note: Callable[[Any], None]
    picked: Callable[[Statement], list[Future[Any]]]

    def play_child(self, s: Statement) -> None:
        self.keep(s, self.workflow.submit(class_of(s), *(self.argument(a) for a in s["args"])))

    def play_tell(self, s: Statement) -> None:
        args = [self.accumulator if a else 0 for a in s["args"]]  # a future would be waited for
        signal = SignalTask(s["name"], *args, workflow_id=s["target"], propagate=s["propagate"])
        signal.raises_on_failure = s["raises"]
        self.keep(s, self.workflow.submit(signal))

    def play_cancel_other(self, s: Statement) -> None:
        self.keep(s, self.workflow.submit(self.workflow.cancel_workflow(s["target"])))

    def play_group(self, s: Statement) -> None:
        self.keep(s, self.workflow.submit(self.group_of(s["group"])))

    def play_limited_map(self, s: Statement) -> None:
        self.keep(s, self.workflow.map(self.activity_of(s), range(s["count"]), max_parallel=s["limit"]))

    def group_of(self, s: Statement) -> Any:
        if s["kind"] == "func":

            def made(value: Any, *sent: Any) -> Group:
                self.note([value, *sent])
                return Group(*map(self.group_of, s["members"]))

            return FuncGroup(made, self.argument(s["arg"]), raises_on_failure=s["raises"])
        if s["kind"] == "task":
            task = ActivityTask(self.activity_of(s), *(self.argument(a) for a in s["args"]))
            return task
        if s["kind"] == "child":
            return ChildWorkflowTask(class_of(s), *(self.argument(a) for a in s["args"]))
        if s["kind"] == "timer":
            return self.workflow.start_timer(s["name"], s["seconds"])
        members = map(self.group_of, s["members"])
        if s["kind"] == "group":
            return Group(*members, max_parallel=s["limit"], raises_on_failure=s["raises"])
        return Chain(*members, break_on_failure=s["breaks"], send_result=s["sends"], raises_on_failure=s["raises"])

    def strand_of(self, body: Block, n: int) -> Any:
        """What plays a block beside the rest: a function, or a coroutine."""

        def plays() -> int:
            self.block(body)
            return self.accumulator

        async def plays_too() -> int:
            self.block(body)
            return self.accumulator

        return plays_too() if n % 2 else plays

    def play_gather(self, s: Statement) -> None:
        bodies = [self.strand_of(body, n) for n, body in enumerate(s["bodies"])]
        gathered = futures.gather(*bodies, *self.picked(s), return_exceptions=s["exceptions"])
        if s["wait"]:
            self.note(gathered.result)
        else:
            self.keep(s, gathered)

    def play_task_group(self, s: Statement) -> None:
        try:
            with self.workflow.task_group() as group:
                for n, body in enumerate(s["bodies"]):
                    self.futures.append(group.create_task(self.strand_of(body, n)))
                for future in self.picked(s):
                    group.create_task(future)
                self.block(s["body"])
        except TaskException as error:
            self.note(str(error))

    def play_timeout(self, s: Statement) -> None:
        limit = self.workflow.timeout(s["seconds"])
        try:
            with limit:
                self.block(s["body"])
        except builtins.TimeoutError as error:
            self.note(str(error))
        self.note(limit.expired)

    def play_cancellation(self, s: Statement) -> None:
        asked = self.workflow.cancellation
        self.note(asked.state)
        if s["keep"]:
            self.futures.append(asked)

    def play_completions(self, s: Statement) -> None:
        queue = futures.Completions(self.picked(s))
        for n in range(s["take"]):
            if not queue:
                break
            done = queue.next()
            self.note([done.id, done.state, len(queue)])
            if n == 0:
                queue.add(self.workflow.timer(1))


def members_of(future: Future[Any]) -> list[Future[Any]]:
    """The futures of a group and of the groups in it; for any other future, itself."""
    if isinstance(future, GroupFuture | ChainFuture):
        return [one for member in future.futures for one in members_of(member)]
    made = getattr(future, "_made", None)
    return members_of(made) if isinstance(made, Future) else [future]


def check_groups(found: list[Future[Any]]) -> None:
    """No group has more members open than it may have."""
    for future in found:
        if isinstance(future, GroupFuture):
            if future.max_parallel is not None:
                assert sum(not member.done for member in future.futures) <= future.max_parallel, future
            check_groups(future.futures)
