"""The colour of a run: red failed, orange done with warnings, green done.

The rule for warnings is ductaflow's: a line warns when its first 15 characters contain a warning sign or ``warning:``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TextIO

from deciders.values.light import Light

__all__ = ["WARNING_WINDOW", "Light", "light_for", "printed_warnings", "warning_lines"]

WARNING_WINDOW = 15  #: characters at the head of a line; what stands further right is data

_BLOCK_CHARACTERS = 1 << 20

# The variation selector belongs to the sign: the emoji counts only if it ends inside the window. ASCII keeps
# `ignore case` from matching a dotless or dotted Turkish i.
_MARK = re.compile("\u26a0\ufe0f?|warning:", re.IGNORECASE | re.ASCII)


def light_for(lines: Iterable[str], *, failed: bool) -> Light:
    """Colour of a run from its captured output.

    Only a line's first 15 characters count, so data that mentions a warning does not turn a run orange. ``failed`` wins
    over anything the output says; no lines give green.
    """
    return Light.of_work(failed=failed, warned=not failed and any(_warns(line) for line in _lines(lines)))


def warning_lines(lines: Iterable[str]) -> list[str]:
    """Those of ``lines`` that warn, in order, without their line ends."""
    return [line.rstrip("\r\n") for line in _lines(lines) if _warns(line)]


def printed_warnings(text: TextIO) -> list[str]:
    """The same of a file of what was printed, which may have tens of millions of lines: those are not looked at one by one."""
    found: list[str] = []
    while block := text.read(_BLOCK_CHARACTERS):
        block += text.readline()
        if "\u26a0" in block or "warning:" in block.lower():
            found += warning_lines(block.split("\n"))
    return found


def _warns(line: str) -> bool:
    # One character more than the window shows a variation selector that is cut off by it.
    return any(found.end() <= WARNING_WINDOW for found in _MARK.finditer(line[: WARNING_WINDOW + 1]))


def _lines(lines: Iterable[str]) -> Iterable[str]:
    # A whole text would otherwise be taken character by character and never warn.
    return lines.splitlines() if isinstance(lines, str) else lines
