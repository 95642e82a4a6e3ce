"""Limits of a notebook and where it runs: the settings ``timeout``, ``cell_timeout``, ``memory_limit``, ``output_limit``,
``retries``, ``kernel`` and ``env`` of a notebook in ``workflows.yml``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from ..dates.durations import read_seconds
from ..problems import Problems, kind_of, shown
from .yaml_lines import BROKEN, YamlNode

MOST_RETRIES = 20
LONGEST_SECONDS = 30 * 86_400  #: the longest timeout of an attempt

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


def checked_limits(label: str, node: YamlNode, problems: Problems) -> dict[str, Any]:
    """Return the limits that the notebook sets, for `deciders.specification.NotebookSpecification`.

    Values of the wrong shape, which `deciders.specification.workflow_file` reports, are skipped.
    """
    found: dict[str, Any] = {}
    readers: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "timeout": ("timeout_seconds", duration_seconds),
        "cell_timeout": ("cell_timeout_seconds", duration_seconds),
        "memory_limit": ("memory_limit_bytes", memory_bytes),
        "retries": ("retries", _retries),
        "kernel": ("kernel", _kernel),
    }
    for setting, (name, read) in readers.items():
        given = node.get(setting)
        if given is None or given.value is BROKEN:
            continue
        try:
            found[name] = read(given.value)
        except ValueError as error:
            what = f"{setting!r} of notebook {shown(label)}"
            problems.add(given.line, f"{what} must be {error}, not {kind_of(given.value)}")
    found |= _output_limits(label, node.get("output_limit"), problems)
    variables = node.get("env")
    if variables is not None and isinstance(variables.value, dict):
        found["environment"] = _environment(label, variables, problems)
    return found


def _output_limits(label: str, given: YamlNode | None, problems: Problems) -> dict[str, int]:
    """Check ``output_limit``: one amount limits printed text, a mapping may give both limits."""
    if given is None or given.value is BROKEN:
        return {}
    found = {}
    amounts = given.value if isinstance(given.value, dict) else {"printed": given}
    for kind, node in amounts.items():
        what = f"'output_limit' of notebook {shown(label)}"
        if kind not in ("printed", "displayed"):
            hint = problems.did_you_mean(str(kind), ["printed", "displayed"])
            problems.add(node.line, f"{what} has 'printed' and 'displayed', and no {shown(kind)}{hint}")
            continue
        try:
            found[f"{kind}_limit_bytes"] = memory_bytes(node.value)
        except ValueError as error:
            amount = str(error).replace("an amount of memory", "an amount of output")
            problems.add(node.line, f"{what} must be {amount}, not {kind_of(node.value)}")
    return found


def _environment(label: str, variables: YamlNode, problems: Problems) -> dict[str, str]:
    found = {}
    for name, node in variables.entries().items():
        if not isinstance(name, str) or node.text is None:
            continue
        if not re.match(VARIABLE_PATTERN, name):
            problems.add(node.line, f"{shown(name)} in 'env' of notebook {shown(label)} cannot be the name of a variable")
        elif "\0" in node.text:
            problems.add(node.line, f"{shown(name)} in 'env' of notebook {shown(label)} holds a NUL character")
        else:
            found[name] = node.text
    return found


def _retries(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_RETRIES:
        raise ValueError(f"a whole number from 0 to {MOST_RETRIES}")
    return value


def _kernel(value: Any) -> str:
    # Jupyter's rule: names become names of folders.
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9._\-]+", value):
        raise ValueError("the name of a kernel, of letters, digits, '-', '_' and '.'")
    return value
