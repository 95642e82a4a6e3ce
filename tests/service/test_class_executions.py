"""Executions of workflow classes, as programs carry them out, look at them and ask something of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb import Workflow
from simpleflow_nb.application.events import Note, RunChanged, UnderWay, Watching
from simpleflow_nb.application.executions.class_runs import ClassRun, start_class_here
from simpleflow_nb.application.executions.execution_requests import cancel_execution, signal_execution
from simpleflow_nb.application.executions.notebook_executions import execution_meant
from simpleflow_nb.application.opened_places import opened_journal
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.processes.interrupts import Interrupts


class Awaiting(Workflow):
    name, version, task_list = "awaiting", "1", "x"

    def run(self) -> Any:
        return self.next_signal("go").result


class Renewed(Workflow):
    """Goes on as a new execution with another input, and waits there."""

    name, version, task_list = "renewed", "1", "x"

    def run(self, number: int) -> Any:
        if number == 0:
            self.submit(self.continue_as_new(1)).result
        return [number, self.next_signal("go").result]


AWAITING = f"{__name__}.Awaiting"


def ended(wanted: ClassRun, journal: Path, interrupts: Interrupts | None = None) -> Any:
    """The sentences that it was told with, and the end."""
    call = UnderWay(start_class_here(wanted, journal, workers=1, interrupts=interrupts))
    said = [event.text for event in call if isinstance(event, Note)]
    return said, call.result()


def test_a_program_runs_a_class_and_has_its_result(tmp_path: Path) -> None:
    said, end = ended(ClassRun("examples.basic.BasicWorkflow", {"args": [1, 0]}, "sum"), tmp_path / "journal.sqlite3")
    assert (said, end.workflow_id, end.status, end.result, end.notes) == ([], "sum", "completed", 4, ())
    assert end.sentence == "sum completed"
    assert end.seconds is not None
    assert end.seconds >= 0


def test_what_was_interrupted_goes_on_once_its_signal_has_come(tmp_path: Path) -> None:
    journal, wanted, interrupts = tmp_path / "journal.sqlite3", ClassRun(AWAITING, {}, "waiting"), Interrupts()
    interrupts.count = 1  # as if somebody had typed Ctrl-C at once
    _, end = ended(wanted, journal, interrupts)
    assert (end.status, end.closed) == ("open", None)
    assert end.notes == ("waiting is interrupted; the same command goes on with it",)
    with opened_journal(journal) as place:
        execution = execution_meant(place, "wait")
        request = signal_execution(place, execution, "go", '{"a":7}')
    asked = {"workflow_id": "waiting", "run_id": execution["runId"], "takes_effect_now": False}
    assert request.to_dict() == {"schema": 1, "request": asked}
    said, end = ended(wanted, journal)
    assert (said, end.status, end.result) == (["going on with waiting (--new starts another run)"], "completed", {"a": 7})
    with opened_journal(journal) as place, pytest.raises(DefinitionError, match=r"^waiting has ended already \(completed\)$"):
        cancel_execution(place, execution)


@pytest.mark.parametrize("workflow_id", ["chain", None])
def test_what_was_interrupted_after_it_went_on_as_a_new_execution_goes_on(tmp_path: Path, workflow_id: str | None) -> None:
    journal, wanted, interrupts = (
        tmp_path / "journal.sqlite3",
        ClassRun(f"{__name__}.Renewed", {"args": [0]}, workflow_id),
        Interrupts(),
    )
    call = UnderWay(start_class_here(wanted, journal, workers=1, interrupts=interrupts))
    for event in call:
        interrupts.count = int(isinstance(event, RunChanged) and event.run.status == "CONTINUED_AS_NEW") or interrupts.count
    first = call.result()
    assert first.notes == (f"{first.workflow_id} is interrupted; the same command goes on with it",)
    with opened_journal(journal) as place:
        signal_execution(place, execution_meant(place, first.workflow_id), "go", '"on"')
    with UnderWay(start_class_here(wanted, journal, workers=1)) as call:
        told = next(event for event in call if isinstance(event, Note | Watching))
        assert told == Note(f"going on with {first.workflow_id} (--new starts another run)")
        end = call.result()
    assert (end.workflow_id, end.status, end.result) == (first.workflow_id, "completed", [1, "on"])


def test_arguments_that_the_class_does_not_take_start_nothing(tmp_path: Path) -> None:
    wanted = ClassRun(AWAITING, {"args": [1]})
    with pytest.raises(DefinitionError, match=r"Awaiting\.run\(\) does not take this input: too many positional arguments$"):
        ended(wanted, tmp_path / "journal.sqlite3")
    assert not list(tmp_path.iterdir())
