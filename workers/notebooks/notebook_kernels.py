"""The kernel of a notebook: its own, the one chosen for it, or this interpreter if its own is missing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .notebook_errors import NotebookRefused

if TYPE_CHECKING:
    from jupyter_client.kernelspec import KernelSpec

OWN_KERNEL = "python3"  #: name of the kernel that is this interpreter

_PYTHONS = ("python", "ipython", "python2", "python3")


def kernel_for(
    path: Path, metadata: Mapping[str, Any], chosen: str | None, falls_back: bool
) -> tuple[str, KernelSpec, str | None]:
    """Return name and specification of the kernel to run in, and the name of the missing one if this is a substitute."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    name, language = _wanted_kernel(metadata, chosen)
    if chosen is None and language not in _PYTHONS and not _names_kernel(metadata):
        raise NotebookRefused(f"notebook {path} is in {language.title()} and names no kernel; save it in Jupyter with one")
    try:
        return name, kernel_called(name), None
    except (NoSuchKernel, ValueError):
        if chosen is None and language == "python" and falls_back:
            return OWN_KERNEL, kernel_called(OWN_KERNEL), name
    installed = sorted({*KernelSpecManager().find_kernel_specs(), OWN_KERNEL})
    if chosen is None:
        why = "" if falls_back or language != "python" else ", and kernel_fallback is false"
        raise NotebookRefused(
            f"notebook {path} wants kernel {name!r}, which is not installed (there is {_listed(installed)}){why}"
        )
    raise NotebookRefused(f"kernel {name!r} for notebook {path} is not installed (there is {_listed(installed)})")


def kernel_called(name: str) -> KernelSpec:
    """Return the specification of a kernel; ``python3`` is this interpreter, whatever is installed under that name.

    Raises:
        NoSuchKernel, ValueError: there is no kernel of that name, or it is no valid name.
    """
    from jupyter_client.kernelspec import KernelSpecManager

    from ..kernels.kernel import own_python_spec

    return own_python_spec() if name in (OWN_KERNEL, "python") else KernelSpecManager().get_kernel_spec(name)


def substitute_note(kernel: str) -> str:
    """Say that a notebook's kernel is missing, and which Python runs it instead."""
    version = ".".join(map(str, sys.version_info[:3]))
    return (
        f"kernel {kernel!r} is not installed, and Python {version} ({sys.executable}) runs the notebook instead "
        "('kernel: python3' says that this is right, 'kernel_fallback: false' refuses it)"
    )


def needs_no_kernel_search(metadata: Mapping[str, Any], chosen: str | None) -> bool:
    """Return True if a notebook runs on this interpreter whatever is installed. ``chosen`` is the kernel chosen for it,
    if any.
    """
    name, language = _wanted_kernel(metadata, chosen)
    return name == OWN_KERNEL and (chosen is not None or language in _PYTHONS or _names_kernel(metadata))


def _wanted_kernel(metadata: Mapping[str, Any], chosen: str | None) -> tuple[str, str]:
    """Return the name of a notebook's kernel, and its language in lower case."""
    spec = _mapping(metadata.get("kernelspec"))
    name = chosen or spec.get("name") or OWN_KERNEL
    language = spec.get("language") or _mapping(metadata.get("language_info")).get("name") or "python"
    return OWN_KERNEL if name == "python" or not isinstance(name, str) else name, str(language).lower()


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _names_kernel(metadata: Mapping[str, Any]) -> bool:
    name = _mapping(metadata.get("kernelspec")).get("name")
    return isinstance(name, str) and name != ""


def _listed(names: Iterable[str]) -> str:
    *most, last = [repr(name) for name in (names if isinstance(names, dict) else sorted(names))]
    return f"{', '.join(most)} and {last}" if most else last
