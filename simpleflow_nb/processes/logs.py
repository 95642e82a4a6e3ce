"""Logging: text for people, JSON for what collects logs; known secrets are in neither.

``LOG_LEVEL`` says from which level on, ``SIMPLEFLOW_NB_LOG_FORMAT=json`` asks for JSON. A LOGGING in the user's module of
settings replaces all that, and ``SIMPLEFLOW_SYSLOG_TARGET`` adds a syslog.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from ..environment import settings_module, value_of
from ..exceptions import DefinitionError
from ..masking import masked, masked_leaves
from ..tracebacks import text_of
from ..variables import AUTOFLOW_LOG_LEVEL, LOG_LEVEL, SIMPLEFLOW_NB_LOG_FORMAT, SIMPLEFLOW_SYSLOG_TARGET
from .log_context import logged_ids
from .task_values import value_of_key

_SYSLOG_ID_CHARACTERS = 64

#: Libraries whose loggers say below WARNING how they work, line upon line: payloads, every connection, every token of Markdown.
#: Loggers of the user's own packages are not among them, whatever they are called.
_LIBRARIES = (
    "aiosqlite",
    "boto3",
    "botocore",
    "charset_normalizer",
    "fontTools",
    "fsspec",
    "h11",
    "hpack",
    "httpcore",
    "httpx",
    "jupyter_client",
    "markdown_it",
    "matplotlib",
    "nbclient",
    "nbconvert",
    "parso",
    "PIL",
    "s3transfer",
    "sqlalchemy",
    "tornado",
    "urllib3",
)


class TextFormatter(logging.Formatter):
    """``2026-01-31T12:00:00 INFO simpleflow_nb.processes.worker [daily activity-pkg.load-1] started``, in local time."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s%(ids)s: %(message)s", "%Y-%m-%dT%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        ids = logged_ids()
        message = record.getMessage()
        named = [ids[key] for key in ("workflow_id", "activity_id") if key in ids and ids[key] not in message]
        record.ids = f" [{' '.join(named)}]" if named else ""
        return masked(super().format(record))


class JsonFormatter(logging.Formatter):
    """One object a line: time (UTC), level, logger, process, message; workflow_id, run_id, activity_id, error where known."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        body: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            **logged_ids(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            body["error"] = self.formatException(record.exc_info)
        return json.dumps(masked_leaves(body), ensure_ascii=False)


class SyslogFormatter(logging.Formatter):
    """``daily: activity#activity-pkg.load-1 INFO pid=12 message``, one line for a syslog; secrets are masked.

    The number of the event is in the place of the task's id where the program has set one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, without its traceback."""
        record.message = record.getMessage()
        words = [record.levelname, f"pid={record.process}", record.message]
        if workflow_id := value_of_key("workflow_id")[:_SYSLOG_ID_CHARACTERS]:
            number = value_of_key("event_id") or value_of_key("activity_id")
            words[:0] = [f"{workflow_id}:", f"{value_of_key('task_type')}#{number}"]
        return masked(" ".join(words))


def configure() -> None:
    """Log to standard error, as the environment says.

    Raises:
        DefinitionError: ``LOG_LEVEL`` or ``SIMPLEFLOW_NB_LOG_FORMAT`` has a value that is neither of those known, the address
            of the syslog is none, or the user's LOGGING is no configuration.
    """
    if (module := settings_module()) is not None and (configuration := getattr(module, "LOGGING", None)) is not None:
        _configure_as(configuration, module.__name__)
    else:
        _configure_by_variables()
    if target := value_of(SIMPLEFLOW_SYSLOG_TARGET):
        _add_syslog(target)


def _configure_by_variables() -> None:
    level = value_of(AUTOFLOW_LOG_LEVEL) or value_of(LOG_LEVEL)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if value_of(SIMPLEFLOW_NB_LOG_FORMAT) == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler])
    for name in ("traitlets", "papermill", "asyncio"):  # what they say of a notebook is in its artefacts
        logging.getLogger(name).setLevel(max(logging.ERROR, logging.root.level))
    # The last prints at DEBUG what a notebook prints, in the pieces that arrive, where half a secret would be found by nobody.
    for name in (*_LIBRARIES, "workers.notebooks.notebook_engine"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.root.level))


class _MaskingFormatter(logging.Formatter):
    """Another formatter, and known secrets masked in what it makes."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        return masked(self._inner.format(record))


def _configure_as(configuration: Any, module: str) -> None:
    """Configure logging as the user's module says it, and mask secrets in whatever handlers write as lines."""
    import logging.config

    try:
        logging.config.dictConfig(configuration)
    except Exception as error:
        raise DefinitionError(f"LOGGING in {module} is no configuration of logging: {text_of(error)}") from error
    loggers = [logging.root, *(one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger))]
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        if not isinstance(handler.formatter, _MaskingFormatter):
            handler.setFormatter(_MaskingFormatter(handler.formatter or logging.Formatter()))


def _add_syslog(target: str) -> None:
    """Send log lines to a syslog too, ``host:port``, by UDP."""
    import logging.handlers

    host, _, port = target.rpartition(":")
    try:
        handler = logging.handlers.SysLogHandler((host, int(port)))
    except OSError as error:
        raise DefinitionError(
            f"{SIMPLEFLOW_SYSLOG_TARGET.name}: {host} cannot be reached: {error.strerror or error}"
        ) from error
    handler.setFormatter(SyslogFormatter())
    logging.root.addHandler(handler)
