"""Executions by what people call them: workflow ids, and the runs of notebooks as the commands of a workflow file call them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from ...constants import NOTEBOOK_TYPE, STATE_FOLDER
from ...exceptions import PayloadError
from ...inspection.executions import executions, found_execution, refuse_pruned, started_with
from ..places import Place


@dataclass(frozen=True)
class NotebookExecution:
    """One run of an instance, for `deciders.runs.run_reference`. What it was started with is read when it is asked for."""

    place: Place
    workflow: str
    reference_date: str | None
    title: str  #: NAME/INSTANCE, as folders and progress name a run
    workflow_id: str
    run_id: str

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """Empty where the payload of the run is not to be had here."""
        execution = {"workflowId": self.workflow_id, "runId": self.run_id}
        try:
            given = started_with(self.place.service, self.place.domain, execution, self.place.payloads.load)
        except PayloadError:
            return {}
        return dict(given.get("parameters") or {})


def execution_meant(place: Place, run: str, run_id: str | None = None) -> dict[str, str]:
    """Return the execution that ``run`` names: a workflow id, its beginning, or ``NAME/DATE`` of a run of notebooks.

    A run id may be quoted as in addresses of the AWS console, which have ``%3D`` for its last character.

    Raises:
        DefinitionError: there is none, or several fit; one sentence.
        RecordsError: the records cannot be read.
    """
    found = notebook_execution(place, run) if run_id is None else None
    return found or found_execution(place.service, place.domain, run, run_id and unquote(run_id))


def notebook_execution(place: Place, run: str) -> dict[str, str] | None:
    """Return the execution of a notebook workflow that ``NAME/DATE`` and its like mean; None where it means none of them.

    Open executions win over closed ones, newer ones over older ones. Of those whose history is gone the records beside the
    journal know the names.

    Raises:
        DefinitionError: several fit, or their parameters do not, or the history of the one that is meant is gone; one sentence.
        RecordsError: the records cannot be read.
    """
    from deciders.runs.run_reference import UnknownRunError, found_run

    if "/" not in run and not run[:1].isdecimal():
        return None
    known = list(_notebook_executions(place, run))[::-1]  # the last of an instance is the one that is meant
    try:
        found = found_run(known, run)
    except UnknownRunError as error:
        if error.is_near:
            raise
        _refuse_recorded(place, run)
        return None
    return {"workflowId": found.workflow_id, "runId": found.run_id}


@dataclass(frozen=True)
class _RecordedRun:
    """The same of which only the record may be left."""

    workflow: str
    reference_date: str | None
    title: str
    parameters: dict[str, Any]
    workflow_id: str
    run_id: str


def _refuse_recorded(place: Place, run: str) -> None:
    """Refuse a run of which only the record is left.

    Raises:
        DefinitionError: the run that is meant was here, and its history is gone; or several such are meant.
        RecordsError: the records cannot be read.
    """
    from deciders.runs.run_reference import UnknownRunError, found_run
    from workers.records.run_records import RunRecords

    from ..records.record_files import has_records

    if place.journal is None or place.journal.parent.name != STATE_FOLDER or not has_records(place.journal.parent.parent):
        return
    try:
        with RunRecords.open(place.journal.parent.parent, to_look=True) as records:
            known = [
                _RecordedRun(
                    record.workflow_name,
                    record.reference_date,
                    f"{record.workflow_name}/{record.instance}",
                    record.parameters,
                    record.workflow_id,
                    record.run_id,
                )
                for record in records.runs()
                if record.workflow_id
            ]
        found = found_run(known, run)
    except UnknownRunError as error:
        if error.is_near:
            raise
        return
    refuse_pruned(place.service, place.domain, found.workflow_id, None)


def _notebook_executions(place: Place, run: str) -> Iterator[NotebookExecution]:
    """Yield the executions that ``run`` may mean: of its workflow, or of all where it does not begin with a name."""
    from deciders.runs.run_tags import RunTags

    name, slash, _ = run.partition("/")
    service, domain = place.service, place.domain
    from deciders.workflow_types import executions_of_type

    for is_open in (True, False):
        if slash and name:
            infos = executions(service, domain, is_open=is_open, tagFilter={"tag": name})
        else:
            infos = executions_of_type(service, domain, NOTEBOOK_TYPE, is_open=is_open)
        for info in infos:
            if info["workflowType"]["name"] == NOTEBOOK_TYPE:
                execution = info["execution"]
                tags = RunTags.of_execution(info.get("tagList"), execution["workflowId"])
                named = (tags.workflow, tags.reference_date, tags.title)
                yield NotebookExecution(place, *named, execution["workflowId"], execution["runId"])
