"""Which execution and which task the lines of a log are about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[dict[str, str] | None] = ContextVar("log_context", default=None)


@contextmanager
def logged_as(**ids: str) -> Iterator[None]:
    """Within the block, what this thread logs is about ``workflow_id``, ``run_id``, ``activity_id``."""
    token = _current.set(ids)
    try:
        yield
    finally:
        _current.reset(token)


def logged_ids() -> dict[str, str]:
    """The ids of the block that this thread is in; empty outside."""
    return _current.get() or {}
