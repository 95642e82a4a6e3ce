"""Words of SWF for registrations, and the longest time for which executions can be found."""

from __future__ import annotations

REGISTERED = "REGISTERED"
DEPRECATED = "DEPRECATED"

MAX_WORKFLOW_AGE = 366 + 90 + 1  #: days: an execution lasts a year at most, and is kept for 90 days then
