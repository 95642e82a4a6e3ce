"""Colours and formatters of simpleflow's log lines, for configurations of logging that name them."""

from __future__ import annotations

import logging
import sys
from datetime import datetime

from .masking import masked
from .processes.logs import SyslogFormatter

__all__ = ["ColorModes", "SimpleflowFormatter", "SyslogFormatter", "color_mode", "colorize"]

RED = "\033[91m"
GREEN = "\033[92m"
YELLOW = "\033[93m"
BLUE = "\033[94m"
ORANGE = "\033[38;5;214m"
END = "\033[0m"

_COLOURS = {
    "CRITICAL": RED,
    "ERROR": RED,
    "WARNING": YELLOW,
    "INFO": GREEN,
    "DEBUG": BLUE,
    "NOTSET": END,
    "RED": RED,
    "GREEN": GREEN,
    "YELLOW": YELLOW,
    "BLUE": BLUE,
    "ORANGE": ORANGE,
}


class ColorModes:
    """The values of :data:`color_mode`."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


color_mode = ColorModes.AUTO  #: ``auto`` colours what goes to a terminal


def colorize(level: str, message: str) -> str:
    """Return a message in the colour of a level, or of a name such as ``GREEN``, as :data:`color_mode` says.

    Raises:
        KeyError: there is no such level or colour.
    """
    colour = _COLOURS[level]
    if color_mode == ColorModes.NEVER or (color_mode == ColorModes.AUTO and not sys.stdout.isatty()):
        return message
    return f"{colour}{message}{END}"


class SimpleflowFormatter(logging.Formatter):
    """``2026-01-31T12:00:00 INFO [process=MainProcess, pid=12]: message``, in local time; secrets are masked."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, and its traceback."""
        record.message = record.getMessage()
        moment = datetime.fromtimestamp(record.created).replace(microsecond=0).isoformat()  # noqa: DTZ006
        level = colorize(record.levelname, record.levelname) if record.levelname in _COLOURS else record.levelname
        text = f"{moment} {level} [process={record.processName}, pid={record.process}]: {record.message}"
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            text = f"{text}\n{record.exc_text}"
        return masked(text)
