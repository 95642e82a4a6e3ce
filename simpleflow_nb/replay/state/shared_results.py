"""Long results that are arguments of several tasks: kept once, and referred to in the input of each."""

from __future__ import annotations

from typing import Any

from ... import payload
from ...futures import Future
from .strands import Strands

SHARED_CHARACTERS = 8_192  #: a result longer than this is not repeated in inputs


class SharedResults(Strands):
    """The long results among the arguments of a run's tasks."""

    __slots__ = ("_references", "new_shared")

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._references: dict[Future[Any], dict[str, str] | None] = {}  # None: not long
        self.new_shared: dict[str, str] = {}  #: texts to be kept before the next response, by digest

    def shared(self, future: Future[Any]) -> Any:
        """Return the result of an ended future as it stands in the input of a task: a reference, if it is long.

        Runs begun with version 1 of the engine have each result as it is.
        """
        if self.engine_version == 1 or (future.decode and _is_certainly_short(future.value)):
            return self.decoded(future)
        if future not in self._references:
            self._references[future] = self._reference_to(future)
        known = self._references[future]
        return self.decoded(future) if known is None else known

    def _reference_to(self, future: Future[Any]) -> dict[str, str] | None:
        is_as_recorded = getattr(future.task, "result_as", None) is None
        if is_as_recorded and future.decode and isinstance(future.value, str) and _is_kept(future.value):
            return payload.shared(future.value)  # kept by the worker, and not needed here
        return self._reference_of(self.decoded(future))

    def kept(self, value: Any) -> Any:
        """Return a value as it stands in the inputs of several tasks: a reference, if it is long."""
        known = self._reference_of(value)
        return value if known is None else known

    def _reference_of(self, value: Any) -> dict[str, str] | None:
        if not isinstance(value, list | dict | str):
            return None
        text = payload.encode(value)
        if len(text) <= SHARED_CHARACTERS:
            return None
        self.new_shared[payload.digest(text)] = text
        return payload.shared(payload.reference(text))


def _is_kept(text: str) -> bool:
    return payload.referenced_digest(text) is not None


def _is_certainly_short(text: str | None) -> bool:
    """Tell without decoding a recorded result whether it is short however it is encoded again; True for most."""
    return text is not None and len(text) < SHARED_CHARACTERS // 8 and payload.referenced_digest(text) is None
