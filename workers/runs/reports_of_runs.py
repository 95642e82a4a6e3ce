"""Reports that runs should have: finding the missing ones, and making them again from the executed notebooks.

No notebook is run. The record of a run is updated with its reports, so that its light is the one it would have if they had been
made then.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from deciders.notebook_runs.run_end import MOST_NOTES
from deciders.specification import NotebookSpecification, OutputSpecification, WorkflowSpecification
from deciders.specification.report_names import report_file_names
from deciders.values.artefact_key import ArtefactKey
from deciders.values.label_state import AttemptState, LabelState
from deciders.values.light import Light
from deciders.values.run_error import LabelError, RunError
from deciders.values.run_state import RunState
from simpleflow_nb.exceptions import SimpleflowError

from ..artefacts import Artefacts, read_record, why_unreadable
from ..records.run_records import RunRecord, RunRecords
from ..sharing.taken_items import executed_notebook
from .kept_reports import recorded_result, report_origin, report_record
from .latest_links import NAME as LATEST
from .latest_links import point_latest
from .old_outputs import has_folders
from .report_making import made_report
from .report_paths import remove_renamed, report_place

Report = tuple[NotebookSpecification, OutputSpecification]


class StartedAgain(SimpleflowError):
    """The instance was started again while a report of its former run was made; the former report is left unchanged."""


@dataclass(frozen=True, kw_only=True)
class ReportedRun:
    """The data of a run's record that its reports depend on."""

    workflow: WorkflowSpecification  #: as it is now
    instance: str
    run_id: str
    reference_date: str | None
    labels: Mapping[str, LabelState]  #: empty if an early version recorded the run
    artefacts: Mapping[str, str] = field(default_factory=dict)  #: paths of its reports, from its record
    parameters: Mapping[str, Any] = field(default_factory=dict)
    latest_links: Sequence[str] = (LATEST,)  #: those that lead to the newest run of its parameter set

    @property
    def title(self) -> str:
        """``NAME/DATE_IDENTITY``."""
        return f"{self.workflow.name}/{self.instance}"


@dataclass
class Remade:
    """The result of making the reports of one run."""

    run: ReportedRun
    made: dict[str, dict[str, Any]] = field(default_factory=dict)  #: by report, such as ``count.pdf``: path, light, warnings
    failed: dict[str, str] = field(default_factory=dict)  #: by report: why
    was_started_again: bool = False  #: meanwhile, so that its new run makes the remaining reports


def file_name(report: Report) -> str:
    """Return the name of a report for people: ``count.pdf``."""
    notebook, output = report
    return ArtefactKey(notebook.label, output.format).file_name


def expected_reports(run: ReportedRun, label: str | None = None) -> Iterator[Report]:
    """Yield the reports that the workflow file asks for, of the labels that ended well in the run, or of one of them."""
    for notebook in run.workflow.notebooks:
        if label in (None, notebook.label) and _ended_well(notebook, run.labels):
            for output in notebook.output:
                yield notebook, output


def _ended_well(notebook: NotebookSpecification, labels: Mapping[str, LabelState]) -> bool:
    state = labels.get(notebook.label)
    return not labels or (state is not None and state.ended_well)


def missing_reports(run: ReportedRun, artefacts: Artefacts) -> list[Report]:
    """Return the reports that do not exist, or that belong to an earlier run since those of this run have failed.

    Empty for a run that was cleaned up with its notebooks: that was intended.
    """
    missing = [report for report in expected_reports(run) if is_missing(run, report, artefacts)]
    return missing if missing and has_folders(artefacts.outputs, run.workflow.name, run.instance) else []


def is_missing(run: ReportedRun, report: Report, artefacts: Artefacts) -> bool:
    """Return True if a report does not exist, or belongs to an earlier run."""
    return run.labels.get(_artefact(report)) == LabelState.FAILED or not os.path.isfile(_place(run, report, artefacts))


def would_differ(run: ReportedRun, report: Report, inputs_dir: Path, artefacts: Artefacts) -> bool:
    """Return True if a report would come out differently now (another template, other options, another name), or if its origin
    is unknown.
    """
    notebook, output = report
    if os.path.basename(_place(run, report, artefacts)) != _name(run, report):
        return True
    executed, own = _executed(run, notebook, artefacts)
    origin = report_record(own, output.format).get("origin")
    return bool(origin != report_origin(output, run.reference_date, inputs_dir, executed))


def is_cleaned(run: ReportedRun, artefacts: Artefacts) -> bool:
    """Return True if nothing is left of the results of a run's notebooks."""
    return not artefacts.notebook_folder(run.workflow.name, run.instance, "any").parent.is_dir()


def remake_reports(
    run: ReportedRun,
    reports: Sequence[Report],
    inputs_dir: Path,
    outputs: Path,
    records: RunRecords,
    *,
    on_wait: Callable[[], None] | None = None,
) -> Remade:
    """Make these reports again, and update the record of the run and its ``latest`` links. May be called from several threads.

    A report is made under the present name of its output, and its file under a former name is then removed. A report that fails
    leaves the former file unchanged. ``on_wait`` is called about 20 times a second, and what it raises propagates; reports made
    until then are recorded.

    Raises:
        RecordsError: the record cannot be read or written.
    """
    artefacts, done = Artefacts(outputs), Remade(run)
    former = {_artefact(report): _place(run, report, artefacts) for report in reports}
    try:
        for report in reports:
            _remake(done, report, reports, inputs_dir, artefacts, on_wait)
    except StartedAgain:
        done.was_started_again = True
    finally:
        if done.made or done.failed:
            amended = records.amend(run.run_id, lambda record: _amended(record, done, artefacts))
            if amended is not None:
                earlier = takewhile(lambda one: one.run_id != run.run_id, records.runs(run.workflow.name, amended.identity))
                places = [*(one.artefacts for one in earlier), former]
                remove_renamed(places, amended.artefacts, artefacts.reports_folder(run.workflow.name, run.instance))
            if amended is not None and amended.state == RunState.SUCCEEDED:
                place = (outputs, run.workflow.name, run.instance, run.reference_date, run.latest_links)
                point_latest(*place, has_just_ended=False)
    return done


def _remake(
    done: Remade,
    report: Report,
    reports: Sequence[Report],
    inputs_dir: Path,
    artefacts: Artefacts,
    on_wait: Callable[[], None] | None,
) -> None:
    """Make a report again and note in ``done`` what came of it.

    Raises:
        StartedAgain: the notebook is another one than it was.
    """
    from ..reports import ReportError

    notebook, output = report
    run, name = done.run, file_name(report)
    executed, own = _executed(run, notebook, artefacts)
    target = artefacts.reports_folder(run.workflow.name, run.instance) / _name(run, report)
    for other in expected_reports(run):
        if other not in reports and Path(_place(run, other, artefacts)) == target and target.is_file():
            done.failed[name] = (
                f"its name is {target.name} now, which {file_name(other)} still has; make all reports of the run again"
            )
            return
    if not executed.is_file():
        done.failed[name] = f"the executed notebook {executed} is gone"
        return
    how_it_went = executed.with_name("run.json")
    if reason := why_unreadable(how_it_went):
        done.failed[name] = f"whether the executed notebook {executed} has succeeded is not known: {how_it_went} is {reason}"
        return
    status = read_record(how_it_went).get("status")
    if status != AttemptState.SUCCEEDED:
        how = status or "there is no record of its end"
        done.failed[name] = f"the executed notebook {executed} is that of an attempt that has not succeeded ({how})"
        return
    before = _digest(executed)

    def check() -> None:
        if _digest(executed) != before:
            raise StartedAgain

    try:
        done.made[name] = made_report(
            output,
            executed,
            target,
            reference_date=run.reference_date,
            inputs_dir=inputs_dir,
            outputs=artefacts.outputs,
            noted_beside=own,
            on_wait=on_wait,
            before_replacing=check,
        ).as_json()
    except (ReportError, OSError) as error:
        check()
        done.failed[name] = str(error)


def _executed(run: ReportedRun, notebook: NotebookSpecification, artefacts: Artefacts) -> tuple[Path, Path]:
    """Return the path of the executed notebook, and where it would be if it had not been taken over from another run."""
    own = artefacts.notebook(run.workflow.name, run.instance, notebook.label)
    return executed_notebook(own, artefacts.outputs), own


def _digest(executed: Path) -> str:
    """Return a digest of the record that each attempt at a notebook leaves; the notebook itself may be large."""
    try:
        return hashlib.sha256(executed.with_name("run.json").read_bytes()).hexdigest()
    except OSError:
        return ""


def _name(run: ReportedRun, report: Report) -> str:
    notebook, output = report
    parameters = {**run.parameters, "reference_date": run.reference_date}
    return report_file_names(run.workflow, run.instance, parameters)[notebook.label, output.format]


def _place(run: ReportedRun, report: Report, artefacts: Artefacts, recorded: Mapping[str, str] | None = None) -> str:
    notebook, output = report
    known = run.artefacts if recorded is None else recorded
    return report_place(artefacts, run.workflow.name, run.instance, notebook.label, output.format, known)


def _artefact(report: Report) -> str:
    notebook, output = report
    return str(ArtefactKey(notebook.label, output.format))


def _amended(record: RunRecord, done: Remade, artefacts: Artefacts) -> RunRecord:
    """Return the record as it would be if its reports had been made with the run, except for the error of a failed run."""
    paths = dict(record.artefacts)
    labels = dict(record.labels) or {name: LabelState.SUCCEEDED for name in paths if not ArtefactKey.parse(name).is_report}
    notes = dict(record.notes)
    known = {_artefact(report): file_name(report) for report in expected_reports(done.run)}
    made = {str(result["path"]) for result in done.made.values()}  # may be the former path of another report
    for artefact, name in known.items():
        if name in done.made:
            labels.pop(artefact, None)
            notes.pop(artefact, None)
            paths[artefact] = str(done.made[name]["path"])
            if warnings := done.made[name].get("warnings"):
                notes[artefact] = [str(warning) for warning in warnings[:MOST_NOTES]]
        elif name in done.failed and (paths.get(artefact) in made or not Path(paths.get(artefact, "")).is_file()):
            labels[artefact] = LabelState.FAILED
            notes[artefact] = [done.failed[name]]
            paths.pop(artefact, None)
    changed = dataclasses.replace(record, labels=labels, artefacts=paths, notes=notes)
    if record.state != RunState.SUCCEEDED:
        return changed
    lacking = {name: done.failed.get(name) for artefact, name in known.items() if labels.get(artefact) == LabelState.FAILED}
    light = Light.worst(
        [*_lights(dataclasses.replace(record, artefacts=paths), done.run, artefacts), *([Light.ORANGE] if lacking else [])]
    )
    return dataclasses.replace(changed, light=light, error=_error(lacking))


def _error(lacking: Mapping[str, str | None]) -> str | None:
    """Say which reports are missing, in the words in which a run says which of its reports failed."""
    if not lacking:
        return None
    return str(RunError.of(LabelError(name, cause or f"{name} failed when the run ended") for name, cause in lacking.items()))


def _lights(record: RunRecord, run: ReportedRun, artefacts: Artefacts) -> list[str]:
    """Return the noted lights of existing notebooks and reports; that of the run itself if one of them has none."""
    noted: list[Any] = []
    for notebook in run.workflow.notebooks:
        if not _ended_well(notebook, record.labels):
            continue
        executed, own = _executed(run, notebook, artefacts)
        noted.append(read_record(executed.with_name("run.json")).get("light"))
        for output in notebook.output:
            if os.path.isfile(_place(run, (notebook, output), artefacts, record.artefacts)):
                noted.append(_noted_light(own, output.format))
    return [light if Light.is_light(light) else record.light for light in noted]


def _noted_light(executed: Path, format: str) -> Light | None:
    result = recorded_result(report_record(executed, format))
    return result.light if result is not None else None
