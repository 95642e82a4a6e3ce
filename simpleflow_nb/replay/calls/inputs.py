"""Comparison of recorded inputs with those of the code now.

Ids alone do not show that two calls of one activity were swapped, and each would get the other's result. A changed input is
allowed; the input of another call of the same activity is a difference.
"""

from __future__ import annotations

from typing import Any

from ... import payload
from ...futures import Future
from .arguments import filled
from .commands import input_of


class InputComparison:
    """The calls, for each activity, whose input is not the recorded one."""

    __slots__ = ("changed",)

    def __init__(self) -> None:
        self.changed: dict[str, tuple[dict[str, Future[Any]], dict[str, Future[Any]]]] = {}

    def other_call(self, future: Future[Any], recorded: str | None) -> Future[Any] | None:
        """Return the call that was swapped with this one; None if the input is the same or merely changed."""
        if recorded is None:
            return None
        if payload.referenced_digest(recorded) is None and not payload.has_shared(recorded):
            try:
                had, _ = payload.scan_once(recorded, 0)
                if had["args"] == filled(future.args) and had["kwargs"] == filled(future.kwargs):
                    return None
            except (StopIteration, ValueError, TypeError, KeyError):
                pass  # not written by this engine; compared as text below
        text = input_of(future)
        if payload.referenced_digest(recorded) is not None:
            text = payload.reference(text)
        if text == recorded:
            return None
        by_recorded, by_own = self.changed.setdefault(future.name, ({}, {}))
        other = by_recorded.get(text) or by_own.get(recorded)
        by_recorded[recorded], by_own[text] = future, future
        return None if other is future else other  # another attempt at the same call, with arguments that a hook has changed
