"""The peer's end of the line: runs in the peer's environment, so it imports nothing but the standard library."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any


def answer(prepared: Callable[..., Callable[[], Any]]) -> None:
    """Answer requests until the input ends.

    ``prepared(**request)`` does what is not to be measured and returns what is; ``times`` in a request says how often
    that is done in a row, and the answer is for one.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the library prints must not be taken for an answer
    for line in sys.stdin:
        try:
            request = json.loads(line)
            times = request.pop("times", 1)
            action = prepared(**request)
            gc.collect()
            cpu, start = time.process_time(), time.perf_counter()
            for _ in range(times):
                action()
            elapsed, cpu = time.perf_counter() - start, time.process_time() - cpu
            reply: dict[str, Any] = {"elapsed": elapsed / times, "cpu": cpu / times}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=answers, flush=True)
