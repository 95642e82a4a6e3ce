"""Runs of workflow classes as calls: what comes of them, and that the command prints the same document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb import Workflow
from simpleflow_nb.application.events import Note, UnderWay
from simpleflow_nb.application.executions.class_runs import ClassRun, start_class_here
from simpleflow_nb.cli.main import main
from simpleflow_nb.exceptions import DefinitionError, ExitCode, ServiceError, SimpleflowError
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.service import LocalService


class Twice(Workflow):
    name = "twice"

    def run(self, number: int) -> int:
        if number < 0:
            raise ValueError("too small")
        return 2 * number


class Waiting(Workflow):
    name = "waiting"

    def run(self) -> str:
        return str(self.next_signal("go").result)


def call(journal: Path, path: str, *arguments: Any) -> UnderWay[Any]:
    return UnderWay(start_class_here(ClassRun(f"{__name__}.{path}", {"args": list(arguments)}, workflow_id="w"), journal))


def test_a_run_gives_its_result(tmp_path: Path) -> None:
    outcome = call(tmp_path / "journal.sqlite3", "Twice", 4).result()
    assert (outcome.is_completed, outcome.status, outcome.result) == (True, "completed", 8)


def test_a_run_that_fails_gives_the_reason_and_the_traceback_of_its_code(tmp_path: Path) -> None:
    outcome = call(tmp_path / "journal.sqlite3", "Twice", -1).result()
    assert (outcome.is_completed, outcome.status) == (False, "failed")
    assert "too small" in str(outcome.reason)
    assert outcome.traceback.rstrip().endswith("ValueError: too small")


def test_input_that_the_class_does_not_take_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"Twice.run\(\) does not take this input: missing a required argument: 'number'"):
        call(tmp_path / "journal.sqlite3", "Twice").result()
    assert not (tmp_path / "journal.sqlite3").exists()


@pytest.mark.parametrize(
    ("code", "kind", "exit_code"),
    [
        ("ValidationException", DefinitionError, ExitCode.WRONG),
        ("LimitExceededFault", ServiceError, ExitCode.UNREACHABLE),
        ("ThrottlingException", ServiceError, ExitCode.UNREACHABLE),
    ],
)
def test_a_start_that_may_succeed_later_is_no_mistake_of_the_definition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, kind: type[SimpleflowError], exit_code: ExitCode
) -> None:
    def refuses(*_: Any, **__: Any) -> None:
        raise Fault(code, "too much is open")

    monkeypatch.setattr(LocalService, "start_workflow_execution", refuses)
    with pytest.raises(kind) as refusal:
        call(tmp_path / "journal.sqlite3", "Twice", 4).result()
    assert (str(refusal.value), refusal.value.exit_code) == ("the run cannot be started: too much is open", exit_code)


def test_a_run_whose_call_was_given_up_goes_on_with_the_next(tmp_path: Path) -> None:
    former = call(tmp_path / "journal.sqlite3", "Waiting")
    next(former)
    former.close()
    events = call(tmp_path / "journal.sqlite3", "Waiting")
    assert next(events) == Note("going on with w (--new starts another run)")
    events.close()


def test_the_command_prints_the_same_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        f"{__name__}.Twice",
        "--local",
        "--json",
        "--input",
        "[4]",
        "--workflow-id",
        "w",
        "--db",
        str(tmp_path / "a.sqlite3"),
    ]
    with pytest.raises(SystemExit) as ended:
        main(["workflow.start", *words, "--db", str(tmp_path / "a.sqlite3")])
    printed = json.loads(capsys.readouterr().out)["execution"]
    given = call(tmp_path / "b.sqlite3", "Twice", 4).result().to_dict()["execution"]
    own = ("run_id", "started", "closed", "seconds")
    assert ended.value.code == 0
    assert {key: printed[key] for key in printed if key not in own} == {key: given[key] for key in given if key not in own}
