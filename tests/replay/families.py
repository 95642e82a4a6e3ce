"""Workflows that start children, signal each other, and wait in several places at once: the code of recorded histories.

Histories of them are recorded (:mod:`tests.replay.record_families`), so what they decide never changes; a new meaning is a new
class, in a new scenario.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from simpleflow_nb import RetryPolicy, Workflow, activity, futures
from simpleflow_nb.canvas import Chain, FuncGroup, Group
from simpleflow_nb.exceptions import TaskException, TaskFailed

LIST = "families"


def _by_hand(*args: Any) -> Any:
    raise AssertionError("the scenarios report the results of these activities themselves")


load = activity.with_attributes(name="families.load", version="1", task_list=LIST)(_by_hand)
add = activity.with_attributes(name="families.add", version="1", task_list=LIST, retry=1)(_by_hand)
tidy = activity.with_attributes(name="families.tidy", version="1", task_list=LIST, raises_on_failure=False)(_by_hand)


class Family(Workflow):
    """The settings that all of them share."""

    version, task_list = "1", LIST
    execution_timeout, decision_tasks_timeout = 86_400, 60


class Summing(Family):
    """A child: adds the numbers that it is given."""

    name = "families.summing"

    def run(self, *numbers: int) -> int:
        total = 0
        for number in numbers:
            total = self.submit(add, total, number).result
        return total


class TotalOfChildren(Family):
    """Gives the result of one child to another, and waits for a third beside them."""

    name = "families.total"

    def run(self, number: int) -> list[int]:
        aside = self.submit(Summing, number)
        first = self.submit(Summing, number, 1)
        second = self.submit(Summing, first, 2)
        return [second.result, aside.result]


class Waiting(Family):
    """A child: waits for a signal; if it is cancelled meanwhile, it tidies up first."""

    name = "families.waiting"

    def run(self) -> Any:
        cancellation, signal = self.cancellation, self.next_signal("go")
        futures.wait_any(cancellation, signal)
        if signal.done:
            return signal.result
        self.submit(tidy, "child").result
        return self.cancel("tidied up")


class CancelsItsChild(Family):
    """Cancels one child that has started, and one that has not."""

    name = "families.cancels"

    def run(self) -> list[str]:
        started = self.submit(Waiting)
        self.submit(self.start_timer("pause", 10)).result
        started.cancel()
        new = self.submit(Waiting)
        new.cancel()
        return [type(future.exception).__name__ for future in (started, new)]


class Failing(Family):
    """A child: fails in each of its attempts, the first by a task, the others by itself."""

    name, retry = "families.failing", RetryPolicy(attempts=3, first_wait=timedelta(seconds=5), jitter=0.5)

    def run(self, attempts: str) -> None:
        self.submit(load, attempts).result
        self.fail("no more", "details of it")


class CatchesItsChild(Family):
    """Catches the failure of a child, then leaves that of another to end it."""

    name = "families.catches"

    def run(self) -> None:
        lenient = Group((Failing, "lenient"), raises_on_failure=False)
        seen = str(self.submit(lenient).exception)
        try:
            self.submit(Failing, "caught").result
        except TaskFailed as failure:
            self.submit(self.record_marker("seen", [seen, failure.reason, failure.details]))
        self.submit(Failing, "raised")
        self.submit(self.start_timer("never", 1_000)).result


class EndedFromOutside(Family):
    """Has two children, one of them with a child of its own, when it is terminated."""

    name, child_policy = "families.ended", "TERMINATE"

    def run(self, depth: int) -> Any:
        child = self.submit(EndedFromOutside, depth - 1) if depth else None
        other = self.submit(Waiting)
        return [child and child.result, other.result]


class Talking(Family):
    """A child: tells its parent, and is told."""

    name = "families.talking"

    def run(self, number: int) -> list[Any]:
        parent = self.get_run_context()["parent_workflow_id"]
        self.submit(self.signal("from child", number, workflow_id=parent, propagate=False)).result
        heard = self.next_signal("from parent").result["args"]
        return [heard, self.submit(self.wait_signal("news")).result["args"]]


class ListensAndTells(Family):
    """Signals each child that has signalled it; what it is told with ``propagate`` goes on to both."""

    name = "families.listens"

    def run(self) -> list[Any]:
        children = [self.submit(Talking, number) for number in (1, 2)]
        for _ in children:
            number = self.next_signal("from child").result["args"][0]
            child = children[number - 1]
            self.submit(self.signal("from parent", -number, workflow_id=child.workflow_id, propagate=False)).result
        lost = self.signal("nobody", workflow_id="not open")
        lost.raises_on_failure = False
        return [child.result for child in children] + [str(self.submit(lost).exception)]


class GroupsAndChains(Family):
    """Groups within groups, chains that send results on, and a group that a function makes of a result."""

    name = "families.groups"

    def run(self) -> list[Any]:
        inner = Group((load, 1), (load, 2), (Summing, 3), max_parallel=2)
        chain = Chain((load, 4), (add, 10), (Summing, 20), send_result=True)
        broken = Chain((load, "broken"), (load, "never"), raises_on_failure=False)
        both = self.submit(Group(inner, chain, broken))
        made = self.submit(FuncGroup(lambda number: Group(*((load, n) for n in range(number))), self.submit(load, 3)))
        mapped = self.map(load, range(4), max_parallel=3)
        return [both.result, made.result, mapped.result]


class Coroutines(Family):
    """Coroutines side by side, time limits that pass and that do not, and a group of tasks of which one fails."""

    name = "families.coroutines"

    async def run(self) -> list[Any]:
        seen: list[Any] = []

        async def limited(seconds: int) -> Any:
            try:
                async with self.timeout(seconds):
                    return await self.submit(load, f"within {seconds}")
            except TimeoutError as error:
                return str(error)

        async def waiting() -> None:
            async with self.timeout(2_000):
                await self.timer(1_000)

        async def failing() -> None:
            await self.timer(5)
            await self.submit(load, "broken")

        seen.append(await futures.gather(limited(20), limited(100), self.submit(Summing, 1)))
        try:
            async with self.task_group() as group:
                other = group.create_task(waiting())
                group.create_task(failing())
                await other
        except TaskException as error:
            seen.append([str(error), other.cancelled])
        return seen


class Renewing(Family):
    """A child: goes on as a new run with what it has heard, until that is enough."""

    name = "families.renewing"

    def run(self, heard: list[Any]) -> Any:
        heard = [*heard, self.next_signal("go").result["args"][0]]
        if len(heard) < 3:
            self.submit(self.continue_as_new(heard)).result
        return heard


class FollowsItsChild(Family):
    """Signals a child in each of its runs, and cancels another in its second run."""

    name = "families.follows"

    def run(self) -> Any:
        told, cancelled = self.submit(Renewing, []), self.submit(Renewing, [])
        for number in range(3):
            self.submit(self.start_timer(f"pause {number}", 10)).result
            self.submit(self.signal("go", number, workflow_id=told.workflow_id, run_id=told.run_id)).result
            if number == 0:
                self.submit(self.signal("go", 9, workflow_id=cancelled.workflow_id)).result
            elif number == 1:
                cancelled.cancel()
        return [told.result, type(cancelled.exception).__name__]


class Refused(Family):
    """Asks for more children, tasks and signals than the service takes at once."""

    name = "families.refused"

    def run(self) -> list[Any]:
        children = [self.submit(Summing, number) for number in range(4)]
        tasks = [self.submit(load, number) for number in range(3)]
        self.submit(self.signal("own", 1)).result
        return [[future.result for future in (*tasks, *children)], self.next_signal("own").result["args"]]


class TidiesUp(Family):
    """Works until it is cancelled, then lets what is under way end, cancels its child, and ends as cancelled."""

    name = "families.tidies"

    def run(self) -> Any:
        cancellation = self.cancellation
        child, task = self.submit(Waiting), self.submit(load, "long")
        while not cancellation.done:
            futures.wait_any(cancellation, task)
            if task.done and not cancellation.done:
                task = self.submit(load, "long")
        child.cancel()
        futures.wait(task, self.submit(tidy, "parent"))
        futures.wait_any(child)
        return self.cancel(f"child {child.state}")


WORKFLOWS = [one for one in list(vars().values()) if isinstance(one, type) and issubclass(one, Family) and one is not Family]
