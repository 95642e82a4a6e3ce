"""Paths as they are stored: relative to the outputs folder, so that a project that was moved or copied finds its files.

Records of version 0.1 have absolute paths. If an absolute path is that of a file of a run in a former outputs folder, it is
replaced by the path of the same file in the present outputs folder, if that exists.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .artefacts import path_in_run

#: key in ``config.json``: the names of the parameters that are paths relative to the outputs folder
RELATIVE = "relative_to_outputs"

_OUTPUTS = "{outputs}/"
#: reference to the executed notebook in a failure, always below the outputs
_EXECUTED = re.compile(r"\(see (/[^()\n]*\.ipynb)\)")


def kept_path(path: str, outputs: Path) -> str:
    """Make the path of a file below the outputs folder relative to it, with slashes; return any other path unchanged."""
    below = f"{outputs}{os.sep}"
    return path[len(below) :].replace(os.sep, "/") if path.startswith(below) else path


def found_path(kept: str, outputs: Path, workflow: str, instance: str) -> str:
    """Return the absolute path for a stored path of a run of that workflow and instance."""
    if not kept.startswith(os.sep):  # the cheap check first: there are thousands
        return f"{outputs}{os.sep}{kept}" if "://" not in kept and not os.path.isabs(kept) else kept
    if not kept.startswith(f"{outputs}{os.sep}") and (tail := path_in_run(kept, workflow, instance)) is not None:
        present = os.path.join(outputs, tail)
        if os.path.isfile(present):
            return present
    return kept


def kept_text(text: str, outputs: Path) -> str:
    """Replace paths below the outputs folder in a sentence by their stored form, which begins with ``{outputs}``."""
    return text.replace(f"{outputs}{os.sep}", _OUTPUTS)


def found_text(text: str, outputs: Path, workflow: str, instance: str) -> str:
    """Replace stored paths in a sentence about a run by present ones."""

    def present(found: re.Match[str]) -> str:
        return f"(see {found_path(found[1], outputs, workflow, instance)})"

    text = text.replace(_OUTPUTS, f"{outputs}{os.sep}")
    return _EXECUTED.sub(present, text) if "(see " in text else text


def place_beside(path: str | Path, outputs: Path) -> str:
    """Return the path of a file or folder outside of the outputs, relative to them: ``../count.ipynb``. Links are
    not followed.
    """
    return os.path.relpath(path, outputs).replace(os.sep, "/")


def portable_parameters(
    values: Mapping[str, Any], outputs: Path, inputs_dir: str | Path | None
) -> tuple[dict[str, Any], list[str]]:
    """Make parameters that are the inputs folder, a file below the outputs folder, or a list of such files, relative to the
    outputs folder; return all parameters, and the names of the changed ones.
    """
    found, names = dict(values), []
    for name, value in values.items():
        if isinstance(value, list):
            if any(isinstance(one, str) and one.startswith(f"{outputs}{os.sep}") for one in value):
                found[name] = [kept_path(one, outputs) if isinstance(one, str) else one for one in value]
                names.append(name)
            continue
        if not isinstance(value, str):
            continue
        if inputs_dir is not None and value == str(inputs_dir):
            found[name] = place_beside(value, outputs)
        elif value.startswith(f"{outputs}{os.sep}"):
            found[name] = kept_path(value, outputs)
        else:
            continue
        names.append(name)
    return found, sorted(names)


def present_config(config: Mapping[str, Any], outputs: Path) -> dict[str, Any]:
    """Return the content of a ``config.json`` with its present paths."""
    values = dict(config.get("parameters") or {})
    for name in config.get(RELATIVE) or ():
        value = values[name]
        values[name] = [_present(one, outputs) for one in value] if isinstance(value, list) else _present(value, outputs)
    found = {**config, "parameters": values}
    if isinstance(source := config.get("source"), str):
        found["source"] = os.path.normpath(os.path.join(outputs, source))  # leaves an absolute path unchanged
    found.pop(RELATIVE, None)
    return found


def _present(kept: Any, outputs: Path) -> Any:
    return os.path.normpath(os.path.join(outputs, kept)) if isinstance(kept, str) else kept
