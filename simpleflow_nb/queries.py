"""Queries: methods of a workflow that answer questions about a run, in the process that asks.

::

    class Report(Workflow):
        done = 0

        @query
        def progress(self) -> int:
            return self.done
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from .exceptions import DefinitionError

F = TypeVar("F", bound=Callable[..., Any])

_NAME = "__query__"


@overload
def query(method: F, /) -> F: ...
@overload
def query(*, name: str | None = None) -> Callable[[F], F]: ...
def query(method: Any = None, /, *, name: str | None = None) -> Any:
    """Declare a method of a workflow, written with ``def``, as a query, asked by its name or by ``name``.

    It is asked with ``workflow.query``, or with ``query`` of a test's harness. That replays the history in the process that
    asks, which needs the workflow's code, and writes nothing to the service. The answer, a JSON value, is the state after the
    last decision that is recorded: events that have arrived since have not been seen by the code yet. Before the first
    decision it is the state after ``__init__``.

    The method may read attributes, and futures that have ended. What it sets is forgotten.

    Raises:
        DefinitionError: it is not a plain function, or the name is not a text; when it is asked, it has called something that
            waits, submits, records or changes the run.
    """
    if name is not None and (not isinstance(name, str) or not name or name != name.strip()):
        raise DefinitionError(f"{name!r} cannot name a query; give a text without blanks around it")
    if method is None:
        return lambda decorated: _declared(decorated, name)
    return _declared(method, name)


def _declared(method: Any, name: str | None) -> Any:
    if not inspect.isfunction(method):
        raise DefinitionError(
            f"{method!r:.80} cannot be a query; write @query before a def of the workflow, or @query(name=...)"
        )
    kinds = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    if any(is_kind(method) for is_kind in kinds):
        raise DefinitionError(f"the query {method.__qualname__} never waits; write a plain def that returns its answer")
    setattr(method, _NAME, name or method.__name__)
    return method


@dataclass(frozen=True)
class Query:
    """A query of a workflow class."""

    name: str
    method: str  #: name of the method that answers
    signature: str  #: of its arguments and its answer, such as ``(day: str) -> int``
    summary: str  #: the first line of its docstring


def queries_of(cls: type) -> dict[str, Query]:
    """Return the queries of a workflow class by name, in the order of their names.

    A method that overrides a query is one, too, decorated or not.

    Raises:
        DefinitionError: two methods answer to one name.
    """
    return marked_methods(cls, _NAME, "queries")


def marked_methods(cls: type, mark: str, what: str) -> dict[str, Query]:
    """Return the methods of a class whose functions have the attribute ``mark``, by the names it holds; see `queries_of`."""
    names: dict[str, str] = {}  # of queries, by method
    for base in reversed(cls.__mro__):
        for attribute, value in vars(base).items():
            given = getattr(value, mark, None) if inspect.isfunction(value) else None
            if given is not None:
                names[attribute] = given
            elif attribute in names and not inspect.isfunction(value):
                del names[attribute]
    found: dict[str, Query] = {}
    for method, name in sorted(names.items(), key=lambda pair: pair[::-1]):
        if name in found:
            where = f"{cls.__module__}.{cls.__qualname__}"
            raise DefinitionError(
                f"{where} has two {what} named {name!r}: {found[name].method} and {method}; rename one of them"
            )
        function = getattr(cls, method)
        found[name] = Query(name, method, _signature(function), (inspect.getdoc(function) or "").partition("\n")[0])
    return found


def _signature(function: Callable[..., Any]) -> str:
    """Return the signature without ``self``; annotations as they are written if they cannot be evaluated."""
    try:
        signature = inspect.signature(function, eval_str=True)
    except Exception:  # of evaluating a name that is imported for type checkers only
        signature = inspect.signature(function)
    return str(signature.replace(parameters=list(signature.parameters.values())[1:]))
