"""Secrets as the application reads them, and masking with them.

A secret is a file ``/run/secrets/<NAME>`` (as Docker and Kubernetes mount them) or an environment variable. What is known of
them, and finding them in texts, is the engine's: `simpleflow_nb.masking`.
"""

from __future__ import annotations

from pathlib import Path

from simpleflow_nb import environment
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.masking import (
    MASK,
    SHORTEST_MASKED_SECRET,
    Masker,
    keep_secret,
    known_secrets,
    masked,
    masked_leaves,
    masker,
)

__all__ = [
    "MASK",
    "SHORTEST_MASKED_SECRET",
    "Masker",
    "MissingSecretError",
    "known_secrets",
    "masked",
    "masked_leaves",
    "masker",
    "read_secret",
]


class MissingSecretError(DefinitionError, LookupError):
    """A secret that has no default is neither a file nor an environment variable."""


def read_secret(name: str, default: str | None = None) -> str:
    """Return the secret called ``name``, without white space around it; a file wins over the environment.

    From then on it belongs to the `known_secrets`.

    Raises:
        MissingSecretError: it is not set, and there is no ``default``.
        OSError: the file is there, but cannot be read.
        ValueError: ``name`` is no plain file name.
    """
    if name in ("", "..") or Path(name).name != name:
        raise ValueError(f"{name!r} cannot be the name of a secret")
    keep_secret(name)
    found = environment.secret_text(name)
    value = default if found is None else found
    if value is None:
        file = environment.SECRETS_DIR / name
        raise MissingSecretError(f"{name} is not set: give it as the file {file} or in the environment")
    return value.strip()
