"""The run that ``workflow.start FILE.yml:NAME`` asks for, and starting it."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...exceptions import DefinitionError
from ...json_numbers import no_value_of_json, not_finite
from ..arguments import check_parameters, check_text
from ..events import Event, Note
from ..files.workflow_files import check_writable
from .start_warnings import start_warnings

if TYPE_CHECKING:
    from deciders.runs.planned_run import PlannedRun
    from deciders.specification import ConfiguredWorkflow, Specification

    from ..conditions import Conditions
    from ..outcomes import Outcome
    from ..services import Service


def start(
    specification: Specification,
    outputs: Path,
    service: Service,
    name: str,
    parameters: Mapping[str, Any],
    *,
    new: bool = False,
    conditions: Conditions,
) -> Generator[Event, None, Outcome]:
    """Run a workflow of notebooks once with the parameters given, ``reference_date`` among them.

    On this machine it is carried out here and waited for; an interrupted run of the same instance goes on where it was, unless
    it is to be a ``new`` one. On a service it is started, and others carry it out.

    Raises:
        DefinitionError: no such workflow, or parameters that are missing or not its own; or the run is open on a service.
        SourceError: data that are to be remembered with the run cannot be read.
    """
    run = yield from requested(specification, outputs, name, parameters)
    return (yield from service.start(specification, outputs, run, new=new, conditions=conditions))


def requested(
    specification: Specification, outputs: Path, name: str, parameters: Mapping[str, Any]
) -> Generator[Note, None, PlannedRun]:
    """Return the run that is asked for, with what there is to say of its parameters and its data; the outputs folder is made.

    Raises:
        DefinitionError: no such workflow, or parameters that are missing or not its own.
        OutputsError: the outputs folder cannot be written to.
    """
    check_text("name", name)
    check_parameters(parameters)
    specification.workflow(name)
    run = yield from requested_run(specification, name, dict(parameters))
    check_writable(outputs)
    if bases := _bases(specification, name, run.configured_parameters):
        for warning in start_warnings(specification, run, bases[0]):
            yield Note(warning, is_warning=True)
    return run


def _reference_date(given: Any) -> datetime.date:
    """Read a reference date that was given as a date or as text.

    Raises:
        DefinitionError: it is none; one sentence.
    """
    example = "2013-02-22"
    if given is None:
        raise DefinitionError(f"give the date of the run: --set reference_date={example}")
    found = _date_or_time(given) if isinstance(given, str) else given
    if isinstance(found, datetime.datetime):
        day = found.date().isoformat()
        raise DefinitionError(f"reference_date is {str(given)!r}, a date with a time of day; write it as {day}")
    if not isinstance(found, datetime.date):
        raise DefinitionError(f"reference_date is {given!r}; write it as {example}")
    return found


def _date_or_time(text: str) -> datetime.date | None:
    for kind in (datetime.date, datetime.datetime):
        try:
            return kind.fromisoformat(text)
        except ValueError:
            continue
    return None


def _as_in_the_file(name: str, value: Any) -> Any:
    """Return a parameter as it would be if the workflow file had it: dates are their text.

    Raises:
        DefinitionError: it has something in it that a workflow file cannot have.
    """
    if (number := not_finite(value)) is not None:
        raise DefinitionError(f"{name}: {no_value_of_json(number)}")

    def text_of(part: Any) -> str:
        if isinstance(part, datetime.date):
            return str(part)
        kind = "binary data" if isinstance(part, bytes) else "a set" if isinstance(part, set) else type(part).__name__
        raise DefinitionError(f"{name} has {kind} in it; give text, numbers, lists or mappings")

    return json.loads(json.dumps(value, default=text_of))


def requested_run(specification: Specification, name: str, values: dict[str, Any]) -> Generator[Note, None, PlannedRun]:
    """Return the run of a workflow for ``reference_date`` and its parameters; without a date where none is given and no
    notebook takes anything of it.

    Parameters that are not given come from the first sensor entry of that workflow that has those that are, or else from the
    first; so does the date stencil. Where another entry would make another run of it, that is said.

    Raises:
        DefinitionError: one sentence.
    """
    from deciders.dates.date_stencil import DateStencilError
    from deciders.runs.entries import Entries
    from deciders.runs.planned_run import run_for
    from deciders.specification import ConfiguredWorkflow
    from deciders.values.reason import Reason, ReasonKind

    values = dict(values)
    given_date = values.pop("reference_date", None)
    values = {key: _as_in_the_file(key, value) for key, value in values.items()}
    bases = _bases(specification, name, values)
    base = bases[0] if bases else None
    parameters = {**(base.parameters if base else {}), **values}
    workflow = specification.workflow(name)
    date = _reference_date(given_date) if given_date is not None or workflow.takes_date(parameters) else None
    wanted = set(workflow.parameters)
    may_be_given = wanted | workflow.own_automatic_parameters()
    if unknown := sorted(set(parameters) - may_be_given):
        from deciders.problems import did_you_mean
        from deciders.specification.workflow_file import AUTOFLOW_PARAMETERS

        if unknown[0] in AUTOFLOW_PARAMETERS:
            whence = "date_stencil of the sensor's entry" if unknown[0] == "date_ranges" else "environment of the worker"
            raise DefinitionError(f"{unknown[0]} cannot be given: it comes from the {whence}")
        raise DefinitionError(f"{name} has no parameter {unknown[0]!r}{did_you_mean(unknown[0], sorted(may_be_given))}")
    if missing := sorted(wanted - set(parameters)):
        raise DefinitionError(f"{name} needs the parameter {missing[0]!r}: --set {missing[0]}=...")
    stencil = base.date_stencil if base is not None and date is not None else None
    entry = ConfiguredWorkflow(workflow_name=name, parameters=parameters, date_stencil=stencil)
    try:
        run = run_for(entry, date)
    except DateStencilError as error:
        raise DefinitionError(f"{name} for {date}: {error}") from None
    if note := _whence(name, values, bases, run):
        yield Note(note)
    # which dates are done is no matter of a run without one
    belongs = date is None or Entries(specification).of_run(name, run.iso_date, run.identity, {}, None) is not None
    return dataclasses.replace(run, reason=Reason.of(ReasonKind.BY_HAND if belongs else ReasonKind.BY_HAND_FOR_NO_ENTRY))


def _whence(name: str, values: dict[str, Any], bases: list[ConfiguredWorkflow], run: PlannedRun) -> str:
    """Say from which entry a run has what was not given; empty where another entry would make the same run."""
    from deciders.parameter_set import written, written_stencil

    has_date = run.reference_date is not None
    sets = {(written({**one.parameters, **values}), written_stencil(one.date_stencil) if has_date else "") for one in bases}
    if len(sets) < 2:
        return ""
    if not has_date:
        return (
            f"{len(sets)} parameter sets of the sensor's entries for {name} fit; this run is that of the first entry, with "
            f"{written(run.configured_parameters)}; --set chooses among them"
        )
    stencil = f"date_stencil {run.date_stencil}"
    if not _has(bases[0], values):
        rest = written({key: value for key, value in bases[0].parameters.items() if key not in values})
        taken = f"{rest} and the {stencil} are" if rest else f"the {stencil} is"
        return f"no entry of the sensor for {name} has {written(values)}; {taken} taken from the first of {len(bases)}"
    parameters = written(run.configured_parameters)
    what = f" with {parameters}" if parameters else ""
    if len({one for one, _ in sets}) == 1:
        return (
            f"{len(sets)} entries of the sensor for {name}{what} differ in their date_stencil alone; this run is that of the "
            f"first, with {stencil}; backfill runs them all"
        )
    return (
        f"{len(sets)} parameter sets of the sensor's entries for {name} fit; this run is that of the first entry,{what} and "
        f"{stencil}; --set chooses among parameters, and backfill runs them all"
    )


def _bases(specification: Specification, name: str, values: dict[str, Any]) -> list[ConfiguredWorkflow]:
    """Return the entries that have these values, or else all of that workflow: what is not given comes from the first."""
    entries = [entry for entry in specification.entries if entry.workflow_name == name]
    return [entry for entry in entries if _has(entry, values)] or entries


def _has(entry: ConfiguredWorkflow, values: dict[str, Any]) -> bool:
    from deciders.parameter_set import written_value

    # what compares as equal may be something else, as 1 is to True
    return all(
        key in entry.parameters and written_value(entry.parameters[key]) == written_value(value)
        for key, value in values.items()
    )
