"""The reports of runs made anew, without running a notebook."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...environment import usable_cores
from ...exceptions import DefinitionError
from ...inspection.documents import SCHEMA
from ...inspection.tables import counted
from ...masking import masked_leaves
from ..arguments import check_number, check_period, check_text, check_word
from ..events import Event, Note, ReportMade
from ..files.workflow_files import check_writable
from ..places import Place
from ..records.ended_runs import ended_runs
from ..records.owners import check_names
from ..records.run_rows import RunRow, found_row, interruption, run_rows
from ..services import Service

if TYPE_CHECKING:
    from deciders.specification import Specification
    from workers.records.run_records import RunRecords
    from workers.runs.reported_runs import Report, ReportedRun
    from workers.runs.reports_of_runs import Remade

_MOST_NAMED = 10  #: runs in a sentence


@dataclass(frozen=True)
class ReportsMade:
    """Outcome of making reports anew."""

    made: tuple[ReportMade, ...] = ()
    failed: tuple[str, ...] = ()  #: a sentence for each report that could not be made
    standing: int = 0  #: reports that needed not be made
    seconds: float = 0.0

    @property
    def is_success(self) -> bool:
        return not self.failed

    def to_dict(self) -> dict[str, Any]:
        document = {
            "schema": SCHEMA,
            "is_success": self.is_success,
            "made": [{**dataclasses.asdict(one), "warnings": list(one.warnings)} for one in self.made],
            "failed": list(self.failed),
            "standing": self.standing,
            "seconds": round(self.seconds, 3),
        }
        return masked_leaves(document)


class _Stopped(Exception):
    """The user wants no more reports."""


class Remake(StrEnum):
    """Choice of the reports to make."""

    MISSING = "missing"  #: those that are not there
    CHANGED = "changed"  #: those, and what would come out differently now
    ALL = "all"


REMAKES = tuple(map(str, Remake))


@dataclass(frozen=True)
class WantedReports:
    """Choice of the reports to make: those of one run, of the runs of a period, or of all runs."""

    run: str | None = None
    first: date | None = None
    last: date | None = None
    label: str | None = None  #: of one notebook alone, or of one of its items such as ``day:3``
    remake: str = Remake.ALL  #: one of `REMAKES`

    def check(self) -> None:
        """Refuse a choice that cannot be meant.

        Raises:
            DefinitionError: the period ends before it begins, there is a run beside it, or there is no such choice of reports.
        """
        if self.run is not None and (self.first or self.last):
            raise DefinitionError("RUN and --from or --to exclude each other; give one")
        check_text("run", self.run, is_optional=True)
        check_text("label", self.label, is_optional=True)
        check_period(self.first, self.last, is_optional=True)
        check_word("remake", self.remake, REMAKES)


def make_reports(
    specification: Specification, outputs: Path, service: Service, wanted: WantedReports, *, workers: int | None = None
) -> Generator[Event, None, ReportsMade]:
    """Make reports of the executed notebooks that are kept, with the output, templates and fonts that the file names now.

    This process makes them, wherever the runs are kept; ``service`` says where to look for runs that are going on, which are
    left alone. The records say afterwards what came of it.

    Args:
        workers: reports that are made at once; None is the number of cores.

    Raises:
        DefinitionError: there is nothing that fits.
        OutputsError: the outputs folder cannot be written to.
        ServiceError: the journal or the run records cannot be used, or the service cannot be reached.
    """
    from deciders.values.item import Item

    wanted.check()
    check_number("workers", workers)
    _check_label(specification, wanted.label)
    check_writable(outputs)
    check_names(specification, outputs)
    with service.opened(outputs) as place:
        rows = run_rows(specification, outputs, place)
        if wanted.run is not None:
            chosen = [_one_run(rows, wanted.run, place)]
        else:
            chosen = _runs_of(rows, wanted.first, wanted.last, specification)
    todo = _todo(specification, chosen, outputs, wanted.label, Remake(wanted.remake))
    if todo.cleaned:
        gone = _named(todo.cleaned, "its executed notebooks are", "their executed notebooks are")
        sentence = f"{gone} gone, so that no report can be made; backfill --rerun all or workflow.start runs them again"
        if not todo.jobs and not todo.standing:
            raise DefinitionError(sentence)
        yield Note(sentence)
    if running := [row.title for row in chosen if row.is_running]:
        yield Note(f"{_named(running, 'it is', 'they are')} running, and left alone: a run makes its reports itself")
    if not todo.jobs and not todo.standing:
        if wanted.label is not None and Item.parse(wanted.label).index is not None:
            has = f"{chosen[0].title} has" if len(chosen) == 1 else f"these {len(chosen)} runs have"
            raise DefinitionError(f"there is no report of {wanted.label!r} to make: {has} no such item that ended well")
        of_label = f" of notebook {wanted.label!r}" if wanted.label is not None else ""
        which = chosen[0].title if len(chosen) == 1 else f"these {len(chosen)} runs"
        if not any(end.ended_well for row in chosen for end in row.labels.values()):
            raise DefinitionError(f"there is no report{of_label} to make: no notebook of {which} has succeeded so far")
        raise DefinitionError(f"there is no report{of_label} to make: no notebook of {which} that succeeded has an 'output'")
    if not todo.jobs:
        return ReportsMade(standing=todo.standing)
    return (yield from _made_of(specification, outputs, todo, workers or usable_cores()))


def _check_label(specification: Specification, label: str | None) -> None:
    if label is None:
        return
    from deciders.values.item import Item

    notebooks = [notebook for workflow in specification.workflows for notebook in workflow.notebooks]
    label = Item.parse(label).label
    fitting = [notebook for notebook in notebooks if notebook.label == label]
    if not fitting:
        from deciders.problems import did_you_mean

        known = list(dict.fromkeys(notebook.label for notebook in notebooks))
        raise DefinitionError(f"{specification.path.name} has no notebook {label!r}{did_you_mean(label, known)}")
    if not any(notebook.output for notebook in fitting):
        raise DefinitionError(f"notebook {label!r} of {specification.path.name} has no 'output', so there is no report of it")


def _one_run(rows: list[RunRow], run: str, place: Place) -> RunRow:
    row = found_row(rows, run)
    if interrupted := interruption([row], place):
        raise DefinitionError(f"{row.title}: {interrupted}")
    if row.is_running:
        raise DefinitionError(f"{row.title} is running; it makes its reports itself; they can be made anew once it has ended")
    return row


def _runs_of(rows: list[RunRow], first: date | None, last: date | None, specification: Specification) -> list[RunRow]:
    begin, end = first.isoformat() if first else "", last.isoformat() if last else "9999-12-31"
    is_period = first is not None or last is not None
    chosen = [row for row in rows if not is_period or (row.reference_date and begin <= row.reference_date <= end)]
    if not chosen:
        period = (f" from {first}" if first else "") + (f" to {last}" if last else "")
        raise DefinitionError(f"there is no run of {specification.path.name}{period}; runs.list shows which there are")
    return chosen


@dataclass
class _Todo:
    jobs: list[tuple[ReportedRun, list[Report]]] = field(default_factory=list)
    standing: int = 0  #: reports that need not be made
    cleaned: list[str] = field(default_factory=list)  #: the runs of whose notebooks nothing is left, by their titles


def _todo(specification: Specification, rows: list[RunRow], outputs: Path, label: str | None, remake: Remake) -> _Todo:
    from deciders.runs.entries import Entries, entry_like
    from workers.artefacts import Artefacts
    from workers.runs.latest_links import link_names
    from workers.runs.reported_runs import expected_reports
    from workers.runs.reports_of_runs import is_cleaned, is_missing, would_differ

    artefacts, entries, found = Artefacts(outputs), Entries(specification), _Todo()
    ended = [row for row in rows if not row.is_running]
    for row, run in zip(ended, ended_runs(specification, ended, outputs), strict=True):
        expected = list(expected_reports(run, label))
        wanted = [
            report
            for report in expected
            if remake is Remake.ALL
            or is_missing(run, report, artefacts)
            or (remake is Remake.CHANGED and would_differ(run, report, specification.inputs_dir, artefacts))
        ]
        found.standing += len(expected) - len(wanted)
        if wanted and is_cleaned(run, artefacts):
            found.cleaned.append(run.title)
        elif wanted:
            entry = row.entry_of(entries) or entry_like(row.workflow, row.parameters, row.date_stencil)
            links = link_names(specification, entry, has_date=row.reference_date is not None)
            found.jobs.append((dataclasses.replace(run, latest_links=links), wanted))
    return found


def _made_of(
    specification: Specification, outputs: Path, todo: _Todo, slots: int
) -> Generator[ReportMade | Note, None, ReportsMade]:
    """Make the reports, ``slots`` at once, and record what came of them.

    Raises:
        RecordsError: the run records cannot be used.
    """
    from workers.records.run_records import RunRecords
    from workers.reports import end_idle_children

    began, made, failed = time.monotonic(), list[ReportMade](), list[str]()
    try:
        with RunRecords.open(outputs) as records:
            for remade in _remade(specification, outputs, todo, slots, records):
                for event in _events_of(remade):
                    if isinstance(event, ReportMade):
                        made.append(event)
                    yield event
                failed += [f"{remade.run.title}  {name}: {cause}" for name, cause in remade.failed.items()]
    except KeyboardInterrupt:
        yield Note(f"stopped; {counted(len(made), 'report')} made")
        raise
    finally:
        end_idle_children()
    return ReportsMade(tuple(made), tuple(failed), todo.standing, time.monotonic() - began)


def _remade(
    specification: Specification, outputs: Path, todo: _Todo, slots: int, records: RunRecords
) -> Generator[Remade, None, None]:
    """Yield the outcome of each run, in their order. When it is given up, the reports under way are stopped."""
    from workers.runs.reports_of_runs import remake_reports

    stopped = threading.Event()

    def on_wait() -> None:
        if stopped.is_set():
            raise _Stopped

    pool = ThreadPoolExecutor(slots, thread_name_prefix="report")
    try:
        jobs = [
            pool.submit(remake_reports, run, reports, specification.inputs_dir, outputs, records, on_wait=on_wait)
            for run, reports in todo.jobs
        ]
        for job in jobs:
            yield job.result()
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)


def _events_of(remade: Remade) -> Generator[ReportMade | Note, None, None]:
    for name, report in remade.made.items():
        yield ReportMade(remade.run.title, name, report["path"], tuple(report["warnings"]))
    if remade.was_started_again:
        yield Note(f"{remade.run.title} was started again meanwhile; its reports are left to the new run")


def _named(titles: list[str], one: str, several: str) -> str:
    """Return ``a, b and 3 more: they are``."""
    more = f" and {len(titles) - _MOST_NAMED} more" if len(titles) > _MOST_NAMED else ""
    return f"{', '.join(titles[:_MOST_NAMED])}{more}: {one if len(titles) == 1 else several}"
