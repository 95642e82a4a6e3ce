"""All environment variables that are read, with kind, default and purpose, as plain data.

Nothing is read here and nothing heavy is imported, as every command may need a name. `simpleflow_nb.settings` and
docs/variables.rst are made from this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PREFIX = "SIMPLEFLOW_NB_"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "WARN", "FATAL", "NOTSET")


@dataclass(frozen=True, kw_only=True)
class Variable:
    """An environment variable. An empty text counts as not set."""

    name: str
    sentence: str  #: purpose for the table, in reStructuredText, without a full stop
    kind: Literal["text", "number", "flag", "word"] = "text"  #: any text turns a flag on; a word is one of ``words``
    default: str | int | None = None
    words: tuple[str, ...] = ()
    ignores_case: bool = False  #: of a word; returned in upper case then
    least: int = 0  #: of a number
    most: int | None = None
    may_be_mounted: bool = False  #: a file of that name among the mounted secrets wins over the environment
    is_secret: bool = False

    @property
    def expected(self) -> str:
        """Return the description of a valid value, to follow an invalid one in a message."""
        if self.kind == "word":
            return f"one of {', '.join(self.words)} is expected"
        return f"a number from {self.least} to {self.most} is expected" if self.most is not None else "a number is expected"


VARIABLES = (
    Variable(
        name="LOG_LEVEL",
        sentence="lowest level that is logged: ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``",
        kind="word",
        words=_LEVELS,
        ignores_case=True,
        default="WARNING",
        may_be_mounted=True,
    ),
    Variable(
        name="AUTOFLOW_LOG_LEVEL",
        sentence="the same; takes precedence over ``LOG_LEVEL``",
        kind="word",
        words=_LEVELS,
        ignores_case=True,
        may_be_mounted=True,
    ),
    Variable(
        name="SIMPLEFLOW_NB_LOG_FORMAT",
        sentence="``json``: log lines as JSON objects",
        kind="word",
        words=("text", "json"),
        default="text",
    ),
    Variable(
        name="SIMPLEFLOW_FORMAT",
        sentence="default of ``--format``",
        kind="word",
        words=("tabular", "human", "json", "prettyjson", "csv", "tsv"),
        default="tabular",
    ),
    Variable(
        name="AUTOFLOW_INPUTS_DIR",
        sentence="folder of the default ``workflows.yml`` if the working directory has none",
        may_be_mounted=True,
    ),
    Variable(name="AUTOFLOW_OUTPUTS_DIR", sentence="default of ``--outputs``", may_be_mounted=True),
    Variable(
        name="AUTOFLOW_DB_URI",
        sentence="database of the run records; ``{}`` in it stands for ``AUTOFLOW_DB_PASSWORD``",
        may_be_mounted=True,
    ),
    Variable(name="AUTOFLOW_DB_PASSWORD", sentence="a secret", may_be_mounted=True, is_secret=True),
    Variable(name="FLOWAPI_URL", sentence="address of FlowAPI", may_be_mounted=True),
    Variable(name="FLOWAPI_TOKEN", sentence="a secret: the token from FlowAuth", may_be_mounted=True, is_secret=True),
    Variable(
        name="SSL_CERTIFICATE_FILE",
        sentence="certificates to trust for FlowAPI instead of the default ones",
        may_be_mounted=True,
    ),
    Variable(name="SWF_DOMAIN", sentence="default of ``--domain``; an argument that can be the domain takes precedence"),
    Variable(name="AWS_DEFAULT_REGION", sentence="default of ``--region``"),
    Variable(name="AWS_ENDPOINT_URL", sentence="address of an SWF other than Amazon's, such as ``service.start``"),
    Variable(
        name="SWF_CONNECTION_RETRIES",
        sentence="how often a call to SWF other than a poll is retried",
        kind="number",
        default=5,
    ),
    Variable(name="SIMPLEFLOW_NB_PAYLOADS", sentence="default of ``--payloads``"),
    Variable(
        name="SIMPLEFLOW_NB_SKIP",
        sentence="set for each notebook: the file to which it can write why there is nothing to do: :doc:`kernels`",
    ),
    Variable(
        name="SIMPLEFLOW_NB_KERNELS",
        sentence="``spawn``: start every kernel as a new program; ``fork``: see :doc:`kernels`",
        kind="word",
        words=("fork", "spawn"),
        default="fork",
    ),
    Variable(name="SIMPLEFLOW_NB_PRELOAD", sentence="modules that the fork server imports, separated by commas"),
    Variable(name="SIMPLEFLOW_NB_KERNEL_POOL", sentence="number of kernels kept ready", kind="number", default=0, most=64),
    Variable(
        name="SIMPLEFLOW_NB_TOKEN",
        sentence="a secret: the token for clients of ``service.start``, unless ``--token-file`` is given",
        may_be_mounted=True,
        is_secret=True,
    ),
    Variable(name="SIMPLEFLOW_DISABLE_SETPROCTITLE", sentence="do not rename processes in ``ps``", kind="flag"),
    Variable(name="NO_COLOR", sentence="no colours, as ``--color never``", kind="flag"),
)
