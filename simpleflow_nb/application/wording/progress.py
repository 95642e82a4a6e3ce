"""Progress of runs: the changes in one, and the counts of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ...inspection.tables import counted
from ..states.run_states import ShownRun, shown_seconds
from ..states.shown_fans import ShownFan, folded
from ..states.shown_labels import ShownLabel
from ..states.shown_states import ShownEnd, ShownState

_TOLD_MORE_OF = (ShownState.DONE, ShownState.FAILED, ShownState.SKIPPED)  #: how long these took, and why they are so
_TOLD_OF_ITEMS = (ShownState.FAILED, ShownState.SKIPPED)
_MOST_LABELS = 12  #: of one run; of more, those that are done or waiting are counted


def counts_of(runs: Sequence[ShownRun], earlier: Counter[ShownEnd], *, waiting: int) -> str:
    """Return what all runs come to, ``earlier`` being those that are no longer among ``runs``."""
    failed = sum(run.status not in (None, "COMPLETED") for run in runs)
    failed += earlier[ShownEnd.FAILED] + earlier[ShownEnd.CANCELLED]
    done = sum(run.status == "COMPLETED" for run in runs) + earlier[ShownEnd.SUCCEEDED] + earlier[ShownEnd.SKIPPED]
    number = len(runs) + earlier.total()
    text = f"{done} of {counted(number, 'run')} done" if runs else "no runs so far"
    text += f", {failed} failed" if failed else ""
    return text + (f", {waiting} waiting" if waiting > 0 else "")


#: By label and attempt what was told last: its state, and of a fan how many tenths of its items had ended.
Told = dict[tuple[str, int], tuple[ShownState, int]]


def change_lines(run: ShownRun, told: Told) -> Iterator[str]:
    """Yield a line for each label that has another state than in ``told``, which is brought up to date.

    Of a label with a list of items those that failed or were skipped get a line, and the label itself one for each tenth.
    """
    for label in folded(run.labels):
        tenths = label.tenths if isinstance(label, ShownFan) else 0
        if isinstance(label, ShownFan):
            bad = [one for one in run.labels if one.fan == label.name and one.state in _TOLD_OF_ITEMS]
            yield from (line for one in bad for line in _change(run, one, told, 0))
        yield from _change(run, label, told, tenths)


def _change(run: ShownRun, label: ShownLabel, told: Told, tenths: int) -> Iterator[str]:
    key = (label.name, label.attempt)
    if not label.is_shown or label.state == ShownState.WAITING or told.get(key) == (label.state, tenths):
        return
    told[key] = (label.state, tenths)
    seconds = f" in {shown_seconds(label.seconds)}" if label.state in _TOLD_MORE_OF and label.began else ""
    is_told = label.state in _TOLD_MORE_OF or label.state == ShownState.CACHED or isinstance(label, ShownFan)
    note = f": {label.note}" if is_told and label.note else ""
    yield f"{run.title}  {named(label)} {label.state}{seconds}{note}"


def chosen_labels(run: ShownRun) -> tuple[list[ShownLabel], str]:
    """Return the labels that get a line, and what the others come to."""
    labels = [label for label in folded(run.labels) if label.is_shown]
    if len(labels) <= _MOST_LABELS:
        return labels, ""
    counted = (ShownState.DONE, ShownState.WAITING)
    others = [label for label in labels if label.state not in counted][-_MOST_LABELS:]
    counts = {state: sum(label.state == state for label in labels) for state in counted}
    return others, ", ".join(f"{count} {state}" for state, count in counts.items() if count)


def named(label: ShownLabel) -> str:
    """Return the name of a label, with the attempt if it is not the first."""
    return label.name if label.attempt == 1 else f"{label.name} (attempt {label.attempt})"
