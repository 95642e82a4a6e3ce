"""Flows that have run."""

from __future__ import annotations

from typing import Any

import pytest

from simpleflow_nb.dialects.nextpipe import Configuration, FlowSpec


def ran(cls: type[FlowSpec], input: Any = None, conf: Configuration | None = None) -> FlowSpec:
    flow = cls(cls.__name__, input, conf)
    flow.run()
    return flow


def results(flow: FlowSpec) -> dict[str, Any]:
    """The result of each step by name."""
    return {step.definition.get_id(): flow.get_result(step.step_function) for step in flow.graph.steps}


def statuses(flow: FlowSpec) -> dict[str, list[str]]:
    """The statuses of the nodes of each step by name."""
    return {step.definition.get_id(): [node.status for node in step.nodes] for step in flow.graph.steps}


def failed(flow: FlowSpec, **how: Any) -> RuntimeError:
    """The failure of a flow that is run."""
    with pytest.raises(RuntimeError) as raised:
        flow.run(**how)
    return raised.value
