"""The workflows of a simulated fleet: each carries out the plan that is its input, with the public API alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Never

from simpleflow_nb import RetryPolicy, Workflow, activity, futures
from simpleflow_nb.canvas import ActivityTask, Chain, FuncGroup, Group, WorkflowTask
from simpleflow_nb.exceptions import TaskException
from simpleflow_nb.futures import Future
from simpleflow_nb.replay.state.children import ChildFuture

from .plans import Block, Plan, Statement

_TIMES: dict[str, Any] = {"start_to_close_timeout": 60, "heartbeat_timeout": 25}


def _nowhere(*args: Any) -> Never:
    raise AssertionError("the fleet gives its workers the bodies of these activities")


_WAITS = RetryPolicy(attempts=4, first_wait=timedelta(seconds=3), jitter=0.5)
_LIMITED = {**_TIMES, "schedule_to_start_timeout": 15, "schedule_to_close_timeout": 90}
steady = activity.with_attributes(name="simulated.steady", version="1", **_TIMES)(_nowhere)
flaky = activity.with_attributes(name="simulated.flaky", version="1", retry=_WAITS, **_TIMES)(_nowhere)
again = activity.with_attributes(name="simulated.again", version="1", retry=2, **_TIMES)(_nowhere)
quiet = activity.with_attributes(name="simulated.quiet", version="1", raises_on_failure=False, **_TIMES)(_nowhere)
once = activity.with_attributes(name="simulated.once", version="1", retry=1, idempotent=True, **_TIMES)(_nowhere)
hurried = activity.with_attributes(name="simulated.hurried", version="1", retry=1, **_LIMITED)(_nowhere)

BODIES = {one.name: one for one in (steady, flaky, again, quiet, once, hurried)}


class PlannedFailure(Exception):
    """A failure that a plan asks for."""


class Planned(Workflow):
    """Carries out a plan; its result is a list of what it has seen."""

    version, task_list = "1", "deciders"
    execution_timeout, decision_tasks_timeout = 3_000_000, 45

    def __init__(self, executor: Any) -> None:
        super().__init__(executor)
        self.recent: list[Future[Any]] = []
        self.seen: list[Any] = []
        self.refuses_cancel = False

    async def run(self, plan: Plan, *more: Any) -> list[Any]:
        self.refuses_cancel = plan["on_cancel"] == "refuse"
        if plan["on_cancel"] == "clean up":
            await self._until_cancelled(plan["body"])
        else:
            await self._block(plan["body"])
        if plan["more"]:
            self.submit(self.continue_as_new({**plan, "more": plan["more"] - 1}))
        if plan["end"] != "leave tasks open":
            for future in self.recent:
                if not isinstance(future, Future) or future.type == "signal":
                    continue
                self._see(future.exception and str(future.exception))
        if plan["end"] == "raise":
            raise PlannedFailure("as planned")
        if plan["end"] == "fail":
            self.fail("as planned")
        if plan["end"] == "cancel":
            self.cancel("as planned")
        return self.seen

    def should_cancel(self) -> bool:
        return not self.refuses_cancel

    async def _until_cancelled(self, body: Block) -> None:
        """Carry out a block; if the cancellation of the run is requested meanwhile, stop it, clean up, and end as cancelled."""
        cancellation = self.cancellation
        async with self.task_group() as group:
            work = group.create_task(self._block(body))
            futures.wait_any(cancellation, work)
            if not work.done:
                work.cancel()
        if cancellation.done:
            await self.submit(ActivityTask(quiet, "clean up", 0))
            self.cancel("cleaned up")

    async def _block(self, block: Block) -> None:
        for statement in block:
            await getattr(self, "_" + statement["do"].replace(" ", "_"))(statement)

    def _see(self, what: Any) -> None:
        self.seen.append(what)
        del self.seen[:-30]

    # ---- tasks ---------------------------------------------------------------------------------------------------------------

    async def _keep(self, future: Future[Any], waits: bool) -> None:
        self.recent.append(future)
        if waits:
            self._see(await future)

    async def _activity(self, s: Statement) -> None:
        await self._keep(self.submit(_task(s)), s["wait"])

    async def _timer(self, s: Statement) -> None:
        await self._keep(self.timer(s["seconds"]), s["wait"])

    def _which(self, s: Statement, of_children: bool = False) -> Any:
        found = [one for one in self.recent if not of_children or isinstance(one, ChildFuture)]
        return found[-s["which"]] if len(found) >= s["which"] else None

    async def _wait(self, s: Statement) -> None:
        future = self._which(s)
        if future is None:
            return
        if s["catch"]:
            self._see(str(future.exception))
        else:
            self._see(await future)

    async def _wait_any(self, s: Statement) -> None:
        if self.recent:
            first = futures.wait_any(*self.recent[-s["last"] :])
            self._see([first.id, first.state])

    async def _completions(self, s: Statement) -> None:
        queue = futures.Completions(self.recent[-s["last"] :])
        while queue:
            self._see(queue.next().id)

    async def _cancel(self, s: Statement) -> None:
        future = self._which(s)
        if future is not None:
            future.cancel()

    async def _map(self, s: Statement) -> None:
        task = BODIES["simulated." + s["name"]]
        if s["max_parallel"] is None:
            self._see(await futures.gather(*self.map(task, range(s["items"])), return_exceptions=False))
        else:
            self._see(await self.map(task, range(s["items"]), max_parallel=s["max_parallel"]))

    async def _group(self, s: Statement) -> None:
        made = Group(*map(_member, s["members"]), max_parallel=s["max_parallel"], raises_on_failure=s["raises"])
        await self._keep(self.submit(made), s["wait"])

    async def _chain(self, s: Statement) -> None:
        made = Chain(
            *map(_member, s["members"]),
            send_result=s["send_result"],
            break_on_failure=s["break_on_failure"],
            raises_on_failure=s["raises"],
        )
        await self._keep(self.submit(made), s["wait"])

    async def _func_group(self, s: Statement) -> None:
        def make(*results: Any) -> Group:
            return Group(*(_task(call) for call in s["calls"]))

        known = [one for one in self.recent if one.type == "ScheduleActivityTask"][-1:]
        await self._keep(self.submit(FuncGroup(make, *known)), s["wait"])

    # ---- other executions ----------------------------------------------------------------------------------------------------

    async def _child(self, s: Statement) -> None:
        await self._keep(self.submit(_child_task(s)), s["wait"])

    async def _signal_child(self, s: Statement) -> None:
        child = self._which(s, of_children=True)
        if child is not None and child.workflow_id is not None:
            await self._send(s, child.workflow_id)

    async def _signal_parent(self, s: Statement) -> None:
        parent = self.get_run_context()["parent_workflow_id"]
        if parent is not None:
            await self._send(s, parent)

    async def _signal_self(self, s: Statement) -> None:
        await self._send(s, None)

    async def _send(self, s: Statement, workflow_id: str | None) -> None:
        task = self.signal(s["name"], str(self.uuid()), workflow_id=workflow_id, propagate=s["propagate"])
        task.raises_on_failure = s["raises"]
        self.recent.append(self.submit(task))

    async def _cancel_child(self, s: Statement) -> None:
        child = self._which(s, of_children=True)
        if child is None or child.workflow_id is None:
            return
        if s["catch"]:
            child.cancel()
        else:
            self.recent.append(self.submit(self.cancel_workflow(child.workflow_id)))

    async def _next_signal(self, s: Statement) -> None:
        await self._keep(self.next_signal(s["name"]), s["wait"])

    async def _last_signal(self, s: Statement) -> None:
        await self._keep(self.submit(self.wait_signal(s["name"])), s["wait"])

    # ---- blocks --------------------------------------------------------------------------------------------------------------

    async def _gather(self, s: Statement) -> None:
        bodies = [self._block(body) for body in s["bodies"]]
        found = await futures.gather(*bodies, return_exceptions=s["return_exceptions"])
        self._see([str(one) for one in found])

    async def _task_group(self, s: Statement) -> None:
        async with self.task_group() as group:
            for body in s["bodies"]:
                group.create_task(self._block(body))

    async def _timeout(self, s: Statement) -> None:
        try:
            async with self.timeout(s["seconds"]) as limit:
                await self._block(s["body"])
        except TimeoutError as error:
            self._see([str(error), limit.expired])

    async def _try(self, s: Statement) -> None:
        try:
            await self._block(s["body"])
        except TaskException as error:
            self._see(str(error))

    # ---- the run itself ------------------------------------------------------------------------------------------------------

    async def _marker(self, s: Statement) -> None:
        self.submit(self.record_marker(s["name"], len(self.seen)))

    async def _patched(self, s: Statement) -> None:
        self._see(self.patched(s["name"]))

    async def _draw(self, s: Statement) -> None:
        self._see([self.random.randint(0, 99), self.now().isoformat()])


class Terminating(Planned):
    name, child_policy = "simulated.terminating", "TERMINATE"


class Cancelling(Planned):
    name, child_policy = "simulated.cancelling", "REQUEST_CANCEL"


class Abandoning(Planned):
    name, child_policy = "simulated.abandoning", "ABANDON"


class Hasty(Planned):
    """Times out, and is tried again."""

    name, child_policy, execution_timeout, retry = "simulated.hasty", "TERMINATE", 80, 1


class Silent(Planned):
    """Fails without a word, after two attempts."""

    name, child_policy, raises_on_failure, retry = "simulated.silent", "REQUEST_CANCEL", False, 1


class Single(Planned):
    """Is started once for equal arguments, and keeps signals from its parent."""

    name, child_policy, idempotent, propagate_signals_to_parent = "simulated.single", "ABANDON", True, False


class Named(Planned):
    """Has one of few names, so that another may have it already."""

    name, child_policy, retry = "simulated.named", "TERMINATE", 1

    def get_workflow_id(self: Any, plan: Plan, *more: Any) -> str:
        return f"named-{len(plan['body']) % 2}"


_ALL = (Terminating, Cancelling, Abandoning, Hasty, Silent, Single, Named)
CLASSES: dict[str, type[Planned]] = {one.__name__: one for one in _ALL}


def _task(call: Statement) -> ActivityTask[Any]:
    return ActivityTask(BODIES["simulated." + call["name"]], call["name"], call["fails"])


def _child_task(s: Statement) -> WorkflowTask:
    task = WorkflowTask(None, CLASSES[s["class"]], s["plan"])
    task.raises_on_failure = s["raises"]
    return task


def _member(member: Statement) -> Any:
    return _child_task(member["child"]) if "child" in member else _task(member["call"])
