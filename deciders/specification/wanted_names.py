"""Names that the steps of a workflow want values for: parameters of the workflow, and automatic ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..steps.condition_parsing import parse_condition
from ..steps.conditions import ConditionError
from ..steps.step import REPEAT_INDEX, REPEAT_SEED
from .written_steps import axes_of_items

#: By label: each name, and the key of the label and what is inside of it where it stands.
Wanted = Mapping[str, list[tuple[str, tuple[str, ...]]]]


def wanted_names(written: Mapping[str, Mapping[str, Any]]) -> Wanted:
    """Return the names that are neither labels nor axes, in the order in which each step mentions them.

    ``written`` has the settings of each label, as the file or `deciders.specification.models` have them. What has the wrong
    shape is passed over.
    """
    return {label: _of_step(label, settings, written) for label, settings in written.items()}


def _of_step(
    label: str, settings: Mapping[str, Any], written: Mapping[str, Mapping[str, Any]]
) -> list[tuple[str, tuple[str, ...]]]:
    axes = axes_of_items(written, label)
    known = {*axes, REPEAT_SEED} if REPEAT_INDEX in axes else axes
    found: list[tuple[str, tuple[str, ...]]] = []
    parameters = settings.get("parameters")
    for name, value in parameters.items() if isinstance(parameters, Mapping) else ():
        if isinstance(value, str) and value not in known and value not in written:
            found.append((value, ("parameters", name)))
    sources = settings.get("for_each")
    for axis, source in sources.items() if isinstance(sources, Mapping) else ():
        if isinstance(source, Mapping) and isinstance(source.get("parameter"), str):
            found.append((source["parameter"], ("for_each", axis)))
    condition = settings.get("when")
    if condition is not None and condition != "always":
        try:
            names = parse_condition(condition, written, axes).names()
        except ConditionError:
            return found  # which is reported by its own reader
        found += [(name, ("when",)) for name in names if name not in known]
    return found
