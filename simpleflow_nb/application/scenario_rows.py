"""Scenarios from rows in a script or a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .asking.scenarios import ScenariosOutcome
from .project import Project
from .services import Service


def scenarios(
    rows: Any,
    *,
    workflow: str,
    instance: str,
    name: str = "rows",
    parameters: Mapping[str, Any] | None = None,
    results: Sequence[str] = (),
    max_parallel: int = 20,
    stop_on_failure: bool = False,
    force: bool = False,
    file: Path | str | None = None,
    outputs: Path | str | None = None,
    service: Service | None = None,
    workers: int | None = None,
) -> ScenariosOutcome:
    """Run a workflow once for each row, a list of mappings or a data frame, and wait for the end.

    Rows that have succeeded before in a set of that name, with the same parameters and notebooks, are not run again. The
    ``rows`` of what is returned have the state and the chosen scraps of each instance; ``is_success`` is False if one has
    failed. ``file``, ``outputs`` and ``service`` are those of `Project.open`, the other arguments those of its
    ``scenarios.start_rows``. On a service the runs are only started.

    Raises:
        SpecificationError: every problem of the file.
        DefinitionError: the rows make no scenarios of that workflow.
        OutputsError: the outputs folder cannot be written to.
    """
    project = Project.open(file, outputs=outputs, service=service)
    call = project.scenarios.start_rows(
        rows,
        workflow=workflow,
        instance=instance,
        name=name,
        parameters=parameters,
        results=results,
        max_parallel=max_parallel,
        stop_on_failure=stop_on_failure,
        force=force,
        workers=workers,
    )
    return call.result()
