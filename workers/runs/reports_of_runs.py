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
from deciders.specification import NotebookSpecification
from deciders.values.artefact_key import ArtefactKey
from deciders.values.item import Item
from deciders.values.label_state import AttemptState, LabelState
from deciders.values.light import Light
from deciders.values.run_error import LabelError, RunError
from deciders.values.run_state import RunState
from simpleflow_nb.exceptions import SimpleflowError

from ..artefacts import Artefacts, path_part, read_record, why_unreadable
from ..records.run_records import RunRecord, RunRecords
from ..sharing.taken_items import executed_notebook
from .kept_reports import recorded_result, report_origin, report_record
from .latest_links import point_latest
from .old_outputs import has_folders
from .report_making import made_report
from .report_paths import remove_renamed
from .reported_runs import Report, ReportedRun, ended_well, expected_reports

_BAD = (LabelState.FAILED, LabelState.TIMED_OUT, LabelState.CANCELLED)


class StartedAgain(SimpleflowError):
    """The instance was started again while a report of its former run was made; the former report is left unchanged."""


@dataclass
class Remade:
    """The result of making the reports of one run."""

    run: ReportedRun
    made: dict[str, dict[str, Any]] = field(default_factory=dict)  #: by report, such as ``count.pdf``: path, light, warnings
    failed: dict[str, str] = field(default_factory=dict)  #: by report: why
    was_started_again: bool = False  #: meanwhile, so that its new run makes the remaining reports


def file_name(report: Report) -> str:
    """Return the name of a report for people: ``count.pdf``, of an item ``day:3.pdf``."""
    return report.key.file_name


def missing_reports(run: ReportedRun, artefacts: Artefacts) -> list[Report]:
    """Return the reports that do not exist, or that belong to an earlier run since those of this run have failed.

    Empty for a run that was cleaned up with its notebooks: that was intended.
    """
    missing = [report for report in expected_reports(run) if is_missing(run, report, artefacts)]
    return missing if missing and has_folders(artefacts.outputs, run.workflow.name, run.instance) else []


def is_missing(run: ReportedRun, report: Report, artefacts: Artefacts) -> bool:
    """Return True if a report does not exist, or belongs to an earlier run."""
    return run.labels.get(str(report.key)) == LabelState.FAILED or not os.path.isfile(run.place(report, artefacts))


def would_differ(run: ReportedRun, report: Report, inputs_dir: Path, artefacts: Artefacts) -> bool:
    """Return True if a report would come out differently now (another template, other options, another name), or if its origin
    is unknown.
    """
    name = Path(run.file_name(report))
    if Path(run.place(report, artefacts)).parts[-len(name.parts) :] != name.parts:
        return True
    own = run.executed(report, artefacts)
    origin = report_record(own, report.output.format).get("origin")
    executed = executed_notebook(own, artefacts.outputs)
    return bool(origin != report_origin(report.output, run.reference_date, inputs_dir, executed))


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
    former = {str(report.key): run.place(report, artefacts) for report in reports}
    others = {run.place(report, artefacts): report for report in expected_reports(run) if str(report.key) not in former}
    try:
        for report in reports:
            _remake(done, report, others, inputs_dir, artefacts, on_wait)
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
    others: Mapping[str, Report],
    inputs_dir: Path,
    artefacts: Artefacts,
    on_wait: Callable[[], None] | None,
) -> None:
    """Make a report again and note in ``done`` what came of it. ``others`` are reports that stand, by their paths.

    Raises:
        StartedAgain: the notebook is another one than it was.
    """
    from ..reports import ReportError

    run, name = done.run, file_name(report)
    own = run.executed(report, artefacts)
    executed = executed_notebook(own, artefacts.outputs)
    target = artefacts.reports_folder(run.workflow.name, run.instance) / run.file_name(report)
    if (other := others.get(str(target))) is not None and target.is_file():
        done.failed[name] = (
            f"its name is {run.file_name(report)} now, which {file_name(other)} still has; make all reports of the run again"
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
            report.output,
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


def _digest(executed: Path) -> str:
    """Return a digest of the record that each attempt at a notebook leaves; the notebook itself may be large."""
    try:
        return hashlib.sha256(executed.with_name("run.json").read_bytes()).hexdigest()
    except OSError:
        return ""


def _amended(record: RunRecord, done: Remade, artefacts: Artefacts) -> RunRecord:
    """Return the record as it would be if its reports had been made with the run, except for the error of a failed run."""
    paths = dict(record.artefacts)
    labels = dict(record.labels) or {name: LabelState.SUCCEEDED for name in paths if not ArtefactKey.parse(name).is_report}
    notes = dict(record.notes)
    known = {str(report.key): file_name(report) for report in expected_reports(done.run)}
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
    without = _errors_of_labels(record)
    noted = _lights(dataclasses.replace(record, artefacts=paths), done.run, artefacts)
    light = Light.worst([*noted, *([Light.ORANGE] if lacking or without else [])])
    return dataclasses.replace(changed, light=light, error=_error(record, without, lacking))


def _errors_of_labels(record: RunRecord) -> list[LabelError]:
    """Return the failures of labels that a run which has succeeded went on without."""
    error = RunError.parse(record.error) if record.error is not None else RunError((), ())
    causes = error.causes if len(error.causes) == len(error.failed) else None  # else it is not known which is whose
    found = []
    for place, name in enumerate(error.failed):
        label = Item.parse(name).label
        if record.labels.get(label) in _BAD:
            noted = record.notes.get(label) or [f"{name} failed when the run ended"]
            found.append(LabelError(name, causes[place] if causes is not None else noted[0]))
    return found


def _error(record: RunRecord, without: Sequence[LabelError], lacking: Mapping[str, str | None]) -> str | None:
    """Say which reports are missing, in the words in which a run says which of its reports failed."""
    failed = [LabelError(name, cause or f"{name} failed when the run ended") for name, cause in lacking.items()]
    if not without and not failed:
        return None
    not_run = RunError.parse(record.error).not_run if record.error is not None else ()
    return str(RunError.of([*without, *failed], not_run))


def _lights(record: RunRecord, run: ReportedRun, artefacts: Artefacts) -> list[str]:
    """Return the noted lights of existing notebooks and reports; that of the run itself if one of them has none."""
    noted: list[Any] = []
    for notebook in run.workflow.notebooks:
        for executed in _notebooks_of(notebook, record, run, artefacts):
            made = executed_notebook(executed, artefacts.outputs)
            noted.append(read_record(made.with_name("run.json")).get("light"))
    for report in expected_reports(dataclasses.replace(run, labels=record.labels)):
        if os.path.isfile(run.place(report, artefacts, record.artefacts)):
            noted.append(_noted_light(run.executed(report, artefacts), report.output.format))
    return [light if Light.is_light(light) else record.light for light in noted]


def _notebooks_of(notebook: NotebookSpecification, record: RunRecord, run: ReportedRun, artefacts: Artefacts) -> Iterator[Path]:
    """Yield the executed notebooks of a label that have ended well."""
    if run.has_items(notebook.label):
        yield from (Path(item.folder, f"{path_part(notebook.label)}.ipynb") for item in run.items.get(notebook.label, ()))
    elif ended_well(notebook, record.labels):
        yield artefacts.notebook(run.workflow.name, run.instance, notebook.label)


def _noted_light(executed: Path, format: str) -> Light | None:
    result = recorded_result(report_record(executed, format))
    return result.light if result is not None else None
