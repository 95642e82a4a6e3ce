"""Dates as workflow files, requests and records have them: ``2024-01-31``, which YAML reads as a date and JSON as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)  # Python reads 2024-W05-3 as well


def written_date(value: Any) -> date | None:
    """Parse a date or its ISO text; None for anything else, such as a time of day or the 30th of February."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    return None


def with_dates(value: Any) -> Any:
    """Convert every ISO text in lists and mappings, which may come from JSON, to a date; tuples become lists."""
    if isinstance(value, list | tuple):
        return [with_dates(one) for one in value]
    if isinstance(value, Mapping):
        return {key: with_dates(one) for key, one in value.items()}
    found = written_date(value) if isinstance(value, str) else None
    return value if found is None else found
