"""What tells runs of one workflow and date apart: their parameters, as ``region=north, limit=10``, and their stencil.

What is written so can be typed back: a value stands as a workflow file has it, in quotes where it would be read as
something else or hold what separates one parameter from the next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from .dates.date_stencil import DEFAULT_STENCIL, DateStencil, DateStencilError
from .dates.written_dates import with_dates

#: What every run of a date has, and so tells none apart by name.
OF_THE_DATE = ("reference_date", "date_ranges")

_SEPARATES = re.compile(r"[,=\"'\[\]{}\\]")


class ParameterSet(NamedTuple):
    """What the runs of one entry of the sensor have in common, or those of its like that somebody has started."""

    workflow: str
    parameters: str  #: as `written`
    stencil: str | None  #: as `written_stencil`; None where it is not known


def own_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Those that a sensor's entry or whoever started the run has given, by name: their order means nothing."""
    return {key: parameters[key] for key in sorted(parameters) if key not in OF_THE_DATE}


def written(parameters: Mapping[str, Any], separator: str = ", ") -> str:
    """The own parameters of a run; empty when it has none."""
    return separator.join(f"{written_text(key)}={written_value(value)}" for key, value in own_parameters(parameters).items())


def written_value(value: Any) -> str:
    """``north``, ``"1"`` for a text that looks like a number, ``true``, ``null``, ``[1,2]``, ``{"a":1}``."""
    return written_text(value) if isinstance(value, str) else _as_json(value)


@lru_cache(maxsize=10_000)
def written_text(text: str) -> str:
    """The text, or, where that could be read as something else, its JSON."""
    if text and text == text.strip() and text.isprintable() and not _SEPARATES.search(text) and not _is_json(text):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def written_stencil(elements: Sequence[Any] | None) -> str:
    """The stencil of an entry, also from JSON, the same for all that mean the same: ``[0]`` for None or ``[[0, 1]]``."""
    return _stencil_of_json(json.dumps(DEFAULT_STENCIL if elements is None else elements, default=str))


@lru_cache(maxsize=1_000)
def _stencil_of_json(text: str) -> str:
    try:
        return str(DateStencil(with_dates(json.loads(text))))
    except DateStencilError:  # of a version that knows other elements
        return text


def _as_json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=str)
    return text if text.isprintable() else json.dumps(value, separators=(",", ":"), sort_keys=True, default=str)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
