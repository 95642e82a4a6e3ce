"""Functions by name, in the submodules of one module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .exceptions import DispatchError


class ModuleDispatcher:
    """Finds ``submodule.function`` in a module.

    Args:
        mod: has the submodules as attributes.
        mapping: the submodules that may be named, with the names of the attributes; None for any.
    """

    def __init__(self, mod: Any, mapping: Mapping[str, str] | None = None) -> None:
        self._module, self._mapping = mod, mapping

    def dispatch(self, name: str) -> Callable[..., Any]:
        """Return the function of a name.

        Raises:
            DispatchError: there is none.
        """
        submodule, _, function = name.rpartition(".")
        attribute = submodule if self._mapping is None else self._mapping.get(submodule)
        if not attribute:
            raise DispatchError(f"cannot dispatch {name}: {submodule or 'no module'} is not in the mapping")
        try:
            found: Callable[..., Any] = getattr(getattr(self._module, attribute), function)
        except AttributeError as error:
            raise DispatchError(f"cannot dispatch {name}: {error}") from error
        return found
