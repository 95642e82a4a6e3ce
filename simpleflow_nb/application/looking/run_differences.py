"""Two runs side by side: what they were given, what became of their labels, and what their notebooks have glued."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...inspection.documents import SCHEMA
from ..records.run_rows import RunRow, opened_records
from .run_details import RunDetails, run_details

if TYPE_CHECKING:
    from deciders.specification import Specification
    from workers.records.run_records import RunRecord

    from ..services import Service


class DifferenceKind(StrEnum):
    """Kinds of differences between two runs."""

    PARAMETER = "parameter"
    STATE = "state"  #: of a label, or of the run
    LIGHT = "light"
    SECONDS = "seconds"  #: of a label, or of the run
    SCRAP = "scrap"
    NOTEBOOK = "notebook"  #: a file, by its content
    DATA = "data"  #: a file or a table, by its stamp
    ITEMS = "items"  #: how many a fan has


@dataclass(frozen=True)
class Difference:
    """One of the differences between two runs; a side that lacks it has None."""

    kind: DifferenceKind
    name: str  #: of the parameter, label, scrap (``label.name``) or file; ``run`` for the run itself
    first: Any
    second: Any

    def to_dict(self) -> dict[str, Any]:
        return {"kind": str(self.kind), "name": self.name, "first": self.first, "second": self.second}


@dataclass(frozen=True)
class RunDifferences:
    """Two runs, and what they differ in."""

    first: RunRow
    second: RunRow
    differences: Sequence[Difference]
    notes: Sequence[str] = ()  #: what could not be compared; a sentence each

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "first": self.first.title,
            "second": self.second.title,
            "differences": [one.to_dict() for one in self.differences],
            "notes": list(self.notes),
        }


def run_differences(specification: Specification, outputs: Path, service: Service, first: str, second: str) -> RunDifferences:
    """Compare two runs, which may be of different workflows, or two attempts at one instance by their run ids.

    Durations are told where they differ by a tenth of a second at least.

    Raises:
        DefinitionError: there is no such run, or several fit.
        ServiceError, RecordsError: the journal or the run records cannot be read, or the service cannot be reached.
    """
    sides = [_Side(specification, outputs, service, reference) for reference in (first, second)]
    notes = [note for side in sides for note in side.notes]
    for kind in sides[0].stamps:
        known = [side.stamps[kind] is not None for side in sides]
        if any(known) and not all(known):
            lacking = sides[known.index(False)].run
            notes.append(f"it is not on record which {kind} files {lacking.title} ran with")
    return RunDifferences(sides[0].run, sides[1].run, [*_differences(*sides)], notes)


class _Side:
    """One of the runs, with everything that is compared of it."""

    def __init__(self, specification: Specification, outputs: Path, service: Service, reference: str) -> None:
        self.notes: list[str] = []
        self.details = run_details(specification, outputs, service, reference)
        self.run = self.details.run
        record = self._record(specification, outputs)
        #: by what they are of; None where that was not kept
        self.stamps: dict[DifferenceKind, Mapping[str, Any] | None] = {
            DifferenceKind.NOTEBOOK: record.notebooks if record is not None else None,
            DifferenceKind.DATA: record.data if record is not None else None,
        }
        self.scraps = dict(self._scraps())

    def _record(self, specification: Specification, outputs: Path) -> RunRecord | None:
        with opened_records(specification, outputs, adopt=False) as records:
            found = records.runs(self.run.workflow, self.run.identity) if records is not None else []
        return next((one for one in found if one.run_id == self.run.run_id), None)

    def _scraps(self) -> Iterator[tuple[str, Any]]:
        from workers.notebooks.scraps import read_scraps

        for view in self.details.labels:
            if view.path is None or view.is_fan or not view.path.endswith(".ipynb"):
                continue
            try:
                yield from ((f"{view.name}.{name}", value) for name, value in read_scraps(view.path).items())
            except (OSError, ValueError) as error:
                self.notes.append(f"{self.run.title}: what {view.name!r} has glued is not known: {error}")


def _differences(one: _Side, other: _Side) -> Iterator[Difference]:
    yield from _in(DifferenceKind.PARAMETER, one.run.parameters, other.run.parameters)
    yield from _in(DifferenceKind.STATE, {"run": str(one.run.state)}, {"run": str(other.run.state)})
    yield from _in(DifferenceKind.LIGHT, {"run": one.run.light}, {"run": other.run.light})
    yield from _in(DifferenceKind.SECONDS, {"run": _tenths(one.run.seconds)}, {"run": _tenths(other.run.seconds)})
    yield from _in(DifferenceKind.STATE, _states(one.details), _states(other.details))
    yield from _in(DifferenceKind.ITEMS, _items(one.details), _items(other.details))
    yield from _in(DifferenceKind.SECONDS, _seconds(one.details), _seconds(other.details))
    yield from _in(DifferenceKind.SCRAP, one.scraps, other.scraps)
    for kind, stamps in one.stamps.items():
        if stamps is not None and (others := other.stamps[kind]) is not None:
            yield from _in(kind, stamps, others)


def _in(kind: DifferenceKind, first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Difference]:
    for name in dict.fromkeys([*first, *second]):
        if (before := first.get(name)) != (after := second.get(name)):
            yield Difference(kind, name, before, after)


def _states(details: RunDetails) -> dict[str, str]:
    return {view.name: str(view.state) for view in details.labels}


def _items(details: RunDetails) -> dict[str, int]:
    return {view.name: sum(view.counts.values()) for view in details.labels if view.is_fan}


def _seconds(details: RunDetails) -> dict[str, float | None]:
    found = dict[str, float | None]()
    for item in details.items:
        if item.slug is None and item.started is not None and item.ended is not None:
            found[item.label] = _tenths((item.ended - item.started).total_seconds())
    return found


def _tenths(seconds: float | None) -> float | None:
    return round(seconds, 1) if seconds is not None else None
