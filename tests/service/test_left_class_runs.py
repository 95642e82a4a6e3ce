"""A run of a class beside the process that has the journal: what that one says of itself decides what becomes of the run."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from examples.basic import BasicWorkflow
from simpleflow_nb.application.events import Note, UnderWay
from simpleflow_nb.application.executions.class_runs import ClassRun, start_class_here
from simpleflow_nb.application.runners import left_runs
from simpleflow_nb.exceptions import JournalInUse
from simpleflow_nb.local.ownership import OwnerWork, owner_pid, owner_work
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.workflow_classes import class_file
from simpleflow_nb.workflow import execution_input
from tests.acceptance.conftest import wait_until

KEY = f"{BasicWorkflow.type_name()} {BasicWorkflow.version}"
WANTED = ClassRun("examples.basic.BasicWorkflow", {"args": [1, 0]}, "sum")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def owner(journal: Path) -> Iterator[LocalService]:
    """The owner of the journal, who decides nothing by itself."""
    service = LocalService.open(journal)
    service.register_workflow_type(
        domain=DOMAIN,
        name=BasicWorkflow.type_name(),
        version=BasicWorkflow.version,
        defaultTaskStartToCloseTimeout="60",
        defaultExecutionStartToCloseTimeout="3600",
        defaultChildPolicy="TERMINATE",
    )
    yield service
    service.close()


def test_an_owner_says_what_it_carries_out_below_its_process_id(journal: Path, owner: LocalService) -> None:
    pid = owner_pid(journal)
    assert owner_work(journal) is None
    work = OwnerWork("list", {KEY: "basic.py"}, {"run": "why"})
    owner.note_work(work)
    assert (owner_pid(journal), owner_work(journal)) == (pid, work)
    owner.note_work(OwnerWork())
    assert (owner_pid(journal), owner_work(journal)) == (pid, OwnerWork())
    owner.close()
    assert (owner_pid(journal), owner_work(journal)) == (0, None)


@pytest.mark.parametrize(
    "work",
    [None, OwnerWork(), OwnerWork("list"), OwnerWork("list", {KEY: "/another/basic.py"}), OwnerWork("list", {"basic 0": "x"})],
)
def test_an_owner_that_does_not_decide_the_class_is_refused(
    work: OwnerWork | None, journal: Path, owner: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_runs, "_WORD_SECONDS", 0.2)
    if work is not None:
        owner.note_work(work)
    with pytest.raises(JournalInUse) as refused:
        UnderWay(start_class_here(WANTED, journal, workers=1)).result()
    assert str(refused.value) == (
        f"{journal} is in use by process {owner_pid(journal)}; wait for it, stop it, or name another file with --db"
    )
    assert owner.open_executions(DOMAIN) == []


def test_a_run_that_cannot_go_on_in_the_owner_is_told_of(journal: Path, owner: LocalService) -> None:
    work = OwnerWork("list", {KEY: class_file(BasicWorkflow)})
    owner.note_work(work)
    call = UnderWay(start_class_here(WANTED, journal))
    said: list[str] = []
    for event in call:
        if isinstance(event, Note):
            said.append(event.text)
            run_id = owner.open_executions(DOMAIN)[0].run_id
            owner.note_work(OwnerWork(work.decision_list, work.decides, {run_id: "the code has changed"}))
    end = call.result()
    assert (end.workflow_id, end.status) == ("sum", "open")
    assert end.notes == (
        "sum cannot go on: the code has changed",
        "fix the code and type the same command again once that process has ended: it goes on where it was",
    )
    carries = "carries it out; Ctrl-C ends the waiting here, not the run"
    assert said == [f"process {owner_pid(journal)} has {journal} and {carries}"]


def test_what_the_owner_has_not_taken_before_its_end_is_done_once_by_the_next_one(journal: Path, owner: LocalService) -> None:
    owner.note_work(OwnerWork("list", {KEY: class_file(BasicWorkflow)}))
    owner.take_requests(False)
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(UnderWay(start_class_here(WANTED, journal, workers=1)).result()))
    thread.start()
    with closing(sqlite3.connect(journal)) as db:
        wait_until(lambda: db.execute("SELECT count(*) FROM requests").fetchone()[0])
    owner.close()
    thread.join(60)
    (end,) = found
    assert (end.workflow_id, end.status, end.result) == ("sum", "completed", 4)
    with closing(LocalService.open(journal)) as service:
        assert [one.workflow_id for one in service.closed_executions(DOMAIN)] == ["sum"]


@pytest.mark.parametrize(("arguments", "result"), [([1, 0], 4), ([2, 0], 6)], ids=["the same input", "another input"])
def test_a_run_that_the_owner_has_continued_as_new_goes_on_in_the_next_one(
    arguments: list[int], result: int, journal: Path, owner: LocalService
) -> None:
    owner.note_work(OwnerWork("list", {KEY: class_file(BasicWorkflow)}))
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(UnderWay(start_class_here(WANTED, journal, workers=1)).result()))
    thread.start()
    task = owner.poll_for_decision_task(domain=DOMAIN, taskList={"name": "list"})
    onward = {
        "input": execution_input(BasicWorkflow, {"args": arguments}),
        "taskList": {"name": "list"},
        "workflowTypeVersion": BasicWorkflow.version,
    }
    owner.respond_decision_task_completed(
        taskToken=task["taskToken"],
        decisions=[
            {
                "decisionType": "ContinueAsNewWorkflowExecution",
                "continueAsNewWorkflowExecutionDecisionAttributes": onward,
            }
        ],
    )
    owner.close()
    thread.join(60)
    (end,) = found
    assert (end.workflow_id, end.status, end.result) == ("sum", "completed", result)
