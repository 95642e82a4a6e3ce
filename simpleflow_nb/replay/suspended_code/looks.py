"""Looks at an execution by functions of the user that may change nothing: queries, and the hooks around a decision."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn, TypeVar

from ...exceptions import DefinitionError
from ...futures import DONE, RUNNING_IN, Future
from .suspension import Suspension

T = TypeVar("T")

_PACKAGE = __file__.rpartition("replay")[0]


class Looks(Suspension):
    """An execution that can be looked at while its code is suspended."""

    __slots__ = ("asked", "refusal")

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.asked: str | None = None  # who looks, meanwhile
        self.refusal: DefinitionError | None = None  #: of what was asked last

    def ask(self, who: str, look: Callable[[], T]) -> T:
        """Call a function of the user's that looks at the execution, and return what it returns.

        Ended futures can be read. ``who`` begins the sentence that refuses everything else.

        Raises:
            DefinitionError: the function has called what would wait, or change the run; raised even if it has caught that.
            PayloadError: it has read a result that cannot be read here; raised even if it has caught that.
        """
        self.asked, self.refusal = who, None
        was_dead, self.dead = self.dead, True  # every call of the engine that is more than a look begins with block() then
        strand, self.current = self.current, None  # what cannot be read is raised here, and leaves no strand in the middle
        running = RUNNING_IN.set(self)
        try:
            value = look()
        finally:
            RUNNING_IN.reset(running)
            self.asked, self.dead, self.current = None, was_dead, strand
            if self.refusal is not None:
                raise self.refusal from None
            if self.defect is not None:  # of the look: whoever asked decides whether it concerns the run
                defect, self.defect = self.defect, None
                raise defect from None
        return value

    def _called_when_dead(self, futures: tuple[Any, ...], quantifier: Callable[[Iterator[bool]], bool]) -> None:
        if self.asked is None:
            super()._called_when_dead(futures, quantifier)
        elif not futures:
            self.refuse_to_change()
        elif not quantifier(future.stage >= DONE for future in futures):
            self._refuse(next(future for future in futures if future.stage < DONE))

    def refuse_to_change(self) -> NoReturn:
        """Refuse what the function has called of the engine.

        Raises:
            DefinitionError: always, with the name and the line of the call.
        """
        self._refuse(None)

    def _refuse(self, unfinished: Any) -> NoReturn:
        name, frame = _call(sys._getframe(2))
        what = f"{name} at {frame.f_code.co_filename.rpartition('/')[2]}:{frame.f_lineno}"
        if unfinished is not None:
            of = f"{unfinished.id or unfinished.name} has not" if isinstance(unfinished, Future) else "none of them has"
            sentence = f"{self.asked} cannot use {what}: {of} ended (see future.done)"
        else:
            sentence = f"{self.asked} cannot use {what}: it only looks, and may not wait, submit, record or change the run"
        self.refusal = DefinitionError(sentence)
        raise self.refusal


def _call(frame: FrameType) -> tuple[str, FrameType]:
    """Return the name of the engine's function that the code has called, and the frame that has called it."""
    name = frame.f_code.co_name
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        if not frame.f_code.co_name.startswith("<"):  # a comprehension
            name = frame.f_code.co_name
        frame = frame.f_back
    return name, frame
