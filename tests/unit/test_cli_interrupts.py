"""What a signal may touch: it comes in the middle of whatever the main thread does. And what was interrupted is not done."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.application.files import validation
from simpleflow_nb.cli.main import main
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.processes.engine import Engine
from simpleflow_nb.processes.interrupts import Interrupts
from simpleflow_nb.processes.local_run import LocalRun
from simpleflow_nb.processes.process_groups import ProcessGroups
from tests.acceptance.samples import inputs


def test_an_interrupt_that_comes_while_the_run_waits_with_a_lock_in_its_hands_is_taken(tmp_path: Path) -> None:
    """The handler runs in the thread that it interrupts: asking for a lock that this thread holds would hang for ever."""
    with Interrupts() as interrupts, LocalRun(tmp_path / "journal.sqlite3", interrupts=interrupts) as run:
        with run._wake._cond:
            signal.raise_signal(signal.SIGINT)
        assert run.interrupts.count == 1


@pytest.mark.parametrize(
    ("one", "another"), [("a.sqlite3", "b.sqlite3"), ("journal.sqlite3", "b.sqlite3"), ("b.db", "b.sqlite3")]
)
def test_two_journals_of_one_folder_leave_the_processes_and_temporary_files_of_each_other_alone(
    one: str, another: str, tmp_path: Path
) -> None:
    with LocalRun(tmp_path / one) as run, subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        try:
            run._groups.record(process.pid)
            for name in (another, one):
                assert process.poll() is None
                assert run._scratch.path is not None
                assert run._scratch.path.is_dir()
                if name == one:
                    run.service.close()  # as if it had been killed: the next owner of this journal clears away
                LocalRun(tmp_path / name).service.close()
            assert process.wait(60) == -signal.SIGKILL
            assert not run._scratch.path.exists()
        finally:
            process.kill()


def test_what_a_former_version_noted_beside_the_journal_of_the_usual_name_is_cleared_away(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        try:
            ProcessGroups(tmp_path / "processes").record(process.pid)
            LocalRun(tmp_path / "journal.sqlite3").service.close()
            assert process.wait(60) == -signal.SIGKILL
        finally:
            process.kill()


def exit_code(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture
def pythons_own_handler() -> Iterator[None]:
    """In place of the suite's, for which a signal is the end of the suite."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


@pytest.mark.usefixtures("pythons_own_handler")
def test_a_command_that_is_interrupted_is_not_done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupted(file: Path) -> Any:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(validation, "read_with_warnings", interrupted)
    for name in ("a", "b"):
        assert exit_code("validate", inputs(tmp_path / name)) == 1


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[LocalRun], bool]], None]:
    """Nothing is carried out, and the wait for the end is what the function makes of it: False is an interrupt."""

    def replace(wait: Callable[[LocalRun], bool]) -> None:
        monkeypatch.setattr(Engine, "start", lambda engine: engine.decider.register_types())

        def follow(run: LocalRun, is_over: Callable[[], bool], *, mine: object) -> Iterator[None]:
            run.was_interrupted = not wait(run)
            yield from ()

        monkeypatch.setattr(LocalRun, "follow", follow)

    return replace


BACKFILL = ("--from", "2016-01-01", "--to", "2016-01-02", "--quiet")
INTERRUPTED = "interrupted before every run was started; the same command goes on"
CANCELLING = "interrupted before every run was started; the cancellation of the rest is requested"
TERMINATED = "{id} terminated before every run was started: enough"


def test_a_backfill_that_is_interrupted_before_it_has_started_its_runs_is_not_done_and_goes_on(
    interrupted: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = inputs(tmp_path / "in")
    found: list[list[str]] = []

    def wait(run: LocalRun) -> bool:
        found.append([one["workflowId"] for one in run.open_runs("backfill_workflow")])
        return False

    interrupted(wait)
    for _ in range(2):
        assert exit_code("backfill", file, "days", *BACKFILL, "--outputs", tmp_path / "out") == 1
        assert capsys.readouterr() == ("", f"2 runs of days, 0 left out\nsimpleflow-nb: {INTERRUPTED}\n")
    assert found[0] == found[1]
    assert len(found[0]) == 1


@pytest.mark.parametrize(
    ("call", "is_over", "sentence"),
    [
        ("request_cancel_workflow_execution", False, CANCELLING),  # and no decider has seen that yet
        ("terminate_workflow_execution", False, TERMINATED),
        ("terminate_workflow_execution", True, TERMINATED),  # by another terminal
    ],
)
def test_a_backfill_that_was_ended_before_it_has_started_its_runs_is_not_done(
    call: str,
    is_over: bool,
    sentence: str,
    interrupted: Callable[..., None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ids: list[str] = []

    def wait(run: LocalRun) -> bool:
        [one] = run.open_runs("backfill_workflow")
        ids.append(one["workflowId"])
        reason = {"reason": "enough"} if call.startswith("terminate") else {}
        run.interrupts.count = 0 if is_over else 2
        getattr(run.service, call)(domain=DOMAIN, **one, **reason)
        return is_over

    interrupted(wait)
    file = inputs(tmp_path / "in")
    assert exit_code("backfill", file, "days", *BACKFILL, "--outputs", tmp_path / "out") == 1
    expected = f"2 runs of days, 0 left out\nsimpleflow-nb: {sentence.format(id=ids[0])}\n"
    assert capsys.readouterr() == ("", expected)


def test_the_one_check_of_a_sensor_that_is_interrupted_is_not_done(
    interrupted: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(lambda run: False)
    file = inputs(tmp_path / "in")
    assert exit_code("sensor.start", file, "--local", "--once", "--quiet", "--outputs", tmp_path / "out") == 1
    assert capsys.readouterr() == (
        "",
        "simpleflow-nb: interrupted before the check for new dates had ended; the same command makes it anew\n",
    )


def test_a_sensor_on_a_schedule_is_ended_by_an_interrupt_as_it_should_be(
    interrupted: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(lambda run: False)
    file = inputs(tmp_path / "in")
    assert exit_code("sensor.start", file, "--local", "--quiet", "--outputs", tmp_path / "out") == 0
    assert capsys.readouterr() == ("", "looking for new dates at '0 6 * * *' (UTC); Ctrl-C stops\n")
