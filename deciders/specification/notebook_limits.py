"""Limits and environment of a notebook: lengths of time, amounts of memory and variables, as ``workflows.yml`` and
commands have them."""

from __future__ import annotations

import math
import re
from typing import Any

from ..dates.durations import read_seconds
from ..problems import Problems, shown
from .yaml_lines import YamlNode

LONGEST_SECONDS = 30 * 86_400  #: an attempt may take so long

_AMOUNT = r"^\s*(?P<number>[0-9]{1,15}(\.[0-9]{1,9})?)\s*"
MEMORY_PATTERN = _AMOUNT + r"(?P<unit>[kmgt]i?b)\s*$"
VARIABLE_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"

_BYTES = {f"{letter}{end}": base**power for power, letter in enumerate("KMGT", 1) for end, base in (("B", 1000), ("IB", 1024))}
_LEAST_BYTES = 1_000_000


def duration_seconds(value: Any) -> float:
    """Parse seconds from a number or from text such as ``90s``, ``10m``, ``1.5h`` or ``2d``.

    Raises:
        ValueError: it is no duration, is not above 0, or is longer than 30 days; the text, the end of a sentence, says what is
            expected.
    """
    seconds = read_seconds(value)
    if seconds is None or not 0 < seconds <= LONGEST_SECONDS:
        raise ValueError("a duration of at most 30 days, such as 90 (seconds), 10m or 2h")
    return seconds


def memory_bytes(value: Any) -> int:
    """Parse bytes from a number or from text such as ``500MB`` (decimal) or ``2GiB`` (binary).

    Raises:
        ValueError: it is no amount of memory, or less than 1 MB; the text, the end of a sentence, says what is expected.
    """
    number: float | None = None
    if isinstance(value, str):
        if found := re.match(MEMORY_PATTERN, value, re.IGNORECASE):
            number = float(found["number"]) * _BYTES[found["unit"].upper()]
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18:
        number = float(value)
    if number is None or not number >= _LEAST_BYTES:
        raise ValueError("an amount of memory of at least 1 MB, such as 500MB or 2GiB")
    return math.floor(number)


def memory_text(amount_bytes: int) -> str:
    """Format an amount in the largest unit that divides it evenly; :func:`memory_bytes` reads it again."""
    for name, size in sorted(_BYTES.items(), key=lambda unit: -unit[1]):
        if amount_bytes % size == 0:
            return f"{amount_bytes // size}{name.replace('I', 'i')}"
    return str(amount_bytes)


def check_environment(label: str, variables: YamlNode | None, problems: Problems) -> None:
    """Note the names and texts of ``env`` that no variable can have."""
    for name, node in variables.entries().items() if variables is not None else ():
        if not isinstance(name, str) or node.text is None:
            continue
        if not re.match(VARIABLE_PATTERN, name):
            problems.add(node.line, f"{shown(name)} in 'env' of notebook {shown(label)} cannot be the name of a variable")
        elif "\0" in node.text:
            problems.add(node.line, f"{shown(name)} in 'env' of notebook {shown(label)} holds a NUL character")
