"""SWF's limits of numbers.

https://docs.aws.amazon.com/amazonswf/latest/developerguide/swf-dg-limits.html
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from ..constants import MAX_HISTORY_EVENTS, MAX_OPEN_ACTIVITY_COUNT


@dataclass(frozen=True, kw_only=True)
class Quotas:
    """SWF's limits: of one execution, of a task list, of a domain, and of all domains together."""

    open_activities: int = MAX_OPEN_ACTIVITY_COUNT
    open_timers: int = 1_000
    open_children: int = 1_000
    history_events: int = MAX_HISTORY_EVENTS
    pollers: int = 1_000  #: waiting at once, of a task list
    open_executions: int = 100_000  #: of a domain
    types: int = 10_000  #: of a domain and kind, also the deprecated ones
    domains: int = 100  #: also the deprecated ones
    resource_tags: int = 50  #: of a domain


UNLIMITED = Quotas(**dict.fromkeys((field.name for field in fields(Quotas)), 10**9))
