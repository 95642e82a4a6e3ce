"""Bodies of steps that any worker carries out: values are JSON, and a method gets a flow made anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .... import payload
from ....activity_context import context
from ....exceptions import TaskFailed
from ..configuration import Configuration
from ..steps.step_definition import Step, known_definition
from .step_calls import EndedAfterAll, answer_of_condition, failing_even_if_cancelled, result_of_step
from .values import Input, JsonValues, UnfitValue

VALUES = JsonValues()


@dataclass
class OwnRun:
    """A durable run that a program of this process waits for: its steps get the program's flow, and it their exceptions."""

    flow: Any
    given: str  #: see `_key`
    errors: dict[tuple[str, str], BaseException]  #: by run id and node


_own_runs: list[OwnRun] = []


@contextmanager
def own_run(flow: Any, given: Mapping[str, Any]) -> Iterator[OwnRun]:
    """Let steps of this process that belong to a run of the flow have the flow itself, for a block."""
    own = OwnRun(flow, _key(given), {})
    _own_runs.append(own)
    try:
        yield own
    finally:
        _own_runs.remove(own)


def _key(given: Mapping[str, Any]) -> str:
    return json.dumps(given, sort_keys=True)


@dataclass(frozen=True)
class StepBody:
    """The body of the activity of a step."""

    flow: type
    name: str

    def __call__(self, node: str, inputs: Sequence[Input], given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call the step; ``given`` is what the flow is made of, for a step that takes it."""
        with _told(self.flow, node):
            definition = _definition(self.flow, self.name)
            return result_of_step(definition, lambda: _flow(self.flow, given or {}), node, inputs, VALUES)


@dataclass(frozen=True)
class ConditionBody:
    """The body of the activity that asks whether an optional step runs."""

    flow: type
    name: str

    def __call__(self, node: str) -> bool:
        """Ask the condition."""
        with _told(self.flow, node):
            return answer_of_condition(_definition(self.flow, self.name), node)


@contextmanager
def _told(flow: type, node: str) -> Iterator[None]:
    """Let the program that waits for the run in this process have the exception of a block."""
    try:
        with failing_even_if_cancelled():
            yield
    except BaseException as error:
        raised = error.__cause__ if isinstance(error, EndedAfterAll) and error.__cause__ is not None else error
        for own in _own_runs:
            if type(own.flow) is flow:
                own.errors[context().run_id, node] = raised
        if isinstance(error, UnfitValue):
            details = payload.encode({"error_type": "TypeError", "message": str(error)})
            raise TaskFailed(node, f"TypeError: {error}", details) from None
        raise


def _definition(flow: type, name: str) -> Step:
    found = known_definition(getattr(flow, name))
    assert found is not None  # its activity was made of it
    return found


def _flow(flow: type, given: Mapping[str, Any]) -> Any:
    for own in _own_runs:
        if type(own.flow) is flow and own.given == _key(given):
            return own.flow
    conf = Configuration(given["thread_count"], given["max_step_inputs"])
    return flow(given["name"], VALUES.get(given["input"]), conf)
