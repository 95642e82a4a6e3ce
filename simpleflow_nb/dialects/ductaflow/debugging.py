"""A folder in which an editor's debugger runs a flow as a script, with the config of one of its runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .flow_config import read_config
from .flow_files import FlowFiles
from .flow_run import run_notebook


def debug_flow(
    flow_path: str | Path, execution_dir: str | Path, config: Mapping[str, Any] | None = None, force: bool = False
) -> Path:
    """Prepare a flow for a debugger and print an entry for VS Code's ``launch.json``; return the folder.

    The folder gets the config and the notebook, not executed. Without a ``config`` that of the folder is taken:
    ``<stem>_config.json``, ``config.json``, or ``<folder>_config.json``. ``force`` empties the folder first.

    Raises:
        ValueError: there is no config, it is no JSON object, or ``force`` would remove the flow or the working directory.
        Exception: as from `run_notebook`.
    """
    folder, flow = Path(execution_dir).absolute(), Path(flow_path).absolute()
    files = FlowFiles(folder, flow.stem)
    if config is None:
        config = read_config(_config_in(files))
    if force and folder.exists():
        if any(place.is_relative_to(folder.resolve()) for place in (flow.resolve(), Path.cwd().resolve())):
            raise ValueError(
                f"force=True would remove {folder}, which the flow or the working directory is in; name another folder"
            )
        shutil.rmtree(folder)
    run_notebook(flow, config=config, execution_dir=folder, no_execute=True)
    print(json.dumps({"version": "0.2.0", "configurations": [_launch_entry(files, flow)]}, indent=2))
    return folder


def _config_in(files: FlowFiles) -> Path:
    names = [files.config.name, "config.json", f"{files.folder.name}_config.json"]
    for name in names:
        if (path := files.folder / name).is_file():
            return path
    raise ValueError(
        f"{files.folder} has no config ({', '.join(names[:-1])} or {names[-1]}); give one: debug_flow(.., config={{..}})"
    )


def _launch_entry(files: FlowFiles, flow: Path) -> dict[str, Any]:
    return {
        "name": f"Debug {files.stem} - {files.folder.name}",
        "type": "debugpy",
        "request": "launch",
        "program": _in_workspace(flow),
        "args": ["--config", files.config.name],
        "cwd": _in_workspace(files.folder),
        "console": "integratedTerminal",
        "justMyCode": False,
    }


def _in_workspace(path: Path) -> str:
    """Return a path as VS Code reads it, whose workspace is the working directory; one elsewhere is absolute."""
    root = Path.cwd()
    return f"${{workspaceFolder}}/{path.relative_to(root).as_posix()}" if path.is_relative_to(root) else str(path)
