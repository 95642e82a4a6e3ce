"""Small graphs of steps, written as in a file, and played to their end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deciders.steps.condition_parsing import parse_condition
from deciders.steps.graph import Graph
from deciders.steps.outcomes import Outcome, Settled
from deciders.steps.references import ValueKind, ValueName
from deciders.steps.step import AxisSource, FromLabel, FromParameter, Listed, OnFailure, OnItemFailure, Step, WhenSkipped
from deciders.steps.unfolding import Unfolding
from deciders.values.item import Item
from deciders.values.item_state import ItemState
from deciders.values.light import Light

Draft = dict[str, Any]
FAN = {"x": [10, 20, 30]}


def step(label: str, **more: Any) -> Draft:
    """``axes`` are lists or sources, ``when`` is as in a file, ``on_failure`` may be ``run:LABEL``."""
    return {"label": label, **more}


def scraps(label: str, name: str, *, flatten: bool = False) -> FromLabel:
    return FromLabel(label, ValueName(ValueKind.SCRAP, name), flatten)


def outputs(label: str, name: str | None = None, *, flatten: bool = False) -> FromLabel:
    return FromLabel(label, ValueName(ValueKind.OUTPUT, name), flatten)


def notebooks(label: str) -> FromLabel:
    return FromLabel(label)


def parameter(name: str, *, flatten: bool = False) -> FromParameter:
    return FromParameter(name, flatten)


def made(draft: Draft, labels: list[str], axes: list[str]) -> Step:
    given = dict(draft)
    if "axes" in given:
        given["axes"] = {axis: _source(source) for axis, source in given["axes"].items()}
    if given.get("when") not in (None, "always"):
        given["when"] = parse_condition(given["when"], labels, axes)
    on_failure = str(given.pop("on_failure", "stop"))
    if on_failure.startswith("run:"):
        given["handler"] = on_failure.removeprefix("run:")
    else:
        given["on_failure"] = OnFailure(on_failure)
    for key, policy in (("on_item_failure", OnItemFailure), ("when_skipped", WhenSkipped)):
        if key in given:
            given[key] = policy(given[key])
    return Step(**given)


def _source(source: Any) -> AxisSource:
    return Listed(tuple(source)) if isinstance(source, list) else source


def graph_of(*drafts: Draft, **more: Any) -> Graph:
    labels = [draft["label"] for draft in drafts]
    axes = {draft["label"]: list(draft.get("axes", ())) for draft in drafts}
    return Graph([made(draft, labels, axes[draft["label"]]) for draft in drafts], **more)


def outcome(end: Any) -> Outcome:
    """A state, or the scraps of an item that succeeded; with ``light`` among them its light."""
    if isinstance(end, Outcome):
        return end
    if isinstance(end, str):
        return Outcome(ItemState(end))
    values = {ValueName(ValueKind.SCRAP, name): value for name, value in end.items() if name != "light"}
    return Outcome(ItemState.SUCCEEDED, Light(end.get("light", "green")), values)


def short(value: Any) -> Any:
    """Tokens as texts, in arguments and axes."""
    if isinstance(value, list):
        return [short(one) for one in value]
    if isinstance(value, Mapping):
        return {name: short(one) for name, one in value.items()}
    return str(value) if isinstance(value, Item) else value


@dataclass
class Play:
    """A run that is over."""

    run: Unfolding
    given: dict[str, Any] = field(default_factory=dict)  # what each item was given, as texts
    started: list[str] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)

    def states(self, label: str) -> list[str] | str:
        """Of its items; of a label that ended whole, its state."""
        return list(map(str, self.run.states(label))) if self.run.length(label) is not None else str(self.run.state(label))

    def cause(self, label: str, index: int | None = None) -> str:
        return str(self.run.cause(Item(label, index)))


def play(
    *drafts: Draft,
    ends: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    last_first: bool = False,
    **more: Any,
) -> Play:
    """Everything succeeds, but what ``ends`` says of ``LABEL`` or ``LABEL:INDEX``: a state, or scraps."""
    played = Play(Unfolding(graph_of(*drafts), parameters, **more))
    turn = played.run.begin()
    running: list[Item] = []
    while True:
        running += turn.starts
        played.started += map(str, turn.starts)
        played.settled += turn.settled
        if not running:
            break
        item = running.pop(-1 if last_first else 0)
        played.given[str(item)] = short(played.run.arguments(item))
        end = (ends or {}).get(str(item), (ends or {}).get(item.label, "succeeded"))
        turn = played.run.ended(item, outcome(end))
    assert played.run.is_over
    return played
