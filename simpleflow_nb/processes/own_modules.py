"""Which modules a worker imports because an input names them: those of the program that it works for.

Whoever can schedule a task chooses its input, so a module in it is not believed as one in the program's code is.
"""

from __future__ import annotations

import importlib.util
import re
import sysconfig
from pathlib import Path

_THIS = __name__.partition(".")[0]
_DISTRIBUTION = "simpleflow-nb"
_INSTALLED = {"site-packages", "dist-packages"}
_LIBRARY = [Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "platstdlib")]
_NAME = re.compile(r"[\w.-]+")


def is_program(module: str) -> bool:
    """Whether importing it runs a command, as ``python -m`` does; there are no activities in such a module."""
    return "__main__" in module.split(".")


def is_own(module: str, activity_name: str) -> bool:
    """Whether an input may have it imported. Nothing is imported to find out.

    It may be in the package that the activity's name begins with, which is imported for the name alone too; in a folder of
    the program's own, such as the working directory; or of an installed distribution that requires this one. What cannot be
    found at all may be: its import says so.
    """
    top = module.partition(".")[0]
    if "." in activity_name and top == activity_name.partition(".")[0]:
        return True
    if not top or top == _THIS:
        return False
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:  # one that was made by hand
        return False
    if spec is None:
        return True
    places = [Path(place) for place in spec.submodule_search_locations or [spec.origin or ""]]
    if not places or not all(place.is_absolute() for place in places):
        return False  # built in
    if any(_INSTALLED.intersection(place.parts) for place in places):
        return _requires_this(top)
    return not any(place.resolve().is_relative_to(library) for place in places for library in _LIBRARY)


def _requires_this(top: str) -> bool:
    """Whether a distribution with that top-level module requires this one."""
    from importlib import metadata  # slow to import, and rarely needed

    return any(
        _normal(found[0]) == _DISTRIBUTION
        for name in metadata.packages_distributions().get(top, ())
        for requirement in metadata.requires(name) or ()
        if (found := _NAME.match(requirement)) is not None
    )


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
