"""Values, names and guesses as messages show them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

#: Beyond these limits a guess takes more time than it saves the reader.
_LONGEST_GUESSED_WORD = 100
_MOST_GUESSED_OPTIONS = 500

_LONGEST_SHOWN_VALUE = 80


def near_miss(word: str, options: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the option that was probably meant, or None.

    ``cutoff`` is difflib's similarity between 0 and 1. An option that differs only in case always wins.
    """
    candidates = list(options)
    if len(word) > _LONGEST_GUESSED_WORD or len(candidates) > _MOST_GUESSED_OPTIONS:
        return None
    folded = word.casefold()
    if same := [option for option in candidates if option.casefold() == folded]:
        return same[0]
    matches = get_close_matches(word, candidates, n=1, cutoff=cutoff)
    if matches:
        return matches[0]
    by_case = {option.casefold(): option for option in candidates}
    matches = get_close_matches(folded, by_case, n=1, cutoff=cutoff)
    return by_case[matches[0]] if matches else None


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the nearest option, or an empty string."""
    guess = near_miss(word, options)
    return f" (did you mean {guess!r}?)" if guess is not None else ""


def shown(value: Any) -> str:
    """Format ``value`` for a message: on one line, and cut if it is long."""
    try:
        text = repr(value) if isinstance(value, (str, list, dict, tuple)) else _spelled(value)
    except ValueError:  # Python refuses to spell out an integer of more than 4,300 digits
        return "a number of more than 4,300 digits"
    return text if len(text) <= _LONGEST_SHOWN_VALUE else f"{text[: _LONGEST_SHOWN_VALUE - 4]} ..."


def kind_of(value: Any) -> str:
    """Describe a value of the wrong kind: ``a mapping``, ``a list``, or the value itself."""
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else shown(value)


def _spelled(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def listed(names: Iterable[str]) -> str:
    """Format names as ``'a', 'b' and 'c'``; an empty string for no names."""
    quoted = [repr(name) for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else "".join(quoted)
