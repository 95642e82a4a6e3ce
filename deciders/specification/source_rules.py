"""Rules for the source of dates: FlowAPI, files, a query, or an installed source."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from typing import Any

from ..problems import Problems, listed, shown
from .inputs_folder import leaving_fault
from .yaml_lines import BROKEN, YamlNode, json_value

#: Entry points of sources: ``name = package.module:function``; docs/sources.rst describes the call.
GROUP = "simpleflow_nb.sources"

_PLACE_OF_DATE = "{date}"
_BUILT_IN = ("files", "sql")
_SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_FLOWAPI: dict[str, Any] = {"kind": "flowapi"}


def checked_source(node: YamlNode | None, problems: Problems) -> dict[str, Any]:
    """Return the values of one of the sources of `deciders.specification`; FlowAPI if the file names none."""
    if node is None or node.text == "flowapi" or node.value is BROKEN:
        return _FLOWAPI
    if not isinstance(node.value, dict):
        hint = problems.did_you_mean(node.text, ["flowapi"]) if node.text is not None else ""
        found = "a list" if isinstance(node.value, list) else shown(node.value)
        problems.add(node.line, f"source must be 'flowapi' or a mapping with 'files' or 'sql', not {found}{hint}")
        return _FLOWAPI
    installed = {point.name: point.value for point in entry_points(group=GROUP)}
    known = [key for key in node.value if key in (*_BUILT_IN, *installed)]
    for key, value in node.value.items():
        if key not in known:
            hint = problems.did_you_mean(str(key), [*_BUILT_IN, *installed])
            problems.add(value.line, f"{shown(key)} is not a setting of the source{hint}")
    if not known:
        others = f"; installed are {listed(sorted(installed))}" if installed else ""
        problems.add(node.line, f"the source lacks 'files' or 'sql'{others}")
        return {"kind": "files", "files": {}}
    if len(known) > 1:
        problems.add(node.line, f"the source has both {listed(known)}; a sensor has one source")
    value = node.value[known[0]]
    if known[0] == "files":
        return _checked_files(value, problems)
    if known[0] == "sql":
        return _checked_sql(value, problems)
    return {"kind": "installed", "name": known[0], "options": json_value(value, problems)}


def _checked_files(files: YamlNode, problems: Problems) -> dict[str, Any]:
    if not isinstance(files.value, dict) or not files.value:
        problems.add(files.line, "'files' of the source must be a mapping of at least one type of data to its files")
        return {"kind": "files", "files": {}}
    for name, pattern in files.value.items():
        if not isinstance(name, str) or not name.strip():
            problems.add(pattern.line, f"the type of data {shown(name)} must be text; put it in quotes")
        elif pattern.value is BROKEN:
            continue
        elif pattern.text is None:
            problems.add(pattern.line, f"the files of {shown(name)} must be text, not {shown(pattern.plain())}")
        elif fault := _pattern_fault(pattern.text):
            problems.add(pattern.line, f"the files of {shown(name)}: {shown(pattern.text)} {fault}")
    return {"kind": "files", "files": files.plain()}


def _pattern_fault(pattern: str) -> str | None:
    if pattern.count(_PLACE_OF_DATE) != 1:
        return f"must hold {_PLACE_OF_DATE} exactly once"
    if "**" in pattern:
        return "must not hold '**': name the folders"
    if not pattern.startswith("s3://"):
        return leaving_fault(pattern)
    bucket, slash, _ = pattern.removeprefix("s3://").partition("/")
    return None if slash and _BUCKET.fullmatch(bucket) else "must be like s3://bucket/folder/{date}.csv"


def _checked_sql(node: YamlNode, problems: Problems) -> dict[str, Any]:
    checked: dict[str, Any] = {"kind": "sql", "uri": "", "query": ""}
    if not isinstance(node.value, dict):
        problems.add(node.line, "'sql' of the source must be a mapping with 'uri' and 'query'")
        return checked
    for key, value in node.value.items():
        if key not in ("uri", "query", "password"):
            hint = problems.did_you_mean(str(key), ["uri", "query", "password"])
            problems.add(value.line, f"{shown(key)} is not a setting of 'sql'{hint}")
        elif value.value is BROKEN:
            continue
        elif value.text is None or not value.text.strip():
            problems.add(value.line, f"{key!r} of 'sql' must be text, not {shown(value.plain())}")
        else:
            checked[key] = value.text.strip()
    for key in ("uri", "query"):
        if key not in node.value:
            problems.add(node.line, f"'sql' of the source lacks {key!r}")
    if (uri := node.get("uri")) is not None and uri.text and (fault := _uri_fault(uri.text, "password" in checked)):
        problems.add(uri.line, f"'uri' of 'sql' {fault}")
    secret = node.get("password")
    if secret is not None and secret.text and not _SECRET_NAME.fullmatch(secret.text):
        problems.add(secret.line, "'password' of 'sql' must be the name of a secret such as MY_DB_PASSWORD, never the password")
    return checked


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
