"""The deciders and workers of a simulated fleet, and the effects that their activities have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simpleflow_nb.activity_context import context
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.processes.worker import Worker

from .simulated_workflows import BODIES, CLASSES
from .unreliable import Unreliable

if TYPE_CHECKING:
    from .fleet import Fleet

LIST = "deciders"


class SteppedDecider:
    """A decider process: the tasks that it has polled wait in it, as in a real one."""

    def __init__(self, fleet: Fleet, number: int, sticky_seconds: int) -> None:
        self.fleet = fleet
        self.service = Unreliable(lambda: fleet.service, fleet.network, self._check)
        self.decider = Decider(
            self.service,
            DOMAIN,
            LIST,
            CLASSES.values(),
            payloads=fleet.payloads,
            cached_events=fleet.rng.choice([60, 400, 100_000]),
            on_parked=fleet.parked.append,
        )
        self.tasks: list[tuple[Any, str, bool]] = []
        if sticky_seconds:
            self.decider.keep_on(f"{LIST}~{number}", sticky_seconds)

    def poll(self) -> bool:
        """Take a task, from the list of this process first; return whether there was one."""
        for task_list in (self.decider.sticky_list, LIST):
            if task_list is None:
                continue
            task = self.service.poll_for_decision_task(
                domain=DOMAIN, taskList={"name": task_list}, startAtPreviousStartedEvent=task_list != LIST
            )
            if task.get("taskToken"):
                self.tasks.append((task, task_list, task_list == LIST))
                return True
        return False

    def decide(self) -> None:
        task, task_list, whole = self.tasks.pop(0)
        self.decider.decide(task, task_list, whole=whole)

    def end(self) -> None:
        self.decider.cache.evict_all()

    def _check(self, operation: str, request: dict[str, Any]) -> None:
        if operation == "respond_decision_task_completed" and self.fleet.rng.random() < self.fleet.cold_share:
            self.fleet.check_cold(request["taskToken"], request["decisions"])


class SteppedWorker:
    """A worker process with the tasks that it has polled; the bodies of its activities note their effects."""

    def __init__(self, fleet: Fleet) -> None:
        self.service = Unreliable(lambda: fleet.service, fleet.network, lambda operation, request: None)
        bodies = {name: one.with_body(fleet.effects.carry_out) for name, one in BODIES.items()}
        self.worker = Worker(self.service, DOMAIN, {LIST: 1}, payloads=fleet.payloads, bodies=bodies)
        self.tasks: list[Any] = []

    def poll(self) -> bool:
        task = self.service.poll_for_activity_task(domain=DOMAIN, taskList={"name": LIST})
        if task.get("taskToken"):
            self.tasks.append(task)
        return bool(task.get("taskToken"))

    def work(self, which: int) -> None:
        self.worker.work_on(self.tasks.pop(which), LIST)


class Effects:
    """The effects of activities in the world outside, each under an idempotency key: the run and the task."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, str], int] = {}
        self.attempts = 0

    def carry_out(self, name: str = "", fails: int = 0, *sent: Any) -> int:
        """Have an effect, if this task has not had it yet; return its number."""
        here = context()
        here.heartbeat()
        self.attempts += 1
        task, attempt = task_and_attempt(here.activity_id)
        if attempt <= fails:
            raise ValueError(f"attempt {attempt} of {task}")
        return self.numbers.setdefault((here.run_id, task), len(self.numbers) + 1)


def task_and_attempt(activity_id: str) -> tuple[str, int]:
    """Return the id of a task, and the number of the attempt, from the id under which it was scheduled."""
    head, _, last = activity_id.rpartition("-")
    number, _, attempt = last.partition(".")
    return f"{head}-{number}", int(attempt or 1)
