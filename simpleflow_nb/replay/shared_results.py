"""Long results that are arguments of several tasks: kept once, and referred to in the input of each."""

from __future__ import annotations

from typing import Any

from .. import payload
from ..futures import Future
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
        if self.engine_version == 1:
            return self.decoded(future)
        if future in self._references and (known := self._references[future]) is not None:
            return known
        if future.decode and isinstance(future.value, str) and payload.referenced_digest(future.value) is not None:
            found = self._references[future] = payload.shared(future.value)  # kept by the worker, and not needed here
            return found
        value = self.decoded(future)
        if future in self._references or not isinstance(value, list | dict | str):
            return value
        text = payload.encode(value)
        if len(text) <= SHARED_CHARACTERS:
            self._references[future] = None
            return value
        reference = payload.reference(text)
        self.new_shared[payload.digest(text)] = text
        found = self._references[future] = payload.shared(reference)
        return found
