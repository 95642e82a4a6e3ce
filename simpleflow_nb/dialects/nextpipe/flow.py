"""Flows: classes whose functions are steps."""

from __future__ import annotations

from os import PathLike
from typing import Any

from ...exceptions import DefinitionError
from .configuration import Configuration
from .flow_graph import FlowGraph
from .runs.flow_types import types_of, workflow_of
from .steps.step_definition import known_definition


class _WorkflowOfFlow:
    """The workflow of each class of flows, made when a decider or a command asks for it."""

    def __get__(self, flow: object, cls: type) -> Any:
        return workflow_of(cls)


class FlowSpec:
    """A flow: write a subclass whose functions have ``@step``, make one with a name and an input, and `run` it.

    ``client`` is kept for app steps, ``uplink_config`` is not used.

    Attributes:
        config: its settings.
        graph: its steps, and after a run their nodes.

    Raises:
        DefinitionError: the class cannot be run, or a setting is wrong.
    """

    __workflow__ = _WorkflowOfFlow()

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        types_of(cls)  # workers find activities by what the import of a module has declared

    def __init__(
        self,
        name: str,
        input: Any,
        conf: Configuration | None = None,
        client: Any = None,
        uplink_config: Any = None,
    ) -> None:
        self.name = name
        self.input = input
        self.config = Configuration() if conf is None else conf
        self.client = client
        self.uplink = None
        if (fault := self.config.fault()) is not None:
            raise DefinitionError(f"flow {name!r}: {fault}")
        self.graph = FlowGraph(self)

    def run(self, *, local: str | PathLike[str] | None = None) -> None:
        """Run the flow to its end; a second call is a new run.

        With ``local``, the path of a journal, the run survives this process: called again with the same name and input it goes
        on where it was interrupted. Values between steps are JSON then; without it they are objects of this process.

        Raises:
            RuntimeError: ``Flow failed: Step b failed: text``, of the first failed step in the order of definition. Its cause
                is the exception of that step.
            DefinitionError: of a durable run: no other process could import the flow, or its input is no JSON value.
        """
        if local is None:
            from .runs.memory_run import run_in_memory

            run_in_memory(self)
        else:
            from .runs.durable_run import run_durably

            run_durably(self, local)

    def get_result(self, step: Any) -> Any:
        """Return the result of a step in the last run: a list of those of its nodes if it is a fan or repeated.

        None if the step is not done, or was skipped.

        Raises:
            DefinitionError: it is no step of this flow.
        """
        if known_definition(step) is None:
            raise DefinitionError(f"Step {step} does not have a step decorator.")
        return self.graph.get_step(step).result
