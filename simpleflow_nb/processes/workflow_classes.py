"""Workflow classes: those given to a decider, by type name and version; all others by their dotted paths."""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any, TypeGuard

from ..exceptions import DefinitionError, ExitCode, ReplayError, SimpleflowError
from ..import_errors import location_of_import_error
from ..tracebacks import text_of
from ..workflow import Workflow
from .interrupts import may_be_interrupted
from .own_modules import is_program

_HOOK = "__workflow__"  #: of what is no workflow itself


class WorkflowNotFound(ReplayError):
    """There is no class for an execution's type."""

    exit_code = ExitCode.WRONG


class WorkflowClasses:
    """The workflow classes given to a decider, by type name and version; each version of a type is a class.

    Raises:
        DefinitionError: two classes have one type name and version.
    """

    def __init__(self, classes: Iterable[type[Workflow]] = ()) -> None:
        self._classes: dict[tuple[str, str], type[Workflow]] = {}
        for cls in classes:
            self.add(cls)

    def __iter__(self) -> Iterator[type[Workflow]]:
        return iter(self._classes.values())

    def add(self, cls: type[Workflow]) -> bool:
        """Add a class; return False if it was added before.

        Raises:
            DefinitionError: another class has its type name and version.
        """
        key = (cls.type_name(), str(cls.version))  # a version that is no text is refused when it is registered
        is_new = key not in self._classes
        known = self._classes.setdefault(key, cls)
        if known is not cls:
            raise DefinitionError(
                f"{known.class_path()} and {cls.class_path()} are both version {cls.version!r} of workflow type "
                f"{key[0]!r}; give one of them another name or version"
            )
        return is_new

    def found(self, type_name: str, version: str, named: Callable[[], str | None]) -> type[Workflow]:
        """Find the class that decides executions of a type: one that was given, or was imported along with those.

        If no class was given, it is the one named in the execution's input, which ``named`` reads, provided that its version
        is that of the type: a class with a raised version decides no runs started before.

        Raises:
            WorkflowNotFound: there is none; the message lists the known versions.
        """
        if self._classes:  # the input of a run must not choose what is imported here
            return self._given(type_name, version, named)
        path = named()
        if not path:
            raise WorkflowNotFound(f"no workflow of type {type_name!r} is known here, and the input names no class")
        cls = named_class(path)
        if cls.version != version:
            raise WorkflowNotFound(
                f"version {version!r} of workflow type {type_name!r} is not known here: the input names {path}, which is "
                f"version {cls.version!r}; start a decider with the class of version {version!r}, or let another task list "
                "have it"
            )
        return cls

    def _given(self, type_name: str, version: str, named: Callable[[], str | None]) -> type[Workflow]:
        if (type_name, version) == (Workflow.Slice.type_name(), Workflow.Slice.version):
            return Workflow.Slice
        cls = self._classes.get((type_name, version)) or _imported_class(named(), type_name, version)
        if cls is not None:
            return cls
        versions = [repr(known) for name, known in self._classes if name == type_name]
        if versions:
            what = f"version {versions[0]}" if len(versions) == 1 else f"versions {', '.join(versions)}"
            raise WorkflowNotFound(
                f"version {version!r} of workflow type {type_name!r} is not known here: this decider was given {what} of it "
                "and imports no other; start it with that class too, or let another task list have it"
            )
        given = ", ".join(sorted({name for name, _ in self._classes}))
        raise WorkflowNotFound(
            f"no workflow of type {type_name!r} is known here: this decider was given {given} and imports no other; "
            "start it with that workflow too, or let another task list have it"
        )


def named_class(path: str) -> type[Workflow]:
    """Import the workflow that the input of a run names.

    Raises:
        WorkflowNotFound: it cannot be imported, is not a Workflow, or is in a program, which would run.
    """
    module = path.rpartition(".")[0]
    if is_program(module) and module not in sys.modules:
        raise WorkflowNotFound(f"{path}: {module} is a program, which is run and not imported")
    return workflow_class(path)


def workflow_class(path: str) -> type[Workflow]:
    """Import the workflow at a dotted path such as ``examples.basic.BasicWorkflow``, which may go through attributes.

    What stands there may have a workflow as its ``__workflow__`` instead of being one, as the flows of dialects do.

    Raises:
        WorkflowNotFound: it cannot be imported, or neither is a Workflow nor has one.
    """
    module_name, _, name = path.rpartition(".")
    if not module_name:
        raise WorkflowNotFound(f"{path!r} is not a dotted path to a class, such as examples.basic.BasicWorkflow")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        within = _class_within(path) if isinstance(error, ModuleNotFoundError) else None
        if within is not None:
            return within
        where = location_of_import_error(error)
        raise WorkflowNotFound(f"{path}: module {module_name} cannot be imported: {error}{where}") from error
    except BaseException as error:  # a module that skips or exits must not end the decider
        if isinstance(error, KeyboardInterrupt) and may_be_interrupted():
            raise
        where, said = location_of_import_error(error), f"{type(error).__name__}: {text_of(error)}"
        raise WorkflowNotFound(f"{path}: importing {module_name} raised {said}{where}") from error
    found = getattr(module, name, None)
    workflow = _workflow_of(found, path)
    if workflow is None:
        what = "it is not a Workflow" if found is not None else "there is no such class"
        raise WorkflowNotFound(f"{path}: {what} in {module_name}{_guess(name, module) if found is None else ''}")
    return workflow


def _workflow_of(found: Any, path: str) -> type[Workflow] | None:
    """Return what was found at a path, if it is a workflow, or the workflow that it has; None if neither.

    Raises:
        WorkflowNotFound: it should have one, and that cannot be made.
    """
    try:
        named = found if _is_workflow(found) else getattr(found, _HOOK, None)
    except SimpleflowError as error:
        raise WorkflowNotFound(f"{path}: {error}") from error
    return named if _is_workflow(named) else None


def _is_workflow(found: Any) -> TypeGuard[type[Workflow]]:
    return isinstance(found, type) and issubclass(found, Workflow)


def _class_within(path: str) -> type[Workflow] | None:
    """Return the workflow at a path into a module that has been imported, such as ``module.Class.Slice``; None without one."""
    parts = path.split(".")
    for n in range(len(parts) - 1, 0, -1):
        found: Any = sys.modules.get(".".join(parts[:n]))
        if found is not None:
            for name in parts[n:]:
                found = getattr(found, name, None)
            return _workflow_of(found, path)
    return None


def _imported_class(path: str | None, type_name: str, version: str) -> type[Workflow] | None:
    """Return a class that has been imported along with those given, such as one of their children; None without one."""
    found = _class_within(path or "")
    return found if found is not None and (found.type_name(), found.version) == (type_name, version) else None


def class_file(cls: type[Workflow]) -> str:
    """Return the absolute path of the source of a class; empty where it has none, as in a session at a prompt."""
    try:
        return os.path.realpath(inspect.getfile(cls))
    except (TypeError, OSError):
        return ""


def _guess(name: str, module: ModuleType) -> str:
    """Guess which workflow of the module was meant."""
    known = {
        key.lower(): key
        for key, value in vars(module).items()
        if isinstance(value, type) and value is not Workflow and (_is_workflow(value) or _has_hook(value))
    }
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.8)
    return f" (did you mean {known[close[0]]!r}?)" if close else ""


def _has_hook(cls: type) -> bool:
    """Tell whether a class has a workflow, without making it."""
    return inspect.getattr_static(cls, _HOOK, None) is not None


def common_task_list(classes: Iterable[type[Workflow]]) -> str:
    """The list on which decision tasks of these classes wait.

    Raises:
        DefinitionError: no class says one, or they say several.
    """
    lists = {cls.task_list for cls in classes if cls.task_list}
    if len(lists) == 1:
        return lists.pop()
    if not lists:
        raise DefinitionError("name the task list with --task-list: no workflow says one")
    raise DefinitionError(f"the workflows have different task lists ({', '.join(sorted(lists))}); choose with --task-list")
