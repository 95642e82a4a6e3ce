"""The standing of what a step needs, once it is final: it decides whether the step runs, and with what."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from ...values.item_state import BAD, GOOD, ItemState
from ..graph import Need
from ..outcomes import Cause, CauseKind
from ..step import OnFailure, Step, WhenSkipped
from .progress import LabelProgress


class Standing(Enum):
    """One need of a step, from the worst to the best."""

    BLOCKS = "the step is not run"
    SKIPS = "the step is skipped"
    NULL = "the step gets null"
    GOOD = "the step gets the value, or goes on"


def standing(step: Step, need: Need, producer: LabelProgress, place: int | None) -> Standing:
    """Return how a need of a step stands; ``place`` is that of the step's item, None for the step as a whole.

    The label, or the item of it that is meant, must be final.
    """
    at = _place_in(need, producer, place)
    if at is None:
        state, is_failure = producer.state, _has_failure_behind(producer)
    else:
        cause = producer.causes.get(at)
        state, is_failure = producer.states[at], cause is not None and cause.is_failure
    if state in GOOD:
        return Standing.GOOD
    if need.is_lenient:
        return Standing.NULL
    if state in BAD:
        if producer.shape.step.on_failure is not OnFailure.CONTINUE:
            return Standing.BLOCKS
        # It pardons its own failures, and not that items of it were not run because something else had failed.
        return Standing.BLOCKS if at is None and producer.not_run else Standing.NULL
    if is_failure:
        return Standing.BLOCKS
    if not need.takes_value:
        return Standing.GOOD
    return Standing.NULL if step.when_skipped is WhenSkipped.NULL else Standing.SKIPS


def state_for(need: Need, producer: LabelProgress, place: int | None) -> ItemState:
    """Return the state that a need of an item, or of a step as a whole, meets."""
    at = _place_in(need, producer, place)
    return producer.state if at is None else producer.states[at]


def refusal(found: Sequence[tuple[Standing, Need, LabelProgress]], place: int | None) -> Cause | None:
    """Return why a step does not run with what was found of its needs; None if it does.

    A failure goes before a skip, and of several the need that the step names first, whatever ended first.
    """
    for kind, cause_of in ((Standing.BLOCKS, _failure), (Standing.SKIPS, _skip)):
        for standing_, need, producer in found:
            if standing_ is kind:
                return cause_of(need, producer, place)
    return None


def _place_in(need: Need, producer: LabelProgress, place: int | None) -> int | None:
    """The place of the producer's item that is meant; None for the label as a whole."""
    if not need.share or place is None or producer.whole is not None:
        return None
    return place // need.share


def _has_failure_behind(producer: LabelProgress) -> bool:
    if producer.whole is not None:
        return producer.why is not None and producer.why.is_failure
    return bool(producer.not_run)


def _failure(need: Need, producer: LabelProgress, place: int | None) -> Cause:
    at = _place_in(need, producer, place)
    cause = producer.why if producer.whole is not None else producer.blame if at is None else producer.root(at)
    if cause is None:  # what blocks has a failure behind it
        raise AssertionError(f"{producer.label} blocks, and no failure is known")
    return cause


def _skip(need: Need, producer: LabelProgress, place: int | None) -> Cause:
    at = _place_in(need, producer, place)
    return Cause(CauseKind.NEED_SKIPPED, None, f"{producer.named(at)}, which it needs, was skipped")
