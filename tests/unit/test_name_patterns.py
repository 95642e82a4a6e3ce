"""Names that fit patterns: as regular expressions say, and in time for any pattern."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.sources.available_dates import dates_of_files
from workers.sources.name_patterns import NamePattern
from workers.sources.s3_dates import _date_in

_MEANINGS = {"*": ".*", "?": ".", "{date}": r"(?P<date>\d{4}-\d{2}-\d{2})"}
_PARTS = st.lists(st.sampled_from(["*", "*", "?", "a", "b", "-", "0", "2024-01-0", "\n", "("]), max_size=6).map("".join)
_NAMES = st.lists(
    st.sampled_from(["a", "b", "-", "0", "1", "2024-01-01", "2024-01-02", "2024-13-99", "\u0664", "\n", "("]), max_size=7
).map("".join)


def slowly(pattern: str) -> re.Pattern[str]:
    """The obvious way, which may take for ever."""
    parts = re.split(r"(\*|\?|\{date\})", pattern)
    return re.compile("".join(_MEANINGS.get(part) or re.escape(part) for part in parts), re.ASCII | re.DOTALL)


@settings(max_examples=2_000, deadline=None)
@given(_PARTS, _PARTS, _NAMES)
def test_a_name_fits_and_has_the_date_that_a_regular_expression_would_find(before: str, after: str, name: str) -> None:
    for text in (f"{before}{{date}}{after}", before + after):
        found = slowly(text).fullmatch(name)
        pattern = NamePattern(text)
        assert pattern.fits(name) is (found is not None)
        assert pattern.date_in(name) == (found["date"] if found is not None and "{date}" in text else None)


@pytest.mark.parametrize(
    ("pattern", "key", "found"),
    [
        ("calls/{date}.csv", "calls/2024-01-01.csv", "2024-01-01"),
        ("*/{date}.csv", "a/2024-01-01.csv", "2024-01-01"),
        ("*{date}.csv", "a/2024-01-01.csv", None),  # a star stands for no slash
        ("?{date}.csv", "/2024-01-01.csv", None),
        ("{date}/*", "2024-01-01/", "2024-01-01"),
        ("{date}", "2024-01-01/a", None),
    ],
)
def test_a_key_fits_step_by_step(pattern: str, key: str, found: str | None) -> None:
    assert _date_in(key.split("/"), [NamePattern(step) for step in pattern.split("/")]) == found


def test_many_stars_cost_no_more_than_few(tmp_path: Path) -> None:
    """Going back would take 10^20 steps here."""
    (tmp_path / ("a_" * 120 + ".csv")).touch()
    (tmp_path / ("a_" * 100 + "2024-01-01.csv")).touch()
    assert dates_of_files(tmp_path, "*_" * 30 + "{date}.csv") == [date(2024, 1, 1)]
    long = "a_" * 20_000
    for text in ("*_" * 40 + "{date}" + "_*" * 40 + "b", "*_?" * 40 + "b"):
        assert not NamePattern(text).fits(long)
    assert NamePattern("*_" * 40 + "{date}" + "_*" * 40).date_in(long + "2024-01-01" + "_a" * 20_000) == "2024-01-01"
