"""The page of one workflow: its graph, its settings, and its latest runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...application.looking.run_lists import RunChoice, list_runs
from ..shelf import Shelved
from ..signs import sign_of

MOST_RUNS = 100


def workflow_page(shelved: Shelved, name: str) -> Mapping[str, Any]:
    """Return the values of the page.

    Raises:
        DefinitionError: the file has no such workflow.
    """
    project = shelved.project
    rows = list_runs(project.specification, project.outputs, project.service, RunChoice(name)).runs
    newest = sorted(
        rows, key=lambda row: (row.reference_date or "", row.started.timestamp() if row.started else 0.0), reverse=True
    )
    longest = max((row.seconds or 0.0 for row in newest[:MOST_RUNS]), default=0.0)
    return {
        "shelved": shelved,
        "workflow": project.specification.workflow(name),
        "runs": [(row, sign_of(row.state, row.light)) for row in newest[:MOST_RUNS]],
        "more_runs": max(0, len(newest) - MOST_RUNS),
        "longest": longest,
    }
