"""The workflows of a simulated fleet: each carries out the plan that is its input, with the public API alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simpleflow_nb import Workflow, futures
from simpleflow_nb.canvas import ActivityTask, Chain, FuncGroup, Group, WorkflowTask
from simpleflow_nb.exceptions import TaskException
from simpleflow_nb.futures import Future
from simpleflow_nb.history import History
from simpleflow_nb.replay.state.children import ChildFuture
from simpleflow_nb.step.workflow import WorkflowStepMixin

from .answering import Answering, PlannedFailure
from .hooked import Judging, Looking, Meddling, Raising
from .plans import Block, Plan, Statement
from .simulated_activities import BODIES, ITEM, quiet, stepped, task_of, wordy

BUCKET = "/marks"  #: of steps; the fleet keeps them in memory
FORCES = {"ab": ["a.b"]}  #: steps that are forced if one runs


class Deployed:
    """The code that the process which decides now has: with what was added under ``patched``, or from before."""

    is_new = True


class Planned(Answering, WorkflowStepMixin):
    """Carries out a plan; its result is a list of what it has seen."""

    version, task_list = "1", "deciders"
    execution_timeout, decision_tasks_timeout = 3_000_000, 45

    def __init__(self, executor: Any) -> None:
        super().__init__(executor)
        self.entries = self.fans = 0
        self.refuses_cancel = False

    async def run(self, plan: Plan, *more: Any) -> list[Any]:
        self.plan, self.refuses_cancel = plan, plan["on_cancel"] == "refuse"
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
        await self._keep(self.submit(task_of(s)), s["wait"])

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
            return
        items = self._items(s)
        self._note_results(items, await self.map(task, items, max_parallel=s["max_parallel"]))

    async def _for_each(self, s: Statement) -> None:
        items = self._items(s)
        limits = {"max_parallel": s["max_parallel"], "slice_size": s["slice_size"]}
        future = self.for_each(BODIES["simulated." + s["name"]], items, **limits)
        self.recent.append(future)
        if s["wait"]:
            self._note_results(items, await future)

    def _items(self, s: Statement) -> list[str]:
        """Return items that tell which fan they are of, and how many of it may run at a time."""
        self.fans += 1
        fan = f"{ITEM}{self.executor.run_id[:12]}-{self.fans}/{s['max_parallel'] or s['items']}/"
        return [f"{fan}{n}" for n in range(s["items"])]

    def _note_results(self, items: list[str], results: list[Any]) -> None:
        self.submit(self.record_marker("results", [items, results]))
        self._see(results)

    async def _long(self, s: Statement) -> None:
        future = self.submit(wordy, "wordy", s["fails"], s["size"])
        self.recent.append(future)
        for _ in range(s["readers"]):
            self.recent.append(self.submit(quiet, "reader", 0, future, {"again": [future]}))

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
            return Group(*(task_of(call) for call in s["calls"]))

        known = [one for one in self.recent if one.type == "ScheduleActivityTask"][-1:]
        await self._keep(self.submit(FuncGroup(make, *known)), s["wait"])

    # ---- steps and conditions ------------------------------------------------------------------------------------------------

    def get_step_bucket(self) -> str:
        return BUCKET

    async def _step(self, s: Statement) -> None:
        step = self.step(
            s["name"],
            (stepped, s["name"], s["fails"]),
            force=s["name"] == "always",
            activities_if_step_already_done=None if s["otherwise"] is None else task_of(s["otherwise"]),
            force_steps_if_executed=FORCES.get(s["name"]),
        )
        await self._keep(self.submit(step), s["wait"])

    async def _force_steps(self, s: Statement) -> None:
        self._note_entries("forced", s["entries"])
        self.add_forced_steps(s["entries"], "as planned")

    async def _skip_steps(self, s: Statement) -> None:
        self._note_entries("skipped", s["entries"])
        self.add_skipped_steps(s["entries"], "as planned")

    def _note_entries(self, what: str, entries: list[str]) -> None:
        self.entries += 1
        self.submit(self.record_marker(f"steps {what}", [self.entries, entries]))

    async def _wait_until(self, s: Statement) -> None:
        def is_reached() -> bool:
            if s["raises"] and self.level:
                raise PlannedFailure("as planned")
            return self.level >= s["level"]

        self.awaited_levels.append(s["level"])
        try:
            self.wait_until(is_reached)
        finally:
            self.awaited_levels.remove(s["level"])
        self._see(["level", self.level])

    async def _wait_for_some(self, s: Statement) -> None:
        waited = self.recent[-s["last"] :]
        self.wait_until(lambda: sum(one.done for one in waited) >= min(s["some"], len(waited)))
        self._see([one.done for one in waited])

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

    async def _upgraded(self, s: Statement) -> None:
        """Carry out a block that was added to the code, for runs that have not passed here before."""
        if Deployed.is_new and self.patched(s["name"]):
            await self._block(s["body"])

    async def _draw(self, s: Statement) -> None:
        self._see([self.random.randint(0, 99), self.now().isoformat()])
        found = self.get_event_details("signal", "red")
        self._see(found and found["event_id"])


class Terminating(Planned):
    name, child_policy = "simulated.terminating", "TERMINATE"


class Cancelling(Looking, Planned):
    """Its ``should_cancel`` takes the history."""

    name, child_policy = "simulated.cancelling", "REQUEST_CANCEL"

    def should_cancel(self, history: History) -> bool:  # type: ignore[override]
        self._see(["asked to cancel", len(history.events), len(history.signals)])
        return super().should_cancel()


class Abandoning(Meddling, Planned):
    name, child_policy = "simulated.abandoning", "ABANDON"


class Hasty(Planned):
    """Times out, and is tried again."""

    name, child_policy, execution_timeout, retry = "simulated.hasty", "TERMINATE", 80, 1


class Silent(Raising, Planned):
    """Fails without a word, after two attempts; its hooks fail too."""

    name, child_policy, raises_on_failure, retry = "simulated.silent", "REQUEST_CANCEL", False, 1


class Single(Planned):
    """Is started once for equal arguments, and keeps signals from its parent."""

    name, child_policy, idempotent, propagate_signals_to_parent = "simulated.single", "ABANDON", True, False


class Named(Judging, Planned):
    """Has one of few names, so that another may have it already; judges failures itself."""

    name, child_policy, retry = "simulated.named", "TERMINATE", 1

    def get_workflow_id(self: Any, plan: Plan, *more: Any) -> str:
        return f"named-{len(plan['body']) % 2}"


_ALL = (Terminating, Cancelling, Abandoning, Hasty, Silent, Single, Named)
CLASSES: dict[str, type[Planned]] = {one.__name__: one for one in _ALL}


def class_of(events: Sequence[Any]) -> type[Workflow]:
    """Return the class that a history names; it may be the one of slices."""
    name = events[0]["workflowExecutionStartedEventAttributes"]["workflowType"]["name"]
    return next(one for one in (*_ALL, Workflow.Slice) if one.type_name() == name)


def _child_task(s: Statement) -> WorkflowTask:
    task = WorkflowTask(None, CLASSES[s["class"]], s["plan"])
    task.raises_on_failure = s["raises"]
    return task


def _member(member: Statement) -> Any:
    return _child_task(member["child"]) if "child" in member else task_of(member["call"])
