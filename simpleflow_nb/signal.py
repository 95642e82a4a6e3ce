"""Waits for signals, to be submitted."""

from __future__ import annotations

from typing import Any

from .base import Giving, Submittable

__all__ = ["Submittable", "WaitForSignal"]


class WaitForSignal(Giving[Any]):
    """A wait for the latest signal with a name, read or not; the first one if none has come."""

    def __init__(self, signal_name: str) -> None:
        self.signal_name = signal_name

    def execute(self) -> None:
        """Do nothing: the decider waits. As in simpleflow."""

    def __repr__(self) -> str:
        return f"WaitForSignal({self.signal_name!r})"
