import pytest

from workers.reports.cell_values import is_moment, is_number, is_numeric, moments


@pytest.mark.parametrize(
    "text",
    [
        *("1", "2.5", "-3", "+4", "\u22125", "1e-5", "2.5e+10", "1,234.5", "1'000.50", "1 234,50", ".5", "(3)", "(1,200)"),
        *("$1,234", "$-5", "-$5", "€ 1 200", "12,346 CHF", "-9,876 CHF", "1 234,50 €", "US$ 3.4bn", "Rs. 500", "NPR 1,200"),
        *("12 %", "12.5%", "-3 %", "12 km", "1.5 km", "3 km/h", "101.24 kPa", "10 µg/m3", "5°C", "12GB", "1.2 M", "300 k"),
        *("3 days", "1.23***", "0.5*", "0.05 †", "1.2 ± 0.3", "10.0 +- 1.1", "1.2±0.3 km", "1.2 (0.03)", "[0.1, 0.5]"),
        *("<0.001", "~30", "1.2x", "5 \u00d7 10^3", "inf", "-inf", "∞"),
    ],
)  # fmt: skip
def test_a_number_may_have_a_sign_a_currency_a_unit_stars_a_spread_or_an_interval(text):
    assert is_number(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "two", "12A", "A1", "x1", "3rd", "1-2", "2010-2015", "1.2.3", "10.0.0.1", "12 apples", "5 Elm Street"),
        *("1 January", "2016-01-01", "10:00", "01/02/2016", "2024-01-01 00:00:00", "1 days 02:03:04", "1" * 61),
    ],
)  # fmt: skip
def test_names_with_digits_dates_and_times_are_no_numbers(text):
    assert not is_number(text)


@pytest.mark.parametrize(
    ("texts", "numeric"),
    [
        (["1", "NaN", "", "None", "<NA>", "\u2013", "n/a"], True),
        (["12 km", "5", "-"], True),
        (["NaN", ""], False),  # nothing says that they are numbers
        (["1", "two"], False),
        ([], False),
    ],
)
def test_a_column_is_numeric_when_all_that_is_present_is_a_number(texts, numeric):
    assert is_numeric(texts) == numeric


@pytest.mark.parametrize(
    "text",
    [
        *("2024-01-01", "2024-01-01 00:00:00", "2024-01-01T10:00:00.123+05:45", "2024-01-01 00:00:00+00:00", "2024/01/05 7:30"),
        *("01/02/2016", "5.1.2024", "Jan 5, 2024", "5 January 2024", "3. März 2024", "01-Jan-2024", "2024-Jan-01"),
        *("Mon, 01 Jan 2024 10:00:00 GMT", "12:30 PM", "10:00", "1 days 02:03:04"),
    ],
)  # fmt: skip
def test_dates_and_times_are_known_however_they_are_written(text):
    assert is_moment(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from 2024-01-01 10:00 to 2024-01-02 11:00", ["2024-01-01 10:00", "2024-01-02 11:00"]),
        ("due 5 Jan 2024, late", ["5 Jan 2024"]),
        ("on 2024-01-01", ["2024-01-01"]),
        ("on 01/02/2024 or 10:00", []),  # no line breaks there
        ("no dates - here", []),
    ],
)
def test_in_longer_texts_the_moments_that_a_line_could_break_are_found(text, found):
    assert [text[place.start : place.stop] for place in moments(text)] == found


@pytest.mark.parametrize("text", ["1 " * 5_000, "1," * 5_000 + "x", "(" * 10_000, "1 a/" * 3_000, "12 Jan: " * 2_000])
def test_texts_that_look_like_numbers_for_long_are_soon_done_with(text):
    assert not is_number(text)
    assert not is_moment(text)
    assert moments(text) == []
