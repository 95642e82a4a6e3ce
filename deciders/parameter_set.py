"""Parameters and stencil of a run as text, such as ``region=north, limit=10``: they distinguish runs of one workflow and date.

The text can be typed back: values are written as in a workflow file, in quotes if they would otherwise be read as something
else or contain the separator of parameters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from .dates.date_stencil import DEFAULT_STENCIL, DateStencil, DateStencilError
from .dates.written_dates import with_dates

#: Parameters that every run of a date has, and that therefore distinguish none.
OF_THE_DATE = ("reference_date", "date_ranges")

_SEPARATES = re.compile(r"[,=\"'\[\]{}\\]")


class ParameterSet(NamedTuple):
    """Parameters and stencil that the runs of one entry of the sensor share, also those started by hand with the same."""

    workflow: str
    parameters: str  #: as `written`
    stencil: str | None  #: as `written_stencil`; None if unknown


def own_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters given by a sensor's entry or by the person who started the run, by name; their order has no
    meaning.
    """
    return {key: parameters[key] for key in sorted(parameters) if key not in OF_THE_DATE}


def written(parameters: Mapping[str, Any], separator: str = ", ") -> str:
    """Format the own parameters of a run; empty if it has none."""
    return separator.join(f"{written_text(key)}={written_value(value)}" for key, value in own_parameters(parameters).items())


def written_value(value: Any) -> str:
    """Format a value: ``north``, ``"1"`` for a text that looks like a number, ``true``, ``null``, ``[1,2]``, ``{"a":1}``."""
    if isinstance(value, str):
        return written_text(value)
    return str(value) if type(value) is int else _as_json(value)  # as JSON has it, in a tenth of the time


@lru_cache(maxsize=10_000)
def written_text(text: str) -> str:
    """Return the text, or its JSON if the text could be read as something else."""
    if text and text == text.strip() and text.isprintable() and not _SEPARATES.search(text) and not _is_json(text):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def written_stencil(elements: Sequence[Any] | None) -> str:
    """Format the stencil of an entry, also one from JSON, equally for equal meanings: ``[0]`` for None or ``[[0, 1]]``."""
    return _stencil_of_json(json.dumps(DEFAULT_STENCIL if elements is None else elements, default=str))


@lru_cache(maxsize=1_000)
def _stencil_of_json(text: str) -> str:
    try:
        return str(DateStencil(with_dates(json.loads(text))))
    except DateStencilError:  # from a version with other elements
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
