"""How much the tests do: one setting for the whole suite."""

from __future__ import annotations

import os

SETTING = "SIMPLEFLOW_NB_SOAK"


def is_soak() -> bool:
    """Whether the environment asks for the long counts: ``SIMPLEFLOW_NB_SOAK=1``.

    Unset, empty and ``0`` ask for the small ones.

    Raises:
        ValueError: any other value, so that a typing error does not pass for a soak.
    """
    value = os.environ.get(SETTING, "")
    if value not in ("", "0", "1"):
        raise ValueError(f"{SETTING} is {value!r}; set it to 1 for the soak counts, or unset it")
    return value == "1"


def count(small: int, soak: int) -> int:
    """How many rounds a test of random cases makes: ``small`` by default, ``soak`` when the environment asks for it."""
    return soak if is_soak() else small
