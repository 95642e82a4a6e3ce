"""Cron schedules: the times at which the sensor looks for new dates.

A schedule has five fields (minute, hour, day of month, month, day of week), or six with the seconds last. The syntax of a field
is croniter's; refused beyond that is whatever would make a schedule useless or different at each look:
random ``R`` and hashed ``H`` fields, nicknames, a seventh field for years, and dates that never come.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

from ..problems import shown

_FIELDS = (
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of month", "1-31 or L"),
    ("month", "1-12 or jan-dec"),
    ("day of week", "0-7 or sun-sat"),
    ("second", "0-59"),
)
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_LONGEST_SCHEDULE = 200
_LONGEST_TURN = timedelta(hours=4)  #: the most by which clocks are set back
#: No field value starts with r or h, so a part that does is croniter's random or hashed syntax.
_RANDOM_OR_HASHED = re.compile(r"(?:^|,)([rh])", re.IGNORECASE)
#: Whether a schedule ever comes must not depend on the day on which it is checked.
_CHECKED_FROM = datetime(2024, 1, 1, tzinfo=UTC)


def is_timezone(name: str) -> bool:
    """Return True if ``name`` is the name of a time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # Besides its own KeyError, zoneinfo raises whatever opening an odd name as a file raises.
        return False
    return True


def schedule_fault(schedule: str) -> str | None:
    """Explain why ``schedule`` cannot be used, as the end of a sentence that begins with "schedule"; None if it can."""
    if schedule.strip().lower() in _NICKNAMES:
        return f"{shown(schedule)} is a nickname; write {_NICKNAMES[schedule.strip().lower()]!r}"
    fields = schedule.split()
    if len(schedule) > _LONGEST_SCHEDULE:
        return f"{shown(schedule)} has more than {_LONGEST_SCHEDULE} characters"
    if len(fields) not in (5, 6):
        counted = f"{len(fields)} field{'' if len(fields) == 1 else 's'}"
        return (
            f"{shown(schedule)} has {counted}; a cron string has 5 (minute, hour, day of month, month, day of week), "
            "or 6 with the seconds last"
        )
    for field in fields:
        if found := _RANDOM_OR_HASHED.search(field):
            kind = "random" if found[1].lower() == "r" else "hashed"
            return f"{shown(schedule)} has a {kind} field {field!r}, which would give a different time at each check"
    for position, field in enumerate(fields):
        if not _is_understood(["*"] * position + [field] + ["*"] * (len(fields) - position - 1)):
            name, allowed = _FIELDS[position]
            return f"{shown(schedule)} cannot be understood: {name} {field!r} (allowed: {allowed})"
    if not _is_understood(fields):
        return f"{shown(schedule)} has fields that cannot be combined"
    try:
        croniter(schedule, _CHECKED_FROM).get_next(datetime)
    except CroniterBadDateError:
        return f"{shown(schedule)} names a date that never comes"
    return None


def _is_understood(fields: list[str]) -> bool:
    try:
        croniter(" ".join(fields), _CHECKED_FROM)
    except (ValueError, KeyError, OverflowError):
        # All of croniter's own errors are ValueErrors; the others come from odd names and numbers.
        return False
    return True


def next_time(schedule: str, after: datetime, timezone: str = "UTC") -> datetime:
    """Return the first time of ``schedule`` later than ``after``, in UTC.

    The fields are read as wall-clock time in ``timezone``, a name that zoneinfo knows. Where clocks go back, a time that comes
    twice counts the first time alone, and where they go forward, one that does not come counts as the moment at which they do;
    but a schedule of every hour goes on by the minutes that pass.

    Raises:
        ValueError: ``after`` has no time zone, or ``schedule`` is one that `schedule_fault` refuses.
    """
    if after.tzinfo is None:
        raise ValueError(f"{after.isoformat()} has no time zone")
    if fault := schedule_fault(schedule):
        raise ValueError(f"schedule {fault}")
    after, zone = after.astimezone(UTC), ZoneInfo(timezone)
    local = after.astimezone(zone)
    is_hourly = croniter(schedule).expanded[1] == ["*"]
    found = _first_after(after, schedule, local.replace(tzinfo=None), zone, is_hourly=is_hourly)
    if is_hourly and not local.fold and len(_moments(local.replace(tzinfo=None), zone)) > 1:
        # The same hour once more, before what the wall clock shows after this one.
        turn = _turn(after, after + _LONGEST_TURN, zone)
        before = turn.astimezone(zone).replace(tzinfo=None) - timedelta(seconds=1)
        found = min(found, _first_after(turn - timedelta(seconds=1), schedule, before, zone, is_hourly=True))
    return found


def former_next_time(schedule: str, after: datetime, timezone: str = "UTC") -> datetime:
    """Return what version 0.1 returned for `next_time`, for runs that have begun to wait for that time: where clocks go back, a
    time that comes twice counts both times.
    """
    found: datetime = croniter(schedule, after.astimezone(ZoneInfo(timezone))).get_next(datetime)
    return found.astimezone(UTC)


def _first_after(after: datetime, schedule: str, wall: datetime, zone: ZoneInfo, *, is_hourly: bool) -> datetime:
    """Return the first moment later than ``after`` among those that the wall clock shows after ``wall``, which has no time
    zone.
    """
    times = croniter(schedule, wall)  # not in the zone: for croniter a time that comes twice is two
    while True:
        shown: datetime = times.get_next(datetime)
        moments = _moments(shown, zone)
        if not moments and not is_hourly:
            early, late = (shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
            moments = [_turn(early, late, zone)]
        for moment in moments if is_hourly else moments[:1]:
            if moment > after:
                return moment


def _moments(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the moments, in UTC, at which a wall clock shows this time: one, two where clocks go back, none where they go
    forward.
    """
    found = dict.fromkeys(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return sorted(moment for moment in found if moment.astimezone(zone).replace(tzinfo=None) == wall)


def _turn(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """Return the whole second, in UTC, at which the clocks change between two moments."""
    before = early.astimezone(zone).utcoffset()
    early = early.replace(microsecond=0)
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early).total_seconds() // 2)
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return early + timedelta(seconds=1)
