"""A module of settings, as SIMPLEFLOW_SETTINGS_MODULE names one."""

from __future__ import annotations

ACTIVITY_HEARTBEAT_TIMEOUT = 60
ACTIVITY_DEFAULT_TASK_LIST = "shop"
ACTIVITY_DEFAULT_VERSION = "2026"
METROLOGY_BUCKET = "shop-metrology"
SIMPLEFLOW_S3_SSE = True
SWF_DOMAIN = "a setting of this package alone: not read from here"
LOGGING = {"version": 1}
