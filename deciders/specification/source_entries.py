"""The shapes of a sensor's ``source``. What they cannot say, such as what is installed, is checked in
`deciders.specification.source_rules`."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag

from ..problems import did_you_mean, kind_of, shown
from .file_types import ABSENT, OF_A_SETTING, OF_AN_OWNER, Entry, refusal
from .inputs_folder import leaving_fault
from .yaml_lines import BROKEN

#: Entry points that are sources: ``name = package.module:function``; see docs/sources.rst for what they are called with.
GROUP = "simpleflow_nb.sources"
BUILT_IN = ("files", "sql")

_PLACE_OF_DATE = "{date}"
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
#: Ours, not a part of the file: which form of a source is meant, so that problems are told of that form alone.
_FLOWAPI, _FILES, _SQL, _INSTALLED = "/flowapi", "/files", "/sql", "/installed"


def installed_names() -> list[str]:
    """The sources that somebody has installed."""
    return [point.name for point in entry_points(group=GROUP)]


def _form(value: Any) -> str | None:
    if isinstance(value, str):
        return _FLOWAPI
    if not isinstance(value, dict):
        return None
    # Of several, which the rules refuse, the first counts; the names of others are looked up only where they matter.
    names = installed_names() if len(value) > 1 else []
    first = next((key for key in value if key in BUILT_IN or key in names), None)
    return {"files": _FILES, "sql": _SQL}.get(str(first), _INSTALLED)


def _checked_source(value: Any) -> Any:
    if value is BROKEN or value == "flowapi" or isinstance(value, dict):
        return value
    hint = did_you_mean(value, ["flowapi"]) if isinstance(value, str) else ""
    raise refusal(OF_A_SETTING, f" must be 'flowapi' or a mapping with 'files' or 'sql', not {kind_of(value)}{hint}")


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


def _checked_sql(value: Any) -> Any:
    if value is BROKEN or isinstance(value, dict):
        return value
    raise refusal(OF_AN_OWNER, " must be a mapping with 'uri' and 'query'")


def _checked_text(value: Any) -> Any:
    if value is BROKEN:
        return value
    if not isinstance(value, str) or not value.strip():
        raise refusal(OF_AN_OWNER, f" must be text, not {shown(value)}")
    return value.strip()


_Text = Annotated[str, BeforeValidator(_checked_text, json_schema_input_type=str)]
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


class QueryEntry(Entry):
    """A query of a database."""

    uri: _Text = Field(description="SQLAlchemy's; {} in it stands for the password.")
    query: _Text = Field(description="Gives rows of a type of data and a date.")
    password: _Text = Field(ABSENT, description="The name of the secret that is the password.")


class SqlEntry(Entry):
    """Dates are asked of a database."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})

    sql: Annotated[QueryEntry, BeforeValidator(_checked_sql)]


class InstalledEntry(Entry):
    """A source that is installed, by its name, with its own settings."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"minProperties": 1, "maxProperties": 1, "propertyNames": {"not": {"enum": list(BUILT_IN)}}},
    )


SourceOfFile = Annotated[
    Annotated[Literal["flowapi"], Tag(_FLOWAPI)]
    | Annotated[FilesEntry, Tag(_FILES)]
    | Annotated[SqlEntry, Tag(_SQL)]
    | Annotated[InstalledEntry, Tag(_INSTALLED)],
    Discriminator(_form),
    BeforeValidator(_checked_source),
]
