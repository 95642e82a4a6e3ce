"""Parts of the key of an item that is shared with other runs: everything that its work depends on, as its worker finds it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deciders.specification.file_patterns import files_read
from deciders.tasks.arguments import SharedSettings
from deciders.tasks.results import NotebookResult
from deciders.values.key_parts import KeyParts
from simpleflow_nb.environment import inherited, value_of
from simpleflow_nb.variables import FLOWAPI_URL

from ..notebooks.notebook_source import read_notebook_source
from ..secrets import masked_leaves
from .content_hashes import hash_of, hash_of_executed, modules_in

if TYPE_CHECKING:
    from jupyter_client.kernelspec import KernelSpec

_VERSION_SECONDS = 20  #: in which an interpreter says its version
_INPUTS_DIR = "(inputs folder)"  #: in the place of its path, which differs between machines


def parts_of_item(
    notebook: Path,
    settings: SharedSettings,
    *,
    inputs_dir: Path,
    outputs: Path,
    kernel: str | None,
    kernel_fallback: bool,
    environment: Mapping[str, str],
    parameters: Mapping[str, Any],
    upstream: Mapping[str, Any],
    files: Mapping[str, Mapping[str, Any]],
    failures: Mapping[str, Sequence[Mapping[str, Any]]],
    flowapi_url_as: Sequence[str],
) -> KeyParts:
    """Return the parts of an item's key. Known secrets in values are masked first, so that no key depends on them.

    Raises:
        NotebookRefused: there is no such notebook, or its kernel is not installed.
        OSError, ValueError: something that it depends on cannot be read.
    """
    source = read_notebook_source(notebook, kernel=kernel, falls_back=kernel_fallback)
    values = {name: _INPUTS_DIR if name in settings.inputs_dir_as else value for name, value in parameters.items()}
    values |= {name: value_of(FLOWAPI_URL) or "" for name in flowapi_url_as}
    values |= {name: [dict(one) for one in failed] for name, failed in failures.items()}
    values |= {name: {"file": f"{one['label']}/{one['path']}"} for name, one in files.items()}
    plain: dict[str, Any] = masked_leaves({"parameters": values, "environment": dict(environment), "axes": dict(settings.axes)})
    return KeyParts.of(
        notebook={notebook.relative_to(inputs_dir).as_posix(): source.sha256},
        kernel={source.kernel_name: interpreter_version(source.kernel_spec)},
        environment=plain["environment"],
        axes=plain["axes"],
        turn={"": settings.turn} if settings.turn else {},
        parameters=plain["parameters"],
        upstream={name: _made(made) for name, made in upstream.items()},
        files={f"{one['label']}/{one['path']}": _files(one["path"], one["made"]) for one in files.values()},
        modules=modules_in(inputs_dir, but=set(settings.named_files), outputs=outputs),
        reads={name: hash_of(inputs_dir / name) for name in files_read(inputs_dir, settings.reads, outputs=outputs)},
        data=settings.stamps,
    )


def interpreter_version(spec: KernelSpec) -> str:
    """Return the version of the program that a kernel runs on.

    A program that does not tell its version is recognised by the size and the time of change of its file.
    """
    program = spec.argv[0]
    if program == sys.executable:
        return f"{sys.implementation.name} {sys.version.split()[0]}"
    try:
        found = os.stat(program)
    except OSError:
        return _told_version(program, (spec.language or "").lower(), 0, 0)
    return _told_version(program, (spec.language or "").lower(), found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=100)
def _told_version(program: str, language: str, size: int, changed_ns: int) -> str:
    asks = (
        ["-c", "import sys; print(sys.implementation.name, sys.version.split()[0])"] if language == "python" else ["--version"]
    )
    try:
        said = subprocess.run(
            [program, *asks],
            capture_output=True,
            text=True,
            check=True,
            timeout=_VERSION_SECONDS,
            env=inherited(),
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return f"{program}, {size} bytes, {changed_ns}"
    return " ".join((said.stdout or said.stderr).split())


def _made(made: Any) -> Any:
    if isinstance(made, list):
        return [None if one is None else _made(one) for one in made]
    result = NotebookResult.of_json(made)
    return result.key or hash_of_executed(Path(result.path))


def _files(path: str, made: Any) -> Any:
    if isinstance(made, list):
        return [None if one is None else _files(path, one) for one in made]
    found = Path(NotebookResult.of_json(made).path).parent / path
    return hash_of(found) if found.exists() else None
