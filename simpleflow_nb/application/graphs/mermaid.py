"""Graphs as Mermaid, which GitLab, GitHub and editors draw."""

from __future__ import annotations

from collections.abc import Iterator

from .workflow_graph import COLOURS, Edge, EdgeKind, WorkflowGraph, shortened

#: Mermaid's own codes, which also HTML labels show as they are.
_CODES = {**{c: f"#{ord(c)};" for c in '"#&<>`\\[](){}|%'}}


def mermaid_of(graph: WorkflowGraph) -> str:
    """Return the drawing as text of a Mermaid file."""
    return "\n".join([*_lines(graph)]) + "\n"


def _lines(graph: WorkflowGraph) -> Iterator[str]:
    yield "---"
    yield f"title: {_quoted(graph.title)}"
    yield "---"
    yield "flowchart TD"
    ids = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        text = "<br/>".join(map(_escaped, node.lines))
        shape = f'[["{text}"]]' if node.is_fan else f'["{text}"]'
        yield f"    {ids[node.id]}{shape}:::{node.colour}"
    for edge in graph.edges:
        yield f"    {ids[edge.source]} {_arrow(edge)} {ids[edge.target]}"
    for colour in dict.fromkeys(node.colour for node in graph.nodes):
        fill, border = COLOURS[colour]
        yield f"    classDef {colour} fill:{fill},stroke:{border},color:#000000"


def _arrow(edge: Edge) -> str:
    if edge.kind is EdgeKind.HANDLER:
        return f'-. "{edge.kind}" .->'
    if edge.kind is EdgeKind.ORDER:
        return "-.->"
    return "==>" if edge.is_join else "-->"


def _escaped(text: str) -> str:
    return "".join(_CODES.get(c, c) for c in text)


def _quoted(text: str) -> str:
    """Return a YAML text in double quotes, on one line."""
    plain = shortened(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
