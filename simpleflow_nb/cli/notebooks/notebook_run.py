"""Notebook workflows carried out in this process: what ``sensor.start --local`` and ``workflow.start FILE.yml:NAME`` share."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...application.held_outputs import held_outputs
from ...application.owners import check_names, claim
from ...application.packages import require_application
from ...application.run_rows import counted
from ...application.run_states import BACKFILL_TYPE, NOTEBOOK_TYPE, Watch
from ...application.start_warnings import start_warnings
from ...application.workflow_files import outputs_folder
from ...exceptions import DefinitionError, ExitCode, JournalInUse, ServiceError
from ...inspection.executions import executions
from ...local.journal_files import journal_path
from ...local.service import DOMAIN
from ...processes.interrupts import Interrupts
from ...processes.local_run import LocalRun
from ..progress import Progress, follow, say
from .backfill_ends import BackfillEnds
from .definition import read_specification
from .summary import show_summary

if TYPE_CHECKING:
    from deciders.runs.due_runs import Run
    from deciders.specification import ConfiguredWorkflow, Specification


RUN_TYPES = (NOTEBOOK_TYPE, BACKFILL_TYPE)  #: what a local command waits for


def checked_outputs(given: Path | None, specification: Specification) -> Path:
    """The outputs folder, made and writable.

    Raises:
        OutputsError: it cannot be.
    """
    from workers.artefacts import Artefacts

    outputs = outputs_folder(given, specification.path)
    Artefacts(outputs).check_writable()
    return outputs


@contextmanager
def opened_run(
    outputs: Path, db: Path | None, specifications: Sequence[Specification], *, durable: bool, adopt: bool
) -> Iterator[LocalRun]:
    """The outputs held, their journal owned, and the workflows of these files claimed; nothing works on it yet.

    Raises:
        DefinitionError: the settings of kernels in the environment are wrong, or another process runs workflows with these
            outputs and another journal.
        WorkflowTaken: the workflows belong to another file, or the outputs to a domain.
        JournalInUse: another process has the journal.
        ServiceError, RecordsError: the journal or the run records cannot be used.
    """
    require_application()
    from workers.kernels.supply import KernelSettings

    KernelSettings.from_environment()  # what is wrong with them would else fail every notebook

    for specification in specifications:
        check_names(specification, outputs, adopt=adopt)  # which says more than that the journal is in use
    journal = journal_path(db, outputs)
    with held_outputs(outputs, journal):
        interrupts = Interrupts()
        opened = LocalRun(journal, durable=durable, interrupts=interrupts)
        try:
            for sentence in claim(specifications, outputs, adopt=adopt):
                say(sentence)
            _go_on_where_moved(opened, outputs, db, specifications)
        except BaseException:
            opened.service.close()
            raise
        with interrupts, opened as run:
            yield run


def _go_on_where_moved(run: LocalRun, outputs: Path, db: Path | None, specifications: Sequence[Specification]) -> None:
    """Let interrupted runs begin anew here whose outputs folder was moved, or whose workflows other files had; says so.

    Raises:
        ServiceError: it cannot be noted in the folder where it is, or a payload not be kept.
    """
    from workers.runs.moved_runs import begin_moved_runs_anew

    is_own = journal_path(db, outputs) == journal_path(None, outputs)
    try:
        moved = begin_moved_runs_anew(
            run.service, DOMAIN, outputs, run.payloads, is_own_journal=is_own, specifications=specifications
        )
    except OSError as error:
        raise ServiceError(f"{outputs} cannot be written to: {(error.strerror or str(error)).lower()}") from None
    for place in sorted(moved.former):
        say(f"the outputs were moved here from {place}; what was interrupted there begins anew, with what it had done")
    for former, file in moved.taken_over.items():
        say(f"what was interrupted of {former} begins anew with {file}, with what it had done")
    for place, number in moved.elsewhere.items():
        say(f"{counted(number, 'open run')} of this journal {'has its' if number == 1 else 'have their'} outputs in {place}")


def work_on_notebooks(run: LocalRun, slots: int) -> int:
    """Carry out notebook workflows, so many notebooks at once. Returns how many interrupted runs go on; says so."""
    from deciders import activities
    from deciders.workflow_types import application_workflows
    from workers import activities as bodies  # noqa: F401  (importing registers them)

    interrupted = len(run.open_runs(NOTEBOOK_TYPE))
    if interrupted:
        say(f"going on with {interrupted} interrupted run{'s' if interrupted > 1 else ''}")
    run.work(
        decision_list=activities.DECISIONS,
        task_lists={activities.NOTEBOOKS: slots, activities.REPORTS: max(1, slots // 2), activities.SENSOR: 2},
        workflows=application_workflows(),
        imports=False,
    )
    return interrupted


def start_notebook_workflow(
    file: Path,
    name: str,
    arguments: dict[str, Any],
    *,
    outputs: Path | None,
    db: Path | None,
    slots: int,
    new: bool,
    durable: bool,
    color: str,
    quiet: bool,
    adopt: bool = False,
) -> int:
    """One run of a workflow of notebooks with the parameters given; returns the exit code.

    Raises:
        DefinitionError: no such workflow, or parameters that are missing or not its own.
        SourceError: data that are to be remembered with the run cannot be read.
    """
    specification, instance, folder = requested(file, name, arguments, outputs)
    with opened_run(folder, db, [specification], durable=durable, adopt=adopt) as run:
        from workers.runs.run_origin import present_user
        from workers.runs.run_starts import start_run

        backfills = BackfillEnds(run)
        watch = Watch(run.service, [NOTEBOOK_TYPE], load=run.payloads.load)
        if new:
            for info in executions(run.service, DOMAIN, is_open=True, executionFilter={"workflowId": instance.workflow_id}):
                run.service.terminate_workflow_execution(domain=DOMAIN, **info["execution"], reason="started again with --new")
        work_on_notebooks(run, slots)
        # nothing happens if it is open
        by = present_user()
        start_run(run.service, DOMAIN, specification, instance, str(folder), run.payloads, rerun=True, started_by=by)
        ended = follow(
            run,
            lambda: not run.open_runs(*RUN_TYPES),
            Progress(watch, quiet=quiet, color=color),
            mine=lambda: run.open_runs(*RUN_TYPES),
        )
        return max(show_summary(run, watch, specification.path, ended=ended), backfills.show_ends())


def run_requests(
    specification: Specification,
    outputs: Path,
    requests: list[dict[str, Any]],
    *,
    db: Path | None,
    slots: int,
    most_at_once: int | None = None,
    quiet: bool = False,
    color: str = "auto",
    adopt: bool = False,
    announcement: str | None = None,
) -> int:
    """Carry out runs that were asked for (see `deciders.runs.run_requests`) and wait for them; returns the exit code.

    If a sensor of the file has the journal, the runs are left to it, and nothing is waited for. ``announcement`` is printed
    once it is sure that they are carried out.

    Raises:
        JournalInUse: another process that is no sensor of this file has the journal.
        DefinitionError: another process runs workflows with these outputs and another journal.
    """
    from ...application.sensors import ask_running_sensor

    with ExitStack() as stack:
        try:
            run = stack.enter_context(opened_run(outputs, db, [specification], durable=False, adopt=adopt))
        except JournalInUse as error:
            journal = journal_path(db, outputs)
            asked = {"requests": requests, "most_at_once": most_at_once}
            if not ask_running_sensor(journal, specification.path, "start", asked):
                raise
            if announcement is not None:
                click.echo(announcement, err=True)
            number = sum(len(request["dates"]) for request in requests)
            click.echo(f"left {counted(number, 'run')} to the sensor that has the journal (process {error.pid})")
            return ExitCode.DONE
        from workers.runs.backfills import start_backfill

        if announcement is not None:
            click.echo(announcement, err=True)
        backfills = BackfillEnds(run)
        watch = Watch(run.service, [NOTEBOOK_TYPE], load=run.payloads.load)
        work_on_notebooks(run, slots)
        start_backfill(
            run.service,
            DOMAIN,
            specification,
            str(outputs),
            run.payloads,
            requests,
            by_reference=True,
            most_at_once=most_at_once,
        )
        ended = follow(
            run,
            lambda: not run.open_runs(*RUN_TYPES),
            Progress(watch, quiet=quiet, color=color),
            mine=lambda: run.open_runs(*RUN_TYPES),
        )
        return max(show_summary(run, watch, specification.path, ended=ended), backfills.show_ends())


def requested(file: Path, name: str, arguments: dict[str, Any], outputs: Path | None) -> tuple[Specification, Run, Path]:
    """What ``FILE.yml:NAME`` and its arguments ask for, and the outputs folder.

    Raises:
        DefinitionError: no such workflow, or parameters that are missing or not its own.
        SourceError: data that are to be remembered with the run cannot be read.
    """
    specification = read_specification(file)

    if arguments.get("args"):
        raise DefinitionError(f"{name} takes its parameters by name: --set name=value, or --input with 'kwargs'")
    specification.workflow(name)
    run = requested_run(specification, name, arguments.get("kwargs", {}))
    folder = checked_outputs(outputs, specification)
    if bases := _bases(specification, name, run.configured_parameters):
        for warning in start_warnings(specification, run, bases[0]):
            click.echo(f"warning: {warning}", err=True)
    return specification, run, folder


def _reference_date(given: Any) -> datetime.date:
    """
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
    """A parameter as it would be if the workflow file had it: dates are their text.

    Raises:
        DefinitionError: it has something in it that a workflow file cannot have.
    """

    def text_of(part: Any) -> str:
        if isinstance(part, datetime.date):
            return str(part)
        kind = "binary data" if isinstance(part, bytes) else "a set" if isinstance(part, set) else type(part).__name__
        raise DefinitionError(f"{name} has {kind} in it; give text, numbers, lists or mappings")

    return json.loads(json.dumps(value, default=text_of))


def requested_run(specification: Specification, name: str, values: dict[str, Any]) -> Run:
    """The run of a workflow for ``reference_date`` and its parameters; without a date where none is given and no notebook takes
    anything of it.

    Parameters that are not given come from the first sensor entry of that workflow that has those that are, or else from the
    first; so does the date stencil. Where another entry would make another run of it, that is said.

    Raises:
        DefinitionError: one sentence.
    """
    from deciders.dates.date_stencil import DateStencilError
    from deciders.runs.due_runs import run_for
    from deciders.runs.entries import Entries
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
    if missing := sorted(wanted - set(parameters)):
        raise DefinitionError(f"{name} needs the parameter {missing[0]!r}: --set {missing[0]}=...")
    may_be_given = wanted | workflow.own_automatic_parameters()
    if unknown := sorted(set(parameters) - may_be_given):
        from deciders.problems import did_you_mean
        from deciders.specification.workflow_file import AUTOFLOW_PARAMETERS

        if unknown[0] in AUTOFLOW_PARAMETERS:
            whence = "date_stencil of the sensor's entry" if unknown[0] == "date_ranges" else "environment of the worker"
            raise DefinitionError(f"{unknown[0]} cannot be given: it comes from the {whence}")
        raise DefinitionError(f"{name} has no parameter {unknown[0]!r}{did_you_mean(unknown[0], sorted(may_be_given))}")
    stencil = base.date_stencil if base is not None and date is not None else None
    entry = ConfiguredWorkflow(workflow_name=name, parameters=parameters, date_stencil=stencil)
    try:
        run = run_for(entry, date)
    except DateStencilError as error:
        raise DefinitionError(f"{name} for {date}: {error}") from None
    if note := _whence(name, values, bases, run):
        say(note)
    # which dates are done is no matter of a run without one
    belongs = date is None or Entries(specification).of_run(name, run.iso_date, run.identity, {}, None) is not None
    return dataclasses.replace(run, reason=Reason.of(ReasonKind.BY_HAND if belongs else ReasonKind.BY_HAND_FOR_NO_ENTRY))


def _whence(name: str, values: dict[str, Any], bases: list[ConfiguredWorkflow], run: Run) -> str:
    """Which entry a run has what was not given from, in a sentence; empty where another one would make the same run."""
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
    """The entries that have these values, or else all of that workflow: what is not given comes from the first."""
    entries = [entry for entry in specification.entries if entry.workflow_name == name]
    return [entry for entry in entries if _has(entry, values)] or entries


def _has(entry: ConfiguredWorkflow, values: dict[str, Any]) -> bool:
    from deciders.parameter_set import written_value

    # what compares as equal may be something else, as 1 is to True
    return all(
        key in entry.parameters and written_value(entry.parameters[key]) == written_value(value)
        for key, value in values.items()
    )
