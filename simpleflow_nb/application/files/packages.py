"""The notebook application's packages, when a notebook command needs them."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from ...exceptions import DefinitionError


def has_application() -> bool:
    """Tell whether ``deciders`` and ``workers`` are ours: the engine's own commands do without them."""
    try:
        require_application()
    except DefinitionError:
        return False
    return True


def require_application() -> None:
    """Check that ``deciders`` and ``workers`` are ours: the working directory comes first on the path.

    Raises:
        DefinitionError: something else of that name is in the way, or they are not installed; names it.
    """
    home = Path(__file__).resolve().parents[3]
    for name in ("deciders", "workers"):
        loaded = sys.modules.get(name)
        spec = loaded.__spec__ if loaded is not None else find_spec(name)  # looking does not run what stands there
        if spec is None:
            raise DefinitionError(f"the package {name!r} of simpleflow_nb is not installed; install simpleflow_nb again")
        origin = Path(spec.origin) if spec.origin else Path(next(iter(spec.submodule_search_locations or [name])))
        folder = origin.parent if origin.name == "__init__.py" else origin
        if folder.resolve() != home / name:
            raise DefinitionError(
                f"{folder} hides the package {name!r} of simpleflow_nb; rename it, or run from another folder"
            )
