"""What is a date in files, requests and records, and what only looks like one."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from deciders.dates.written_dates import with_dates, written_date

DAY = date(2024, 1, 31)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (DAY, DAY),
        ("2024-01-31", DAY),
        ("2024-W05-3", None),  # the same day to Python
        ("20240131", None),
        ("2024-1-31", None),
        (" 2024-01-31", None),
        ("2024-01-31\n", None),
        ("٢٠٢٤-01-31", None),
        ("2024-02-30", None),
        ("0000-01-01", None),
        ("-4w", None),
        (datetime(2024, 1, 31, tzinfo=UTC), None),
        (20240131, None),
        (None, None),
        ([DAY], None),
    ],
)
def test_a_date_is_itself_or_its_text(value: Any, expected: date | None) -> None:
    assert written_date(value) == expected


def test_a_stencil_comes_back_from_json() -> None:
    stencil = [0, "-4w", DAY, [DAY, 1], {"dates": ["last_month", DAY], "at_least": 2}, "2024-W05-3"]
    assert with_dates(json.loads(json.dumps(stencil, default=str))) == stencil
    assert with_dates(((DAY, "2024-01-31"),)) == [[DAY, DAY]]
