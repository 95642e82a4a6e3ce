"""A notebook as a workflow in Python submits it: ``self.submit(notebook("one_day.ipynb"), day=day)``."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, Literal, get_args

from simpleflow_nb import RetryPolicy, Workflow
from simpleflow_nb.base import Giving, Parametric, SubmittableContainer
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.futures import Future
from simpleflow_nb.retry import retry_policy
from simpleflow_nb.slices import REPEAT_INDEX

from ..path_parts import path_part
from ..specification.notebook_limits import VARIABLE_PATTERN, duration_seconds, memory_bytes
from .result import ExecutedNotebook
from .run import NotebooksOfRun

_ENDINGS = (".ipynb", ".py")
_PRIORITY = "__priority"
CountedWarnings = Literal["own", "all", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookLimits:
    """Limits and surroundings of a notebook, with the names that `run_notebook` gives them; None is its default."""

    kernel: str | None = None
    timeout_seconds: float | None = None
    cell_timeout_seconds: float | None = None
    memory_limit_bytes: int | None = None
    printed_limit_bytes: int | None = None
    displayed_limit_bytes: int | None = None
    environment: Mapping[str, str] | None = None
    counted_warnings: CountedWarnings = "own"
    kernel_fallback: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return those that are not the defaults, as arguments of the activity."""
        found = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        given = {name: value for name, value in found.items() if value != _DEFAULTS[name]}
        if "environment" in given:
            given["environment"] = dict(given["environment"])
        if "counted_warnings" in given:
            given["warnings"] = given.pop("counted_warnings")
        return given


_DEFAULTS: Mapping[str, Any] = {one.name: one.default for one in dataclasses.fields(NotebookLimits)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook(Parametric[ExecutedNotebook]):
    """A notebook file with its limits; made by :func:`notebook`. It may be submitted any number of times."""

    filename: str  #: relative to the folder of the workflow's file, or absolute
    label: str
    argument: str | None = None  #: name of the parameter that takes what is given without a name
    limits: NotebookLimits = field(default_factory=NotebookLimits)
    retry: int | RetryPolicy = 0
    raises_on_failure: bool | None = None

    def given(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> GivenNotebook:
        parameters = dict(kwargs)
        options = {_PRIORITY: parameters.pop(_PRIORITY)} if _PRIORITY in parameters else {}
        for value in args:
            for name, one in self._named(value).items():
                if name in parameters:
                    raise DefinitionError(f"notebook {self.label!r} is given parameter {name!r} twice")
                parameters[name] = one
        return GivenNotebook(self, parameters, options)

    def repeated(self, args: tuple[Any, ...], kwargs: dict[str, Any], index: int) -> GivenNotebook:
        found = self.given(args, kwargs)
        if REPEAT_INDEX in found.parameters:
            raise DefinitionError(f"{REPEAT_INDEX} is given by repeat() itself; leave it out")
        found.offered[REPEAT_INDEX] = index
        return found

    def _named(self, value: Any) -> Mapping[str, Any]:
        """Return the parameters that a value without a name stands for."""
        if self.argument is not None:
            return {self.argument: value}
        if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
            return value
        raise DefinitionError(
            f"notebook {self.label!r} takes its parameters by name, and is given {value!r:.80}: say which one takes it, "
            f"notebook({self.filename!r}, argument='name'), or give a mapping, {{'name': value}}"
        )


class GivenNotebook(SubmittableContainer, Giving[ExecutedNotebook]):
    """A notebook with its parameters, which may hold futures.

    ``offered`` are parameters that it gets if it declares them.
    """

    def __init__(self, notebook: Notebook, parameters: dict[str, Any], options: dict[str, Any]) -> None:
        self.notebook, self.parameters, self.options = notebook, parameters, options
        self.offered: dict[str, Any] = {}
        self.raises_on_failure = notebook.raises_on_failure

    def propagate_attribute(self, attr: str, val: Any) -> None:
        setattr(self, attr, val)

    def with_argument(self, value: Any) -> GivenNotebook:
        more = self.notebook.given((value,), {**self.parameters, **self.options})
        more.offered, more.raises_on_failure = dict(self.offered), self.raises_on_failure
        return more

    def submit(self, executor: Workflow) -> Future[ExecutedNotebook]:
        notebook = self.notebook
        return NotebooksOfRun.of(executor).submit(
            label=notebook.label,
            filename=notebook.filename,
            retry=notebook.retry,
            raises_on_failure=self.raises_on_failure,
            parameters=self.parameters,
            offered=self.offered,
            limits=notebook.limits.as_json(),
            timeout_seconds=notebook.limits.timeout_seconds,
            options=self.options,
        )

    def __repr__(self) -> str:
        return f"<notebook {self.notebook.filename} with {', '.join(self.parameters) or 'no parameters'}>"


def notebook(
    path: str | os.PathLike[str],
    *,
    label: str | None = None,
    argument: str | None = None,
    retry: int | RetryPolicy = 0,
    raises_on_failure: bool | None = None,
    kernel: str | None = None,
    timeout_seconds: float | None = None,
    cell_timeout_seconds: float | None = None,
    memory_limit_bytes: int | None = None,
    printed_limit_bytes: int | None = None,
    displayed_limit_bytes: int | None = None,
    environment: Mapping[str, str] | None = None,
    counted_warnings: CountedWarnings = "own",
    kernel_fallback: bool = True,
) -> Notebook:
    """Return a notebook that a workflow can submit: ``self.submit(notebook("one_day.ipynb"), day=day)``.

    Its future's result is an `ExecutedNotebook`. Groups, chains, ``map``, ``for_each`` and ``repeat`` take it like an activity.

    Args:
        path: an ``.ipynb`` file, or a ``.py`` file in percent format; relative to the file that defines the workflow class.
        label: names its folder in the run's; the file's name without the ending by default. A label that was used before in the
            run gets a number: ``one_day``, ``one_day-2``.
        argument: name of the parameter that takes an item of ``map`` or ``for_each``, what a chain sends on, and a positional
            argument. Without it these have to be mappings of parameters.
        retry: number of retries after a failure, 10, 20, 40 s later and so on, or a :class:`~simpleflow_nb.retry.RetryPolicy`.
            A notebook that is refused is not retried.
        raises_on_failure: as of an activity.
        kernel, timeout_seconds, cell_timeout_seconds, memory_limit_bytes, environment, counted_warnings, kernel_fallback: as of
            :func:`~simpleflow_nb.notebooks.run_notebook`.
        printed_limit_bytes, displayed_limit_bytes: what one cell may print, and what it may display.

    Raises:
        DefinitionError: one of these is nothing that a notebook can have; the sentence says what would be right.
    """
    filename = os.fspath(path)
    if not isinstance(filename, str) or PurePath(filename).suffix not in _ENDINGS:
        raise DefinitionError(f"notebook({filename!r:.80}): a notebook is an .ipynb file, or a .py file with cells ('# %%')")
    where = f"notebook({filename!r})"
    try:
        retry_policy(retry)
    except DefinitionError as error:
        raise DefinitionError(f"{where}: {error}") from None
    for name, text in (("label", label), ("argument", argument), ("kernel", kernel)):
        if text is not None and (not isinstance(text, str) or not text.strip()):
            raise DefinitionError(f"{where}: {name} is {text!r:.80}; it is a text")
    chosen = label if label is not None else PurePath(filename).stem
    if ":" in chosen or path_part(chosen) != chosen:
        raise DefinitionError(
            f"{where}: {chosen!r:.80} cannot be a label, which is the name of a folder; give one without / : and the like, "
            "label='...'"
        )
    if argument is not None and not argument.isidentifier():
        raise DefinitionError(f"{where}: argument is {argument!r:.80}; it is the name of a parameter")
    if counted_warnings not in get_args(CountedWarnings):
        raise DefinitionError(f"{where}: counted_warnings is {counted_warnings!r:.80}; it is 'own', 'all' or 'none'")
    for name, flag in (("kernel_fallback", kernel_fallback), ("raises_on_failure", raises_on_failure)):
        if not isinstance(flag, bool | None):
            raise DefinitionError(f"{where}: {name} is {flag!r:.80}; it is True or False")
    return Notebook(
        filename=filename,
        label=chosen,
        argument=argument,
        retry=retry,
        raises_on_failure=raises_on_failure,
        limits=NotebookLimits(
            kernel=kernel,
            timeout_seconds=_checked(where, "timeout_seconds", duration_seconds, timeout_seconds),
            cell_timeout_seconds=_checked(where, "cell_timeout_seconds", duration_seconds, cell_timeout_seconds),
            memory_limit_bytes=_checked(where, "memory_limit_bytes", memory_bytes, memory_limit_bytes),
            printed_limit_bytes=_checked(where, "printed_limit_bytes", memory_bytes, printed_limit_bytes),
            displayed_limit_bytes=_checked(where, "displayed_limit_bytes", memory_bytes, displayed_limit_bytes),
            environment=_checked_environment(where, environment),
            counted_warnings=counted_warnings,
            kernel_fallback=kernel_fallback,
        ),
    )


def _checked(where: str, name: str, read: Callable[[Any], Any], value: Any) -> Any:
    if value is None:
        return None
    try:
        return read(value)
    except ValueError as error:
        raise DefinitionError(f"{where}: {name} is {value!r:.80}; it is {error}") from None


def _checked_environment(where: str, variables: Mapping[str, str] | None) -> Mapping[str, str] | None:
    if variables is None:
        return None
    if not isinstance(variables, Mapping):
        raise DefinitionError(f"{where}: environment is {variables!r:.80}; it is a mapping of texts")
    for name, text in variables.items():
        if not isinstance(name, str) or not re.match(VARIABLE_PATTERN, name):
            raise DefinitionError(f"{where}: {name!r:.80} in environment cannot be the name of a variable")
        if not isinstance(text, str) or "\0" in text:
            raise DefinitionError(f"{where}: {name!r} in environment is {text!r:.80}; it is a text without NUL")
    return MappingProxyType(dict(variables))
