"""The notebook application's packages, when a notebook command needs them."""

from __future__ import annotations

import importlib
from pathlib import Path

from ..exceptions import DefinitionError


def require_application() -> None:
    """Check that ``deciders`` and ``workers`` are ours: the working directory comes first on the path.

    Raises:
        DefinitionError: something else of that name is in the way, or they are not installed; names it.
    """
    home = Path(__file__).resolve().parents[2]
    for name in ("deciders", "workers"):
        try:
            found = importlib.import_module(name)
        except ImportError as error:
            raise DefinitionError(f"the package {name!r} cannot be imported: {error}; install simpleflow_nb again") from None
        place = Path(found.__file__).resolve().parent if found.__file__ else Path(next(iter(found.__path__))).resolve()
        if place.parent != home:
            raise DefinitionError(f"{place} hides the package {name!r} of simpleflow_nb; rename it, or run from another folder")
