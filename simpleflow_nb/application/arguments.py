"""Checks of arguments that a program gives: the command line has its own, and a program is told as plainly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ..exceptions import DefinitionError


def check_number(name: str, value: Any, *, least: int = 1, most: int | None = None) -> None:
    """Refuse what is not a whole number within the limits; None passes, as the default.

    Raises:
        DefinitionError: naming the argument.
    """
    if value is None:
        return
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not is_number or value < least or (most is not None and value > most):
        wanted = f"of {least} or more" if most is None else f"from {least} to {most:,}"
        raise DefinitionError(f"{name} must be a whole number {wanted}, not {value!r}")


def check_date(name: str, value: Any, *, is_optional: bool = False) -> None:
    """Refuse what is not a date, and a date with a time of day; None passes if it ``is_optional``.

    Raises:
        DefinitionError: naming the argument.
    """
    if is_optional and value is None:
        return
    if not isinstance(value, date) or isinstance(value, datetime):
        raise DefinitionError(f"{name} must be a datetime.date, not {value!r}")


def check_period(first: date | None, last: date | None, *, is_optional: bool = False) -> None:
    """Refuse ends of a period that are not dates, and a period that ends before it begins; None passes if it ``is_optional``.

    Raises:
        DefinitionError: in the words of the command line, which has the same two ends.
    """
    check_date("first", first, is_optional=is_optional)
    check_date("last", last, is_optional=is_optional)
    if first is not None and last is not None and first > last:
        raise DefinitionError(f"--from {first} is after --to {last}")


def check_text(name: str, value: Any, *, is_optional: bool = False) -> None:
    """Refuse what is not text; None passes if it ``is_optional``.

    Raises:
        DefinitionError: naming the argument.
    """
    if not isinstance(value, str) and not (is_optional and value is None):
        raise DefinitionError(f"{name} must be text, not {value!r}")


def check_word(name: str, value: Any, words: Sequence[str]) -> None:
    """Refuse what is not one of the words.

    Raises:
        DefinitionError: naming the argument, with a guess.
    """
    if value not in words:
        from deciders.problems import did_you_mean

        hint = did_you_mean(value, words) if isinstance(value, str) else ""
        raise DefinitionError(f"{name} is {value!r}{hint}; it is one of {', '.join(words)}")


def check_parameters(value: Any) -> None:
    """Refuse what is not a mapping with names as keys.

    Raises:
        DefinitionError: one sentence.
    """
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise DefinitionError(f"parameters must be a mapping of names to values, not {value!r}")
