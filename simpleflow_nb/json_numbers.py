"""Numbers that JSON has not, NaN and the infinite ones: finding them in values, and the sentence that refuses them."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any


def not_finite(value: Any) -> str | None:
    """``NaN``, ``Infinity`` or ``-Infinity`` where the value is or holds such a number, which JSON has not; else None."""
    if isinstance(value, Decimal):
        return None if value.is_finite() else "NaN" if value.is_nan() else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list | set | tuple) else ()
    return next((found for item in inner if (found := not_finite(item)) is not None), None)


def no_value_of_json(number: str) -> str:
    """The sentence for a number as :func:`not_finite` names it, or as it was written; to follow where it stands.

    >>> no_value_of_json("NaN")
    'NaN is not a JSON value; give null or a number'
    """
    return f"{number} is not a JSON value; give null or a number"
