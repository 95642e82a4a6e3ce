"""Typst code, made only of string literals and calls.

``Code`` comes only from this module, and every function here distinguishes text from code: text from a notebook goes through
``literal`` and stays text, whatever it contains.
"""

import math
import re
from collections.abc import Iterable

# Typst refuses surrogates; the control characters have no picture in any font
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "    "})
_NAME = re.compile(r"[a-z][a-z0-9]*(?:[.-][a-z][a-z0-9]*)*")


class Code(str):
    """A Typst expression. Do not make one from text: use ``literal``."""

    __slots__ = ()


Value = Code | bool | int | None

EMPTY = Code("[]")


def printable(text: str) -> str:
    """Return ``text`` without control characters (tabs and line ends stay) and lone surrogates, which no encoding can write."""
    return _UNPRINTABLE.sub("", text)


def literal(text: str) -> Code:
    """Return the string ``text``. Control characters are left out, a tab becomes four spaces, a carriage return a line feed."""
    clean = text.replace("\r\n", "\n").replace("\r", "\n")
    return Code('"' + printable(clean).translate(_ESCAPES) + '"')


def keyword(name: str) -> Code:
    """Return a name that Typst or ``report.typ`` defines, such as ``right`` or ``table.hline``.

    Raises:
        ValueError: ``name`` has anything but lower-case words with dots and hyphens between them.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a Typst name: {name!r}")
    return Code(name)


def call(function: str, *arguments: Code, **named: Value) -> Code:
    """``function(arguments, name: value)``; underscores in the names of arguments become hyphens.

    Raises:
        TypeError: an argument is text rather than ``Code``.
        ValueError: ``function`` is not a Typst name.
    """
    parts = [_code(argument) for argument in arguments]
    parts += [f"{keyword(name.replace('_', '-'))}: {_code(value)}" for name, value in named.items()]
    return Code(f"{keyword(function)}({', '.join(parts)})")


def array(items: Iterable[Value]) -> Code:
    """``(a, b, )``, also for one item and for none."""
    return Code("(" + "".join(f"{_code(item)}, " for item in items) + ")")


def dictionary(**items: Value) -> Code:
    """``(name: value, )``; underscores in the names become hyphens."""
    return Code("(" + "".join(f"{keyword(name.replace('_', '-'))}: {_code(value)}, " for name, value in items.items()) + ")")


def content(pieces: Iterable[Code]) -> Code:
    """Join the pieces without separators; empty content for no pieces."""
    kept = [_code(piece) for piece in pieces if piece != EMPTY]
    if not kept:
        return EMPTY
    if len(kept) == 1:
        return Code(kept[0])
    return Code("{\n" + "\n".join(kept) + "\n}")


def points(length: float) -> Code:
    """Return a length in points, to a tenth."""
    return Code(f"{length:.1f}pt")


def em(length: float) -> Code:
    """Return a length in units of the font size, to a hundredth."""
    return Code(f"{length:.2f}em")


def decimal(value: float) -> Code:
    """Return a number with two decimals, rounded up."""
    return Code(f"{math.ceil(value * 100) / 100:.2f}")


def percent(share: float) -> Code:
    """Return a share in per cent, to a hundredth."""
    return Code(f"{share:.2f}%")


def colour(red: int, green: int, blue: int, alpha: int = 255) -> Code:
    """Return a colour from components of 0 to 255 each."""
    return Code(f"rgb({red:d}, {green:d}, {blue:d}, {alpha:d})")


def _code(value: Value) -> str:
    if isinstance(value, Code):
        return str(value)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"text must go through literal(): {value!r}")
