"""The formats of reports: the one list of them, by which files are checked, records read and reports made."""

from __future__ import annotations

from typing import Literal, get_args

ReportFormat = Literal["pdf", "html"]
REPORT_FORMATS: tuple[ReportFormat, ...] = get_args(ReportFormat)

#: For the file's schema.
DESCRIPTION = "Pages, or one self-contained file for browsers."
#: The format that records do not name. It alone is typeset, so that templates and fonts are for it.
TYPESET: ReportFormat = "pdf"


def format_of_ending(ending: str) -> ReportFormat | None:
    """Return the format of a file whose name ends so, such as ``.pdf`` in any case; None if reports have no such ending."""
    return next((format for format in REPORT_FORMATS if ending.lower() == f".{format}"), None)
