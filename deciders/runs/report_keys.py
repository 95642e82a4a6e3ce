"""What the reports of a run are called in its arguments, its result and its records, and to people."""

from __future__ import annotations

_PREFIX = "report:"


def report_key(label: str, format: str) -> str:
    """``count.pdf``: the report of a label, whatever its file is called."""
    return f"{label}.{format}"


def label_and_format(key: str) -> tuple[str, str]:
    """What a `report_key` was made of; a label may have points in it, a format has none."""
    label, _, format = key.rpartition(".")
    return label, format


def report_artefact(label: str, format: str) -> str:
    """What the records of a run call a report of that label, among its artefacts, labels and notes."""
    return f"{_PREFIX}{label}" if format == "pdf" else f"{_PREFIX}{report_key(label, format)}"


def is_report(name: str) -> bool:
    """Whether a name in the records is that of a report rather than of a label."""
    return name.startswith(_PREFIX)
