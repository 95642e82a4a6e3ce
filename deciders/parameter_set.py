"""The parameters that tell runs of one workflow and date apart, as text: ``region=north, limit=10``.

What is written so can be typed back: a value stands as a workflow file has it, in quotes where it would be read as
something else or hold what separates one parameter from the next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

#: What every run of a date has, and so tells none apart by name.
OF_THE_DATE = ("reference_date", "date_ranges")

_SEPARATES = re.compile(r"[,=\"'\[\]{}\\]")


def own_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Those that a sensor's entry or whoever started the run has given."""
    return {key: value for key, value in parameters.items() if key not in OF_THE_DATE}


def written(parameters: Mapping[str, Any], separator: str = ", ") -> str:
    """The own parameters of a run, in their order; empty when it has none."""
    return separator.join(f"{written_text(key)}={written_value(value)}" for key, value in own_parameters(parameters).items())


def written_value(value: Any) -> str:
    """``north``, ``"1"`` for a text that looks like a number, ``true``, ``null``, ``[1,2]``, ``{"a":1}``."""
    return written_text(value) if isinstance(value, str) else _as_json(value)


def written_text(text: str) -> str:
    """The text, or, where that could be read as something else, its JSON."""
    if text and text == text.strip() and text.isprintable() and not _SEPARATES.search(text) and not _is_json(text):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _as_json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=str)
    return text if text.isprintable() else json.dumps(value, separators=(",", ":"), sort_keys=True, default=str)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
