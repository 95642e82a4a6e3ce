"""Drawings of graphs, in the formats that there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ...inspection.tables import Table, formatted
from ..arguments import check_word
from .dot import dot_of
from .layers import depths_of
from .mermaid import mermaid_of
from .svg import svg_of
from .workflow_graph import Edge, EdgeKind, Node, WorkflowGraph, shortened


class DrawingFormat(StrEnum):
    """Format of a drawing."""

    MERMAID = "mermaid"
    DOT = "dot"  #: of Graphviz
    SVG = "svg"
    TEXT = "text"


FORMATS = tuple(map(str, DrawingFormat))


@dataclass(frozen=True)
class Drawing:
    """A graph that was drawn."""

    text: str  #: of the file, with a line break at its end
    notes: Sequence[str] = ()  #: sentences about what is not drawn, or how it is meant


def drawn(graph: WorkflowGraph, format: str = DrawingFormat.MERMAID) -> Drawing:
    """Draw a graph. No other program is needed, and the drawing refers to nothing outside of itself.

    Raises:
        DefinitionError: there is no such format.
    """
    check_word("format", format, FORMATS)
    how = {DrawingFormat.MERMAID: mermaid_of, DrawingFormat.DOT: dot_of, DrawingFormat.SVG: svg_of, DrawingFormat.TEXT: text_of}
    return Drawing(how[DrawingFormat(format)](graph), graph.notes)


def text_of(graph: WorkflowGraph) -> str:
    """Return a line for each node, each below those that it comes after, which are named behind it."""
    depths = depths_of(graph)
    names = {node.id: node.name for node in graph.nodes}
    rows = []
    for node in sorted(graph.nodes, key=lambda one: depths[one.id]):
        after = ", ".join(_before(edge, names) for edge in graph.edges_to(node.id))
        rows.append([shortened(node.name), ", ".join(node.notes), _state(node), f"<- {after}" if after else ""])
    filled = [place for place in range(4) if any(row[place] for row in rows)]
    table = Table(["" for _ in filled], [[row[place] for place in filled] for row in rows])
    return f"{shortened(graph.title)}\n{formatted(table)}\n"


def _state(node: Node) -> str:
    return ", ".join(text for text in (node.state_text, node.counts) if text)


def _before(edge: Edge, names: dict[str, str]) -> str:
    name = shortened(names[edge.source])
    said = [f"{edge.kind}"] if edge.kind is not EdgeKind.VALUE else []
    said += ["all items"] if edge.is_join else []
    return f"{name} ({', '.join(said)})" if said else name
