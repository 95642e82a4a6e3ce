"""The end of every item, from the rules alone: label after label, item after item, without events and without an order of ends.

Slow and plain on purpose. It shares with the machine the words of a step and the truth of a single condition, and nothing else:
items have tuples as keys here, one number for each family that they are in.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deciders.steps.conditions import ConditionError
from deciders.steps.graph import Graph
from deciders.steps.outcomes import Outcome
from deciders.steps.references import Reference, ValueName
from deciders.steps.step import FromLabel, FromParameter, Listed, OnFailure, Step, WhenSkipped
from deciders.values.item_state import ItemState
from deciders.values.light import Light

Key = tuple[int, ...]
Root = tuple[str, int | None]  # a failure: label, and index if it is a fan

WELL = ("succeeded", "cached")
BADLY = ("failed", "timed_out", "cancelled")


@dataclass
class End:
    state: str
    root: Root | None = None  # the failure behind it
    light: str = "green"
    values: Mapping[ValueName, Any] = field(default_factory=dict)
    given: dict[str, Any] | None = None
    row: Mapping[str, Any] = field(default_factory=dict)
    gathered: Mapping[str, Any] = field(default_factory=dict)

    @property
    def was_not_run(self) -> bool:
        return self.state == "skipped" and self.root is not None


class Unreadable(Exception):
    """A list that is none."""


class Oracle:
    def __init__(
        self,
        graph: Graph,
        parameters: Mapping[str, Any],
        outcome: Callable[[str, int], Outcome],
        stopped: Mapping[tuple[str, int], Root],
    ) -> None:
        """``stopped`` are the items that a failure of their label kept from starting: that the order of ends decides."""
        self.steps, self.parameters, self.outcome, self.stopped = graph.steps, parameters, outcome, stopped
        self.ends: dict[str, End | dict[Key, End]] = {}
        for label in graph.order:
            self.ends[label] = self._label(self.steps[label])

    # ---- what a name means -------------------------------------------------------------------------------------------------

    def families(self, label: str) -> tuple[str, ...]:
        step = self.steps[label]
        if step.follows is not None:
            return self.families(step.follows) + ((label,) if step.repeat is not None else ())
        return (label,) if (step.axes and not step.gathers) or step.repeat is not None else ()

    def _depth(self, step: Step, label: str) -> int:
        """How much of the key of an item is that of the other label's item; 0: the other one is meant as a whole."""
        mine, its = self.families(step.label), self.families(label)
        if label in step.sources:
            return 0
        return len(its) if mine[: len(its)] == its else 0

    def _handled(self, step: Step) -> list[str]:
        return [other.label for other in self.steps.values() if other.handler == step.label]

    def _needs(self, step: Step) -> list[str]:
        asked = step.condition
        named = [*([step.follows] if step.follows else []), *step.takes, *step.sources]
        if asked is not None:
            named += [one.label for one in asked.references()] + list(asked.judged())
        return list(dict.fromkeys([*named, *step.after, *self._handled(step)]))

    def _takes_value(self, step: Step, label: str) -> bool:
        asked = step.condition
        return label in (step.follows, *step.takes, *step.sources) or (
            asked is not None and label in [one.label for one in asked.references()]
        )

    def _is_lenient(self, step: Step, label: str) -> bool:
        asked = step.condition
        return step.when == "always" or label in self._handled(step) or (asked is not None and label in list(asked.judged()))

    # ---- the states of labels and items --------------------------------------------------------------------------------------

    def state(self, label: str) -> str:
        ends = self.ends[label]
        if isinstance(ends, End):
            return ends.state
        states = [end.state for end in ends.values()]
        if "failed" in states or "timed_out" in states:
            return "failed"
        if "cancelled" in states:
            return "cancelled"
        if any(end.was_not_run for end in ends.values()) or (states and all(state == "skipped" for state in states)):
            return "skipped"
        return "cached" if states and all(state == "cached" for state in states) else "succeeded"

    def light(self, label: str, end: End | None = None) -> str | None:
        ends = self.ends[label]
        those = [end] if end is not None else [ends] if isinstance(ends, End) else list(ends.values())
        lights = ["red" if one.state in BADLY else "none" if one.was_not_run else one.light for one in those]
        for light in ("red", "orange", "none"):
            if light in lights:
                return None if light == "none" else light
        return "green"

    def _meant(self, step: Step, label: str, key: Key | None) -> End | None:
        """The item that a name means, or the label if it ended whole or has one item; None: a fan as a whole."""
        ends = self.ends[label]
        if isinstance(ends, End):
            return ends
        if not self.families(label):
            return ends[()]
        depth = self._depth(step, label)
        return ends[key[:depth]] if depth and key is not None else None

    def _of_need(self, step: Step, label: str, key: Key | None, *, founder: bool = False) -> tuple[str, Root | None]:
        """``good``, ``null``, ``skip`` or ``block``, the last with the failure that is behind it."""
        takes = founder or self._takes_value(step, label)
        lenient = step.when == "always" if founder and label not in self._needs(step) else self._is_lenient(step, label)
        skip = "good" if not takes else "null" if step.when_skipped is WhenSkipped.NULL else "skip"
        pardons = self.steps[label].on_failure is OnFailure.CONTINUE
        end = self._meant(step, label, key)
        if end is not None:
            if end.state in WELL:
                return "good", None
            if lenient or (end.state in BADLY and pardons):
                return "null", None
            return ("block", end.root) if end.root is not None else (skip, None)
        ends = self.ends[label]
        assert isinstance(ends, dict)
        if lenient:
            return "good", None
        for one in ends.values():
            if one.was_not_run or (one.state in BADLY and not pardons):
                return "block", one.root
        return (skip, None) if ends and all(one.state == "skipped" for one in ends.values()) else ("good", None)

    def _verdict(self, found: list[tuple[str, Root | None]]) -> End | None:
        for word, root in found:
            if word == "block":
                return End("skipped", root)
        return End("skipped") if ("skip", None) in found else None

    # ---- values --------------------------------------------------------------------------------------------------------------

    def read(self, step: Step, label: str, value: ValueName | None, key: Key | None) -> Any:
        ends = self.ends[label]
        if isinstance(ends, End):
            return None
        keys = list(ends)

        def part(at: Key) -> Any:
            if ends[at].state not in WELL:
                return None
            return f"{label}:{keys.index(at)}" if value is None else ends[at].values[value]

        if not self.families(label):
            return part(())
        depth = self._depth(step, label)
        if depth and key is not None:
            return part(key[:depth])
        keeps = step.when_skipped is WhenSkipped.NULL or self._is_lenient(step, label)
        return [part(at) for at, end in ends.items() if keeps or end.state != "skipped"]

    # ---- a label -------------------------------------------------------------------------------------------------------------

    def _label(self, step: Step) -> End | dict[Key, End]:
        needs = self._needs(step)
        whole = [label for label in needs if not self._depth(step, label)]
        inner = [label for label in needs if self._depth(step, label)]
        found = [self._of_need(step, label, None) for label in whole]
        if step.follows is not None and isinstance(self.ends[founder := self.families(step.follows)[-1]], End):
            found.append(self._of_need(step, founder, None, founder=True))
        if (end := self._verdict(found)) is not None:
            return end
        of = self._handled(step)
        of_whole = [label for label in of if label in whole]
        has_failed = any(self.state(label) in BADLY for label in of_whole)
        if of and of == of_whole and not has_failed:
            return End("skipped")
        asked = step.condition
        by_item = asked is not None and (
            any(self._depth(step, label) for label in [*asked.judged(), *(one.label for one in asked.references())])
            or bool(set(asked.names()) & set(self._axis_names(step)))
        )
        if asked is not None and not by_item and (end := self._asked(step, None, {}, (step.label, None))) is not None:
            return end
        try:
            rows = self._rows(step)
            gathered = self._gathered(step)
        except Unreadable:
            return End("failed", (step.label, None))
        ends: dict[Key, End] = {}
        for index, (key, row) in enumerate(rows.items()):
            root = (step.label, index if self.families(step.label) else None)
            end = self._verdict([self._of_need(step, label, key) for label in inner])
            if end is None and of and not has_failed and not any(self._has_failed(step, label, key) for label in of):
                end = End("skipped")
            if end is None and by_item:
                end = self._asked(step, key, row, root)
            if (step.label, index) in self.stopped:
                end = End("cancelled", self.stopped[step.label, index])
            if end is None:
                told = self.outcome(step.label, index)
                end = End(str(told.state), root if told.state in BADLY else None, str(told.light), told.values)
                end.given = {label: self.read(step, label, None, key) for label in step.takes}
            end.row, end.gathered = row, gathered
            ends[key] = end
        return ends

    def _has_failed(self, step: Step, label: str, key: Key) -> bool:
        end = self._meant(step, label, key)
        return end is not None and end.state in BADLY

    def _asked(self, step: Step, key: Key | None, row: Mapping[str, Any], root: Root) -> End | None:
        assert step.condition is not None
        try:
            return None if step.condition.holds(_Answers(self, step, key, row)) else End("skipped")
        except ConditionError:
            return End("failed", root)

    def _axis_names(self, step: Step) -> list[str]:
        own = [*(() if step.gathers else step.axes), *(["repeat_index"] if step.repeat is not None else [])]
        return own + (self._axis_names(self.steps[step.follows]) if step.follows is not None else [])

    def _rows(self, step: Step) -> dict[Key, Mapping[str, Any]]:
        repeats = [{}] if step.repeat is None else [{"repeat_index": number} for number in range(step.repeat)]
        if step.follows is not None:
            founder = self.ends[self.families(step.follows)[-1]]
            rows = {} if isinstance(founder, End) else {key: end.row for key, end in founder.items()}
            if step.repeat is None:
                return rows
            nested = {(*key, n): {**row, **more} for key, row in rows.items() for n, more in enumerate(repeats)}
            return self._within(step, nested)
        lists = {} if step.gathers else {axis: list(self._axis(step, source)) for axis, source in step.axes.items()}
        if step.zip and len({len(values) for values in lists.values()}) > 1:
            raise Unreadable
        if not self.families(step.label):
            return {(): {}}
        combined: Iterator[tuple[Any, ...]] = (
            zip(*lists.values(), strict=True) if step.zip and lists else itertools.product(*lists.values())
        )
        plain = [dict(zip(lists, values, strict=True)) for values in combined]
        flat: list[Mapping[str, Any]] = [{**row, **more} for row in plain for more in repeats]
        if step.rounds:
            flat = [{**more, **row} for more in repeats for row in plain]
        return self._within(step, {(number,): row for number, row in enumerate(flat)})

    def _gathered(self, step: Step) -> Mapping[str, Any]:
        if not step.gathers:
            return {}
        lists = {axis: list(self._axis(step, source)) for axis, source in step.axes.items()}
        if step.zip and len({len(values) for values in lists.values()}) > 1:
            raise Unreadable
        return lists

    def _within(self, step: Step, rows: dict[Key, Mapping[str, Any]]) -> dict[Key, Mapping[str, Any]]:
        if len(rows) > step.limit:
            raise Unreadable
        return rows

    def _axis(self, step: Step, source: Any) -> Any:
        if isinstance(source, Listed):
            return source.values
        if isinstance(source, FromParameter):
            return self._list(self.parameters[source.name], source.flatten)
        assert isinstance(source, FromLabel)
        ends = self.ends[source.label]
        if isinstance(ends, End):
            return [None] if source.or_null else []
        is_fan = bool(self.families(source.label))
        if not is_fan:
            if ends[()].state not in WELL:
                return []
            if source.value is None:
                return [f"{source.label}:0"]
            return self._list(self.read(step, source.label, source.value, None), source.flatten)
        parts = self.read(step, source.label, source.value, None)
        if not source.flatten or source.value is None:
            return parts
        # the same places again: what has not ended well has nothing to open
        keeps = step.when_skipped is WhenSkipped.NULL or self._is_lenient(step, source.label)
        states = [end.state for end in ends.values() if keeps or end.state != "skipped"]
        return self._list([part for part, state in zip(parts, states, strict=True) if state in WELL], True)

    def _list(self, value: Any, flatten: bool) -> list[Any]:
        if not isinstance(value, list) or (flatten and None in value):
            raise Unreadable
        if not flatten:
            return value
        return [one for part in value for one in (part if isinstance(part, list) else [part])]


@dataclass
class _Answers:
    oracle: Oracle
    step: Step
    key: Key | None
    row: Mapping[str, Any]

    def parameter(self, name: str) -> Any:
        value = self.row[name] if name in self.row else self.oracle.parameters[name]
        if isinstance(value, str) and ":" in value:
            raise ConditionError("a token")
        return value

    def value(self, reference: Reference) -> Any:
        return self.oracle.read(self.step, reference.label, reference.value, self.key)

    def state(self, label: str) -> ItemState:
        end = self.oracle._meant(self.step, label, self.key)
        families = self.oracle.families(label)
        return ItemState(end.state if end is not None and families else self.oracle.state(label))

    def light(self, label: str) -> Light | None:
        light = self.oracle.light(label, self.oracle._meant(self.step, label, self.key))
        return None if light is None else Light(light)
