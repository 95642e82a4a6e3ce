"""The defaults of simpleflow's settings, under their names; those of this engine where the two differ."""

from __future__ import annotations

from typing import Any

from .. import variables
from ..environment import value_of

WORKFLOW_DEFAULT_TASK_LIST = variables.WORKFLOW_DEFAULT_TASK_LIST.default
WORKFLOW_DEFAULT_VERSION = variables.WORKFLOW_DEFAULT_VERSION.default
WORKFLOW_DEFAULT_EXECUTION_TIME = variables.WORKFLOW_DEFAULT_EXECUTION_TIME.default
WORKFLOW_DEFAULT_DECISION_TASK_TIMEOUT = variables.WORKFLOW_DEFAULT_DECISION_TASK_TIMEOUT.default

ACTIVITY_DEFAULT_TASK_LIST = variables.ACTIVITY_DEFAULT_TASK_LIST.default
ACTIVITY_DEFAULT_VERSION = variables.ACTIVITY_DEFAULT_VERSION.default
ACTIVITY_DEFAULT_TIMEOUT = variables.ACTIVITY_DEFAULT_TIMEOUT.default
ACTIVITY_START_TO_CLOSE_TIMEOUT = variables.ACTIVITY_START_TO_CLOSE_TIMEOUT.default
ACTIVITY_SCHEDULE_TO_CLOSE_TIMEOUT = variables.ACTIVITY_SCHEDULE_TO_CLOSE_TIMEOUT.default
ACTIVITY_SCHEDULE_TO_START_TIMEOUT = variables.ACTIVITY_SCHEDULE_TO_START_TIMEOUT.default
ACTIVITY_HEARTBEAT_TIMEOUT = variables.ACTIVITY_HEARTBEAT_TIMEOUT.default
ACTIVITY_SIGTERM_WAIT_SEC = variables.ACTIVITY_SIGTERM_WAIT_SEC.default

SIMPLEFLOW_S3_HOST = variables.SIMPLEFLOW_S3_HOST.default
SIMPLEFLOW_S3_SSE = variables.SIMPLEFLOW_S3_SSE.default
SIMPLEFLOW_BINARIES_DIRECTORY = variables.SIMPLEFLOW_BINARIES_DIRECTORY.default
SIMPLEFLOW_SYSLOG_TARGET = variables.SIMPLEFLOW_SYSLOG_TARGET.default
SIMPLEFLOW_ENABLE_DISK_CACHE = False  #: and True does nothing: payloads are read from their folder

METROLOGY_BUCKET = variables.METROLOGY_BUCKET.default
METROLOGY_PATH_PREFIX = variables.METROLOGY_PATH_PREFIX.default
STEP_BUCKET = variables.STEP_BUCKET.default

#: For ``logging.config.dictConfig``, to start from: a LOGGING of the user's module replaces the logging of commands.
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"simpleflow_nb": {"level": value_of(variables.LOG_LEVEL), "handlers": ["console"], "propagate": False}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "level": "DEBUG",
            "stream": "ext://sys.stderr",
            "formatter": "simpleflow_formatter",
        },
    },
    "formatters": {"simpleflow_formatter": {"()": "simpleflow_nb.log.SimpleflowFormatter"}},
}
