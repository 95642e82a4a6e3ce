"""Reports that were made anew, and those that could not be."""

from __future__ import annotations

from collections.abc import Iterator

from ...inspection.tables import counted
from ..asking.remade_reports import ReportsMade
from ..states.run_states import shown_seconds


def made_lines(made: ReportsMade, remake: str) -> Iterator[str]:
    """Yield how many were made; with none, of ``remake``, why."""
    if not made.made and not made.failed and not made.seconds:
        how = "is missing" if remake == "missing" else "would come out differently; use --remake all to make them anyway"
        yield f"no report {how} ({made.standing} checked)"
        return
    orange = sum(bool(one.warnings) for one in made.made)
    text = f"{counted(len(made.made), 'report')} made in {shown_seconds(made.seconds)}"
    text += f", {orange} with warnings" if orange else ""
    yield text + (f"; {made.standing} left as they are" if made.standing else "")


def failed_sentence(made: ReportsMade) -> str:
    """Return which reports could not be made, each with its reason on a line."""
    return "\n  ".join([f"{counted(len(made.failed), 'report')} could not be made:", *made.failed])
