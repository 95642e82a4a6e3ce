"""Families whose items are carried out elsewhere: which of their stages can be cut into slices."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..graph import Graph
from ..outcomes import Stage
from .progress import LabelProgress

#: Returns True if an outermost family of so many items is carried out elsewhere. Asked once for each, when its items are known.
Delegate = Callable[[str, int], bool]


class Delegation:
    """The families of a run that are carried out elsewhere, stage after stage."""

    def __init__(self, graph: Graph, labels: Mapping[str, LabelProgress], asked: Delegate | None) -> None:
        self._graph, self._labels, self._asked = graph, labels, asked
        self._left: dict[str, list[tuple[str, ...]]] = {}  # by family the stages that were not cut yet
        self._begun: dict[str, tuple[str, ...]] = {}  # by family the stage that is carried out
        self._changed: set[str] = set()

    def ask(self, founder: LabelProgress) -> None:
        """Note that the items of a label that founds an outermost family are known."""
        if self._asked is not None and founder.length and self._asked(founder.label, founder.length):
            self._left[founder.label] = self._graph.stages(founder.label)

    def family_of(self, progress: LabelProgress) -> str | None:
        """Return the family of a label that is carried out elsewhere; None if the run itself carries its items out."""
        if not self._left or progress.shape.family is None:
            return None
        return next((family for family in self._graph.lines[progress.shape.family] if family in self._left), None)

    def note(self, family: str | None) -> None:
        """Note that something is new about a label of a family."""
        if family is not None:
            self._changed.add(family)

    def ready(self) -> list[Stage]:
        """Return the stages that can be cut now: every member's items are known, and the stage before is over."""
        found = []
        for family in sorted(self._changed, key=self._graph.place.__getitem__):
            while (stage := self._next(family)) is not None:
                if stage.members:
                    found.append(stage)
        self._changed.clear()
        return found

    def _next(self, family: str) -> Stage | None:
        left = self._left[family]
        if not left or not all(self._labels[label].is_final for label in self._begun.get(family, ())):
            return None
        members = [self._labels[label] for label in left[0]]
        if not all(one.whole is not None or one.length is not None for one in members):
            return None
        self._begun[family] = left.pop(0)
        return Stage(family, tuple(one.label for one in members if one.whole is None and not one.is_final))
