"""One execution, with the progress of its notebooks, which the service does not know."""

from __future__ import annotations

from typing import Any

from ...constants import NOTEBOOK_TYPE
from ...inspection import documents, executions
from ...inspection.documents import Document
from ...inspection.tables import Table
from ..places import Place


def info_table(place: Place, execution: dict[str, str]) -> Table:
    """Build simpleflow's ``workflow.info``, with one more column for the progress of notebooks."""
    table = executions.info_table(place.service, place.domain, execution)
    values = dict(zip(table.header, table.rows[0], strict=True))
    lines = _progress(values["workflow_type.name"], values["status"], values["input"])
    return table if lines is None else Table([*table.header, "progress"], [[*table.rows[0], " | ".join(lines) or None]])


def info_document(place: Place, execution: dict[str, str]) -> Document:
    """Return what `info_table` shows as a document, for programs."""
    document = documents.info_document(place.service, place.domain, execution)
    one = document["execution"]
    one["progress"] = _progress(one["type"], one["status"], one["input"])
    return document


def _progress(type_name: str, status: str, given: Any) -> list[str] | None:
    """Read from their folders how far the notebooks of an open run are; None for other executions."""
    if type_name != NOTEBOOK_TYPE or status.upper() != "OPEN" or not isinstance(given, dict):
        return None
    from ..records.open_labels import notebook_progress

    return [f"{label}: {text}" for label, text in notebook_progress(given.get("kwargs") or {}).items()]
