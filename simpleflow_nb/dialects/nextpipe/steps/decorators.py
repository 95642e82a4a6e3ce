"""Decorators of steps. Each writes on the definition of its function, so that they may stand in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ....exceptions import DefinitionError
from .step_definition import Step, definition_of

F = TypeVar("F")


def _written(**words: Any) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        definition = definition_of(function)
        for name, value in words.items():
            setattr(definition, name, value)
        return function

    return decorate


def step(function: F) -> F:
    """Make a step of a function in the body of a flow."""
    return _written(is_decorated=True)(function)


def needs(predecessors: Iterable[Any]) -> Callable[[F], F]:
    """Run after these steps, with their results as the arguments, in this order; without it a step gets the flow's input."""
    if callable(predecessors) or isinstance(predecessors, str):
        raise DefinitionError(f"needs takes a list of steps, not {predecessors!r:.80}; write needs(predecessors=[..])")
    return _written(predecessors=tuple(predecessors))


def foreach(f: Any = None) -> Any:
    """Run the successors once for each item that this step returns, up to the next join."""
    return _written(has_foreach=True) if f is None else _written(has_foreach=True)(f)


def join(f: Any = None) -> Any:
    """Take everything in one call: a list with a list for each combination of the predecessors' results."""
    return _written(has_join=True) if f is None else _written(has_join=True)(f)


def repeat(repetitions: int) -> Callable[[F], F]:
    """Run so often with the same input; the successors get one list of all results."""
    return _written(repetitions=repetitions)


def optional(condition: Callable[[Step], Any]) -> Callable[[F], F]:
    """Run only if the condition says so, which is asked once, with the step's definition, when the predecessors have ended.

    The successors of a step that is skipped get None for its result.
    """
    if not callable(condition):
        raise DefinitionError(f"optional takes a function that is asked with the step's definition, not {condition!r:.80}")
    return _written(condition=condition)


def app(
    app_id: str,
    instance_id: str = "",
    parameters: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    input_type: Any = None,
    full_result: bool = False,
    run_configuration: Any = None,
    polling_options: Any = None,
    bypass_result: Any = None,
    emit_live_logs: bool = False,
) -> Callable[[F], F]:
    """Say that a step runs an app. Flows with such steps are refused for now."""
    if parameters and options:
        raise DefinitionError(f"app {app_id!r} has 'parameters' and 'options', which mean the same; give one")
    given = options or parameters or {}
    spec = {
        "app_id": app_id,
        "instance_id": instance_id,
        "options": {name: str(value) for name, value in given.items() if value is not None},
        "input_type": input_type,
        "full_result": full_result,
        "run_configuration": run_configuration,
        "polling_options": polling_options,
        "bypass_result": bypass_result,
        "emit_live_logs": emit_live_logs,
    }
    return _written(app=spec)
