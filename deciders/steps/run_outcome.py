"""The outcome of a run, from the states of its labels: its state and light, and the failure that it reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..values.item import Item
from ..values.item_state import BAD, ItemState
from ..values.light import Light
from ..values.run_state import RunState
from ..wording import listed
from .labels.progress import LabelProgress
from .outcomes import Cause, CauseKind
from .step import OnFailure


@dataclass(frozen=True, slots=True)
class RunFailure:
    """The failure that a run reports: of the failed labels the first in the file, of its items the lowest index."""

    item: Item  #: without an index if the label has one item, or failed as a whole
    state: ItemState
    text: str  #: a clause that names the item
    more: int  #: items of the label that have failed too

    def __str__(self) -> str:
        if not self.more:
            return self.text
        return f"{self.text}, and so did {self.more:,} more item{'s' if self.more > 1 else ''} of {self.item.label!r}"


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A run as its labels make it; while one is not final, the run is running."""

    state: RunState
    light: Light  #: of a run that is running: as it would be if nothing else happened
    failed: tuple[str, ...]  #: labels because of which the run fails, in file order
    went_on_without: tuple[str, ...]  #: labels that failed under ``on_failure: continue``, in file order
    failure: RunFailure | None

    @property
    def reason(self) -> str | None:
        """A sentence that names every failed label, then those that the run went on without; None if there are none."""
        parts = []
        if self.failure is not None:
            parts.append(str(self.failure))
            if others := [label for label in self.failed if label != self.failure.item.label]:
                parts.append(f"{listed(others)} failed")
        if self.went_on_without:
            parts.append(f"the run went on without {listed(self.went_on_without)}")
        return "; ".join(parts) or None


def run_outcome(labels: Sequence[LabelProgress], *, is_cancelled: bool) -> RunOutcome:
    """Work out the outcome of a run from its labels in file order.

    ``is_cancelled``: the cancellation of the run has ended something. What it ended is no failure of its own.
    """
    failures = {progress.label: found for progress in labels if (found := _failure_of(progress)) is not None}
    pardoned = {one.label for one in labels if one.shape.step.on_failure is OnFailure.CONTINUE}
    failed = tuple(label for label in failures if label not in pardoned)
    without = tuple(label for label in failures if label in pardoned)
    state = _state(labels, is_cancelled=is_cancelled, is_failed=bool(failed))
    is_well = state in (RunState.SUCCEEDED, RunState.SKIPPED) or (state is RunState.RUNNING and not failed)
    warned = bool(without) or any(progress.orange for progress in labels)
    return RunOutcome(
        state,
        Light.of_work(failed=not is_well, warned=warned),
        failed,
        without,
        failures[failed[0]] if failed else None,
    )


def _state(labels: Sequence[LabelProgress], *, is_cancelled: bool, is_failed: bool) -> RunState:
    if not all(progress.is_final for progress in labels):
        return RunState.RUNNING
    if is_cancelled:
        return RunState.CANCELLED
    if is_failed:
        return RunState.FAILED
    started = sum(progress.started for progress in labels)
    if started and started == sum(progress.own_skips for progress in labels):
        return RunState.SKIPPED
    return RunState.SUCCEEDED


def _failure_of(progress: LabelProgress) -> RunFailure | None:
    """The failure of a label by itself: neither what failed elsewhere, nor what a policy or a cancellation ended."""
    if progress.whole is not None:
        why = progress.why
        if progress.whole not in BAD or not _is_own(why):
            return None
        return RunFailure(progress.named(None), progress.whole, str(why), 0)
    if not any(progress.counts[state] for state in BAD):
        return None
    places = [place for place, cause in progress.causes.items() if progress.states[place] in BAD and _is_own(cause)]
    if not places:
        return None
    place = min(places)
    return RunFailure(progress.named(place), progress.states[place], str(progress.causes[place]), len(places) - 1)


def _is_own(cause: Cause | None) -> bool:
    return cause is not None and cause.kind is CauseKind.FAILURE
