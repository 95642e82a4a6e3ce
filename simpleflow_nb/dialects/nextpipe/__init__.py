"""nextpipe's words: ``from simpleflow_nb.dialects.nextpipe import FlowSpec, step, needs, foreach, join, ...``."""

from __future__ import annotations

from .configuration import Configuration
from .flow import FlowSpec
from .flow_graph import (
    STATUS_CANCELLED,
    STATUS_FAILED,
    STATUS_PENDING,
    STATUS_RUNNING,
    STATUS_SKIPPED,
    STATUS_SUCCEEDED,
    FlowGraph,
    FlowNode,
    FlowStep,
)
from .steps.app_options import AppOption, AppRunConfig
from .steps.decorators import app, foreach, join, needs, optional, repeat, step
from .steps.flow_log import log
from .steps.step_definition import Step

__all__ = [
    "STATUS_CANCELLED",
    "STATUS_FAILED",
    "STATUS_PENDING",
    "STATUS_RUNNING",
    "STATUS_SKIPPED",
    "STATUS_SUCCEEDED",
    "AppOption",
    "AppRunConfig",
    "Configuration",
    "FlowGraph",
    "FlowNode",
    "FlowSpec",
    "FlowStep",
    "Step",
    "app",
    "foreach",
    "join",
    "log",
    "needs",
    "optional",
    "repeat",
    "step",
]

_ELSEWHERE = {
    "Runner": "a flow runs itself: call flow.run(), and look at flow.graph afterwards",
    "StepVisitor": "the steps of a class are found without its source: look at flow.graph.steps",
}


def __getattr__(name: str) -> object:
    """Say what to use instead of a name that is not here.

    Raises:
        ImportError: of these names.
        AttributeError: of all others.
    """
    if name in _ELSEWHERE:
        raise ImportError(f"{name} is not in {__name__}: {_ELSEWHERE[name]}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
