"""Sets of scenarios that a person asks for."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...exceptions import DefinitionError
from ...inspection.documents import SCHEMA
from ...inspection.tables import counted
from ...masking import masked_leaves
from ..arguments import check_text
from ..conditions import Conditions
from ..events import Announcement, Event, Note
from ..files.workflow_files import check_writable
from ..outcomes import Outcome
from ..records.scenario_records import known_runs, present_results
from ..services import Local, Service

if TYPE_CHECKING:
    from deciders.runs.planned_run import PlannedRun
    from deciders.runs.scenario_runs import ScenarioSet
    from deciders.specification import Specification
    from deciders.specification.scenarios.expansion import Scenario
    from deciders.values.reason import Reason
    from workers.runs.scenario_results import ScenarioResult

    from ..places import Place

_MOST_TOLD = 20  #: scenarios whose reasons are told before they start


@dataclass(frozen=True)
class ScenarioChoice:
    """Choice of the scenarios of a set.

    Args:
        only: values by axis or column, as they are written in the names of instances, or names by ``instance``: scenarios that
            have one of the values of each. Empty means all.
        force: run them from scratch, whatever they came to before: nothing is kept, or taken over from other runs.
    """

    only: Mapping[str, Sequence[str]] = field(default_factory=dict)
    force: bool = False

    def chosen(self, wanted: ScenarioSet) -> list[Scenario]:
        """Return the scenarios that are meant.

        Raises:
            DefinitionError: there is no such axis, or no scenario has such a value.
        """
        from deciders.problems import did_you_mean
        from deciders.specification.scenarios.expansion import INSTANCE

        scenarios = list(wanted.scenarios)
        axes = list(dict.fromkeys(axis for one in scenarios for axis in one.words))
        for axis, values in self.only.items():
            if axis not in axes and axis != INSTANCE:
                known = [*axes, INSTANCE]
                hint = did_you_mean(axis, known) or f"; there are {', '.join(known)}"
                raise DefinitionError(f"scenario set {wanted.name!r} has no axis {axis!r}{hint}")
            there = list(dict.fromkeys(_word(one, axis) for one in wanted.scenarios))
            for value in values:
                if value not in there:
                    hint = did_you_mean(value, there) or f"; there are {', '.join(there[:10])}"
                    raise DefinitionError(f"no scenario of {wanted.name!r} has {axis}={value}{hint}")
            scenarios = [one for one in scenarios if _word(one, axis) in values]
        if not scenarios:
            raise DefinitionError(f"no scenario of {wanted.name!r} has all of these values")
        return scenarios


def _word(scenario: Scenario, axis: str) -> str:
    return scenario.words.get(axis, scenario.name)


@dataclass(frozen=True)
class ScenariosPlan:
    """Scenarios of a set that would start now, and why the others would not."""

    wanted: ScenarioSet
    to_start: tuple[PlannedRun, ...]
    left_out: tuple[tuple[PlannedRun, Reason], ...]
    open_ids: tuple[str, ...] = ()  #: workflow ids of runs that are open
    #: an execution of the set, or runs of it, are open on this machine: they are waited for, and go on if they were interrupted
    is_followed: bool = False
    is_forced: bool = False  #: nothing is kept, or taken over from other runs

    @property
    def is_needed(self) -> bool:
        """Tell whether there is anything to carry out."""
        return bool(self.to_start) or self.is_followed

    @property
    def chosen(self) -> set[str]:
        """Names of all instances that were asked for, started or not."""
        return {run.instance for run in (*self.to_start, *(run for run, _ in self.left_out))}

    def to_dict(self) -> dict[str, Any]:
        document = {
            "schema": SCHEMA,
            "name": self.wanted.name,
            "workflow": self.wanted.workflow,
            "to_start": [_entry(run, run.reason) for run in self.to_start],
            "left_out": [_entry(run, reason) for run, reason in self.left_out],
        }
        found: dict[str, Any] = masked_leaves(document)
        return found


def _entry(run: PlannedRun, reason: Reason) -> dict[str, Any]:
    return {
        "run": run.title,
        "instance": run.instance.partition(".")[2],
        "parameters": run.configured_parameters,
        "identity": run.identity,
        "reason": reason.text,
    }


@dataclass(frozen=True, kw_only=True)
class ScenariosOutcome(Outcome):
    """Outcome of starting a set, with the results of all its instances."""

    rows: tuple[ScenarioResult, ...] = ()
    chosen: frozenset[str] = frozenset()  #: titles of the runs that were asked for
    results_file: Path | None = None  #: None where others carry the set out

    @property
    def is_success(self) -> bool:
        """Tell whether everything is done, and no instance that was asked for is red; or is carried out by others."""
        has_red = any(row.is_red for row in self.rows if row.run in self.chosen)
        return super().is_success and (bool(self.started) or not has_red)

    def to_dict(self) -> dict[str, Any]:
        rows: list[Any] = masked_leaves([row.as_json() for row in self.rows])
        file = str(self.results_file) if self.results_file is not None else None
        return {**super().to_dict(), "scenarios": rows, "results_file": file}


def planned_set(
    specification: Specification,
    outputs: Path,
    service: Service,
    wanted: ScenarioSet,
    choice: ScenarioChoice,
    *,
    adopt: bool = False,
) -> ScenariosPlan:
    """Return the scenarios that would start now. Changes nothing but that the outputs folder is made.

    Raises:
        DefinitionError: the choice names what the set does not have, a workflow belongs to another file, or the results there
            are those of another workflow.
        ServiceError, RecordsError: the journal, the records or the service cannot be read.
    """
    from deciders.runs.scenario_verdicts import scenario_verdict
    from workers.runs.kept_labels import notebook_hashes

    chosen = choice.chosen(wanted)
    check_writable(outputs)
    _check_results(wanted, outputs)
    workflow = specification.workflow(wanted.workflow)
    hashes = notebook_hashes(workflow, specification.inputs_dir)
    with service.opened(outputs) as place:
        known = known_runs(specification, outputs, place, wanted.workflow, adopt=adopt)
        is_open = _is_open(place, wanted, outputs)
    to_start, left_out, open_ids = [], [], []
    for scenario in chosen:
        run = wanted.run(scenario)
        found = scenario_verdict(workflow, run, known.last_run(run.instance), hashes, forced=choice.force)
        if found.is_due:
            to_start.append(dataclasses.replace(run, reason=found.reason, keeps_labels=found.keeps_labels, is_rerun=True))
        else:
            left_out.append((run, found.reason))
            if known.open_ids.get(run.instance) == run.workflow_id:
                open_ids.append(run.workflow_id)
    return ScenariosPlan(
        _bounded(wanted, workflow.max_parallel_runs),
        tuple(to_start),
        tuple(left_out),
        tuple(open_ids),
        is_followed=isinstance(service, Local) and (is_open or bool(open_ids)),
        is_forced=choice.force,
    )


def _bounded(wanted: ScenarioSet, most: int | None) -> ScenarioSet:
    """Return the set with no more open runs than its workflow may have."""
    return wanted if most is None else dataclasses.replace(wanted, max_parallel=min(wanted.max_parallel, most))


def _is_open(place: Place, wanted: ScenarioSet, outputs: Path) -> bool:
    from workers.runs.scenario_sets import open_sets

    if place.service is None:
        return False
    return bool(open_sets(place.service, place.domain, wanted.name, str(outputs), place.payloads.load))


def _check_results(wanted: ScenarioSet, outputs: Path) -> None:
    """Refuse to overwrite the results of a set of another file.

    Raises:
        DefinitionError: there are such results.
    """
    from workers.artefacts import read_record
    from workers.runs.scenario_results import results_file

    file = results_file(outputs, wanted.name)
    other = read_record(file).get("workflow")
    if other is not None and other != wanted.workflow:
        raise DefinitionError(
            f"{file} has the results of a scenario set {wanted.name!r} of workflow {other!r}; give this one another name, or "
            "remove that folder"
        )


def carry_out(
    specification: Specification, outputs: Path, service: Service, plan: ScenariosPlan, *, conditions: Conditions
) -> Generator[Event, None, ScenariosOutcome]:
    """Start what is planned, and write the results of the set. What was interrupted goes on.

    The runs are carried out, here or in the process that has the journal, and waited for; on a service an execution starts
    them, and writes the results.

    Raises:
        OutputsError: the results cannot be written.
        and whatever the service raises, see `Local.carry_out_set` and `Swf.carry_out_set`.
    """
    from deciders.runs.run_requests import SCENARIO, run_request
    from workers.runs.scenario_results import results_file

    wanted = plan.wanted
    outcome = Outcome(file=specification.path)
    try:
        if plan.is_needed:
            requests = [
                run_request(
                    run.entry,
                    [None],
                    run.reason,
                    keeps_labels=run.keeps_labels,
                    forced=plan.is_forced,
                    started_by=SCENARIO,
                    own_instance=run.instance,
                )
                for run in plan.to_start
            ]
            call = service.carry_out_set(
                specification,
                outputs,
                wanted,
                requests,
                open_ids=plan.open_ids,
                announcement=f"{counted(len(plan.to_start), 'scenario')} of {wanted.name}, {len(plan.left_out)} left out",
                conditions=conditions,
            )
            outcome = yield from _with_reasons(call, plan)
    finally:
        # also when it was interrupted; on a service the execution of the set writes them
        rows = _present(specification, outputs, service, wanted, writes=isinstance(service, Local))
    file = results_file(outputs, wanted.name)
    values = {one.name: getattr(outcome, one.name) for one in dataclasses.fields(Outcome)}
    chosen = frozenset(f"{wanted.workflow}/{instance}" for instance in plan.chosen)
    return ScenariosOutcome(**values, rows=tuple(rows), chosen=chosen, results_file=None if outcome.started else file)


def _with_reasons(call: Generator[Event, None, Outcome], plan: ScenariosPlan) -> Generator[Event, None, Outcome]:
    """Tell why each scenario is started, once it is certain that it is."""
    try:
        while True:
            try:
                event = next(call)
            except StopIteration as end:
                outcome: Outcome = end.value
                return outcome
            yield event
            if isinstance(event, Announcement):
                for run in plan.to_start[:_MOST_TOLD]:
                    yield Note(f"{run.title}: {run.reason.text}")
                if len(plan.to_start) > _MOST_TOLD:
                    yield Note(f"and {len(plan.to_start) - _MOST_TOLD} more")
    finally:
        call.close()


def _present(
    specification: Specification, outputs: Path, service: Service, wanted: ScenarioSet, *, writes: bool
) -> Sequence[ScenarioResult]:
    """Return the results as they are now, and write them if asked to.

    Raises:
        OutputsError: they cannot be written.
    """
    from workers.artefacts import OutputsError
    from workers.runs.scenario_results import results_file, write_results

    with service.opened(outputs) as place:
        known = known_runs(specification, outputs, place, wanted.workflow)
    rows = present_results(specification, outputs, wanted, known)
    if writes:
        try:
            write_results(wanted, rows, outputs)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise OutputsError(f"{results_file(outputs, wanted.name)} cannot be written: {reason}") from None
    return rows


def start(
    specification: Specification,
    outputs: Path,
    service: Service,
    wanted: ScenarioSet,
    choice: ScenarioChoice,
    *,
    conditions: Conditions,
) -> Generator[Event, None, ScenariosOutcome]:
    """Plan it and start what is planned; see `planned_set` and `carry_out`."""
    plan = planned_set(specification, outputs, service, wanted, choice, adopt=conditions.adopt)
    return (yield from carry_out(specification, outputs, service, plan, conditions=conditions))


def set_of_file(specification: Specification, name: str) -> ScenarioSet:
    """Return a set of the file with the scenarios that it makes now.

    Raises:
        DefinitionError: there is no such set, or its table cannot be used any more.
    """
    from deciders.runs.scenario_runs import scenario_set

    check_text("name", name)
    return scenario_set(specification, name)
