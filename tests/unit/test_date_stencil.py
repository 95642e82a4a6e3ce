"""Date stencils: which dates they need, and which stencils are refused."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deciders.dates import date_stencil as module
from deciders.dates.date_stencil import (
    AvailableDays,
    DateStencil,
    DateStencilError,
    DateStencilTypeError,
    DateStencilValueError,
    InvalidDateIntervalError,
    UnreachableDateError,
)
from deciders.dates.missing_dates import lack
from deciders.values.reason import Reason, ReasonKind


def day(number: int) -> date:
    return date(2016, 1, 1) + timedelta(number - 1)


@pytest.mark.parametrize(
    ("elements", "written"),
    [
        ([], "[]"),
        ([-1, [0, 1]], "[-1, 0]"),
        ([[-6, 1]], "[[-6, 1]]"),
        ([day(3), [day(3), day(5)], [day(3), 0]], "[2016-01-03, [2016-01-03, 2016-01-05], [2016-01-03, 0]]"),
        (["week", "last_week", "month", "last_month"], "[week, last_week, month, last_month]"),
        ([["last_month", "month"], ["month", 1], "-1m", ["-1y", "+2m"]], "[last_month, [month, 1], -1m, [-12m, 2m]]"),
        (["-4w", ["-2d", "1w"]], "[-28, [-2, 7]]"),
        (
            [{"dates": [-28, 1], "at_least": 25}, {"dates": "week", "at_least": 0}],
            "[{dates: [-28, 1], at_least: 25}, {dates: week, at_least: 0}]",
        ),
    ],
)
def test_a_stencil_is_shown_as_a_workflow_file_has_it(elements, written):
    assert str(DateStencil(elements)) == written


@pytest.mark.parametrize(
    ("elements", "ranges"),
    [
        ([0], [(10, 11)]),
        ([], []),
        ([-1, 0], [(9, 10), (10, 11)]),
        ([[-2, 1]], [(8, 11)]),
        ((0, (0, 1)), [(10, 11), (10, 11)]),  # duplicates stay
        ([[0, 3], [-1, 2], -1], [(10, 13), (9, 12), (9, 10)]),  # so do overlaps, and the order
        ([day(3)], [(3, 4)]),
        ([[day(3), day(5)]], [(3, 5)]),
        ([[day(3), 0]], [(3, 10)]),
        ([[-1, day(12)]], [(9, 12)]),
    ],
)
def test_date_ranges_are_half_open_and_in_the_order_of_the_elements(elements, ranges):
    assert DateStencil(elements).date_ranges(day(10)) == [(day(first), day(end)) for first, end in ranges]


@pytest.mark.parametrize(
    ("elements", "available", "missing"),
    [
        ([0], [10], []),
        ([0], [], [10]),
        ([], [], []),
        ([-1], [9], []),  # the reference date itself need not be there
        ([[-3, 1]], [7, 10], [8, 9]),
        ([[-3, 0], [-2, 2], 5], [8, 11], [7, 9, 10, 15]),
        ([[day(1), 0]], range(3, 10), [1, 2]),
        ([{"dates": [-3, 1], "at_least": 2}], [8, 10], [7, 9]),  # also those that may lack
    ],
)
def test_missing_dates_are_ascending_and_each_once(elements, available, missing):
    assert DateStencil(elements).missing_dates(day(10), map(day, available)) == list(map(day, missing))


@pytest.mark.parametrize(
    ("elements", "error", "message"),
    [
        ([[1, 1]], InvalidDateIntervalError, "[1, 1] holds no date: the second member must be later than the first"),
        ([[0, -1]], InvalidDateIntervalError, "[0, -1] holds no date: the second member must be later than the first"),
        (
            [[day(2), day(1)]],
            InvalidDateIntervalError,
            "[2016-01-02, 2016-01-01] holds no date: the second member must be later than the first",
        ),
        ([[1]], DateStencilValueError, "a pair has two members, [first, end], but [1] has 1"),
        ([[1, 2, 3]], DateStencilValueError, "a pair has two members, [first, end], but [1, 2, 3] has 3"),
        (
            ["x"],
            DateStencilTypeError,
            "'x' is neither a whole number of days nor a date, nor one of -4w, -1m, week, last_week, month, last_month",
        ),
        (
            ["Month"],
            DateStencilTypeError,
            "'Month' is neither a whole number of days nor a date, nor one of -4w, -1m, week, last_week, month, last_month "
            "(did you mean 'month'?)",
        ),
        (
            ["-1"],
            DateStencilTypeError,
            "'-1' is neither a whole number of days nor a date, nor one of -4w, -1m, week, last_week, month, last_month",
        ),
        (["-1201m"], DateStencilValueError, "-1201m is more than a hundred years from the reference date"),
        (["101y"], DateStencilValueError, "101y is more than a hundred years from the reference date"),
        (["5218w"], DateStencilValueError, "5218w is more than a hundred years from the reference date"),
        (
            [["month", "last_month"]],
            InvalidDateIntervalError,
            "[month, last_month] holds no date: the second member must be later than the first",
        ),
        (
            [[0, "week"]],
            InvalidDateIntervalError,
            "[0, week] holds no date: the second member must be later than the first",
        ),
        (
            [["-1m", "-32d"]],
            InvalidDateIntervalError,
            "[-1m, -32] holds no date: the second member must be later than the first",
        ),
        ([{"dates": 0}], DateStencilTypeError, "a mapping has 'dates' and 'at_least', and nothing else, not {'dates': 0}"),
        ([{"dates": [-2, 1], "at_least": 1.5}], DateStencilTypeError, "at_least is a whole number of days, not 1.5"),
        ([{"dates": [-2, 1], "at_least": True}], DateStencilTypeError, "at_least is a whole number of days, not true"),
        ([{"dates": [-2, 1], "at_least": -1}], DateStencilValueError, "at_least is -1, and must be 0 or more"),
        (
            [{"dates": [-2, 1], "at_least": 4}],
            DateStencilValueError,
            "at_least is 4, but [-2, 1] never has more than 3 days",
        ),
        (
            [{"dates": "month", "at_least": 32}],
            DateStencilValueError,
            "at_least is 32, but month never has more than 31 days",
        ),
        ([{"dates": 0, "at_least": 2}], DateStencilValueError, "at_least is 2, but 0 never has more than 1 day"),
        (
            [{"dates": {"dates": 0, "at_least": 1}, "at_least": 1}],
            DateStencilTypeError,
            "{'dates': 0, 'at_least': 1} is neither a whole number of days nor a date",
        ),
        (None, DateStencilTypeError, "a date stencil is a list, not null"),
        (["2016-01-01"], DateStencilTypeError, "'2016-01-01' is text; write the date without quotes"),
        ([1.0], DateStencilTypeError, "1.0 is neither a whole number of days nor a date"),
        ([None], DateStencilTypeError, "null is neither a whole number of days nor a date"),
        ([True], DateStencilTypeError, "true is neither a whole number of days nor a date"),
        ([[False, 1]], DateStencilTypeError, "false is neither a whole number of days nor a date"),
        ([[[0, 1], 2]], DateStencilTypeError, "[0, 1] is neither a whole number of days nor a date"),
        ([{-1: 0}], DateStencilTypeError, "a mapping has 'dates' and 'at_least', and nothing else, not {-1: 0}"),
        (
            [datetime(2016, 1, 1, tzinfo=UTC)],
            DateStencilTypeError,
            "2016-01-01 00:00:00+00:00 is neither a whole number of days nor a date",
        ),
        ([36_526], DateStencilValueError, "36526 days is more than 36525 (a hundred years) from the reference date"),
        ([[-36_526, 0]], DateStencilValueError, "-36526 days is more than 36525 (a hundred years) from the reference date"),
        (
            [10**5000],
            DateStencilValueError,
            "a number of more than 4,300 digits days is more than 36525 (a hundred years) from the reference date",
        ),
        ([date.max], DateStencilValueError, "9999-12-31 is the last date there is: a range cannot end after it"),
        (-1, DateStencilTypeError, "a date stencil is a list, not -1"),
        ("-1", DateStencilTypeError, "a date stencil is a list, not '-1'"),
        ({-1: 0}, DateStencilTypeError, "a date stencil is a list, not {-1: 0}"),
    ],
)
def test_a_stencil_is_refused(elements, error, message):
    with pytest.raises(error) as refusal:
        DateStencil(elements)
    assert type(refusal.value) is error
    assert str(refusal.value) == message
    assert refusal.value.index == (0 if isinstance(elements, list) else None)


def test_errors_are_what_python_programmers_expect():
    assert issubclass(DateStencilTypeError, TypeError)
    assert issubclass(InvalidDateIntervalError, ValueError)
    assert issubclass(UnreachableDateError, ValueError)


def test_a_mixed_pair_is_refused_only_for_the_dates_for_which_it_is_empty():
    stencil = DateStencil([0, [day(5), 0]])
    assert stencil.date_ranges(day(6))[1] == (day(5), day(6))
    for look in (stencil.date_ranges, lambda reference: stencil.missing_dates(reference, [])):
        with pytest.raises(InvalidDateIntervalError) as refusal:
            look(day(5))
        assert str(refusal.value) == ("date_stencil element 2, [2016-01-05, 0], holds no date for reference date 2016-01-05")
        assert refusal.value.index == 1


@pytest.mark.parametrize(("offset", "reference"), [(-1, date.min), (0, date.max), (36_000, date(9990, 1, 1))])
def test_leaving_the_calendar_is_an_error_of_that_date(offset, reference):
    with pytest.raises(UnreachableDateError) as refusal:
        DateStencil([offset]).date_ranges(reference)
    assert str(refusal.value) == (
        f"date_stencil element 1, [{offset}, {offset + 1}], leaves the calendar for reference date {reference}"
    )


def test_stencils_that_mean_the_same_are_equal():
    assert DateStencil() == DateStencil([0]) == DateStencil([[0, 1]])
    assert hash(DateStencil([0])) == hash(DateStencil(((0, 1),)))
    assert DateStencil([0, 1]) != DateStencil([1, 0])
    assert DateStencil([0]) != [0]
    assert repr(DateStencil([0, day(1)])) == "DateStencil([[0, 1], [2016-01-01, 2016-01-02]])"
    assert repr(DateStencil(["month", "last_month", "-1m"])) == "DateStencil([month, [last_month, month], -1m])"
    assert DateStencil(["last_month", "-4w", "1y"]) == DateStencil([["last_month", "month"], -28, "12m"])
    assert DateStencil([{"dates": [0, 2], "at_least": 1}]) != DateStencil([[0, 2]])
    assert DateStencil.of_entry(None) == DateStencil([0])
    assert DateStencil.of_entry([]) == DateStencil([]) != DateStencil()


def test_what_repr_shows_means_the_same_stencil():
    assert DateStencil([[0, 1], [day(1), day(2)]]) == DateStencil([0, day(1)])


@pytest.mark.parametrize(
    ("element", "reference", "first", "end"),
    [
        ("-1m", "2024-03-31", "2024-02-29", "2024-03-01"),  # cut to the last day of the month
        ("-1m", "2023-03-30", "2023-02-28", "2023-03-01"),
        ("-1m", "2024-01-15", "2023-12-15", "2023-12-16"),
        ("1m", "2024-01-31", "2024-02-29", "2024-03-01"),
        ("-1y", "2024-02-29", "2023-02-28", "2023-03-01"),
        (["-1m", 0], "2024-03-31", "2024-02-29", "2024-03-31"),
        ("month", "2024-02-10", "2024-02-01", "2024-03-01"),
        ("last_month", "2024-03-31", "2024-02-01", "2024-03-01"),
        ("last_month", "2024-01-01", "2023-12-01", "2024-01-01"),
        (["last_month", "month"], "2024-03-31", "2024-02-01", "2024-03-01"),
        (["month", 1], "2024-03-10", "2024-03-01", "2024-03-11"),
        ("week", "2024-03-13", "2024-03-11", "2024-03-18"),  # a Wednesday
        ("week", "2024-03-11", "2024-03-11", "2024-03-18"),
        ("week", "2024-03-17", "2024-03-11", "2024-03-18"),
        ("last_week", "2024-03-17", "2024-03-04", "2024-03-11"),
        (["-4w", "week"], "2024-03-13", "2024-02-14", "2024-03-11"),
        ("month", "0001-01-05", "0001-01-01", "0001-02-01"),
        ({"dates": ["-1m", 1], "at_least": 3}, "2024-03-31", "2024-02-29", "2024-04-01"),
    ],
)
def test_calendar_bounds_mean_what_the_documentation_says(element, reference, first, end):
    ranges = DateStencil([element]).date_ranges(date.fromisoformat(reference))
    assert ranges == [(date.fromisoformat(first), date.fromisoformat(end))]


@pytest.mark.parametrize(
    ("element", "reference", "message"),
    [
        ("last_month", "0001-01-20", "[last_month, month], leaves the calendar"),
        ("month", "9999-12-20", "month, leaves the calendar"),
        ("1m", "9999-12-20", "1m, leaves the calendar"),
        ("week", "9999-12-31", "week, leaves the calendar"),
        (["month", 0], "2024-03-01", "[month, 0], holds no date"),
        ([date(2024, 3, 1), "month"], "2024-03-31", "[2024-03-01, month], holds no date"),
    ],
)
def test_a_calendar_bound_is_refused_only_for_the_dates_that_it_cannot_be(element, reference, message):
    with pytest.raises(DateStencilValueError) as refusal:
        DateStencil([element]).date_ranges(date.fromisoformat(reference))
    assert str(refusal.value) == f"date_stencil element 1, {message} for reference date {reference}"


def slow_day(bound: object, reference: date) -> date:
    """What a bound means in a pair, step by step through the days."""
    one = timedelta(1)
    if isinstance(bound, date):
        return bound
    if isinstance(bound, int):
        return reference + bound * one
    assert isinstance(bound, str)
    if bound in ("week", "last_week"):
        while reference.strftime("%A") != "Monday":
            reference -= one
        return reference if bound == "week" else reference - 7 * one
    if bound in ("month", "last_month"):
        reference = reference.replace(day=1)
        return reference if bound == "month" else (reference - one).replace(day=1)
    number, unit = int(bound[:-1]), bound[-1]
    if unit in "dw":
        return reference + number * (7 if unit == "w" else 1) * one
    wanted, step = reference.day, one if number > 0 else -one
    for _ in range(abs(number) * (12 if unit == "y" else 1)):
        month = reference.month
        while reference.month == month:
            reference += step
        reference = reference.replace(day=1)
    last = reference
    while (last + one).month == reference.month:
        last += one
    return reference.replace(day=min(wanted, last.day))


def slow_end(bound: object, reference: date) -> date:
    """The end of what a bound means alone."""
    day = slow_day(bound, reference)
    if bound in ("week", "last_week"):
        return day + timedelta(7)
    month = day.month
    day += timedelta(1)
    while bound in ("month", "last_month") and day.month == month:
        day += timedelta(1)
    return day


names = st.sampled_from(["week", "last_week", "month", "last_month"])
shifts = st.builds("{}{}".format, st.integers(-15, 15), st.sampled_from("dwmy"))
any_bound = st.one_of(st.integers(-40, 40), st.dates(date(1990, 1, 1), date(2030, 1, 1)), names, shifts)


@given(any_bound, any_bound, st.dates(date(1995, 1, 1), date(2025, 12, 31)))
def test_every_bound_means_what_walking_through_the_days_finds(first, end, reference):
    assert DateStencil([first]).date_ranges(reference) == [(slow_day(first, reference), slow_end(first, reference))]
    begin, stop = slow_day(first, reference), slow_day(end, reference)
    try:
        found = DateStencil([[first, end]]).date_ranges(reference)
    except InvalidDateIntervalError:
        assert stop <= begin
    else:
        assert found == [(begin, stop)]


@given(any_bound, any_bound, st.integers(0, 20), st.dates(date(1995, 1, 1), date(2025, 12, 31)), st.sets(st.integers(-40, 40)))
def test_a_tolerant_element_needs_only_its_least_number_of_days(first, end, least, reference, offsets):
    try:
        strict = DateStencil([[first, end]])
        ((begin, stop),) = strict.date_ranges(reference)
        stencil = DateStencil([{"dates": [first, end], "at_least": least}])
    except DateStencilError:
        return
    days = {reference + timedelta(offset) for offset in offsets}
    known = AvailableDays(each.toordinal() for each in days)
    there = [each for each in days if begin <= each < stop]
    assert (lack(stencil, reference.toordinal(), known) is None) == (len(there) >= least)
    assert stencil.date_ranges(reference) == strict.date_ranges(reference)
    assert stencil.missing_dates(reference, days) == strict.missing_dates(reference, days)
    assert stencil.needed_ranges(reference.toordinal()) == strict.needed_ranges(reference.toordinal())


def test_what_is_lacking_is_told_in_one_sentence():
    reference = date(2024, 3, 10)
    available = AvailableDays(date(2024, 3, number).toordinal() for number in (5, 6, 9))

    def told(*elements: object) -> str | None:
        lacks = lack(DateStencil(elements), reference.toordinal(), available)
        return None if lacks is None else Reason.of(ReasonKind.NEEDS_DATES, lacks=lacks).text

    assert told(-1, {"dates": [-5, 0], "at_least": 3}) is None
    assert told({"dates": [-5, 0], "at_least": 4}) == (
        "needs 4 of the 5 dates from 2024-03-05 to 2024-03-09, and 2024-03-07, 2024-03-08 are not available"
    )
    assert told(0, {"dates": [-2, 0], "at_least": 2}) == (
        "needs 2024-03-10 which is not available; "
        "needs 2 of the 2 dates from 2024-03-08 to 2024-03-09, and 2024-03-08 is not available"
    )
    assert told({"dates": "last_month", "at_least": 30}) == (
        "needs 30 of the 29 dates from 2024-02-01 to 2024-02-29, which are too few"
    )


bounds = st.one_of(st.integers(-40, 40), st.integers(-30, 60).map(day))
elements = st.lists(st.one_of(bounds, st.tuples(bounds, bounds).map(list)), max_size=5)


@given(elements, st.integers(0, 40), st.sets(st.integers(-60, 90), max_size=100))
def test_missing_dates_are_the_days_of_the_ranges_less_those_available(elements, reference, available):
    try:
        stencil = DateStencil(elements)
        ranges = stencil.date_ranges(day(reference))
    except DateStencilError:
        return
    assert len(ranges) == len(elements)
    needed = {first + timedelta(n) for first, end in ranges for n in range((end - first).days)}
    days = {day(number) for number in available}
    missing = stencil.missing_dates(day(reference), days)
    assert missing == sorted(needed - days)
    # The two ways of asking agree.
    known = AvailableDays(each.toordinal() for each in days)
    merged = stencil.needed_ranges(day(reference).toordinal())
    assert known.holds(merged) == (not missing)
    gaps = list(known.gaps(merged))
    assert all(first < end for first, end in gaps)
    assert [ordinal for first, end in gaps for ordinal in range(first, end)] == [each.toordinal() for each in missing]


@given(st.lists(st.integers(-40, 40), max_size=5), st.integers(0, 40), st.integers(0, 400))
def test_a_stencil_of_offsets_moves_with_its_reference_date(offsets, reference, days):
    stencil = DateStencil(offsets)
    moved = [(first + timedelta(days), end + timedelta(days)) for first, end in stencil.date_ranges(day(reference))]
    assert stencil.date_ranges(day(reference + days)) == moved


@pytest.mark.parametrize(
    "elements",
    [
        [{"dates": ["-1m", 1], "at_least": 25}],
        [{"dates": "month", "at_least": 25}, {"dates": "last_month", "at_least": 1}],
        [["last_month", "month"], {"dates": ["week", 1], "at_least": 1}],
        [["-1m", 1], ["week", "1y"]],
    ],
)
def test_what_no_stencil_tells_at_once_is_worked_out_once_however_often_it_is_parsed(elements, monkeypatch):
    class Counted:
        passes = 0

        def __iter__(self):
            self.passes += 1
            return iter(range(date(2000, 1, 1).toordinal(), date(2000, 3, 1).toordinal()))

    sample = Counted()
    monkeypatch.setattr(module, "_SAMPLE", sample)
    module._longest.cache_clear()
    module._never_holds_a_date.cache_clear()
    stencils = {DateStencil(elements)}
    once = sample.passes
    stencils |= {DateStencil(elements) for _ in range(300)}
    assert (sample.passes, len(stencils)) == (once, 1)
    assert once > 0
    module._longest.cache_clear()  # it was measured on few days
    module._never_holds_a_date.cache_clear()


def test_a_lack_lists_its_first_ten_periods_also_where_two_days_in_a_row_come_last():
    available = AvailableDays(day(number).toordinal() for number in range(2, 19, 2))
    lacks = lack(DateStencil([[day(1), day(21)]]), day(40).toordinal(), available)
    assert lacks is not None
    assert lacks["strict"] == {
        "periods": [f"2016-01-{number:02}" for number in range(1, 20, 2)],
        "more": 1,
        "number": 11,
    }
