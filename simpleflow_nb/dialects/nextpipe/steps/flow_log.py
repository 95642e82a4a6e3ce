"""Lines that steps write while they run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_OUTSIDE = "main"

_node: ContextVar[str] = ContextVar("node of a flow", default=_OUTSIDE)


def log(message: object, step_name: str | None = None) -> None:
    """Write a line to stderr, behind the node that runs here: ``[solve_0] text``; outside of a step it is ``[main] text``."""
    sys.stderr.write(f"[{step_name or _node.get()}] {message}\n")  # in one piece, as others write at the same time
    sys.stderr.flush()


@contextmanager
def logged_as(node: str) -> Iterator[None]:
    """Let the lines of a block stand behind a node."""
    token = _node.set(node)
    try:
        yield
    finally:
        _node.reset(token)
