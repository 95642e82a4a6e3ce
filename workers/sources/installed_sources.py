"""Sources of dates from other packages, installed as entry points."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import date, datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from deciders.specification import InstalledSource
from deciders.specification.sources import GROUP

from ..secrets import masked
from .source_errors import SourceError, SourceUnreachable


def installed_dates(source: InstalledSource, inputs_dir: Path, *, timeout_seconds: float = 30) -> dict[str, list[date]]:
    """Call the source's function with its options, ``inputs_dir`` and ``timeout_seconds``, and return its dates.

    The function returns a mapping of types of data to dates, in any order. It is abandoned after ``timeout_seconds``.

    Raises:
        SourceError: it is not installed on this machine, raises, takes too long, or returns something else.
    """
    points = [point for point in entry_points(group=GROUP) if point.name == source.name]
    if not points:
        raise SourceError(f"the source {source.name!r} is not installed here: no package provides it as {GROUP}")
    given: list[Any] = []
    failure: list[BaseException] = []

    def ask() -> None:
        try:
            given.append(points[0].load()(source.options, inputs_dir=inputs_dir, timeout_seconds=timeout_seconds))
        except BaseException as error:
            failure.append(error)

    asking = threading.Thread(target=ask, name=f"source-{source.name}", daemon=True)
    asking.start()
    asking.join(timeout_seconds)
    if failure:
        what = masked(f"{type(failure[0]).__name__}: {failure[0]}".splitlines()[0])
        raise SourceError(f"the source {source.name!r} failed: {what}") from failure[0]
    if not given:
        raise SourceUnreachable(f"the source {source.name!r} did not answer within {timeout_seconds:g} s")
    found = given[0]
    if not isinstance(found, Mapping):
        raise SourceError(f"the source {source.name!r} gives no mapping of types of data to dates")
    return {str(name): sorted(_days(source.name, days)) for name, days in found.items()}


def _days(name: str, days: Any) -> set[date]:
    try:
        listed = list(days)
    except TypeError:
        raise SourceError(f"the source {name!r} gives {days!r:.60} instead of dates") from None
    for day in listed:
        if not isinstance(day, date) or isinstance(day, datetime):
            raise SourceError(f"the source {name!r} gives {day!r:.60}, which is not a date")
    return set(listed)
