"""The graph of a workflow, as it is drawn: its labels or tasks, and what leads from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deciders.values.label_state import LabelState
    from deciders.values.light import Light

LONGEST_TEXT = 60  #: characters of a line in a node


class EdgeKind(StrEnum):
    """The reason why one node comes before another. The value is what is written beside such an edge, if anything is."""

    VALUE = ""  #: it takes what the other has made
    ORDER = "after"
    HANDLER = "on failure"  #: it runs if the other has failed


@dataclass(frozen=True)
class Node:
    """A label of a workflow file, or tasks of a Python workflow."""

    id: str
    name: str
    notes: Sequence[str] = ()  #: how often and when it runs
    state: LabelState | None = None  #: None without a run
    light: Light | None = None
    counts: str = ""  #: of its items, in words
    is_fan: bool = False  #: it has a list of items

    @property
    def lines(self) -> list[str]:
        """The lines of its box: printable, none longer than `LONGEST_TEXT`."""
        return [shortened(text) for text in (self.name, *self.notes, self.state_text, self.counts) if text]

    @property
    def state_text(self) -> str:
        """Its state, with the light if that is orange; empty without a run."""
        return "" if self.state is None else f"{self.state} (orange)" if self.light == "orange" else str(self.state)

    @property
    def colour(self) -> str:
        """The name of its colour: its state, or ``orange``, or ``plain``."""
        if self.state is None:
            return "plain"
        return "orange" if self.light == "orange" else str(self.state).replace(" ", "_")


@dataclass(frozen=True)
class Edge:
    """One node comes before another."""

    source: str  #: an id
    target: str
    kind: EdgeKind = EdgeKind.VALUE
    is_join: bool = False  #: it takes all items of a fan as one list


@dataclass(frozen=True)
class WorkflowGraph:
    """Nodes and edges without circles.

    ``nodes`` are in the order of the file, or of their schedule.
    """

    title: str
    nodes: Sequence[Node]
    edges: Sequence[Edge]
    notes: Sequence[str] = ()  #: sentences about what is not drawn, or how it is meant

    def edges_to(self, id: str) -> list[Edge]:
        """Return the edges that lead to a node."""
        return [edge for edge in self.edges if edge.target == id]


#: Fill and border by `Node.colour`, of all drawings.
COLOURS = {
    "plain": ("#ffffff", "#555555"),
    "waiting": ("#f4f4f4", "#999999"),
    "running": ("#d5e8fb", "#2467a8"),
    "done": ("#dcf3dc", "#2e7d32"),
    "cached": ("#e8f5e0", "#5d8a3a"),
    "orange": ("#ffe9c4", "#b26a00"),
    "failed": ("#fbd9d7", "#b3261e"),
    "timed_out": ("#fbd9d7", "#b3261e"),
    "cancelled": ("#f3e3d0", "#8a6d3b"),
    "skipped": ("#eeeeee", "#777777"),
    "not_run": ("#eeeeee", "#b3261e"),
}


def shortened(text: str) -> str:
    """Return a text on one line, without characters that no drawing shows, and cut in its middle if it is long."""
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(text.split()))
    if len(plain) <= LONGEST_TEXT:
        return plain
    half = (LONGEST_TEXT - 1) // 2
    return f"{plain[:half]}\N{HORIZONTAL ELLIPSIS}{plain[-half:]}"
