"""The runs of a workflow file, or some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...exceptions import DefinitionError
from ...inspection.documents import SCHEMA
from ..arguments import check_date, check_text, check_word
from ..records.run_rows import RunRow, interruption, run_rows

if TYPE_CHECKING:
    from deciders.specification import Specification

    from ..services import Service


@dataclass(frozen=True)
class RunChoice:
    """Choice of runs, by workflow, state and period."""

    name: str | None = None  #: of the workflow; None: of all of them
    state: str | None = None  #: a `deciders.values.run_state.RunState`, or a word that any version has written for one
    first: date | None = None  #: reference date
    last: date | None = None
    every_run: bool = False  #: not only the latest of each instance

    def __post_init__(self) -> None:
        """Check the choice, and read the word of its state.

        Raises:
            DefinitionError: there is no such state, or an end of the period is not a date.
        """
        check_text("name", self.name, is_optional=True)
        check_date("first", self.first, is_optional=True)
        check_date("last", self.last, is_optional=True)
        if self.state is not None:
            from deciders.values.run_state import STORED_WORDS

            check_word("state", self.state, list(STORED_WORDS))
            object.__setattr__(self, "state", STORED_WORDS[self.state])

    def takes(self, row: RunRow) -> bool:
        """Tell whether a run is wanted; of a period none without a date."""
        is_named = self.name in (None, row.workflow) and self.state in (None, row.state)
        if self.first is None and self.last is None:
            return is_named
        day = date.fromisoformat(row.reference_date) if row.reference_date is not None else None
        return is_named and day is not None and (self.first or date.min) <= day <= (self.last or date.max)


@dataclass(frozen=True)
class RunList:
    """Runs by workflow, date and parameters."""

    runs: Sequence[RunRow]
    interrupted: str | None = None  #: a sentence about runs of the file that are open while no process carries them out

    def to_dict(self) -> dict[str, Any]:
        return {"schema": SCHEMA, "runs": [row.to_dict() for row in self.runs], "interrupted": self.interrupted}


def list_runs(specification: Specification, outputs: Path, service: Service, choice: RunChoice) -> RunList:
    """List the runs that are wanted.

    Raises:
        DefinitionError: the file has no workflow of that name, or a workflow belongs to another file.
        ServiceError, RecordsError: the journal or the run records cannot be read, or the service cannot be reached.
    """
    from deciders.problems import did_you_mean
    from deciders.values.run_state import RunState

    known = [workflow.name for workflow in specification.workflows]
    if choice.name is not None and choice.name not in known:
        raise DefinitionError(f"{specification.path.name} has no workflow {choice.name!r}{did_you_mean(choice.name, known)}")
    with service.opened(outputs) as place:
        rows = run_rows(specification, outputs, place, every_run=choice.every_run)
        interrupted = interruption(rows, place) if choice.state in (None, RunState.RUNNING) else ""
    return RunList([row for row in rows if choice.takes(row)], interrupted or None)
