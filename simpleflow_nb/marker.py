"""Markers: notes in the history of a run."""

from __future__ import annotations

from typing import Any


class Marker:
    """A marker that was recorded."""

    def __init__(self, name: str, details: Any) -> None:
        self.name, self.details = name, details

    def __repr__(self) -> str:
        return f"<Marker {self.name} {self.details!r}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Marker) and (self.name, self.details) == (other.name, other.details)

    __hash__ = None  # type: ignore[assignment]
