"""Output and warnings of functions in the place of notebooks, noted for each call as a kernel notes them.

Functions run in threads, so each note belongs to the thread of its call. What threads of a function's own print is not noted.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal

from workers.kernels.inside.noted_warnings import OwnCode, text_of_warning
from workers.lights import warning_lines

from ..masking import masked

CountedWarnings = Literal["own", "all", "none"]

#: Python ignores them unless it is told otherwise.
_NOT_SHOWN = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


class NotedCall:
    """The output and the warnings of one call.

    Args:
        own_folders: Python files below them are the analyst's own.
        counted: which of Python's warnings count, as for notebooks.
    """

    def __init__(self, own_folders: Iterable[Path], counted: CountedWarnings) -> None:
        self.own, self.counted = OwnCode(own_folders), counted
        self._printed: list[str] = []
        self._warned: dict[tuple[str, str, int], str] = {}  # like Python's default: once for each place and text

    def note(self, message: Any, frame: Any) -> None:
        if self.counted == "all" or (self.counted == "own" and self.own.has_warned(message, frame)):
            text = text_of_warning(message)
            self._warned[text, message.filename, message.lineno] = text

    def print(self, text: str) -> None:
        self._printed.append(text)

    def output(self) -> str:
        """Return all that was printed, without known secrets."""
        return masked("".join(self._printed))

    def warnings(self) -> list[str]:
        """Return what turns a notebook orange: the warnings that count, then the printed lines that warn."""
        return [masked(text) for text in self._warned.values()] + warning_lines(self.output().split("\n"))


_call: ContextVar[NotedCall | None] = ContextVar("noted_call", default=None)


@contextmanager
def noted(call: NotedCall) -> Iterator[None]:
    """Note what this thread prints and warns of in a ``with`` block inside that of :func:`noting`."""
    before = _call.set(call)
    try:
        yield
    finally:
        _call.reset(before)


@contextmanager
def noting() -> Iterator[None]:
    """Pass on to :func:`noted` calls what is printed and warned of; all of it appears where it would have.

    Warnings are filtered as in a kernel, but shown each time, as every call stands for a process of its own: neither does an
    ``error`` filter of pytest turn them into exceptions, nor is the second of two calls silent.
    """
    with _copied("stdout"), _copied("stderr"), warnings.catch_warnings():
        warnings.resetwarnings()
        for category in _NOT_SHOWN:
            warnings.simplefilter("ignore", category)
        warnings.simplefilter("always", append=True)
        with _warnings_noted():
            yield


@contextmanager
def _warnings_noted() -> Iterator[None]:
    module: Any = warnings
    show, show_here, how = module._showwarnmsg, module._showwarnmsg_impl, warnings.showwarning

    def is_shown() -> bool:  # else it is recorded, by `catch_warnings(record=True)`
        if warnings.showwarning is how:
            return module._showwarnmsg_impl is show_here
        return warnings.showwarning is getattr(logging, "_showwarning", None)

    def noted_and_shown(message: Any) -> None:
        call = _call.get()
        if call is not None and is_shown():
            call.note(message, sys._getframe(1))
        show(message)

    module._showwarnmsg = noted_and_shown
    try:
        yield
    finally:
        module._showwarnmsg = show


@contextmanager
def _copied(name: Literal["stdout", "stderr"]) -> Iterator[None]:
    before = getattr(sys, name)
    if before is None:  # a program without a console
        yield
        return
    copying = _Copying(before)
    setattr(sys, name, copying)
    try:
        yield
    finally:
        if getattr(sys, name) is copying:  # else somebody has put another one in its place
            setattr(sys, name, before)


class _Copying:
    """A stream whose text goes to the call of the thread too."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        call = _call.get()
        if call is not None:
            call.print(text)
        written: int = self._stream.write(text)
        return written

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
