"""The config of a flow as its notebook sees it: shown as a table, and unpacked into variables."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from .flow_config import PROJECT_ROOT

SHOWN_CHARACTERS = 50  #: of a text in the table; a longer one is cut

#: Values under these names are paths, and unpacked as such.
_PATHS = ("model_runs_dir", "run_folder", "output_dir", "data_dir", "input_dir", "results_dir", PROJECT_ROOT)


def is_notebook_execution() -> bool:
    """Return True in a Jupyter kernel: in JupyterLab, in an editor, or in a run. False in a script, whatever its options."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and "IPKernelApp" in shell.config


def display_config_summary(config: Mapping[str, Any], flow_name: str | None = None) -> None:
    """Show the config as tables in a notebook; print their Markdown in a script."""
    text = generate_config_markdown(config, flow_name)
    if not is_notebook_execution():
        print(text)
        return
    from IPython.display import Markdown, display

    display(Markdown(text))


def generate_config_markdown(config: Mapping[str, Any], flow_name: str | None = None) -> str:
    """Return the config as Markdown: a table of its values, then a section with a table for each mapping in it.

    True and False are ✓ and ✗, a text of more than 50 characters is cut, a mapping within a mapping is told by its length.
    """
    if not config:
        return "**No configuration provided**\n"
    lines = [f"## Configuration for {flow_name}" if flow_name else "## Configuration", ""]
    sections = {key: value for key, value in config.items() if isinstance(value, Mapping) and value}
    if flat := {key: value for key, value in config.items() if key not in sections}:
        lines += _table(flat)
    for key, value in sections.items():
        lines += [f"### {str(key).replace('_', ' ').title()}", "", *_table(value)]
    return "\n".join(lines)


def unpack_config(
    config: Mapping[str, Any] | None = None,
    flow_name: str | None = None,
    caller_locals: MutableMapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the values of a config as variables: ``vars().update(unpack_config(config, "My flow", locals()))``.

    The values of a mapping in it become variables as well (one level). Values under the names of folders, such as
    ``output_dir`` and ``_project_root``, become paths. With ``flow_name`` the config is shown under that name. The variables
    are printed. ``caller_locals``, if it is given, gets them, too.

    Raises:
        ValueError: a name is given twice, at the top and in a mapping or in two mappings, with different values.
    """
    if not config:
        print("⚠️ no config: run the flow with run_notebook, or as a script with --config FILE.json")
        return {}
    if flow_name:
        display_config_summary(config, flow_name)
    found, places = dict(config), {key: key for key in config}
    for key, value in config.items():
        for name, inner in value.items() if isinstance(value, Mapping) else ():
            place = f"{key}.{name}"
            if name in found and found[name] != inner:
                raise ValueError(
                    f"config: {places[name]} and {place} differ, and both would be the variable {name!r}; rename one"
                )
            found[name], places[name] = inner, place
    for name in _PATHS:
        if isinstance(found.get(name), str):
            found[name] = Path(found[name])
    print(f"config: {len(found)} {'variable' if len(found) == 1 else 'variables'}")
    for name, value in found.items():
        print(
            f"                {name} = {value!r}"
        )  # behind the first 15 characters, where a text could be taken for a warning
    if caller_locals is not None:
        caller_locals.update(found)
    return found


def _table(values: Mapping[str, Any]) -> Iterable[str]:
    rows = (f"| {_cell(str(name))} | {_shown(value)} |" for name, value in values.items())
    return ["| Parameter | Value |", "|-----------|-------|", *rows, ""]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if value is None:
        return "*None*"
    if isinstance(value, Mapping):
        return f"*{len(value)} {'item' if len(value) == 1 else 'items'}*"
    if isinstance(value, list | tuple):
        return _cell(", ".join(map(str, value)))
    text = str(value)
    if isinstance(value, str) and len(text) > SHOWN_CHARACTERS:
        text = f"{text[: SHOWN_CHARACTERS - 3]}..."
    return _cell(text)


def _cell(text: str) -> str:
    return " ".join(text.splitlines()).replace("|", "\\|")
