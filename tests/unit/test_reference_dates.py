"""Which dates a rule of reference dates chooses, which rules are refused, and what that does to what is due."""

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deciders.dates.reference_dates import WEEKDAYS, ReferenceDates, ReferenceDatesError
from deciders.runs.due_runs import due_runs
from deciders.specification import ConfiguredWorkflow

from .test_due_runs import entry, specification

FORMS = "all, {weekly: monday}, {monthly: 1}, {monthly: last}, {dates: [2024-01-31]} and {every: 7, from: 2024-01-01}"


def chosen(rule: Any, first: str, last: str) -> list[str]:
    ordinals = ReferenceDates(rule).ordinals(date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal())
    return [date.fromordinal(ordinal).isoformat() for ordinal in ordinals]


@pytest.mark.parametrize(
    ("rule", "first", "last", "expected"),
    [
        ("all", "2024-02-28", "2024-03-01", ["2024-02-28", "2024-02-29", "2024-03-01"]),
        ({"weekly": "monday"}, "2024-01-01", "2024-01-15", ["2024-01-01", "2024-01-08", "2024-01-15"]),
        ({"weekly": ["thursday", "monday"]}, "2024-01-02", "2024-01-08", ["2024-01-04", "2024-01-08"]),
        ({"monthly": 1}, "2024-01-02", "2024-03-01", ["2024-02-01", "2024-03-01"]),
        ({"monthly": "last"}, "2023-12-31", "2024-02-29", ["2023-12-31", "2024-01-31", "2024-02-29"]),
        ({"monthly": 31}, "2024-04-01", "2024-05-31", ["2024-04-30", "2024-05-31"]),
        ({"monthly": [30, "last", 29]}, "2023-02-01", "2023-03-31", ["2023-02-28", "2023-03-29", "2023-03-30", "2023-03-31"]),
        ({"dates": [date(2024, 1, 5), "2024-01-03"]}, "2024-01-01", "2024-01-04", ["2024-01-03"]),
        ({"every": 7, "from": date(2024, 1, 3)}, "2023-12-01", "2024-01-17", ["2024-01-03", "2024-01-10", "2024-01-17"]),
        ({"every": 10, "from": "2024-01-03"}, "2024-01-14", "2024-02-03", ["2024-01-23", "2024-02-02"]),
        ({"monthly": 1}, "2024-02-01", "2024-01-01", []),
    ],
)
def test_a_rule_chooses_among_the_days_of_a_period(rule, first, last, expected):
    assert chosen(rule, first, last) == expected


@pytest.mark.parametrize(
    ("rule", "written"),
    [
        ("all", "all"),
        ({"weekly": ["monday", "thursday"]}, "weekly: [monday, thursday]"),
        ({"monthly": "last"}, "monthly: last"),
        ({"dates": ["2024-01-03"]}, "dates: [2024-01-03]"),
        ({"from": date(2024, 1, 3), "every": 7}, "every: 7, from: 2024-01-03"),
    ],
)
def test_a_rule_is_shown_as_a_workflow_file_has_it(rule, written):
    assert str(ReferenceDates(rule)) == written


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (None, f"null is none of {FORMS}"),
        ({}, f"an empty mapping is none of {FORMS}"),
        ("weekly", f"'weekly' is none of {FORMS}"),
        ("monday", f"'monday' is none of {FORMS} (did you mean {{weekly: monday}}?)"),
        ("last", f"'last' is none of {FORMS} (did you mean {{monthly: last}}?)"),
        ("All", f"'All' is none of {FORMS} (did you mean 'all'?)"),
        (["monday"], f"['monday'] is none of {FORMS}"),
        ({"weekley": "monday"}, f"{{'weekley': 'monday'}} is none of {FORMS} (did you mean 'weekly'?)"),
        ({"weekly": "monday", "monthly": 1}, f"{{'weekly': 'monday', 'monthly': 1}} is none of {FORMS}"),
        ({"weekly": "monday", "from": "2024-01-01"}, f"{{'weekly': 'monday', 'from': '2024-01-01'}} is none of {FORMS}"),
        ({"from": "2024-01-01"}, f"{{'from': '2024-01-01'}} is none of {FORMS}"),
        (
            {"weekly": "Monday"},
            "weekly is a day of the week such as monday, or a list of them, not 'Monday' (did you mean 'monday'?)",
        ),
        ({"weekly": 1}, "weekly is a day of the week such as monday, or a list of them, not 1"),
        ({"weekly": []}, "weekly is an empty list, so there would be no reference dates at all"),
        ({"monthly": 0}, "monthly is a day of the month from 1 to 31 or last, or a list of them, not 0"),
        (
            {"monthly": -1},
            "monthly is a day of the month from 1 to 31 or last, or a list of them, not -1 (last is the last day of the month)",
        ),
        ({"monthly": 32}, "monthly is a day of the month from 1 to 31 or last, or a list of them, not 32"),
        ({"monthly": True}, "monthly is a day of the month from 1 to 31 or last, or a list of them, not true"),
        (
            {"monthly": [1, "las"]},
            "monthly is a day of the month from 1 to 31 or last, or a list of them, not 'las' (did you mean 'last'?)",
        ),
        ({"dates": []}, "dates is a list of one date or more, not an empty list"),
        ({"dates": date(2024, 1, 1)}, "dates is a list of one date or more, not 2024-01-01"),
        ({"dates": ["2024-02-30"]}, "dates takes dates such as 2024-01-31, not '2024-02-30'"),
        ({"dates": [5]}, "dates takes dates such as 2024-01-31, not 5"),
        ({"every": 7}, "every needs the date from which its days count, {every: 7, from: 2024-01-01}"),
        ({"every": 0, "from": "2024-01-01"}, "every is a number of days from 1 to 36525, not 0"),
        ({"every": "1w", "from": "2024-01-01"}, "every is a number of days from 1 to 36525, not '1w'"),
        ({"every": 7, "from": 5}, "from takes dates such as 2024-01-31, not 5"),
    ],
)
def test_a_rule_is_refused(rule, message):
    with pytest.raises(ReferenceDatesError) as refusal:
        ReferenceDates(rule)
    assert str(refusal.value) == message


def slow_weekly(names: list[str]) -> Callable[[date], bool]:
    return lambda day: day.strftime("%A").lower() in names


def slow_monthly(numbers: list[Any]) -> Callable[[date], bool]:
    def is_chosen(day: date) -> bool:
        longest = monthrange(day.year, day.month)[1]
        return any(day.day == (longest if number == "last" else min(number, longest)) for number in numbers)

    return is_chosen


def slow_every(step: int, begin: date) -> Callable[[date], bool]:
    return lambda day: day >= begin and (day - begin).days % step == 0


days = st.dates(date(2019, 12, 1), date(2021, 3, 31))
weekly = st.lists(st.sampled_from(WEEKDAYS), min_size=1).map(lambda names: ({"weekly": names}, slow_weekly(names)))
monthly = st.lists(st.integers(1, 31) | st.just("last"), min_size=1).map(
    lambda given: ({"monthly": given}, slow_monthly(given))
)
dates = st.lists(days, min_size=1).map(lambda given: ({"dates": given}, lambda day: day in given))
every = st.builds(lambda step, begin: ({"every": step, "from": begin}, slow_every(step, begin)), st.integers(1, 400), days)


@given(st.one_of(weekly, monthly, dates, every), days, st.integers(-5, 200))
def test_every_rule_chooses_what_looking_at_each_day_finds(made, first, length):
    rule, is_chosen = made
    period = [first + timedelta(number) for number in range(length)]
    found = list(ReferenceDates(rule).ordinals(first.toordinal(), first.toordinal() + length - 1))
    assert found == [day.toordinal() for day in period if is_chosen(day)]
    assert [day for day in period if ReferenceDates(rule).chooses(day)] == [day for day in period if is_chosen(day)]


def planned(rule: Any, available: list[date], since: date | None = None, **more: Any) -> tuple[list[str], dict[str, str]]:
    made = due_runs(specification(entry(reference_dates=rule, **more)), {"calls": available}, {}, since=since)
    assert {one.reference_date in available for one in made.not_due if one.is_available} <= {True}
    assert {one.reference_date in available for one in made.not_due if not one.is_available} <= {False}
    assert [one.reference_date for one in made.not_due] == sorted(one.reference_date for one in made.not_due)
    return (
        [run.reference_date.isoformat() for run in made.due],
        {one.reference_date.isoformat(): one.reason.text for one in made.not_due},
    )


def january(*numbers: int) -> list[date]:
    return [date(2024, 1, number) for number in numbers]


def test_dates_that_the_entry_does_not_choose_are_not_due():
    due, not_due = planned({"weekly": "monday"}, january(6, 7, 8, 9))
    assert due == ["2024-01-08"]
    assert not_due == {
        f"2024-01-{number}": "not a reference date of this entry (weekly: monday)" for number in ("06", "07", "09")
    }


def test_a_chosen_date_without_data_is_not_due_and_said_so():
    due, not_due = planned({"monthly": "last"}, [*january(30), date(2024, 2, 1), date(2024, 2, 29), date(2024, 3, 1)])
    assert due == ["2024-02-29"]
    assert not_due == {
        "2024-01-30": "not a reference date of this entry (monthly: last)",
        "2024-01-31": "2024-01-31 is not available",
        "2024-02-01": "not a reference date of this entry (monthly: last)",
        "2024-03-01": "not a reference date of this entry (monthly: last)",
    }


def test_a_chosen_date_before_the_earliest_date_is_not_missed():
    due, not_due = planned({"weekly": "monday"}, january(2, 9, 22), earliest_date=date(2024, 1, 9))
    assert due == ["2024-01-22"]
    assert not_due == {
        "2024-01-02": "before earliest_date 2024-01-09",
        "2024-01-09": "not a reference date of this entry (weekly: monday)",
        "2024-01-15": "2024-01-15 is not available",
    }


@pytest.mark.parametrize(
    ("rule", "due", "lacking", "others"),
    [
        (None, (2, 8, 9), (), ()),
        ({"weekly": "monday"}, (8,), (), (2, 9)),
        ({"monthly": [2, 3]}, (2,), (3,), (8, 9)),
        ({"every": 7, "from": "2024-01-02"}, (2, 9), (), (8,)),
        ({"dates": ["2024-01-03", "2024-01-09"]}, (9,), (3,), (2, 8)),
    ],
)
@pytest.mark.parametrize("since", [date.min, date(2024, 1, 2)])
def test_of_dates_before_the_earliest_one_that_are_asked_for_the_rule_chooses_too(rule, due, lacking, others, since):
    found = planned(rule, january(2, 8, 9), since=since, earliest_date=date(2024, 1, 10))
    not_chosen = f"not a reference date of this entry ({rule and ReferenceDates(rule)})"
    reasons = {f"{day}": f"{day} is not available" for day in january(*lacking)} | {
        f"{day}": not_chosen for day in january(*others)
    }
    assert found == ([f"{day}" for day in january(*due)], reasons)


def test_a_date_that_is_named_is_missed_also_beyond_the_last_available_one():
    due, not_due = planned({"dates": ["2024-01-02", "2025-01-01"]}, january(2))
    assert (due, not_due) == (["2024-01-02"], {"2025-01-01": "2025-01-01 is not available"})


def test_the_rule_is_no_part_of_the_identity():
    whole = due_runs(specification(entry()), {"calls": january(1)}, {}).due
    weekly_alone = due_runs(specification(entry(reference_dates={"weekly": "monday"})), {"calls": january(1)}, {}).due
    assert [run.identity for run in whole] == [run.identity for run in weekly_alone]


@pytest.mark.parametrize(
    "given",
    [
        {"reference_dates": {"weekly": ["monday"]}},
        {"reference_dates": {"every": 7, "from": "2024-01-01"}},
        {
            "date_stencil": [
                "month",
                ["last_month", date(2024, 1, 1)],
                "-4w",
                -1,
                {"dates": [date(2024, 1, 1), 0], "at_least": 2},
            ]
        },
    ],
)
def test_an_entry_survives_json(given):
    made = ConfiguredWorkflow(workflow_name="w", **given)
    assert ConfiguredWorkflow.model_validate(made.model_dump(mode="json")) == made
    assert {name: getattr(made, name) for name in given} == given
