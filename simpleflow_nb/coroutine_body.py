"""Bodies of activities that are coroutines: each is carried out by an event loop of its own, in the thread of the task."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from .activity_context import running_context
from .exceptions import ActivityCanceled


def completed(body: Coroutine[Any, Any, Any]) -> Any:
    """Run a body to its end, and return its result.

    A request to cancel the activity cancels the coroutine where it waits.

    Raises:
        ActivityCanceled: the coroutine has ended because the cancellation of the activity was requested.
        BaseException: what the coroutine raises.
    """
    with asyncio.Runner() as runner:
        return runner.run(_ended_on_request(body, runner.get_loop()))


async def _ended_on_request(body: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop) -> Any:
    context = running_context()
    if context is None:
        return await body
    task = loop.create_task(body)

    def cancel() -> None:  # from the worker's thread
        loop.call_soon_threadsafe(task.cancel)

    context.on_cancel.append(cancel)
    try:
        if context.cancel_requested():  # before the line above
            task.cancel()
        return await task
    except asyncio.CancelledError:
        if context.cancel_requested():
            raise ActivityCanceled(f"{context.activity_id}: cancellation requested") from None
        raise
    finally:
        context.on_cancel.remove(cancel)
