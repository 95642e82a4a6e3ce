"""Steps written back into the forms of a workflow file, and whole graphs into specifications of workflows."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from deciders.specification import NotebookSpecification, WorkflowSpecification
from deciders.steps.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Constant,
    Equals,
    In,
    IsTrue,
    Less,
    LightIs,
    Named,
    Not,
    OfList,
    Operand,
    Referred,
    StateIs,
)
from deciders.steps.graph import Graph
from deciders.steps.references import Reference
from deciders.steps.step import AxisSource, FromLabel, FromParameter, Listed, Step

from ..random_graphs import PARAMETERS, random_graph
from .planned_ends import is_tried_again

INPUTS_DIR = "/in"

Form = Any  #: a value as YAML gives it

_PAIRS: Mapping[type[Condition], str] = {Equals: "equals", Less: "less", In: "in"}
_LISTS: Mapping[type[Condition], str] = {AllOf: "all", AnyOf: "any"}


def writable_graph(seed: int) -> Graph:
    """Return a random graph that a file can have, its labels in an order in which they can run, as loaded workflows have them.

    No file can ask to open the lists in a list of executed notebooks, as there are none, nor for what only flows have.
    """
    graph = random_graph(seed)
    steps = []
    for label in graph.order:
        step = graph.steps[label]
        axes = {axis: _openable(source) for axis, source in step.axes.items()}
        steps.append(replace(step, axes=axes, rounds=False, gathers=False))
    return Graph(steps, parameters=PARAMETERS)


def _openable(source: AxisSource) -> AxisSource:
    if not isinstance(source, FromLabel):
        return source
    return replace(source, flatten=source.flatten and source.value is not None, or_null=False)


def written_step(step: Step, parameters: Mapping[str, Form] | None = None) -> dict[str, Form]:
    """Return the keys of the label in a file. ``parameters`` must take what the step takes, in this order; None makes some."""
    found: dict[str, Form] = {}
    if parameters is None:
        parameters = {f"from_{label}": label for label in step.takes}
    if parameters:
        found["parameters"] = dict(parameters)
    if step.follows is not None:
        found["for_each"] = step.follows
    elif step.axes:
        found["for_each"] = {axis: _source(source) for axis, source in step.axes.items()}
    handled = {"run": step.handler} if step.handler is not None else str(step.on_failure)
    keys: dict[str, Form] = {
        "zip": step.zip or None,
        "repeat": step.repeat,
        "max_parallel": step.max_parallel,
        "limit": step.limit,
        "when": step.when if step.condition is None else written_condition(step.condition),
        "when_skipped": str(step.when_skipped),
        "after": list(step.after) or None,
        "on_failure": handled,
        "on_item_failure": str(step.on_item_failure),
    }
    return found | {key: form for key, form in keys.items() if form is not None}


def written_condition(condition: Condition) -> Form:
    """Return a condition as a file has it."""
    kind = type(condition)
    if isinstance(condition, OfList):  # it is an IsTrue too
        return {"all" if condition.every else "any": _operand(condition.operand)}
    if isinstance(condition, IsTrue):
        return condition.operand.value if isinstance(condition.operand, Constant) else _operand(condition.operand)
    if isinstance(condition, StateIs):
        return {"state": condition.label, "is": _one_or_more([str(state) for state in condition.states])}
    if isinstance(condition, LightIs):
        return {"light": condition.label, "is": _one_or_more([str(light) for light in condition.lights])}
    if isinstance(condition, Not):
        return {"not": written_condition(condition.parts[0])}
    if isinstance(condition, AllOf | AnyOf):
        return {_LISTS[kind]: [written_condition(part) for part in condition.parts]}
    assert isinstance(condition, Equals | Less | In), condition
    right = condition.right  # a bare word there is a value
    return {
        _PAIRS[kind]: [_operand(condition.left), {"parameter": right.name} if isinstance(right, Named) else _operand(right)]
    }


def _one_or_more(words: list[str]) -> Form:
    return words[0] if len(words) == 1 else words


def _operand(operand: Operand) -> Form:
    if isinstance(operand, Named):
        return operand.name
    if isinstance(operand, Referred):
        return _reference(operand.reference)
    assert isinstance(operand, Constant)
    return {"value": operand.value} if isinstance(operand.value, Mapping) else operand.value


def _reference(reference: Reference) -> Form:
    return {str(reference.value.kind): f"{reference.label}.{reference.value.name}"}


def _source(source: AxisSource) -> Form:
    if isinstance(source, Listed):
        return list(source.values)
    if isinstance(source, FromParameter):
        return {"parameter": source.name, **_flatten(source.flatten)}
    assert isinstance(source, FromLabel)
    if source.reference is None:
        return source.label
    return {**_reference(source.reference), **_flatten(source.flatten)}


def _flatten(is_set: bool) -> dict[str, Form]:
    return {"flatten": True} if is_set else {}


def workflow_of(graph: Graph, seed: int) -> WorkflowSpecification:
    """Return the workflow whose graph this is.

    The seed draws the forms in which items take what others have made.
    """
    notebooks = []
    for label in graph.steps:
        draw = random.Random(f"written {seed}/{label}")
        written = written_step(graph.steps[label], _parameters(graph, label, draw))
        notebooks.append(
            NotebookSpecification(
                label=label,
                filename=f"{label}.ipynb",
                needs=graph.needs(label),
                retries=int(is_tried_again(seed, label)),
                **written,
            )
        )
    return WorkflowSpecification(name="graphs", notebooks=tuple(notebooks))


def _parameters(graph: Graph, label: str, draw: random.Random) -> dict[str, Form]:
    found: dict[str, Form] = {}
    for taken in graph.steps[label].takes:
        forms = [taken, {"scrap": f"{taken}.n"}, {"file": f"{taken}/data/table.csv"}, {"failure": taken}]
        found[f"from_{taken}"] = draw.choices(forms, [4, 3, 2, 1])[0]
    for axis in sorted(graph.shapes[label].axes):
        found[f"axis_{axis}"] = axis
    return found | draw.choice([{}, {"how": "mode"}, {"given": {"value": [1, {"a": None}]}}])


def arguments(seed: int) -> dict[str, Any]:
    """The arguments of the run of a graph."""
    workflow = workflow_of(writable_graph(seed), seed)
    return {
        "workflow": workflow.model_dump(mode="json"),
        "instance": "cafe0123",
        "identity": "cafe0123" * 4,
        "parameters": PARAMETERS,
        "inputs_dir": INPUTS_DIR,
        "outputs": "/out",
        "sources": {f"{label}.ipynb": f"source of {label}" for label in workflow.graph.steps},
    }
