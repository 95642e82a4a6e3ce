"""A middleware by its dotted path."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from .exceptions import DefinitionError
from .import_errors import location_of_import_error
from .tracebacks import text_of


def middleware_function(path: str) -> Callable[..., Any]:
    """Import a function that is called before or after each body.

    Raises:
        DefinitionError: it cannot be imported, or cannot be called.
    """
    module_name, _, name = path.rpartition(".")
    if not module_name:
        raise DefinitionError(f"middleware {path}: write the module too, as in package.module.{path or 'function'}")
    try:
        module = importlib.import_module(module_name)
    except BaseException as error:  # a module that exits must not end the worker
        what = f"{type(error).__name__}: {text_of(error)}{location_of_import_error(error)}"
        raise DefinitionError(f"middleware {path}: {module_name} cannot be imported: {what}") from error
    found = getattr(module, name, None)
    if not callable(found):
        what = "there is no such function" if found is None else "it cannot be called"
        raise DefinitionError(f"middleware {path}: {what} in {module_name}")
    function: Callable[..., Any] = found
    return function
