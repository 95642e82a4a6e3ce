"""The types of the cells of a CSV file, by the rules of pandas.

They are written here, and not left to pandas, because the identity of an instance depends on them: they must not change
with what is installed. Other than in pandas, an empty cell does not turn the integers of its column into fractions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

#: What pandas takes for no value, https://pandas.pydata.org/docs/reference/api/pandas.read_csv.html
NO_VALUES = frozenset(
    (
        *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
        *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
    )
)
_TRUE, _FALSE = frozenset(("True", "TRUE", "true")), frozenset(("False", "FALSE", "false"))
_INTEGER = re.compile(r"[ \t]*[+-]?[0-9]+[ \t]*", re.ASCII)
_NUMBER = re.compile(r"[ \t]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t]*", re.ASCII)
_WITH_ZEROS = re.compile(r"[ \t]*[+-]?0[0-9]+[ \t]*", re.ASCII)
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
_LONGEST_INTEGER = 100  #: characters; far longer than the largest one, and Python refuses to read more than 4,300


def typed_column(cells: Sequence[str]) -> list[Any]:
    """Return the values of a column: all of them whole numbers, numbers, truth values or texts; None where there is none."""
    present = [cell for cell in cells if cell not in NO_VALUES]
    read = _reader(present)
    return [None if cell in NO_VALUES else read(cell) for cell in cells]


def lost_zeros(cells: Sequence[str]) -> str | None:
    """Return the first cell of a column of whole numbers that was written with zeros in front, which are lost; None if none
    was.
    """
    present = [cell for cell in cells if cell not in NO_VALUES]
    if _reader(present) is not int:
        return None
    return next((cell for cell in present if _WITH_ZEROS.fullmatch(cell)), None)


def _reader(present: Sequence[str]) -> Callable[[str], Any]:
    if not present:
        return str
    if all(cell in _TRUE or cell in _FALSE for cell in present):
        return _TRUE.__contains__
    if all(_INTEGER.fullmatch(cell) for cell in present):
        if any(len(cell) > _LONGEST_INTEGER for cell in present):
            return str
        numbers = [int(cell) for cell in present]
        return int if min(numbers) >= _SMALLEST and max(numbers) <= _LARGEST else str
    return float if all(_NUMBER.fullmatch(cell) for cell in present) else str
