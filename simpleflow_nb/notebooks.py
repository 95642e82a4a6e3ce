"""Public API of the notebook application, for notebooks and for programs and workflows that run them.

Everything but :func:`skip` is loaded on first use, so that a notebook's kernel imports only what it needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NoReturn

from .environment import value_of
from .variables import SIMPLEFLOW_NB_SKIP

if TYPE_CHECKING:
    from deciders.dates.date_stencil import DateStencil as DateStencil
    from deciders.problems import SpecificationError as SpecificationError
    from deciders.python_notebooks.notebook import notebook as notebook
    from deciders.python_notebooks.result import ExecutedNotebook as ExecutedNotebook
    from deciders.specification import load_specification as load_specification
    from workers.kernels.supply import warm_kernels as warm_kernels
    from workers.notebooks.notebook_errors import NotebookFailed as NotebookFailed
    from workers.notebooks.notebook_run import run_notebook as run_notebook

    from .application.events import Announcement as Announcement
    from .application.events import CheckEnded as CheckEnded
    from .application.events import Look as Look
    from .application.events import Note as Note
    from .application.events import RemoteRunEnded as RemoteRunEnded
    from .application.events import ReportMade as ReportMade
    from .application.events import RunChanged as RunChanged
    from .application.events import Started as Started
    from .application.project import Project as Project
    from .application.scenario_rows import scenarios as scenarios
    from .application.services import Local as Local
    from .application.services import Swf as Swf

_PLACES = {
    "Announcement": "simpleflow_nb.application.events",
    "CheckEnded": "simpleflow_nb.application.events",
    "DateStencil": "deciders.dates.date_stencil",
    "ExecutedNotebook": "deciders.python_notebooks.result",
    "Local": "simpleflow_nb.application.services",
    "Look": "simpleflow_nb.application.events",
    "Note": "simpleflow_nb.application.events",
    "NotebookFailed": "workers.notebooks",
    "Project": "simpleflow_nb.application.project",
    "RemoteRunEnded": "simpleflow_nb.application.events",
    "ReportMade": "simpleflow_nb.application.events",
    "RunChanged": "simpleflow_nb.application.events",
    "SpecificationError": "deciders.problems",
    "Started": "simpleflow_nb.application.events",
    "Swf": "simpleflow_nb.application.services",
    "load_specification": "deciders.specification",
    "notebook": "deciders.python_notebooks.notebook",
    "run_notebook": "workers.notebooks",
    "scenarios": "simpleflow_nb.application.scenario_rows",
    "warm_kernels": "workers.kernels.supply",
}

__all__ = [
    "Announcement",
    "CheckEnded",
    "DateStencil",
    "ExecutedNotebook",
    "Local",
    "Look",
    "Note",
    "NotebookFailed",
    "NotebookSkipped",
    "Project",
    "RemoteRunEnded",
    "ReportMade",
    "RunChanged",
    "SpecificationError",
    "Started",
    "Swf",
    "load_specification",
    "notebook",
    "run_notebook",
    "scenarios",
    "skip",
    "warm_kernels",
]


class NotebookSkipped(SystemExit):
    """Ends a notebook that has nothing to do. As a SystemExit, it passes ``except Exception``."""

    def _render_traceback_(self) -> list[str]:  # IPython shows this instead of a traceback
        return [f"skipped: {self.code}"]


def skip(reason: str) -> NoReturn:
    """End this notebook, as there is nothing to do today: ``skip("no data")``.

    Its label becomes ``skipped`` and green, it gets no report, and the labels that need it are skipped as well. In a notebook
    run by hand, in JupyterLab for example, the cell ends with the reason. In other languages, or without this package, write
    the reason into the file that the environment variable ``SIMPLEFLOW_NB_SKIP`` names, and end the notebook.

    Raises:
        NotebookSkipped: always.
        TypeError, ValueError: the reason is not a text, or is empty.
    """
    if not isinstance(reason, str):
        raise TypeError(f"the reason of skip() must be a text, not {type(reason).__name__}")
    if not reason.strip():
        raise ValueError("skip() needs a reason: what is shown is that there was nothing to do, and why")
    if file := value_of(SIMPLEFLOW_NB_SKIP):
        with open(file, "w", encoding="utf-8", errors="replace") as stream:
            stream.write(reason)
    raise NotebookSkipped(reason)


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names, which completion shows though they are not loaded yet."""
    return list(__all__)
