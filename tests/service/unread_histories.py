"""A service that cannot return histories for a while."""

from __future__ import annotations

from typing import Any


class Unread:
    """A service that does not answer when a history is asked for, while ``refuses`` is set."""

    refuses = False

    def __init__(self, service: Any) -> None:
        self.service = service

    def __getattr__(self, name: str) -> Any:
        if name == "get_workflow_execution_history" and self.refuses:
            raise ConnectionError("no answer")
        return getattr(self.service, name)
