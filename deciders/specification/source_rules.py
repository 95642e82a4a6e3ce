"""Rules of sources that the shape of ``source`` cannot express: files, a query, or an installed source."""

from __future__ import annotations

import re
from typing import Any

from ..problems import Problems, listed, shown
from .source_entries import BUILT_IN, QueryEntry, installed_names
from .yaml_lines import BROKEN, YamlNode, json_value

_SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_FLOWAPI: dict[str, Any] = {"kind": "flowapi"}


def checked_source(node: YamlNode | None, problems: Problems) -> dict[str, Any]:
    """Return the values of one of the sources of `deciders.specification`; FlowAPI if the file names none."""
    if node is None or node.text == "flowapi" or node.value is BROKEN:
        return _FLOWAPI
    if not isinstance(node.value, dict):
        return _FLOWAPI
    installed = installed_names()
    known = [key for key in node.value if key in (*BUILT_IN, *installed)]
    hints = {key: problems.did_you_mean(str(key), [*BUILT_IN, *installed]) for key in node.value if key not in known}
    for key, hint in hints.items():
        problems.add(node.value[key].line, f"{shown(key)} is not a setting of the source{hint}")
    if not known and not any(hints.values()):
        others = f"; installed are {listed(sorted(installed))}" if installed else ""
        problems.add(node.line, f"the source lacks 'files' or 'sql'{others}")
    if not known:
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
    for name, pattern in files.entries().items():
        if not isinstance(name, str) or not name.strip():
            problems.add(pattern.line, f"the type of data {shown(name)} must be text; put it in quotes")
    return {"kind": "files", "files": files.plain() if isinstance(files.value, dict) else {}}


def _checked_sql(node: YamlNode, problems: Problems) -> dict[str, Any]:
    secret = node.get("password")
    has_password = secret is not None and bool((secret.text or "").strip())
    if (uri := node.get("uri")) is not None and uri.text and (fault := _uri_fault(uri.text, has_password)):
        problems.add(uri.line, f"'uri' of 'sql' {fault}")
    if secret is not None and secret.text and not _SECRET_NAME.fullmatch(secret.text):
        problems.add(secret.line, "'password' of 'sql' must be the name of a secret such as MY_DB_PASSWORD, never the password")
    given = {key: value.text.strip() for key in QueryEntry.model_fields if (value := node.get(key)) is not None and value.text}
    return {"kind": "sql", **given}


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
