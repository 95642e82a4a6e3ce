"""Workflow classes by their dotted paths."""

from __future__ import annotations

import difflib
import importlib
from types import ModuleType

from ..exceptions import ExitCode, ReplayError
from ..workflow import Workflow
from .import_errors import place_of_import_error


class WorkflowNotFound(ReplayError):
    """No class is known for an execution's type."""

    exit_code = ExitCode.WRONG


def workflow_class(path: str) -> type[Workflow]:
    """The workflow at a dotted path such as ``examples.basic.BasicWorkflow``.

    Raises:
        WorkflowNotFound: it cannot be imported, or is not a Workflow; one sentence.
    """
    module_name, _, name = path.rpartition(".")
    if not module_name:
        raise WorkflowNotFound(f"{path!r} is not a dotted path to a class, such as examples.basic.BasicWorkflow")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        where = place_of_import_error(error)
        raise WorkflowNotFound(f"{path}: module {module_name} cannot be imported: {error}{where}") from error
    except (Exception, SystemExit) as error:
        where = place_of_import_error(error)
        raise WorkflowNotFound(f"{path}: importing {module_name} raised {type(error).__name__}: {error}{where}") from error
    found = getattr(module, name, None)
    if not isinstance(found, type) or not issubclass(found, Workflow):
        what = "it is not a Workflow" if found is not None else "there is no such class"
        raise WorkflowNotFound(f"{path}: {what} in {module_name}{_guess(name, module) if found is None else ''}")
    return found


def _guess(name: str, module: ModuleType) -> str:
    """A workflow of the module that may have been meant."""
    known = {
        key.lower(): key
        for key, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Workflow) and value is not Workflow
    }
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.8)
    return f" (did you mean {known[close[0]]!r}?)" if close else ""
