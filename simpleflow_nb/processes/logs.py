"""Logging: text for people, JSON for what collects logs; known secrets are in neither.

``LOG_LEVEL`` says from which level on, ``SIMPLEFLOW_NB_LOG_FORMAT=json`` asks for JSON.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from ..environment import value_of
from ..masking import masked, masked_leaves
from ..variables import AUTOFLOW_LOG_LEVEL, LOG_LEVEL, SIMPLEFLOW_NB_LOG_FORMAT
from .log_context import logged_ids

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


def configure() -> None:
    """Log to standard error, as the environment says.

    Raises:
        DefinitionError: ``LOG_LEVEL`` or ``SIMPLEFLOW_NB_LOG_FORMAT`` has a value that is neither of those known.
    """
    level = value_of(AUTOFLOW_LOG_LEVEL) or value_of(LOG_LEVEL)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if value_of(SIMPLEFLOW_NB_LOG_FORMAT) == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler])
    for name in ("traitlets", "papermill", "asyncio"):  # what they say of a notebook is in its artefacts
        logging.getLogger(name).setLevel(max(logging.ERROR, logging.root.level))
    # The last prints at DEBUG what a notebook prints, in the pieces that arrive, where half a secret would be found by nobody.
    for name in (*_LIBRARIES, "workers.notebooks.notebook_engine"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.root.level))
