"""Runs of flows in this process alone: a service in memory, and values that stay Python objects."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ....constants import MAX_RUN_SECONDS
from ....local.quotas import UNLIMITED
from ....local.service import DOMAIN, LocalService
from ....processes.decider import Parked
from ....processes.engine import Engine
from ....processes.observed_run import ObservedRun
from ....workflow import execution_input
from ..plan import condition_label
from ..steps.step_definition import Step
from .flow_run import FlowRun
from .flow_types import types_of, workflow_of
from .step_calls import answer_of_condition, failing_even_if_cancelled, result_of_step
from .values import Input, MemoryValues, made_of

_LIST = "flow"
_LOOK_SECONDS = 0.5
_LAST_SECONDS = 10.0  # of threads that have nothing left to do

_numbers = itertools.count(1)


def run_in_memory(flow: Any) -> None:
    """Run a flow, and give its graph the nodes.

    Raises:
        RuntimeError: a step has failed.
    """
    workflow = workflow_of(type(flow))
    run = _MemoryRun(flow, workflow)
    report = run.carried_out()
    flow.graph.take(report["steps"], lambda kept: made_of(kept, run.values))
    if (failure := report["failure"]) is not None:
        cause = run.errors.get(failure["node"]) or ValueError(failure["text"])
        raise RuntimeError(f"Flow failed: Step {failure['step']} failed: {failure['text']}") from cause


class _MemoryRun:
    """One run: its values, and the exceptions that its steps have raised, by node."""

    def __init__(self, flow: Any, workflow: type[FlowRun]) -> None:
        self._flow, self._workflow = flow, workflow
        self.values = MemoryValues()
        self.errors: dict[str, BaseException] = {}
        self._parked: list[Parked] = []

    def carried_out(self) -> dict[str, Any]:
        """Return what the workflow tells of its nodes at its end."""
        config, plan, workflow_id = self._flow.config, self._workflow.plan, f"{self._workflow.__name__}-{next(_numbers)}"
        service = LocalService(quotas=UNLIMITED)
        engine = Engine(
            service,
            DOMAIN,
            decision_list=_LIST,
            task_lists={_LIST: min(config.threads, plan.most_at_once() or config.threads)},
            workflows=[self._workflow],
            activity_task_list=_LIST,
            on_parked=self._parked.append,
            imports=False,
            bodies=self._bodies(),
        )
        has_ended = False
        try:
            engine.start()
            given = {
                "name": str(self._flow.name),
                "input": self.values.put(self._flow.input, ""),
                "thread_count": config.threads,
                "max_step_inputs": config.max_step_inputs,
            }
            started = service.start_workflow_execution(
                domain=DOMAIN,
                workflowId=workflow_id,
                workflowType={"name": self._workflow.type_name(), "version": self._workflow.version},
                taskList={"name": _LIST},
                executionStartToCloseTimeout=str(MAX_RUN_SECONDS),
                input=execution_input(self._workflow, {"kwargs": given}),
            )
            self._wait(service, engine, workflow_id, started["runId"])
            has_ended = True
            events = service.events(workflow_id, started["runId"])
            with ObservedRun(workflow_id, started["runId"], events, engine.payloads.load, self._workflow, DOMAIN) as run:
                report: dict[str, Any] = run.ask("nodes")
                return report
        finally:
            engine.stop(cancel=not has_ended)
            if has_ended:
                engine.worker.abandon()  # nothing is under way, and nobody needs heartbeats any more
            service.close()
            engine.join(_LAST_SECONDS if has_ended else 0.0)

    def _wait(self, service: LocalService, engine: Engine, workflow_id: str, run_id: str) -> None:
        while service.wait_closed(workflow_id, run_id, _LOOK_SECONDS) is None:
            failure = engine.failure or engine.worker.failure or next((one.error for one in self._parked), None)
            if failure is not None:
                raise failure

    def _bodies(self) -> dict[str, Any]:
        types, definitions = types_of(type(self._flow)), self._workflow.plan.definitions
        found: dict[str, Callable[..., Any]] = {}
        for name, definition in definitions.items():
            found[name] = self._step_body(definition)
            if definition.condition is not None:
                found[condition_label(name)] = self._condition_body(definition)
        return {types.activities[label].name: types.activities[label].with_body(body) for label, body in found.items()}

    def _step_body(self, definition: Step) -> Callable[..., Any]:
        def body(node: str, inputs: list[Input], given: Any = None) -> dict[str, Any]:
            with self._noting(node):
                return result_of_step(definition, lambda: self._flow, node, inputs, self.values)

        return body

    def _condition_body(self, definition: Step) -> Callable[..., Any]:
        def body(node: str) -> bool:
            with self._noting(node):
                return answer_of_condition(definition, node)

        return body

    @contextmanager
    def _noting(self, node: str) -> Iterator[None]:
        with failing_even_if_cancelled():
            try:
                yield
            except BaseException as error:
                self.errors[node] = error
                raise
