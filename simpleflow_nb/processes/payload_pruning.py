"""Removing payloads that only removed executions referred to."""

from __future__ import annotations

import time
from collections.abc import Iterable

from .. import payload
from ..exceptions import PayloadError
from ..local.journal import Journal
from ..local.journal_pruning import JournalPruning, journals_in, referenced_payloads
from .payload_directory import PayloadDirectory

GRACE_SECONDS = 86_400.0  #: a payload is stored before its reference is in the history


def remove_unreferenced(payloads: PayloadDirectory, journal: Journal, *, dry_run: bool = False) -> int:
    """Remove the payloads that a journal lists as unreferenced; return their number.

    A payload stays if a history or a request in any journal of the folder refers to it, directly or through another payload,
    if it was stored again since, or if it is younger than a day. Unless it is in use it is checked again the next time. In a
    folder shared by processes of a domain nothing is removed, as their histories are not known here.

    Raises:
        JournalError: the journal, or one beside it, cannot be read or written.
        OSError: a payload cannot be removed.
    """
    with JournalPruning(journal, to_look=dry_run) as file:
        return _removed(payloads, file, dry_run=dry_run)


def _removed(payloads: PayloadDirectory, file: JournalPruning, *, dry_run: bool) -> int:
    waiting = file.unreferenced()
    if not waiting or payloads.is_shared():
        return 0
    used = _closure(payloads, set().union(*map(referenced_payloads, journals_in(file.path.parent))))
    removed, now = 0, time.time()
    while waiting:
        digest, since = waiting.popitem()
        stored = payloads.stored_at(digest)
        if digest in used or stored is None or stored > since:
            if not dry_run:
                file.settle_unreferenced([digest])
            continue
        if now - stored < GRACE_SECONDS:
            continue
        within = _within(payloads, [digest])
        waiting |= {other: max(since, waiting.get(other, since)) for other in within}
        removed += 1
        if dry_run:
            continue
        file.note_unreferenced(within, since)
        payloads.remove(digest, stored)
        file.settle_unreferenced([digest])
    return removed


def _closure(payloads: PayloadDirectory, digests: set[str]) -> set[str]:
    """Return these payloads and all that they refer to, directly or indirectly."""
    found, waiting = set(digests), set(digests)
    while waiting:
        waiting = _within(payloads, waiting) - found
        found |= waiting
    return found


def _within(payloads: PayloadDirectory, digests: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for digest in digests:
        try:
            found |= payload.digests_in(payloads.load(digest))
        except PayloadError:
            continue  # it is missing, so it refers to nothing; the run that needs it will report that
    return found
