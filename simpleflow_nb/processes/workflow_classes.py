"""Workflow classes: by type name and version those that a decider was given, by their dotted paths all others."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType

from ..exceptions import DefinitionError, ExitCode, ReplayError
from ..workflow import Workflow
from .import_errors import place_of_import_error
from .own_modules import is_program


class WorkflowNotFound(ReplayError):
    """No class is known for an execution's type."""

    exit_code = ExitCode.WRONG


class WorkflowClasses:
    """The workflow classes that a decider was given, by type name and version; several versions of a type are several classes.

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
        """Know that class too; False when it was known before.

        Raises:
            DefinitionError: another class has its type name and version.
        """
        key = (cls.type_name(), str(cls.version))  # what is no text is refused when it is registered
        is_new = key not in self._classes
        known = self._classes.setdefault(key, cls)
        if known is not cls:
            raise DefinitionError(
                f"{known.class_path()} and {cls.class_path()} are both version {cls.version!r} of workflow type "
                f"{key[0]!r}; give one of them another name or version"
            )
        return is_new

    def found(self, type_name: str, version: str, named: Callable[[], str | None]) -> type[Workflow]:
        """The class that decides executions of a type.

        Where no class was given it is the one that the input of the execution names, which ``named`` reads, as long as its
        version is that of the type: a class whose version was raised decides none of the runs that were started before.

        Raises:
            WorkflowNotFound: there is none; one sentence says which versions there are.
        """
        if self._classes:  # whoever can start a run does not choose what is imported here
            return self._given(type_name, version)
        path = named()
        if not path:
            raise WorkflowNotFound(f"no workflow of type {type_name!r} is known here, and the input names no class")
        module = path.rpartition(".")[0]
        if is_program(module) and module not in sys.modules:
            raise WorkflowNotFound(f"{path}: {module} is a program, which is run and not imported")
        cls = workflow_class(path)
        if cls.version != version:
            raise WorkflowNotFound(
                f"version {version!r} of workflow type {type_name!r} is not known here: the input names {path}, which is "
                f"version {cls.version!r}; start a decider with the class of version {version!r}, or let another task list "
                "have it"
            )
        return cls

    def _given(self, type_name: str, version: str) -> type[Workflow]:
        cls = self._classes.get((type_name, version))
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
            "start it with that one too, or let another task list have it"
        )


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
