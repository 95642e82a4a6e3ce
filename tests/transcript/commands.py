"""The environment in which the commands of scenes are typed."""

from __future__ import annotations

import os

from tests.launcher import ROOT

_FOREIGN = ("AUTOFLOW_", "SIMPLEFLOW_", "SWF_", "AWS_", "FLOWAPI_", "LOG_LEVEL", "COVERAGE", "PYTEST_")


def clean_environment() -> dict[str, str]:
    """Ours, without what would change what commands say."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
    fixed = {"TERM": "dumb", "COLUMNS": "120", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    return {**kept, **fixed, "PYTHONPATH": str(ROOT), "SIMPLEFLOW_NB_PRELOAD": "", "AWS_EC2_METADATA_DISABLED": "true"}
