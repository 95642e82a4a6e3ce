"""The deciders and workers of a simulated fleet, and the effects that their activities have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from simpleflow_nb.activity_context import context
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.processes.decider import Decider, Parked
from simpleflow_nb.processes.execution_cache import CachedExecution
from simpleflow_nb.processes.worker import Worker

from .simulated_activities import ITEM, long_text
from .simulated_workflows import Deployed
from .unreliable import Unreliable

if TYPE_CHECKING:
    from .fleet import Fleet

LIST = "deciders"


class SteppedDecider:
    """A decider process: the tasks that it has polled wait in it, as in a real one.

    Args:
        is_former: it has the code from before a deployment.
    """

    def __init__(self, fleet: Fleet, number: int, sticky_seconds: int, is_former: bool) -> None:
        self.fleet, self.is_former = fleet, is_former
        self.service = Unreliable(lambda: fleet.service, fleet.network, self._check)
        self.decider = Decider(
            self.service,
            DOMAIN,
            LIST,
            fleet.classes,
            payloads=fleet.payloads,
            cached_events=fleet.rng.choice([60, 400, 100_000]),
            on_parked=self._note_parked,
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
        with patch.object(Deployed, "is_new", not self.is_former):
            self.decider.decide(task, task_list, whole=whole)

    def known(self, run_id: str) -> CachedExecution | None:
        """Return an execution that is cached, which is not used by that."""
        return self.decider.cache._cached.get(run_id)

    def end(self) -> None:
        self.decider.cache.evict_all()

    def _note_parked(self, parked: Parked) -> None:
        """Note that an execution could not be decided, which is right for former code alone."""
        assert self.is_former, f"{parked.workflow_id} is parked: {parked.error}"
        self.fleet.parked.append(parked)

    def _check(self, operation: str, request: dict[str, Any]) -> None:
        if operation == "respond_decision_task_completed":
            self.fleet.check_cold(request["taskToken"], request["decisions"])


class SteppedWorker:
    """A worker process with the tasks that it has polled; the bodies of its activities note their effects."""

    def __init__(self, fleet: Fleet) -> None:
        self.service = Unreliable(lambda: fleet.service, fleet.network, lambda operation, request: None)
        self.worker = Worker(self.service, DOMAIN, {LIST: 1}, payloads=fleet.payloads, bodies=fleet.bodies())
        self.tasks: list[Any] = []

    def poll(self) -> bool:
        task = self.service.poll_for_activity_task(domain=DOMAIN, taskList={"name": LIST})
        if task.get("taskToken"):
            self.tasks.append(task)
        return bool(task.get("taskToken"))

    def work(self, which: int) -> None:
        self.worker.work_on(self.tasks.pop(which), LIST)


class Effects:
    """The effects of activities in the world outside, each under an idempotency key: the run and the task.

    Attributes:
        numbers: of the effects, by run id and task.
        steps: run ids and names of the steps whose tasks have had their effects.
        items: of fans, by the number of the effect.
        sizes: of the long results, by number.
        damaged: long results that have arrived as arguments other than they were.
    """

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, str], int] = {}
        self.steps: set[tuple[str, str]] = set()
        self.items: dict[int, str] = {}
        self.sizes: dict[int, int] = {}
        self.damaged: list[str] = []
        self.attempts = self.read = 0

    def carry_out(self, name: Any = "", fails: int = 0, *sent: Any) -> Any:
        """Have an effect, if this task has not had it yet; return its number, with a long text if one is asked for."""
        here = context()
        here.heartbeat()
        self.attempts += 1
        task, attempt = task_and_attempt(here.activity_id)
        if attempt <= fails:
            raise ValueError(f"attempt {attempt} of {task}")
        number = self.numbers.setdefault((here.run_id, task), len(self.numbers) + 1)
        if here.name == "simulated.stepped":
            self.steps.add((here.run_id, name))
        if str(name).startswith(ITEM):
            self.items[number] = name
        if name == "wordy" and sent:
            self.sizes[number] = sent[0]
            return [number, long_text(number, sent[0])]
        if name == "reader":
            self._compare(here.activity_id, *sent)
        return number

    def _compare(self, reader: str, given: Any, within: Any) -> None:
        self.read += 1
        number, _ = given
        if given != [number, long_text(number, self.sizes[number])] or within != {"again": [given]}:
            self.damaged.append(reader)


class StepMarks:
    """The marks of steps, in memory, and which run has made each first."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, str], str] = {}  # run ids by prefix and name of the step
        self.makers: set[tuple[str, str, str]] = set()  # prefix, name of the step, and run id

    def names(self, prefix: str) -> list[str]:
        return sorted(name for of, name in self.made if of == prefix)

    def mark(self, prefix: str, name: str, content: str) -> None:
        run_id = json.loads(content)["run_id"]
        self.made.setdefault((prefix, name), run_id)
        self.makers.add((prefix, name, run_id))


def task_and_attempt(activity_id: str) -> tuple[str, int]:
    """Return the id of a task, and the number of the attempt, from the id under which it was scheduled."""
    head, _, last = activity_id.rpartition("-")
    number, _, attempt = last.partition(".")
    return f"{head}-{number}", int(attempt or 1)
