"""Sources of dates: of each the model, the shape of its settings in ``workflows.yml``, and the rules that no shape can express.

A further one has its model in `Source`, its shape in `SourceOfFile` and its rules in `BUILT_IN`.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag

from ..problems import Problems, did_you_mean, kind_of, listed, shown
from .file_types import ABSENT, OF_A_SETTING, OF_AN_OWNER, Entry, refusal
from .inputs_folder import leaving_fault
from .yaml_lines import BROKEN, YamlNode, json_value

#: Entry points that are sources: ``name = package.module:function``; see docs/sources.rst for what they are called with.
GROUP = "simpleflow_nb.sources"

_PLACE_OF_DATE = "{date}"
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
#: Ours, not a part of the file: which form of a source is meant, so that problems are told of that form alone. Those built in
#: have their name behind a slash.
_FLOWAPI, _INSTALLED = "/flowapi", "/installed"


class _Source(BaseModel):
    # Infinities are YAML values like any other, and must not turn into null on the way through JSON.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    @property
    @abstractmethod
    def called(self) -> str:
        """Its name in sentences, of which it may be the subject."""


class FlowApiSource(_Source):
    """Dates come from FlowKit's FlowAPI."""

    kind: Literal["flowapi"] = "flowapi"

    @property
    def called(self) -> str:
        return "FlowAPI"


class FilesSource(_Source):
    """Dates come from the names of files."""

    kind: Literal["files"] = "files"
    files: dict[str, str]  #: type of data: path relative to the inputs folder with {date}; * and ? match within a name

    @property
    def called(self) -> str:
        return "files"


def _checked_files(value: Any) -> Any:
    if value is BROKEN or (isinstance(value, dict) and value):
        return value
    raise refusal(OF_AN_OWNER, " must be a mapping of at least one type of data to its files")


def _checked_pattern(value: Any) -> Any:
    if value is BROKEN:
        return value
    if not isinstance(value, str):
        raise refusal(OF_AN_OWNER, f" must be text, not {shown(value)}")
    if fault := _pattern_fault(value):
        raise refusal(OF_AN_OWNER, f": {shown(value)} {fault}")
    return value


def _pattern_fault(pattern: str) -> str | None:
    if pattern.count(_PLACE_OF_DATE) != 1:
        return f"must hold {_PLACE_OF_DATE} exactly once"
    if "**" in pattern:
        return "must not hold '**': name the folders"
    if not pattern.startswith("s3://"):
        return leaving_fault(pattern)
    bucket, slash, _ = pattern.removeprefix("s3://").partition("/")
    return None if slash and _BUCKET.fullmatch(bucket) else "must be like s3://bucket/folder/{date}.csv"


_Pattern = Annotated[
    str,
    BeforeValidator(
        _checked_pattern, json_schema_input_type=Annotated[str, StringConstraints(pattern=r"^(?!/)[^{]*\{date\}[^{]*$")]
    ),
]


class FilesEntry(Entry):
    """Dates are taken from the names of files."""

    # What else stands there may be an installed source, so the rules refuse it.
    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})

    # the rules look at the types of data as well, which need not be text here
    files: Annotated[dict[Any, _Pattern], BeforeValidator(_checked_files)] = Field(
        min_length=1,
        description="For each type of data the path of its files, relative to this file; {date} stands for the ISO date, * "
        "and ? for other characters. s3://bucket/... is on S3.",
    )


def _files_values(files: YamlNode, problems: Problems) -> dict[str, Any]:
    for name, pattern in files.entries().items():
        if not isinstance(name, str) or not name.strip():
            problems.add(pattern.line, f"the type of data {shown(name)} must be text; put it in quotes")
    return {"files": files.plain() if isinstance(files.value, dict) else {}}


class SqlSource(_Source):
    """Dates come from a database."""

    kind: Literal["sql"] = "sql"
    uri: str  #: SQLAlchemy's; ``{}`` in it stands for the password
    query: str  #: gives rows of a type of data, a date, and perhaps a version of its data
    password: str | None = None  #: name of the secret

    @property
    def called(self) -> str:
        return "the query"


def _checked_text(value: Any) -> Any:
    if value is BROKEN:
        return value
    if not isinstance(value, str) or not value.strip():
        raise refusal(OF_AN_OWNER, f" must be text, not {shown(value)}")
    return value.strip()


_Text = Annotated[str, BeforeValidator(_checked_text, json_schema_input_type=str)]


def _checked_sql(value: Any) -> Any:
    if value is BROKEN or isinstance(value, dict):
        return value
    raise refusal(OF_AN_OWNER, " must be a mapping with 'uri' and 'query'")


class QueryEntry(Entry):
    """A query of a database."""

    uri: _Text = Field(description="SQLAlchemy's; {} in it stands for the password.")
    query: _Text = Field(description="Gives rows of a type of data and a date.")
    password: _Text = Field(ABSENT, description="The name of the secret that is the password.")


class SqlEntry(Entry):
    """Dates are asked of a database."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})

    sql: Annotated[QueryEntry, BeforeValidator(_checked_sql)]


def _sql_values(node: YamlNode, problems: Problems) -> dict[str, Any]:
    secret = node.get("password")
    has_password = secret is not None and bool((secret.text or "").strip())
    if (uri := node.get("uri")) is not None and uri.text and (fault := _uri_fault(uri.text, has_password)):
        problems.add(uri.line, f"'uri' of 'sql' {fault}")
    if secret is not None and secret.text and not _SECRET_NAME.fullmatch(secret.text):
        problems.add(secret.line, "'password' of 'sql' must be the name of a secret such as MY_DB_PASSWORD, never the password")
    return {key: value.text.strip() for key in QueryEntry.model_fields if (value := node.get(key)) is not None and value.text}


def _uri_fault(uri: str, has_password: bool) -> str | None:
    """Explain what is wrong with the URI. A password must not stand in the file: it would be in each history and in each copy
    of the file.
    """
    if not re.match(r"[a-z0-9_]+(\+[a-z0-9_]+)?://", uri):
        return "must be SQLAlchemy's, such as postgresql://user:{}@host/database or sqlite:////folder/file.sqlite3"
    written = re.match(r"[^/]+://[^/@]*:([^/@]*)@", uri)
    if written and written[1] != "{}":
        return "holds a password; write {} in its place, and the name of a secret as 'password'"
    if ("{}" in uri) != has_password:
        return "has {} for a password, and 'password' names no secret" if "{}" in uri else "has no {} for the password"
    return None


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A source that comes with this package, under its name as the key of ``source``."""

    values: Callable[[YamlNode, Problems], dict[str, Any]]  #: checks the value of that key, and returns the fields of the model
    settings: type[BaseModel] | None = None  #: those of that value; None: its keys are names of the user's


BUILT_IN = {"files": BuiltIn(_files_values), "sql": BuiltIn(_sql_values, QueryEntry)}


class InstalledSource(_Source):
    """Dates come from an entry point of the group ``simpleflow_nb.sources``."""

    kind: Literal["installed"] = "installed"
    name: str
    options: Any = None  #: JSON

    @property
    def called(self) -> str:
        return f"the source {self.name!r}"


class InstalledEntry(Entry):
    """A source that is installed, by its name, with its own settings."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"minProperties": 1, "maxProperties": 1, "propertyNames": {"not": {"enum": list(BUILT_IN)}}},
    )


Source = FilesSource | FlowApiSource | SqlSource | InstalledSource


def installed_names() -> list[str]:
    """Return the names of the sources that somebody has installed."""
    return [point.name for point in entry_points(group=GROUP)]


def _form(value: Any) -> str | None:
    if isinstance(value, str):
        return _FLOWAPI
    if not isinstance(value, dict):
        return None
    # Of several, which the rules refuse, the first counts; the names of others are looked up only where they matter.
    names = installed_names() if len(value) > 1 else []
    first = next((key for key in value if key in BUILT_IN or key in names), None)
    return f"/{first}" if first in BUILT_IN else _INSTALLED


def _checked_source(value: Any) -> Any:
    if value is BROKEN or value == "flowapi" or isinstance(value, dict):
        return value
    hint = did_you_mean(value, ["flowapi"]) if isinstance(value, str) else ""
    raise refusal(OF_A_SETTING, f" must be 'flowapi' or a mapping with {_either(BUILT_IN)}, not {kind_of(value)}{hint}")


def _either(names: Iterable[str]) -> str:
    """Format two names or more as ``'a', 'b' or 'c'``."""
    *others, last = map(repr, names)
    return f"{', '.join(others)} or {last}"


SourceOfFile = Annotated[
    Annotated[Literal["flowapi"], Tag(_FLOWAPI)]
    | Annotated[FilesEntry, Tag("/files")]
    | Annotated[SqlEntry, Tag("/sql")]
    | Annotated[InstalledEntry, Tag(_INSTALLED)],
    Discriminator(_form),
    BeforeValidator(_checked_source),
]


def checked_source(node: YamlNode | None, problems: Problems) -> dict[str, Any]:
    """Return the values of a `Source`; FlowAPI if the file names none."""
    if node is None or node.text == "flowapi" or node.value is BROKEN:
        return _ASK_FLOWAPI
    if not isinstance(node.value, dict):
        return _ASK_FLOWAPI
    installed = installed_names()
    known = [key for key in node.value if key in (*BUILT_IN, *installed)]
    hints = {key: problems.did_you_mean(str(key), [*BUILT_IN, *installed]) for key in node.value if key not in known}
    for key, hint in hints.items():
        problems.add(node.value[key].line, f"{shown(key)} is not a setting of the source{hint}")
    if not known and not any(hints.values()):
        others = f"; installed are {listed(sorted(installed))}" if installed else ""
        problems.add(node.line, f"the source lacks {_either(BUILT_IN)}{others}")
    if not known:
        return {"kind": "files", "files": {}}
    if len(known) > 1:
        problems.add(node.line, f"the source has both {listed(known)}; a sensor has one source")
    value = node.value[known[0]]
    if known[0] in BUILT_IN:
        return {"kind": known[0], **BUILT_IN[known[0]].values(value, problems)}
    return {"kind": "installed", "name": known[0], "options": json_value(value, problems)}


_ASK_FLOWAPI: dict[str, Any] = {"kind": "flowapi"}
