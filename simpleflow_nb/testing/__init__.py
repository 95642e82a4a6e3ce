"""Tools to test workflows and projects: a service in memory whose clock skips the waiting.

::

    def test_my_workflow():
        assert run_workflow(Report, "2024-01-01") == {"flights": 3}

    def test_my_project(tmp_path):
        done = run_project("workflows.yml", {"count": lambda parameters: 3, "report": broken}, outputs=tmp_path)
        assert done.run("flights/2013-02-22").labels == {"count": "done", "report": "failed"}

The tools for projects are loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .replays import replay_workflow as replay_workflow
from .workflows import Harness as Harness
from .workflows import RunFailed as RunFailed
from .workflows import harness as harness
from .workflows import run_workflow as run_workflow

if TYPE_CHECKING:
    from .project_ends import ProjectCheck as ProjectCheck
    from .project_ends import ProjectEnd as ProjectEnd
    from .project_ends import RunEnd as RunEnd
    from .projects import run_project as run_project
    from .replaced_notebooks import NotebookEnd as NotebookEnd
    from .replaced_notebooks import notebook_value as notebook_value

_PLACES = {
    "NotebookEnd": "replaced_notebooks",
    "ProjectCheck": "project_ends",
    "ProjectEnd": "project_ends",
    "RunEnd": "project_ends",
    "notebook_value": "replaced_notebooks",
    "run_project": "projects",
}

__all__ = [
    "Harness",
    "NotebookEnd",
    "ProjectCheck",
    "ProjectEnd",
    "RunEnd",
    "RunFailed",
    "harness",
    "notebook_value",
    "replay_workflow",
    "run_project",
    "run_workflow",
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
