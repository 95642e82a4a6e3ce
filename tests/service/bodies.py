"""Workflows and activities for the tests of processes: what the bodies did is in files, named by what they are given."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from simpleflow_nb import Workflow, activity, futures
from simpleflow_nb.activity_context import context

LISTS = {"work": 4}


@activity.with_attributes(version="1", task_list="work")
def increment(x: int) -> int:
    return x + 1


class Chain(Workflow):
    """Increments one after the other."""

    name, version, task_list = "chain", "1", "decide"

    def run(self, start: int, length: int) -> int:
        value = start
        for _ in range(length):
            value = self.submit(increment, value).result
        return value


class Hurried(Chain):
    """Its decision tasks come again soon when their answer is lost."""

    name = "hurried"
    decision_tasks_timeout = 2


@activity.with_attributes(version="1", task_list="work", retry=2, heartbeat_timeout=3)
def go_on_from_half(how: str) -> str | None:
    task = context()
    if task.activity_id.endswith("-1"):
        task.heartbeat("a quarter")
        task.heartbeat("half")
        raise ValueError(how)
    if task.activity_id.endswith(".2"):
        raise ValueError("not a word of progress")
    return task.last_heartbeat_details


@activity.with_attributes(version="1", task_list="work", retry=2, heartbeat_timeout=3, isolation="process")
def go_on_from_half_elsewhere(how: str) -> str | None:
    return go_on_from_half(how)


@activity.with_attributes(version="1", task_list="work", retry=1, start_to_close_timeout=1)
def go_on_after_timeout(how: str) -> str | None:
    task = context()
    if task.activity_id.endswith(".2"):
        return task.last_heartbeat_details
    task.heartbeat("half")
    wait_for_cancellation()
    return "the timeout was not noticed"


class Single(Workflow):
    """One activity of this module, with one argument."""

    name, version, task_list = "single", "1", "decide"

    def run(self, body: str, argument: Any) -> Any:
        return self.submit(globals()[body], argument).result


def wait_for_cancellation() -> None:
    task = context()
    for _ in range(600):
        task.check()
        time.sleep(0.05)


@activity.with_attributes(version="1", task_list="work", heartbeat_timeout=3, start_to_close_timeout=30)
def wait_in_thread(note: str) -> None:
    Path(note).write_text(str(os.getpid()))
    wait_for_cancellation()


@activity.with_attributes(version="1", task_list="work", heartbeat_timeout=3, start_to_close_timeout=30, isolation="process")
def wait_in_process(note: str) -> None:
    Path(note).write_text(str(os.getpid()))
    time.sleep(60)


@activity.with_attributes(version="1", task_list="work", start_to_close_timeout=4, isolation="process")
def outlast_in_process(note: str) -> None:
    Path(note).write_text(str(os.getpid()))
    time.sleep(60)


@activity.with_attributes(version="1", task_list="work", heartbeat_timeout=2)
def work_for(seconds: float) -> str:
    time.sleep(seconds)
    return "worked"


@activity.with_attributes(version="1", task_list="work", heartbeat_timeout=2, isolation="process")
def work_for_elsewhere(seconds: float) -> str:
    time.sleep(seconds)
    return "worked"


@activity.with_attributes(version="1", task_list="work")
def leave(code: int) -> None:
    sys.exit(code)


@activity.with_attributes(version="1", task_list="work", heartbeat_timeout=30)
def report(count: int) -> int:
    for number in range(count):
        context().heartbeat(str(number))
    return count


class Cancelling(Workflow):
    """Starts an activity and cancels it as soon as it has left its note."""

    name, version, task_list = "cancelling", "1", "decide"

    def run(self, body: str, note: str) -> str:
        waiting = self.submit(globals()[body], note)
        started = self.submit(await_note, note)
        futures.wait(started)
        waiting.cancel()
        try:
            waiting.result
        except Exception as error:
            return type(error).__name__
        return "not cancelled"


@activity.with_attributes(version="1", task_list="work")
def await_note(note: str) -> None:
    while not Path(note).exists():
        time.sleep(0.02)
