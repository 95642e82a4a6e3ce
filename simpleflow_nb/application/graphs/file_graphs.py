"""The graph of a workflow of a file, and how far a run of it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..arguments import check_text
from ..looking.run_details import LabelView, RunDetails, run_details
from ..wording.runs import items_text
from .workflow_graph import Edge, EdgeKind, Node, WorkflowGraph

if TYPE_CHECKING:
    from deciders.specification import NotebookSpecification, Specification, WorkflowSpecification

    from ..services import Service


def graph_of_name(specification: Specification, outputs: Path, service: Service, name: str) -> WorkflowGraph:
    """Return the graph of the workflow of that name, or else that of the run that is meant.

    Raises: see `graph_of_run`.
    """
    check_text("name", name)
    for workflow in specification.workflows:
        if workflow.name == name:
            return graph_of_workflow(workflow)
    return graph_of_run(specification, outputs, service, name)


def graph_of_workflow(workflow: WorkflowSpecification) -> WorkflowGraph:
    """Return the graph of the labels of a workflow."""
    return WorkflowGraph(workflow.name, [_node(notebook) for notebook in workflow.notebooks], [*_edges(workflow)])


def graph_of_run(specification: Specification, outputs: Path, service: Service, reference: str) -> WorkflowGraph:
    """Return the graph of the workflow of a run, with the states of its labels in that run.

    The graph is that of the file as it is now; labels that it lacks are told in a note.

    Raises:
        DefinitionError: there is no such run, or several fit.
        ServiceError, RecordsError: the journal or the run records cannot be read, or the service cannot be reached.
    """
    from deciders.values.artefact_key import ArtefactKey

    details = run_details(specification, outputs, service, reference)
    workflow = specification.workflow(details.run.workflow)
    views = {view.name: view for view in details.labels if not ArtefactKey.parse(view.name).is_report}
    nodes = [_node(notebook, views.get(notebook.label), details) for notebook in workflow.notebooks]
    light = f" ({details.run.light})" if details.run.light else ""
    title = f"{details.run.title}: {details.run.state}{light}"
    return WorkflowGraph(title, nodes, [*_edges(workflow)], [*_notes(specification, workflow, views, details)])


def _notes(
    specification: Specification, workflow: WorkflowSpecification, views: Mapping[str, LabelView], details: RunDetails
) -> Iterator[str]:
    from deciders.problems import listed

    labels = {notebook.label for notebook in workflow.notebooks}
    if details.trouble is not None:
        yield f"what its notebooks do is not to be seen here: {details.trouble}"
    if gone := [label for label in views if label not in labels]:
        yield f"{specification.path.name} has no {listed(gone)} any more, which the run had"
    if views and (new := [label for label in labels if label not in views]):
        yield f"the run had no {listed(sorted(new))}, which {specification.path.name} has now"
    if details.interrupted is not None:
        yield details.interrupted


def _node(notebook: NotebookSpecification, view: LabelView | None = None, details: RunDetails | None = None) -> Node:
    from deciders.values.light import Light

    is_fan = notebook.for_each is not None or notebook.repeat is not None
    if view is None or details is None:
        return Node(notebook.label, notebook.label, [*_said(notebook)], is_fan=is_fan)
    lights = [one.light for one in details.items if one.label == notebook.label and one.light is not None]
    return Node(
        notebook.label,
        notebook.label,
        [*_said(notebook)],
        view.state,
        Light.worst(lights) if lights and view.state.ended_well else None,
        items_text(view.counts) if view.length is not None else "",
        is_fan,
    )


def _said(notebook: NotebookSpecification) -> Iterator[str]:
    """Yield how often and when a label runs."""
    if isinstance(notebook.for_each, str):
        yield f"for each of {notebook.for_each}"
    elif notebook.for_each is not None:
        yield f"for each {(' and ' if notebook.zip else ' x ').join(map(str, notebook.for_each))}"
    if notebook.repeat is not None:
        yield f"{notebook.repeat} times"
    if notebook.when is not None:
        yield f"when {_flow(notebook.when)}"
    if notebook.on_failure == "continue":
        yield "may fail"


def _flow(value: Any) -> str:
    import yaml

    return yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True).removesuffix("...\n").strip()


def _edges(workflow: WorkflowSpecification) -> Iterator[Edge]:
    graph = workflow.graph
    for notebook in workflow.notebooks:
        shape = graph.shapes[notebook.label]
        for need in shape.needs.values():
            is_handler = need.label in shape.handles and not need.takes_value
            kind = EdgeKind.HANDLER if is_handler else EdgeKind.VALUE if need.takes_value else EdgeKind.ORDER
            yield Edge(need.label, notebook.label, kind, graph.steps[need.label].is_fan and not need.share)
