"""Settings from outside: files in ``/run/secrets``, as Docker and Kubernetes mount them, before the environment."""

from __future__ import annotations

import os
from pathlib import Path

#: Where secrets are mounted. AutoFlow takes its settings from there as well, secret or not.
SECRETS_DIR = Path("/run/secrets")


def setting(name: str) -> str:
    """The setting of that name without white space around it; empty when there is none.

    Raises:
        OSError: its file is there, but cannot be read.
    """
    found = mounted(name)
    return os.environ.get(name, "").strip() if found is None else found


def mounted(name: str) -> str | None:
    """The text of the mounted file of that name, without white space around it; None when there is no such file.

    Raises:
        OSError: it is there, but cannot be read.
    """
    try:
        return (SECRETS_DIR / name).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
