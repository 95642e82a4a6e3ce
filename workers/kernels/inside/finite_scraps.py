"""Numbers that a notebook glues and JSON does not have: null is kept in their place, and a printed warning says so.

Jupyter's messages are JSON. Depending on its version and on what is installed, a NaN becomes null or text without a word.

Only the standard library is used, see :mod:`workers.kernels.inside`.
"""

from __future__ import annotations

import math
import numbers
import sys
from typing import Any

_PREFIX = "application/scrapbook.scrap."


def install(shell: Any, settings: Any) -> None:
    """Replace such numbers before what was glued is sent."""
    publisher = shell.display_pub
    publish = publisher.publish

    def published(data: Any, *arguments: Any, **named: Any) -> Any:
        if isinstance(data, dict):
            data = {kind: _finite_scrap(value) if str(kind).startswith(_PREFIX) else value for kind, value in data.items()}
        return publish(data, *arguments, **named)

    publisher.publish = published


def _finite_scrap(scrap: Any) -> Any:
    if not isinstance(scrap, dict) or "data" not in scrap:
        return scrap
    replaced: list[str] = []
    data = _finite(scrap["data"], "", replaced)
    if not replaced:
        return scrap
    more = f" and {len(replaced) - 1} more" if len(replaced) > 1 else ""
    # This line turns the run orange.
    print(
        f"WARNING: the scrap {scrap.get('name')!r} has {replaced[0]}{more}, which JSON does not have; it is kept as null",
        file=sys.stderr,
    )
    return {**scrap, "data": data}


def _finite(value: Any, place: str, replaced: list[str]) -> Any:
    if isinstance(value, numbers.Real) and not math.isfinite(value):
        replaced.append(f"{float(value)!r} at {place}" if place else f"{float(value)!r}")
        return None
    if isinstance(value, dict):
        return {key: _finite(one, f"{place}[{key!r}]", replaced) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one, f"{place}[{number}]", replaced) for number, one in enumerate(value)]
    return value
