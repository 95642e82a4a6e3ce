"""The entry of the sensor that a run belongs to, in the present file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from ..parameter_set import ParameterSet, own_parameters, written, written_stencil
from ..specification import ConfiguredWorkflow, Specification
from .planned_run import identity_for


class Entries:
    """The entries of a workflow file, for lookups of many runs."""

    def __init__(self, specification: Specification) -> None:
        self._by_name: dict[str, list[ConfiguredWorkflow]] = {}
        self._by_set: dict[ParameterSet, ConfiguredWorkflow] = {}
        self._sets: dict[int, ParameterSet] = {}  # by the id of the entry: comparing whole entries is slow
        for entry in specification.entries:
            own = self._sets[id(entry)] = set_of_entry(entry)
            self._by_name.setdefault(entry.workflow_name, []).append(entry)
            self._by_set.setdefault(own, entry)

    def of_workflow(self, name: str) -> list[ConfiguredWorkflow]:
        """Return the entries of a workflow, in the order of the file."""
        return self._by_name.get(name, [])

    def set_of(self, entry: ConfiguredWorkflow) -> ParameterSet:
        """Return the parameter set of one of these entries."""
        return self._sets[id(entry)]

    def place_of(self, own: ParameterSet) -> int:
        """Return the index, from 0, of the entry with that set; the number of entries if there is none."""
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
        """Return the entry that would start this very instance for its date; None if none would, as for a run without a date.

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
    """Return the parameters and the stencil that the entry's runs share."""
    return ParameterSet(entry.workflow_name, written(entry.parameters), written_stencil(entry.date_stencil))


def entry_like(workflow: str, parameters: Mapping[str, Any], date_stencil: Sequence[Any] | None) -> ConfiguredWorkflow:
    """Make an entry from the data that a record has of a run."""
    return ConfiguredWorkflow.model_validate(
        {"workflow_name": workflow, "parameters": own_parameters(parameters), "date_stencil": date_stencil}
    )
