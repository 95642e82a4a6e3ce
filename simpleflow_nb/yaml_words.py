"""Plain words that YAML 1.1 reads differently than they look: ``NO``, ``01234``, ``12:30:00``, ``1e-3``, ``1.10``.

PyYAML reads the value; this module finds values that may surprise. Unambiguous words (``true``, ``12``, ``1.5``, a date) are
no surprise.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import yaml

_LONGEST_WORD = 60
_NUMBER = re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?")
_PREFIXED = re.compile(r"[-+]?0[oO][0-7_]+")
_NOTHING = frozenset(("nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"))
_VERSION = re.compile(r"version|release|revision", re.IGNORECASE)
_SHORTENED = re.compile(r"[-+]?[1-9][0-9_]*\.[0-9]*[1-9][0-9]*0")


@dataclass(frozen=True)
class Surprise:
    """A word and the value it was read as."""

    word: str
    read: str  #: ``false``, ``668, a number to the base 8``, ``text``, ...
    instead: str  #: how to write the value read, or, for text, what may have been meant
    is_text: bool = False  #: it was read as text that looks like something else

    def __str__(self) -> str:
        """Return the message about the word, without file and line."""
        quoted = f"'{self.word}'" if "'" not in self.word else f'"{self.word}"'
        if not self.word:
            return (
                "the value is empty (what begins with # is a comment) and was read as null; write null, or '' for an empty text"
            )
        if self.is_text:
            return f"{self.told}; write {self.instead}, or {quoted} in quotes for the text"
        return f"{self.told}; write {quoted} in quotes for the text, or {self.instead}"

    @property
    def told(self) -> str:
        """Return ``NO was read as false``."""
        word = self.word if len(self.word) <= _LONGEST_WORD else f"{self.word[: _LONGEST_WORD - 4]} ..."
        return f"{word or 'nothing'} was read as {self.read}"


def surprise(node: yaml.ScalarNode, value: Any, name: str | None = None) -> Surprise | None:
    """Return the surprise of reading the scalar ``node`` as ``value``, None without one. ``name`` is its key."""
    word = node.value
    if node.style in ("|", ">"):
        return Surprise(node.style, "an empty text of several lines", "''") if not value else None
    if node.style is not None or _is_tagged(node):
        return None
    if value is None:
        return None if word.lower() == "null" else Surprise(word, "null", "null")
    if isinstance(value, bool):
        plain = str(value).lower()
        return None if word.lower() == plain else Surprise(word, plain, plain)
    if isinstance(value, int):
        return _of_integer(word, value)
    if isinstance(value, float):
        return _of_float(word, value, name)
    if isinstance(value, date):
        kind = "time" if isinstance(value, datetime) else "date"
        return None if str(value) == word else Surprise(word, f"the {kind} {value}", str(value))
    return _of_text(word) if isinstance(value, str) else None


def _is_tagged(node: yaml.ScalarNode) -> bool:
    mark = node.start_mark
    return mark.buffer is not None and mark.buffer[mark.pointer : mark.pointer + 1] == "!"


def _of_integer(word: str, value: int) -> Surprise | None:
    digits = word.lstrip("+-")
    if ":" in word:
        return Surprise(word, f"{value}, a number to the base 60", str(value))
    if len(digits) > 1 and digits[0] == "0" and digits[1] not in "xb":
        return Surprise(word, f"{value}, a number to the base 8", str(value))
    return Surprise(word, str(value), str(value)) if "_" in word or word.startswith("+") else None


def _of_float(word: str, value: float, name: str | None) -> Surprise | None:
    plain = plain_number(value)
    if ":" in word:
        return Surprise(word, f"{plain}, a number to the base 60", plain)
    is_version = name is not None and _VERSION.search(name) is not None and word != plain
    if "_" in word or word.startswith("+") or is_version or _SHORTENED.fullmatch(word):
        return Surprise(word, plain, plain)
    return None


def _of_text(word: str) -> Surprise | None:
    if word.lower() in _NOTHING:
        return Surprise(word, "text", "null for no value", is_text=True)
    if word == "None":
        return Surprise(word, "text", "null", is_text=True)
    if _PREFIXED.fullmatch(word):
        return Surprise(word, "text", f"{int(word, 8)} for the number", is_text=True)
    if _NUMBER.fullmatch(word) and any(character.isdigit() for character in word):
        is_whole = not re.search(r"[.eE]", word)
        value = int(word.replace("_", "")) if is_whole else float(word.replace("_", ""))
        if is_whole or math.isfinite(value):
            return Surprise(word, "text", f"{plain_number(value)} for the number", is_text=True)
    return None


def plain_number(value: float) -> str:
    """Format a number for YAML 1.1: an exponent needs a point and a sign."""
    return str(yaml.safe_dump(value).splitlines()[0])
