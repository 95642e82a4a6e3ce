"""The results of a project's runs under test, found by the names that commands take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deciders.runs.run_reference import UnknownRunError, found_run, reference_of
from deciders.values.artefact_key import ArtefactKey
from deciders.values.item import Item
from deciders.wording import did_you_mean
from workers.records.run_items import ItemRecord
from workers.records.run_records import RunRecord

from ..exceptions import DefinitionError

_MOST_NAMED = 5


@dataclass(frozen=True)
class ProjectCheck:
    """One check of the sensor."""

    at: datetime  #: start of the check, by the clock of the test
    started: tuple[str, ...] = ()  #: runs as ``NAME/DATE``, in the order of their starts
    error: str | None = None  #: why the check failed; it is retried then


@dataclass(frozen=True, kw_only=True)
class RunEnd(RunRecord):
    """The end of one run, as its record has it, with its items."""

    every_item: tuple[ItemRecord, ...] = ()  #: by label and index; a label without a list of items is its item 0

    def items(self, label: str) -> list[ItemRecord]:
        """Return the items of a label in their order: ``state``, ``light``, ``attempt``, ``reason``, ``error``...

        A label that was skipped or failed before its items were known counts as one item, which has no ``slug``.

        Raises:
            DefinitionError: the run has no such label.
        """
        labels = [name for name in self.labels if not ArtefactKey.parse(name).is_report]
        if label not in labels:
            meant = f"; items({Item.parse(label).label!r}) has its items" if Item.parse(label).label in labels else ""
            hint = meant or did_you_mean(label, labels)
            raise DefinitionError(f"the run {self.workflow_name}/{self.instance} has no label {label!r}{hint}")
        return [item for item in self.every_item if item.label == label]


@dataclass(frozen=True)
class ProjectEnd:
    """The results of a project's runs."""

    #: all that have ended, in the order of their ends: ``state``, ``light``, ``labels``, ``error``, ``attempt``...
    runs: tuple[RunEnd, ...]
    checks: tuple[ProjectCheck, ...] = ()
    skipped_seconds: float = 0.0  #: skipped by the clock

    def run(self, name: str) -> RunEnd:
        """Return the last run of an instance, by whatever commands take for it.

        That is ``NAME/DATE``, ``NAME/DATE,key=value`` if parameter sets have the same date, ``NAME/INSTANCE``, a workflow or
        run id, or the beginning of one of these, such as ``NAME``, if it fits one instance.

        Raises:
            DefinitionError: there is none, or the name fits several instances.
        """
        runs = [_NamedRun(one) for one in self.runs]
        if not isinstance(name, str):
            raise DefinitionError(f"run must be text, not {name!r:.80}")
        try:
            return found_run(runs if name else [], name).record
        except UnknownRunError as error:
            if error.is_near:
                raise
        known = list(dict.fromkeys(reference_of(one, runs) for one in {one.title: one for one in runs}.values()))
        more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
        raise DefinitionError(f"no run {name!r} has ended; those that have: {', '.join(known[:_MOST_NAMED]) or 'none'}{more}")

    def states(self) -> dict[str, str]:
        """Return the state of the last run of each ``NAME/DATE``, or ``NAME/INSTANCE`` without a date.

        Of several instances with one date, it is that of the last one to end.
        """
        return {f"{one.workflow_name}/{one.reference_date or one.instance}": one.state for one in self.runs}


@dataclass(frozen=True)
class _NamedRun:
    """A record as references to runs need it."""

    record: RunEnd

    @property
    def workflow(self) -> str:
        return self.record.workflow_name

    @property
    def reference_date(self) -> str | None:
        return self.record.reference_date

    @property
    def title(self) -> str:
        return f"{self.record.workflow_name}/{self.record.instance}"

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.record.parameters

    @property
    def workflow_id(self) -> str:
        return self.record.workflow_id

    @property
    def run_id(self) -> str:
        return self.record.run_id
