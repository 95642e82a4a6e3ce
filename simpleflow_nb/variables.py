"""All environment variables that are read or set, each with type, default and purpose.

Nothing is read here (`simpleflow_nb.environment.value_of` does it) and nothing heavy is imported, as every command needs some
of them. `simpleflow_nb.settings`, the options of commands, masking and docs/variables.rst are made from this.
"""

from __future__ import annotations

from typing import Any

from . import constants
from .variable_kinds import (
    Address,
    DefaultText,
    Flag,
    Module,
    Modules,
    Names,
    Number,
    Object,
    Seconds,
    Switch,
    Text,
    Timeout,
    Variable,
    Word,
)

__all__ = ["Variable"]

PREFIX = "SIMPLEFLOW_NB_"

_LEVELS, _OTHER_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR"), ("CRITICAL", "WARN", "FATAL", "NOTSET")

LOG_LEVEL = Word[str](
    "LOG_LEVEL",
    "lowest level that is logged: ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``",
    "WARNING",
    _LEVELS,
    other_words=_OTHER_LEVELS,
    ignores_case=True,
    may_be_mounted=True,
)
AUTOFLOW_LOG_LEVEL = Word[str | None](
    "AUTOFLOW_LOG_LEVEL",
    "the same; takes precedence over ``LOG_LEVEL``",
    None,
    _LEVELS,
    other_words=_OTHER_LEVELS,
    ignores_case=True,
    may_be_mounted=True,
)
SIMPLEFLOW_NB_LOG_FORMAT = Word[str](
    "SIMPLEFLOW_NB_LOG_FORMAT", "``json``: log lines as JSON objects", "text", ("text", "json")
)
SIMPLEFLOW_FORMAT = Word[str](
    "SIMPLEFLOW_FORMAT", "default of ``--format``", "tabular", ("tabular", "human", "json", "prettyjson", "csv", "tsv")
)

AUTOFLOW_INPUTS_DIR = Text(
    "AUTOFLOW_INPUTS_DIR",
    "folder of the default ``workflows.yml`` if the working directory has none",
    may_be_mounted=True,
)
AUTOFLOW_OUTPUTS_DIR = Text(
    "AUTOFLOW_OUTPUTS_DIR",
    "default of ``--outputs``, and outputs of workflows in Python",
    may_be_mounted=True,
)
AUTOFLOW_DB_URI = Text(
    "AUTOFLOW_DB_URI",
    "database of the run records; ``{}`` in it stands for ``AUTOFLOW_DB_PASSWORD``",
    may_be_mounted=True,
    may_hold_secret=True,
)
AUTOFLOW_DB_PASSWORD = Text("AUTOFLOW_DB_PASSWORD", "a secret", may_be_mounted=True, is_secret=True)
FLOWAPI_URL = Text("FLOWAPI_URL", "address of FlowAPI", may_be_mounted=True)
FLOWAPI_TOKEN = Text("FLOWAPI_TOKEN", "a secret: the token from FlowAuth", may_be_mounted=True, is_secret=True)
SSL_CERTIFICATE_FILE = Text(
    "SSL_CERTIFICATE_FILE", "certificates to trust for FlowAPI instead of the default ones", may_be_mounted=True
)

SWF_DOMAIN = Text("SWF_DOMAIN", "default of ``--domain``; an argument that can be the domain takes precedence")
AWS_DEFAULT_REGION = Text("AWS_DEFAULT_REGION", "default of ``--region``")
AWS_ENDPOINT_URL = Text("AWS_ENDPOINT_URL", "address of an SWF other than Amazon's, such as ``service.start``")
SWF_CONNECTION_RETRIES = Number("SWF_CONNECTION_RETRIES", "how often a call to SWF other than a poll is retried", 5)
SIMPLEFLOW_NB_PAYLOADS = Text("SIMPLEFLOW_NB_PAYLOADS", "default of ``--payloads``")

SIMPLEFLOW_NB_SKIP = Text(
    "SIMPLEFLOW_NB_SKIP",
    "set for each notebook: the file to which it can write why there is nothing to do: :doc:`kernels`",
)
SIMPLEFLOW_NB_KERNELS = Word[str](
    "SIMPLEFLOW_NB_KERNELS",
    "``spawn``: start every kernel as a new program; ``fork``: see :doc:`kernels`",
    "fork",
    ("fork", "spawn"),
)
SIMPLEFLOW_NB_PRELOAD = Modules(
    "SIMPLEFLOW_NB_PRELOAD",
    "modules that the fork server imports, separated by commas; empty: none",
    # Those that notebooks import most. A library that starts threads or uses a device does not survive a fork.
    ("pandas", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "scrapbook"),
    takes_empty=True,
)
SIMPLEFLOW_NB_FAN_CHUNK = Number(
    "SIMPLEFLOW_NB_FAN_CHUNK",
    "items of a fan that one execution carries out at most; a larger fan is cut into several: :doc:`steps`",
    500,
    most=1_500,
)
SIMPLEFLOW_NB_KERNEL_POOL = Number("SIMPLEFLOW_NB_KERNEL_POOL", "number of kernels kept ready", 0, most=64)

SIMPLEFLOW_NB_TOKEN = Text(
    "SIMPLEFLOW_NB_TOKEN",
    "a secret: the token for clients of ``service.start``, unless ``--token-file`` is given",
    may_be_mounted=True,
    is_secret=True,
)
SIMPLEFLOW_NB_SECRETS = Names(
    "SIMPLEFLOW_NB_SECRETS",
    "names of further variables that hold secrets, separated by commas, such as ``SHOP_TOKEN,MAIL_PASSWORD``",
    (),
)
SIMPLEFLOW_DISABLE_SETPROCTITLE = Flag("SIMPLEFLOW_DISABLE_SETPROCTITLE", "do not rename processes in ``ps``")
NO_COLOR = Flag("NO_COLOR", "no colours, as ``--color never``")
SIMPLEFLOW_IDENTITY = Object(
    "SIMPLEFLOW_IDENTITY",
    'added to the identity of deciders and workers in histories, ``{"hostname": ..., "pid": ...}``; null removes a key',
)

SIMPLEFLOW_SETTINGS_MODULE = Module(
    "SIMPLEFLOW_SETTINGS_MODULE",
    "module whose constants are used where the environment does not say anything else: :ref:`settings_module`",
)
WORKFLOW_DEFAULT_TASK_LIST = Text(
    "WORKFLOW_DEFAULT_TASK_LIST", "nothing by itself: for ``settings`` in your own code", may_be_in_module=True
)
WORKFLOW_DEFAULT_VERSION = DefaultText(
    "WORKFLOW_DEFAULT_VERSION",
    "nothing by itself: for ``settings`` in your own code",
    constants.DEFAULT_VERSION,
    may_be_in_module=True,
)
WORKFLOW_DEFAULT_EXECUTION_TIME = Timeout(
    "WORKFLOW_DEFAULT_EXECUTION_TIME",
    "seconds after which a run is ended, a child too, if its class has no ``execution_timeout``",
    str(constants.DEFAULT_RUN_SECONDS),
    may_be_in_module=True,
)
WORKFLOW_DEFAULT_DECISION_TASK_TIMEOUT = Timeout(
    "WORKFLOW_DEFAULT_DECISION_TASK_TIMEOUT",
    "seconds for one decision, if the class has no ``decision_tasks_timeout``",
    str(constants.DEFAULT_DECISION_SECONDS),
    may_be_in_module=True,
)
ACTIVITY_DEFAULT_TASK_LIST = Text(
    "ACTIVITY_DEFAULT_TASK_LIST", "list of activities without a ``task_list``, instead of the workflow's", may_be_in_module=True
)
ACTIVITY_DEFAULT_VERSION = DefaultText(
    "ACTIVITY_DEFAULT_VERSION", "version of activities that give none", constants.DEFAULT_VERSION, may_be_in_module=True
)
ACTIVITY_DEFAULT_TIMEOUT = Timeout(
    "ACTIVITY_DEFAULT_TIMEOUT",
    "nothing by itself: for ``settings`` in your own code",
    str(constants.DEFAULT_ACTIVITY_SECONDS),
    may_be_in_module=True,
)
ACTIVITY_START_TO_CLOSE_TIMEOUT = Timeout(
    "ACTIVITY_START_TO_CLOSE_TIMEOUT",
    "``start_to_close_timeout`` of activities that give none",
    str(constants.DEFAULT_ACTIVITY_SECONDS),
    may_be_in_module=True,
)
ACTIVITY_SCHEDULE_TO_CLOSE_TIMEOUT = Timeout(
    "ACTIVITY_SCHEDULE_TO_CLOSE_TIMEOUT",
    "``schedule_to_close_timeout`` of activities that give none",
    constants.NEVER,
    may_be_in_module=True,
)
ACTIVITY_SCHEDULE_TO_START_TIMEOUT = Timeout(
    "ACTIVITY_SCHEDULE_TO_START_TIMEOUT",
    "``schedule_to_start_timeout`` of activities that give none",
    constants.NEVER,
    may_be_in_module=True,
)
ACTIVITY_HEARTBEAT_TIMEOUT = Timeout(
    "ACTIVITY_HEARTBEAT_TIMEOUT",
    "``heartbeat_timeout`` of activities that give none",
    str(constants.DEFAULT_HEARTBEAT_SECONDS),
    may_be_in_module=True,
)
ACTIVITY_SIGTERM_WAIT_SEC = Seconds(
    "ACTIVITY_SIGTERM_WAIT_SEC",
    "how long the processes of ``execute.python`` and ``execute.program`` have to end by themselves before they are killed",
    3.0,
    may_be_in_module=True,
)
SIMPLEFLOW_S3_HOST = DefaultText(
    "SIMPLEFLOW_S3_HOST",
    "host for buckets whose region may not be asked for: :doc:`from_simpleflow`",
    "s3.amazonaws.com",
    may_be_in_module=True,
)
SIMPLEFLOW_S3_SSE = Switch(
    "SIMPLEFLOW_S3_SSE", "ask S3 to encrypt what ``simpleflow_nb.storage`` puts there", may_be_in_module=True
)
SIMPLEFLOW_BINARIES_DIRECTORY = Text(
    "SIMPLEFLOW_BINARIES_DIRECTORY",
    "folder of downloaded programs; by default one of the user's own in the folder for temporary files",
    may_be_in_module=True,
)
SIMPLEFLOW_SYSLOG_TARGET = Address(
    "SIMPLEFLOW_SYSLOG_TARGET", "syslog that gets the log lines too, by UDP", may_be_in_module=True
)
METROLOGY_BUCKET = DefaultText(
    "METROLOGY_BUCKET", "bucket for the measurements of ``simpleflow_nb.metrology``", "metrology_bucket", may_be_in_module=True
)
METROLOGY_PATH_PREFIX = Text("METROLOGY_PATH_PREFIX", "beginning of their keys", may_be_in_module=True)
STEP_BUCKET = DefaultText(
    "STEP_BUCKET",
    "bucket, or ``file:`` and a folder, of the marks of ``simpleflow_nb.step``",
    f"file:{constants.STATE_FOLDER}/steps",
    may_be_in_module=True,
)

#: Settings of simpleflow, which a module may say as well: a constant of the same name.
SIMPLEFLOW_SETTINGS: tuple[Variable[Any], ...] = (
    WORKFLOW_DEFAULT_TASK_LIST,
    WORKFLOW_DEFAULT_VERSION,
    WORKFLOW_DEFAULT_EXECUTION_TIME,
    WORKFLOW_DEFAULT_DECISION_TASK_TIMEOUT,
    ACTIVITY_DEFAULT_TASK_LIST,
    ACTIVITY_DEFAULT_VERSION,
    ACTIVITY_DEFAULT_TIMEOUT,
    ACTIVITY_START_TO_CLOSE_TIMEOUT,
    ACTIVITY_SCHEDULE_TO_CLOSE_TIMEOUT,
    ACTIVITY_SCHEDULE_TO_START_TIMEOUT,
    ACTIVITY_HEARTBEAT_TIMEOUT,
    ACTIVITY_SIGTERM_WAIT_SEC,
    SIMPLEFLOW_S3_HOST,
    SIMPLEFLOW_S3_SSE,
    SIMPLEFLOW_BINARIES_DIRECTORY,
    SIMPLEFLOW_SYSLOG_TARGET,
    METROLOGY_BUCKET,
    METROLOGY_PATH_PREFIX,
    STEP_BUCKET,
)

#: In the order of the documentation.
VARIABLES: tuple[Variable[Any], ...] = (
    LOG_LEVEL,
    AUTOFLOW_LOG_LEVEL,
    SIMPLEFLOW_NB_LOG_FORMAT,
    SIMPLEFLOW_FORMAT,
    AUTOFLOW_INPUTS_DIR,
    AUTOFLOW_OUTPUTS_DIR,
    AUTOFLOW_DB_URI,
    AUTOFLOW_DB_PASSWORD,
    FLOWAPI_URL,
    FLOWAPI_TOKEN,
    SSL_CERTIFICATE_FILE,
    SWF_DOMAIN,
    AWS_DEFAULT_REGION,
    AWS_ENDPOINT_URL,
    SWF_CONNECTION_RETRIES,
    SIMPLEFLOW_IDENTITY,
    SIMPLEFLOW_NB_PAYLOADS,
    SIMPLEFLOW_NB_SKIP,
    SIMPLEFLOW_NB_KERNELS,
    SIMPLEFLOW_NB_PRELOAD,
    SIMPLEFLOW_NB_KERNEL_POOL,
    SIMPLEFLOW_NB_FAN_CHUNK,
    SIMPLEFLOW_NB_TOKEN,
    SIMPLEFLOW_NB_SECRETS,
    SIMPLEFLOW_DISABLE_SETPROCTITLE,
    NO_COLOR,
    SIMPLEFLOW_SETTINGS_MODULE,
    *SIMPLEFLOW_SETTINGS,
)

#: Between processes of ours, so not in the documentation.
SIMPLEFLOW_NB_CHILD = Number("SIMPLEFLOW_NB_CHILD", "set for supervised processes: the supervisor's process id", 0)
SIMPLEFLOW_NB_GATE = Flag(
    "SIMPLEFLOW_NB_GATE", "set for processes started in advance: import modules, then wait for the standard input to end"
)

SIMPLEFLOW_NB_CALLED_FLOWS = Text(
    "SIMPLEFLOW_NB_CALLED_FLOWS", "set for kernels of flows of ductaflow: the file that is told which flows they call"
)
#: Jupyter's, set for its kernels.
JPY_SESSION_NAME = Text("JPY_SESSION_NAME", "path of the notebook whose kernel this is")

#: Secrets of boto3 and of PostgreSQL's library, which read them by themselves.
SECRETS_OF_LIBRARIES = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "PGPASSWORD",
)
AWS_ACCESS_KEY_ID = "AWS_ACCESS_KEY_ID"  #: boto3's, and secret only where it is the token of ``service.start``

#: Variables of simpleflow that nothing reads here, and what does their work: a clause for messages.
REPLACED = {
    "SWF_MAX_OPEN_ACTIVITY_COUNT": "give the workflow its max_open_activity_count",
    "SIMPLEFLOW_ENV": "tests use simpleflow_nb.testing",
    "SIMPLEFLOW_JUMBO_FIELDS_BUCKET": "long payloads are kept in a folder, which SIMPLEFLOW_NB_PAYLOADS names",
    "SIMPLEFLOW_ENABLE_DISK_CACHE": "payloads are read from their folder",
}
