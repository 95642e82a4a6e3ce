"""Date stencils: which dates they need, and which stencils are refused."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deciders.date_stencil import (
    AvailableDays,
    DateStencil,
    DateStencilError,
    DateStencilTypeError,
    DateStencilValueError,
    InvalidDateIntervalError,
    UnreachableDateError,
)


def day(number: int) -> date:
    return date(2016, 1, 1) + timedelta(number - 1)


@pytest.mark.parametrize(
    ("elements", "written"),
    [
        (None, "[0]"),
        ([], "[]"),
        ([-1, [0, 1]], "[-1, 0]"),
        ([[-6, 1]], "[[-6, 1]]"),
        ([day(3), [day(3), day(5)], [day(3), 0]], "[2016-01-03, [2016-01-03, 2016-01-05], [2016-01-03, 0]]"),
    ],
)
def test_a_stencil_is_shown_as_a_workflow_file_has_it(elements, written):
    assert str(DateStencil(elements)) == written


@pytest.mark.parametrize(
    ("elements", "ranges"),
    [
        (None, [(10, 11)]),
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
        (None, [10], []),
        (None, [], [10]),
        ([], [], []),
        ([-1], [9], []),  # the reference date itself need not be there
        ([[-3, 1]], [7, 10], [8, 9]),
        ([[-3, 0], [-2, 2], 5], [8, 11], [7, 9, 10, 15]),
        ([[day(1), 0]], range(3, 10), [1, 2]),
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
        (["x"], DateStencilTypeError, "'x' is neither a whole number of days nor a date"),
        (["2016-01-01"], DateStencilTypeError, "'2016-01-01' is text; write the date without quotes"),
        ([1.0], DateStencilTypeError, "1.0 is neither a whole number of days nor a date"),
        ([None], DateStencilTypeError, "null is neither a whole number of days nor a date"),
        ([True], DateStencilTypeError, "true is neither a whole number of days nor a date"),
        ([[False, 1]], DateStencilTypeError, "false is neither a whole number of days nor a date"),
        ([[[0, 1], 2]], DateStencilTypeError, "[0, 1] is neither a whole number of days nor a date"),
        ([{-1: 0}], DateStencilTypeError, "{-1: 0} is neither a whole number of days nor a date"),
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


def test_a_mixed_pair_is_refused_only_for_the_dates_that_it_holds_nothing_for():
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


def test_what_repr_shows_means_the_same_stencil():
    assert DateStencil([[0, 1], [day(1), day(2)]]) == DateStencil([0, day(1)])


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
    ordinals = [each.toordinal() for each in missing]
    assert known.missing(merged, at_most=3) == (ordinals[:3], len(ordinals))
    assert known.missing(merged, at_most=1000) == (ordinals, len(ordinals))


@given(st.lists(st.integers(-40, 40), max_size=5), st.integers(0, 40), st.integers(0, 400))
def test_a_stencil_of_offsets_moves_with_its_reference_date(offsets, reference, days):
    stencil = DateStencil(offsets)
    moved = [(first + timedelta(days), end + timedelta(days)) for first, end in stencil.date_ranges(day(reference))]
    assert stencil.date_ranges(day(reference + days)) == moved
