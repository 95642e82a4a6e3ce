"""The sets of scenarios of a project: those of its file, and those that a program makes of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..exceptions import DefinitionError
from .arguments import check_number, check_parameters, check_text
from .asking import scenarios as asked
from .asking.scenarios import ScenarioChoice, ScenariosOutcome, ScenariosPlan, set_of_file
from .conditions import Conditions
from .events import UnderWay
from .looking.scenario_lists import ScenarioList, ScenarioResults, list_scenarios, show_scenarios
from .services import Service

if TYPE_CHECKING:
    from deciders.runs.scenario_runs import ScenarioSet
    from deciders.specification import Specification

_MOST_PARALLEL = 1_000
Only = Mapping[str, str | Sequence[str]]


class ScenariosControl:
    """Starting sets of scenarios, and looking at their results."""

    def __init__(self, specification: Specification, outputs: Path, service: Service) -> None:
        self._specification, self._outputs, self._service = specification, outputs, service

    def plan(self, name: str, *, only: Only | None = None, force: bool = False) -> ScenariosPlan:
        """Return the scenarios that `start` would start now, and why it would leave out the others.

        Raises:
            DefinitionError: there is no such set, axis or value.
        """
        wanted = set_of_file(self._specification, name)
        return asked.planned_set(self._specification, self._outputs, self._service, wanted, _choice(only, force))

    def start(
        self,
        name: str,
        *,
        only: Only | None = None,
        force: bool = False,
        adopt: bool = False,
        workers: int | None = None,
    ) -> UnderWay[ScenariosOutcome]:
        """Run the scenarios of a set that are new, changed or failed, and write its results.

        Args:
            name: a set of the file.
            only: values by axis or column: scenarios that have one of the values of each, as the names of instances have them;
                ``instance`` chooses by these names.
            force: run them all, from scratch.
            adopt, workers: as for the calls of `Project`.

        Raises:
            DefinitionError: there is no such set, axis or value; or the set is under way on a service.
            OutputsError: the outputs folder cannot be written to.
        """
        wanted = set_of_file(self._specification, name)
        return self._start(wanted, _choice(only, force), Conditions(workers, adopt))

    def start_rows(
        self,
        rows: Any,
        *,
        workflow: str,
        instance: str,
        name: str = "rows",
        parameters: Mapping[str, Any] | None = None,
        results: Sequence[str] = (),
        max_parallel: int = 20,
        stop_on_failure: bool = False,
        force: bool = False,
        adopt: bool = False,
        workers: int | None = None,
    ) -> UnderWay[ScenariosOutcome]:
        """Run a workflow once for each row, as if a table of the file had them.

        Args:
            rows: a list of mappings, or a data frame, whose missing values become null.
            workflow: of the file.
            instance: names the instance of each row, as ``{client}``.
            name: of the set; the same rows in a set of the same name are the same instances.
            parameters: values for all rows, unless a row gives another.
            results: scraps to show, as ``label.name``.
            max_parallel, stop_on_failure: as in a workflow file.
            force, adopt, workers: as for `start`.

        Raises:
            DefinitionError: the rows make no scenarios of that workflow.
            OutputsError: the outputs folder cannot be written to.
        """
        wanted = _set_of_rows(
            self._specification, rows, workflow, instance, name, parameters or {}, results, max_parallel, stop_on_failure
        )
        return self._start(wanted, _choice(None, force), Conditions(workers, adopt))

    def _start(self, wanted: ScenarioSet, choice: ScenarioChoice, how: Conditions) -> UnderWay[ScenariosOutcome]:
        call = asked.start(self._specification, self._outputs, self._service, wanted, choice, conditions=how)
        return UnderWay(call)

    def show(self, name: str) -> ScenarioResults:
        """Return the results of a set, as its latest runs are now. Changes nothing.

        Raises:
            DefinitionError: there is no such set.
        """
        return show_scenarios(self._specification, self._outputs, self._service, name)

    def list(self) -> ScenarioList:
        """Return the sets of the file, and how far their scenarios have got. Changes nothing."""
        return list_scenarios(self._specification, self._outputs, self._service)


def _choice(only: Only | None, force: bool) -> ScenarioChoice:
    if only is not None and not isinstance(only, Mapping):
        raise DefinitionError(f"only must be a mapping of axes to values, not {only!r}")
    chosen: dict[str, Sequence[str]] = {}
    for axis, values in (only or {}).items():
        found = [values] if not isinstance(values, list | tuple | set) else list(values)
        chosen[axis] = [_written(value) for value in found]
    return ScenarioChoice(chosen, force)


def _written(value: Any) -> str:
    from deciders.specification.scenarios.instance_names import word_of

    return word_of(value)


def _set_of_rows(
    specification: Specification,
    rows: Any,
    workflow: str,
    instance: str,
    name: str,
    parameters: Mapping[str, Any],
    results: Sequence[str],
    max_parallel: int,
    stop_on_failure: bool,
) -> ScenarioSet:
    from deciders.runs.scenario_runs import made_set
    from deciders.specification import ScenarioSetSpecification
    from deciders.specification.scenarios.instance_names import set_name_fault
    from deciders.specification.scenarios.result_references import result_fault
    from deciders.specification.scenarios.table_files import Table, TableError, given_rows

    for argument, value in (("workflow", workflow), ("instance", instance), ("name", name)):
        check_text(argument, value)
    check_parameters(parameters)
    check_number("max_parallel", max_parallel, most=_MOST_PARALLEL)
    if fault := set_name_fault(name):
        raise DefinitionError(f"the name of scenario set {name!r} {fault}")
    found = specification.workflow(workflow)
    if found.takes_date({*parameters}):
        raise DefinitionError(f"workflow {workflow!r} takes a reference date, which no scenario has")
    labels = [notebook.label for notebook in found.notebooks]
    fans = {label for label, step in found.graph.steps.items() if step.is_fan}
    for reference in results:
        if (fault := result_fault(reference, labels, fans)) is not None:
            raise DefinitionError(f"results: {fault}")
    try:
        made = given_rows(_records(rows))
        [fixed] = given_rows([dict(parameters)])
    except TableError as error:
        raise DefinitionError(f"the table of rows {error}") from None
    if not made:
        raise DefinitionError("there are no rows to make scenarios of")
    wanted = ScenarioSetSpecification(
        name=name,
        workflow=workflow,
        table="the table of rows",
        parameters=fixed.values,
        instance=instance,
        results=tuple(results),
        max_parallel=max_parallel,
        stop_on_failure=stop_on_failure,
    )
    columns = dict.fromkeys(column for row in made for column in row.values)
    return made_set(wanted, Table(tuple(columns), tuple(made)), found)


def _records(rows: Any) -> list[dict[str, Any]]:
    """Return the rows of a list of mappings or of a data frame.

    Raises:
        DefinitionError: it is neither.
    """
    if hasattr(rows, "to_dict") and hasattr(rows, "columns"):  # pandas, which need not be installed
        rows = rows.to_dict("records")
    found = list(rows) if isinstance(rows, Sequence) and not isinstance(rows, str) else None
    if found is None or not all(isinstance(row, Mapping) and all(isinstance(key, str) for key in row) for row in found):
        raise DefinitionError(f"rows must be a list of mappings of names to values, or a data frame, not {rows!r:.80}")
    return [dict(row) for row in found]
