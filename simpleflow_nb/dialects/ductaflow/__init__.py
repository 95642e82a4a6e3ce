"""ductaflow's words: flows that are notebooks or scripts with cells, builds that call flows, conductors that call builds.

::

    from simpleflow_nb.dialects.ductaflow import run_notebook, unpack_config

Everything is loaded on first use, so that the kernel of a flow imports only what the flow needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .command_line_flow import load_cli_config as load_cli_config
    from .config_display import display_config_summary as display_config_summary
    from .config_display import generate_config_markdown as generate_config_markdown
    from .config_display import is_notebook_execution as is_notebook_execution
    from .config_display import unpack_config as unpack_config
    from .debugging import debug_flow as debug_flow
    from .execution_logs import analyze_execution_logs as analyze_execution_logs
    from .flow_run import run_notebook as run_notebook
    from .flow_run import run_step_flow as run_step_flow
    from .loggers import setup_conductor_logging as setup_conductor_logging
    from .loggers import setup_execution_logging as setup_execution_logging
    from .notebook_html import convert_notebook_to_html as convert_notebook_to_html
    from .status_report import generate_status_report as generate_status_report

_PLACES = {
    "analyze_execution_logs": "execution_logs",
    "convert_notebook_to_html": "notebook_html",
    "debug_flow": "debugging",
    "display_config_summary": "config_display",
    "generate_config_markdown": "config_display",
    "generate_status_report": "status_report",
    "is_notebook_execution": "config_display",
    "load_cli_config": "command_line_flow",
    "run_notebook": "flow_run",
    "run_step_flow": "flow_run",
    "setup_conductor_logging": "loggers",
    "setup_execution_logging": "loggers",
    "unpack_config": "config_display",
}

__all__ = [
    "analyze_execution_logs",
    "convert_notebook_to_html",
    "debug_flow",
    "display_config_summary",
    "generate_config_markdown",
    "generate_status_report",
    "is_notebook_execution",
    "load_cli_config",
    "run_notebook",
    "run_step_flow",
    "setup_conductor_logging",
    "setup_execution_logging",
    "unpack_config",
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names, which completion shows though they are not loaded yet."""
    return list(__all__)
