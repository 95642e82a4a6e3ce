"""The entry of the sensor that a run belongs to, as the file is now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from ..parameter_set import ParameterSet, own_parameters, written, written_stencil
from ..specification import ConfiguredWorkflow, Specification
from .due_runs import identity_for


class Entries:
    """The entries of a workflow file, to be asked about many runs."""

    def __init__(self, specification: Specification) -> None:
        self._by_name: dict[str, list[ConfiguredWorkflow]] = {}
        self._by_set: dict[ParameterSet, ConfiguredWorkflow] = {}
        self._sets: dict[int, ParameterSet] = {}  # by the id of the entry: whole ones take long to compare
        for entry in specification.entries:
            own = self._sets[id(entry)] = set_of_entry(entry)
            self._by_name.setdefault(entry.workflow_name, []).append(entry)
            self._by_set.setdefault(own, entry)

    def of_workflow(self, name: str) -> list[ConfiguredWorkflow]:
        """In the order of the file."""
        return self._by_name.get(name, [])

    def set_of(self, entry: ConfiguredWorkflow) -> ParameterSet:
        """What the runs of one of these entries have in common."""
        return self._sets[id(entry)]

    def place_of(self, own: ParameterSet) -> int:
        """The place in the file of the entry of that set, from 0; behind the last one when there is none."""
        known = list(self._by_set)
        return known.index(own) if own in self._by_set else len(known)

    def of_run(
        self,
        workflow: str,
        reference_date: str | None,
        identity: str,
        parameters: Mapping[str, Any],
        date_stencil: Sequence[Any] | None,
    ) -> ConfiguredWorkflow | None:
        """The entry that would start this very instance for its date; None if none would, as for a run without a date.

        ``parameters`` and ``date_stencil`` are those of a record: values may be masked, and early versions kept no stencil.
        """
        if reference_date is None:
            return None
        if date_stencil is not None:
            known = self._by_set.get(ParameterSet(workflow, written(parameters), written_stencil(date_stencil)))
            if known is not None:
                return known
        day = date.fromisoformat(reference_date)
        return next((entry for entry in self.of_workflow(workflow) if identity_for(entry, day) == identity), None)


def set_of_entry(entry: ConfiguredWorkflow) -> ParameterSet:
    """What its runs have in common."""
    return ParameterSet(entry.workflow_name, written(entry.parameters), written_stencil(entry.date_stencil))


def entry_like(workflow: str, parameters: Mapping[str, Any], date_stencil: Sequence[Any] | None) -> ConfiguredWorkflow:
    """An entry with what a record has kept of a run."""
    return ConfiguredWorkflow.model_validate(
        {"workflow_name": workflow, "parameters": own_parameters(parameters), "date_stencil": date_stencil}
    )
