"""Which kernel a notebook runs in: its own, the one that is chosen for it, or this interpreter where its own is missing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deciders.notebook_document import NoNotebook, notebook_document
from workers.notebook_errors import NotebookRefused
from workers.sloppy_notebooks import put_right

if TYPE_CHECKING:
    from jupyter_client.kernelspec import KernelSpec

    from deciders.specification import Specification

OWN_KERNEL = "python3"  #: name of the kernel that is this interpreter

_PYTHONS = ("python", "ipython", "python2", "python3")


def kernel_for(
    path: Path, metadata: Mapping[str, Any], chosen: str | None, falls_back: bool
) -> tuple[str, KernelSpec, str | None]:
    """Name and specification of the kernel to run in, and the one that is missing if this is its substitute."""
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
    """The specification of a kernel; ``python3`` is this interpreter, whatever is installed under that name.

    Raises:
        NoSuchKernel, ValueError: there is none of that name, or it cannot be the name of one.
    """
    from jupyter_client.kernelspec import KernelSpecManager

    from workers.kernels.kernel import own_python_spec

    return own_python_spec() if name in (OWN_KERNEL, "python") else KernelSpecManager().get_kernel_spec(name)


def substitute_note(kernel: str) -> str:
    """What to say of a notebook whose kernel of that name is missing: which Python runs it instead."""
    version = ".".join(map(str, sys.version_info[:3]))
    return (
        f"kernel {kernel!r} is not installed, and Python {version} ({sys.executable}) runs the notebook instead "
        "('kernel: python3' says that this is right, 'kernel_fallback: false' refuses it)"
    )


def missing_kernels(specification: Specification) -> list[str]:
    """A sentence for each notebook that would be refused here because its kernel is not installed."""
    sentences = []
    for notebook in (one for workflow in specification.workflows for one in workflow.notebooks):
        path = specification.inputs_dir / notebook.filename
        metadata = _metadata(path)
        name, language = _wanted_kernel(metadata, notebook.kernel)
        if name == OWN_KERNEL and (notebook.kernel is not None or language in _PYTHONS or _names_kernel(metadata)):
            continue  # most do, and what looks for kernels takes a while to import
        try:
            kernel_for(path, metadata, notebook.kernel, notebook.kernel_fallback)
        except NotebookRefused as refusal:
            sentences.append(str(refusal))
    return list(dict.fromkeys(sentences))


def substituted_kernels(specification: Specification) -> list[str]:
    """A sentence for each notebook that would run in this Python, and be orange, because its own kernel is not installed."""
    sentences = []
    for notebook in (one for workflow in specification.workflows for one in workflow.notebooks):
        path = specification.inputs_dir / notebook.filename
        metadata = _metadata(path)
        if notebook.kernel is not None or not notebook.kernel_fallback or _wanted_kernel(metadata, None)[0] == OWN_KERNEL:
            continue
        try:
            _, _, missing = kernel_for(path, metadata, None, True)
        except NotebookRefused:
            continue  # `missing_kernels` says so
        if missing is not None:
            sentences.append(f"notebook {notebook.filename!r}: {substitute_note(missing)}")
    return list(dict.fromkeys(sentences))


def _metadata(path: Path) -> dict[str, Any]:
    """What an ``.ipynb`` file says of itself; nothing where it is none, which others say."""
    if path.suffix != ".ipynb":
        return {}
    try:
        return _mapping(put_right(notebook_document(path.read_bytes()))["metadata"])
    except (OSError, NoNotebook):
        return {}


def _wanted_kernel(metadata: Mapping[str, Any], chosen: str | None) -> tuple[str, str]:
    """The name of a notebook's kernel, and its language in lower case."""
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
