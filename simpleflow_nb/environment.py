"""Settings from files in ``/run/secrets``, as Docker and Kubernetes mount them, or else from the environment."""

from __future__ import annotations

import os
from pathlib import Path

#: Mount point of secrets. AutoFlow takes its settings from there as well, secret or not.
SECRETS_DIR = Path("/run/secrets")


def setting(name: str) -> str:
    """Return a setting without surrounding white space, empty if it is not set.

    Raises:
        OSError: its file exists, but cannot be read.
    """
    found = mounted(name)
    return os.environ.get(name, "").strip() if found is None else found


def mounted(name: str) -> str | None:
    """Return the text of a mounted file without surrounding white space, None if there is no such file.

    Raises:
        OSError: it exists, but cannot be read.
    """
    try:
        return (SECRETS_DIR / name).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
