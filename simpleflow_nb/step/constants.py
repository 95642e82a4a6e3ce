"""Defaults of the two activities of steps, under simpleflow's names."""

from __future__ import annotations

from typing import Any

from ..constants import HOUR, MINUTE

#: What ``get_step_activity_params()`` of a workflow is merged with; timeouts are in seconds.
STEP_ACTIVITY_PARAMS_DEFAULT: dict[str, Any] = {
    "version": "1.0",
    "task_priority": 100,
    "retry": 1,
    "raises_on_failure": True,
    "idempotent": True,
    "schedule_to_start_timeout": 4 * HOUR,
    "start_to_close_timeout": MINUTE,
    "schedule_to_close_timeout": 4 * HOUR + MINUTE,
    "heartbeat_timeout": 3 * MINUTE,
}

#: What a mark says if no worker has made it.
UNKNOWN_CONTEXT = {"run_id": "unknown", "workflow_id": "unknown", "version": "unknown"}

__all__ = ["HOUR", "MINUTE", "STEP_ACTIVITY_PARAMS_DEFAULT", "UNKNOWN_CONTEXT"]
