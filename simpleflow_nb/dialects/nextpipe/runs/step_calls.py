"""Calls of the functions of steps and of their conditions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from ....activity_context import context
from ....exceptions import SimpleflowError
from ....tracebacks import text_of
from ..steps.flow_log import logged_as
from ..steps.step_definition import Step
from .values import Input, UnfitValue, Values, made_of

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@lru_cache(maxsize=1_000)
def parameters_of(function: Callable[..., Any]) -> tuple[bool, bool]:
    """Return whether a function takes the flow, as ``self``, and whether it takes anything else by position."""
    names = [one.name for one in inspect.signature(function).parameters.values() if one.kind in _POSITIONAL]
    takes_flow = names[:1] == ["self"]
    return takes_flow, len(names) > takes_flow


def takes_flow(definition: Step) -> bool:
    """Return whether a step is a method: its first parameter is called ``self``."""
    return parameters_of(definition.function)[0]


class EndedAfterAll(SimpleflowError):
    """A step that was to be cancelled has raised an exception: its failure counts, and the text of this one tells it."""


@contextmanager
def failing_even_if_cancelled() -> Iterator[None]:
    """Let the worker report an exception of a block also if the task is to be cancelled: else it would report just that."""
    try:
        yield
    except BaseException as error:
        if context().cancel_requested():
            raise EndedAfterAll(f"{type(error).__name__}: {text_of(error)}") from error
        raise


def result_of_step(
    definition: Step, flow: Callable[[], Any], node: str, inputs: Sequence[Input], values: Values
) -> dict[str, Any]:
    """Call a step; return what stands in the history for its result: ``{"value": ..}``, of a producer ``{"items": [..]}``.

    ``flow`` returns the flow, for a step that takes it.

    Raises:
        UnfitValue: a producer has not returned a list, or a value cannot be kept.
        BaseException: whatever the step raises.
    """
    with logged_as(node):
        takes, has_arguments = parameters_of(definition.function)
        arguments = [made_of(one, values) for one in inputs] if has_arguments else []
        result = definition.function(*([flow()] if takes else []), *arguments)
        what = f"step {definition.get_id()} returned"
        if not definition.is_foreach():
            return {"value": values.put(result, what)}
        if isinstance(result, str | bytes | bytearray | Mapping) or not isinstance(result, Iterable):
            raise UnfitValue(f"step {definition.get_id()} is a foreach step and returns a list, not {result!r:.80}")
        return {"items": [values.put(one, f"{what} [{place}]") for place, one in enumerate(result)]}


def answer_of_condition(definition: Step, node: str) -> bool:
    """Ask whether an optional step runs.

    Raises:
        BaseException: whatever the condition raises.
    """
    assert definition.condition is not None
    with logged_as(node):
        return bool(definition.condition(definition))
