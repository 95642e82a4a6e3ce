"""Reasons for which a kernel cannot be forked and must be a program of its own: a fork keeps the state of the fork server's
start.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Mapping
from importlib.machinery import all_suffixes
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec

from .fork_server import ForkServer
from .kernel import own_python_spec

#: Variables read only once, by the interpreter, the C library or a preloaded library; names or the beginnings of names.
START_UP_VARIABLES = (
    "PYTHON*",
    "LD_*",
    "DYLD_*",
    "GLIBC_TUNABLES",
    "MALLOC_*",
    "OMP_*",
    "GOMP_*",
    "KMP_*",
    "OPENBLAS_*",
    "MKL_*",
    "BLIS_*",
    "VECLIB_*",
    "GOTO_*",
    "NUMEXPR_*",
    "NPY_*",
    "ARROW_*",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "HOME",
    "XDG_*",
    "MPLCONFIGDIR",
    "MATPLOTLIBRC",
    "IPYTHON*",
    "JUPYTER*",
)


def spawn_reason(spec: KernelSpec | None) -> str:
    """Explain why a kernel of this specification, or any, is never forked here, in words that follow ``because``; empty if it
    can be.
    """
    if sys.platform != "linux" or not hasattr(select, "POLLRDHUP"):
        return "only Linux can look after forked kernels"
    if spec is not None and (spec.argv != own_python_spec().argv or spec.env):
        return f"its kernel is {spec.display_name!r}, not the Python of the worker"
    return ""


def fork_fault(server: ForkServer, folder: Path, environment: Mapping[str, str]) -> str:
    """Explain why this run's kernel must not come from ``server``, in words that follow ``because``; empty if it may."""
    if changed := changed_variable(server.environment, environment):
        return f"{changed} differs from that of the worker, and is read at the start of Python"
    relative = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry and not os.path.isabs(entry)]
    if relative:
        return f"PYTHONPATH names the relative folder {relative[0]!r}"
    if hiding := shadowing_file(folder, server.modules):
        return f"{hiding.name} in its folder hides a module that is imported ahead"
    return ""


def changed_variable(there: Mapping[str, str], here: Mapping[str, str]) -> str:
    """Return the first differing variable, in alphabetical order, that is read only at the start; empty if there is none."""
    for name in sorted(there.keys() | here.keys()):
        if there.get(name) != here.get(name) and is_read_at_start(name):
            return name
    return ""


def is_read_at_start(name: str) -> bool:
    """Return True if a variable of the environment has an effect only before Python and its libraries start."""
    return any(name == known or (known.endswith("*") and name.startswith(known[:-1])) for known in START_UP_VARIABLES)


def shadowing_file(folder: Path, modules: frozenset[str]) -> Path | None:
    """Return a module or package in the folder, which is first on a kernel's path, with the name of a preloaded module."""
    suffixes = tuple(all_suffixes())
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        name, dot, _ = entry.name.partition(".")
        if name not in modules:
            continue
        if (dot and entry.name.endswith(suffixes)) or (not dot and os.path.exists(os.path.join(entry.path, "__init__.py"))):
            return Path(entry.path)
    return None
