"""Notebook workflows carried out in this process: what a start, a backfill, a retry and a sensor share."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...constants import BACKFILL_TYPE, ITEMS_TYPE, NOTEBOOK_TYPE, SCENARIOS_TYPE
from ...environment import usable_cores
from ...exceptions import DefinitionError, JournalInUse, ServiceError
from ...inspection.executions import executions
from ...inspection.tables import counted
from ...local.journal_files import journal_path
from ...local.ownership import OwnerWork, owner_pid
from ...local.reader import JournalReader
from ...local.service import DOMAIN
from ...processes.interrupts import Interrupts
from ...processes.local_run import LocalRun
from ...processes.payload_directory import PayloadDirectory
from ..conditions import Conditions
from ..events import Announcement, Event, Note
from ..files.packages import require_application
from ..following import followed
from ..outcomes import Outcome
from ..records.held_outputs import held_outputs
from ..records.owners import check_names, claim
from ..run_outcomes import local_outcome, shown_outcome
from ..states.run_states import Watch
from .backfill_ends import BackfillEnds
from .left_runs import LeftRuns, refuse_new
from .notebook_processes import end_helpers, notebook_lists

if TYPE_CHECKING:
    from deciders.runs.planned_run import PlannedRun
    from deciders.runs.scenario_runs import ScenarioSet
    from deciders.specification import Specification

RUN_TYPES = (NOTEBOOK_TYPE, ITEMS_TYPE, BACKFILL_TYPE, SCENARIOS_TYPE)  #: what is waited for


def open_run(
    stack: ExitStack,
    outputs: Path,
    db: Path | None,
    specifications: Sequence[Specification],
    *,
    durable: bool,
    conditions: Conditions,
) -> Generator[Note, None, LocalRun]:
    """Hold the outputs, own their journal and claim the workflows of these files until ``stack`` is closed; nothing works on
    it yet.

    Raises:
        DefinitionError: the settings of kernels in the environment are wrong, or another process runs workflows with these
            outputs and another journal.
        WorkflowTaken: the workflows belong to another file, or the outputs to a domain.
        JournalInUse: another process has the journal.
        ServiceError, RecordsError: the journal or the run records cannot be used.
    """
    require_application()
    from workers.kernels.supply import KernelSettings, is_shared_kept

    KernelSettings.from_environment()  # what is wrong with them would else fail every notebook

    adopt = conditions.adopt
    for specification in specifications:
        check_names(specification, outputs, adopt=adopt)  # which says more than that the journal is in use
    journal = journal_path(db, outputs)
    stack.enter_context(held_outputs(outputs, journal))
    stack.callback(end_helpers, keeps_supply=is_shared_kept())
    interrupts = conditions.interrupts or Interrupts()
    opened = LocalRun(journal, durable=durable, interrupts=interrupts)
    try:
        for sentence in claim(specifications, outputs, adopt=adopt):
            yield Note(sentence)
        yield from _go_on_where_moved(opened, outputs, db, specifications)
    except BaseException:
        opened.service.close()
        raise
    if conditions.interrupts is not None:
        stack.enter_context(interrupts)
    return stack.enter_context(opened)


def _go_on_where_moved(
    run: LocalRun, outputs: Path, db: Path | None, specifications: Sequence[Specification]
) -> Generator[Note, None, None]:
    """Let interrupted runs begin anew here whose outputs folder was moved, or whose workflows other files had.

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
    for folder in sorted(moved.former):
        yield Note(f"the outputs were moved here from {folder}; interrupted runs start again here, and keep what they had done")
    for former, file in moved.taken_over.items():
        yield Note(f"interrupted runs of {former} start again with {file}, and keep what they had done")
    for folder, number in moved.elsewhere.items():
        theirs = "has its" if number == 1 else "have their"
        yield Note(f"{counted(number, 'open run')} of this journal {theirs} outputs in {folder}")


def work_on_notebooks(run: LocalRun, workers: int | None) -> Generator[Note, None, None]:
    """Carry out notebook workflows, what was interrupted first.

    ``workers`` is the number of notebooks that run at once; None is the number of cores.
    """
    from deciders.activities import DECISIONS
    from deciders.workflow_types import application_workflows

    if interrupted := len(run.open_runs(NOTEBOOK_TYPE)):
        yield Note(f"going on with {counted(interrupted, 'interrupted run')}")
    run.work(
        decision_list=DECISIONS,
        task_lists=notebook_lists(workers or usable_cores()),
        workflows=application_workflows(),
        imports=False,
    )


def start_here(
    specification: Specification,
    outputs: Path,
    wanted: PlannedRun,
    *,
    db: Path | None,
    durable: bool,
    new: bool,
    conditions: Conditions,
) -> Generator[Event, None, Outcome]:
    """Run an instance, or go on with it, and wait for its end: here, with whatever is open in the journal, or in the process
    that has the journal.

    Raises:
        SourceError: data that are to be remembered with the run cannot be read.
        DefinitionError: a ``new`` run is asked for while that instance runs in another process.
        JournalInUse: another process has the journal, and carries out no workflows of notebooks.
        and whatever else `open_run` raises.
    """
    from workers.runs.run_origin import present_user
    from workers.runs.run_starts import start_run

    by = present_user()

    def started(service: Any, payloads: PayloadDirectory) -> bool:
        """Nothing happens if it is open."""
        run_id = start_run(
            service, DOMAIN, specification, wanted, str(outputs), payloads, rerun=True, forced=conditions.force, started_by=by
        )
        return run_id is not None

    def begin(run: LocalRun) -> None:
        if new:
            for info in executions(run.service, DOMAIN, is_open=True, executionFilter={"workflowId": wanted.workflow_id}):
                run.service.terminate_workflow_execution(domain=DOMAIN, **info["execution"], reason="started again with --new")

    with _left_runs(outputs, db, [wanted.workflow_id], conditions) as left:
        return (
            yield from _carried_out(
                specification, outputs, left, started, begin=begin, new=new, db=db, durable=durable, conditions=conditions
            )
        )


def carry_out_here(
    specification: Specification,
    outputs: Path,
    requests: list[dict[str, Any]],
    *,
    interrupted: Sequence[str] = (),
    db: Path | None,
    durable: bool,
    most_at_once: int | None,
    announcement: str | None,
    conditions: Conditions,
) -> Generator[Event, None, Outcome]:
    """Carry out runs that were asked for (see `deciders.runs.run_requests`), and those with the workflow ids ``interrupted``,
    and wait for them: here, or in the process that has the journal.

    ``announcement`` is made once it is sure that they are carried out.

    Raises:
        JournalInUse: another process has the journal, and carries out no workflows of notebooks.
        and whatever else `open_run` raises.
    """
    require_application()
    from deciders.runs.run_requests import requested_runs
    from workers.runs.backfills import backfill_id, start_backfill

    ids = [*interrupted, *(wanted.run.workflow_id for wanted in requested_runs(requests))]
    if requests:
        ids.append(backfill_id(requests, str(outputs)))

    def started(service: Any, payloads: PayloadDirectory) -> bool:
        if not requests:
            return False
        _, run_id = start_backfill(
            service, DOMAIN, specification, str(outputs), payloads, requests, by_reference=True, most_at_once=most_at_once
        )
        return run_id is not None

    with _left_runs(outputs, db, ids, conditions) as left:
        return (
            yield from _carried_out(
                specification, outputs, left, started, announcement=announcement, db=db, durable=durable, conditions=conditions
            )
        )


def carry_out_set_here(
    specification: Specification,
    outputs: Path,
    wanted: ScenarioSet,
    requests: list[dict[str, Any]],
    *,
    open_ids: Sequence[str] = (),
    db: Path | None,
    durable: bool,
    announcement: str | None,
    conditions: Conditions,
) -> Generator[Event, None, Outcome]:
    """Carry out scenarios of a set, and those runs of it with the workflow ids ``open_ids``, and wait for them: here, or in the
    process that has the journal. An execution of the set that was interrupted gives way to a new one.

    Raises:
        JournalInUse: another process has the journal, and carries out no workflows of notebooks.
        and whatever else `open_run` raises.
    """
    require_application()
    from deciders.runs.run_requests import requested_runs
    from workers.runs.scenario_sets import open_sets, scenarios_id, start_scenario_set

    set_id = scenarios_id(wanted.name, str(outputs))

    def started(service: Any, payloads: PayloadDirectory) -> bool:
        where = (service, DOMAIN, specification, str(outputs), payloads)
        return start_scenario_set(*where, wanted, requests, open_ids=open_ids, by_reference=True) is not None

    def begin(run: LocalRun) -> None:
        for execution in open_sets(run.service, DOMAIN, wanted.name, str(outputs), run.payloads.load):
            run.service.terminate_workflow_execution(domain=DOMAIN, **execution, reason="started again")

    ids = [set_id, *open_ids, *(one.run.workflow_id for one in requested_runs(requests))]
    with _left_runs(outputs, db, ids, conditions) as left:
        return (
            yield from _carried_out(
                specification,
                outputs,
                left,
                started,
                begin=begin,
                announcement=announcement,
                db=db,
                durable=durable,
                conditions=conditions,
            )
        )


def _left_runs(outputs: Path, db: Path | None, workflow_ids: Sequence[str], conditions: Conditions) -> LeftRuns:
    journal = journal_path(db, outputs)
    return LeftRuns(journal, workflow_ids, types=[NOTEBOOK_TYPE], outputs=outputs, interrupts=conditions.interrupts)


def _carried_out(
    specification: Specification,
    outputs: Path,
    left: LeftRuns,
    started: Callable[[Any, PayloadDirectory], bool],
    *,
    begin: Callable[[LocalRun], None] = lambda run: None,
    new: bool = False,
    announcement: str | None = None,
    db: Path | None,
    durable: bool,
    conditions: Conditions,
) -> Generator[Event, None, Outcome]:
    """Start what is asked for with ``started`` (a service and its payloads; False if it is open already), and wait for it.

    ``begin`` is called before, in the process that owns the journal.
    """
    while True:
        try:
            with ExitStack() as stack:
                run = yield from open_run(stack, outputs, db, [specification], durable=durable, conditions=conditions)
                if announcement is not None:
                    yield Announcement(announcement)
                watch = Watch(run.service, [NOTEBOOK_TYPE], load=run.payloads.load)
                if not left.was_left:
                    begin(run)
                backfills = BackfillEnds(run.service, run.payloads.load)  # what gave way has not ended early
                yield from work_on_notebooks(run, conditions.workers)
                if not (yield from left.is_begun(run.service)):
                    started(run.service, run.payloads)
                outcome = yield from _end_of_runs(run, watch, backfills, specification)
            return _with_earlier(outcome, left)
        except JournalInUse as error:
            found = yield from _carried_out_there(
                specification, outputs, left, started, error, new=new, announcement=announcement, conditions=conditions
            )
            if found is not None:
                return found
            announcement = None if left.was_left else announcement


def _carried_out_there(
    specification: Specification,
    outputs: Path,
    left: LeftRuns,
    started: Callable[[Any, PayloadDirectory], bool],
    refusal: JournalInUse,
    *,
    new: bool,
    announcement: str | None,
    conditions: Conditions,
) -> Generator[Event, None, Outcome | None]:
    """Leave it to the process that has the journal; None when that has ended, and this one is to go on."""
    from deciders.workflow_types import application_workflows

    def can(work: OwnerWork) -> bool:
        return all(work.decides_type(cls.type_name(), cls.version) for cls in application_workflows())

    def prepare(work: OwnerWork, reader: JournalReader) -> Generator[Event, None, None]:
        if conditions.adopt:
            try:
                check_names(specification, outputs)
            except DefinitionError:
                raise refusal from None  # it has started with the file as which the workflows are known
        if new:
            refuse_new(left, reader, owner_pid(left.journal))
        for sentence in claim([specification], outputs):
            yield Note(sentence)
        if announcement is not None:
            yield Announcement(announcement)

    remark = "--nb-workers counts for runs of this process; those of process {pid} have its own" if conditions.workers else None
    found = yield from left.carried_out(
        refusal, can=can, prepare=prepare, leave=lambda service: started(service, left.payloads), remark=remark
    )
    if found is None:
        return None
    return Outcome(
        file=specification.path,
        runs=tuple(shown_outcome(one, is_parked=one.run_id in found.parked) for one in found.runs),
        earlier=found.earlier,
        parked=tuple(found.parked.values()),
        seconds=found.seconds,
        was_interrupted=not found.is_ended,
        goes_on_with=None if found.is_ended else found.pid,
        has_failed_otherwise=found.has_failed_otherwise,
        notes=found.notes,
    )


def _with_earlier(outcome: Outcome, left: LeftRuns) -> Outcome:
    """Add the runs that ended in another process, which itself has ended before all was over."""
    known = {run.run_id for run in outcome.runs}
    ended = tuple(shown_outcome(one) for one in left.ended() if one.run_id not in known)
    return dataclasses.replace(outcome, runs=(*ended, *outcome.runs))


def _end_of_runs(
    run: LocalRun, watch: Watch, backfills: BackfillEnds, specification: Specification
) -> Generator[Event, None, Outcome]:
    ended = yield from followed(run, watch, lambda: not run.open_runs(*RUN_TYPES), mine=lambda: run.open_runs(*RUN_TYPES))
    notes = backfills.news()
    return local_outcome(run, watch, specification.path, ended=ended, notes=notes, has_failed_otherwise=backfills.have_failed)
