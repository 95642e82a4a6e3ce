"""Problems of a workflow file: all of them at once, each with its line.

DefinitionError
├── SpecificationError (a ValueError)      the file is refused; ``.problems`` says why
└── UnknownWorkflowError (a LookupError)   the file is fine, but has no workflow of that name
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from simpleflow_nb.exceptions import DefinitionError

#: Beyond these limits a guess takes more time than it saves the reader.
_LONGEST_GUESSED_WORD = 100
_MOST_GUESSED_OPTIONS = 500
_PROBLEMS_WITH_GUESSES = 100

_LONGEST_SHOWN_VALUE = 80


@dataclass(frozen=True)
class Problem:
    """One problem of a file, at its line."""

    path: Path  #: the file, as it was given
    line: int  #: from 1; 0 for the file as a whole (it is missing, say)
    message: str  #: one line, lower case, without file and line

    def __str__(self) -> str:
        where = f"{self.path.name}:{self.line}" if self.line else str(self.path)  # what is missing needs its folder
        return f"{where}: {self.message}"

    @property
    def located(self) -> str:
        """The same text with the path of the file as it was given, so that it can be opened from here."""
        where = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{where}: {self.message}"


class SpecificationError(DefinitionError, ValueError):
    """A workflow file cannot be used. Nothing has run.

    ``problems`` is never empty and is in line order; the text has one line per problem.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(list(problems))
        self.problems: list[Problem] = list(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)

    @property
    def located_lines(self) -> str:
        return "\n".join(problem.located for problem in self.problems)


class UnknownWorkflowError(DefinitionError, LookupError):
    """The file defines no workflow of the requested name."""


class Problems:
    """Collects the problems of one file while it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._found: list[Problem] = []
        self._doubts: list[Problem] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, line: int, message: str) -> None:
        """Note a problem; the same sentence at the same line counts once."""
        problem = Problem(self.path, line, message)
        if problem not in self._found[-100:]:
            self._found.append(problem)

    def warn(self, line: int, message: str) -> None:
        """Note something that is allowed, but may not be intended; the file is not refused for it."""
        doubt = Problem(self.path, line, message)
        if doubt not in self._doubts[-100:]:
            self._doubts.append(doubt)

    @property
    def found(self) -> tuple[Problem, ...]:
        """The problems, in line order."""
        return tuple(sorted(self._found, key=lambda problem: problem.line))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The warnings, in line order."""
        return tuple(sorted(self._doubts, key=lambda doubt: doubt.line))

    def did_you_mean(self, word: str, options: Iterable[str]) -> str:
        """Return `` (did you mean 'x'?)``, or nothing if no option is near (or there are too many problems to guess)."""
        if len(self._found) >= _PROBLEMS_WITH_GUESSES:
            return ""
        return did_you_mean(word, options)

    def raise_if_any(self) -> None:
        """Refuse the file if any problem was noted.

        Raises:
            SpecificationError: with every problem, in line order.
        """
        if self._found:
            raise SpecificationError(self.found)


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
