"""Code of users that raises what ``except Exception`` lets pass: it fails its task or its run, and ends no thread of ours."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest

from simpleflow_nb import Activity, Workflow, activity
from simpleflow_nb.activity_context import context
from simpleflow_nb.exceptions import RunEnded
from simpleflow_nb.processes.worker import Worker
from simpleflow_nb.testing import RunFailed, harness, run_workflow

from . import bodies as process_bodies
from . import isolated_bodies
from .one_activity import CALLS, Cancelling, ended_as
from .process_threads import ProcessThreads, until


class Outcome(BaseException):
    """Like those of pytest."""


class Unwordable(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


ERRORS: dict[str, BaseException] = {
    "CancelledError: inner": asyncio.CancelledError("inner"),
    "Outcome: failed": Outcome("failed"),
    "KeyboardInterrupt: ": KeyboardInterrupt(),
    "GeneratorExit: ": GeneratorExit(),
    "RunEnded: CompleteWorkflowExecution": RunEnded("CompleteWorkflowExecution", {}),
    "Unwordable: <exception str() failed>": Unwordable(),
}
REASONS = sorted(ERRORS)
AFTER_A_HOOK = threading.Event()


@activity.with_attributes(name="base_exceptions.raising", raises_on_failure=False)
def raising(reason: str) -> None:
    raise ERRORS[reason]


@activity.with_attributes(name="base_exceptions.retried", retry=2)
def retried() -> None:
    CALLS.append("tried")
    raise asyncio.CancelledError("inner")


# ---- bodies ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", REASONS)
def test_whatever_a_body_raises_fails_its_task_with_type_text_and_place(one: Any, reason: str) -> None:
    _, history = one(raising, reason)
    failed = ended_as(history)
    assert failed["reason"] == reason
    details = json.loads(failed["details"])
    kind, _, message = reason.partition(": ")
    assert (details["error"], details["error_type"].rpartition(".")[2], details["message"]) == (reason, kind, message)
    assert "in raising\n    raise ERRORS[reason]" in "".join(details["traceback"])


@pytest.mark.parametrize(
    ("how", "reason"),
    [("cancel", "CancelledError: inner"), ("interrupt", "KeyboardInterrupt: "), ("outcome", "Outcome: failed")],
)
def test_whatever_a_body_in_its_own_process_raises_fails_its_task_the_same_way(one: Any, how: str, reason: str) -> None:
    _, history = one(isolated_bodies.spoil, how)
    failed = ended_as(history)
    assert failed["reason"] == reason
    details = json.loads(failed["details"])
    assert (details["error"], details["error_type"].rpartition(".")[2]) == (reason, reason.partition(":")[0])
    assert "in spoil\n    raise " in "".join(details["traceback"])


def test_the_only_thread_of_a_worker_outlives_them_all() -> None:
    class Many(Workflow):
        name = "base_exceptions.many"

        def run(self) -> list[str]:
            failed = [str(future.exception) for future in self.map(raising, REASONS)]
            return [*failed, str(self.submit(isolated_bodies.add, 1, 2).result)]

    with harness(Many, workers=1) as opened:
        tasks = [f"activity-base_exceptions.raising-{n}" for n in range(1, len(REASONS) + 1)]
        failed = [f"{task}: {reason}" for task, reason in zip(tasks, REASONS, strict=True)]
        assert opened.result(*opened.start(Many)) == [*failed, "3"]
        assert opened.engine.worker.failure is None


def test_retries_are_counted_as_after_any_failure() -> None:
    class Retrying(Workflow):
        name = "base_exceptions.retrying"

        def run(self) -> None:
            self.submit(retried).result

    CALLS.clear()
    with pytest.raises(RunFailed) as failed:
        run_workflow(Retrying)
    reason = 'Workflow execution error in activity-base_exceptions.retried-1: "CancelledError: inner"'
    assert (str(failed.value), CALLS) == (f"FAILED: {reason}", ["tried"] * 3)


def test_a_module_that_ends_so_while_it_is_imported_fails_its_task(one: Any, tmp_path: Any, monkeypatch: Any) -> None:
    (tmp_path / "leaving_module.py").write_text("class Leaving(BaseException): ...\nraise Leaving('not here')\n")
    monkeypatch.syspath_prepend(tmp_path)
    _, history = one(Activity(None, name="leaving_module.load", raises_on_failure=False))
    sentence = "activity leaving_module.load: leaving_module cannot be imported: Leaving: not here"
    assert ended_as(history)["reason"] == f"{sentence} ({tmp_path}/leaving_module.py:2)"


@activity.with_attributes(name="base_exceptions.hooked", raises_on_failure=False)
def hooked() -> None:
    def first() -> None:
        CALLS.append("first")
        raise Outcome("a hook")

    def second() -> None:
        CALLS.append("second")
        AFTER_A_HOOK.set()

    context().on_cancel += [first, second]
    AFTER_A_HOOK.wait(60)
    context().check()


def test_a_hook_that_raises_keeps_no_other_from_a_cancellation(monkeypatch: Any, caplog: Any) -> None:
    CALLS.clear()
    AFTER_A_HOOK.clear()
    monkeypatch.setattr(Cancelling, "task", hooked)
    with harness(Cancelling) as opened:
        started = opened.start(Cancelling)
        until(lambda: opened.engine.worker.running(), "the body")
        opened.signal(started[0], "cancel")
        assert opened.result(*started)[:2] == ["CANCELLED", "TaskCanceled"]
    assert CALLS == ["first", "second"]
    assert "a hook for its cancellation raised Outcome: a hook" in caplog.text


# ---- threads of workers and deciders -----------------------------------------------------------------------------------------


def test_no_thread_of_a_worker_ends_unnoticed(processes: ProcessThreads) -> None:
    def leave(real: Any, request: dict[str, Any]) -> Any:
        raise Outcome("a bug of ours")

    processes.decider()
    processes.interceptor.replacements["respond_activity_task_completed"] = leave
    processes.worker()
    processes.start(process_bodies.Single, "increment", 1)
    until(lambda: processes.failures, "its failure")
    assert [repr(one) for one in processes.failures] == ["RuntimeError('a thread was ended by Outcome: a bug of ours')"]


def test_no_thread_of_a_decider_ends_unnoticed(processes: ProcessThreads) -> None:
    def leave(real: Any, request: dict[str, Any]) -> Any:
        raise Outcome("a bug of ours")

    processes.interceptor.replacements["poll_for_decision_task"] = leave
    processes.decider()
    until(lambda: processes.failures, "its failure")
    assert [repr(one) for one in processes.failures] == ["RuntimeError('a thread was ended by Outcome: a bug of ours')"]


def test_a_worker_whose_heart_stops_ends(processes: ProcessThreads, monkeypatch: Any) -> None:
    def no_more_threads(worker: Worker) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Worker, "_keep_beating", no_more_threads)
    processes.worker()
    until(lambda: processes.failures, "its failure")
    assert [repr(one) for one in processes.failures] == ['RuntimeError("can\'t start new thread")']


def test_what_ends_a_thread_while_its_worker_stops_is_logged(processes: ProcessThreads, caplog: Any) -> None:
    worker = processes.worker()

    def leave(real: Any, request: dict[str, Any]) -> Any:
        worker.worker.stop()
        raise Outcome("a bug of ours")

    processes.interceptor.replacements["respond_activity_task_completed"] = leave
    processes.decider()
    processes.start(process_bodies.Single, "increment", 1)
    until(lambda: "worker on 'work': a bug of ours" in caplog.text, "the line")
    processes.end(worker)
    assert processes.failures == []


# ---- workflows ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [reason for reason in REASONS if not reason.startswith("RunEnded")])
def test_whatever_a_workflow_raises_fails_its_run_and_the_decider_goes_on(reason: str) -> None:
    class Raising(Workflow):
        name = "base_exceptions.workflow"

        def run(self, raises: bool) -> str:
            if raises:
                raise ERRORS[reason]
            return "well"

    with harness(Raising) as opened:
        with pytest.raises(RunFailed) as failed:
            opened.result(*opened.start(Raising, True))
        assert (str(failed.value), failed.value.status) == (f"FAILED: {reason}", "FAILED")
        assert opened.result(*opened.start(Raising, False)) == "well"
        assert opened.engine.failure is None
