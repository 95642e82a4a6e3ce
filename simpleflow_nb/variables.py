"""All environment variables that are read or set, each with type, default and purpose.

Nothing is read here (`simpleflow_nb.environment.value_of` does it) and nothing heavy is imported, as every command needs some
of them. `simpleflow_nb.settings`, the options of commands, masking and docs/variables.rst are made from this.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar, Generic, TypeVar, cast

PREFIX = "SIMPLEFLOW_NB_"

T_co = TypeVar("T_co", covariant=True)


# No dataclasses: making five of them takes longer than the rest of this module.
class Variable(Generic[T_co]):
    """An environment variable.

    Attributes:
        name: also the name of its constant in this module.
        sentence: purpose for the table, in reStructuredText, without a full stop.
        default: its value if it is not set.
        may_be_mounted: a file of that name among the mounted secrets wins over the environment.
        is_secret: masked wherever text is kept.
        may_hold_secret: an address that can contain a password. Mounted, all of it is masked.
        takes_empty: an empty text is a value; for all others it is the same as not set.
    """

    kind: ClassVar[str]
    type: ClassVar[Any] = str
    expected: str  #: what a message says is expected instead of a wrong value

    def __init__(
        self,
        name: str,
        sentence: str,
        default: T_co,
        *,
        may_be_mounted: bool = False,
        is_secret: bool = False,
        may_hold_secret: bool = False,
        takes_empty: bool = False,
    ) -> None:
        self.name, self.sentence, self.default = name, sentence, default
        self.may_be_mounted, self.is_secret, self.may_hold_secret = may_be_mounted, is_secret, may_hold_secret
        self.takes_empty = takes_empty

    def __repr__(self) -> str:
        return f"<variable {self.name}>"

    def meant(self, text: str) -> T_co:
        """Return the value that is written as ``text``, which has no white space around it.

        Raises:
            ValueError: there is none.
        """
        raise NotImplementedError


class Text(Variable[str | None]):
    """Any text; None if it is not set."""

    kind = "text"
    expected = "a text"

    def __init__(self, name: str, sentence: str, **more: bool) -> None:
        super().__init__(name, sentence, None, **more)

    def meant(self, text: str) -> str:
        return text


class Number(Variable[int]):
    """A whole number from 0, or to ``most``."""

    kind, type = "number", int

    def __init__(self, name: str, sentence: str, default: int, *, most: int | None = None) -> None:
        super().__init__(name, sentence, default)
        self.most = most
        self.expected = "a number" if most is None else f"a number from 0 to {most}"

    def meant(self, text: str) -> int:
        if not text.isdecimal() or (self.most is not None and int(text) > self.most):
            raise ValueError(text)
        return int(text)


class Flag(Variable[bool]):
    """On with any text, as in simpleflow."""

    kind, type = "flag", bool
    expected = "any text"

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(name, sentence, False)

    def meant(self, text: str) -> bool:
        return bool(text)


class Word(Variable[T_co]):
    """One of ``words``, or of ``other_words``, which are taken without being offered."""

    kind = "word"

    def __init__(
        self,
        name: str,
        sentence: str,
        default: T_co,
        words: tuple[str, ...],
        *,
        other_words: tuple[str, ...] = (),
        ignores_case: bool = False,
        may_be_mounted: bool = False,
    ) -> None:
        super().__init__(name, sentence, default, may_be_mounted=may_be_mounted)
        self.words, self.other_words, self.ignores_case = words, other_words, ignores_case
        self.expected = " or ".join(words) if len(words) < 3 else f"one of {', '.join(words)}"

    def meant(self, text: str) -> T_co:
        word = text.upper() if self.ignores_case else text
        if word not in self.words and word not in self.other_words:
            raise ValueError(text)
        return cast(T_co, word)


class Modules(Variable[tuple[str, ...]]):
    """Names of modules, separated by commas."""

    kind, type = "modules", tuple[str, ...]
    expected = "a list of modules, separated by commas,"

    def meant(self, text: str) -> tuple[str, ...]:
        names = tuple(name.strip() for name in text.split(",") if name.strip())
        if not all(part.isidentifier() for name in names for part in name.split(".")):
            raise ValueError(text)
        return names


class Names(Variable[tuple[str, ...]]):
    """Names of environment variables, separated by commas."""

    kind, type = "names", tuple[str, ...]
    expected = "a list of names of variables, separated by commas,"

    def meant(self, text: str) -> tuple[str, ...]:
        names = tuple(name.strip() for name in text.split(",") if name.strip())
        if not all(name.isidentifier() for name in names):
            raise ValueError(text)
        return names


class Object(Variable[dict[str, Any]]):
    """An object in JSON."""

    kind, type = "JSON", dict[str, Any]
    expected = "a JSON object"

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(name, sentence, {})

    def meant(self, text: str) -> dict[str, Any]:
        try:
            value = json.loads(text)
        except RecursionError:
            raise ValueError(text) from None
        if not isinstance(value, dict):
            raise ValueError(text)
        return value


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
AUTOFLOW_OUTPUTS_DIR = Text("AUTOFLOW_OUTPUTS_DIR", "default of ``--outputs``", may_be_mounted=True)
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
    SIMPLEFLOW_NB_TOKEN,
    SIMPLEFLOW_NB_SECRETS,
    SIMPLEFLOW_DISABLE_SETPROCTITLE,
    NO_COLOR,
)

#: Between processes of ours, so not in the documentation.
SIMPLEFLOW_NB_CHILD = Number("SIMPLEFLOW_NB_CHILD", "set for supervised processes: the supervisor's process id", 0)
SIMPLEFLOW_NB_GATE = Flag(
    "SIMPLEFLOW_NB_GATE", "set for processes started in advance: import modules, then wait for the standard input to end"
)

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
    "WORKFLOW_DEFAULT_TASK_LIST": "give the workflow its task_list, or the decider --task-list",
    "WORKFLOW_DEFAULT_VERSION": "give the workflow its version",
    "WORKFLOW_DEFAULT_EXECUTION_TIME": "give the workflow its execution_timeout",
    "WORKFLOW_DEFAULT_DECISION_TASK_TIMEOUT": "give the workflow its decision_tasks_timeout",
    "ACTIVITY_DEFAULT_TASK_LIST": "give the activity its task_list",
    "ACTIVITY_DEFAULT_VERSION": "give the activity its version",
    "ACTIVITY_DEFAULT_TIMEOUT": "give the activity its start_to_close_timeout",
    "ACTIVITY_START_TO_CLOSE_TIMEOUT": "give the activity its start_to_close_timeout",
    "ACTIVITY_SCHEDULE_TO_CLOSE_TIMEOUT": "give the activity its schedule_to_close_timeout",
    "ACTIVITY_SCHEDULE_TO_START_TIMEOUT": "give the activity its schedule_to_start_timeout",
    "ACTIVITY_HEARTBEAT_TIMEOUT": "give the activity its heartbeat_timeout",
    "ACTIVITY_SIGTERM_WAIT_SEC": "a worker finishes its tasks after the first signal and ends them after the second",
    "SWF_MAX_OPEN_ACTIVITY_COUNT": "give the workflow its max_open_activity_count",
    "SIMPLEFLOW_ENV": "tests use simpleflow_nb.testing",
    "SIMPLEFLOW_SETTINGS_MODULE": "set the variables themselves",
    "SIMPLEFLOW_JUMBO_FIELDS_BUCKET": "long payloads are kept in a folder, which SIMPLEFLOW_NB_PAYLOADS names",
    "SIMPLEFLOW_S3_HOST": "long payloads are kept in a folder, which SIMPLEFLOW_NB_PAYLOADS names",
    "SIMPLEFLOW_S3_SSE": "long payloads are kept in a folder, which SIMPLEFLOW_NB_PAYLOADS names",
    "SIMPLEFLOW_ENABLE_DISK_CACHE": "payloads are read from their folder",
    "SIMPLEFLOW_BINARIES_DIRECTORY": "no binaries are downloaded; install them where the workers are",
    "SIMPLEFLOW_SYSLOG_TARGET": "logs go to standard error, with SIMPLEFLOW_NB_LOG_FORMAT=json for what collects them",
    "STEP_BUCKET": "there are no steps that are skipped",
    "METROLOGY_BUCKET": "workflow.profile shows how long tasks took",
    "METROLOGY_PATH_PREFIX": "workflow.profile shows how long tasks took",
}
