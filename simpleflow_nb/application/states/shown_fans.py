"""Labels with lists of items, as one line each: how many of their items have ended, and how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .shown_labels import ShownLabel
from .shown_states import ShownState

_ENDED = (ShownState.DONE, ShownState.CACHED, ShownState.SKIPPED, ShownState.FAILED, ShownState.CANCELLED)
_TOLD = (ShownState.FAILED, ShownState.SKIPPED, ShownState.CANCELLED, ShownState.RUNNING)


@dataclass
class ShownFan(ShownLabel):
    """All items of a label together. ``note`` is ``12/31  1 failed  4 running``."""

    ended_items: int = 0

    @property
    def tenths(self) -> int:
        """The tenths of the items that have ended, from 0 to 10."""
        return self.ended_items * 10 // self.items if self.items else 0


def folded(labels: Sequence[ShownLabel]) -> list[ShownLabel]:
    """Return the labels with one entry for all items of a fan, where its first item stands; reports of items stay out."""
    fans: dict[str, list[ShownLabel]] = {}
    found: list[ShownLabel | str] = []
    for label in labels:
        if label.fan is None:
            found.append(label)
        elif not label.is_report:
            if label.fan not in fans:
                found.append(label.fan)
            fans.setdefault(label.fan, []).append(label)
    return [_fan(one, fans[one]) if isinstance(one, str) else one for one in found]


def _fan(name: str, items: Sequence[ShownLabel]) -> ShownFan:
    counts = Counter(item.state for item in items)
    total = max(len(items), min((item.items for item in items if item.items is not None), default=0))
    number = sum(counts[state] for state in _ENDED)
    told = [f"{number:,}/{total:,}", *(f"{counts[state]:,} {state.lower()}" for state in _TOLD if counts[state])]
    begun = [item.began for item in items if item.began is not None]
    ends = [item.ended for item in items if item.ended is not None]
    return ShownFan(
        name,
        _state(counts, is_over=number == total),
        note="  ".join(told),
        began=min(begun, default=None),
        ended=max(ends, default=None) if number == total else None,
        fan=name,
        items=total,
        ended_items=number,
    )


def _state(counts: Counter[ShownState], *, is_over: bool) -> ShownState:
    if not is_over:
        return ShownState.RUNNING if counts.total() > counts[ShownState.WAITING] else ShownState.WAITING
    for state in (ShownState.FAILED, ShownState.CANCELLED):
        if counts[state]:
            return state
    only = [state for state, count in counts.items() if count]
    return only[0] if len(only) == 1 else ShownState.DONE
