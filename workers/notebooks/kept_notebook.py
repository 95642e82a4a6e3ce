"""An executed notebook that is kept, and what its activity would answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deciders.tasks.results import NotebookResult

from .scraps import read_scraps


def kept_result(record: Mapping[str, Any], path: Path, scraps: Sequence[str]) -> NotebookResult | None:
    """Return the result of a notebook that a former attempt has executed; None if it is not there, or lacks a scrap.

    ``record`` is its ``run.json``. The result is without the key in it, by which only its own instance recognises the item.
    """
    if not path.is_file():
        return None
    try:
        told = read_scraps(path) if scraps else {}
        own = {"path": str(path), "scraps": {name: told[name] for name in scraps}, "key": None, "taken_from": None}
        return NotebookResult.of_json({**record, **own})
    except (OSError, KeyError, TypeError, ValueError):
        return None
