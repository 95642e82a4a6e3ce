"""Middlewares around the bodies of a worker."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.middlewares import Middlewares
from simpleflow_nb.processes.worker import Worker
from simpleflow_nb.testing import harness

from . import middleware_functions as functions
from .one_activity import One

HERE = functions.__name__


def around(pre: tuple[str, ...] = (), post: tuple[str, ...] = ()) -> Middlewares:
    return Middlewares(tuple(f"{HERE}.{name}" for name in pre), tuple(f"{HERE}.{name}" for name in post))


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run an activity between middlewares; return its end and what was noted."""
    monkeypatch.setenv(functions.NOTES, str(tmp_path / "notes"))
    (tmp_path / "notes").touch()

    def run(task, middlewares: Middlewares):
        monkeypatch.setattr(One, "task", task)
        with harness(One, workers=1) as opened:
            opened.engine.worker.middlewares = middlewares
            end = opened.result(*opened.start(One, 1, workflow_id="w"))
        return end, functions.notes()

    return run


@pytest.mark.parametrize(("task", "is_elsewhere"), [(functions.in_thread, False), (functions.in_process, True)])
def test_middlewares_are_called_in_their_order_around_the_body_in_its_process(noted, task, is_elsewhere):
    end, calls = noted(task, around(("first", "second"), ("after",)))
    assert end == {"result": 2, "error": None}
    assert [call["called"] for call in calls] == ["first", "second", "body", "after"]
    assert {call["pid"] != os.getpid() for call in calls} == {is_elsewhere}
    assert len({call["pid"] for call in calls}) == 1
    assert calls[-1]["result"] == 2


@pytest.mark.parametrize("task", [functions.in_thread, functions.in_process])
def test_a_middleware_gets_the_task_under_the_keys_of_simpleflow(noted, task):
    _, calls = noted(task, around(("first",)))
    context = calls[0]["context"]
    run_id = context.pop("run_id")
    assert len(run_id) > 8
    assert context == {
        "name": task.name,
        "version": "1",
        "workflow_id": "w",
        "activity_id": f"activity-{task.name}-1",
        "input": {"args": [1], "kwargs": {}, "meta": {"cost": "high"}},
        "domain_name": DOMAIN,
        "activity_task_list": "testing",
    }


@pytest.mark.parametrize("task", [functions.in_thread, functions.in_process])
def test_a_middleware_that_raises_before_the_body_fails_the_attempt_and_the_body_is_not_run(noted, task):
    end, calls = noted(task, around(("refusing", "first"), ("after",)))
    name = task.name.rpartition(".")[2]
    assert end["error"].endswith(f"PermissionError: {name} is not allowed here")
    assert calls == []


def test_a_middleware_that_raises_after_the_body_fails_the_attempt(noted):
    end, calls = noted(functions.in_thread, around((), ("refusing",)))
    assert end["error"].endswith("PermissionError: in_thread is not allowed here")
    assert [call["called"] for call in calls] == ["body"]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("function", "middleware function: write the module too, as in package.module.function"),
        (f"{HERE}.nothing", f"middleware {HERE}.nothing: there is no such function in {HERE}"),
        (f"{HERE}.not_a_function", f"middleware {HERE}.not_a_function: it cannot be called in {HERE}"),
        (
            "no_such_package.function",
            "middleware no_such_package.function: no_such_package cannot be imported: "
            "ModuleNotFoundError: No module named 'no_such_package'",
        ),
    ],
)
def test_a_worker_with_a_middleware_that_cannot_be_called_does_not_start(path, told):
    service = LocalService()
    try:
        with pytest.raises(DefinitionError) as refused:
            Worker(service, DOMAIN, {"list": 1}, middlewares=Middlewares((), (path,)))
    finally:
        service.close()
    assert str(refused.value) == told
