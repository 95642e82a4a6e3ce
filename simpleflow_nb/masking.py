"""Masking of secrets in everything that is printed, logged or stored.

A secret is a file ``/run/secrets/<NAME>`` (as Docker and Kubernetes mount them), an environment variable known to hold one, or
the password in an address among the settings.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from operator import is_not
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, unquote_plus

from . import environment
from .constants import DOTS
from .exceptions import DefinitionError
from .variables import AWS_ACCESS_KEY_ID, SECRETS_OF_LIBRARIES, SIMPLEFLOW_NB_SECRETS, VARIABLES

SHORTEST_SERVICE_TOKEN = 16  #: characters

#: Environment variables that hold secrets, whether or not they have been read yet.
SECRET_VARIABLES = (*(one.name for one in VARIABLES if one.is_secret), *SECRETS_OF_LIBRARIES)

#: Mounted like secrets, but not secret: masking a path or an address would only spoil messages.
PUBLIC_NAMES = frozenset(one.name for one in VARIABLES if one.may_be_mounted and not one.is_secret and not one.may_hold_secret)

#: Shorter ones are not masked: they would occur by chance all over a text.
SHORTEST_MASKED_SECRET = 8

MASK = "***"

_LARGEST_SECRET_BYTES = 65_536
_MOST_LINES = 200  #: of a secret of several lines that are searched for one by one
# Patterns as texts: most processes need none of them, and compiling takes longer than importing the rest.
_ACCESS_KEY_ID = "A[A-Z]{3}[A-Z0-9]{12,}"  #: of AWS; not a secret
_AFTER_USER = r"://[^:/?#@\s]*:([^/?#\s]+)@"  # to the last @: one in a password should be %40, and often is not
_AS_DATABASES_READ = r"(?<!http)(?<!https)://[^:/?#@\s]*:([^@\s]+)@"  # SQLAlchemy: a password may have a slash
_IN_QUERY = r"(?i)[?&;](?:password|passwd|pwd|sslpassword)=([^&;\s]+)"

_asked_for: set[str] = set(SECRET_VARIABLES)
_given: dict[str, str] = {}

_Signature = tuple[int, int, int]  # time of the last change, size and number of a file
_contents: dict[str, tuple[_Signature, str | None]] = {}  # of the mounted files, by path; None for binary files
_YOUNG_NANOSECONDS = 2_000_000_000  # a file that has just been written may change again within the clock's tick

Tree = TypeVar("Tree")


def keep_secret(name: str, value: str | None = None) -> None:
    """Treat the variable ``name`` as a secret from now on, or ``value`` if it is given."""
    if value is not None:
        _given[name] = value
    elif name not in PUBLIC_NAMES:
        _asked_for.add(name)


def known_secrets(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the secrets known to this process, by name: all mounted files, and those of the environment.

    ``variables`` replaces the environment of this process. Short secrets are included; empty ones, unreadable or binary files
    and files over 64 KiB are not.
    """
    variables = environment.variables_now() if variables is None else variables
    found, named = dict(_given), _named(variables)
    for name, value in sorted(variables.items()):
        if name in _asked_for or name in named or (name == AWS_ACCESS_KEY_ID and _is_service_token(value.strip())):
            found[name] = value.strip()
        found.update(_passwords(name, value))
    for name, value in _mounted():
        found.update(_passwords(name, value))
        if name not in PUBLIC_NAMES:
            found[name] = value
    return {name: value for name, value in found.items() if value}


def _named(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names that a person has listed as those of secrets."""
    text = variables.get(SIMPLEFLOW_NB_SECRETS.name, "")
    try:
        return SIMPLEFLOW_NB_SECRETS.meant(text)
    except ValueError:
        return tuple(name for name in map(str.strip, text.split(",")) if name)


def _is_service_token(value: str) -> bool:
    return len(value) >= SHORTEST_SERVICE_TOKEN and re.fullmatch(_ACCESS_KEY_ID, value) is None


def _mounted() -> Iterator[tuple[str, str]]:
    """Yield names and contents of the mounted files. Unchanged ones are cached, as every line of a log needs them."""
    global _contents
    kept: dict[str, tuple[_Signature, str | None]] = {}
    try:
        with os.scandir(environment.SECRETS_DIR) as entries:
            files = sorted(entries, key=lambda entry: entry.name)
    except OSError:  # nothing is mounted, as usual outside a container
        files = []
    for file in files:
        try:
            now = file.stat()
            if not stat.S_ISREG(now.st_mode) or now.st_size > _LARGEST_SECRET_BYTES:
                continue
            signature = (now.st_mtime_ns, now.st_size, now.st_ino)
            known = _contents.get(file.path)
            text = known[1] if known is not None and known[0] == signature else _text_of(file.path)
        except OSError:
            continue  # a file that this process cannot read, it cannot leak
        if time.time_ns() - now.st_mtime_ns > _YOUNG_NANOSECONDS:
            kept[file.path] = signature, text
        if text is not None:
            yield file.name, text
    _contents = kept


def _text_of(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        return None


def _passwords(name: str, value: str) -> dict[str, str]:
    """Return the passwords in a setting that is an address, as written and unquoted."""
    if "://" not in value or not ("@" in value or "=" in value):
        return {}
    written = {found[1] for pattern in (_AFTER_USER, _AS_DATABASES_READ, _IN_QUERY) for found in re.finditer(pattern, value)}
    meant = written.union(map(unquote, written), map(unquote_plus, written)) - {"{}"}
    ordered = sorted(meant, key=lambda each: (-len(each), each))
    return {f"password in {name}" + (f" ({number})" if number > 1 else ""): each for number, each in enumerate(ordered, 1)}


def masked(text: str, secrets: Mapping[str, str] | None = None) -> str:
    """Replace each known secret of 8 or more characters in ``text`` by ``***``, in all its spellings.

    See `simpleflow_nb.secret_spellings`. To mask line by line, pass `known_secrets` once, so that the files are not checked
    for each line.
    """
    return (masker() if secrets is None else masker(secrets)).text(text)


def masked_leaves(node: Tree, secrets: Mapping[str, str] | None = None) -> Tree:
    """Mask each text in dictionaries and lists, keys included, before they are written as JSON."""
    made: Tree = (masker() if secrets is None else masker(secrets)).leaves(node)
    return made


def masker(*secrets: Mapping[str, str]) -> Masker:
    """Return a masker for all these secrets; without arguments, for those known now."""
    values = {value for each in secrets or (known_secrets(),) for value in each.values()}
    return _masker(frozenset(value for value in values if len(value) >= SHORTEST_MASKED_SECRET))


@lru_cache(maxsize=16)
def _masker(values: frozenset[str]) -> Masker:
    return Masker(values)


def secret_in(node: Any, secrets: Mapping[str, str] | None = None) -> str | None:
    """Return the name of a secret of 8 or more characters that a text of ``node`` contains unescaped; None without one.

    A secret that is only part of a longer word does not count: it may be a common word.
    """
    for name, value in (known_secrets() if secrets is None else secrets).items():
        if len(value) >= SHORTEST_MASKED_SECRET:
            whole = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)")
            if any(whole.search(text) for text in _texts(node)):
                return name
    return None


def refuse_secrets(given: Any) -> None:
    """Refuse values with a known secret in them.

    Raises:
        DefinitionError: a known secret stands in what is to be kept in a history.
    """
    if (name := secret_in(given)) is not None:
        raise DefinitionError(f"the secret {name} is in the input, and histories would keep it; let the code read it itself")


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from _texts(list(node.items()))
    elif isinstance(node, list | tuple):
        for item in node:
            yield from _texts(item)
    elif node is not None and not isinstance(node, bool):
        yield str(node)


class Masker:
    """Replaces secrets, in texts and in values for JSON."""

    def __init__(self, values: Iterable[str]) -> None:
        pieces = {piece for value in values for piece in _pieces(value)}
        self._secrets = [_Secret(piece) for piece in sorted(pieces, key=lambda piece: (-len(piece), piece))]
        self._are_numbers = any(re.fullmatch(r"[-+.0-9eE]+", piece) for piece in pieces)
        self._textless = {bool, type(None)} | (set() if self._are_numbers else {int, float})
        self.is_idle = not self._secrets  #: there are no secrets to mask
        self.reach = max((secret.reach for secret in self._secrets), default=0)  #: characters of the longest spelling

    def text(self, text: str) -> str:
        """Return ``text`` masked; the same object if there is nothing to mask."""
        has_dots = bool(self._secrets) and any(dots in text for dots in DOTS)
        for secret in self._secrets:
            if any(mark in text for mark in secret.marks):
                text = secret.hidden(text)
            if has_dots and any(mark in text for mark in secret.cut_marks):
                text = secret.without_cuts(text)
        return text

    def leaves(self, node: Any) -> Any:
        """Return the value with each text in it masked, keys included. Parts without a secret are shared, not copied."""
        if not self._secrets:
            return node
        if isinstance(node, str):
            return self.text(node)
        if isinstance(node, dict):
            return self._mapping(node)
        if isinstance(node, list | tuple):
            plain = self._textless
            items = [item if type(item) in plain else self.leaves(item) for item in node]
            return items if any(map(is_not, items, node)) else node
        if self._are_numbers and isinstance(node, int | float) and not isinstance(node, bool):
            return MASK if self.text(str(node)) != str(node) else node
        return node

    def _mapping(self, node: dict[Any, Any]) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        is_same = True
        for key, value in node.items():
            shown, content = self.leaves(key) if isinstance(key, str) else key, self.leaves(value)
            is_same = is_same and shown is key and content is value
            name, number = shown, 1
            while name in made:  # two masked keys must stay two
                number += 1
                name = f"{shown} {number}"
            made[name] = content
        return node if is_same else type(node)(made)


def _pieces(value: str) -> Iterator[str]:
    """Yield the texts to search for: the secret, and each of its lines."""
    yield value
    lines = value.splitlines()
    if len(lines) > 1:
        yield from (line.strip() for line in lines[:_MOST_LINES] if len(line.strip()) >= SHORTEST_MASKED_SECRET)


#: Matches colours, tags and line breaks that may separate two characters of a text.
_BETWEEN = r"(?:<[^<>]*>|\x1b\[[0-9;]*m|\r?\n)"


class _Secret:
    """One text to mask."""

    def __init__(self, value: str) -> None:
        from . import secret_spellings  # most processes of the engine never need it

        self._value = value
        self.marks, self._closer_marks = secret_spellings.marks(value), secret_spellings.closer_marks(value)
        self._spellings = secret_spellings.spellings(value)
        self.cut_marks = secret_spellings.cut_marks(value)
        self._torn: re.Pattern[str] | None = None
        self.reach = len(self._spellings[0])

    def hidden(self, text: str) -> str:
        """Return ``text`` without the secret. Its many spellings are searched for only around the marks."""
        made, done = [], 0
        for begin, end in self._spans(text, self._closer_marks):
            made += [text[done:begin], _without(text[begin:end], ((spelling, MASK) for spelling in self._spellings))]
            done = end
        found = "".join([*made, text[done:]])
        return self._put_together(found) if any(mark in found for mark in self.marks) else found

    def without_cuts(self, text: str) -> str:
        """Return ``text`` without beginnings and ends of the secret next to an ellipsis."""
        made, done = [], 0
        for begin, end in self._spans(text, self.cut_marks):
            part = text[begin:end]
            if any(dots in part for dots in DOTS):
                part = _without(part, self._cut_spellings)
            made += [text[done:begin], part]
            done = end
        return "".join([*made, text[done:]])

    @cached_property
    def _cut_spellings(self) -> tuple[tuple[str, str], ...]:
        from . import secret_spellings

        return tuple((text, _with_dots_of(text)) for text in secret_spellings.cut_spellings(self._value))

    def _spans(self, text: str, marks: Iterable[str]) -> list[tuple[int, int]]:
        starts: list[int] = []
        for mark in marks:
            at = text.find(mark)
            while at >= 0:
                starts.append(at)
                at = text.find(mark, at + len(mark))
        spans: list[tuple[int, int]] = []
        for at in sorted(starts):
            begin, end = max(0, at - self.reach), min(len(text), at + self.reach)
            if spans and begin <= spans[-1][1]:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((begin, end))
        return spans

    def _put_together(self, text: str) -> str:
        """Return ``text`` without the secret, also where a highlighter has put colours or tags inside; these stay."""
        if self._torn is None:
            from . import secret_spellings

            letters = ("|".join(map(re.escape, secret_spellings.spellings_in_markup(letter))) for letter in self._value)
            self._torn = re.compile(f"{_BETWEEN}*".join(f"(?:{letter})" for letter in letters))
        return self._torn.sub(lambda found: MASK + "".join(re.findall(_BETWEEN, found[0])), text)


def _without(text: str, replacements: Iterable[tuple[str, str]]) -> str:
    for spelling, shown in replacements:
        if spelling in text:
            text = text.replace(spelling, shown)
    return text


def _with_dots_of(text: str) -> str:
    for dots in DOTS:
        if text.endswith(dots):
            return MASK + dots
        if text.startswith(dots):
            return dots + MASK
    return MASK
