"""Random flows beside the rules written again: a step after all that it needs, and the product of its predecessors' lists."""

from __future__ import annotations

import itertools
import random
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.dialects.nextpipe import Configuration, FlowSpec, foreach, join, needs, optional, repeat, step
from tests.settings import count

_AT_A_TIME = 10
_MOST_NODES = 60


@dataclass(frozen=True)
class Draft:
    name: str
    needs: tuple[str, ...]
    foreach: bool
    join: bool
    repeat: int | None
    runs: bool | None  #: what its condition says; None without one

    def result(self, *arguments: Any) -> Any:
        number = zlib.crc32(repr((self.name, arguments)).encode())
        return [number % 97 + place for place in range(number % 4)] if self.foreach else number


def drafts_of(seed: int) -> list[Draft]:
    draw = random.Random(seed)
    found: list[Draft] = []
    for number in range(draw.randint(2, 8)):
        before = [one.name for one in found]
        is_foreach = draw.random() < 0.4
        found.append(
            Draft(
                f"s{number}",
                tuple(draw.sample(before, min(len(before), draw.choice([0, 1, 1, 1, 2, 2, 3])))),
                is_foreach,
                draw.random() < 0.25,
                draw.choice([0, 1, 2, 3]) if not is_foreach and draw.random() < 0.25 else None,
                draw.choice([True, False]) if draw.random() < 0.2 else None,
            )
        )
    return found


class Rules:
    """The results of a flow, from its drafts alone."""

    def __init__(self, drafts: list[Draft], input: Any) -> None:
        self.drafts = {draft.name: draft for draft in drafts}
        self.nodes: dict[str, list[Any] | None] = {}  # None: skipped
        for draft in drafts:
            self.nodes[draft.name] = None if draft.runs is False else [draft.result(*row) for row in self._rows(draft, input)]

    def _rows(self, draft: Draft, input: Any) -> list[list[Any]]:
        rows = [list(row) for row in itertools.product(*map(self._list_of, draft.needs))] if draft.needs else [[input]]
        if draft.join and draft.needs:
            rows = [[rows]]
        assert len(rows) < 10_000
        return rows * (1 if draft.repeat is None else draft.repeat)

    def _list_of(self, name: str) -> list[Any]:
        draft, nodes = self.drafts[name], self.nodes[name]
        if draft.foreach:
            return [one for node in nodes or [] for one in node]
        if nodes is None:
            return [None]
        return [nodes] if draft.repeat is not None else nodes

    def is_fan(self, name: str) -> bool:
        draft = self.drafts[name]
        return not draft.join and any(
            self.drafts[one].foreach or (self.is_fan(one) and self.drafts[one].repeat is None) for one in draft.needs
        )

    def result(self, name: str) -> Any:
        nodes = self.nodes[name]
        if self.is_fan(name) or self.drafts[name].repeat is not None:
            return nodes or []
        return None if nodes is None else nodes[0]


def class_of(drafts: list[Draft]) -> type[FlowSpec]:
    """A flow whose functions name their parameters, as functions without names get nothing."""
    made: dict[str, Any] = {}
    for draft in drafts:
        names = ", ".join(f"a{place}" for place in range(1 if draft.join or not draft.needs else len(draft.needs)))
        space = {"result": draft.result}
        exec(f"def {draft.name}({names}): return result({names})", space)
        function: Callable[..., Any] = step(space[draft.name])
        if draft.needs:
            function = needs([made[one] for one in draft.needs])(function)
        if draft.foreach:
            function = foreach(function)
        if draft.join:
            function = join(function)
        if draft.repeat is not None:
            function = repeat(draft.repeat)(function)
        if draft.runs is not None:
            function = optional(lambda definition, runs=draft.runs: runs)(function)
        made[draft.name] = function
    return type("RandomFlow", (FlowSpec,), {**made, "__module__": __name__, "__qualname__": "RandomFlow"})


def rules_of(seed: int) -> Rules | None:
    """The results by the rules; None of a flow with more nodes than a test has time for."""
    try:
        rules = Rules(drafts_of(seed), seed)
    except AssertionError:
        return None
    return rules if sum(len(nodes or ()) for nodes in rules.nodes.values()) <= _MOST_NODES else None


def check(seed: int, cls: type[FlowSpec] | None = None, journal: Path | None = None) -> None:
    rules = rules_of(seed)
    if rules is None:
        return
    flow = (cls or class_of(list(rules.drafts.values())))("flow", seed, Configuration(seed % 5, 10_000))
    flow.run(local=journal)
    for one in flow.graph.steps:
        name = one.definition.get_id()
        nodes = rules.nodes[name]
        assert flow.get_result(one.step_function) == rules.result(name), name
        assert [node.status for node in one.nodes] == (["skipped"] if nodes is None else ["succeeded"] * len(nodes)), name


@pytest.mark.parametrize("first", range(0, count(60, 3_000), _AT_A_TIME))
def test_a_random_flow_gives_what_the_rules_say(first: int) -> None:
    for seed in range(first, first + _AT_A_TIME):
        try:
            check(seed)
        except Exception as error:
            error.add_note(f"seed {seed}: run it alone with tests.dialects.nextpipe.test_random_flows.check({seed})")
            raise


@pytest.mark.parametrize("seed", range(count(8, 200)))
def test_a_random_flow_gives_the_same_in_a_journal(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = rules_of(seed)
    if rules is not None:
        cls = class_of(list(rules.drafts.values()))
        monkeypatch.setitem(globals(), cls.__name__, cls)  # where its path leads
        check(seed, cls, tmp_path / "journal.sqlite3")


def test_random_flows_have_every_kind_of_step() -> None:
    seen: Counter[str] = Counter()
    for seed in range(60):
        rules = rules_of(seed)
        for name, draft in ({} if rules is None else rules.drafts).items():
            assert rules is not None
            fans = [one for one in draft.needs if rules.is_fan(one) or rules.drafts[one].foreach]
            seen["fan"] += rules.is_fan(name)
            seen["fan of a fan"] += draft.foreach and rules.is_fan(name)
            seen["two fans"] += rules.is_fan(name) and len(fans) > 1
            seen["join of two fans"] += draft.join and len(fans) > 1
            seen["repeated fan"] += draft.repeat is not None and rules.is_fan(name)
            seen["repeated join"] += draft.repeat is not None and draft.join
            seen["empty"] += rules.nodes[name] == []
            seen["skipped"] += rules.nodes[name] is None
            seen["skipped fan"] += rules.nodes[name] is None and rules.is_fan(name)
            seen["behind a skipped one"] += any(rules.nodes[one] is None for one in draft.needs)
    assert {what: times for what, times in seen.items() if times < 3} == {}
