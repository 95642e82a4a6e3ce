"""Middlewares, and activities that they stand around; another interpreter can import them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from simpleflow_nb import activity

NOTES = "MIDDLEWARE_NOTES"  #: the variable that names the file in which all of them write


def note(**what: Any) -> None:
    with Path(os.environ[NOTES]).open("a", encoding="utf-8") as file:
        file.write(json.dumps({**what, "pid": os.getpid()}) + "\n")


def notes() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(os.environ[NOTES]).read_text(encoding="utf-8").splitlines()]


def first(context: dict[str, Any]) -> None:
    note(called="first", context=context)


def second(context: dict[str, Any]) -> None:
    note(called="second")


def after(context: dict[str, Any], result: Any) -> None:
    note(called="after", activity=context["activity_id"], result=result)


def refusing(context: dict[str, Any], result: Any = None) -> None:
    raise PermissionError(f"{context['name'].rpartition('.')[2]} is not allowed here")


not_a_function = 3


@activity.with_attributes(meta={"cost": "high"}, raises_on_failure=False)
def in_thread(x: int) -> int:
    note(called="body")
    return x + 1


@activity.with_attributes(isolation="process", meta={"cost": "high"}, raises_on_failure=False)
def in_process(x: int) -> int:
    note(called="body")
    return x + 1
