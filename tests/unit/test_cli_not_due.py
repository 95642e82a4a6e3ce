"""The list of dates that are not due, and how the reasons are counted."""

from __future__ import annotations

from datetime import date

import pytest

from deciders.runs.due_runs import NotDue
from deciders.values.reason import Reason
from simpleflow_nb.application.records.not_due import not_due_table

NOT_CHOSEN = "not a reference date of this entry (weekly: monday)"


def one(day: int, reason: str, name: str = "w", **parameters: str) -> NotDue:
    return NotDue(name, date(2024, 1, day), None, Reason.parse(reason), parameters)


def listed(*rows: NotDue) -> list[list[str]]:
    return [list(row) for row in not_due_table(rows).rows]


def test_three_or_more_neighbouring_dates_with_one_reason_are_a_period() -> None:
    assert listed(
        *(one(day, NOT_CHOSEN) for day in range(2, 8)),
        one(8, "already succeeded"),
        *(one(day, NOT_CHOSEN) for day in (9, 10, 12, 13, 14)),
        *(one(day, f"2024-01-{day} is not available") for day in range(15, 19)),
        one(19, "2024-01-19 is not available", "v"),
    ) == [
        ["w", "2024-01-02 to 2024-01-07", NOT_CHOSEN],
        ["w", "2024-01-08", "already succeeded"],
        ["w", "2024-01-09", NOT_CHOSEN],
        ["w", "2024-01-10", NOT_CHOSEN],
        ["w", "2024-01-12 to 2024-01-14", NOT_CHOSEN],
        ["w", "2024-01-15 to 2024-01-18", "these dates are not available"],
        ["v", "2024-01-19", "2024-01-19 is not available"],
    ]


def test_periods_are_of_one_entry_also_where_dates_of_several_alternate() -> None:
    rows = [one(day, NOT_CHOSEN, region=region) for day in (2, 3, 4) for region in ("north", "south")]
    assert listed(*rows) == [
        ["w", "2024-01-02 to 2024-01-04", "region=north", NOT_CHOSEN],
        ["w", "2024-01-02 to 2024-01-04", "region=south", NOT_CHOSEN],
    ]


@pytest.mark.parametrize(
    ("reason", "once", "thrice"),
    [
        ("already succeeded", "1 already succeeded", "3 already succeeded"),
        (
            "needs 2024-01-01 which is not available",
            "1 needs dates that are not available",
            "3 need dates that are not available",
        ),
        (
            "needs 2 of the 3 dates from 2024-01-01 to 2024-01-03, which are too few",
            "1 needs dates that are not available",
            "3 need dates that are not available",
        ),
        (
            "2024-01-01 is not available",
            "1 reference date that is not available",
            "3 reference dates that are not available",
        ),
        (
            "failed; retry_wait of 10 min lasts until 2016-01-02 12:05:00 UTC",
            "1 failed; retry_wait is not over",
            "3 failed; retry_wait is not over",
        ),
    ],
)
def test_reasons_are_counted_without_what_differs_from_date_to_date(reason: str, once: str, thrice: str) -> None:
    assert [Reason.parse(reason).group.counted(number) for number in (1, 3)] == [once, thrice]


def test_what_is_remarked_of_a_date_follows_its_reason_and_parts_periods() -> None:
    rows = [one(day, "already succeeded") for day in range(2, 8)]
    remarks = [" with an older a.ipynb"] * 3 + [""] * 3
    assert [list(row) for row in not_due_table(rows, remarks).rows] == [
        ["w", "2024-01-02 to 2024-01-04", "already succeeded with an older a.ipynb"],
        ["w", "2024-01-05 to 2024-01-07", "already succeeded"],
    ]
