"""Executions of workflow classes, as programs carry them out, look at them and ask something of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb import Workflow
from simpleflow_nb.application.class_runs import ClassOutcome, ClassRun, start_class_here
from simpleflow_nb.application.events import Note, UnderWay
from simpleflow_nb.application.execution_requests import cancel_execution, signal_execution
from simpleflow_nb.application.notebook_executions import execution_meant
from simpleflow_nb.application.opened_places import opened_journal
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.processes.interrupts import Interrupts


class Awaiting(Workflow):
    name, version, task_list = "awaiting", "1", "x"

    def run(self) -> Any:
        return self.next_signal("go").result


AWAITING = f"{__name__}.Awaiting"


class Interrupted(Interrupts):
    """As if somebody had typed Ctrl-C at once."""

    def __enter__(self) -> Interrupts:
        self.count = 1
        return self


def ended(wanted: ClassRun, journal: Path, interrupts: Interrupts | None = None) -> tuple[list[str], ClassOutcome]:
    call = UnderWay(start_class_here(wanted, journal, workers=1, interrupts=interrupts))
    said = [event.text for event in call if isinstance(event, Note)]
    return said, call.result()


def test_what_was_interrupted_goes_on_once_its_signal_has_come(tmp_path: Path) -> None:
    journal, wanted, interrupts = tmp_path / "journal.sqlite3", ClassRun(AWAITING, {}, "waiting"), Interrupted()
    said, outcome = ended(wanted, journal, interrupts)
    assert (said, outcome.how) == ([], "open")
    with opened_journal(journal) as place:
        execution = execution_meant(place, "wait")
        request = signal_execution(place, execution, "go", '{"a":7}')
    asked = {"workflow_id": "waiting", "run_id": execution["runId"], "takes_effect_now": False}
    assert request.to_dict() == {"schema": 1, "request": asked}
    said, outcome = ended(wanted, journal)
    assert said == ["going on with waiting (--new starts another run)"]
    assert (outcome.how, outcome.result) == ("completed", {"a": 7})
    with opened_journal(journal) as place, pytest.raises(DefinitionError, match=r"^waiting has ended already \(completed\)$"):
        cancel_execution(place, execution)
