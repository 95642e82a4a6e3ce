"""A layout of a graph in layers: each node below those that lead to it, edges from one layer to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .workflow_graph import WorkflowGraph

_SWEEPS = 6  #: up and down, to untangle the edges
_SHIFTS = 4  #: up and down, to straighten them

Place = tuple[str, int]  #: a node, with 0; of an edge that passes a layer its id and the layer


@dataclass(frozen=True)
class Layout:
    """The places of a graph's nodes, and the points that its edges pass; the middle of each, in the unit of the widths."""

    layers: Sequence[Sequence[str]]  #: ids from left to right
    x: Mapping[str, float]  #: of nodes by id
    bends: Mapping[int, Sequence[tuple[int, float]]]  #: by number of the edge: the layers that it passes, and where
    width: float


def depths_of(graph: WorkflowGraph) -> dict[str, int]:
    """Return the layer of each node: one below the lowest of those that lead to it."""
    before: dict[str, list[str]] = {node.id: [] for node in graph.nodes}
    after: dict[str, list[str]] = {node.id: [] for node in graph.nodes}
    for edge in graph.edges:
        before[edge.target].append(edge.source)
        after[edge.source].append(edge.target)
    left = {id: len(sources) for id, sources in before.items()}
    ready, depths = [id for id, number in left.items() if not number], dict[str, int]()
    while ready:
        id = ready.pop()
        depths[id] = max((depths[source] + 1 for source in before[id]), default=0)
        for target in after[id]:
            left[target] -= 1
            if not left[target]:
                ready.append(target)
    return depths


def layout(graph: WorkflowGraph, widths: Mapping[str, float], gap: float) -> Layout:
    """Place the nodes: those of one layer beside each other, at least ``gap`` apart, near those that they are connected with.

    ``widths`` are those of the nodes. The same graph has the same layout.
    """
    depths = depths_of(graph)
    rows: list[list[Place]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
    for node in graph.nodes:
        rows[depths[node.id]].append((node.id, 0))
    links: list[tuple[Place, Place]] = []
    passed: dict[int, list[Place]] = {}
    for number, edge in enumerate(graph.edges):
        last: Place = (edge.source, 0)
        for depth in range(depths[edge.source] + 1, depths[edge.target]):
            place = (f"edge {number}", depth)
            rows[depth].append(place)
            passed.setdefault(number, []).append(place)
            links.append((last, place))
            last = place
        links.append((last, (edge.target, 0)))
    above: dict[Place, list[Place]] = {}
    below: dict[Place, list[Place]] = {}
    for source, target in links:
        above.setdefault(target, []).append(source)
        below.setdefault(source, []).append(target)
    for sweep in range(_SWEEPS):
        _untangle(rows if sweep % 2 == 0 else rows[::-1], above if sweep % 2 == 0 else below)
    sizes = {place: widths.get(place[0], 0.0) if place[1] == 0 else 0.0 for row in rows for place in row}
    x = _straightened(rows, sizes, above, below, gap)
    return Layout(
        [[id for id, layer in row if layer == 0] for row in rows],
        {id: x[id, layer] for id, layer in x if layer == 0},
        {number: [(place[1], x[place]) for place in places] for number, places in passed.items()},
        max((x[place] + sizes[place] / 2 for place in x), default=0.0),
    )


def _untangle(rows: Sequence[list[Place]], neighbours: Mapping[Place, Sequence[Place]]) -> None:
    """Sort each row by the middle of its places' neighbours in the row before."""
    at: dict[Place, int] = {}
    for row in rows:
        middles = {}
        for number, place in enumerate(row):
            there = [at[one] for one in neighbours.get(place, ()) if one in at]
            middles[place] = sum(there) / len(there) if there else float(number)
        row.sort(key=middles.__getitem__)
        at |= {place: number for number, place in enumerate(row)}


def _straightened(
    rows: Sequence[Sequence[Place]],
    sizes: Mapping[Place, float],
    above: Mapping[Place, Sequence[Place]],
    below: Mapping[Place, Sequence[Place]],
    gap: float,
) -> dict[Place, float]:
    """Return the middle of each place, so that none is left of zero."""
    x: dict[Place, float] = {}
    for row in rows:
        _put(row, dict.fromkeys(row, 0.0), x, sizes, gap)
    for shift in range(_SHIFTS):
        neighbours, ordered = (above, rows) if shift % 2 == 0 else (below, rows[::-1])
        for row in ordered:
            wanted = {}
            for place in row:
                there = [x[one] for one in neighbours.get(place, ())]
                wanted[place] = sum(there) / len(there) if there else x[place]
            _put(row, wanted, x, sizes, gap)
    left = min((x[place] - sizes[place] / 2 for place in x), default=0.0)
    return {place: value - left for place, value in x.items()}


def _put(
    row: Sequence[Place], wanted: Mapping[Place, float], x: dict[Place, float], sizes: Mapping[Place, float], gap: float
) -> None:
    """Give the places of a row the middles that are wanted, as far as their order and the gaps between them allow."""
    right, end = list[float](), 0.0
    for number, place in enumerate(row):
        least = end + gap + sizes[place] / 2 if number else wanted[place]
        right.append(max(least, wanted[place]))
        end = right[-1] + sizes[place] / 2
    # What was pushed to the right is half as far from where it is wanted after the whole row is moved back.
    pushed = [value - wanted[place] for place, value in zip(row, right, strict=True)]
    back = (max(pushed) + min(pushed)) / 2 if pushed else 0.0
    for place, value in zip(row, right, strict=True):
        x[place] = value - back
