"""Presence of records of runs with outputs in a folder."""

from __future__ import annotations

from pathlib import Path

from ...environment import setting


def has_records(outputs: Path) -> bool:
    """Tell whether there may be records: opening the default database would make it, and looking must not."""
    from workers.records.run_records import records_file

    return bool(setting("AUTOFLOW_DB_URI")) or records_file(outputs).exists()
