"""Functions that run in processes of their own; another interpreter can import them."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from simpleflow_nb import activity, execute, logging_context

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


class Unusual(Exception):
    def __str__(self) -> str:
        return "très étrange"


@execute.python()
def process_id(*args: Any, **kwargs: Any) -> dict[str, Any]:
    return {"pid": os.getpid(), "args": args, "kwargs": kwargs}


@execute.python()
def echo(value: Any) -> Any:
    print("printed, and no part of the result")
    return value


@execute.python()
def failing(how: str) -> object:
    if how == "raise":
        raise Unusual
    if how == "leak":
        raise ValueError(f"the token is {os.environ['FLOWAPI_TOKEN']}")
    if how == "exit":
        sys.exit(3)
    if how == "exit 0":
        sys.exit(0)
    if how == "die":
        os._exit(7)
    if how == "kill":
        os.kill(os.getpid(), 9)
    return object()


@execute.python()
def told_context(*_: Any) -> Any:
    return told_context.context  # type: ignore[attr-defined]  # set by the caller


def start_family(file: str) -> None:
    """Start a child that ignores SIGTERM, and one in a session of its own, and write the three process ids."""
    stubborn = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    apart = subprocess.Popen(SLEEPER, start_new_session=True)
    part = Path(f"{file}.part")
    part.write_text(f"{os.getpid()} {stubborn.pid} {apart.pid}")
    part.rename(file)


@execute.python(timeout=1.5)
def too_slow(file: str) -> None:
    start_family(file)
    time.sleep(600)


@execute.python(kill_children=True)
def parent(file: str) -> str:
    start_family(file)
    return "done"


@execute.python()
def patient(file: str) -> None:
    start_family(file)
    time.sleep(600)


@execute.python(env={"PATH": os.environ["PATH"], "COLOUR": "green"})
def environment() -> dict[str, str]:
    return dict(os.environ)


@execute.python(interpreter="no-such-python")
def elsewhere() -> None:
    pass


@execute.python()
class Crunching:
    def __init__(self, x: int, y: int = 0) -> None:
        self.x, self.y = x, y

    def execute(self) -> list[int]:
        self.sum = self.x + self.y
        return [os.getpid(), self.sum]

    def post_execute(self) -> None:
        print("after", self.sum)


@execute.program()
def echo_words(*words: str) -> str:
    raise AssertionError("the body is not used")


@execute.program(path="echo")
def words(first: Any, second: Any = None) -> str:
    raise AssertionError("the body is not used")


@execute.program(path="cat")
def cat(path: str) -> str:
    raise AssertionError("the body is not used")


@execute.program(path="sleep", argument_format=lambda seconds: [str(seconds)])
def sleep(seconds: int) -> str:
    raise AssertionError("the body is not used")


@activity.with_attributes(raises_on_failure=False)
@execute.python()
def activity_in_another_process(how: str) -> Any:
    if how == "raise":
        raise Unusual
    return activity_in_another_process.callable.executed_body.context["activity_id"]  # type: ignore[union-attr]


@activity.with_attributes(raises_on_failure=False)
@execute.python()
def told_ids() -> dict[str, str]:
    logging.getLogger(__name__).warning("in the other process")
    return {key: logging_context.get(key) for key in logging_context.ENV_KEYS}


@activity.with_attributes(raises_on_failure=False)
@execute.python()
def patient_activity(file: str) -> None:
    start_family(file)
    time.sleep(600)


@activity.with_attributes(raises_on_failure=False)
@execute.program(path="sleep")
def sleeping_activity(seconds: int) -> str:
    raise AssertionError("the body is not used")
