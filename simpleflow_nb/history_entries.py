"""The type of the activities of a :class:`~simpleflow_nb.history.History`, under simpleflow's name, for annotations."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict


class ActivityTypeDict(TypedDict):
    """The name and version of an activity type."""

    name: str
    version: str


class ActivityTaskEventDict(TypedDict, total=False):
    """The events of an activity; ``state`` is that of the latest attempt, and says which of the other keys there are.

    Attributes:
        retry: the number of attempts before the latest; ``attempt`` counts it as well.
        timeout_value: seconds, as text, of the timeout that has ended the latest attempt.
        control, input, result: decoded.
    """

    type: str
    id: str
    name: str
    version: str
    state: str
    retry: int
    attempt: int
    input: Any
    control: Any
    task_list: str
    decision_task_completed_event_id: int
    scheduled_id: int
    scheduled_timestamp: datetime
    started_id: int
    started_timestamp: datetime
    completed_id: int
    completed_timestamp: datetime
    failed_id: int
    failed_timestamp: datetime
    timed_out_id: int
    timed_out_timestamp: datetime
    canceled_id: int
    canceled_timestamp: datetime
    identity: str
    result: Any
    reason: str
    details: str
    cause: str
    timeout_type: str
    timeout_value: str
