"""Rules for retention: how long histories of closed runs and how many earlier attempts at notebooks are kept."""

from __future__ import annotations

from typing import Any

from ..dates.durations import read_seconds
from ..problems import Problems, shown
from .yaml_lines import BROKEN, YamlNode

FOREVER, ALL = "forever", "all"
KEPT_HISTORY_SECONDS = 90 * 86_400
KEPT_ATTEMPTS = 5
SHORTEST_HISTORY_SECONDS = 60
_LONGEST_HISTORY_DAYS = 36_500
_MOST_ATTEMPTS = 1_000


def kept_seconds(value: Any) -> int | None:
    """Parse how long histories are kept: a length of time with its unit, or ``forever``, which gives None.

    Raises:
        ValueError: it is neither; the text is the end of a sentence that begins with the name of the setting.
    """
    if value == FOREVER:
        return None
    # A bare number is seconds elsewhere; here 90 would be meant as days, and everything would be lost.
    seconds = read_seconds(value) if isinstance(value, str) else None
    if seconds is None:
        unit = f"; write {value}d for days" if isinstance(value, int) and not isinstance(value, bool) else ""
        what = "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else shown(value)
        raise ValueError(f"must be a length of time such as 90d, or {FOREVER}, not {what}{unit}")
    if not SHORTEST_HISTORY_SECONDS <= seconds <= _LONGEST_HISTORY_DAYS * 86_400:
        raise ValueError(f"must be between 1 min and {_LONGEST_HISTORY_DAYS} d, or {FOREVER}, not {shown(value)}")
    return int(seconds)


def checked_kept_history(root: YamlNode, problems: Problems) -> dict[str, Any]:
    """Check ``keep_history`` of the file, for `deciders.specification.Specification`."""
    node = root.get("keep_history")
    if node is None or node.value is BROKEN:
        return {}
    try:
        return {"keep_history_seconds": kept_seconds(node.plain())}
    except ValueError as error:
        problems.add(node.line, f"keep_history {error}")
        return {}


def checked_kept_attempts(root: YamlNode, problems: Problems) -> dict[str, Any]:
    """Check ``keep_attempts`` of the file, for each `deciders.specification.WorkflowSpecification`."""
    node = root.get("keep_attempts")
    if node is None or node.value is BROKEN:
        return {}
    value = node.plain()
    if value == ALL:
        return {"keep_attempts": None}
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST_ATTEMPTS:
        what = "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else shown(value)
        problems.add(node.line, f"keep_attempts must be a whole number from 1 to {_MOST_ATTEMPTS}, or {ALL}, not {what}")
        return {}
    return {"keep_attempts": value}
