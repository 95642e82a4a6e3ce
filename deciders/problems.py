"""Problems of a workflow file: all of them at once, each with its line.

DefinitionError
├── SpecificationError (a ValueError)      the file is refused; ``.problems`` says why
└── UnknownWorkflowError (a LookupError)   the file is fine, but has no workflow of that name
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from simpleflow_nb.exceptions import DefinitionError

from .wording import did_you_mean as did_you_mean
from .wording import kind_of as kind_of
from .wording import listed as listed
from .wording import near_miss as near_miss
from .wording import shown as shown

#: Beyond this number of problems a guess takes more time than it saves the reader.
_PROBLEMS_WITH_GUESSES = 100


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
