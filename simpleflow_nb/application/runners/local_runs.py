"""Notebook workflows carried out in this process: what a start, a backfill, a retry and a sensor share."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...exceptions import JournalInUse, ServiceError
from ...inspection.executions import executions
from ...local.journal_files import journal_path
from ...local.service import DOMAIN
from ...processes.interrupts import Interrupts
from ...processes.local_run import LocalRun
from ...processes.worker import usable_cores
from ..conditions import Conditions
from ..events import Announcement, Event, Note
from ..files.packages import require_application
from ..following import followed
from ..outcomes import LeftToSensor, Outcome, local_outcome
from ..records.held_outputs import held_outputs
from ..records.owners import check_names, claim
from ..records.run_rows import counted
from ..states.run_states import BACKFILL_TYPE, NOTEBOOK_TYPE, Watch
from ..states.sensors import ask_running_sensor
from .backfill_ends import BackfillEnds

if TYPE_CHECKING:
    from deciders.runs.due_runs import Run
    from deciders.specification import Specification

RUN_TYPES = (NOTEBOOK_TYPE, BACKFILL_TYPE)  #: what is waited for


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
    stack.callback(_end_helpers, keeps_supply=is_shared_kept())
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


def _end_helpers(*, keeps_supply: bool) -> None:
    """End the processes that are kept for later notebooks and reports: this one may go on for long with other things.

    Those of a supply of kernels that is kept by the process, or by a `warm_kernels` block, stay.
    """
    from workers.kernels.supply import release_shared
    from workers.reports import end_idle_children

    if not keeps_supply:
        release_shared()
    end_idle_children()


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
    for place in sorted(moved.former):
        yield Note(f"the outputs were moved here from {place}; interrupted runs start again here, and keep what they had done")
    for former, file in moved.taken_over.items():
        yield Note(f"interrupted runs of {former} start again with {file}, and keep what they had done")
    for place, number in moved.elsewhere.items():
        theirs = "has its" if number == 1 else "have their"
        yield Note(f"{counted(number, 'open run')} of this journal {theirs} outputs in {place}")


def work_on_notebooks(run: LocalRun, workers: int | None) -> Generator[Note, None, None]:
    """Carry out notebook workflows, what was interrupted first.

    ``workers`` is the number of notebooks that run at once; None is the number of cores.
    """
    from deciders import activities
    from deciders.workflow_types import application_workflows
    from workers import activities as bodies  # noqa: F401  (importing registers them)

    interrupted = len(run.open_runs(NOTEBOOK_TYPE))
    if interrupted:
        yield Note(f"going on with {interrupted} interrupted run{'s' if interrupted > 1 else ''}")
    slots = workers or usable_cores()
    run.work(
        decision_list=activities.DECISIONS,
        task_lists={activities.NOTEBOOKS: slots, activities.REPORTS: max(1, slots // 2), activities.SENSOR: 2},
        workflows=application_workflows(),
        imports=False,
    )


def start_here(
    specification: Specification,
    outputs: Path,
    wanted: Run,
    *,
    db: Path | None,
    durable: bool,
    new: bool,
    conditions: Conditions,
) -> Generator[Event, None, Outcome]:
    """Run an instance here, or go on with it, and wait for whatever is open in the journal.

    Raises:
        SourceError: data that are to be remembered with the run cannot be read.
        and whatever `open_run` raises.
    """
    from workers.runs.run_origin import present_user
    from workers.runs.run_starts import start_run

    with ExitStack() as stack:
        run = yield from open_run(stack, outputs, db, [specification], durable=durable, conditions=conditions)
        backfills = BackfillEnds(run)
        watch = Watch(run.service, [NOTEBOOK_TYPE], load=run.payloads.load)
        if new:
            for info in executions(run.service, DOMAIN, is_open=True, executionFilter={"workflowId": wanted.workflow_id}):
                run.service.terminate_workflow_execution(domain=DOMAIN, **info["execution"], reason="started again with --new")
        yield from work_on_notebooks(run, conditions.workers)
        # nothing happens if it is open
        by = present_user()
        start_run(run.service, DOMAIN, specification, wanted, str(outputs), run.payloads, rerun=True, started_by=by)
        return (yield from _end_of_runs(run, watch, backfills, specification))


def carry_out_here(
    specification: Specification,
    outputs: Path,
    requests: list[dict[str, Any]],
    *,
    db: Path | None,
    durable: bool,
    most_at_once: int | None,
    announcement: str | None,
    conditions: Conditions,
) -> Generator[Event, None, Outcome]:
    """Carry out runs that were asked for (see `deciders.runs.run_requests`) and wait for them.

    If a sensor of the file has the journal, the runs are left to it, and nothing is waited for. ``announcement`` is made once
    it is sure that they are carried out.

    Raises:
        JournalInUse: another process that is no sensor of this file has the journal.
        and whatever else `open_run` raises.
    """
    from workers.runs.backfills import start_backfill

    with ExitStack() as stack:
        try:
            run = yield from open_run(stack, outputs, db, [specification], durable=durable, conditions=conditions)
        except JournalInUse as error:
            asked = {"requests": requests, "most_at_once": most_at_once}
            if not ask_running_sensor(journal_path(db, outputs), specification.path, "start", asked):
                raise
            if announcement is not None:
                yield Announcement(announcement)
            number = sum(len(request["dates"]) for request in requests)
            return Outcome(file=specification.path, left_to=LeftToSensor(number, error.pid))
        if announcement is not None:
            yield Announcement(announcement)
        backfills = BackfillEnds(run)
        watch = Watch(run.service, [NOTEBOOK_TYPE], load=run.payloads.load)
        yield from work_on_notebooks(run, conditions.workers)
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
        return (yield from _end_of_runs(run, watch, backfills, specification))


def _end_of_runs(
    run: LocalRun, watch: Watch, backfills: BackfillEnds, specification: Specification
) -> Generator[Event, None, Outcome]:
    ended = yield from followed(run, watch, lambda: not run.open_runs(*RUN_TYPES), mine=lambda: run.open_runs(*RUN_TYPES))
    notes = backfills.news()
    return local_outcome(run, watch, specification.path, ended=ended, notes=notes, has_failed_otherwise=backfills.have_failed)
