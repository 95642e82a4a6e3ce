"""Graphs in the language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterator

from .workflow_graph import COLOURS, Edge, EdgeKind, WorkflowGraph, shortened


def dot_of(graph: WorkflowGraph) -> str:
    """Return the drawing as text of a ``.dot`` file."""
    return "\n".join([*_lines(graph)]) + "\n"


def _lines(graph: WorkflowGraph) -> Iterator[str]:
    yield f"digraph {_quoted(shortened(graph.title))} {{"
    yield f'    graph [label={_quoted(shortened(graph.title))}, labelloc=t, fontname="sans-serif"];'
    yield '    node [shape=box, style="filled,rounded", fontname="sans-serif"];'
    ids = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        fill, border = COLOURS[node.colour]
        label = "\\n".join(_escaped(line) for line in node.lines)
        several = ", peripheries=2" if node.is_fan else ""
        yield f'    {ids[node.id]} [label="{label}", fillcolor="{fill}", color="{border}"{several}];'
    for edge in graph.edges:
        yield f"    {ids[edge.source]} -> {ids[edge.target]}{_settings(edge)};"
    yield "}"


def _settings(edge: Edge) -> str:
    if edge.kind is EdgeKind.HANDLER:
        return f' [style=dashed, label="{edge.kind}"]'
    if edge.kind is EdgeKind.ORDER:
        return " [style=dashed]"
    return " [penwidth=2]" if edge.is_join else ""


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
