"""Loggers of programs that run flows. Their messages have no stamp in logs of flows, where it would hide a warning."""

from __future__ import annotations

import logging
import shutil
import sys
from datetime import datetime
from pathlib import Path

from deciders.path_parts import path_part
from simpleflow_nb.environment import value_of
from simpleflow_nb.variables import JPY_SESSION_NAME

from .called_flows import outer_flow
from .notebook_html import convert_notebook_to_html

_PLAIN, _STAMPED = "%(message)s", "%(asctime)s - %(levelname)s - %(message)s"
_LONGEST_LABEL = 40  # characters of a message that labels a saved state


def setup_execution_logging(
    log_file_path: str | Path, logger_name: str = "ductaflow", level: int = logging.INFO, propagate: bool = False
) -> logging.Logger:
    """Return a logger that writes its messages, and nothing before them, to a new file and to the standard output."""
    path = Path(log_file_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return _logger(logger_name, level, propagate, _written(path, "w", _PLAIN), _shown())


def setup_conductor_logging(
    session_outputs_dir: str | Path = "session_outputs",
    logger_name: str = "conductor",
    level: int = logging.INFO,
    notebook_path: str | Path | None = None,
) -> logging.Logger:
    """Return a logger that adds its messages, with their times, to ``conductor_<YYYYMMDD>.txt`` and shows them.

    A message with ``extra={"save_state": True}`` also saves the calling notebook, as its file is at that moment, and a web
    page of it: ``<name>_<time>_<label>.ipynb`` and ``.html`` beside the log. The label is ``extra={"label": ...}``, else the
    message. The notebook is ``notebook_path``, else the one in whose kernel this runs, if Jupyter, VS Code or `run_notebook`
    tell which.
    """
    folder = Path(session_outputs_dir).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"conductor_{datetime.now().astimezone():%Y%m%d}.txt"
    saving = SavedStates(folder, Path(notebook_path) if notebook_path is not None else None)
    return _logger(logger_name, level, False, _written(path, "a", _STAMPED), _shown(), saving)


class SavedStates(logging.Handler):
    """Saves the calling notebook for messages that ask for it."""

    def __init__(self, folder: Path, notebook: Path | None) -> None:
        super().__init__()
        self._folder, self._notebook = folder, notebook

    def emit(self, record: logging.LogRecord) -> None:
        """Save the notebook, or log a warning if there is none or it cannot be saved."""
        if not getattr(record, "save_state", False):
            return
        logger = logging.getLogger(record.name)
        notebook = self._notebook or calling_notebook()
        if notebook is None:
            logger.warning("warning: no state saved, as this is no notebook whose file is known; give its notebook_path")
            return
        label = path_part(str(getattr(record, "label", None) or record.getMessage())[:_LONGEST_LABEL].strip() or "state")
        saved = self._folder / f"{notebook.stem}_{datetime.now().astimezone():%Y%m%d_%H%M%S}_{label}.ipynb"
        try:
            shutil.copyfile(notebook, saved)
            convert_notebook_to_html(saved)
        except Exception as error:  # whatever nbconvert may raise; a state that cannot be saved ends no conductor
            logger.warning("warning: no state saved of %s: %s", notebook, " ".join(str(error).split()))


def calling_notebook() -> Path | None:
    """Return the file of the notebook in whose kernel this runs; None in a script, and where nobody tells."""
    if (outer := outer_flow()) is not None:
        return outer.notebook
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    told = shell.user_ns.get("__vsc_ipynb_file__") if shell is not None else None
    found = told or value_of(JPY_SESSION_NAME)
    return Path(found) if found is not None and Path(found).is_file() else None


def _logger(name: str, level: int, propagate: bool, *handlers: logging.Handler) -> logging.Logger:
    logger = logging.getLogger(name)
    for former in list(logger.handlers):
        logger.removeHandler(former)
        former.close()
    logger.setLevel(level)
    logger.propagate = propagate
    for handler in handlers:
        logger.addHandler(handler)
    return logger


def _written(path: Path, mode: str, form: str) -> logging.Handler:
    handler = logging.FileHandler(path, mode=mode, encoding="utf-8")
    handler.setFormatter(logging.Formatter(form))
    return handler


def _shown() -> logging.Handler:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter(_PLAIN))
    return handler
