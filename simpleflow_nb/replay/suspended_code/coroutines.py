"""Coroutines of workflow code: driven without an event loop, because awaiting a future suspends the greenlet around it."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Iterable
from types import CoroutineType
from typing import Any

from ...exceptions import DefinitionError

_INSTEAD = {
    "gather": "futures.gather(...)",
    "sleep": "self.timer(seconds)",
    "wait_for": "async with self.timeout(seconds)",
    "timeout": "async with self.timeout(seconds)",
    "create_task": "async with self.task_group() as group: group.create_task(...)",
    "ensure_future": "async with self.task_group() as group: group.create_task(...)",
    "TaskGroup": "self.task_group()",
    "wait": "futures.wait(...) or futures.wait_any(...)",
    "as_completed": "futures.as_completed(...)",
    "to_thread": "an activity",
    "shield": "self.cancellation",
}
_ASYNCIO_SAYS = ("no running event loop", "There is no current event loop")


def driven(coroutine: CoroutineType[Any, Any, Any]) -> Any:
    """Run a coroutine and return its value. It never yields: awaiting a future suspends the greenlet.

    Raises:
        DefinitionError: it awaits something of asyncio's or of another event loop.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    except RuntimeError as error:
        if not str(error).startswith(_ASYNCIO_SAYS):  # sleep, gather and others, before they yield anything
            raise
        raise DefinitionError(_refusal(_asyncio_name(error))).with_traceback(error.__traceback__) from None
    name = _awaited_name(coroutine)
    coroutine.close()
    raise DefinitionError(_refusal(name))


def _awaited_name(coroutine: Any) -> str:
    """Return the function of asyncio that a coroutine is suspended in, empty for anything else."""
    awaited = coroutine
    while (awaited := getattr(awaited, "cr_await", None)) is not None:
        code = getattr(awaited, "cr_code", None)
        if code is not None and code.co_filename.rpartition("/")[0].endswith("asyncio"):
            return str(code.co_name)
    return ""


def close_unstarted(awaitables: Iterable[Any]) -> None:
    """Close the coroutines among these that nothing has awaited, and that nothing will: Python warns of others."""
    for one in awaitables:
        if type(one) is CoroutineType and inspect.getcoroutinestate(one) == inspect.CORO_CREATED:
            one.close()


def _asyncio_name(error: BaseException) -> str:
    """Return the function of asyncio that the workflow's code has called."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_globals.get("__name__", "").partition(".")[0] != "asyncio":
            continue
        name = frame.f_code.co_name
        if name == "__aenter__":
            kind = type(frame.f_locals.get("self")).__name__
            return "timeout" if kind == "Timeout" else kind
        return name
    return ""


def _refusal(name: str) -> str:
    instead = _INSTEAD.get(name)
    if instead is not None:
        return f"asyncio.{name} does not work in a workflow; use {instead}"
    return (
        "async run() may only await what submit() returned, futures.gather(...) and coroutines of its own; asyncio and other "
        "event loops do not work in a workflow"
    )
