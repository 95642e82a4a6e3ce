"""SWF's limits of one execution.

https://docs.aws.amazon.com/amazonswf/latest/developerguide/swf-dg-limits.html
"""

from __future__ import annotations

from dataclasses import dataclass

from ..constants import MAX_HISTORY_EVENTS, MAX_OPEN_ACTIVITY_COUNT


@dataclass(frozen=True, kw_only=True)
class Quotas:
    """SWF's limits for one execution."""

    open_activities: int = MAX_OPEN_ACTIVITY_COUNT
    open_timers: int = 1_000
    open_children: int = 1_000
    history_events: int = MAX_HISTORY_EVENTS


UNLIMITED = Quotas(open_activities=10**9, open_timers=10**9, open_children=10**9, history_events=10**9)
