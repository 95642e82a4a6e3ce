"""Rules for retention: how long histories of closed runs and how many earlier attempts at notebooks are kept."""

from __future__ import annotations

from typing import Any

from ..dates.durations import read_seconds
from ..problems import kind_of, shown

FOREVER, ALL = "forever", "all"
KEPT_HISTORY_SECONDS = 90 * 86_400
KEPT_ATTEMPTS = 5
SHORTEST_HISTORY_SECONDS = 60
_LONGEST_HISTORY_DAYS = 36_500
MOST_ATTEMPTS = 1_000


def kept_seconds(value: Any) -> int | None:
    """Parse how long histories are kept: a length of time with its unit, or ``forever``, which gives None.

    Raises:
        ValueError: it is neither; the text is the end of a sentence that begins with the name of the setting.
    """
    if value == FOREVER:
        return None
    # A bare number is seconds elsewhere; here 90 would be meant as days, and everything would be lost.
    seconds = read_seconds(value) if isinstance(value, str) else None
    if seconds is None:
        unit = f"; write {value}d for days" if isinstance(value, int) and not isinstance(value, bool) else ""
        raise ValueError(f"must be a length of time such as 90d, or {FOREVER}, not {kind_of(value)}{unit}")
    if not SHORTEST_HISTORY_SECONDS <= seconds <= _LONGEST_HISTORY_DAYS * 86_400:
        raise ValueError(f"must be between 1 min and {_LONGEST_HISTORY_DAYS} d, or {FOREVER}, not {shown(value)}")
    return int(seconds)


def kept_attempts(value: Any) -> int | None:
    """Return the number of earlier attempts at a notebook that are kept; ``all`` gives None.

    Raises:
        ValueError: the end of a sentence that begins with what the value is for.
    """
    if value == ALL:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_ATTEMPTS:
        raise ValueError(f"must be a whole number from 1 to {MOST_ATTEMPTS}, or {ALL}, not {kind_of(value)}")
    return value
