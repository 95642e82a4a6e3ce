"""How much the tests do: settings for the whole suite."""

from __future__ import annotations

import os

SETTING = "SIMPLEFLOW_NB_SOAK"
FOREIGN = "SIMPLEFLOW_NB_FOREIGN"
#: A test gives up what must come after this time, however busy the machine is. Nothing is waited for as long where all is well.
PATIENCE_SECONDS = 300


def is_soak() -> bool:
    """Whether the environment asks for the long counts: ``SIMPLEFLOW_NB_SOAK=1``.

    Unset, empty and ``0`` ask for the small ones.

    Raises:
        ValueError: any other value, so that a typing error does not pass for a soak.
    """
    return _is_set(SETTING, "set it to 1 for the soak counts")


def count(small: int, soak: int) -> int:
    """How many rounds a test of random cases makes: ``small`` by default, ``soak`` when the environment asks for it."""
    return soak if is_soak() else small


def are_other_languages_tried() -> bool:
    """Whether clients in other languages are built and run: always but in CI, and there with ``SIMPLEFLOW_NB_FOREIGN=1``.

    Raises:
        ValueError: the variable is neither unset, empty, ``0`` nor ``1``.
    """
    return _is_set(FOREIGN, "set it to 1 for clients in other languages, also in CI") or os.environ.get("CI") != "true"


def _is_set(name: str, meaning: str) -> bool:
    value = os.environ.get(name, "")
    if value not in ("", "0", "1"):
        raise ValueError(f"{name} is {value!r}; {meaning}, or unset it")
    return value == "1"
