"""Inputs of nodes, as they stand in a history: what each argument is made of.

An input is None, or a mapping with one key: ``value`` is one kept value, ``items`` a list of them, ``all`` a list of inputs,
and ``combinations`` lists of inputs, of which a join takes the product.
"""

from __future__ import annotations

import itertools
from typing import Any

from .values import Values

Input = dict[str, Any] | None


def made_of(given: Input, values: Values) -> Any:
    """Return the argument that an input stands for."""
    if given is None:
        return None
    (kind, kept), *_ = given.items()
    if kind == "value":
        return values.get(kept)
    if kind == "items":
        return [values.get(one) for one in kept]
    if kind == "all":
        return [made_of(one, values) for one in kept]
    if kind == "combinations":
        lists = [[made_of(one, values) for one in axis] for axis in kept]
        return [list(combination) for combination in itertools.product(*lists)]
    raise ValueError(f"an input of the kind {kind!r} is unknown here")
