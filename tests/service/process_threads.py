"""Decider and worker processes as threads of the test, on a service whose calls can be intercepted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import psutil

from simpleflow_nb import Workflow
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.decider import Decider, Parked
from simpleflow_nb.processes.decider_process import DeciderProcess
from simpleflow_nb.processes.worker import Worker
from simpleflow_nb.processes.worker_process import WorkerProcess
from simpleflow_nb.workflow import execution_input

from . import bodies

Call = Callable[..., Any]
_PATIENCE_SECONDS = 300


class ConnectionClosedError(Exception):
    """An error with the name of the one that botocore raises."""


def throttled() -> Fault:
    return Fault("ThrottlingException", "Rate exceeded")


class Interceptor:
    """The service with some calls replaced: ``replacements`` maps a name to a function of (the real call, the request)."""

    def __init__(self, service: LocalService) -> None:
        self.service = service
        self.replacements: dict[str, Callable[[Call, dict[str, Any]], Any]] = {}
        self.requests: dict[str, list[dict[str, Any]]] = {}

    def __getattr__(self, name: str) -> Call:
        real = getattr(self.service, name)

        def call(**request: Any) -> Any:
            self.requests.setdefault(name, []).append(request)
            replacement = self.replacements.get(name)
            return replacement(real, request) if replacement else real(**request)

        return call


class ProcessThreads:
    """Deciders and workers, started one by one; all are ended by :meth:`close`."""

    def __init__(self) -> None:
        self.service = LocalService(poll_seconds=0.3, workers_inside=False)
        self.interceptor = Interceptor(self.service)
        self.parked: list[Parked] = []
        self.failures: list[BaseException] = []
        self._running: list[tuple[Any, threading.Thread]] = []

    def decider(self, *, sticky_seconds: int = 10, service: Any = None) -> DeciderProcess:
        decider = Decider(
            service or self.interceptor,
            DOMAIN,
            "decide",
            [bodies.Chain, bodies.Hurried, bodies.Single, bodies.Cancelling],
            on_parked=self.parked.append,
        )
        decider.register_types()
        process = DeciderProcess(decider, pollers=1, sticky_seconds=sticky_seconds)
        self._run(process)
        return process

    def worker(self, *, service: Any = None, beat_seconds: float = 0.2) -> WorkerProcess:
        process = WorkerProcess(Worker(service or self.interceptor, DOMAIN, bodies.LISTS, beat_seconds=beat_seconds))
        self._run(process)
        return process

    def _run(self, process: Any) -> None:
        def run() -> None:
            try:
                process.run()
            except BaseException as error:
                self.failures.append(error)

        thread = threading.Thread(target=run)
        self._running.append((process, thread))
        thread.start()

    def end(self, process: Any, *, times: int = 1) -> None:
        """Send that many stop signals to the process, and wait for its end."""
        for _ in range(times):
            process.stop()
        next(thread for other, thread in self._running if other is process).join(_PATIENCE_SECONDS)

    def start(self, cls: type[Workflow], *args: Any, workflow_id: str = "run") -> str:
        run_id: str = self.service.start_workflow_execution(
            domain=DOMAIN,
            workflowId=workflow_id,
            workflowType={"name": cls.type_name(), "version": cls.version},
            taskList={"name": "decide"},
            input=execution_input(cls, {"args": list(args)}),
        )["runId"]
        return run_id

    def end_of(self, run_id: str, workflow_id: str = "run") -> tuple[str | None, str | None]:
        """Close status and result (or reason) of a run, waited for."""
        status = self.service.wait_closed(workflow_id, run_id, _PATIENCE_SECONDS)
        last = self.history(run_id, workflow_id)[-1]
        attributes = next(value for key, value in last.items() if key.endswith("EventAttributes"))
        return status, attributes.get("result", attributes.get("reason"))

    def history(self, run_id: str, workflow_id: str = "run") -> list[dict[str, Any]]:
        execution = {"workflowId": workflow_id, "runId": run_id}
        events: list[dict[str, Any]] = self.service.get_workflow_execution_history(domain=DOMAIN, execution=execution)["events"]
        return events

    def kinds(self, run_id: str, workflow_id: str = "run") -> list[str]:
        return [event["eventType"] for event in self.history(run_id, workflow_id)]

    def close(self) -> None:
        for process, _ in self._running:
            process.stop()
            process.stop()
        self.service.close()
        for _, thread in self._running:
            thread.join(_PATIENCE_SECONDS)
        assert not [thread for _, thread in self._running if thread.is_alive()]


def until(true: Callable[[], Any], what: str) -> None:
    """Wait for something that must come true."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < give_up, f"never came: {what}"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Whether no process of that id does anything any more."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
