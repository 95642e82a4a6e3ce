"""Cron strings: which are refused and why, and when the others come."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deciders.dates.cron import next_time, schedule_fault

FIELDS = "a cron string has 5 (minute, hour, day of month, month, day of week), or 6 with the seconds last"


@pytest.mark.parametrize(
    "schedule",
    [
        "* * * * *",
        "0 5 * * *",
        "*/15 8-18 * * mon-fri",
        "0 0 29 2 *",
        "0 0 29 2 mon#5",  # next in 2044
        "0 0 31 2 1",  # day of month OR day of week, so each Monday
        "0 0 L * *",
        "0 0 ? * L5",
        "* * * * * */10",
        "  0\t5 * * *\n",
    ],
)
def test_a_schedule_is_accepted(schedule):
    assert schedule_fault(schedule) is None


@pytest.mark.parametrize(
    ("schedule", "fault"),
    [
        ("", f"'' has 0 fields; {FIELDS}"),
        ("5", f"'5' has 1 field; {FIELDS}"),
        ("0 0 * *", f"'0 0 * *' has 4 fields; {FIELDS}"),
        ("0 0 * * * 0 2030", f"'0 0 * * * 0 2030' has 7 fields; {FIELDS}"),
        ("@daily", "'@daily' is a nickname; write '0 0 * * *'"),
        ("@HOURLY", "'@HOURLY' is a nickname; write '0 * * * *'"),
        ("@reboot", f"'@reboot' has 1 field; {FIELDS}"),
        ("R * * * *", "'R * * * *' has a random field 'R', which would give a different time at each check"),
        ("0 r(1-5) * * *", "'0 r(1-5) * * *' has a random field 'r(1-5)', which would give a different time at each check"),
        ("0 0 * * R/2", "'0 0 * * R/2' has a random field 'R/2', which would give a different time at each check"),
        ("H 0 * * *", "'H 0 * * *' has a hashed field 'H', which would give a different time at each check"),
        ("0,R 0 * * *", "'0,R 0 * * *' has a random field '0,R', which would give a different time at each check"),
        ("60 * * * *", "'60 * * * *' cannot be understood: minute '60' (allowed: 0-59)"),
        ("0 0 0 * *", "'0 0 0 * *' cannot be understood: day of month '0' (allowed: 1-31 or L)"),
        ("0 0 * foo *", "'0 0 * foo *' cannot be understood: month 'foo' (allowed: 1-12 or jan-dec)"),
        ("0 0 * * 8", "'0 0 * * 8' cannot be understood: day of week '8' (allowed: 0-7 or sun-sat)"),
        ("0 0 * * * 60", "'0 0 * * * 60' cannot be understood: second '60' (allowed: 0-59)"),
        ("0 0 31 2 *", "'0 0 31 2 *' names a date that never comes"),
        ("0 0 31 4,6,9,11 *", "'0 0 31 4,6,9,11 *' names a date that never comes"),
        ("0 0 30 feb * 30", "'0 0 30 feb * 30' names a date that never comes"),
        ("1," * 200 + "1 * * * *", f"'{'1,' * 37}1 ... has more than 200 characters"),
    ],
)
def test_a_schedule_is_refused_in_one_sentence(schedule, fault):
    assert schedule_fault(schedule) == fault


@given(st.text(alphabet="0123456789*/,-LRHWl#?@ monjan", max_size=30))
def test_no_text_breaks_the_check_and_what_it_accepts_comes(schedule):
    after = datetime(2024, 5, 17, 12, 30, tzinfo=UTC)
    if schedule_fault(schedule) is None:
        assert next_time(schedule, after) > after


@pytest.mark.parametrize(
    ("schedule", "timezone", "after", "expected"),
    [
        ("0 5 * * *", "UTC", "2024-01-01T05:00:00", "2024-01-02T05:00:00"),
        ("0 5 * * *", "UTC", "2024-01-01T04:59:59", "2024-01-01T05:00:00"),
        ("* * * * * 30", "UTC", "2024-01-01T00:00:00", "2024-01-01T00:00:30"),
        ("0 6 * * *", "Asia/Kathmandu", "2024-01-01T12:00:00", "2024-01-02T00:15:00"),
        ("0 5 * * *", "Europe/Zurich", "2024-03-30T12:00:00", "2024-03-31T03:00:00"),  # summer time has begun
        ("30 2 * * *", "Europe/Zurich", "2024-03-30T12:00:00", "2024-03-31T01:00:00"),  # 02:30 does not exist: at 03:00
        ("0 0 29 2 *", "UTC", "2024-03-01T00:00:00", "2028-02-29T00:00:00"),
    ],
)
def test_the_next_time_is_wall_clock_time_in_its_zone(schedule, timezone, after, expected):
    found = next_time(schedule, datetime.fromisoformat(after).replace(tzinfo=UTC), timezone)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert found.tzinfo is UTC


@pytest.mark.parametrize("start", ["2024-03-30T00:00:00", "2024-10-26T00:00:00"])
def test_time_never_stands_still_when_clocks_change(start):
    now = datetime.fromisoformat(start).replace(tzinfo=UTC)
    end = now + timedelta(days=3)
    while now < end:
        then = next_time("*/30 * * * *", now, "Europe/Zurich")
        assert timedelta(0) < then - now <= timedelta(minutes=30)
        now = then


@pytest.mark.parametrize(
    ("schedule", "timezone", "after", "shown"),
    [
        # Clocks go back: what comes twice is one time, unless the schedule is one of every hour.
        ("30 2 * * *", "Europe/Zurich", "2024-10-26T12:00", ["27 02:30+0200", "28 02:30+0100"]),
        ("0 2-3 * * *", "Europe/Zurich", "2024-10-26T12:00", ["27 02:00+0200", "27 03:00+0100", "28 02:00+0100"]),
        ("*/30 2 * * *", "Europe/Zurich", "2024-10-26T12:00", ["27 02:00+0200", "27 02:30+0200", "28 02:00+0100"]),
        ("0 */2 * * *", "Europe/Zurich", "2024-10-26T23:00", ["27 02:00+0200", "27 04:00+0100"]),
        ("30 * * * *", "Europe/Zurich", "2024-10-26T23:30", ["27 02:30+0200", "27 02:30+0100", "27 03:30+0100"]),
        ("* * * * * */40", "Europe/Zurich", "2024-10-27T00:59:40", ["27 02:00+0100", "27 02:00+0100", "27 02:01+0100"]),
        ("0 0 * * *", "America/Havana", "2024-11-02T12:00", ["03 00:00-0400", "04 00:00-0500"]),
        ("45 1 * * *", "Australia/Lord_Howe", "2024-04-06T00:00", ["07 01:45+1100", "08 01:45+1030"]),  # by half an hour
        # Clocks go forward: what does not come is the moment at which they do, and one with others that do not come.
        ("*/15 2 * * *", "Europe/Zurich", "2024-03-30T12:00", ["31 03:00+0200", "01 02:00+0200"]),
        ("0 2,3 * * *", "Europe/Zurich", "2024-03-30T12:00", ["31 03:00+0200", "01 02:00+0200"]),
        ("30 2 * * *", "Europe/Zurich", "2024-03-31T01:00", ["01 02:30+0200"]),
        ("30 * * * *", "Europe/Zurich", "2024-03-31T00:30", ["31 03:30+0200"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2024-10-05T00:00", ["06 02:30+1100", "07 02:15+1100"]),
        ("0 0 * * *", "America/Havana", "2024-03-09T12:00", ["10 01:00-0400", "11 00:00-0400"]),
    ],
)
def test_where_clocks_change_a_time_of_the_day_is_one_time(schedule, timezone, after, shown):
    now, found = datetime.fromisoformat(after).replace(tzinfo=UTC), []
    for _ in shown:
        now = next_time(schedule, now, timezone)
        found.append(now.astimezone(ZoneInfo(timezone)).strftime("%d %H:%M%z"))
    assert found == shown


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2025, 1, 1)),  # noqa: DTZ001 - hypothesis wants them so
    st.sampled_from(["Europe/Zurich", "America/Havana", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca"]),
    st.integers(0, 23),
    st.integers(0, 59),
)
def test_a_daily_time_comes_once_a_day_whatever_the_clocks_do(after, timezone, hour, minute):
    zone, now = ZoneInfo(timezone), after.replace(tzinfo=UTC)
    days = []
    for _ in range(4):
        now = next_time(f"{minute} {hour} * * *", now, timezone)
        days.append(now.astimezone(zone).date())
    assert days == [days[0] + timedelta(number) for number in range(4)]


def test_a_time_without_zone_and_a_refused_schedule_are_errors():
    with pytest.raises(ValueError, match=r"^2024-01-01T00:00:00 has no time zone$"):
        next_time("* * * * *", datetime(2024, 1, 1))  # noqa: DTZ001 - that is the point
    with pytest.raises(ValueError, match=r"^schedule '0 0 31 2 \*' names a date that never comes$"):
        next_time("0 0 31 2 *", datetime(2024, 1, 1, tzinfo=UTC))
