"""The setting ``cache``: what may be kept instead of being run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..dates.durations import seconds_of
from ..problems import kind_of, shown

RUN, SHARED, NEVER = "run", "shared", "never"
WORDS = (RUN, SHARED, NEVER)


def read_cache(value: Any) -> str | dict[str, int]:
    """Read ``cache``: ``run``, ``shared``, ``never``, or ``{shared: 7d}``, which gives the seconds.

    Raises:
        ValueError: it is none of them; the text is the end of a sentence that begins with the name of the setting.
    """
    if isinstance(value, str) and value in WORDS:
        return value
    if not isinstance(value, Mapping) or set(value) != {SHARED}:
        what = shown(value) if isinstance(value, str) else kind_of(value)
        raise ValueError(f"must be 'run', 'shared', {{shared: 7d}} or 'never', not {what}")
    try:
        seconds = seconds_of(value[SHARED])
    except ValueError as error:
        raise ValueError(f": 'shared' {error}") from None
    if not seconds:
        raise ValueError(": 'shared' must be longer than 0 s; write never if nothing is to be taken over")
    return {SHARED: seconds}


def is_shared(cache: Any) -> bool:
    """Tell whether a label takes over the results of equal work in any run."""
    return cache == SHARED or isinstance(cache, Mapping)
