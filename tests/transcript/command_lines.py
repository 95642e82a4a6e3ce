"""Command lines that several scenes have."""

from __future__ import annotations

from simpleflow_nb.inspection.tables import FORMATS

RUN_ALL = "simpleflow-nb sensor.start --local --once --nb-workers 1 --quiet"


def in_each_format(*commands: str) -> str:
    """These lines with ``FORMAT`` replaced by the options for each format, and for headers."""
    options = [f"--format {style}" for style in FORMATS] + ["--header"]
    return "\n".join(f"simpleflow-nb {option} {command}" for command in commands for option in options)
