"""Lengths of time as a workflow file writes them: ``90``, ``90 s``, ``10 min``, ``2 h``, ``1 d``."""

from __future__ import annotations

import math
import re
from typing import Any

from deciders.problems import shown

_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|min|m|h|d)\s*", re.ASCII)
#: SWF keeps no execution longer than a year, and so no timer in it.
LONGEST_SECONDS = 31_536_000


def seconds_of(value: Any) -> int:
    """Whole seconds, rounded up; a bare number is seconds, text is a number with one of ``s``, ``min``, ``h``, ``d``.

    Raises:
        ValueError: the end of a sentence that begins with what the value is for.
    """
    seconds: float
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = value
    elif isinstance(value, str) and (found := _DURATION.fullmatch(value)):
        seconds = float(found[1]) * _UNITS[found[2]]
    else:
        what = "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else shown(value)
        raise ValueError(f"must be a length of time such as 90 s, 10 min, 2 h or 1 d, not {what}")
    if not 0 <= seconds <= LONGEST_SECONDS:  # a NaN is not, either
        raise ValueError(f"must be between 0 s and 365 d, not {shown(value)}")
    return math.ceil(seconds)


def shown_duration(seconds: float) -> str:
    """``45 s``, ``10 min``, ``2 h``, ``1 d``: the largest unit that leaves no rest, seconds rounded up."""
    whole = math.ceil(seconds)
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if whole and whole % size == 0:
            return f"{whole // size} {unit}"
    return f"{whole} s"
