"""Warnings about entries of the sensor that would start the same runs, of which only the first ever does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..parameter_set import ParameterSet, written, written_stencil
from ..problems import Problems, shown
from .yaml_lines import YamlNode

#: Settings that distinguish runs, and the earliest date: a second entry with another earliest date is just as useless.
_OF_THE_RUN = ("workflow_name", "parameters", "date_stencil", "earliest_date")


def note_twins(root: YamlNode, entries: Sequence[Mapping[str, Any]], problems: Problems) -> None:
    """Warn of each entry that has the workflow, the parameters and the stencil of an earlier one, however they are spelled.

    ``entries`` are the checked values of the entries of ``root``. Entries that differ in other settings, such as the dates they
    choose, may be intended.
    """
    nodes = root.at(["available_dates_sensor", "workflows"]).items()
    first: dict[tuple[ParameterSet, str], tuple[int, int]] = {}
    for number, (entry, node) in enumerate(zip(entries, nodes, strict=True), start=1):
        own = ParameterSet(
            entry["workflow_name"], written(entry.get("parameters") or {}), written_stencil(entry.get("date_stencil"))
        )
        rest = repr(sorted((key, value) for key, value in entry.items() if key not in _OF_THE_RUN))
        other, line = first.setdefault((own, rest), (number, node.line))
        if other != number:
            problems.warn(
                node.line,
                f"entry {number} of the sensor ({shown(own.workflow)}) would start the same runs as entry {other} in line "
                f"{line}: the workflow, the parameters and the stencil are the same, so that a date runs once",
            )
