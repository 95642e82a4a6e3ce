"""The graph of a workflow's steps, as far as the file alone tells it: needs, families of fans, shares.

A *family* is what shares its items: the fan that founds it, by axes or ``repeat``, and all that follow it. Between two members
of a family a name means the item of the same number; anywhere else the name of a fan means its whole list. A follower with
``repeat`` founds a family within: several of its items belong to one item of the outer family.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..values.item_state import ItemState
from ..wording import did_you_mean, shown
from .axis_values import count_fault
from .conditions import AllOf, AnyOf, Condition, Not, StateIs, mentioned
from .graph_rules import GraphError, GraphProblem, named_labels, ordered, step_problems
from .references import ValueName
from .step import REPEAT_INDEX, REPEAT_SEED, FromLabel, Listed, Step


class Need(NamedTuple):
    """A label that another one needs, and in which way."""

    label: str
    takes_value: bool  #: False: for the order only
    is_lenient: bool  #: its failure or skip blocks nothing: ``always``, or its state is asked for
    share: int  #: 0: all of the label; n: item i needs item i // n of it


class Shape(NamedTuple):
    """A step, and its place in the graph."""

    step: Step
    needs: Mapping[str, Need]  #: by label
    family: str | None  #: the label that founds it; None: it has one item
    follows: str | None  #: the founder whose items its own come from; None: they come from its axes
    axes: frozenset[str]  #: names of the axes of its items
    asks_items: bool  #: its condition is asked of each item
    handles: tuple[str, ...]  #: labels whose failure runs it

    @property
    def founds_family(self) -> bool:
        """True if its axes or its ``repeat`` are those of its family."""
        return self.family == self.step.label

    def need_of_founder(self) -> Need:
        """Return the need that a follower has of the label whose items its own come from, in whatever way it names it."""
        if self.follows is None:
            raise ValueError(f"{self.step.label!r} follows nothing")
        named = self.needs.get(self.follows)
        return Need(self.follows, True, self.step.when == "always" if named is None else named.is_lenient, 0)


class Graph:
    """Steps that fit together."""

    def __init__(
        self, steps: Sequence[Step], *, parameters: Collection[str] | None = None, automatic: Collection[str] = ()
    ) -> None:
        """Work out needs and families of ``steps``, which are in the order of the file.

        ``parameters`` are the names of the workflow's parameters, None if they are not known; ``automatic`` the names of those
        that are set by themselves.

        Raises:
            GraphError: with every problem, in the order of the steps.
        """
        self.steps: Mapping[str, Step] = {step.label: step for step in steps}
        self.place = {label: number for number, label in enumerate(self.steps)}  #: in the file
        handled: dict[str, list[str]] = {}
        for step in steps:
            if step.handler not in (None, step.label):
                handled.setdefault(step.handler, []).append(step.label)
        self._handled = handled
        problems = [
            GraphProblem(label, None, f"the label {label!r} is given twice")
            for label in self.steps
            if len(steps) > len(self.steps) and sum(step.label == label for step in steps) > 1
        ]
        problems += step_problems(self.steps, handled, parameters, automatic)
        self.order, circles = ordered({label: self._waits_for(step) for label, step in self.steps.items()})
        for circle in circles:
            chain = " -> ".join((*circle, circle[0]))
            problems.append(GraphProblem(circle[0], None, f"steps need each other in a circle: {chain}", circle))
        self.shapes: dict[str, Shape] = {}
        #: Of each family, the families that its items belong to, with how many of its items share one of those.
        self.lines: dict[str, dict[str, int]] = {}
        self._lengths: dict[str, int | None] = {}
        if not circles:
            known = None if parameters is None else dict.fromkeys([*parameters, *automatic])
            for label in self.order:
                problems += self._add(self.steps[label], known)
        if problems:
            raise GraphError(sorted(problems, key=lambda problem: self.place[problem.label]))
        #: The values that conditions and axes ask for, by the label that makes them: to be told with the end of each item.
        self.wanted: Mapping[str, tuple[ValueName, ...]] = self._wanted()

    def needs(self, label: str) -> tuple[str, ...]:
        """Return the labels that must have ended before one can run, whatever it needs them for, in order of first mention."""
        return tuple(self._waits_for(self.steps[label]))

    def stages(self, family: str) -> list[tuple[str, ...]]:
        """Return the members of an outermost family that can be carried out together, stage after stage, in file order.

        Members of one stage need each other item by item only; what is behind a join is in a later stage. Joins over other
        families count, too: else two families could each wait for a part of the other.
        """
        depths: dict[str, int] = {}
        for label in self.order:
            shape = self.shapes[label]
            depth = 0
            for need in shape.needs.values():
                other = self.shapes[need.label]
                is_join = not need.share and other.family is not None
                depth = max(depth, depths[need.label] + is_join)
            if shape.follows is not None:
                depth = max(depth, depths[shape.follows])
            depths[label] = depth
        members = [label for label, shape in self.shapes.items() if shape.family and family in self.lines[shape.family]]
        members.sort(key=self.place.__getitem__)
        return [
            tuple(label for label in members if depths[label] == depth)
            for depth in sorted({depths[label] for label in members})
        ]

    def _waits_for(self, step: Step) -> list[str]:
        named = [label for label, _ in named_labels(step)]
        return [label for label in dict.fromkeys([*named, *self._handled.get(step.label, ())]) if label in self.steps]

    def _add(self, step: Step, known: Collection[str] | None) -> Iterator[GraphProblem]:
        family, follows, axes, line = self._family(step)
        if family == step.label:
            self.lines[family] = line
        needs = self._needs(step, line)
        condition = step.condition
        asks_items = condition is not None and (
            any(needs[label].share for label in mentioned(condition) if label in needs) or bool(axes & set(condition.names()))
        )
        handles = tuple(self._handled.get(step.label, ()))
        self.shapes[step.label] = Shape(step, needs, family, follows, axes, asks_items, handles)
        if step.follows is not None and step.follows in self.steps and not self.steps[step.follows].is_fan:
            message = f"'for_each' of {step.label!r} names {step.follows!r}, which has one item only; take it as a parameter"
            yield GraphProblem(step.label, "for_each", message)
        if condition is not None:
            yield from self._condition_problems(step, condition, axes, known)
        yield from self._too_many(step, follows)

    def _family(self, step: Step) -> tuple[str | None, str | None, frozenset[str], dict[str, int]]:
        own = (frozenset() if step.gathers else frozenset(step.axes)) | (
            {REPEAT_INDEX} if step.repeat is not None else frozenset()
        )
        followed = None if step.follows is None else self.shapes.get(step.follows)
        if followed is None or followed.family is None:
            return (step.label, None, own, {step.label: 1}) if own else (None, None, own, {})
        line = self.lines[followed.family]
        if step.repeat is None:
            return followed.family, followed.family, followed.axes | own, line
        # With no repeats there are no items to share, but still members whose names mean items.
        shares = {family: share * max(1, step.repeat) for family, share in line.items()}
        return step.label, followed.family, followed.axes | own, {**shares, step.label: 1}

    def _needs(self, step: Step, line: Mapping[str, int]) -> dict[str, Need]:
        condition = step.condition
        judged = set(self._handled.get(step.label, ())) | (set() if condition is None else set(condition.judged()))
        values = {*step.takes, *step.sources, *([step.follows] if step.follows is not None else ())}
        if condition is not None:
            values |= {reference.label for reference in condition.references()}
        needs = {}
        for label in self._waits_for(step):
            family = self.shapes[label].family
            share = 0 if family is None or label in step.sources else line.get(family, 0)
            needs[label] = Need(label, label in values, step.when == "always" or label in judged, share)
        return needs

    def _condition_problems(
        self, step: Step, condition: Condition, axes: Collection[str], known: Collection[str] | None
    ) -> Iterator[GraphProblem]:
        needs = self.shapes[step.label].needs
        for asked in _asked_states(condition):
            if ItemState.TIMED_OUT in asked.states and asked.label in needs and not needs[asked.label].share:
                message = (
                    f"'when' of {step.label!r} asks if {asked.label!r} is timed_out, which only an item can be; "
                    "a label has failed then"
                )
                yield GraphProblem(step.label, "when", message)
        for name in dict.fromkeys(condition.names()):
            if name in axes or (known is not None and name in known):
                continue
            if name in (REPEAT_INDEX, REPEAT_SEED):
                why = "which a condition cannot ask for" if name == REPEAT_SEED else "and it has no 'repeat'"
                yield GraphProblem(step.label, "when", f"'when' of {step.label!r} names {name!r}, {why}")
            elif known is not None:
                hint = did_you_mean(name, [*sorted(axes), *known])
                message = f"'when' of {step.label!r} names {shown(name)}, which is neither an axis nor a parameter{hint}"
                yield GraphProblem(step.label, "when", message)

    def _too_many(self, step: Step, follows: str | None) -> Iterator[GraphProblem]:
        if follows is not None:
            length = self._lengths[follows]
            if length is not None and step.repeat is not None:
                if (fault := count_fault(step, {}, length)) is not None:
                    yield GraphProblem(step.label, "repeat", f"'repeat' of {step.label!r}: {fault}")
                length *= step.repeat
            self._lengths[step.label] = length
            return
        sources = () if step.gathers else step.axes.values()
        lengths = [len(source.values) if isinstance(source, Listed) else None for source in sources]
        known = [length for length in lengths if length is not None]
        if len(known) < len(lengths):
            self._lengths[step.label] = None
            return
        size = 1
        for length in known[:1] if step.zip else known:
            size *= length
        self._lengths[step.label] = size if step.repeat is None else size * step.repeat
        if not lengths and step.repeat is not None and (fault := count_fault(step, {})) is not None:
            yield GraphProblem(step.label, "repeat", f"'repeat' of {step.label!r}: {fault}")

    def _wanted(self) -> dict[str, tuple[ValueName, ...]]:
        found: dict[str, dict[ValueName, None]] = {label: {} for label in self.steps}
        for step in self.steps.values():
            for source in step.axes.values():
                if isinstance(source, FromLabel) and source.value is not None:
                    found[source.label][source.value] = None
            if step.condition is not None:
                for label, value in step.condition.references():
                    found[label][value] = None
        return {label: tuple(names) for label, names in found.items()}


def _asked_states(condition: Condition) -> Iterator[StateIs]:
    if isinstance(condition, StateIs):
        yield condition
    elif isinstance(condition, AllOf | AnyOf | Not):
        for part in condition.parts:
            yield from _asked_states(part)
