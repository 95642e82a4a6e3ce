"""Middlewares: functions that a worker calls before and after each body.

A ``pre`` middleware is called with the context of the task, a dict with the keys of simpleflow's; a ``post`` middleware with
the context and ``result=``, when the body has returned. One that raises fails the attempt as the body would: after a ``pre``
the body is not run, and after a ``post`` its result is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..middleware_function import middleware_function


@dataclass(frozen=True)
class Middlewares:
    """The dotted paths of functions, in the order in which they are called, before and after a body."""

    pre: tuple[str, ...] = ()
    post: tuple[str, ...] = ()

    def check(self) -> None:
        """Import all of them, so that a mistake is told before there is a task.

        Raises:
            DefinitionError: one cannot be imported, or cannot be called.
        """
        for path in (*self.pre, *self.post):
            middleware_function(path)

    def before(self, context: dict[str, Any]) -> None:
        """Call those that come before the body."""
        for path in self.pre:
            middleware_function(path)(context)

    def after(self, context: dict[str, Any], result: Any) -> None:
        """Call those that come after the body."""
        for path in self.post:
            middleware_function(path)(context, result=result)

    def paths(self) -> dict[str, list[str]]:
        """Return them for another process; :func:`middlewares_of` reads it."""
        return {"pre": list(self.pre), "post": list(self.post)}


NONE = Middlewares()


def middlewares_of(paths: dict[str, Iterable[str]]) -> Middlewares:
    """Return the middlewares that :meth:`Middlewares.paths` has described."""
    return Middlewares(tuple(paths["pre"]), tuple(paths["post"]))
