"""Every variable of the environment that is read: its kind, its default and what it is for, as plain data.

Nothing is read here and nothing heavy is imported, as every command may need a name. `simpleflow_nb.settings` makes one object
of them, and docs/variables.rst is made of them too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PREFIX = "SIMPLEFLOW_NB_"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "WARN", "FATAL", "NOTSET")


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One of them. An empty text is as good as none."""

    name: str
    sentence: str  #: for the table, in reStructuredText, without a full stop
    kind: Literal["text", "number", "flag", "word"] = "text"  #: a flag is on whatever its text is; a word is one of ``words``
    default: str | int | None = None
    words: tuple[str, ...] = ()
    ignores_case: bool = False  #: of a word; it is given in upper case then
    least: int = 0  #: of a number
    most: int | None = None
    may_be_mounted: bool = False  #: a file of that name among the mounted secrets wins over the environment
    is_secret: bool = False

    @property
    def expected(self) -> str:
        """What a value has to be, to follow one that is not."""
        if self.kind == "word":
            return f"one of {', '.join(self.words)} is expected"
        return f"a number from {self.least} to {self.most} is expected" if self.most is not None else "a number is expected"


VARIABLES = (
    Variable(
        name="LOG_LEVEL",
        sentence="from which level on is logged: ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``",
        kind="word",
        words=_LEVELS,
        ignores_case=True,
        default="WARNING",
        may_be_mounted=True,
    ),
    Variable(
        name="AUTOFLOW_LOG_LEVEL",
        sentence="the same, and wins over ``LOG_LEVEL``",
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
        sentence="what ``--format`` is when not given",
        kind="word",
        words=("tabular", "human", "json", "prettyjson", "csv", "tsv"),
        default="tabular",
    ),
    Variable(
        name="AUTOFLOW_INPUTS_DIR",
        sentence="folder of ``workflows.yml`` for commands that are given no file and find none here",
        may_be_mounted=True,
    ),
    Variable(name="AUTOFLOW_OUTPUTS_DIR", sentence="what ``--outputs`` is when not given", may_be_mounted=True),
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
        sentence="certificates to trust for FlowAPI instead of the usual ones",
        may_be_mounted=True,
    ),
    Variable(name="SWF_DOMAIN", sentence="what ``--domain`` is when not given; a word that can be the domain wins"),
    Variable(name="AWS_DEFAULT_REGION", sentence="what ``--region`` is when not given"),
    Variable(name="AWS_ENDPOINT_URL", sentence="another SWF than Amazon's, such as ``service.start``"),
    Variable(
        name="SWF_CONNECTION_RETRIES",
        sentence="how often a call to SWF that is not a poll is tried again",
        kind="number",
        default=5,
    ),
    Variable(name="SIMPLEFLOW_NB_PAYLOADS", sentence="what ``--payloads`` is when not given"),
    Variable(
        name="SIMPLEFLOW_NB_SKIP",
        sentence="set for each notebook: the file into which it may write why there is nothing to do: :doc:`kernels`",
    ),
    Variable(
        name="SIMPLEFLOW_NB_KERNELS",
        sentence="``spawn``: every kernel is a program of its own; ``fork``: see :doc:`kernels`",
        kind="word",
        words=("fork", "spawn"),
        default="fork",
    ),
    Variable(name="SIMPLEFLOW_NB_PRELOAD", sentence="modules that the fork server imports, with commas between them"),
    Variable(name="SIMPLEFLOW_NB_KERNEL_POOL", sentence="kernels that are held ready", kind="number", default=0, most=64),
    Variable(
        name="SIMPLEFLOW_NB_TOKEN",
        sentence="a secret: what clients of ``service.start`` have to give, without ``--token-file``",
        may_be_mounted=True,
        is_secret=True,
    ),
    Variable(name="SIMPLEFLOW_DISABLE_SETPROCTITLE", sentence="processes keep their names in ``ps``", kind="flag"),
    Variable(name="NO_COLOR", sentence="no colours, as ``--color never``", kind="flag"),
)
