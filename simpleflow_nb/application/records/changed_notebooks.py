"""Words for runs that were made with notebooks that have changed since."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deciders.runs.reruns import NotebookChanges

_MOST_FILES = 3


def older_names(change: NotebookChanges | None) -> str:
    """Return ``with an older a.ipynb``, for one run; empty when nothing is known to have changed."""
    return made_with(change.changed, change.added) if change is not None and (change.changed or change.added) else ""


def older_files(change: NotebookChanges | None) -> list[str] | None:
    """Return, for JSON, the files that are others now; None where it is not known."""
    return [*change.changed, *change.added] if change is not None else None


def made_with(changed: Iterable[str], added: Iterable[str]) -> str:
    """Return ``with an older a.ipynb or without b.ipynb``."""
    parts = [f"{word} {_listed(list(names))}" for word, names in (("with an older", changed), ("without", added)) if names]
    return " or ".join(parts)


def _listed(names: list[str]) -> str:
    more = f" or {len(names) - _MOST_FILES} more" if len(names) > _MOST_FILES else ""
    return " or ".join(names[:_MOST_FILES]) + more
