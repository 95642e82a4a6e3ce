"""Presence of records of runs with outputs in a folder."""

from __future__ import annotations

from pathlib import Path

from ...environment import value_of
from ...variables import AUTOFLOW_DB_URI


def has_records(outputs: Path) -> bool:
    """Tell whether there may be records: opening the default database would make it, and looking must not."""
    from workers.records.run_records import records_file

    return value_of(AUTOFLOW_DB_URI) is not None or records_file(outputs).exists()


def record_file(outputs: Path) -> Path | None:
    """Return the file of the records, which may not be there yet; None where a database named by the environment has them."""
    from workers.records.run_records import records_file

    return records_file(outputs) if value_of(AUTOFLOW_DB_URI) is None else None
