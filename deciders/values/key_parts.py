"""Everything that the work of an item depends on, part by part: equal parts, equal work; and how two differ, in words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MOST_CHANGES = 3  #: that a sentence tells
_MOST_CHARACTERS = 200  #: of the JSON of a value that is kept; of a longer one its hash is
_MOST_SHOWN_CHARACTERS = 40
_HASHED = "sha256:"

#: The kinds of parts, in the order in which their changes are told, each with the words in front of the name of one.
#: Values are told, old and new; of what is compared by content only that it differs.
_VALUES = {"kernel": "kernel", "environment": "env", "axes": "axis", "parameters": "parameter"}
_CONTENTS = {
    "notebook": "notebook",
    "upstream": "what it takes as",
    "files": "file",
    "modules": "module",
    "reads": "file",
    "data": "data of",
}
_ORDER = ("notebook", *_VALUES, "upstream", "files", "modules", "reads", "data")
#: Parts of one item that no name tells apart.
_NAMELESS = {"turn": "place among items with the same axes"}


def shared_id(key: str) -> str:
    """Return the workflow id of the execution that carries out the work of this key for all runs that have it in common."""
    return f"shared-{key}"


@dataclass(frozen=True, slots=True)
class KeyParts:
    """Parts by kind and name. A value is a JSON value or, where only contents are compared, a hash."""

    parts: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, **parts: Mapping[str, Any]) -> KeyParts:
        """Make the parts; of long values the hashes are kept, and kinds without a part are left out.

        Raises:
            ValueError: there is no such kind.
        """
        if unknown := parts.keys() - {*_ORDER, *_NAMELESS}:
            raise ValueError(f"there is no kind of part {min(unknown)!r}")
        return cls({kind: {name: _kept(value) for name, value in named.items()} for kind, named in parts.items() if named})

    @property
    def key(self) -> str:
        """The key: 64 hexadecimal digits, equal for equal parts. The name of the notebook's file does not count."""
        counted = {**self.parts, "notebook": sorted(self.parts.get("notebook", {}).values())}
        text = json.dumps(counted, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def changes_since(self, former: KeyParts) -> list[str]:
        """Tell what differs from ``former``, such as ``parameter threshold 30 -> 70``; nothing if their keys are equal."""
        return [
            *(change for kind in _ORDER for change in _changes(kind, former.parts.get(kind, {}), self.parts.get(kind, {}))),
            *(f"{what} changed" for kind, what in _NAMELESS.items() if former.parts.get(kind) != self.parts.get(kind)),
        ]

    def of_kinds_in(self, other: KeyParts) -> KeyParts:
        """Return those parts whose kinds ``other`` has too: what can be compared with less complete ones."""
        return KeyParts({kind: named for kind, named in self.parts.items() if kind in other.parts})

    def as_json(self) -> dict[str, Any]:
        return {kind: dict(named) for kind, named in self.parts.items()}

    @classmethod
    def of_json(cls, value: Any) -> KeyParts | None:
        """Read what `as_json` has written; None for anything else: files of former versions have no parts."""
        if not isinstance(value, Mapping) or not all(isinstance(named, Mapping) for named in value.values()):
            return None
        return cls({str(kind): dict(named) for kind, named in value.items()})


def _changes(kind: str, former: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    words = _VALUES.get(kind) or _CONTENTS[kind]
    if kind == "notebook":
        if sorted(former.values()) != sorted(now.values()):
            yield f"{words} {', '.join(now)} changed"
        return
    for name in [*former, *(name for name in now if name not in former)]:
        then, value = former.get(name, _NONE), now.get(name, _NONE)
        if then == value and type(then) is type(value):
            continue
        if value is _NONE:
            yield f"{words} {name} is gone"
        elif then is _NONE:
            yield f"{words} {name} is new"
        elif kind in _VALUES and not (_is_hash(then) or _is_hash(value)):
            yield f"{words} {name} {_shown(then)} -> {_shown(value)}"
        else:
            yield f"{words} {name} changed"


def _kept(value: Any) -> Any:
    text = json.dumps(value, sort_keys=True, default=str)
    if len(text) <= _MOST_CHARACTERS:
        return json.loads(text)
    return _HASHED + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(_HASHED)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN_CHARACTERS else f"{text[: _MOST_SHOWN_CHARACTERS - 3]}..."


class _Absent:
    """No part of that name."""


_NONE = _Absent()
