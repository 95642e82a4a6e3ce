"""The plan of a flow: its steps, what each needs, and the graph that unfolds when it runs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deciders.steps.condition_parsing import parse_condition
from deciders.steps.graph import Graph
from deciders.steps.graph_rules import ordered
from deciders.steps.references import ValueKind, ValueName
from deciders.steps.step import FromLabel, WhenSkipped
from deciders.steps.step import Step as GraphStep
from deciders.wording import did_you_mean, listed

from ...exceptions import DefinitionError
from .steps.step_definition import Step, known_definition, plain_function

#: Methods of a flow, which no step may hide.
_KEPT = ("run", "get_result")

#: The value that a step leaves, as the graph names it: the list of a producer, the answer of a condition.
OUTPUT = ValueName(ValueKind.OUTPUT, None)


def condition_label(name: str) -> str:
    """Return the label in the graph of the question whether an optional step runs."""
    return f"{name}.condition"


def axis_of(name: str) -> str:
    """Return the name in the graph of the axis that the items or nodes of a step make."""
    return f"each of {name}"


def steps_of(cls: type) -> dict[str, Step]:
    """Return the definitions of a class and its bases by name: a base's first, an override in the place of what it replaces.

    Raises:
        DefinitionError: a function has decorators of a step, and no ``@step``.
    """
    found: dict[str, Step] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            definition = known_definition(value)
            if definition is None:
                found.pop(name, None)  # something else has taken the place of a step
                continue
            if not definition.is_decorated:
                raise DefinitionError(
                    f"{base.__qualname__}.{name} ({definition.place}) has decorators of a step and is none; add @step to them"
                )
            if definition in found.values() and found.get(name) is not definition:  # another name for the same step
                found.pop(name, None)
                continue
            definition.name = name
            found[name] = definition
    return found


@dataclass(frozen=True)
class Plan:
    """The steps of a flow by name, in the order of definition, and the predecessors of each in the order of ``needs``."""

    definitions: Mapping[str, Step]
    predecessors: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, flow: type) -> Plan:
        """Work out the plan of a class.

        Raises:
            DefinitionError: it cannot be run, in one sentence.
        """
        definitions = steps_of(flow)
        predecessors = {name: _predecessors(flow, name, definitions) for name in definitions}
        for name, definition in definitions.items():
            if (fault := _fault_of(definition, predecessors[name])) is not None:
                raise DefinitionError(f"{flow.__qualname__}.{name} ({definition.place}) {fault}")
        _, circles = ordered(predecessors)
        if circles:
            chain = " -> ".join((*circles[0], circles[0][0]))
            raise DefinitionError(f"the steps of {flow.__qualname__} need each other in a circle: {chain}")
        return cls(definitions, predecessors)

    def is_fan(self, name: str) -> bool:
        """Return whether a step runs once for each of something that is before it, be it repeated or not."""
        return not self.definitions[name].is_join() and any(self._makes_items(one) for one in self.predecessors[name])

    def is_list(self, name: str) -> bool:
        """Return whether the result of a step is a list with one value for each of its nodes, however many these are."""
        return self.definitions[name].is_repeat() or self.is_fan(name)

    def _makes_items(self, name: str) -> bool:
        """Return whether each item or node of a step is one of the arguments of its successors, and not all together."""
        return self.definitions[name].is_foreach() or (self.is_fan(name) and not self.definitions[name].is_repeat())

    def axes(self, name: str) -> tuple[str, ...]:
        """Return the predecessors of a step whose items or nodes it takes one by one; a join takes their combinations."""
        return tuple(one for one in self.predecessors[name] if self._makes_items(one))

    def is_repeated_too_often(self, name: str, max_step_inputs: int) -> bool:
        """Return whether repeats alone make more nodes than a step may have; those of a step that starts do not count."""
        return bool(self.predecessors[name]) and self.definitions[name].get_repetitions() > max_step_inputs

    def most_at_once(self) -> int | None:
        """Return an upper bound for the nodes that run at once; None if the lengths of lists decide that.

        Steps of which each needs the one before never run at once, so each such row of steps counts once.
        """
        if any(one.is_foreach() for one in self.definitions.values()):
            return None
        widths: list[int] = []  # of each row, that of its most repeated step
        rows: dict[str, int] = {}  # of the steps that end one
        for name, definition in self.definitions.items():
            before = next((one for one in self.predecessors[name] if one in rows), None)
            if before is None:
                widths.append(1)
            row = rows[name] = len(widths) - 1 if before is None else rows.pop(before)
            widths[row] = max(widths[row], definition.get_repetitions())
        return sum(widths)

    def graph(self, max_step_inputs: int) -> Graph:
        """Return the graph of the steps, in which a step may have so many nodes."""
        steps: list[GraphStep] = []
        for name, definition in self.definitions.items():
            if definition.condition is not None:
                steps.append(GraphStep(condition_label(name), after=self.predecessors[name]))
            steps.append(self._graph_step(name, max_step_inputs))
        return Graph(steps)

    def _graph_step(self, name: str, max_step_inputs: int) -> GraphStep:
        definition, predecessors, axes = self.definitions[name], self.predecessors[name], self.axes(name)
        more: dict[str, Any] = {"when_skipped": WhenSkipped.NULL, "repeat": definition.repetitions}
        if definition.condition is not None:
            asked = condition_label(name)
            more["when"] = parse_condition({"output": asked}, [asked], [])
        if len(axes) == 1 and self._can_follow(name, axes[0]):
            return GraphStep(name, takes=predecessors, follows=axes[0], **more)
        more["axes"] = {axis_of(one): self._source(one) for one in axes}
        more["gathers"] = bool(axes) and definition.is_join()
        more["rounds"] = bool(axes) and definition.is_repeat() and not definition.is_join()
        more["limit"] = max(max_step_inputs, 1 if axes and not definition.is_join() else definition.get_repetitions(), 1)
        return GraphStep(name, takes=tuple(one for one in predecessors if one not in axes), **more)

    def _can_follow(self, name: str, fan: str) -> bool:
        """Return whether a step can go on with each node of a fan as it ends, without waiting for the others."""
        own, other = self.definitions[name], self.definitions[fan]
        return not (own.is_join() or own.is_repeat() or other.is_foreach() or other.condition is not None)

    def _source(self, name: str) -> FromLabel:
        if self.definitions[name].is_foreach():
            return FromLabel(name, OUTPUT, flatten=self.is_fan(name))
        return FromLabel(name, or_null=True)


def _predecessors(flow: type, name: str, definitions: Mapping[str, Step]) -> tuple[str, ...]:
    definition = definitions[name]
    of_bases = [known_definition(value) for base in flow.__mro__ for value in vars(base).values()]
    found: dict[str, None] = {}
    for needed in definition.predecessors or ():
        known = known_definition(needed)
        meant = str(getattr(plain_function(needed), "__name__", needed)) if known is None else known.name
        if known is None or known not in of_bases or meant not in definitions:  # an override stands in its base's place
            is_of_another = meant in definitions
            named = getattr(plain_function(needed), "__qualname__", meant) if is_of_another else meant
            hint = "" if is_of_another else did_you_mean(meant, definitions)
            raise DefinitionError(
                f"{flow.__qualname__}.{name} ({definition.place}) needs {named!r:.200}, which is no step of this flow{hint}; "
                f"its steps are {listed(list(definitions))}"
            )
        found[meant] = None
    return tuple(found)


def _fault_of(definition: Step, predecessors: tuple[str, ...]) -> str | None:
    function, repetitions = definition.function, definition.repetitions
    if definition.name in _KEPT:
        return f"hides {definition.name}() of the flow; give the step another name"
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return "is async; a step is a plain function, which runs in a thread of its own"
    if repetitions is not None and (type(repetitions) is not int or repetitions < 0):
        return f"is repeated {repetitions!r:.80} times; repeat takes a whole number from 0"
    if definition.has_foreach and repetitions is not None:
        return "has foreach and repeat; give one, or repeat a step before it"
    if definition.app is not None:
        if len(predecessors) > 1:
            return f"is an app step with {len(predecessors)} predecessors ({listed(list(predecessors))}); it takes one"
        return "is an app step; these come with connectors, and no connector is here yet"
    return None
