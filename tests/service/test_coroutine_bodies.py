"""Activities that are coroutine functions: a worker carries them out, and ends them when their cancellation is requested."""

from __future__ import annotations

import asyncio
import threading

import pytest

from simpleflow_nb import Workflow, activity
from simpleflow_nb.activity_context import context
from simpleflow_nb.testing import RunFailed, harness, run_workflow

entered = threading.Event()
seen: list[str] = []


@activity.with_attributes()
async def fetch(day):
    await asyncio.sleep(0)
    return f"{day} in {context().workflow_id}"


@activity.with_attributes(retry=1)
async def broken(day):
    await asyncio.sleep(0)
    raise ValueError(day)


@activity.with_attributes()
class Doubled:
    def __init__(self, number):
        self.number = number

    async def execute(self):
        await asyncio.sleep(0)
        seen.append("executed")
        return 2 * self.number

    def post_execute(self):
        seen.append("post_execute")


@activity.with_attributes(raises_on_failure=False)
async def endless():
    try:
        entered.set()
        await asyncio.Event().wait()
    finally:
        seen.append("tidied up")


@activity.with_attributes()
async def cancels_itself():
    raise asyncio.CancelledError("enough")


class One(Workflow):
    def run(self, name, *args):
        return self.submit({"fetch": fetch, "broken": broken, "doubled": Doubled, "itself": cancels_itself}[name], *args).result


class Canceling(Workflow):
    def run(self):
        future = self.submit(endless)
        self.next_signal("enough").wait()
        future.cancel()
        return type(future.exception).__name__


def test_a_coroutine_function_is_an_activity_like_any_other():
    with harness(One) as service:
        assert service.result(*service.start(One, "fetch", "2013-02-22", workflow_id="w")) == "2013-02-22 in w"


def test_its_exception_fails_the_attempt():
    with pytest.raises(RunFailed) as failed:
        run_workflow(One, "broken", "2013-02-22")
    assert failed.value.reason == "Workflow execution error in activity-tests.service.test_coroutine_bodies.broken-1: " + (
        '"ValueError: 2013-02-22"'
    )
    started = [event for event in failed.value.history if event["eventType"] == "ActivityTaskStarted"]
    assert len(started) == 2


def test_an_activity_class_may_have_a_coroutine_as_execute():
    seen.clear()
    assert run_workflow(One, "doubled", 3) == 6
    assert seen == ["executed", "post_execute"]


def test_a_request_to_cancel_cancels_the_coroutine_where_it_waits():
    seen.clear()
    entered.clear()
    with harness(Canceling) as service:
        run = service.start(Canceling)
        assert entered.wait(60)
        service.signal(run[0], "enough")
        assert service.result(*run) == "TaskCanceled"
    assert seen == ["tidied up"]


def test_a_coroutine_that_cancels_itself_fails():
    with pytest.raises(RunFailed, match="CancelledError: enough"):
        run_workflow(One, "itself")
