"""What the clients share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.served import served


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[str]:
    """The address of a ``service.start`` of its own, with a fresh journal."""
    with served(tmp_path / "journal.sqlite3") as service:
        yield f"http://127.0.0.1:{service.port}"


@pytest.fixture
def throttling(tmp_path: Path) -> Iterator[str]:
    """The same of one that keeps to SWF's quotas."""
    with served(tmp_path / "journal.sqlite3", "--quotas") as service:
        yield f"http://127.0.0.1:{service.port}"
