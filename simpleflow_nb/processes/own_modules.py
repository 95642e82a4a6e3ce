"""Modules that a worker may import because an input names them: those of its own program.

Anybody who can schedule a task chooses its input, so a module named there is not trusted like one in the program's code.
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
    """Return whether importing a module runs a command, as ``python -m`` does; it has no activities then."""
    return "__main__" in module.split(".")


def is_own(module: str, activity_name: str) -> bool:
    """Return whether an input may name a module for import. Nothing is imported to find out.

    Allowed are modules in the package that the activity's name begins with, which is imported for the name alone too; in a
    folder of the program's own, such as the working directory; and of an installed distribution that requires this one.
    A module that does not exist is allowed too: its import fails.
    """
    top = module.partition(".")[0]
    if "." in activity_name and top == activity_name.partition(".")[0]:
        return True
    if not top or top == _THIS:
        return False
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:  # a module made by hand, without a spec
        return False
    if spec is None:
        return True
    paths = [Path(path) for path in spec.submodule_search_locations or [spec.origin or ""]]
    if not paths or not all(path.is_absolute() for path in paths):
        return False  # built in
    if any(_INSTALLED.intersection(path.parts) for path in paths):
        return _requires_this(top)
    return not any(path.resolve().is_relative_to(library) for path in paths for library in _LIBRARY)


def _requires_this(top: str) -> bool:
    """Return whether a distribution with a top-level module requires this one."""
    from importlib import metadata  # slow to import, and rarely needed

    return any(
        _normal(found[0]) == _DISTRIBUTION
        for name in metadata.packages_distributions().get(top, ())
        for requirement in metadata.requires(name) or ()
        if (found := _NAME.match(requirement)) is not None
    )


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
