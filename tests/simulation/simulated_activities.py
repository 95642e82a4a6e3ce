"""The activities of a simulated fleet, as its deciders declare them; :class:`.members.Effects` has their bodies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Never

from simpleflow_nb import RetryPolicy, activity
from simpleflow_nb.canvas import ActivityTask

from .plans import Statement

ITEM = "item/"  #: the beginning of the items of fans

_TIMES: dict[str, Any] = {"start_to_close_timeout": 60, "heartbeat_timeout": 25}


def _nowhere(*args: Any) -> Never:
    raise AssertionError("the fleet gives its workers the bodies of these activities")


_WAITS = RetryPolicy(attempts=4, first_wait=timedelta(seconds=3), jitter=0.5)
_LIMITED = {**_TIMES, "schedule_to_start_timeout": 15, "schedule_to_close_timeout": 90}
steady = activity.with_attributes(name="simulated.steady", version="1", **_TIMES)(_nowhere)
flaky = activity.with_attributes(name="simulated.flaky", version="1", retry=_WAITS, **_TIMES)(_nowhere)
again = activity.with_attributes(name="simulated.again", version="1", retry=2, **_TIMES)(_nowhere)
quiet = activity.with_attributes(name="simulated.quiet", version="1", raises_on_failure=False, **_TIMES)(_nowhere)
once = activity.with_attributes(name="simulated.once", version="1", retry=1, idempotent=True, **_TIMES)(_nowhere)
hurried = activity.with_attributes(name="simulated.hurried", version="1", retry=1, **_LIMITED)(_nowhere)
wordy = activity.with_attributes(name="simulated.wordy", version="1", retry=1, **_TIMES)(_nowhere)
stepped = activity.with_attributes(name="simulated.stepped", version="1", raises_on_failure=False, **_TIMES)(_nowhere)
forbidden = activity.with_attributes(name="simulated.forbidden", version="1", **_TIMES)(_nowhere)  # for what may not submit

BODIES = {one.name: one for one in (steady, flaky, again, quiet, once, hurried, wordy, stepped, forbidden)}


def task_of(call: Statement) -> ActivityTask[Any]:
    """Return the task of a call in a plan."""
    return ActivityTask(BODIES["simulated." + call["name"]], call["name"], call["fails"])


def long_text(number: int, characters: int) -> str:
    """Return the long text of an effect; it says which effect that is."""
    return f"{number:06}," * (characters // 7)
