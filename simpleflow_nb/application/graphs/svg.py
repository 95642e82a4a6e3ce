"""Graphs as SVG, laid out here: one file, without scripts, fonts or addresses of others."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from .layers import Layout, layout
from .workflow_graph import COLOURS, Edge, EdgeKind, Node, WorkflowGraph

_UNIT = 7.4  #: width of a letter of 13 px
_LINE, _PADDING, _GAP, _BETWEEN, _MARGIN, _HEAD = 18.0, 12.0, 28.0, 56.0, 20.0, 30.0
_STACK = 4.0  #: the shadow of a node that stands for several


def svg_of(graph: WorkflowGraph) -> str:
    """Return the drawing as text of an SVG file."""
    return "\n".join([*_lines(graph)]) + "\n"


def _lines(graph: WorkflowGraph) -> Iterator[str]:
    widths = {node.id: max(map(_width, node.lines)) + 2 * _PADDING for node in graph.nodes}
    places = layout(graph, widths, _GAP)
    nodes = {node.id: node for node in graph.nodes}
    heights = [max(len(nodes[id].lines) for id in layer) * _LINE + _PADDING for layer in places.layers]
    tops = [_MARGIN + _HEAD + sum(heights[:depth]) + _BETWEEN * depth for depth in range(len(heights))]
    bottom = tops[-1] + heights[-1] if tops else _MARGIN + _HEAD
    size = (max(places.width, _width(graph.title)) + 2 * _MARGIN + _STACK, bottom + _MARGIN + _STACK)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]:.0f}" height="{size[1]:.0f}" '
        f'viewBox="0 0 {size[0]:.0f} {size[1]:.0f}" role="img" aria-label={quoteattr(_plain(graph.title))} '
        'font-family="sans-serif" font-size="13">'
    )
    yield (
        '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" '
        'markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="#555555"/></marker></defs>'
    )
    yield f'<rect width="{size[0]:.0f}" height="{size[1]:.0f}" fill="#ffffff"/>'
    yield f'<text x="{_MARGIN:g}" y="{_MARGIN + 13:g}" font-weight="bold">{escape(_plain(graph.title))}</text>'
    depths = {id: depth for depth, layer in enumerate(places.layers) for id in layer}
    boxes = {id: (tops[depth], len(nodes[id].lines) * _LINE + _PADDING) for id, depth in depths.items()}
    for number, edge in enumerate(graph.edges):
        yield from _edge(edge, number, places, boxes, tops, heights)
    for node in graph.nodes:
        yield from _node(node, _MARGIN + places.x[node.id], widths[node.id], *boxes[node.id])
    yield "</svg>"


def _node(node: Node, middle: float, width: float, top: float, height: float) -> Iterator[str]:
    fill, border = COLOURS[node.colour]
    left = middle - width / 2
    yield f"<g><title>{escape(_plain(node.name))}</title>"
    for shift in (_STACK, 0.0) if node.is_fan else (0.0,):
        yield (
            f'<rect x="{left + shift:.1f}" y="{top + shift:.1f}" width="{width:.1f}" height="{height:.1f}" rx="6" '
            f'fill="{fill}" stroke="{border}"/>'
        )
    for number, line in enumerate(node.lines):
        weight = ' font-weight="bold"' if number == 0 else ""
        y = top + _PADDING / 2 + _LINE * (number + 0.72)
        yield f'<text x="{middle:.1f}" y="{y:.1f}" text-anchor="middle"{weight}>{escape(line)}</text>'
    yield "</g>"


def _edge(
    edge: Edge, number: int, places: Layout, boxes: dict[str, tuple[float, float]], tops: list[float], heights: list[float]
) -> Iterator[str]:
    top, height = boxes[edge.source]
    points = [(_MARGIN + places.x[edge.source], top + height)]
    for depth, x in places.bends.get(number, ()):
        points += [(_MARGIN + x, tops[depth]), (_MARGIN + x, tops[depth] + heights[depth])]
    points.append((_MARGIN + places.x[edge.target], boxes[edge.target][0]))
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x, y), (to_x, to_y) in pairwise(points):
        half = (y + to_y) / 2
        path += f" C{x:.1f} {half:.1f} {to_x:.1f} {half:.1f} {to_x:.1f} {to_y:.1f}"
    dashes = ' stroke-dasharray="5 4"' if edge.kind is not EdgeKind.VALUE else ""
    weight = 2.4 if edge.is_join else 1.2
    yield (f'<path d="{path}" fill="none" stroke="#555555" stroke-width="{weight}"{dashes} marker-end="url(#arrow)"/>')
    if edge.kind is EdgeKind.HANDLER:
        (x, y), (to_x, to_y) = points[-2:]
        yield (
            f'<text x="{(x + to_x) / 2:.1f}" y="{(y + to_y) / 2:.1f}" font-size="11" fill="#b3261e" '
            f'text-anchor="middle">{escape(edge.kind)}</text>'
        )


def _plain(text: str) -> str:
    """Return a text without the characters that XML does not have."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _width(text: str) -> float:
    """Estimate the width of a line: letters of East Asian scripts are twice as wide."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text) * _UNIT
