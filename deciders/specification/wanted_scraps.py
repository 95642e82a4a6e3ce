"""Scraps that a workflow file refers to: those that workers return when its notebooks end."""

from __future__ import annotations

from collections.abc import Mapping

from ..steps.references import ValueKind
from .models import WorkflowSpecification
from .parameter_values import ScrapValue, read_value


def wanted_scraps(workflow: WorkflowSpecification) -> Mapping[str, tuple[str, ...]]:
    """Return by label the names of its scraps that conditions, axes and parameters of the workflow refer to."""
    found: dict[str, dict[str, None]] = {notebook.label: {} for notebook in workflow.notebooks}
    for label, asked in workflow.graph.wanted.items():
        found[label].update((value.name, None) for value in asked if value.kind is ValueKind.SCRAP and value.name is not None)
    for notebook in workflow.notebooks:
        for written in notebook.parameters.values():
            if not isinstance(written, str) and isinstance(value := read_value(written, found), ScrapValue):
                found[value.label][value.name] = None
    return {label: tuple(names) for label, names in found.items()}
