"""Secrets: where they come from, and how they are kept out of everything that is written down.

A secret is a file ``/run/secrets/<NAME>`` (as Docker and Kubernetes mount them) or an environment variable.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, quote_plus

#: Where secrets are mounted.
SECRETS_DIR = Path("/run/secrets")

#: Environment variables that hold secrets whether or not anybody has asked for them yet.
SECRET_VARIABLES = ("FLOWAPI_TOKEN", "AUTOFLOW_DB_PASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

#: Read like secrets, but there is nothing to hide: masking a path or an address would only spoil messages. The address of a
#: database is not among them, as it may hold a password.
PUBLIC_NAMES = frozenset(
    {
        "SSL_CERTIFICATE_FILE",
        "AUTOFLOW_INPUTS_DIR",
        "AUTOFLOW_OUTPUTS_DIR",
        "AUTOFLOW_LOG_LEVEL",
        "LOG_LEVEL",
        "FLOWAPI_URL",
    }
)

#: Shorter ones are not masked: they would turn up by chance all over a text.
SHORTEST_MASKED_SECRET = 8

MASK = "***"

_LARGEST_SECRET_BYTES = 65_536
_asked_for: set[str] = set(SECRET_VARIABLES)


class MissingSecretError(LookupError):
    """A secret that has no default is neither a file nor an environment variable."""


def read_secret(name: str, default: str | None = None) -> str:
    """The secret called ``name``, without white space around it; a file wins over the environment.

    From then on it is one of the `known_secrets`.

    Raises:
        MissingSecretError: there is none, and no ``default``.
        OSError: the file is there, but cannot be read.
        ValueError: ``name`` is no plain file name.
    """
    if name in ("", "..") or Path(name).name != name:
        raise ValueError(f"{name!r} cannot be the name of a secret")
    if name not in PUBLIC_NAMES:
        _asked_for.add(name)
    try:
        return (SECRETS_DIR / name).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        value = os.environ.get(name, default)
    if value is None:
        raise MissingSecretError(f"{name} is not set: give it as the file {SECRETS_DIR / name} or in the environment")
    return value.strip()


def known_secrets() -> dict[str, str]:
    """Every secret that this process can know of, by name: all mounted files, and those of the environment.

    Short ones are included, empty ones, unreadable or binary files and files over 64 KiB are not.
    """
    found = {name: os.environ[name].strip() for name in sorted(_asked_for) if name in os.environ}
    try:
        files = sorted(SECRETS_DIR.iterdir())
    except OSError:  # nothing is mounted, which is the usual case outside a container
        files = []
    for file in files:
        try:
            if file.name not in PUBLIC_NAMES and file.is_file() and file.stat().st_size <= _LARGEST_SECRET_BYTES:
                found[file.name] = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            continue  # what this process cannot read, it cannot give away
    return {name: value for name, value in found.items() if value}


def masked(text: str, secrets: Mapping[str, str] | None = None) -> str:
    """``text`` with every known secret of 8 or more characters replaced by ``***``.

    Found as they are, escaped as in JSON or in Python's ``repr``, quoted as in a URL, and in base64 whatever stands
    before them (the password in ``Authorization: Basic``). Whoever masks line by line passes `known_secrets` once, so
    that the files are not read for each line.
    """
    values = known_secrets() if secrets is None else secrets
    pattern = _pattern(frozenset(value for value in values.values() if len(value) >= SHORTEST_MASKED_SECRET))
    return pattern.sub(MASK, text) if pattern is not None else text


@lru_cache(maxsize=16)
def _pattern(values: frozenset[str]) -> re.Pattern[str] | None:
    forms = {form for value in values for form in _forms(value)}
    # The longest first: the full base64 form must win over its own middle, or padding would be left standing.
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    return re.compile("|".join(map(re.escape, ordered))) if ordered else None


def _forms(value: str) -> set[str]:
    raw = value.encode()
    quoted = {quote(value, safe=""), quote(value), quote_plus(value)}
    forms = {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        *quoted,
        *(re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), form) for form in quoted),
    }
    for encode in (b64encode, urlsafe_b64encode):
        full = encode(raw).decode()
        forms |= {full, full.rstrip("=")}
        for shift in (0, 1, 2):
            # Only the characters that are made of nothing but the secret's own bits.
            first = -(-shift * 8 // 6)
            last = (shift + len(raw)) * 8 // 6
            forms.add(encode(b"\0" * shift + raw).decode()[first:last])
    return forms
