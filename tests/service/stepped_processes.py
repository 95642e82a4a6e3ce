"""A decider and a worker that act one step at a time, in the test's own thread, on a service checked against SWF's model."""

from __future__ import annotations

from typing import Any

from simpleflow_nb import Workflow
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.processes.decider import CACHED_EVENTS, Decider, Parked
from simpleflow_nb.processes.payload_directory import MemoryPayloads
from simpleflow_nb.processes.worker import Worker
from simpleflow_nb.workflow import execution_input

from .manual_client import ManualClient, attributes

LIST = "stepped"


class SteppedProcesses(ManualClient):
    def __init__(self, *workflows: type[Workflow], cached_events: int = CACHED_EVENTS, service: Any = None) -> None:
        super().__init__()
        self.payloads = MemoryPayloads()
        self.parked: list[Parked] = []
        self.decider = Decider(
            service(self.swf) if service else self.swf,
            DOMAIN,
            LIST,
            workflows,
            payloads=self.payloads,
            activity_task_list=LIST,
            cached_events=cached_events,
            on_parked=self.parked.append,
        )
        self.decider.register_types()
        self.worker = Worker(self.swf, DOMAIN, {LIST: 1}, payloads=self.payloads)

    def begin(self, cls: type[Workflow], *args: Any, workflow_id: str = "run", **kwargs: Any) -> str:
        return self.start(
            workflow_id,
            workflowType={"name": cls.type_name(), "version": cls.version},
            taskList={"name": LIST},
            input=execution_input(cls, {"args": args, "kwargs": kwargs}),
        )

    def decides(self) -> bool:
        """Take one decision; False when there is none to take."""
        task = self.decider.poll()
        if task is not None:
            self.decider.decide(task)
        return task is not None

    def works(self) -> bool:
        """Carry out one activity; False when there is none."""
        task = self.activity_task(LIST)
        if task.get("taskToken"):
            self.worker.work_on(task, LIST)
            return True
        return False

    def act(self) -> None:
        """Decide and work until nothing is left to do; timers do not pass by themselves."""
        while self.decides() or self.works():
            pass

    def play(self, cls: type[Workflow], *args: Any, workflow_id: str = "run", **kwargs: Any) -> dict[str, Any]:
        """Start a run, act, and return the attributes of its last event."""
        self.begin(cls, *args, workflow_id=workflow_id, **kwargs)
        self.act()
        return attributes(self.events(workflow_id)[-1])

    def close(self) -> None:
        self.decider.cache.evict_all()
        super().close()
        assert self.swf.found == []
