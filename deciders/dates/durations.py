"""Lengths of time as a workflow file writes them: ``90``, ``90 s``, ``10 min``, ``2 h``, ``1 d``."""

from __future__ import annotations

import math
import re
from typing import Any

from ..problems import shown

_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400}
DURATION_PATTERN = r"^\s*([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([sS]|[mM][iI][nN]|[mM]|[hH]|[dD])\s*$"
#: SWF runs no execution, and so no timer, for longer than a year.
LONGEST_SECONDS = 31_536_000


def read_seconds(value: Any) -> float | None:
    """Parse seconds from a number or from text: a number with one of ``s``, ``m`` or ``min``, ``h``, ``d``; None if it is
    neither.
    """
    if isinstance(value, str):
        found = re.match(DURATION_PATTERN, value)
        return float(found[1]) * _UNITS[found[2].lower()] if found else None
    # compared with a limit, a NaN is out, and so is an integer too large for a float
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18 else None


def seconds_of(value: Any) -> int:
    """Parse whole seconds, rounded up; a bare number is seconds, text is a number with one of ``s``, ``min``, ``h``, ``d``.

    Raises:
        ValueError: it is no length of time; the text is the end of a sentence that begins with the name of the setting.
    """
    seconds = read_seconds(value)
    if seconds is None:
        what = "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else shown(value)
        raise ValueError(f"must be a length of time such as 90 s, 10 min, 2 h or 1 d, not {what}")
    if not 0 <= seconds <= LONGEST_SECONDS:  # a NaN is not, either
        raise ValueError(f"must be between 0 s and 365 d, not {shown(value)}")
    return math.ceil(seconds)


def shown_duration(seconds: float) -> str:
    """Format seconds as ``45 s``, ``10 min``, ``2 h`` or ``1 d``: the largest unit that divides them evenly, seconds rounded
    up.
    """
    whole = math.ceil(seconds)
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if whole and whole % size == 0:
            return f"{whole // size} {unit}"
    return f"{whole} s"
