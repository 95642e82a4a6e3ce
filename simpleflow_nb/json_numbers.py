"""Numbers that JSON lacks, NaN and the infinities: finding them in values, and the message that refuses them."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any


def not_finite(value: Any) -> str | None:
    """Return ``NaN``, ``Infinity`` or ``-Infinity`` if the value is or contains one, else None."""
    if isinstance(value, Decimal):
        return None if value.is_finite() else "NaN" if value.is_nan() else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list | set | tuple) else ()
    return next((found for item in inner if (found := not_finite(item)) is not None), None)


def no_value_of_json(number: str) -> str:
    """Return the message for a number named by :func:`not_finite`, or as written; it follows the location.

    >>> no_value_of_json("NaN")
    'NaN is not a JSON value; give null or a number'
    """
    return f"{number} is not a JSON value; give null or a number"
