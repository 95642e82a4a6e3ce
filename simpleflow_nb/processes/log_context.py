"""Ids of the execution and the task that log lines belong to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[dict[str, str] | None] = ContextVar("log_context", default=None)


@contextmanager
def logged_as(**ids: str) -> Iterator[None]:
    """Add ``workflow_id``, ``run_id``, ``activity_id`` to what this thread logs within the block."""
    token = _current.set(ids)
    try:
        yield
    finally:
        _current.reset(token)


def logged_ids() -> dict[str, str]:
    """Return the ids of the block that this thread is in; empty outside."""
    return _current.get() or {}
