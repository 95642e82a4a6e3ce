"""Random workflows: programs as plain dicts, and the interpreter that plays them against the public API.

A program is ``{"body": [statement, ...], "refuses_cancel": n}``; a statement is a dict with its ``kind``, a ``uid`` by which
mutations find it, and what that kind needs. Recorded programs are replayed by later versions
(:mod:`tests.replay.record_golden`): give a new meaning to a new kind, never to an old one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from simpleflow_nb import Activity, RetryPolicy, Workflow, futures
from simpleflow_nb.exceptions import TaskFailed
from simpleflow_nb.futures import Future

from .parallel_programs import PARALLEL_NESTED, PARALLEL_WEIGHTS, ParallelPlays, random_parallel_statement

Statement = dict[str, Any]
Program = dict[str, Any]

NAMES = ["load", "clean", "join", "plot"]
MARKERS = ["m", "n"]
TIMERS = ["tea", "lunch"]
SIGNALS = ["a", "b"]
PATCHES = ["p", "q", "r"]

_WEIGHTS = {
    "submit": 30,
    "burst": 3,
    "timer": 6,
    "named timer": 3,
    "cancel timer": 1,
    "marker": 5,
    "wait": 20,
    "exception": 2,
    "wait any": 8,
    "wait all": 3,
    "as completed": 3,
    "signal": 5,
    "last signal": 2,
    "peek": 5,
    "cancel": 5,
    "patch": 3,
    "if": 6,
    "loop": 5,
    "try": 6,
    "now": 2,
    "random": 2,
    "uuid": 2,
    "end": 0.4,
    **PARALLEL_WEIGHTS,
}
_NESTED = {"if", "loop", "try", "patch", *PARALLEL_NESTED}


# ---- making them ---------------------------------------------------------------------------------------------------


def random_program(rng: random.Random) -> Program:
    return {"body": random_block(rng, 0, rng.randint(5, 22)), "refuses_cancel": rng.choice([0, 0, 0, 1])}


def random_block(rng: random.Random, depth: int, length: int) -> list[Statement]:
    return [random_statement(rng, depth) for _ in range(length)]


def random_statement(rng: random.Random, depth: int) -> Statement:
    kind = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    if kind in _NESTED and depth >= 2:
        kind = "submit"
    s: Statement = {"kind": kind, "uid": rng.getrandbits(48)}
    if kind == "submit":
        s.update(
            name=rng.choice(NAMES),
            args=[random_argument(rng) for _ in range(rng.randint(0, 3))],
            kwargs={"k": random_argument(rng)} if rng.random() < 0.2 else {},
            retry=random_retry(rng),
            raises=rng.random() < 0.15,
            idempotent=rng.random() < 0.15,
        )
    elif kind == "burst":
        s.update(name=rng.choice(NAMES), count=rng.randint(3, 9))
    elif kind == "timer":
        s.update(seconds=rng.choice([0, 1, 10, 100]))
    elif kind == "named timer":
        s.update(name=rng.choice(TIMERS), seconds=rng.choice([1, 10]))
    elif kind == "cancel timer":
        s.update(name=rng.choice(TIMERS))
    elif kind == "marker":
        s.update(name=rng.choice(MARKERS))
    elif kind in ("wait", "exception", "cancel", "peek"):
        s.update(which=rng.randint(1, 6), catch=rng.random() < 0.85)
    elif kind in ("wait any", "wait all", "as completed"):
        s.update(which=[rng.randint(1, 6) for _ in range(rng.randint(1, 4))], take=rng.randint(1, 4))
    elif kind in ("signal", "last signal"):
        s.update(name=rng.choice(SIGNALS))
    elif kind == "patch":
        s.update(id=rng.choice(PATCHES), body=random_block(rng, depth + 1, 1))
    elif kind == "if":
        s.update(which=rng.randint(1, 6), body=random_block(rng, depth + 1, 2), other=random_block(rng, depth + 1, 1))
    elif kind == "loop":
        s.update(times=rng.randint(2, 4), body=random_block(rng, depth + 1, 2))
    elif kind == "try":
        s.update(body=random_block(rng, depth + 1, 3), handler=random_block(rng, depth + 1, 1))
        s.update(final=random_block(rng, depth + 1, 1) if rng.random() < 0.3 else [])
    elif kind == "end":
        s.update(how=rng.choice(["return", "return futures", "raise", "fail", "continue"]))
    elif kind in PARALLEL_WEIGHTS:
        block = partial(random_block, rng, depth + 1)
        s.update(random_parallel_statement(rng, kind, depth, block, partial(random_argument, rng)))
    return s


def random_argument(rng: random.Random, depth: int = 0) -> Any:
    roll = rng.random()
    if roll < 0.4:
        return {"future": rng.randint(1, 6)}
    if roll < 0.47:
        return {"acc": 1}
    if roll < 0.6 and depth < 2:
        return [random_argument(rng, depth + 1) for _ in range(rng.randint(0, 2))]
    if roll < 0.7 and depth < 2:
        return {"k": random_argument(rng, depth + 1)}
    if roll < 0.75:
        return rng.choice(["", 'ä"\u2028', "x\n", "\U0001f600"])
    return rng.randint(0, 9)


def random_retry(rng: random.Random) -> int | dict[str, Any]:
    """A number of immediate retries, or the arguments of a RetryPolicy."""
    if rng.random() < 0.75:
        return rng.choice([0, 0, 1, 2])
    return {
        "attempts": rng.choice([1, 2, 3, 4]),
        "first_wait": rng.choice([0, 1, 5]),
        "factor": rng.choice([1, 2]),
        "jitter": rng.choice([0, 0, 0.5]),
        "not_retried": rng.choice([[], ["ValueError"]]),
    }


def statements(block: list[Statement]) -> Iterator[tuple[list[Statement], Statement]]:
    """Every statement of a block and of the blocks in it, with the list that it stands in."""
    for s in block:
        yield block, s
        for part in ("body", "other", "handler", "final"):
            yield from statements(s.get(part, []))
        for body in s.get("bodies", []):
            yield from statements(body)


# ---- playing them --------------------------------------------------------------------------------------------------


class Ended(Exception):
    """Leaves the blocks of a program at its statement ``end``."""

    def __init__(self, value: Any) -> None:
        super().__init__("ended")
        self.value = value


class Interpreter(ParallelPlays):
    """One call of ``run``. All that the program sees goes into ``accumulator``, and that into markers and arguments, so a
    difference anywhere becomes one in the decisions.

    ``reached`` are the uids of the statements that ran; ``made`` pairs them with the futures or marker names they made.
    """

    def __init__(self, workflow: Workflow, program: Program) -> None:
        self.workflow, self.program = workflow, program
        self.futures: list[Future[Any]] = []
        self.accumulator = 0
        self.reached: set[int] = set()
        self.made: list[tuple[int, Future[Any] | str]] = []
        self.activity_of = activity_of

    def run(self) -> Any:
        try:
            self.block(self.program["body"])
        except Ended as end:
            return end.value
        return self.accumulator

    def block(self, block: list[Statement]) -> None:
        for s in block:
            self.reached.add(s["uid"])
            getattr(self, "play_" + s["kind"].replace(" ", "_"))(s)

    def note(self, value: Any) -> None:
        text = json.dumps(value, sort_keys=True, default=str)
        self.accumulator = (self.accumulator * 31 + sum(map(ord, text))) % 1_000_003

    def pick(self, which: int) -> Future[Any] | None:
        return self.futures[-which] if which <= len(self.futures) else None

    def picked(self, s: Statement) -> list[Future[Any]]:
        return [f for f in map(self.pick, s["which"]) if f is not None]

    def keep(self, s: Statement, future: Future[Any]) -> None:
        self.futures.append(future)
        self.made.append((s["uid"], future))

    def argument(self, a: Any) -> Any:
        if isinstance(a, dict):
            if "future" in a:
                return self.pick(a["future"])
            if "acc" in a:
                return self.accumulator
            return {key: self.argument(value) for key, value in a.items()}
        if isinstance(a, list):
            return [self.argument(item) for item in a]
        return a

    # ---- tasks

    def play_submit(self, s: Statement) -> None:
        activity = activity_of(s)
        args = [self.argument(a) for a in s["args"]]
        kwargs = {key: self.argument(a) for key, a in s["kwargs"].items()}
        self.keep(s, self.workflow.submit(activity, *args, **kwargs))

    def play_burst(self, s: Statement) -> None:
        for future in self.workflow.map(activity_of(s), range(s["count"])):
            self.keep(s, future)

    def play_timer(self, s: Statement) -> None:
        self.keep(s, self.workflow.timer(timedelta(seconds=s["seconds"])))

    def play_named_timer(self, s: Statement) -> None:
        self.keep(s, self.workflow.submit(self.workflow.start_timer(s["name"], s["seconds"], control=s["name"])))

    def play_cancel_timer(self, s: Statement) -> None:
        if s["name"] in self.workflow.executor.tasks:
            self.workflow.submit(self.workflow.cancel_timer(s["name"]))

    def play_marker(self, s: Statement) -> None:
        self.workflow.submit(self.workflow.record_marker(s["name"], self.accumulator))
        self.made.append((s["uid"], s["name"]))

    def play_signal(self, s: Statement) -> None:
        self.futures.append(self.workflow.next_signal(s["name"]))

    def play_last_signal(self, s: Statement) -> None:
        self.futures.append(self.workflow.submit(self.workflow.wait_signal(s["name"])))

    # ---- waiting

    def play_wait(self, s: Statement) -> None:
        future = self.pick(s["which"])
        if future is None:
            return
        try:
            self.note(future.result)
        except TaskFailed as error:
            if not s["catch"]:
                raise
            self.note(str(error))

    def play_exception(self, s: Statement) -> None:
        future = self.pick(s["which"])
        if future is not None:
            self.note(str(future.exception))

    def play_wait_any(self, s: Statement) -> None:
        picked = self.picked(s)
        if picked:
            first = futures.wait_any(*picked)
            self.note([first.id, first.state])

    def play_wait_all(self, s: Statement) -> None:
        picked = self.picked(s)
        if picked:
            self.note(futures.wait(*picked))

    def play_as_completed(self, s: Statement) -> None:
        for n, future in enumerate(futures.as_completed(self.picked(s)), 1):
            self.note([future.id, future.state])
            if n == s["take"]:
                break

    def play_peek(self, s: Statement) -> None:
        future = self.pick(s["which"])
        if future is not None:
            self.note([future.state, future.finished])

    def play_cancel(self, s: Statement) -> None:
        future = self.pick(s["which"])
        if future is not None:
            future.cancel()

    # ---- control

    def play_patch(self, s: Statement) -> None:
        if self.workflow.patched(s["id"]):  # the old path leaves no trace: it is the code from before the patch
            self.note(s["id"])
            self.block(s["body"])

    def play_if(self, s: Statement) -> None:
        future = self.pick(s["which"])
        if future is not None:
            self.block(s["body"] if future.finished else s["other"])

    def play_loop(self, s: Statement) -> None:
        for i in range(s["times"]):
            self.note(i)
            self.block(s["body"])

    def play_try(self, s: Statement) -> None:
        try:
            self.block(s["body"])
        except Ended:
            raise
        except Exception as error:  # all that user code can catch without naming BaseException
            self.note(str(error))
            self.block(s["handler"])
        finally:
            self.note("finally")
            self.block(s["final"])

    def play_now(self, s: Statement) -> None:
        self.note(self.workflow.now().isoformat())

    def play_random(self, s: Statement) -> None:
        self.note(self.workflow.random.randint(0, 10**6))

    def play_uuid(self, s: Statement) -> None:
        self.note(str(self.workflow.uuid()))

    def play_end(self, s: Statement) -> None:
        how = s["how"]
        if how == "return futures":
            raise Ended({"last": self.futures[-1:], "acc": self.accumulator})
        if how == "raise":
            raise RuntimeError("the program says so")
        if how == "fail":
            self.workflow.fail("the program says so", "details")
        if how == "continue":
            self.workflow.submit(self.workflow.continue_as_new(self.accumulator))
        raise Ended(self.accumulator)


def activity_of(s: Statement) -> Activity[..., Any]:
    retry = s.get("retry", 0)
    if isinstance(retry, dict):
        more = {"first_wait": timedelta(seconds=retry["first_wait"]), "not_retried": tuple(retry["not_retried"])}
        retry = RetryPolicy(**{**retry, **more})
    return Activity(
        None,
        name=s["name"],
        retry=retry,
        raises_on_failure=s.get("raises", False),
        idempotent=s.get("idempotent", False),
        start_to_close_timeout=s.get("timeout"),
    )


class PlayedWorkflow(Workflow):
    """A workflow that plays ``played``; its last interpreter is kept for those who ask what ran."""

    name, version, task_list = "played", "1", "decisions"
    played: Program
    interpreters: list[Interpreter]

    cancel_requests = 0
    interpreter: Interpreter | None = None

    def run(self, *args: Any) -> Any:
        self.interpreter = interpreter = Interpreter(self, self.played)
        self.interpreters.append(interpreter)
        return interpreter.run()

    def should_cancel(self) -> bool:
        self.cancel_requests += 1
        return self.cancel_requests > self.played["refuses_cancel"]


def workflow_of(program: Program) -> type[PlayedWorkflow]:
    """A workflow class for a program."""
    return type("Played", (PlayedWorkflow,), {"played": program, "interpreters": []})
