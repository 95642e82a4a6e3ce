"""Rules for the steps of a workflow: that they fit together, each fault at its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..problems import Problems, shown
from ..steps.graph import Graph
from ..steps.graph_rules import GraphError, GraphProblem
from ..steps.step import REPEAT_INDEX, REPEAT_SEED
from .workflow_file import AUTOMATIC_PARAMETERS
from .written_steps import STEP_KEYS, axes_of_items, read_steps
from .yaml_lines import YamlNode, holds_broken

_READ = ("parameters", *STEP_KEYS)
_OF_ITEMS = ("max_parallel", "limit", "on_item_failure")  #: what says nothing of a label without a list of items
_NODES = Mapping[str, YamlNode]


def with_notebooks(root: YamlNode, problems: Problems) -> YamlNode:
    """Return the file with ``notebooks`` in place of ``steps``, which means the same."""
    workflows = root.get("workflows")
    if workflows is None or not any("steps" in entry.entries() for entry in workflows.items()):
        return root
    entries = [_with_notebooks(entry, problems) for entry in workflows.items()]
    return replace(root, value={**root.entries(), "workflows": replace(workflows, value=entries)})


def _with_notebooks(entry: YamlNode, problems: Problems) -> YamlNode:
    steps = entry.get("steps")
    if steps is None:
        return entry
    if entry.get("notebooks") is not None:
        name = entry.get("name")
        of = f"workflow {shown(name.text)}" if name is not None and name.text else "a workflow"
        problems.add(steps.line, f"{of} has 'steps' and 'notebooks', which mean the same; put all of them under one")
        return replace(entry, value={key: one for key, one in entry.entries().items() if key != "steps"})
    return replace(entry, value={"notebooks" if key == "steps" else key: one for key, one in entry.entries().items()})


def checked_graph(nodes: _NODES, problems: Problems) -> tuple[Graph | None, dict[str, dict[str, Any]]]:
    """Return the graph of a workflow's labels, None if they do not fit together; and what was read of each label.

    ``nodes`` are the labels of the file. What has the wrong shape is passed over.
    """
    written = {label: _settings(node) for label, node in nodes.items()}
    is_whole = True

    def report(label: str, path: tuple[str, ...], message: str) -> None:
        nonlocal is_whole
        is_whole = False
        problems.add(nodes[label].at(path).line, message)

    steps = read_steps(written, report)
    for label, settings in written.items():
        for name, message in _repeats_of_nothing(label, settings, written):
            report(label, ("parameters", name), message)
    try:
        graph = Graph(steps, automatic=AUTOMATIC_PARAMETERS)
    except GraphError as error:
        for problem in error.problems:
            problems.add(_line(problem, nodes), _message(problem, nodes))
        return None, written
    for label, settings in written.items():
        step = graph.steps[label]
        if step.follows is not None and step.repeat is None and "limit" in settings:
            message = f"'limit' of {label!r} says nothing, as it has the items of {step.follows!r}; it belongs there"
            problems.warn(nodes[label].at(["limit"]).line, message)
        if not step.is_fan:
            for key in _OF_ITEMS:
                if key in settings:
                    message = f"{key!r} of {label!r} says nothing, as it has one item; items come from 'for_each' or 'repeat'"
                    problems.warn(nodes[label].at([key]).line, message)
    return (graph if is_whole else None), written


def _repeats_of_nothing(label: str, settings: Mapping[str, Any], written: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the parameters that take the index or seed of a repeated item although the label has no ``repeat``."""
    if REPEAT_INDEX in axes_of_items(written, label):
        return
    for name, value in settings.get("parameters", {}).items():
        if value in (REPEAT_INDEX, REPEAT_SEED) and value not in written:
            yield name, f"parameter {name!r} of {label!r} is {value!r}, and {label!r} has no 'repeat'"


def _settings(node: YamlNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in _READ:
        one = node.get(key)
        if one is None:
            continue
        if key == "parameters":
            found[key] = {name: part.plain() for name, part in one.entries().items() if not holds_broken(part.plain())}
        elif not holds_broken(one.plain()):
            found[key] = one.plain()
    return found


def _line(problem: GraphProblem, nodes: _NODES) -> int:
    node = nodes[problem.label]
    return node.line if problem.key is None else node.at([problem.key]).line


def _message(problem: GraphProblem, nodes: _NODES) -> str:
    if len(problem.circle) < 2:
        return problem.message
    lines = ", ".join(str(nodes[label].line) for label in problem.circle)
    return f"{problem.message} (lines {lines})"
