"""Removal of old histories from a journal, with the payloads that only they referred to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...exceptions import SimpleflowError
from ...inspection.tables import counted
from ...local.journal import Journal
from ...local.pruning import Pruned, Pruning
from ...processes.payload_pruning import remove_unreferenced

if TYPE_CHECKING:
    from ...processes.payload_directory import PayloadDirectory

_MEGABYTE = 1_000_000


def shown_executions(found: Pruned) -> str:
    """Return how many executions were removed, and how much history: ``2 executions (0.5 MB of history)``."""
    return f"{counted(found.executions, 'execution')} ({found.history_bytes / _MEGABYTE:.1f} MB of history)"


@dataclass
class Removal:
    """Counts of what was removed; ``left`` has a sentence for each thing that should have been removed and was not."""

    done: Pruned
    payloads: int = 0
    left: list[str] = field(default_factory=list)

    def shown(self) -> str:
        text = f"the histories of {shown_executions(self.done)}"
        return f"{text} and {counted(self.payloads, 'payload')}" if self.payloads else text


def remove_old(
    service: Pruning, before: float, spared: Collection[str], payloads: PayloadDirectory, journal: Journal
) -> Removal:
    """Remove what closed before ``before`` (epoch seconds) and has no ``spared`` run id, then the unreferenced payloads.

    Raises:
        ServiceError: the histories could not be removed.
    """
    removal = Removal(service.prune(before, spared=spared))
    if removal.done.space_kept is not None:
        removal.left.append(f"the journal's file does not get smaller for now: {removal.done.space_kept}")
    try:
        removal.payloads = remove_unreferenced(payloads, journal)
    except (SimpleflowError, OSError) as error:
        removal.left.append(f"payloads of removed histories are kept for now: {error}")
    return removal
