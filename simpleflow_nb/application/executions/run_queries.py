"""Questions to a run that its workflow's queries answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...inspection.documents import Document, document_of
from ...queries import Query
from ..places import Place
from ..services import Service
from .run_moments import RunMoment, found_run, observed


@dataclass(frozen=True)
class RunAnswer:
    """The answer of a query, and the moment for which it is true."""

    query: str
    answer: Any  #: a JSON value
    moment: RunMoment

    def to_dict(self) -> Document:
        return document_of("query", {"name": self.query, "answer": self.answer, **self.moment.to_dict()})


@dataclass(frozen=True)
class RunQueries:
    """The queries of the class of a run."""

    workflow: str  #: dotted path of the class
    queries: tuple[Query, ...]  #: by name

    def to_dict(self) -> Document:
        rows = [{"name": one.name, "signature": one.signature, "summary": one.summary or None} for one in self.queries]
        return document_of("queries", rows)


def answer_of(
    place: Place,
    execution: dict[str, str],
    query: str,
    arguments: dict[str, Any] | None = None,
    *,
    workflow: str | None = None,
) -> RunAnswer:
    """Ask a run, open or closed: its history is replayed in this process, and nothing is sent to its service.

    Args:
        arguments: ``{"args": [...], "kwargs": {...}}``, each only when there is one.
        workflow: dotted path of the run's class; None is the one named in its input.

    Raises:
        DefinitionError: there is no such query, it does not take these arguments, or it does more than look.
        QueryFailed: it has raised an exception, or its answer has no JSON form.
        WorkflowNotFound: the class cannot be imported here, or is of another version than the run.
        ReplayError: the code does not match the history, or a payload cannot be read.
        ServiceError: the service cannot be reached, or the journal cannot be read.
    """
    given = arguments or {}
    with observed(place, execution, workflow) as run:
        answer = run.ask(query, given.get("args", ()), given.get("kwargs"))
        return RunAnswer(query, answer, RunMoment.of(run))


def queries_in(place: Place, execution: dict[str, str], *, workflow: str | None = None) -> RunQueries:
    """Return the queries that a run answers. Nothing is replayed; the errors are those of `answer_of`."""
    with observed(place, execution, workflow) as run:
        return RunQueries(run.workflow_class.class_path(), tuple(run.queries.values()))


def query_run(
    service: Service,
    run: str,
    query: str,
    arguments: dict[str, Any] | None = None,
    *,
    run_id: str | None = None,
    workflow: str | None = None,
    outputs: Path | str = "",
) -> RunAnswer:
    """Ask a run of `Local` or `Swf`, named as on the command line; see `answer_of`.

    Args:
        outputs: the folder of the journal, for `Local` without a ``db``; the working directory by default.
    """
    with found_run(service, run, run_id, outputs) as (place, execution):
        return answer_of(place, execution, query, arguments, workflow=workflow)
