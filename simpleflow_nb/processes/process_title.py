"""Names of a process of ours: its title in ``ps`` and its identity in histories. Neither has a secret in it."""

from __future__ import annotations

import json
import logging
import os
import shlex
from collections.abc import Sequence
from importlib.util import find_spec

from ..constants import MAX_ID_CHARACTERS
from ..environment import value_of
from ..exceptions import DefinitionError
from ..masking import MASK, SHORTEST_MASKED_SECRET, known_secrets, masked, masked_leaves
from ..variables import SIMPLEFLOW_DISABLE_SETPROCTITLE, SIMPLEFLOW_IDENTITY

logger = logging.getLogger(__name__)

TOKEN_OPTION = "--token"


def name_process(title: str) -> None:
    """Show in ``ps`` what this process is."""
    if value_of(SIMPLEFLOW_DISABLE_SETPROCTITLE):
        return
    if not _set_title(f"simpleflow-nb {masked(title)}"):
        logger.debug("setproctitle is not installed: processes keep their names")


def process_identity() -> str:
    """Return the identity that a decider or worker in this process gives when it polls: a JSON object with host and process,
    and with the keys of ``SIMPLEFLOW_IDENTITY``; null removes one.

    Raises:
        DefinitionError: ``SIMPLEFLOW_IDENTITY`` is no object, or makes it longer than the service takes.
    """
    import socket  # every command imports this module for its title, and few of them poll

    parts = {"hostname": socket.gethostname(), "pid": os.getpid(), **value_of(SIMPLEFLOW_IDENTITY)}
    identity = json.dumps(masked_leaves({key: value for key, value in parts.items() if value is not None}))
    if len(identity) > MAX_ID_CHARACTERS:
        name, over = SIMPLEFLOW_IDENTITY.name, len(identity) - MAX_ID_CHARACTERS
        raise DefinitionError(f"{name} makes an identity of {len(identity)} characters, {over} more than the service takes")
    return identity


def hide_typed_secrets(words: Sequence[str]) -> None:
    """Take the token and known secrets out of the command line as others see it, where that can be done.

    What names processes is used for it even where they are to keep their names.
    """
    shown = without_secrets(words)
    if shown != list(words):
        _set_title(f"simpleflow-nb {shlex.join(shown)}")


def without_secrets(words: Sequence[str]) -> list[str]:
    """Return the words of a command line, a typed token and known secrets in them masked."""
    values = [value for value in known_secrets().values() if len(value) >= SHORTEST_MASKED_SECRET]
    shown: list[str] = []
    for before, word in zip(("", *words), words, strict=False):
        if before == TOKEN_OPTION:
            shown.append(MASK)
        elif word.startswith(f"{TOKEN_OPTION}="):
            shown.append(f"{TOKEN_OPTION}={MASK}")
        else:
            shown.append(masked(word) if any(value in word for value in values) else word)
    return shown


def is_hidden_from_others() -> bool:
    """Tell whether `hide_typed_secrets` can do what it is there for."""
    return find_spec("setproctitle") is not None


def _set_title(title: str) -> bool:
    try:
        from setproctitle import setproctitle
    except ImportError:
        return False
    setproctitle(title)
    return True
