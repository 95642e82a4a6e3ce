"""The executions of notebook workflows on a service, called as the commands of a workflow file call them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .. import payload
from ..exceptions import DefinitionError, PayloadError
from ..inspection.executions import executions
from .connection import payload_directory
from .place import Place
from .run_states import NOTEBOOK_TYPE


@dataclass(frozen=True)
class NotebookExecution:
    """One run of an instance, for `deciders.run_reference`. What it was started with is read when it is asked for."""

    place: Place
    workflow: str
    reference_date: str | None
    workflow_id: str
    run_id: str

    @property
    def title(self) -> str:
        """``NAME/DATE_IDENTITY``, as folders and progress name a run."""
        from deciders.identity import identity_of_run, instance_name

        identity = identity_of_run(self.workflow_id)
        return f"{self.workflow}/{instance_name(self.reference_date, identity) if self.reference_date else identity[:8]}"

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """Empty where the payload of the run is not to be had here."""
        kept = payload_directory(self.place.journal.parent / "payloads" if self.place.journal is not None else None)
        execution = {"workflowId": self.workflow_id, "runId": self.run_id}
        page = self.place.service.get_workflow_execution_history(
            domain=self.place.domain, execution=execution, maximumPageSize=1
        )
        given = page["events"][0]["workflowExecutionStartedEventAttributes"].get("input")
        try:
            body = payload.decode(given, kept.load)
        except PayloadError:
            return {}
        return dict(body["kwargs"].get("parameters") or {})


def notebook_run(place: Place, run: str) -> dict[str, str] | None:
    """The execution of a notebook workflow that ``NAME/DATE`` and its like mean; None where it means none of them.

    Open executions win over closed ones, newer ones over older ones.

    Raises:
        DefinitionError: several fit, or their parameters do not; one sentence that says how they differ.
    """
    from deciders.run_reference import UnknownRunError, found_run

    if "/" not in run and not run[:1].isdecimal():
        return None
    known = list(_notebook_executions(place))[::-1]  # the last of an instance is the one that is meant
    try:
        found = found_run(known, run)
    except UnknownRunError as error:
        if not error.is_near:
            return None
        raise DefinitionError(str(error)) from None
    return {"workflowId": found.workflow_id, "runId": found.run_id}


def _notebook_executions(place: Place) -> Iterator[NotebookExecution]:
    for is_open in (True, False):
        for info in executions(place.service, place.domain, is_open=is_open):
            if info["workflowType"]["name"] == NOTEBOOK_TYPE:
                name, day = (*(info.get("tagList") or []), "", "")[:2]
                execution = info["execution"]
                yield NotebookExecution(place, name, day or None, execution["workflowId"], execution["runId"])
