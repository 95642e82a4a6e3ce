"""Histories that were removed from a journal, those that stay, and when a request that is left in it takes effect."""

from __future__ import annotations

from collections.abc import Iterator

from ...inspection.tables import counted
from ...inspection.task_rows import shown_time
from ..histories.journal_pruning import PrunedJournal


def pruned_lines(pruned: PrunedJournal) -> Iterator[str]:
    """Yield what people read."""
    moment = shown_time(round(pruned.before))[:16]
    if pruned.is_dry:
        yield f"would remove {pruned.shown} that ended before {moment} UTC"
    else:
        yield f"removed {pruned.shown}: ended before {moment} UTC"
    if pruned.unrecorded:
        stay = "stays" if pruned.unrecorded == 1 else "stay"
        yield f"{counted(pruned.unrecorded, 'run')} that no run records have {stay}"
    if pruned.shared_payloads is not None:
        yield f"payloads stay: processes of a domain keep theirs in {pruned.shared_payloads}, too"


def asked(workflow_id: str, *, takes_effect_now: bool) -> str:
    """Return the sentence about a request that was made to an execution."""
    when = "now" if takes_effect_now else "when the next local run begins: nobody owns the journal now"
    return f"{workflow_id}: asked; it takes effect {when}"
